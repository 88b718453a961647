"""What a visitor sees: the door, the room once somebody has let them in, and that it is over."""

import uuid
from typing import Any

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid, KeyReused, NotPossible
from core.forms import beside
from core.http import as_id, is_htmx, page, see_other
from learning.forms.room import OfferForm
from learning.queries import reading
from learning.services.visits import differ_as_visitor, offer_as_visitor
from meetings.queries import agreed, once, seats_in
from meetings.rules import Guest, guest_of
from teams.rules import is_member


def visit(request: HttpRequest, visit: str) -> HttpResponse:
    """One address for a whole visit. A member who is signed in lands in the room instead."""
    guest = guest_of(request)
    address = reverse("visit", args=[visit])
    if request.user.is_authenticated and is_member(request.user.pk, guest.meeting.team_id):
        return see_other(request, reverse("meeting", args=[guest.meeting.team.slug, guest.meeting.pk]))
    waits = guest.is_open and guest.visitor is not None and guest.visitor.is_waiting
    if is_htmx(request):  # the waiting page asks whether anything has changed
        return HttpResponse(status=204) if waits else see_other(request, address)
    if guest.is_inside:
        return page(request, "learning/visit.html", _room(guest, visit))
    thanks = guest.visitor is None and "thanks" in request.GET
    if waits or (guest.is_open and guest.visitor is None and not thanks):
        response = page(request, "meetings/visit_door.html", {"guest": guest, "visit": visit, "key": uuid.uuid4()})
        if waits:
            response["Refresh"] = "10"  # for browsers without scripts; nothing is typed on this page
        return response
    early = guest.visitor is None and guest.meeting.is_ahead and not thanks and once(guest.meeting, agreed).visitors
    return page(
        request,
        "meetings/visit_over.html",
        {"guest": guest, "early": early, "visit": visit, "thanks": thanks},
        status=200 if early or thanks else 404,
    )


def _room(guest: Guest, visit: str) -> dict[str, Any]:
    meeting = guest.meeting
    seats = once(meeting, seats_in)
    return {
        "guest": guest,
        "visit": visit,
        "visitor": guest.visitor,
        "team": meeting.team,
        "meeting": meeting,
        "live": meeting,
        "audience": "member",  # the very same pieces
        "holder": seats.holder,
        "reading": once(meeting, reading),
        "offer_form": OfferForm(initial={"key": uuid.uuid4()}),
        "view_form": OfferForm(initial={"key": uuid.uuid4()}),
    }


def _too_many(request: HttpRequest, guest: Guest, form: OfferForm) -> bool:
    """A visitor who sends without a pause is stopped, beside the field; no colleague's tray is flooded."""
    assert guest.visitor is not None
    if ratelimit.consume(request, action="visitor_words", key=str(guest.visitor.pk)):
        return False
    form.add_error("text", _("That was a lot at once. Wait a minute, then send it again."))
    return True


def offer(request: HttpRequest, visit: str) -> HttpResponse:
    """Offer a learning point."""
    guest = guest_of(request)
    assert guest.visitor is not None  # VisitorOf says so
    form, status = OfferForm(request.POST), 422
    offered = False
    if form.is_valid() and _too_many(request, guest, form):
        status = 429
    elif form.is_valid():
        values = form.cleaned_data
        try:
            offer_as_visitor(visitor=guest.visitor, text=values["text"], named=not values["unnamed"], key=values["key"])
            offered = True
        except (Invalid, KeyReused) as refused:
            beside(form, refused)
    if offered and not is_htmx(request):
        return see_other(request, reverse("visit", args=[visit]) + "?offered=yes#offer-form")
    context = _room(guest, visit) | ({"offered": True} if offered else {"offer_form": form})
    template = "learning/parts/visitor_offers.html" if is_htmx(request) else "learning/visit.html"
    return page(request, template, context, status=200 if offered else status)


def differ(request: HttpRequest, visit: str) -> HttpResponse:
    """The piece below the point that is being read back; and what somebody sees differently."""
    guest = guest_of(request)
    assert guest.visitor is not None  # VisitorOf says so
    if request.method == "GET":
        return page(request, "learning/parts/visitor_differs.html", _room(guest, visit))
    form, status = OfferForm(request.POST), 422
    if form.is_valid() and _too_many(request, guest, form):
        status = 429
    elif form.is_valid():
        try:
            differ_as_visitor(
                visitor=guest.visitor,
                point=as_id(request.POST.get("point")) or 0,
                text=form.cleaned_data["text"],
                key=form.cleaned_data["key"],
            )
            status = 200
        except (Invalid, KeyReused, NotPossible) as refused:
            beside(form, refused)
            status = refused.status
    if status == 200 and not is_htmx(request):
        return see_other(request, reverse("visit", args=[visit]))
    context = _room(guest, visit) | ({"kept": True} if status == 200 else {"view_form": form})
    template = "learning/parts/visitor_differs.html" if is_htmx(request) else "learning/visit.html"
    return page(request, template, context, status=status)
