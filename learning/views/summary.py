"""Composing the summary, seeing it as it will be read, sending it."""

import uuid
from copy import copy
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid, NotPossible, Stale
from core.forms import beside, merge
from core.http import as_id, page, see_other
from learning.forms.room import LineForm, PointForm
from learning.forms.summary import LateForm
from learning.letters import replaced_by, version_name, written_summary
from learning.models import Point, Summary
from learning.queries import Record, mine, record_of, sent
from learning.rules import ensure_may_send, ensure_over, may_send
from learning.services import summary as services
from learning.views.record import record_page
from meetings.models import Meeting, Phase
from meetings.queries import meeting_for
from meetings.roles import SeatKind
from meetings.rules import seats_of
from teams.queries import people
from teams.rules import Person, person_of


def _compose(request: HttpRequest, slug: str, pk: int) -> str:
    return reverse("summary", args=[slug, pk])


def _meeting(slug: str, pk: int) -> str:
    return reverse("meeting", args=[slug, pk])


def _as_it_will_be_read(record: Record, person: Person) -> Summary:
    """The newest edition with the words that its letter would have if this person sent it now. Nothing is kept."""
    preview = copy(record.summary) or Summary(team_id=record.meeting.team_id, edition=1)
    preview.meeting, preview.sent_by = record.meeting, person.member
    mail = written_summary(preview)
    preview.subject, preview.text = mail.subject, mail.text
    return preview


def _page(request: HttpRequest, person: Person, meeting: Meeting, *, status: int = 200, **more: Any) -> HttpResponse:
    ensure_may_send(person.member, meeting)
    record = record_of(meeting)
    newest = record.summary
    context: dict[str, Any] = {
        "person": person,
        "team": person.team,
        "meeting": meeting,
        "record": record,
        "holder": seats_of(meeting).get(SeatKind.LEARNING),
        "sent": sent(newest),
        "sees_names": True,
        "preview": None if newest and newest.is_sent else _as_it_will_be_read(record, person),
        "version": version_name(newest) if newest else "",
        "replaces": replaced_by(newest, record) if newest else "",
        "line_form": LineForm(
            initial={"line": newest.line if newest else "", "version": newest.version if newest else 1}
        ),
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
    """The summary as it stands, and as it will be read; a post keeps the line, and may send it too."""
    person = person_of(request)
    meeting = meeting_for(person, pk)
    ensure_over(meeting)
    ensure_may_send(person.member, meeting)
    if request.method == "GET":
        return _page(request, person, meeting)
    form = LineForm(request.POST)
    if not form.is_valid():
        return _page(request, person, meeting, status=422, line_form=form)
    try:
        services.write_line(
            by=person.member, meeting=pk, line=form.cleaned_data["line"], seen=form.cleaned_data["version"]
        )
    except Stale as refused:
        now = record_of(meeting).summary
        merge(form, refused, version=now.version if now else None, now={"line": now.line if now else ""})
        return _page(request, person, meeting, status=409, line_form=form)
    except Invalid as refused:
        beside(form, refused)
        return _page(request, person, meeting, status=422, line_form=form)
    except NotPossible as refused:  # it went out meanwhile: by a second tap on Send, or by somebody else
        last = record_of(meeting).last_sent
        if request.POST.get("send") and last is not None and last.line == form.cleaned_data["line"].strip():
            return see_other(request, _meeting(slug, pk))
        beside(form, refused)
        return _page(request, person, meeting, status=refused.status, line_form=form)
    if request.POST.get("send"):
        return send(request, slug, pk)
    messages.info(request, _("Kept."))
    return see_other(request, _compose(request, slug, pk))


def move(request: HttpRequest, slug: str, pk: int, point: int) -> HttpResponse:
    """Up or down."""
    person = person_of(request)
    services.move_point(by=person.member, meeting=pk, point=point, up=request.POST.get("to") == "up")
    return see_other(request, _compose(request, slug, pk))


def add(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Anyone's late thought: "not yet agreed", or "I noticed". From the compose page back to it, else to the meeting's."""
    person = person_of(request)
    composing = request.POST.get("from") == "compose" and may_send(person.member, meeting_for(person, pk))
    form, status = LateForm(request.POST), 422
    if form.is_valid():
        keep = services.notice_late if form.cleaned_data["kind"] == "noticed" else services.add_point
        try:
            keep(by=person.member, meeting=pk, text=form.cleaned_data["text"], key=form.cleaned_data["key"])
            messages.info(request, _("Added. It goes with the summary."))
            return see_other(request, _compose(request, slug, pk) if composing else _meeting(slug, pk))
        except Invalid as refused:
            beside(form, refused)
        except NotPossible as refused:  # it went out meanwhile, or the meeting goes on: the words stay in sight
            beside(form, refused)
            status = refused.status
    meeting = meeting_for(person, pk)
    try:
        ensure_over(meeting)
    except NotPossible as refused:
        context = {"person": person, "team": person.team, "sentence": refused.sentence, "words": form["text"].value()}
        return page(request, "learning/not_added.html", context, status=refused.status)
    if composing and status == 422:
        return _page(request, person, meeting, status=status, add_form=form)
    return record_page(request, person, meeting, status=status, late_form=form)


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
            now = Point.objects.get(pk=point)  # of this meeting's summary: the service has looked
            merge(form, refused, version=now.version, now={"text": now.text})
            return _page(request, person, meeting_for(person, pk), status=409, editing=point, edit_form=form)
        except Invalid as refused:
            beside(form, refused)
    return _page(request, person, meeting_for(person, pk), status=422, editing=point, edit_form=form)


def send(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """To everybody in the team, once."""
    person = person_of(request)
    try:
        services.send(
            by=person.member,
            meeting=pk,
            edition=as_id(request.POST.get("edition")),
            shown=request.POST.get("shown"),
        )
    except (Stale, Invalid) as refused:
        return _page(request, person, meeting_for(person, pk), status=refused.status, not_sent_because=refused.sentence)
    messages.info(request, _("The summary is on its way."))
    return see_other(request, _meeting(slug, pk))


def now(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Close the meeting and send its summary with it. What the guard stops is put right on the compose page."""
    person = person_of(request)
    try:
        services.close_and_send(by=person.member, meeting=pk)
    except Invalid as refused:
        if meeting_for(person, pk).phase == Phase.CLOSED:
            return _page(
                request, person, meeting_for(person, pk), status=refused.status, not_sent_because=refused.sentence
            )
        raise NotPossible(
            _("%(why)s Close the meeting without sending, and put it right on the summary’s page.")
            % {"why": refused.sentence}
        ) from refused
    messages.info(request, _("The meeting is closed, and the summary is on its way."))
    return see_other(request, _meeting(slug, pk))


def again(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """After sending: a new version, to be changed and sent again."""
    person = person_of(request)
    services.begin_again(by=person.member, meeting=pk, after=as_id(request.POST.get("edition")))
    return see_other(request, _compose(request, slug, pk))


def throw_away(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Don't send the new version after all."""
    person = person_of(request)
    services.throw_away(
        by=person.member,
        meeting=pk,
        edition=as_id(request.POST.get("edition")),
        seen=as_id(request.POST.get("version")),
    )
    messages.info(request, _("The new version isn’t sent. The one before stands."))
    return see_other(request, _meeting(slug, pk))
