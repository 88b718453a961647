"""The outbox against a real PostgreSQL and a real SMTP server."""

import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from celery.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, connections

from config.celery import app
from core import clock, mail
from core.events import reacts_to
from core.mail import Mail, letter_kind
from core.scope import everything, scope
from teams import tasks
from teams.events import LetterDue
from teams.models import Attempt, Letter, Team, User
from teams.models.letter import LetterState
from teams.reactions import Kick
from teams.services import letters
from teams.services.letters import drain, post_letter
from tests.postbox import HANG_UP, Postbox, postbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

composed: list[str] = []


@letter_kind("test", essential=True, why="A test.")
def _test(letter: Letter) -> Mail | None:
    if letter.data.get("pointless"):
        return None
    if letter.data.get("broken"):
        raise LookupError("its words are gone")
    composed.append(letter.key)
    # Different each time it is composed: only frozen bytes can be equal.
    return Mail(
        f"Letter {len(composed)}",
        f"Hello, number {len(composed)}. It’s fine.\n",
        f"<p>Hello, number {len(composed)}.</p>",
    )


@letter_kind("test secret", essential=True, secret=True, why="A test.")
def _secret(letter: Letter) -> Mail | None:
    return Mail("Digits", letter.data["code"] + "\n", f"<p>{letter.data['code']}</p>")


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox() as box:
        settings.EMAIL_URL = box.url
        yield box


@pytest.fixture
def team() -> Team:
    with everything("a test"):
        return Team.objects.create(slug="harbour-street", name="Harbour Street outreach")


def post(team: Team | None, number: int = 1, *, kind: str = "test", to: User | str | None = None, **data: Any) -> str:
    key = f"test:{number}"
    with everything("a test"):
        post_letter(kind, key=key, to=to or f"person-{number}@example.org", team=team, **data)
    return key


def letter(key: str) -> Letter:
    with everything("a test"):
        return Letter.objects.get(key=key)


def outcomes(key: str) -> list[str]:
    with everything("a test"):
        return list(Attempt.objects.filter(letter__key=key).order_by("pk").values_list("outcome", flat=True))


def later(seconds: float) -> Any:
    return clock.at(clock.now() + timedelta(seconds=seconds))


def test_a_letter_is_saved_with_its_cause_or_not_at_all(team: Team, box: Postbox) -> None:
    with pytest.raises(ZeroDivisionError), scope(team.pk):
        post_letter("test", key="test:1", to="ada@example.org", team=team)
        raise ZeroDivisionError
    assert drain() == 0
    with everything("a test"):
        assert Letter.objects.count() == 0


def test_one_key_is_one_letter(team: Team, box: Postbox) -> None:
    post(team)
    post(team, to="somebody.else@example.org")
    assert drain() == 1
    assert [taken.to for taken in box.journal] == ["person-1@example.org"]
    post(team)
    assert drain() == 0


def test_a_letter_goes_to_one_address_with_what_mail_programs_need(team: Team, box: Postbox) -> None:
    key = post(team)
    assert drain() == 1
    (taken,) = box.journal
    message = taken.message
    assert (str(message["To"]), message["Cc"], message["Bcc"]) == ("person-1@example.org", None, None)
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    assert "It’s fine." in taken.text
    stored = letter(key)
    assert (stored.state, stored.message_id, stored.frozen, stored.tries) == ("sent", taken.message_id, None, 1)
    assert stored.sent_at is not None
    assert outcomes(key) == ["sent"]


def test_letters_from_a_moved_clock_are_held(team: Team, box: Postbox) -> None:
    with later(-3600):
        key = post(team)
    assert drain() == 0
    assert letter(key).state == LetterState.HELD


def test_a_letter_waits_until_it_is_due(team: Team, box: Postbox) -> None:
    key = post(team, due=clock.now() + timedelta(minutes=5))
    assert drain() == 0
    with later(301):
        assert drain() == 1
    assert letter(key).state == LetterState.SENT


