"""The taps that move a meeting. Each is a plain form; the live channel repaints every screen."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid
from core.http import as_id, as_ids, done, see_other
from core.zones import day_of
from meetings.forms.plan import SeatForm, StepForm, TaskForm
from meetings.models import Step
from meetings.queries import meeting_for, ready_words
from meetings.roles import SeatKind
from meetings.services import agenda, parking, running, seats, taps
from teams.queries import agreement_of, away_on, people
from teams.rules import person_of


def _room(request: HttpRequest, slug: str, pk: int) -> str:
    return reverse("meeting_plan" if request.POST.get("from") == "plan" else "meeting", args=[slug, pk])


def seat(request: HttpRequest, slug: str, pk: int, kind: str) -> HttpResponse:
    """Take a seat, ask somebody to, leave it empty, or leave it with whoever stood in. `seen`: who sat there on the page."""
    person = person_of(request)
    meeting_for(person, pk)
    seen = as_id(request.POST.get("seen"))
    if request.POST.get("leave"):
        seats.leave_seat(by=person.member, meeting=pk, kind=SeatKind(kind), seen=seen)
        return done(request, _room(request, slug, pk))
    if request.POST.get("stays"):
        seats.leave_it_with(by=person.member, meeting=pk)
        return done(request, _room(request, slug, pk))
    form = SeatForm(request.POST, team_id=person.team.pk)
    chosen = (form.cleaned_data["member"] if form.is_valid() else None) or (
        person.member if request.POST.get("me") else None
    )
    if chosen is None:
        raise Invalid("member", _("Choose somebody who is in the team."))
    seats.take_seat(by=person.member, meeting=pk, kind=SeatKind(kind), member=chosen, seen=seen)
    return done(request, _room(request, slug, pk))


def small(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """We are four or fewer."""
    person = person_of(request)
    seats.flag_small(by=person.member, meeting=pk)
    return done(request, _room(request, slug, pk))


def begin(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Any of us may."""
    person = person_of(request)
    running.begin(by=person.member, meeting=pk)
    return see_other(request, reverse("meeting", args=[slug, pk]))


def next_item(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """On to the next item."""
    person = person_of(request)
    agenda.next_item(by=person.member, meeting=pk, after=as_id(request.POST.get("after")))
    return done(request, _room(request, slug, pk))


def more_minutes(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Five more minutes for the item that is on, or before the read-back that is due."""
    person = person_of(request)
    seen = as_id(request.POST.get("version"))
    if request.POST.get("before"):
        agenda.put_off_read_back(by=person.member, meeting=pk, seen=seen)
    else:
        agenda.more_minutes(by=person.member, meeting=pk, item=as_id(request.POST.get("item")) or 0, seen=seen)
    return done(request, _room(request, slug, pk))


def mark_task(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Task marked, in ready words."""
    person = person_of(request)
    form = TaskForm(request.POST, words=ready_words(agreement_of(person.team.pk)))
    if not form.is_valid():
        raise Invalid("task", _("Choose one of the ready words."))
    agenda.mark_task(
        by=person.member, meeting=pk, item=as_id(request.POST.get("item")) or 0, task=form.cleaned_data["task"]
    )
    return done(request, _room(request, slug, pk))


def step(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """On to one of the four steps."""
    person = person_of(request)
    form = StepForm(request.POST)
    if not form.is_valid():
        raise Invalid("step", _("Choose one of the four steps."))
    chosen = Step(form.cleaned_data["step"])
    agenda.take_step(by=person.member, meeting=pk, item=as_id(request.POST.get("item")) or 0, step=chosen)
    return done(request, _room(request, slug, pk))


def park(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """An item goes on the next meeting's agenda."""
    person = person_of(request)
    parking.park(by=person.member, meeting=pk, item=as_id(request.POST.get("item")) or 0)
    return done(request, _room(request, slug, pk))


def attendance(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Who is here, as one person ticks it. `was`: who was ticked on the page."""
    person = person_of(request)
    ticked, was = set(as_ids(request.POST.getlist("here"))), set(as_ids(request.POST.getlist("was")))
    if request.POST.get("everyone"):
        was = set()  # whoever is away, and came all the same, stays ticked
        day = day_of(meeting_for(person, pk).starts, person.team.zone)
        ticked = {member.pk for member in people(person)} - away_on(person.team.pk, day)
    running.tick_attendance(by=person.member, meeting=pk, here=ticked, was=was)
    return done(request, _room(request, slug, pk))


def undo(request: HttpRequest, slug: str, pk: int, tap: int) -> HttpResponse:
    """Put back one's own tap of the last half minute."""
    person = person_of(request)
    taps.undo(by=person.member, meeting=pk, tap=tap)
    return done(request, _room(request, slug, pk))


def close(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The meeting is over."""
    person = person_of(request)
    running.close(by=person.member, meeting=pk)
    messages.info(request, _("The meeting is closed."))
    return see_other(request, reverse("meeting", args=[slug, pk]))
