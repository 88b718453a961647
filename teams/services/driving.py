"""Who does the work that nobody clicks, and whether it is being done: pulses of the drivers, and one verdict on the whole.

A pulse is a row: `worker`, `beat`, `ticker`, and when it was last seen. Two more rows tell of the mail server, as whoever drained the
outbox last found it: `mail taken` (when it last took a letter) and `mail away` (since when it can't be reached; gone when it can).
"""

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import connection

from core import clock
from core.patience import asking
from teams.models import Driver
from teams.models.letter import LetterState, Outcome

DRIVERS = ("worker", "beat", "ticker")
TAKEN, AWAY = "mail taken", "mail away"
BOUNCES = "bounces"

ALIVE_FOR = timedelta(seconds=45)  # after it was seen: each marks itself every few seconds, even between slow letters
BEARABLE = timedelta(seconds=60)  # a letter may be as late as that
SAME_BREATH = timedelta(seconds=10)  # what was put off so soon after another was taken may be its own fault
MANY_REFUSED = 5  # so many addresses aren’t all mistyped
LATELY = timedelta(hours=1)  # what was refused for good before that is no news
OFTEN = 2.0  # seconds between two pulses of one process that say the same

_UPSERT = (
    "INSERT INTO teams_driver (name, seen_at, note) VALUES (%s, %s, %s) "
    "ON CONFLICT (name) DO UPDATE SET seen_at = EXCLUDED.seen_at, note = EXCLUDED.note"
)
_SINCE = (
    "INSERT INTO teams_driver (name, seen_at, note) VALUES (%s, %s, %s) "
    "ON CONFLICT (name) DO UPDATE SET note = EXCLUDED.note"
)


# --- pulses --------------------------------------------------------------------------------------------------------------------


@dataclass
class _Told:
    """What this process has written down lately: by time.monotonic(), and with which note."""

    me: str = ""
    at: dict[str, tuple[float, str]] | None = None
    taken: datetime | None = None  # not written yet

    def lately(self, name: str, note: str = "") -> bool:
        self.at = self.at if self.at is not None else {}
        before, noted = self.at.get(name, (float("-inf"), ""))
        moment = time.monotonic()
        if noted == note and moment - before < OFTEN:
            return True
        self.at[name] = (moment, note)
        return False


_told = _Told()


def seen(name: str, note: str = "") -> None:
    """This driver is at work now. One statement, and at most one in two seconds unless the note changes."""
    if not _told.lately(name, note):
        _write(_UPSERT, name, note)


def _write(sql: str, name: str, note: str = "", at: datetime | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql, [name[:20], at or clock.now(), note[:200]])


def seen_from_afar(name: str) -> None:
    """As `seen`, on a line of its own and never for long: for a process that must not hang with the database. Raises NoAnswer."""
    if not _told.lately(name):
        with asking() as cursor:
            cursor.execute(_UPSERT, [name, clock.now(), ""])


def drives(name: str) -> None:
    """From now on this process is that driver; and it is seen."""
    _told.me = name
    still_here()


def still_here() -> None:
    """Whoever this process is, it is at work. Nothing for a process that isn't a driver."""
    if _told.me:
        seen(_told.me)


def mail_reached() -> None:
    """There is a line to the mail server."""
    if not _told.lately(AWAY):
        Driver.objects.filter(name=AWAY).delete()


def mail_away(words: str) -> None:
    """There is no talking to the mail server. Since when is kept from the first time."""
    _told.lately(AWAY, words)
    _write(_SINCE, AWAY, words)


def mail_taken() -> None:
    """The mail server took a letter."""
    _told.taken = clock.now()
    if not _told.lately(TAKEN):
        drained()


def drained() -> None:
    """The end of a round: what was put off to spare statements is written down."""
    if _told.taken is not None:
        at, _told.taken = _told.taken, None
        _write(_UPSERT, TAKEN, at=at)


# --- the verdict ---------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Pulse:
    """Whether a driver is alive, and how many seconds ago it was seen; None for one that never was."""

    alive: bool
    seconds: float | None


@dataclass(frozen=True)
class Work:
    """The state of the work. `because` is empty when all is well; `notes` tell of what doesn't stop letters."""

    because: str
    oldest_due_seconds: float
    drivers: dict[str, Pulse]
    notes: list[str]