def test_a_pointless_letter_is_dropped_without_an_attempt(team: Team, box: Postbox) -> None:
    key = post(team, pointless=1)
    drain()
    assert (letter(key).state, outcomes(key), box.journal) == ("dropped", [], [])


def test_a_letter_that_cannot_be_composed_stops_no_other(team: Team, box: Postbox) -> None:
    broken, whole = post(team, 1, broken=1), post(team, 2)
    drain()
    assert (letter(broken).state, letter(whole).state) == ("waiting", "sent")
    assert letter(broken).refused == "It couldn’t be composed (LookupError)"


def test_a_temporary_fault_is_tried_again_with_the_same_bytes(team: Team, box: Postbox) -> None:
    seen: list[bytes] = []

    def busy_at_first(address: str, content: bytes) -> str | None:
        seen.append(content)
        return "451 later" if len(seen) == 1 else None

    box.at_letter = busy_at_first
    key = post(team)
    drain()
    assert (letter(key).state, outcomes(key)) == ("waiting", ["temporary"])
    assert drain() == 0, "it pauses"
    with later(11):
        assert drain() == 1
    assert outcomes(key) == ["temporary", "sent"]
    assert seen[0] == seen[1] == box.journal[0].content


def test_a_refusal_for_good_is_written_down_and_stops_no_other(team: Team, box: Postbox) -> None:
    box.at_recipient = lambda address: "550 5.1.1 nobody of that name" if address.startswith("person-1@") else None
    refused, taken = post(team, 1), post(team, 2)
    drain()
    assert (letter(refused).state, letter(taken).state) == ("failed", "sent")
    assert letter(refused).refused == "550 5.1.1 nobody of that name"
    assert outcomes(refused) == ["permanent"]
    with later(3600):
        assert drain() == 0


def test_what_is_no_address_fails_at_once(team: Team, box: Postbox) -> None:
    key = post(team, to="lin chen@example")
    drain()
    assert (letter(key).state, outcomes(key)) == ("failed", [])


@pytest.mark.parametrize(
    "answer",
    ["530 5.7.0 Authentication required", "535 who are you?", "550 5.7.26 unauthenticated", "554 5.7.1 Relay denied"],
)
@pytest.mark.parametrize("where", ["at_recipient", "at_letter"])
def test_a_refusal_that_is_about_us_is_for_somebody_to_mend(team: Team, box: Postbox, where: str, answer: str) -> None:
    setattr(box, where, lambda *of: answer)
    key = post(team)
    drain()
    assert (letter(key).state, outcomes(key), letter(key).refused) == ("waiting", ["temporary"], answer)


def test_a_domain_beyond_ascii_gets_its_letter(team: Team, box: Postbox) -> None:
    keys = [post(team, 1, to="ada@bücher.example"), post(team, 2)]
    drain()
    assert [letter(key).state for key in keys] == ["sent", "sent"]
    assert sorted(taken.to for taken in box.journal) == ["ada@xn--bcher-kva.example", "person-2@example.org"]
    assert str(box.to("ada@xn--bcher-kva.example")[0].message["To"]) == "ada@xn--bcher-kva.example"


def test_a_name_beyond_ascii_before_the_at_fails_at_once_and_says_why(team: Team, box: Postbox) -> None:
    strange, whole = post(team, 1, to="\u017fol@example.org"), post(team, 2)  # a long s, which passes for an s
    drain()
    assert (letter(strange).state, outcomes(strange), letter(whole).state) == ("failed", [], "sent")
    assert letter(strange).refused == mail.NOT_ASCII
    with mail.Post() as line:
        with pytest.raises(mail.Permanent, match="before the @"):
            line.send(b"Subject: x\r\n\r\nx\r\n", "søren@example.org")
        line.send(b"Subject: x\r\n\r\nx\r\n", "soren@example.org")


