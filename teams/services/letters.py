"""The outbox: posting a letter, and handing over what is due.

A letter is a row in its cause's transaction. Whoever drains claims rows under a lease, freezes bytes and Message-ID, commits an
attempt, and only then speaks to the mail server: a crash loses nothing, and a copy too many is the same letter, explained by an
attempt left in doubt. Several may drain at once: the kick after a commit, beat's task, a ticker without Redis.
"""

import logging
import math
import time
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import InterfaceError, OperationalError, close_old_connections, connection
from django.db.models import Q

from core import clock, mail
from core.events import announce
from core.scope import everything, scope
from teams.events import LetterDue
from teams.models import Attempt, Letter, Team, User
from teams.models.letter import LetterState, Outcome
from teams.services import driving
from teams.services.choices import stop_link, wanted

log = logging.getLogger(__name__)

# Longer than one letter may take (core.mail.DEADLINE); a dead drainer's letter waits no longer.
LEASE = timedelta(seconds=45)
BATCH = 10  # claimed at a time, so that several drainers share what is due
SOON = timedelta(seconds=5)  # the mail server is away: all wait this long
FIRST_PAUSE = timedelta(seconds=10)  # a letter that wasn't taken; doubled each time
LONGEST_PAUSE = timedelta(minutes=15)
GIVE_UP = timedelta(days=4)  # after it was due


def post_letter(
    kind: str, *, key: str, to: User | str, team: Team | int | None, due: datetime | None = None, **data: Any
) -> None:
    """Put one letter into the outbox, in the transaction that is open; the same `key` never makes two.

    `to`: a user (the address is read when the letter leaves) or an address. `data`: ids for the composer, no words (but see
    `secret` of core.mail.letter_kind). `due`: now, unless later. Raises KeyError for an unknown kind.
    """
    now = clock.now()
    letter = Letter(
        team_id=team.pk if isinstance(team, Team) else team,
        key=key,
        kind=kind,
        user=to if isinstance(to, User) else None,
        address="" if isinstance(to, User) else to.strip().lower(),
        data=data,
        essential=mail.KINDS[kind].essential,
        created=now,
        due_at=due or now,
        state=LetterState.HELD if clock.is_moved() else LetterState.WAITING,
    )
    if letter.team_id is None:
        with everything("a letter that belongs to no team"):
            _insert(letter, now)
    else:
        _insert(letter, now)


def _insert(letter: Letter, now: datetime) -> None:
    Letter.objects.bulk_create([letter], ignore_conflicts=True)
    if letter.state == LetterState.WAITING and letter.due_at <= now:
        found = Letter.objects.filter(key=letter.key).values_list("pk", flat=True).first()
        if found is not None:
            announce(LetterDue(letter=found))


class _TimeIsUp(Exception):
    """Whoever drains has something else to do by now."""


def drain(limit: int = 50, *, ends: float = math.inf) -> int:
    """Hand over up to `limit` letters that are due. Returns how many were taken up. Never inside a transaction.

    No letter is begun after `ends`, by time.monotonic(): what is claimed by then is anybody's again.
    """
    if connection.in_atomic_block:
        raise RuntimeError(
            "The outbox is drained outside of transactions: an attempt must be committed before it is made"
        )
    close_old_connections()
    taken = 0
    with mail.Post() as post:
        while taken < limit:
            lease = uuid.uuid4()
            claimed = claim(lease, min(BATCH, limit - taken))
            if not claimed:
                break
            try:
                for letter_id in claimed:
                    driving.still_here()
                    _in_time(ends)
                    post.open()  # before an attempt is written down
                    driving.mail_reached()
                    driving.still_here()
                    _in_time(ends)  # a server that is slow to let us in
                    hand_over(letter_id, lease, post)
                    taken += 1
            except mail.Unreachable as fault:
                log.warning("The mail server is away: %s", fault)
                driving.mail_away(str(fault))
                _let_go(lease, SOON)
                break
            except _TimeIsUp:
                _let_go(lease)
                break
    driving.drained()
    return taken


