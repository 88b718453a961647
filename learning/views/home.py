"""The team's home, and the beginnings of the AMBIT lead's page, which the team sees too."""

from django.http import HttpRequest, HttpResponse

from core.http import page
from learning.queries import figures, lately, waiting_for
from meetings.fragments import seat_context
from meetings.models import Meeting
from meetings.queries import agenda_of
from meetings.queries.turns import share_of, turns_waiting
from teams.queries import agreement_of, people
from teams.rules import person_of

AT_MOST = 2  # rows that wait for somebody, on the team's home


def team_home(request: HttpRequest, slug: str) -> HttpResponse:
    """The next meeting, what waits for this person, what was learned lately, the last meetings."""
    person = person_of(request)
    meetings = Meeting.objects.visible_to(person).select_related("team")
    coming = list(meetings.upcoming()[:4])
    nearest = coming[0] if coming else None
    turns = turns_waiting(person.member)
    # Neither hides the other: where both wait, the first of each is shown.
    waiting = waiting_for(person, lead=person.member.is_lead)[: AT_MOST - min(len(turns), 1)]
    turns = turns[: AT_MOST - len(waiting)]
    context = {
        "person": person,
        "team": person.team,
        "here": "home",
        "meeting": nearest,
        "later": coming[1:],
        "past": list(meetings.held()[:5]),
        "lately": lately(person),
        "turns": turns,
        "waiting": waiting,
        "share": share_of(person.member) if len(turns) + len(waiting) < AT_MOST else None,
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
        "waiting": waiting_for(person, lead=person.member.is_lead),
    }
    return page(request, "learning/dashboard.html", context)
