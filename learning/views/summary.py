"""Composing the summary, seeing it as it will be read, sending it."""

import uuid
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid, Stale
from core.forms import beside
from core.http import as_id, page, see_other
from learning.forms.room import LineForm, PointForm
from learning.queries import mine, record_of, sent
from learning.rules import ensure_may_send, ensure_over
from learning.services import summary as services
from meetings.models import Meeting
from meetings.queries import meeting_for
from meetings.roles import SeatKind
from meetings.rules import seats_of
from teams.queries import people
from teams.rules import Person, person_of


def _compose(request: HttpRequest, slug: str, pk: int) -> str:
    return reverse("summary", args=[slug, pk])


def _page(request: HttpRequest, person: Person, meeting: Meeting, *, status: int = 200, **more: Any) -> HttpResponse:
    record = record_of(meeting)
    line = record.summary.line if record.summary else ""
    context: dict[str, Any] = {
        "person": person,
        "team": person.team,
        "meeting": meeting,
        "record": record,
        "holder": seats_of(meeting).get(SeatKind.LEARNING),
        "sent": sent(record.summary),
        "line_form": LineForm(initial={"line": line, "version": record.summary.version if record.summary else 1}),
        "add_form": PointForm(initial={"key": uuid.uuid4()}) if request.GET.get("add") else None,
        "editing": as_id(request.GET.get("edit")),
        "recipients": len(people(person)),
        "jottings": mine(person, meeting, holds=False).jottings,
    }
    if context["editing"]:
        point = next((point for point in record.all if point.pk == context["editing"]), None)
        context["edit_form"] = PointForm(initial={"text": point.text, "version": point.version}) if point else None
    return page(request, "learning/summary.html", context | more, status=status)


def compose(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The summary as it stands, and as it will be read; a post keeps the line."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    ensure_over(meeting)
    ensure_may_send(person.member, meeting)
    if request.method == "GET":
        return _page(request, person, meeting)
    form = LineForm(request.POST)
    if form.is_valid():
        try:
            services.write_line(
                by=person.member, meeting=pk, line=form.cleaned_data["line"], seen=form.cleaned_data["version"]
            )
            if request.POST.get("send"):
                return send(request, slug, pk)
            messages.info(request, _("Kept."))
            return see_other(request, _compose(request, slug, pk))
        except Stale as refused:
            beside(form, refused)
            return _page(request, person, meeting, status=409, line_form=form)
        except Invalid as refused:
            beside(form, refused)
    return _page(request, person, meeting, status=422, line_form=form)


def move(request: HttpRequest, slug: str, pk: int, point: int) -> HttpResponse:
    """Up or down."""
    person = person_of(request)
    services.move_point(by=person.member, meeting=pk, point=point, up=request.POST.get("to") == "up")
    return see_other(request, _compose(request, slug, pk))


def add(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A late thought: "not yet agreed"."""
    person = person_of(request)
    form = PointForm(request.POST)
    if form.is_valid():
        try:
            services.add_point(
                by=person.member, meeting=pk, text=form.cleaned_data["text"], key=form.cleaned_data["key"]
            )
            return see_other(request, _compose(request, slug, pk))
        except Invalid as refused:
            beside(form, refused)
    return _page(request, person, meeting_for(person, pk), status=422, add_form=form)


def reword(request: HttpRequest, slug: str, pk: int, point: int) -> HttpResponse:
    """A new wording, said to be one."""
    person = person_of(request)
    form = PointForm(request.POST)
    if form.is_valid():
        try:
            services.reword(
                by=person.member,
                meeting=pk,
                point=point,
                text=form.cleaned_data["text"],
                seen=form.cleaned_data["version"],
            )
            return see_other(request, _compose(request, slug, pk))
        except Stale as refused:
            beside(form, refused)
            return _page(request, person, meeting_for(person, pk), status=409, editing=point, edit_form=form)
        except Invalid as refused:
            beside(form, refused)
    return _page(request, person, meeting_for(person, pk), status=422, editing=point, edit_form=form)


def send(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """To everybody in the team, once."""
    person = person_of(request)
    services.send(by=person.member, meeting=pk)
    messages.info(request, _("The summary is on its way."))
    return see_other(request, reverse("meeting", args=[slug, pk]))
