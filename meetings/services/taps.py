"""Undo: what somebody moved for everybody can be put back for half a minute, by whoever moved it.

A service that moves what others see ends with `tapped(…)`, and says beside itself, with `@undoes("verb")`, how it is put back. Upper
storeys register their own verbs in the same way.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.along import read_along
from core.errors import NotAllowed, NotPossible
from core.kept import insert_along
from core.live import personal, touch
from meetings.models import Meeting, Phase, Tap
from meetings.rules import ensure_phase
from meetings.services.locks import lock
from teams.models import Membership
from teams.services.activity import record

UNDO = timedelta(seconds=30)
KEPT = timedelta(hours=1)  # so long a tap is kept: nobody needs it any more, and the activity says what was done

type Data = Mapping[str, Any]
type Back = Callable[[Meeting, Membership, Data], None]
type Says = Callable[[Meeting, Data], str]


@dataclass(frozen=True)
class Verb:
    """One kind of tap: how it is put back, and what the one who tapped reads until then."""

    back: Back
    says: Says


verbs: dict[str, Verb] = {}


def undoes(verb: str, *, says: Says) -> Callable[[Back], Back]:
    """Register how taps of this verb are put back: `back(meeting, by, data)`, the meeting locked. Raises `moved_on()` if it can't.

    `says(meeting, data)`: what was done, to whoever did it: "You moved on to Business." `data` holds what `tapped` was given, and the
    tap's own id as "tap".
    """

    def register(back: Back) -> Back:
        if verb in verbs:
            raise ValueError(f"There is a tap called {verb} already")
        verbs[verb] = Verb(back, says)
        return back

    return register


def moved_on() -> NotPossible:
    """What `back` raises when something has happened since that stands in the way."""
    return NotPossible(_("The meeting has moved on since, so this can’t be undone."))


def is_own(meeting: Meeting, by: Membership, verb: str, **data: int) -> bool:
    """Whether it was `by` who made things as they are by a tap of this verb: a second tap of theirs may come from a page that doesn't
    show the first yet.
    """
    same = {f"data__{name}": value for name, value in data.items()}
    return Tap.objects.filter(meeting=meeting, by=by, verb=verb, undone_at=None, **same).exists()


def ensure_last(meeting: Meeting, verb: str, data: Data, **same: int) -> None:
    """For a `back` that can't see whose doing the present state is: raises `moved_on()` when a later tap of this verb stands."""
    which = {f"data__{name}": value for name, value in same.items()}
    if Tap.objects.filter(meeting=meeting, verb=verb, pk__gt=data["tap"], undone_at=None, **which).exists():
        raise moved_on()


def tapped(meeting: Meeting, *, by: Membership, verb: str, **data: int | str | list[int] | None) -> None:
    """Note that `by` moved what everybody sees, so that they can undo it: the last thing a service does. Nothing is noted while the
    room isn't open.

    `data`: ids and states. Words only as `words`: a label that undoing needs, kept apart.
    """
    if verb not in verbs:
        raise ValueError(f"Nobody says how to undo {verb!r}")
    if not meeting.is_open:
        return
    words = str(data.pop("words", None) or "")
    insert_along(Tap(team_id=meeting.team_id, meeting=meeting, by=by, verb=verb, data=data, words=words))
    touch(meeting, "undo", to=[by.pk])


@dataclass(frozen=True)
class Tapped:
    """What somebody may undo now."""

    pk: int
    says: str
    until: datetime


def _data(tap: Tap) -> Data:
    return {**tap.data, "words": tap.words, "tap": tap.pk}


def last_tap(meeting: Meeting, member: int | None) -> Tapped | None:
    """This member's last tap that can still be undone. A query only for those who tapped at all, where it didn't come with the room
    (queries.room_for), and what its sentence needs.
    """
    if "undo" not in personal(meeting, member)[1]:
        return None
    if hasattr(meeting, "its_tap"):
        tap = next(iter(read_along(Tap, meeting.its_tap)), None)
    else:
        tap = Tap.objects.filter(meeting=meeting, by_id=member, undone_at=None).first()
    if tap is not None and tap.at <= clock.now() - UNDO:
        tap = None
    return Tapped(tap.pk, verbs[tap.verb].says(meeting, _data(tap)), tap.at + UNDO) if tap else None


@transaction.atomic
def undo(*, by: Membership, meeting: int, tap: int) -> None:
    """Put back what `by` did in the last half minute: this very tap, which their page showed, and no later one. Harmless when it was
    undone already.

    Raises NotPossible with a sentence when it is too late, or when the meeting has moved on since.
    """
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    done = Tap.objects.filter(meeting=found, pk=tap).select_related("by__user").first()
    if done is not None and done.by_id != by.pk:
        raise NotAllowed(_("Only %(name)s can undo this.") % {"name": done.by.first_name})
    if done is not None and done.undone_at is not None:
        return
    if done is None:
        raise moved_on()
    if clock.now() - done.at > UNDO:
        raise NotPossible(_("That was more than half a minute ago, so it can’t be undone any more."))
    verbs[done.verb].back(found, by, _data(done))
    done.undone_at = clock.now()
    done.save(update_fields=["undone_at"])
    record("tap undone", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", tap=done.verb)
    touch(found, "undo", to=[by.pk])


def forget_taps() -> None:
    """Taps are gone an hour later. Runs in `everything`."""
    Tap.objects.filter(at__lt=clock.now() - KEPT).delete()