def test_a_letter_that_meets_something_unforeseen_stops_no_other(
    team: Team, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = mail.Post.send

    def send(line: mail.Post, content: bytes, to: str) -> None:
        if to == "person-1@example.org":
            raise RuntimeError("nobody thought of this")
        honest(line, content, to)

    monkeypatch.setattr(mail.Post, "send", send)
    keys = [post(team, number) for number in range(4)]
    assert drain() == 4
    assert [letter(key).state for key in keys] == ["sent", "waiting", "sent", "sent"]
    assert (outcomes(keys[1]), letter(keys[1]).refused) == (["in_doubt"], "RuntimeError")
    assert drain() == 0, "it pauses"
    monkeypatch.undo()
    with later(11):
        drain()
    assert outcomes(keys[1]) == ["in_doubt", "sent"]


def test_with_the_database_away_the_outbox_is_left_alone(
    team: Team, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(line: mail.Post, content: bytes, to: str) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(mail.Post, "send", send)
    post(team)
    with pytest.raises(OperationalError):
        drain()


def test_no_letter_is_begun_when_time_is_up_and_the_others_are_free_at_once(
    team: Team, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slowly(address: str, content: bytes) -> None:
        time.sleep(0.5)

    box.at_letter = slowly
    keys = [post(team, number) for number in range(6)]
    assert drain(ends=time.monotonic() + 0.8) == 2
    assert [outcomes(key) for key in keys] == [["sent"], ["sent"], [], [], [], []]
    box.at_letter = lambda address, content: None
    assert drain() == 4
    assert len(box.journal) == 6


def test_a_server_that_is_slow_to_let_us_in_begins_no_letter_when_time_is_up(
    team: Team, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = mail.Post.open

    def slowly(line: mail.Post, ends: float | None = None) -> None:
        honest(line, ends)
        time.sleep(0.3)

    monkeypatch.setattr(mail.Post, "open", slowly)
    key = post(team)
    assert drain(ends=time.monotonic() + 0.2) == 0
    assert outcomes(key) == []


def test_the_workers_limit_in_the_midst_of_a_letter_leaves_one_in_doubt_and_stops(
    team: Team, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(line: mail.Post, content: bytes, to: str) -> None:
        time.sleep(0.2)
        raise SoftTimeLimitExceeded

    monkeypatch.setattr(mail.Post, "send", send)
    monkeypatch.setattr(tasks, "AT_MOST", 0.1)
    keys = [post(team, number) for number in range(3)]
    tasks.drain_letters()
    assert [outcomes(key) for key in keys] == [["in_doubt"], [], []]
    monkeypatch.undo()
    assert drain() == 2, "the others are free at once"


def test_the_worker_ends_well_before_its_limit() -> None:
    assert app.conf.task_soft_time_limit > tasks.AT_MOST + mail.DEADLINE


def test_a_letter_that_came_back_is_found_by_an_index(team: Team) -> None:
    with connections["owner"].cursor() as cursor:
        cursor.execute("SET enable_seqscan = off")
        cursor.execute(
            "EXPLAIN SELECT id FROM teams_letter WHERE message_id IN ('<a@b>', '<c@d>') AND state = 'sent' ORDER BY id DESC"
        )
        plan = " ".join(line for (line,) in cursor.fetchall())
        cursor.execute("RESET enable_seqscan")
    assert "letter_message_id" in plan


def test_an_answer_that_never_came_leaves_a_copy_byte_for_byte_alike(team: Team, box: Postbox) -> None:
    box.at_letter = lambda address, content: HANG_UP if not box.journal else None
    key = post(team)
    drain()
    assert (letter(key).state, outcomes(key)) == ("waiting", ["in_doubt"])
    with later(11):
        drain()
    first, second = box.journal
    assert first == second
    assert first.message_id == second.message_id == letter(key).message_id
    assert outcomes(key) == ["in_doubt", "sent"]


def test_with_the_mail_server_away_everything_waits_and_nothing_was_tried(team: Team, settings: Any) -> None:
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    keys = [post(team, number) for number in range(3)]
    assert drain() == 0
    assert [outcomes(key) for key in keys] == [[], [], []]
    with postbox() as box:
        settings.EMAIL_URL = box.url
        assert drain() == 0
        with later(6):
            assert drain() == 3
        assert len(box.journal) == 3


def test_a_line_that_the_server_has_closed_is_opened_anew(team: Team, box: Postbox) -> None:
    box.at_recipient = lambda address: "421 closing" if address.startswith("person-1@") else None
    post(team, 1), post(team, 2), post(team, 3)
    drain()
    assert sorted(taken.to for taken in box.journal) == ["person-2@example.org", "person-3@example.org"]


def test_many_drainers_at_once_send_each_letter_once(team: Team, box: Postbox) -> None:
    for number in range(60):
        post(team, number)
    sums: list[int] = []

    def work() -> None:
        try:
            sums.append(drain(100))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sums) == 60
    assert sorted(taken.to for taken in box.journal) == sorted(f"person-{number}@example.org" for number in range(60))


def test_a_lease_that_ran_out_belongs_to_the_next(team: Team, box: Postbox) -> None:
    key = post(team)
    dead = uuid.uuid4()
    (claimed,) = letters.claim(dead, 10)
    assert drain() == 0
    with later(letters.LEASE.total_seconds() + 1):
        assert drain() == 1
    assert letters.prepare(claimed, dead) is None, "the first has nothing left to do"
    assert outcomes(key) == ["sent"]


def test_the_outbox_refuses_to_be_drained_inside_a_transaction(team: Team) -> None:
    with pytest.raises(RuntimeError), everything("a test"):
        drain()


def test_what_is_secret_is_wiped_once_it_has_left(box: Postbox) -> None:
    key = post(None, kind="test secret", code="482910")
    assert letter(key).data == {"code": "482910"}
    drain()
    stored = letter(key)
    assert (stored.data, stored.frozen, stored.state) == ({}, None, "sent")
    assert "482910" in box.journal[0].text


def test_a_users_address_is_read_when_the_letter_leaves(team: Team, box: Postbox) -> None:
    user = User.objects.create_user("lin@old.example", "Lin Chen")
    key = post(team, to=user)
    User.objects.filter(pk=user.pk).update(email="lin@new.example")
    drain()
    assert [taken.to for taken in box.journal] == ["lin@new.example"]
    assert letter(key).address == "lin@new.example"


def test_letters_of_no_team_are_in_no_teams_scope(team: Team) -> None:
    post(None)
    with scope(team.pk):
        assert list(Letter.objects.all()) == []


def test_a_posted_letter_says_so_after_commit(team: Team) -> None:
    told: list[int] = []

    @reacts_to(LetterDue)
    def tell(fact: LetterDue) -> None:
        told.append(fact.letter)

    with scope(team.pk):
        post_letter("test", key="test:1", to="ada@example.org", team=team)
        post_letter("test", key="test:2", to="ada@example.org", team=team, due=clock.now() + timedelta(hours=1))
        assert told == []
    assert told == [letter("test:1").pk]


def test_the_web_process_hurries_the_worker_of_this_house(settings: Any) -> None:
    # Without config.celery imported, a shared task would knock at a broker that nobody runs, and only beat would find letters.
    say = "import config.asgi; from teams.tasks import drain_letters; print(drain_letters.app.conf.broker_url)"
    found = subprocess.run(
        [sys.executable, "-c", say], cwd=settings.BASE_DIR, capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == settings.REDIS_URL


def test_with_the_broker_dead_the_kick_holds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(app.conf, "broker_url", "redis://127.0.0.1:9/0")
    kick = Kick()
    began = time.perf_counter()
    for number in range(100):
        kick(number)
    assert time.perf_counter() - began < 0.1


def test_a_sign_in_code_doesnt_wait_behind_a_heap_of_other_letters(box: Postbox, transactional_db: Any) -> None:
    with everything("a test"):
        lin = User.objects.create_user("lin@harbour.example")
        for number in range(30):
            post_letter("drill", key=f"heap:{number}", to=f"drill-{number}@drill.invalid", team=None, number=number)
        post_letter("code", key="code:last", to=lin, team=None, code="123456")
    drain(limit=1)
    assert len(box.to("lin@harbour.example")) == 1
    assert box.to("drill-0@drill.invalid") == []
