"""Planning a meeting: when and where, the agenda, the seats."""

import uuid

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid, Stale
from core.forms import beside
from core.http import as_id, page, see_other
from meetings.forms.plan import ItemForm, MeetingForm
from meetings.fragments import seat_context
from meetings.models import ItemKind, Meeting, Phase
from meetings.queries import agenda_of, meeting_for
from meetings.queries.dates import words_of_series
from meetings.queries.turns import share_of, turn_of
from meetings.roles import SeatKind
from meetings.services import agenda as agenda_services
from meetings.services import planning
from teams.queries import people
from teams.rules import Person, person_of


def new(request: HttpRequest, slug: str) -> HttpResponse:
    """When and where; the rest follows on the plan's page."""
    person = person_of(request)
    if request.method == "POST":
        form = MeetingForm(request.POST, team=person.team)
        if form.is_valid():
            try:
                meeting = planning.plan_meeting(by=person.member, key=form.cleaned_data["key"], **form.values())
                return see_other(request, reverse("meeting_plan", args=[slug, meeting.pk]))
            except Invalid as refused:
                beside(form, refused)
    else:
        form = MeetingForm.fresh(person.team, str(uuid.uuid4()))
    context = {"person": person, "team": person.team, "here": "home", "form": form}
    return page(request, "meetings/new.html", context, status=422 if form.is_bound else 200)


def plan(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The plan of one meeting; a post changes when and where."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    if meeting.phase in (Phase.CLOSED, Phase.CANCELLED):
        return see_other(request, reverse("meeting", args=[slug, pk]))
    posted = request.method == "POST"
    form = MeetingForm(request.POST, team=person.team, meeting=meeting) if posted else MeetingForm.of(meeting)
    if posted and form.is_valid():
        try:
            planning.change_plan(by=person.member, meeting=pk, seen=form.cleaned_data["version"], **form.values())
        except Stale as refused:
            beside(form, refused)
            return plan_page(request, person, meeting, form=form, status=409)
        except Invalid as refused:
            beside(form, refused)
        else:
            messages.info(request, _("Kept."))
            return see_other(request, reverse("meeting_plan", args=[slug, pk]))
    return plan_page(request, person, meeting, form=form, status=422 if form.is_bound else 200)


def plan_page(
    request: HttpRequest,
    person: Person,
    meeting: Meeting,
    *,
    form: MeetingForm | None = None,
    item_form: ItemForm | None = None,
    editing: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with whichever form is being filled in."""
    agenda = agenda_of(meeting)
    if editing is None and item_form is None and (editing := as_id(request.GET.get("item"))):
        row = next((row for row in agenda.rows if row.item.pk == editing and not row.item.is_done), None)
        if row is not None:
            initial = {name: getattr(row.item, name) for name in ("kind", "label", "presenter", "minutes", "version")}
            item_form = ItemForm(team_id=person.team.pk, initial=initial)
    adding = request.GET.get("add") if item_form is None else None
    if adding in ItemKind.values:
        item_form = ItemForm(team_id=person.team.pk, initial={"kind": adding, "minutes": 10, "key": uuid.uuid4()})
    context = {
        "person": person,
        "team": person.team,
        "here": "home",
        "meeting": meeting,
        "agenda": agenda,
        "spare": meeting.minutes - agenda.minutes,
        "form": form or MeetingForm.of(meeting),
        "item_form": item_form,
        "item_kind": item_form["kind"].value() if item_form else "",
        "editing": editing,
        "members": people(person),
        "kinds": SeatKind,
        "series_words": words_of_series(meeting),
        "turn": turn_of(person.member, meeting),
        "share": share_of(person.member),
        **seat_context(meeting),
    }
    return page(request, "meetings/plan.html", context, status=status)


def _back(meeting: Meeting, slug: str, request: HttpRequest) -> str:
    where = "meeting" if request.POST.get("from") == "room" else "meeting_plan"
    return reverse(where, args=[slug, meeting.pk])


def add_item(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One more item, from the plan or from the room."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    form = ItemForm(request.POST, team_id=person.team.pk)
    if form.is_valid():
        values = form.cleaned_data
        try:
            agenda_services.add_item(
                by=person.member,
                meeting=pk,
                kind=ItemKind(values["kind"] or ItemKind.OTHER),
                minutes=values["minutes"],
                label=values["label"],
                presenter=values["presenter"],
                key=values["key"],
            )
            return see_other(request, _back(meeting, slug, request))
        except Invalid as refused:
            beside(form, refused)
    return plan_page(request, person, meeting, item_form=form, status=422)


def change_item(request: HttpRequest, slug: str, pk: int, item: int) -> HttpResponse:
    """Other words, another presenter, other minutes."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    form = ItemForm(request.POST, team_id=person.team.pk)
    if form.is_valid():
        values = form.cleaned_data
        try:
            agenda_services.change_item(
                by=person.member,
                meeting=pk,
                item=item,
                minutes=values["minutes"],
                label=values["label"],
                presenter=values["presenter"],
                seen=values["version"],
            )
            return see_other(request, _back(meeting, slug, request))
        except Stale as refused:
            beside(form, refused)
            return plan_page(request, person, meeting, item_form=form, editing=item, status=409)
        except Invalid as refused:
            beside(form, refused)
    return plan_page(request, person, meeting, item_form=form, editing=item, status=422)


def move_item(request: HttpRequest, slug: str, pk: int, item: int) -> HttpResponse:
    """One place up or down."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    agenda_services.move_item(by=person.member, meeting=pk, item=item, up=request.POST.get("to") == "up")
    return see_other(
        request, _back(meeting, slug, request) + (f"?item={item}" if request.POST.get("from") != "room" else "")
    )


def remove_item(request: HttpRequest, slug: str, pk: int, item: int) -> HttpResponse:
    """Take it out."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    agenda_services.remove_item(by=person.member, meeting=pk, item=item)
    return see_other(request, _back(meeting, slug, request))


def cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Call the meeting off."""
    person = person_of(request)
    cancelled = planning.cancel(by=person.member, meeting=pk)
    messages.info(request, _("The meeting is cancelled."))
    return see_other(request, reverse("dates" if cancelled.series_id else "team_home", args=[slug]))
