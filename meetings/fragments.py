"""The pieces of a meeting's screens, each written once: the same bytes for everybody of one audience."""

from typing import Any

from core.live import MEMBER, WALL, fragment, register_admission
from meetings.models import Meeting
from meetings.queries import agenda_of, once, seats_in, spoken_code
from meetings.rules import admit_listener

MEETING = "meetings.Meeting"
register_admission(Meeting, admit_listener)


def seat_context(meeting: Meeting) -> dict[str, Any]:
    """Who sits where, by the names the templates use."""
    seats = once(meeting, seats_in)
    return {"seats": seats, "holder": seats.holder, "chair": seats.chair, "scribe": seats.scribe}


@fragment(
    "letterhead",
    template="meetings/live.html#letterhead",
    subjects={"seats", "phase"},
    audiences={MEMBER, WALL},
    of=MEETING,
)
def letterhead(meeting: Meeting, audience: str) -> dict[str, Any]:
    """The holder's mark and line; who chairs and who is scribe. The question beside it never changes."""
    return {**seat_context(meeting), "meeting": meeting}


@fragment("when", template="meetings/live.html#when", subjects={"agenda", "phase"}, of=MEETING)
def when(meeting: Meeting, audience: str) -> dict[str, Any]:
    """When it ends: as booked, or about when, where the sum outruns that."""
    return {"meeting": meeting, "agenda": once(meeting, agenda_of)}


@fragment("agenda", template="meetings/live.html#agenda", subjects={"agenda", "phase"}, of=MEETING)
def agenda(meeting: Meeting, audience: str) -> dict[str, Any]:
    """The list of items: done, on, to come."""
    return {"meeting": meeting, "agenda": once(meeting, agenda_of)}


@fragment("now", template="meetings/live.html#now", subjects={"agenda", "phase"}, audiences={MEMBER, WALL}, of=MEETING)
def now(meeting: Meeting, audience: str) -> dict[str, Any]:
    """The item that is on, and whether its task is marked."""
    return {"meeting": meeting, "agenda": once(meeting, agenda_of)}


@fragment("footer", template="meetings/live.html#footer", subjects={"agenda", "phase"}, audiences={WALL}, of=MEETING)
def footer(meeting: Meeting, audience: str) -> dict[str, Any]:
    """The wall's last line: what comes next, and the code to join with."""
    return {"meeting": meeting, "agenda": once(meeting, agenda_of), "code": once(meeting, spoken_code)}
