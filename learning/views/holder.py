"""What the holder and those who offer do: plain forms that htmx makes faster."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid, NotPossible, Stale
from core.forms import beside, merge
from core.http import done, is_htmx, page, see_other
from learning.forms.room import JottingForm, OfferForm, PointForm, RaiseForm
from learning.models import Jotting, Point
from learning.roles import PointState
from learning.services import jottings, offers, points
from learning.views.room import raise_context, room_context
from meetings.queries import meeting_for
from meetings.roles import Do
from meetings.rules import ensure
from teams.queries import agreement_of
from teams.rules import Person, person_of


def _room(slug: str, pk: int) -> str:
    return reverse("meeting", args=[slug, pk])


def _again(request: HttpRequest, person: Person, pk: int, piece: str, **more: object) -> HttpResponse:
    """What was typed, with what is wrong beside it: the form alone for htmx, the room for a plain form."""
    context = room_context(person, meeting_for(person, pk)) | more
    template = f"learning/room/{piece}.html" if is_htmx(request) else "learning/room.html"
    return page(request, template, context, status=422)


def keep(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Keep a jotting."""
    person = person_of(request)
    form = JottingForm(request.POST)
    if form.is_valid():
        try:
            jottings.keep_jotting(
                by=person.member, meeting=pk, text=form.cleaned_data["text"], key=form.cleaned_data["key"]
            )
            return done(request, _room(slug, pk))
        except Invalid as refused:
            beside(form, refused)
    return _again(request, person, pk, "jot_form", jotting_form=form)


def change(request: HttpRequest, slug: str, pk: int, jotting: int) -> HttpResponse:
    """Other words for one's own jotting."""
    person = person_of(request)
    form = JottingForm(request.POST)
    found = meeting_for(person, pk)
    status = 422 if request.method == "POST" else 200
    if request.method == "POST" and form.is_valid():
        try:
            jottings.change_jotting(
                by=person.member,
                meeting=pk,
                jotting=jotting,
                text=form.cleaned_data["text"],
                seen=form.cleaned_data["version"],
            )
            return see_other(request, _room(slug, pk))
        except Stale as refused:
            now = Jotting.objects.visible_to(person).get(pk=jotting)
            merge(form, refused, version=now.version, now={"text": now.text})
            status = 409
        except Invalid as refused:
            beside(form, refused)
    source = (
        Jotting.objects.visible_to(person)
        .filter(meeting=found, pk=jotting)
        .select_related("item__presenter__user")
        .first()
    )
    if source is None:
        return see_other(request, _room(slug, pk))
    if request.method == "GET":
        form = JottingForm(initial={"text": source.text, "version": source.version})
    context = room_context(person, found) | {"source": source, "form": form}
    return page(request, "learning/jotting.html", context, status=status)


def delete(request: HttpRequest, slug: str, pk: int, jotting: int) -> HttpResponse:
    """Gone for good."""
    person = person_of(request)
    meeting_for(person, pk)
    jottings.delete_jotting(by=person.member, meeting=pk, jotting=jotting)
    return see_other(request, _room(slug, pk))


def raise_it(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Raise a point, or say that it will be said aloud, or note what was noticed."""
    person = person_of(request)
    form = RaiseForm(request.POST)
    status = 422
    jotting = form.cleaned_data["jotting"] if form.is_valid() else None
    if form.is_valid():
        text, key = form.cleaned_data["text"], form.cleaned_data["key"]
        try:
            if form.cleaned_data["kind"] == "noticed":
                points.notice(by=person.member, meeting=pk, text=text, jotting=jotting, key=key)
            else:
                points.raise_point(
                    by=person.member,
                    meeting=pk,
                    text=text,
                    jotting=jotting,
                    aloud=bool(request.POST.get("aloud")),
                    key=key,
                )
            return see_other(request, _room(slug, pk))
        except Invalid as refused:
            beside(form, refused)
        except NotPossible as refused:  # closed meanwhile
            beside(form, refused)
            status = refused.status
    found = meeting_for(person, pk)
    source = (
        Jotting.objects.visible_to(person)
        .filter(meeting=found, pk=jotting or 0)
        .select_related("item__presenter__user")
        .first()
    )
    return page(request, "learning/raise.html", raise_context(person, found, source, form), status=status)


def reword(request: HttpRequest, slug: str, pk: int, point: int) -> HttpResponse:
    """Other words for a point that waits: the holder's alone to see and change until it is read back."""
    person = person_of(request)
    found = meeting_for(person, pk)
    ensure(person.member, Do.RAISE, found)
    waiting = Point.objects.filter(meeting=found, pk=point, state=PointState.WAITING).first()
    if waiting is None and request.method == "POST":
        raise NotPossible(_("This point isn’t waiting any more, so its words stay as they are."))
    if waiting is None:
        return see_other(request, _room(slug, pk))
    form = PointForm(request.POST or None, initial={"text": waiting.text, "version": waiting.version})
    status = 422
    if request.method == "POST" and form.is_valid():
        try:
            points.reword_waiting(
                by=person.member,
                meeting=pk,
                point=point,
                text=form.cleaned_data["text"],
                seen=form.cleaned_data["version"],
            )
            return see_other(request, _room(slug, pk))
        except Stale as refused:
            waiting.refresh_from_db(fields=["text", "version"])
            merge(form, refused, version=waiting.version, now={"text": waiting.text})
            status = 409
        except Invalid as refused:
            beside(form, refused)
    context = room_context(person, found) | {"source": waiting, "form": form, "agreement": agreement_of(person.team.pk)}
    return page(request, "learning/waiting.html", context, status=status if form.is_bound else 200)


def take_back(request: HttpRequest, slug: str, pk: int, point: int) -> HttpResponse:
    """Take a point that waits back, before anybody saw it."""
    person = person_of(request)
    points.withdraw_point(by=person.member, meeting=pk, point=point)
    return done(request, _room(slug, pk))


def offer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Offer a learning point."""
    person = person_of(request)
    form = OfferForm(request.POST)
    if form.is_valid():
        values = form.cleaned_data
        try:
            offers.make_offer(
                by=person.member, meeting=pk, text=values["text"], named=not values["unnamed"], key=values["key"]
            )
            return done(request, _room(slug, pk))
        except Invalid as refused:
            beside(form, refused)
    return _again(request, person, pk, "offer_form", offer_form=form)


def answer(request: HttpRequest, slug: str, pk: int, offer: int) -> HttpResponse:
    """Take it, or later."""
    person = person_of(request)
    if request.POST.get("later"):
        offers.leave_for_later(by=person.member, meeting=pk, offer=offer)
    else:
        offers.take_offer(by=person.member, meeting=pk, offer=offer)
    return done(request, _room(slug, pk))
