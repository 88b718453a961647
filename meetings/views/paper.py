"""A sheet of paper for the day the network is down: the question, the seats, the agenda, and lines to write on."""

from django.http import HttpRequest, HttpResponse

from core.http import page
from meetings.queries import agenda_of, meeting_for, seats_in
from teams.rules import person_of


def paper(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """To print before the meeting. Nothing private is on it."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    seats = seats_in(meeting)
    context = {
        "person": person,
        "team": person.team,
        "meeting": meeting,
        "holder": seats.holder,
        "chair": seats.chair,
        "scribe": seats.scribe,
        "agenda": agenda_of(meeting),
    }
    return page(request, "meetings/paper.html", context)
