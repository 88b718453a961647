"""A visitor's way in and out, and what whoever holds a seat says at the door."""

import uuid

from allauth.core import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid, KeyReused, NotPossible
from core.forms import beside
from core.http import done, page, see_other
from meetings.forms.visit import VisitForm
from meetings.queries import meeting_for
from meetings.rules import guest_of, visitor_token
from meetings.services import visitors
from teams.rules import person_of


def ask(request: HttpRequest, visit: str) -> HttpResponse:
    """Say who you are, and wait at the door."""
    guest = guest_of(request)
    if not guest.is_open or guest.visitor is not None:  # over; or a second tap
        return see_other(request, reverse("visit", args=[visit]))
    form, status = VisitForm(request.POST), 422
    if not ratelimit.consume(request, action="visit"):
        form.add_error("name", _("Too many tries from here. Wait a minute."))
        status = 429
    elif form.is_valid():
        try:
            visitor = visitors.ask_to_come_in(
                meeting=guest.meeting.pk,
                name=form.cleaned_data["name"],
                key=form.cleaned_data["key"] or uuid.uuid4(),
            )
        except (Invalid, KeyReused, NotPossible) as refused:
            beside(form, refused)
            status = refused.status
        else:
            response = see_other(request, reverse("visit", args=[visit]))
            response.set_cookie(
                settings.VISITOR_COOKIE_NAME,
                visitor_token(visitor),
                secure=settings.SECURE,
                httponly=True,
                samesite="Lax",
                max_age=43_200,
            )
            return response
    return page(request, "meetings/visit_door.html", {"guest": guest, "visit": visit, "form": form}, status=status)


def go(request: HttpRequest, visit: str) -> HttpResponse:
    """They go by themselves, from the room or from the door."""
    guest = guest_of(request)
    if guest.visitor is not None:
        visitors.go(visitor=guest.visitor)
    return see_other(request, reverse("visit", args=[visit]))


def let_in(request: HttpRequest, slug: str, pk: int, visitor: int) -> HttpResponse:
    """Somebody at the door comes in."""
    person = person_of(request)
    meeting_for(person, pk)
    visitors.let_in(by=person.member, meeting=pk, visitor=visitor)
    return done(request, reverse("meeting", args=[slug, pk]))


def see_out(request: HttpRequest, slug: str, pk: int, visitor: int) -> HttpResponse:
    """Not today; or good-bye."""
    person = person_of(request)
    meeting_for(person, pk)
    visitors.see_out(by=person.member, meeting=pk, visitor=visitor)
    return done(request, reverse("meeting", args=[slug, pk]))
