"""The team's home, and the beginnings of the AMBIT lead's page, which the team sees too."""

from django.http import HttpRequest, HttpResponse

from core.http import page
from learning.queries import figures, lately, summaries_to_send
from meetings.fragments import seat_context
from meetings.models import Meeting
from meetings.queries import agenda_of
from teams.queries import agreement_of, people
from teams.rules import person_of


def team_home(request: HttpRequest, slug: str) -> HttpResponse:
    """The next meeting, what waits for this person, what was learned lately, the last meetings."""
    person = person_of(request)
    meetings = Meeting.objects.visible_to(person).select_related("team")
    coming = list(meetings.upcoming()[:4])
    nearest = coming[0] if coming else None
    context = {
        "person": person,
        "team": person.team,
        "here": "home",
        "meeting": nearest,
        "later": coming[1:],
        "past": list(meetings.held()[:5]),
        "lately": lately(person),
        "waiting": summaries_to_send(person, lead=False)[:2],
        "agreement": agreement_of(person.team.pk),
    }
    if nearest is not None:
        context |= {"agenda": agenda_of(nearest), **seat_context(nearest)}
    return page(request, "learning/home.html", context)


def dashboard(request: HttpRequest, slug: str) -> HttpResponse:
    """Learning at work: for each meeting whether the role was held, a read-back held, the summary sent; counts with denominators."""
    person = person_of(request)
    meetings = Meeting.objects.visible_to(person).select_related("team")
    context = {
        "person": person,
        "team": person.team,
        "here": "learning",
        "figures": figures(person, meetings, len(people(person))),
        "waiting": summaries_to_send(person, lead=person.member.is_lead),
    }
    return page(request, "learning/dashboard.html", context)
