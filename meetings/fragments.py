"""The pieces of a meeting's screens, each written once: the same bytes for everybody of one audience."""

from typing import Any

from django.urls import reverse

from core.live import MEMBER, WALL, fragment, register_admission
from core.mail import full_address
from meetings.models import ItemKind, Meeting, Step
from meetings.queries import agenda_of, agreed, once, seats_in, spoken_code
from meetings.rules import admit_listeners, lapsed_listeners, tidy_code, wall_token

MEETING = "meetings.Meeting"
register_admission(Meeting, admit_listeners, lapsed_listeners)


def wall_address(code: str) -> dict[str, str]:
    """Where the code leads, whole; and where it is typed, as one reads it aloud. Empty without a code."""
    if not code:
        return {}
    typed = full_address(reverse("wall_enter")).split("//")[-1].rstrip("/")
    return {"address": full_address(reverse("wall", args=[wall_token(tidy_code(code))])), "typed": typed}


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
    """The item that is on, whether its task is marked, and, where the team turned them on, which of the four steps a case is at."""
    on = once(meeting, agenda_of).now
    stepped = (
        audience == MEMBER and on is not None and on.item.kind == ItemKind.CASE and once(meeting, agreed).four_steps
    )
    return {"meeting": meeting, "agenda": once(meeting, agenda_of), "steps": list(Step) if stepped else []}


@fragment("join", template="meetings/live.html#join", subjects={"phase"}, audiences={WALL}, of=MEETING)
def join(meeting: Meeting, audience: str) -> dict[str, Any]:
    """The wall's own address for a phone's camera: large before the meeting begins, small afterwards."""
    code = once(meeting, spoken_code)
    return {"meeting": meeting, "code": code, **wall_address(code)}


@fragment("footer", template="meetings/live.html#footer", subjects={"agenda", "phase"}, audiences={WALL}, of=MEETING)
def footer(meeting: Meeting, audience: str) -> dict[str, Any]:
    """The wall's last line: what comes next, and the code to join with."""
    return {"meeting": meeting, "agenda": once(meeting, agenda_of), "code": once(meeting, spoken_code)}
