"""Planning a meeting: when and where, the agenda, the seats."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid, Stale
from core.forms import beside, merge
from core.http import as_id, done, is_htmx, page, see_other
from meetings.forms.plan import ItemForm, MeetingForm, MinutesForm
from meetings.fragments import seat_context
from meetings.models import Item, ItemKind, Meeting, Phase
from meetings.queries import LENGTHS, agenda_of, meeting_for
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
            kept = planning.change_plan(
                by=person.member, meeting=pk, seen=form.cleaned_data["version"], **form.values()
            )
        except Stale as refused:
            meeting = meeting_for(person, pk)
            now = {name: value for name, value in MeetingForm.of(meeting).initial.items() if name != "version"}
            merge(form, refused, version=meeting.version, now=now)
            return plan_page(request, person, meeting, form=form, status=409)
        except Invalid as refused:
            beside(form, refused)
        else:
            told = kept.sequence != meeting.sequence
            messages.info(request, _("Changed. Everyone in the team gets one mail about it.") if told else _("Kept."))
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


def _in_room(request: HttpRequest) -> bool:
    return request.POST.get("from") == "room"


def _back(meeting: Meeting, slug: str, request: HttpRequest) -> str:
    if _in_room(request):
        return reverse("meeting", args=[slug, meeting.pk]) + "#pane-agenda"
    return reverse("meeting_plan", args=[slug, meeting.pk])


def _arranged(meeting: Meeting, slug: str, request: HttpRequest) -> HttpResponse:
    """After a change of the order in the room: where it may be changed further."""
    return done(request, reverse("meeting", args=[slug, meeting.pk]) + "?open=order#pane-agenda")


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
            where = _back(meeting, slug, request)
            return done(request, where) if _in_room(request) else see_other(request, where)
        except Invalid as refused:
            beside(form, refused)
    if _in_room(request) and is_htmx(request):
        return page(request, "meetings/parts/add_row.html", _row_context(person, meeting, form), status=422)
    return plan_page(request, person, meeting, item_form=form, status=422)


def _row_context(person: Person, meeting: Meeting, form: ItemForm) -> dict[str, Any]:
    """What the one row of the room's agenda needs."""
    return {
        "team": person.team,
        "meeting": meeting,
        "item_form": form,
        "kind": form["kind"].value(),
        "members": people(person),
        "lengths": LENGTHS,
        "new_key": uuid.uuid4(),
    }


def change_item(request: HttpRequest, slug: str, pk: int, item: int) -> HttpResponse:
    """Other words, another presenter, other minutes; in the room the minutes alone."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    if request.POST.get("only") == "minutes":
        minutes = MinutesForm(request.POST)
        if not minutes.is_valid():
            raise Invalid("minutes", _("Give it from 1 to 240 minutes."))
        agenda_services.change_minutes(
            by=person.member,
            meeting=pk,
            item=item,
            minutes=minutes.cleaned_data["minutes"],
            seen=minutes.cleaned_data["version"],
        )
        return _arranged(meeting, slug, request)
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
            now = Item.objects.get(meeting=meeting, pk=item)
            worded = {"label": now.label} if now.kind in (ItemKind.OTHER, ItemKind.BUSINESS, ItemKind.WRITE_UP) else {}
            held = {**worded, "presenter": now.presenter_id, "minutes": now.minutes}
            merge(form, refused, version=now.version, now=held)
            return plan_page(request, person, meeting, item_form=form, editing=item, status=409)
        except Invalid as refused:
            beside(form, refused)
    return plan_page(request, person, meeting, item_form=form, editing=item, status=422)


def move_item(request: HttpRequest, slug: str, pk: int, item: int) -> HttpResponse:
    """One place up or down, or straight to a place among what is still to come."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    to = request.POST.get("to")
    agenda_services.move_item(by=person.member, meeting=pk, item=item, up=to == "up", to=as_id(to))
    if _in_room(request):
        return _arranged(meeting, slug, request)
    return see_other(request, f"{_back(meeting, slug, request)}?item={item}")


def remove_item(request: HttpRequest, slug: str, pk: int, item: int) -> HttpResponse:
    """Take it out."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    agenda_services.remove_item(by=person.member, meeting=pk, item=item)
    if _in_room(request):
        return _arranged(meeting, slug, request)
    return see_other(request, _back(meeting, slug, request))


def cancel(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Call the meeting off."""
    person = person_of(request)
    cancelled = planning.cancel(by=person.member, meeting=pk)
    messages.info(request, _("The meeting is cancelled."))
    return see_other(request, reverse("dates" if cancelled.series_id else "team_home", args=[slug]))