@dataclass(frozen=True)
class PutOff:
    """A letter that the mail server didn't take: to whom, what it said last, and when it was first tried."""

    address: str
    said: str
    first: datetime


NO_WORDS = "It couldn’t be composed"  # of a letter, before the name of the fault

NOBODY_DRIVES = "Nobody does the work: neither the ticker, nor beat with a worker, was seen in the last 45 seconds"
MAIL_AWAY = "The mail server can't be reached, and letters wait"
TAKES_NOTHING = "The mail server takes no letters, and they wait"
UNTRIED = "A letter has been due for over a minute, and nobody has tried to send it"
UNCOMPOSED = "A letter has been due for over a minute, and its words can't be composed"
REFUSES_ALL = "The mail server refuses letters for good, to several people, and has taken none since"
MAILBOX = "The mailbox for letters that come back can't be read"


def work() -> Work:
    """The state of the work now. Raises NoAnswer when PostgreSQL can't say within three seconds.

    All is well unless one of these is so. The first that is so is the reason given.

    1. *Nobody drives*: neither the ticker was seen in the last 45 seconds, nor beat and a worker both. (A worker to whom nobody
       gives the clock's work does only what people hurry, so it doesn't count alone.)
    2. *The mail server can't be reached*: whoever tried says so, nobody has reached it since, and a letter has been due for over
       60 seconds and is untried, or this has lasted for over 60 seconds.
    3. *The mail server takes nothing*: a letter has been due for over 60 seconds, and for over 60 seconds every answer was no. Letters
       count that were first put off after the last one was taken: two addresses in words that are about the server (`about_itself`);
       or, more than ten seconds after that last one, two addresses in whatever words, or one in words about the server. A single letter
       put off in the same breath in which others leave, or greylisted, is that letter's matter.
    4. *The mail server refuses everybody for good*: within the last hour, and since the last letter was taken, letters to two addresses
       were, in words that aren't about whom they were for (`about_recipient`), or to five in whatever words. They wait no longer, so
       nothing else would tell. Two addresses that somebody mistyped in a quiet hour are no fault of the work: the team's page shows them.
    5. *Untried*: a letter has been due for over 60 seconds, and nobody has tried it.
    6. *Uncomposed*: a letter has been due for over 60 seconds, and whoever tried couldn't find its words. That is our own fault, so a
       single one is told.

    So it is well when nothing is due, when letters are due later, when letters are HELD, with Redis gone (the ticker doesn't need
    it), with one driver dead beside another, and when somebody's mailbox is full for days.
    """
    now = clock.now()
    with asking(everything="how the work stands") as cursor:
        cursor.execute("SELECT name, seen_at, note FROM teams_driver")
        rows = {name: (at, note) for name, at, note in cursor.fetchall()}
        due = {"state": LetterState.WAITING.value, "now": now}
        cursor.execute(
            "SELECT min(due_at), min(due_at) FILTER (WHERE message_id = '' AND tries = 0), "
            "min(due_at) FILTER (WHERE tries > 0 AND (message_id = '' OR starts_with(refused, %(no_words)s))) "
            "FROM teams_letter WHERE state = %(state)s AND due_at <= %(now)s",
            {**due, "no_words": NO_WORDS},
        )
        oldest, untried, uncomposed = cursor.fetchone() or (None, None, None)
        taken = rows[TAKEN][0] if TAKEN in rows else datetime.min.replace(tzinfo=UTC)
        cursor.execute(
            "SELECT letter.address, letter.refused, min(attempt.started_at) FROM teams_letter letter "
            "JOIN teams_attempt attempt ON attempt.letter_id = letter.id "
            "WHERE letter.state = %(state)s AND letter.due_at <= %(now)s AND letter.tries > 0 AND letter.refused <> '' "
            "GROUP BY letter.id HAVING min(attempt.started_at) > %(taken)s ORDER BY 3 LIMIT 200",
            {**due, "taken": taken},
        )
        put_off = [PutOff(*row) for row in cursor.fetchall()]
        cursor.execute(
            "SELECT DISTINCT letter.address, letter.refused FROM teams_letter letter "
            "JOIN teams_attempt attempt ON attempt.letter_id = letter.id AND attempt.outcome = %(refused)s "
            "WHERE letter.state = %(failed)s AND letter.ended_at > %(since)s LIMIT 200",
            {"refused": Outcome.PERMANENT.value, "failed": LetterState.FAILED.value, "since": max(taken, now - LATELY)},
        )
        refused = cursor.fetchall()
    drivers = {name: _pulse(rows[name][0] if name in rows else None, now) for name in DRIVERS}
    return Work(
        because=_because(
            driven=drivers["ticker"].alive or (drivers["beat"].alive and drivers["worker"].alive),
            late=_over(oldest, now),
            untried=_over(untried, now),
            uncomposed=_over(uncomposed, now),
            away=rows[AWAY][0] if AWAY in rows else None,
            refuses=takes_nothing(put_off, taken, now),
            refuses_all=refuses_all(refused),
            now=now,
        ),
        oldest_due_seconds=round((now - oldest).total_seconds(), 1) if oldest else 0.0,
        drivers=drivers,
        notes=[MAILBOX] if settings.BOUNCES_URL and BOUNCES in rows and rows[BOUNCES][1] else [],
    )


