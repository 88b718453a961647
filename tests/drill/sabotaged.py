"""Each safety of the outbox, switched off from outside: patches for a process that drains, applied before it starts.

`main(["no-lease", "worker", …])` is a Celery worker without that safety, `main(["no-lease", "ticker"])` the ticker, likewise.
Each names the line of the verdict (tests/drill/verdict.py) that must turn red for it.
"""

import contextlib
import sys
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.core.management import call_command

from config.celery import app
from core import clock, mail
from core.mail import Mail
from core.scope import everything
from teams.models import Attempt, Letter
from teams.models.letter import LetterState, Outcome
from teams.services import letters
from teams.services.letters import Ready


@dataclass(frozen=True)
class Sabotage:
    """How a safety is switched off, what it guards against, and the line that must say so."""

    patch: Callable[[], None]
    what: str
    line: str


SABOTAGES: dict[str, Sabotage] = {}


def sabotage(name: str, *, what: str, line: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def register(patch: Callable[[], None]) -> Callable[[], None]:
        SABOTAGES[name] = Sabotage(patch, what, line)
        return patch

    return register


def put(place: Any, name: str, new: Any) -> None:
    setattr(place, name, new)


@sabotage("no-lease", what="whoever looks at the same moment takes the same letters", line="doubled")
def no_lease() -> None:
    def claim(lease: uuid.UUID, number: int) -> list[int]:
        with everything("sabotage"):
            due = Letter.objects.filter(state=LetterState.WAITING, due_at__lte=clock.now()).order_by("due_at", "pk")
            ids = list(due.values_list("pk", flat=True)[:number])
            Letter.objects.filter(pk__in=ids).update(lease=lease)
        return ids

    honest = letters.prepare

    def prepare(letter_id: int, lease: uuid.UUID) -> Ready | None:
        with everything("sabotage"):  # nor is it asked whose turn it is
            Letter.objects.filter(pk=letter_id, state=LetterState.WAITING).update(lease=lease)
        return honest(letter_id, lease)

    put(letters, "claim", claim)
    put(letters, "prepare", prepare)


@sabotage("short-lease", what="a lease ends while its letter is still under way", line="doubled")
def short_lease() -> None:
    put(letters, "LEASE", letters.LEASE * 0)


@sabotage("attempt-afterwards", what="an attempt is written down after the letter was sent", line="doubled")
def attempt_afterwards() -> None:
    honest = letters.record_outcome

    def record(ready: Ready, outcome: Outcome, note: str) -> None:
        with everything("sabotage"):
            letter = Letter.objects.get(pk=ready.letter_id)
            late = Attempt.objects.create(letter=letter, team_id=letter.team_id, started_at=clock.now())
        honest(Ready(**{**vars(ready), "attempt_id": late.pk}), outcome, note)

    put(letters, "begin_attempt", lambda letter: 0)
    put(letters, "record_outcome", record)


@sabotage("new-message-id", what="each try has a Message-ID of its own", line="stray")
def new_message_id() -> None:
    honest = mail.message_id
    put(mail, "message_id", lambda key: honest(key + uuid.uuid4().hex))
    recompose()


@sabotage("recompose", what="the letter is composed anew at each try", line="differs")
def recompose() -> None:
    honest = letters.freeze

    def freeze(letter: Letter) -> bool:
        letter.frozen = None
        return honest(letter)

    put(letters, "freeze", freeze)


@sabotage("mark-first", what="a letter is marked as sent before it is sent", line="lost")
def mark_first() -> None:
    honest = letters.prepare

    def prepare(letter_id: int, lease: uuid.UUID) -> Ready | None:
        ready = honest(letter_id, lease)
        if ready is not None:
            letters._record_outcome(ready, Outcome.SENT, "")
        return ready

    put(letters, "prepare", prepare)


@sabotage("in-doubt-is-sent", what="an answer that never came counts as yes", line="lost")
def in_doubt_is_sent() -> None:
    _take(Outcome.IN_DOUBT, Outcome.SENT)


@sabotage("no-retry", what="“not now” counts as “never”", line="given up")
def no_retry() -> None:
    _take(Outcome.TEMPORARY, Outcome.PERMANENT)


@sabotage("retry-for-ever", what="“never” counts as “not now”", line="still waiting")
def retry_for_ever() -> None:
    _take(Outcome.PERMANENT, Outcome.TEMPORARY)


def _take(this: Outcome, for_that: Outcome) -> None:
    honest = letters.record_outcome

    def record(ready: Ready, outcome: Outcome, note: str) -> None:
        honest(ready, for_that if outcome == this else outcome, note)

    put(letters, "record_outcome", record)


@sabotage("always-a-point", what="nobody asks whether a letter has become pointless", line="pointless")
def always_a_point() -> None:
    for name, kind in tuple(mail.KINDS.items()):

        def compose(letter: Letter, honest: mail.Composer = kind.compose) -> Mail:
            return honest(letter) or Mail("Drill", "This letter has no point.\n", "<p>This letter has no point.</p>")

        mail.KINDS[name] = mail.Kind(**{**vars(kind), "compose": compose})


@sabotage(
    "asked-once", what="it is asked at the first try alone whether a letter has become pointless", line="pointless"
)
def asked_once() -> None:
    honest = letters.freeze
    put(letters, "freeze", lambda letter: letter.frozen is not None or honest(letter))


@sabotage("no-patience", what="a mail server that hangs is waited for, for ever", line="still waiting")
def no_patience() -> None:
    put(mail, "PATIENCE", 3600.0)
    put(mail, "DEADLINE", 3600.0)


@sabotage("no-deadline", what="a mail server that dribbles holds a letter for ever", line="still waiting")
def no_deadline() -> None:
    put(mail, "_until", lambda ends, line: contextlib.nullcontext())


@sabotage("celery-alone", what="only Celery drains: no ticker, and Redis is gone", line="still waiting")
def celery_alone() -> None:
    put(letters, "drain", lambda limit=50: 0)  # of the ticker; the worker's own is imported already
    ticker = sys.modules.get("teams.management.commands.ticker")
    if ticker is not None:
        put(ticker, "drain", letters.drain)


@sabotage("stale-outcome", what="whoever wakes up late changes a letter that is somebody else’s by now", line="doubled")
def stale_outcome() -> None:
    def record(ready: Ready, outcome: Outcome, note: str) -> None:
        with everything("sabotage"):
            Attempt.objects.filter(pk=ready.attempt_id).update(outcome=outcome, ended_at=clock.now(), note=note[:300])
            letter = Letter.objects.filter(pk=ready.letter_id, state=LetterState.WAITING).first()
            if letter is None:
                return
            if outcome in (Outcome.SENT, Outcome.PERMANENT):
                letters._finish(letter, LetterState.SENT if outcome == Outcome.SENT else LetterState.FAILED, note)
            else:
                letters._pause(letter, note)

    put(letters, "_record_outcome", record)


def main(arguments: list[str]) -> int:
    name, what, *rest = arguments
    SABOTAGES[name].patch()
    if what == "worker":
        app.worker_main(["worker", *rest])
    call_command("ticker", *rest)
    return 0
