"""The read-back's taps and the pen's words."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid
from core.forms import beside
from core.http import as_ids, done, is_htmx, page, see_other
from learning.forms.room import WordsForm
from learning.roles import Outcome, PointState
from learning.services import read_back
from learning.views.room import pick_context, room_context
from meetings.queries import meeting_for
from teams.rules import person_of


def _room(slug: str, pk: int) -> str:
    return reverse("meeting", args=[slug, pk])


def start(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Start with the picked points, or with the first three; where it is short, with the first."""
    person = person_of(request)
    picked = as_ids(request.POST.getlist("points")) if request.POST.get("picked") else None
    try:
        read_back.start(by=person.member, meeting=pk, picked=picked, short=bool(request.POST.get("short")))
    except Invalid as refused:
        if is_htmx(request) and picked is None:  # from the strip: what can be done instead has a page of its own
            return see_other(request, reverse("pick", args=[slug, pk]))
        return page(
            request,
            "learning/pick.html",
            pick_context(person, meeting_for(person, pk), error=refused.sentence),
            status=422,
        )
    return see_other(request, _room(slug, pk)) if picked is not None else done(request, _room(slug, pk))


def without(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """No learning point today, or no time."""
    person = person_of(request)
    outcome = Outcome.NO_TIME if request.POST.get("outcome") == Outcome.NO_TIME else Outcome.NONE_TODAY
    read_back.without_points(by=person.member, meeting=pk, outcome=outcome)
    return done(request, _room(slug, pk)) if request.POST.get("from") != "pick" else see_other(request, _room(slug, pk))


def first(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The holder has said them: start with 1."""
    read_back.first_point(by=person_of(request).member, meeting=pk)
    return done(request, _room(slug, pk))


def pen(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take the pen."""
    read_back.take_pen(by=person_of(request).member, meeting=pk)
    return done(request, _room(slug, pk))


def stop(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Stop here; the rest is carried over."""
    read_back.stop(by=person_of(request).member, meeting=pk)
    return done(request, _room(slug, pk))


def words(request: HttpRequest, slug: str, pk: int, point: int) -> HttpResponse:
    """The pen's words as they grow; with an outcome, the last ones before it is settled."""
    person = person_of(request)
    form = WordsForm(request.POST, team_id=person.team.pk)
    outcome = request.POST.get("outcome", "")
    if outcome and outcome not in (PointState.AGREED, PointState.PARKED, PointState.LEFT):
        raise Invalid("outcome", _("Choose agreed, parked or left."))
    if form.is_valid():
        try:
            if outcome:
                given = form.words() if "text" in request.POST else None
                read_back.settle(by=person.member, meeting=pk, point=point, outcome=PointState(outcome), words=given)
            else:
                text, applies, action, owner = form.words()
                read_back.type_words(
                    by=person.member, meeting=pk, point=point, text=text, applies=applies, action=action, owner=owner
                )
            return done(request, _room(slug, pk))
        except Invalid as refused:
            beside(form, refused)
    context = room_context(person, meeting_for(person, pk)) | {"words_form": form}
    template = "learning/parts/words.html" if is_htmx(request) else "learning/room.html"
    return page(request, template, context, status=422)