def _pulse(at: datetime | None, now: datetime) -> Pulse:
    if at is None:
        return Pulse(alive=False, seconds=None)
    return Pulse(alive=now - at <= ALIVE_FOR, seconds=round(max(0.0, (now - at).total_seconds()), 1))


def _over(since: datetime | None, now: datetime) -> bool:
    return since is not None and now - since > BEARABLE


def _because(
    *,
    driven: bool,
    late: bool,
    untried: bool,
    uncomposed: bool,
    away: datetime | None,
    refuses: bool,
    refuses_all: bool,
    now: datetime,
) -> str:
    if not driven:
        return NOBODY_DRIVES
    if away is not None and (untried or (late and _over(away, now))):
        return MAIL_AWAY
    if late and refuses:
        return TAKES_NOTHING
    if refuses_all:
        return REFUSES_ALL
    if untried:
        return UNTRIED
    return UNCOMPOSED if uncomposed else ""


def takes_nothing(put_off: Sequence[PutOff], taken: datetime, now: datetime) -> bool:
    """Whether these letters, all first put off after the last one was taken, prove a server that takes none. See `work`."""
    firm = [each for each in put_off if about_itself(each.said)]
    later = [each for each in put_off if each.first - taken > SAME_BREATH]
    proof = [each for each in firm if each in later]
    for many in (firm, later):
        if len({each.address for each in many}) > 1:
            proof += many
    return bool(proof) and _over(min(each.first for each in proof), now)


def refuses_all(refused: Sequence[tuple[str, str]]) -> bool:
    """Whether these letters (to whom, and the last words) prove a server that refuses everybody for good. See `work`."""
    ours = {address for address, said in refused if not about_recipient(said)}
    return len(ours) > 1 or len({address for address, _said in refused}) >= MANY_REFUSED


_OF_THE_RECIPIENT = re.compile(
    r"5\d\d[ -]5\.[12]\.\d|55[0123]\b.*\b(?:user|users|mailbox|recipient|address|account|nobody|unknown)\b|Not every mail server",
    re.IGNORECASE | re.DOTALL,
)


def about_recipient(said: str) -> bool:
    """Whether a mail server that refused a letter for good speaks of whom it was for: no such mailbox, or one that takes nothing."""
    return _OF_THE_RECIPIENT.match(said) is not None


_OF_THE_LETTER = re.compile(
    r"450\b|4\d\d[ -]4\.(?:[12]\.\d+|7\.1)\b|4\d\d\b.*gr[ae]y-?list|It couldn", re.IGNORECASE | re.DOTALL
)


def about_itself(said: str) -> bool:
    """Whether a mail server that put a letter off speaks of itself ("421 closing", "452 disk full", or hangs up), not of this letter.

    Of the letter are: a mailbox that is busy or full (450, 4.1.x, 4.2.x) and greylisting (by its name, or 4.7.1).
    """
    return _OF_THE_LETTER.match(said) is None