def _in_time(ends: float) -> None:
    if time.monotonic() > ends:
        raise _TimeIsUp


def claim(lease: uuid.UUID, number: int) -> list[int]:
    """Take up to `number` letters that are due and that nobody else is at. Returns their ids, the longest due first.

    Sign-in codes come before all others: somebody sits before a screen and waits, however many letters wait too.
    """
    now = clock.now()
    with everything("the outbox"):
        due = Letter.objects.filter(
            Q(lease_until=None) | Q(lease_until__lte=now), state=LetterState.WAITING, due_at__lte=now
        )
        free = due.order_by("due_at", "pk").select_for_update(skip_locked=True).values_list("pk", flat=True)
        ids = list(free.filter(kind="code")[:number])
        ids += free.exclude(kind="code")[: number - len(ids)]
        Letter.objects.filter(pk__in=ids).update(lease=lease, lease_until=now + LEASE)
    return ids


def hand_over(letter_id: int, lease: uuid.UUID, post: mail.Post) -> None:
    """Deliver one claimed letter, unless the lease went to somebody else or it is pointless by now. Raises Unreachable."""
    ready = prepare(letter_id, lease)
    if ready is None:
        return
    try:
        post.send(ready.letter, ready.to)
    except mail.Unreachable as fault:
        record_outcome(ready, Outcome.TEMPORARY, str(fault))
        raise
    except mail.Temporary as fault:
        record_outcome(ready, Outcome.TEMPORARY, str(fault))
    except mail.Permanent as fault:
        record_outcome(ready, Outcome.PERMANENT, str(fault))
    except mail.InDoubt as fault:
        record_outcome(ready, Outcome.IN_DOUBT, str(fault))
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        # Nobody thought of this. It must not stop the others. (Nor need Celery's soft limit be told apart here: by then drain's
        # `ends` is long past, and it stops by itself.)
        log.exception("Letter %d met something unforeseen on its way", letter_id)
        post.close()
        record_outcome(ready, Outcome.IN_DOUBT, type(error).__name__)
    else:
        record_outcome(ready, Outcome.SENT, "")
        driving.mail_taken()


@dataclass(frozen=True)
class Ready:
    """A letter whose attempt is committed: what goes over the wire now."""

    letter_id: int
    attempt_id: int
    letter: bytes
    to: str
    lease: uuid.UUID


def prepare(letter_id: int, lease: uuid.UUID) -> Ready | None:
    """Freeze the letter if this is its first attempt, renew the lease, commit an attempt. None when there is nothing to send."""
    try:
        with everything("the outbox"):
            letter = (
                Letter.objects.select_for_update().filter(pk=letter_id, lease=lease, state=LetterState.WAITING).first()
            )
            if letter is None or not freeze(letter):
                return None
            letter.tries += 1
            letter.lease_until = clock.now() + LEASE
            letter.save(update_fields=["address", "frozen", "message_id", "tries", "lease_until"])
            attempt_id = begin_attempt(letter)
            return Ready(letter.pk, attempt_id, bytes(letter.frozen or b""), letter.address, lease)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        # Its words can't be found just now. It must not stop the others; the log tells, the row waits.
        log.exception("Letter %d can't be composed", letter_id)
        with everything("the outbox"):
            letter = (
                Letter.objects.select_for_update().filter(pk=letter_id, lease=lease, state=LetterState.WAITING).first()
            )
            if letter is not None:
                letter.tries += 1
                _pause(letter, f"{driving.NO_WORDS} ({type(error).__name__})")
        return None


