"""The read-back's taps and the pen's words."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid, NotAllowed, NotPossible, Refused, Stale
from core.forms import beside, merge
from core.guard import Identifying
from core.http import as_ids, done, is_htmx, page, see_other
from learning.forms.room import WordsForm
from learning.models import Point, Turn
from learning.roles import SETTLED, Outcome, PointState
from learning.services import read_back
from learning.views.room import pick_context, room_context
from meetings.queries import meeting_for
from teams.rules import Person, person_of


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
    """The pen's words as they grow; with an outcome, the last ones before it is settled; with `take`, the pen with them.

    The answer to words that are kept says their new version. Nobody's words go over others' that their writer hasn't seen (409), and
    those of whoever has lost the pen (403) come back, both times beside what the point says now.
    """
    person = person_of(request)
    form = WordsForm(request.POST, team_id=person.team.pk)
    outcome = request.POST.get("outcome", "")
    if outcome and outcome not in SETTLED:
        raise Invalid("outcome", _("Choose agreed, two views, parked or left."))
    status, typed = 422, "text" in request.POST
    if form.is_valid():
        seen = form.cleaned_data["version"] or 0  # no version: nothing was seen
        try:
            if request.POST.get("take"):
                read_back.take_pen(by=person.member, meeting=pk)
            if outcome:
                given = form.words() if typed else None
                state = PointState(outcome)
                why = request.POST.get("reason", "")
                read_back.settle(
                    by=person.member, meeting=pk, point=point, outcome=state, words=given, seen=seen, reason=why
                )
                return done(request, _room(slug, pk))
            text, applies, action, owner = form.words()
            kept = read_back.type_words(
                by=person.member,
                meeting=pk,
                point=point,
                text=text,
                applies=applies,
                action=action,
                owner=owner,
                seen=seen,
            )
            return _kept(request, person, slug, pk, kept)
        except Stale as refused:
            now = Point.objects.get(pk=point)  # it has its turn: the service has looked
            merge(form, refused, version=now.version, now=WordsForm.now(now))
            status = refused.status
        except (NotAllowed, NotPossible) as refused:
            if not typed:
                raise
            return _laid_aside(request, person, slug, pk, point, form, outcome, refused)
        except Invalid as refused:
            if refused.field == "reason":
                raise  # a form of its own, whose words stay in their field
            if isinstance(refused, Identifying):
                read_back.stop_words(by=person.member, meeting=pk, point=point)
            beside(form, refused)
    context = room_context(person, meeting_for(person, pk)) | {"words_form": form}
    if not is_htmx(request):
        return page(request, "learning/room.html", context, status=status)
    if status == 422 and not request.POST.get("take"):
        return page(request, "learning/parts/words.html", context, status=status)
    return _instead(page(request, "learning/room/pen.html", context, status=status), "#pen", "outerMorph")


def _kept(request: HttpRequest, person: Person, slug: str, pk: int, point: Point) -> HttpResponse:
    """The words are kept: which version they are, and, after two texts were merged, the pen's fields as usual."""
    if is_htmx(request) and request.POST.get("merged"):
        context = room_context(person, meeting_for(person, pk))
        response = _instead(page(request, "learning/room/pen.html", context), "#pen", "outerMorph")
    else:
        response = done(request, _room(slug, pk))
    response["X-Version"] = str(point.version)
    return response


def _laid_aside(
    request: HttpRequest,
    person: Person,
    slug: str,
    pk: int,
    point: int,
    form: WordsForm,
    outcome: str,
    refused: Refused,
) -> HttpResponse:
    """The pen is with somebody else, or the read-back has gone on: the words come back, with what the point says now."""
    meeting = meeting_for(person, pk)
    turn = Turn.objects.filter(meeting=meeting, point=point).select_related("point").first()
    if turn is not None and form.are_on(turn.point) and turn.outcome == outcome:
        return done(request, _room(slug, pk))  # sent once more, since the first answer was lost
    context = room_context(person, meeting) | {"form": form, "point": turn.point if turn else None, "why": refused}
    context["may_take"] = isinstance(refused, NotAllowed)
    if not is_htmx(request):
        return page(request, "learning/aside.html", context, status=refused.status)
    return _instead(page(request, "learning/parts/aside.html", context, status=refused.status), "#beside", "beforeend")


def _instead(response: HttpResponse, where: str, how: str) -> HttpResponse:
    """The same answer in another place of the page than that of the form."""
    response["HX-Retarget"], response["HX-Reswap"] = where, how
    return response
