"""The pieces of the room in which learning is seen, each written once: the same bytes for everybody of one audience."""

from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localdate, localtime
from django.utils.translation import gettext as _

from core import clock
from core.live import MEMBER, WALL, fragment
from learning.queries import raised, read_back_of, reading, unreached
from meetings.fragments import MEETING, seat_context
from meetings.models import Meeting
from meetings.queries import agenda_of, next_planned, once
from meetings.rules import register_pen


def pen_of(meeting: Meeting) -> int | None:
    """The member who has the pen, or had it last."""
    found = once(meeting, read_back_of)
    return found.pen_id if found else None


register_pen(pen_of)


@fragment(
    "raised",
    template="learning/live.html#raised",
    subjects={"points", "readback", "words"},
    audiences={MEMBER, WALL},
    of=MEETING,
)
def raised_points(meeting: Meeting, audience: str) -> dict[str, Any]:
    """The points that were raised so far."""
    read = once(meeting, reading)
    stopped = read.turn.point_id if read and read.turn and read.turn.stopped else None
    return {"points": once(meeting, raised), "meeting": meeting, "stopped": stopped}


@fragment(
    "strip",
    template="learning/live.html#strip",
    subjects={"agenda", "phase", "readback"},
    audiences={WALL},
    of=MEETING,
)
def strip(meeting: Meeting, audience: str) -> dict[str, Any]:
    """On the wall: that the read-back is due. Members have a strip of their own, with its taps."""
    found = once(meeting, reading)
    return {"meeting": meeting, "reading": found, "agenda": once(meeting, agenda_of), "moment": clock.now()}


@fragment(
    "readback",
    template="learning/live.html#readback",
    subjects={"agenda", "readback", "words", "views", "seats", "phase"},
    audiences={MEMBER, WALL},
    of=MEETING,
)
def read_back(meeting: Meeting, audience: str) -> dict[str, Any]:
    """The read-back: said first, then one point at a time, then how it went."""
    found = once(meeting, reading)
    context: dict[str, Any] = {"meeting": meeting, "reading": found, **seat_context(meeting)}
    if found is not None:
        context |= {"agenda": once(meeting, agenda_of), "unreached": unreached(meeting, found)}
        context["carried_to"] = carried_to(once(meeting, next_planned)) if context["unreached"] else ""
    return context


def carried_to(there: Meeting | None) -> str:
    """When what wasn't reached is read back: "carried to next Tuesday"."""
    if there is None:
        return _("carried over to the next meeting")
    day = localtime(there.starts).date()
    ahead = (day - localdate(clock.now())).days
    if ahead < 2:
        when = _("tomorrow") if ahead else _("the next meeting today")
    elif ahead < 14:
        when = _("next %(day)s") % {"day": date_format(day, "l")} if ahead >= 7 else date_format(day, "l")
    else:
        when = date_format(day, "j F")
    return _("carried to %(when)s") % {"when": when}
