"""The pieces of the room in which learning is seen, each written once: the same bytes for everybody of one audience."""

from typing import Any

from core import clock
from core.live import MEMBER, WALL, fragment
from learning.queries import raised, reading, unreached
from meetings.fragments import MEETING, seat_context
from meetings.models import Meeting
from meetings.queries import agenda_of, once


@fragment(
    "raised",
    template="learning/live.html#raised",
    subjects={"points", "readback"},
    audiences={MEMBER, WALL},
    of=MEETING,
)
def raised_points(meeting: Meeting, audience: str) -> dict[str, Any]:
    """The points that were raised so far."""
    return {"points": raised(meeting), "meeting": meeting, "reading": once(meeting, reading)}


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
    subjects={"readback", "words", "seats", "phase"},
    audiences={MEMBER, WALL},
    of=MEETING,
)
def read_back(meeting: Meeting, audience: str) -> dict[str, Any]:
    """The read-back: said first, then one point at a time, then how it went."""
    found = once(meeting, reading)
    context: dict[str, Any] = {"meeting": meeting, "reading": found, **seat_context(meeting)}
    if found is not None:
        context |= {"agenda": once(meeting, agenda_of), "unreached": unreached(meeting)}
    return context
