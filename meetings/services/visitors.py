"""Visitors: they ask at the door, whoever holds a seat lets them in, and they are gone when the meeting closes."""

import unicodedata
import uuid
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock, guard
from core.errors import Invalid, NotFound, NotPossible
from core.live import cut, touch
from meetings.models import Meeting, Visitor
from meetings.roles import Do
from meetings.rules import ensure, takes_visitors, who_lets_in
from meetings.services.locks import lock
from meetings.services.taps import Data, moved_on, tapped, undoes
from teams.models import Membership
from teams.services.activity import record

MOST_WAITING = 10  # at the door of one meeting
LONGEST_NAME = 40


@transaction.atomic
def ask_to_come_in(*, meeting: int, name: str, key: uuid.UUID) -> Visitor:
    """Somebody with the link asks to come in, and waits at the door. `key` is theirs alone: their browser keeps it."""
    found = Meeting.objects.select_for_update().filter(pk=meeting).first()
    if found is None or not takes_visitors(found):
        raise NotPossible(_("This link doesn’t open a meeting now."))
    name = _tidy(name)
    if Visitor.objects.filter(meeting=found).exclude(key=key).waiting().count() >= MOST_WAITING:
        raise NotPossible(_("Many people are waiting at this door already. Try again in a few minutes."))
    visitor, new = Visitor.once(key=key, team_id=found.team_id, same={"meeting_id": found.pk, "name": name})
    if new:
        record(
            "visitor asked to come in", by=None, team=found.team_id, subject=f"meeting {found.pk}", visitor=visitor.pk
        )
        _tell_door(found)
    return visitor


def _tidy(name: str) -> str:
    """One line, without what is no letter to anybody. Raises Invalid where nothing is left, or too much."""
    name = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in name).split())
    if not any(c.isalpha() for c in name):
        raise Invalid("name", _("Type the name that the others know you by."))
    if len(name) > LONGEST_NAME:
        raise Invalid("name", _("Say it in fewer letters: %(longest)d at most.") % {"longest": LONGEST_NAME})
    guard.check(name=name)
    return name


def _tell_door(meeting: Meeting) -> None:
    touch(meeting, "door", to=who_lets_in(meeting))


def _found(meeting: Meeting, pk: int) -> Visitor:
    visitor = Visitor.objects.filter(meeting=meeting, pk=pk).first()
    if visitor is None:
        raise NotFound(_("This visitor is gone."))
    return visitor


@transaction.atomic
def let_in(*, by: Membership, meeting: int, visitor: int) -> None:
    """They see the room until it closes. Whoever holds a seat may; harmless when it is done."""
    found = lock(meeting, by=by)
    ensure(by, Do.LET_IN, found)
    guest = _found(found, visitor)
    if guest.let_in_at is not None and guest.ended_at is None:
        return
    if guest.ended_at is not None or not takes_visitors(found):
        raise NotPossible(_("%(name)s isn’t at the door any more.") % {"name": guest.called})
    guest.let_in_at, guest.let_in_by = clock.now(), by
    guest.save(update_fields=["let_in_at", "let_in_by"])
    record("visitor let in", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", visitor=guest.pk)
    touch(found, "people")
    _tell_door(found)
    tapped(found, by=by, verb="visitor let in", visitor=guest.pk)


@transaction.atomic
def see_out(*, by: Membership, meeting: int, visitor: int) -> None:
    """Not today; or, for one who is inside, good-bye. What they have open ends at once. Harmless when they are gone."""
    found = lock(meeting, by=by)
    ensure(by, Do.LET_IN, found)
    guest = _found(found, visitor)
    if guest.ended_at is not None:
        return
    _end(found, guest, by=by, verb="visitor seen out" if guest.let_in_at else "visitor not let in")


def _end(meeting: Meeting, guest: Visitor, *, by: Membership | None, verb: str) -> None:
    guest.ended_at = clock.now()
    guest.save(update_fields=["ended_at"])
    record(
        verb,
        by=by.user_id if by else None,
        team=meeting.team_id,
        subject=f"meeting {meeting.pk}",
        visitor=guest.pk,
    )
    if guest.let_in_at is not None:
        touch(meeting, "people")
        cut(visitor=guest.pk)
    _tell_door(meeting)
    if by is not None:
        tapped(meeting, by=by, verb=verb, visitor=guest.pk)


@transaction.atomic
def go(*, visitor: Visitor) -> None:
    """They go by themselves. Harmless when they are gone."""
    meeting = Meeting.objects.select_for_update().get(pk=visitor.meeting_id)
    guest = _found(meeting, visitor.pk)
    if guest.ended_at is None:
        _end(meeting, guest, by=None, verb="visitor went")


def end_visits(meeting: Meeting) -> None:
    """Every visit to this meeting is over: it closed, was called off, or its team takes no visitors any more."""
    going = list(Visitor.objects.filter(meeting=meeting, ended_at=None).values_list("pk", flat=True))
    if not going:
        return
    Visitor.objects.filter(pk__in=going).update(ended_at=clock.now())
    record("visits ended", by=None, team=meeting.team_id, subject=f"meeting {meeting.pk}", visitors=going)
    touch(meeting, "people")
    _tell_door(meeting)
    for visitor in going:
        cut(visitor=visitor)


def end_visits_to(team: int) -> None:
    """The team takes no visitors any more."""
    visited = Visitor.objects.filter(team=team, ended_at=None).values("meeting")
    for meeting in Meeting.objects.select_for_update().filter(pk__in=visited).order_by("pk"):
        end_visits(meeting)


def forget_visitors(before: datetime) -> int:
    """The names of those who asked to come in before this moment are forgotten. Returns how many. Runs in `everything`."""
    return Visitor.objects.filter(asked_at__lt=before).exclude(name="").update(name="")


# --- Undo: the door is as it was ---


def _name_of(data: Data) -> str:
    visitor = Visitor.objects.filter(pk=data["visitor"]).first()
    return visitor.called if visitor else ""


@undoes("visitor let in", says=lambda meeting, data: _("You let %(name)s in.") % {"name": _name_of(data)})
def _back_to_the_door(meeting: Meeting, by: Membership, data: Data) -> None:
    guest = _found(meeting, int(data["visitor"]))
    if guest.ended_at is not None:
        raise moved_on()
    guest.let_in_at = guest.let_in_by = None
    guest.save(update_fields=["let_in_at", "let_in_by"])
    touch(meeting, "people")
    _tell_door(meeting)
    cut(visitor=guest.pk)


def _back(meeting: Meeting, by: Membership, data: Data) -> None:
    guest = _found(meeting, int(data["visitor"]))
    if guest.ended_at is None or not takes_visitors(meeting):
        raise moved_on()
    guest.ended_at = None
    guest.save(update_fields=["ended_at"])
    if guest.let_in_at is not None:
        touch(meeting, "people")
    _tell_door(meeting)


undoes("visitor seen out", says=lambda meeting, data: _("You saw %(name)s out.") % {"name": _name_of(data)})(_back)
undoes("visitor not let in", says=lambda meeting, data: _("You didn’t let %(name)s in.") % {"name": _name_of(data)})(
    _back
)
