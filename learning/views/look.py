"""For browsers without scripts: a small frame in the room that looks again by itself, so that the page, and what is typed in it, stays."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csp import csp_override

from core import clock
from core.http import page
from core.live import position
from learning.queries import reading
from meetings.queries import agenda_of, meeting_for, once, seats_in, slot_of
from teams.rules import person_of

AGAIN = 15  # seconds
OURS = {"default-src": ["'none'"], "style-src": ["'self'"], "font-src": ["'self'"], "frame-ancestors": ["'self'"]}


@xframe_options_sameorigin
@csp_override(OURS)
def look(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Where the meeting is, and whether the page round this frame (at position `rev`) is older than that."""
    person = person_of(request)
    found = meeting_for(person, pk)
    now = position(found, person.member_id)
    agenda = agenda_of(found)
    context = {
        "meeting": found,
        "holder": once(found, seats_in).holder,
        "me": person.member_id,
        "agenda": agenda,
        "slot": slot_of(agenda, clock.now()),
        "reading": reading(found),
        "is_old": request.GET.get("rev", now) != now,
        "room": reverse("meeting", args=[slug, pk]),
    }
    response = page(request, "learning/look.html", context)
    if not found.is_closed:
        response["Refresh"] = str(AGAIN)
    return response
