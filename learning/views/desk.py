"""The holder's own order of things: points that wait, two made one, a point out of nothing; and a jotting passed on."""

import uuid
from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from core.errors import Invalid, NotPossible
from core.forms import beside
from core.http import as_id, as_ids, done, page, see_other
from learning.forms.room import MergeForm, RaiseForm
from learning.models import Jotting, Offer, Point
from learning.queries import mine, tray
from learning.services import jottings, points
from learning.views.room import raise_context, room_context
from meetings.models import Meeting
from meetings.queries import meeting_for
from meetings.roles import Do
from meetings.rules import ensure
from teams.rules import Person, person_of


def _room(slug: str, pk: int) -> str:
    return reverse("meeting", args=[slug, pk])


def new(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """An empty field, without a jotting: a point, or "I noticed"."""
    person = person_of(request)
    kind = "noticed" if request.GET.get("kind") == "noticed" else "point"
    form = RaiseForm(initial={"key": uuid.uuid4(), "text": "", "kind": kind})
    return page(request, "learning/raise.html", raise_context(person, meeting_for(person, pk), None, form))


def move(request: HttpRequest, slug: str, pk: int, point: int) -> HttpResponse:
    """One place up or down; or, dragged, straight to a place."""
    to = request.POST.get("to")
    points.move_waiting(by=person_of(request).member, meeting=pk, point=point, up=to == "up", to=as_id(to))
    return done(request, _room(slug, pk))


def merge(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Pick two of what waits; then both texts above one empty field."""
    person = person_of(request)
    found = meeting_for(person, pk)
    ensure(person.member, Do.RAISE, found)
    if request.method == "GET":
        return _merge_page(request, person, found, request.GET)
    form = MergeForm(request.POST)
    status = 422
    if form.is_valid():
        try:
            points.merge(
                by=person.member,
                meeting=pk,
                text=form.cleaned_data["text"],
                points=as_ids(request.POST.getlist("point")),
                offers=as_ids(request.POST.getlist("offer")),
                key=form.cleaned_data["key"],
            )
            return see_other(request, _room(slug, pk))
        except NotPossible as refused:
            beside(form, refused)
            status = refused.status
        except Invalid as refused:
            beside(form, refused)
    return _merge_page(request, person, found, request.POST, form, status=status)


def _merge_page(
    request: HttpRequest,
    person: Person,
    meeting: Meeting,
    chosen: QueryDict,
    form: MergeForm | None = None,
    *,
    status: int = 200,
) -> HttpResponse:
    waiting, offers = mine(person, meeting, holds=True).points, tray(meeting)
    two = _two(waiting, offers, chosen)
    both = ". ".join(each.text.rstrip(" .") for each in two if each.text) if request.GET.get("words") == "both" else ""
    more: dict[str, Any] = {
        "waiting_points": waiting,
        "offered": offers,
        "two": two,
        "wrong_number": bool(chosen) and len(two) != 2,
        "form": form or MergeForm(initial={"key": uuid.uuid4(), "text": both}),
    }
    return page(request, "learning/merge.html", room_context(person, meeting) | more, status=status)


def _two(waiting: Sequence[Point], offers: Sequence[Offer], chosen: QueryDict) -> list[Point | Offer]:
    """What was picked, in the order in which it waits."""
    named, offered = as_ids(chosen.getlist("point")), as_ids(chosen.getlist("offer"))
    return [
        *(point for point in waiting if point.pk in named),
        *(offer for offer in offers if offer.pk in offered),
    ]


def pass_on(request: HttpRequest, slug: str, pk: int, jotting: int) -> HttpResponse:
    """One's own jotting, given to whoever keeps learning in mind now: said in words first."""
    person = person_of(request)
    found = meeting_for(person, pk)
    if request.method == "POST":
        jottings.pass_on(by=person.member, meeting=pk, jotting=jotting, to=as_id(request.POST.get("to")))
        return see_other(request, _room(slug, pk))
    own = Jotting.objects.visible_to(person).filter(meeting=found, pk=jotting)
    source = own.select_related("item__presenter__user").first()
    context = room_context(person, found) | {"source": source}
    if source is None or context["holder"] is None or context["holds"] or not found.is_live:
        return see_other(request, _room(slug, pk))
    return page(request, "learning/pass_on.html", context)
