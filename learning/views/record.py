"""A closed meeting's page: what came of it, how its summary fared, and, until that is sent, room for a late thought."""

import uuid
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from core.http import page, see_other
from learning.forms.summary import LateForm
from learning.letters import replaced_by, version_name
from learning.queries import my_offers, record_of, sent
from learning.rules import ensure_over, may_send
from meetings.models import Meeting
from meetings.queries import agenda_of, here, meeting_for, who_visited
from meetings.roles import SeatKind
from meetings.rules import seats_of
from teams.queries import people
from teams.rules import Person, person_of


def record_page(
    request: HttpRequest, person: Person, meeting: Meeting, *, status: int = 200, **more: Any
) -> HttpResponse:
    """The page itself. `more`: a late thought that was refused (`late_form`)."""
    seats = seats_of(meeting)
    record = record_of(meeting)
    present = here(meeting)
    sends = may_send(person.member, meeting, seats)
    context = {
        "person": person,
        "team": person.team,
        "here": "home",
        "meeting": meeting,
        "record": record,
        "sent": sent(record.last_sent),
        "may_send": sends,
        "sees_names": sends,
        "holder": seats.get(SeatKind.LEARNING),
        "chair": seats.get(SeatKind.CHAIR),
        "scribe": seats.get(SeatKind.SCRIBE),
        "present": present,
        "present_ids": {member.pk for member in present},
        "members": people(person),
        "visited": who_visited(meeting),
        "agenda": agenda_of(meeting),
        "my_offers": my_offers(person, meeting),
        "late_form": LateForm(initial={"key": uuid.uuid4(), "kind": "point"}),
    }
    return page(request, "learning/closed.html", context | more, status=status)


def as_it_was_sent(request: HttpRequest, slug: str, pk: int, edition: int) -> HttpResponse:
    """One edition of the summary as everybody got it: when, by whom, to whom. Any member may read it.

    One that was never sent leads back to the meeting's page.
    """
    person = person_of(request)
    meeting = meeting_for(person, pk)
    ensure_over(meeting)
    record = record_of(meeting)
    found = next((each for each in record.went_out if each.edition == edition), None)
    if found is None:
        return see_other(request, reverse("meeting", args=[slug, pk]))
    seats = seats_of(meeting)
    sends = may_send(person.member, meeting, seats)
    context = {
        "person": person,
        "team": person.team,
        "here": "home",
        "meeting": meeting,
        "record": record,
        "edition": found,
        "version": version_name(found),
        "replaces": replaced_by(found, record),
        "sent": sent(found),
        "may_send": sends,
        "sees_names": sends,
        "holder": seats.get(SeatKind.LEARNING),
    }
    return page(request, "learning/sent.html", context)
