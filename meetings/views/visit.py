"""A visitor's way in and out, and what whoever holds a seat says at the door."""

import uuid

from allauth.core import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import rotate_token
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
            rotate_token(
                request
            )  # as at a sign-in: a page that an earlier visitor left open here speaks for this one no more
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
    """They go by themselves, from the room or from the door; and may come back: their browser is nobody here again."""
    guest = guest_of(request)
    address = reverse("visit", args=[visit])
    if (
        guest.visitor is None or guest.visitor.ended_at is not None
    ):  # a second tap; or the team was quicker, and has said why
        return see_other(request, address)
    visitors.go(visitor=guest.visitor)
    response = see_other(request, address + ("?thanks=yes" if guest.visitor.is_inside else ""))
    response.delete_cookie(settings.VISITOR_COOKIE_NAME, samesite="Lax")
    return response


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
