"""The outbox under fire: workers killed at the worst moments. And the proof that the drill sees: without a protection it turns red.

Each worker is a real process, killed by SIGKILL: before the letter reaches the server, or after the server took it and before that
was written down. The server's journal is then held against the rows.
"""

import os
import signal
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connections

from core import clock, mail
from core.mail import Mail, letter_kind
from core.scope import everything
from teams.models import Attempt, Letter, Team
from teams.models.letter import LetterState, Outcome
from teams.services import letters
from teams.services.letters import Ready, drain, post_letter
from tests.postbox import HANG_UP, Postbox, postbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

NUMBER = 12
KILLS = 6


@letter_kind("drilled", essential=True, why="A test.")
def _drilled(letter: Letter) -> Mail | None:
    # Composed anew it would be another letter: only what was frozen can be equal.
    nonce = os.urandom(8).hex()
    return Mail(f"Drill {nonce}", f"{nonce}\n", f"<p>{nonce}</p>")


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox() as box:
        settings.EMAIL_URL = box.url
        yield box


def killed(where: str) -> None:
    """Let one worker drain in a process of its own, and kill it at its second letter: `before` it is sent, or `after`."""
    connections.close_all()
    # Other threads run, which Python warns of; the child touches nothing of theirs.
    with warnings.catch_warnings(action="ignore", category=DeprecationWarning):
        pid = os.fork()
    if pid == 0:
        seen = Counter[str]()
        send, record = mail.Post.send, letters.record_outcome

        def die(this: str) -> None:
            seen[this] += 1
            if this == where and seen[this] == 2:
                os.kill(os.getpid(), signal.SIGKILL)

        def dying_send(post: mail.Post, letter: bytes, to: str) -> None:
            die("before")
            send(post, letter, to)

        def dying_record(ready: Ready, outcome: Outcome, note: str) -> None:
            die("after")
            record(ready, outcome, note)

        mail.Post.send, letters.record_outcome = dying_send, dying_record  # type: ignore[method-assign,assignment]
        try:
            drain()
        finally:
            os._exit(0)
    os.waitpid(pid, 0)


def drill(box: Postbox) -> list[str]:
    """Post, kill, recover; then what is wrong, in words: letters lost, copies that differ, copies that nothing explains."""
    with everything("a test"):
        team = Team.objects.create(slug="harbour-street", name="Harbour Street outreach")
        for number in range(NUMBER):
            post_letter("drilled", key=f"drilled:{number}", to=f"drill-{number}@drill.invalid", team=team)
    heard = Counter[str]()

    def faulty(address: str, content: bytes) -> str | None:
        heard[address] += 1
        if address.startswith("drill-3@") and heard[address] == 1:
            return "451 not now"
        return HANG_UP if address.startswith("drill-7@") and heard[address] == 1 else None

    box.at_letter = faulty
    for kill in range(KILLS):
        with clock.at(clock.now() + timedelta(seconds=60 * kill)):
            killed(("before", "after")[kill % 2])
    for round_ in range(3):
        with clock.at(clock.now() + timedelta(seconds=60 * (KILLS + 10 * round_))):
            while drain():
                pass
    return complaints(box)


def complaints(box: Postbox) -> list[str]:
    """The server's journal against the rows."""
    wrong = []
    with everything("a test"):
        for letter in Letter.objects.order_by("pk"):
            copies = box.to(letter.address or f"drill-{letter.key.split(':')[1]}@drill.invalid")
            doubts = Attempt.objects.filter(letter=letter, outcome=Outcome.IN_DOUBT).count()
            if not copies:
                wrong.append(f"{letter.key} was lost ({letter.state})")
            elif letter.state != LetterState.SENT:
                wrong.append(f"{letter.key} is {letter.state} though it was taken")
            if len({copy.content for copy in copies}) > 1:
                wrong.append(f"{letter.key}: copies differ")
            if len({copy.message_id for copy in copies}) > 1:
                wrong.append(f"{letter.key}: copies have different Message-IDs")
            if len(copies) - 1 > doubts:
                wrong.append(f"{letter.key}: {len(copies)} copies, {doubts} attempts in doubt")
    return wrong


def test_with_its_protection_nothing_is_lost_and_every_copy_is_explained(box: Postbox) -> None:
    assert drill(box) == []
    assert len(box.journal) > NUMBER, "the drill made no copy at all: it kills too gently to prove anything"
    assert len({taken.to for taken in box.journal}) == NUMBER


def no_attempt(letter: Letter) -> int:
    """Sabotage: nothing is written down before the server hears of it."""
    return 0


def thaw(letter: Letter, honest: Callable[[Letter], bool] = letters.freeze) -> bool:
    """Sabotage: composed anew at each attempt."""
    letter.frozen = None
    return honest(letter)


def fresh_id(key: str, honest: Callable[[str], str] = mail.message_id) -> str:
    """Sabotage: a new Message-ID per retry (with the bytes composed anew)."""
    return honest(key + os.urandom(4).hex())


def mark_first(letter_id: int, lease: Any, honest: Callable[..., Ready | None] = letters.prepare) -> Ready | None:
    """Sabotage: marked as sent before it is sent."""
    ready = honest(letter_id, lease)
    if ready is not None:
        letters._record_outcome(ready, Outcome.SENT, "")
    return ready


def no_lease(lease: Any, number: int) -> list[int]:
    """Sabotage: letters are taken without a lease, so that whoever looks at the same moment takes them too."""
    with everything("sabotage"):
        due = Letter.objects.filter(state=LetterState.WAITING, due_at__lte=clock.now()).order_by("due_at", "pk")
        ids = list(due.values_list("pk", flat=True)[:number])
        Letter.objects.filter(pk__in=ids).update(lease=lease)
    return ids


@pytest.mark.parametrize(
    ("seam", "sabotage", "complaint"),
    [
        ("begin_attempt", no_attempt, "0 attempts in doubt"),
        ("freeze", thaw, "copies differ"),
        ("prepare", mark_first, "was lost"),
    ],
)
def test_without_a_protection_the_drill_turns_red(
    box: Postbox, monkeypatch: pytest.MonkeyPatch, seam: str, sabotage: Callable[..., Any], complaint: str
) -> None:
    monkeypatch.setattr(letters, seam, sabotage)
    found = drill(box)
    assert [line for line in found if complaint in line], found


def test_without_frozen_bytes_a_new_message_id_shows_too(box: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letters, "freeze", thaw)
    monkeypatch.setattr(mail, "message_id", fresh_id)
    assert [line for line in drill(box) if "different Message-IDs" in line]


def test_without_a_lease_two_workers_send_the_same_letters(box: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is slow, not dead, and another beside it: with the lease one copy, without it two."""

    def copies(number: int) -> int:
        with everything("a test"):
            team = Team.objects.create(slug=f"team-{number}", name="Harbour Street outreach")
            post_letter("drilled", key=f"drilled:{number}", to=f"drill-{number}@drill.invalid", team=team)
        beside = Counter[str]()

        send = mail.Post.send

        def sending(post: mail.Post, letter: bytes, to: str) -> None:
            beside[to] += 1
            if beside[to] == 1:  # the attempt is committed, the letter not yet sent: another worker comes by
                drain()
            send(post, letter, to)

        monkeypatch.setattr(mail.Post, "send", sending)
        drain()
        monkeypatch.setattr(mail.Post, "send", send)
        return len(box.to(f"drill-{number}@drill.invalid"))

    assert copies(1) == 1
    monkeypatch.setattr(letters, "claim", no_lease)
    assert copies(2) == 2