def freeze(letter: Letter) -> bool:
    """Compose the letter, and keep its bytes at the first attempt. False when it was dropped or can't go anywhere.

    It is composed at each further attempt too, only to ask whether it has become pointless since: the bytes stay.
    """
    address = letter.address
    if letter.frozen is None and letter.user is not None and letter.user.is_active:
        address = letter.user.email
    if not address or not wanted(letter):
        _finish(letter, LetterState.DROPPED)
        return False
    letter.address = address  # composers may need it: a calendar file names whom it is for
    compose = mail.KINDS[letter.kind].compose
    if letter.team_id is None:
        said = compose(letter)
    else:
        with scope(letter.team_id):  # the second wall stands for composers too
            said = compose(letter)
    if said is None:
        _finish(letter, LetterState.DROPPED)
        return False
    if letter.frozen is not None:
        return True
    try:
        letter.frozen = mail.build(said, to=address, key=letter.key, moment=clock.now(), stop=stop_link(letter))
    except mail.Permanent as fault:
        _finish(letter, LetterState.FAILED, str(fault))
        return False
    letter.message_id = mail.message_id(letter.key)
    return True


def begin_attempt(letter: Letter) -> int:
    """Write down, before the mail server hears of it, that this letter is being tried. Returns the attempt's id."""
    return Attempt.objects.create(letter=letter, team_id=letter.team_id, started_at=clock.now()).pk


def record_outcome(ready: Ready, outcome: Outcome, note: str) -> None:
    """Write down how an attempt ended. Stays at it while the database is away: an attempt in doubt means one copy too many."""
    for pause in (0.2, 0.5, 1, 2, 4, None):
        try:
            _record_outcome(ready, outcome, note)
            return
        except (OperationalError, InterfaceError):
            if pause is None:
                raise
            connection.close()
            time.sleep(pause)


def _record_outcome(ready: Ready, outcome: Outcome, note: str) -> None:
    with everything("the outbox"):
        letter = Letter.objects.select_for_update().filter(pk=ready.letter_id).first()
        if letter is None:
            return
        ours = letter.lease == ready.lease and letter.state == LetterState.WAITING
        if not ours:  # it took longer than the lease: to whoever took the letter up since, this attempt was in doubt, and stays so
            note = f"It ended too late ({outcome}) {note}"
        attempt = Attempt.objects.filter(pk=ready.attempt_id, ended_at=None)
        attempt.update(outcome=outcome if ours else Outcome.IN_DOUBT, ended_at=clock.now(), note=note[:300])
        if letter.state != LetterState.WAITING or not (ours or outcome == Outcome.SENT):
            return
        if outcome == Outcome.SENT:
            _finish(letter, LetterState.SENT)
        elif outcome == Outcome.PERMANENT:
            log.warning("Letter %d was refused for good: %s", letter.pk, note)
            _finish(letter, LetterState.FAILED, note)
        else:
            _pause(letter, note)


def _finish(letter: Letter, state: LetterState, note: str = "") -> None:
    letter.state, letter.refused = state, note[:300]
    letter.sent_at = clock.now() if state == LetterState.SENT else None
    letter.ended_at = None if state == LetterState.SENT else clock.now()
    letter.frozen = letter.lease = letter.lease_until = None
    if mail.KINDS[letter.kind].secret:
        letter.data = {}
    letter.save()


def _pause(letter: Letter, note: str) -> None:
    now = clock.now()
    if letter.due_at + GIVE_UP < now:
        _finish(letter, LetterState.FAILED, note)
        return
    doublings = min(max(letter.tries - 1, 0), 10)
    letter.refused, letter.lease = note[:300], None
    letter.lease_until = now + min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)
    letter.save(update_fields=["tries", "refused", "lease", "lease_until"])


def _let_go(lease: uuid.UUID, pause: timedelta = timedelta(0)) -> None:
    """What is still claimed under this lease is anybody's, after this pause."""
    with everything("the outbox"):
        Letter.objects.filter(lease=lease, state=LetterState.WAITING).update(
            lease=None, lease_until=clock.now() + pause
        )
