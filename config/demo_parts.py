"""Every part of the room, and of the pages beside it, in every state, for `/components/`: a meeting told through the services, each part
rendered through its real template with its real context. All of it in one transaction that is taken back, so nothing stays.
"""

import re
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from copy import copy
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

from core import clock
from core.errors import Invalid, Stale
from core.forms import beside, merge
from core.live import MEMBER, quiet, render
from core.scope import everything
from learning.forms.room import JottingForm, OfferForm, OtherViewForm, WordsForm
from learning.management.cast import NAMES, gather
from learning.models import Jotting, Point
from learning.queries import room_of
from learning.roles import Outcome, PointState
from learning.services import along, jottings, offers, other_views, points, read_back, summary
from learning.views import desk as desk_views
from learning.views import holder as holder_views
from learning.views import home as home_views
from learning.views import read_back as read_back_views
from learning.views import record as record_views
from learning.views import room as room_views
from learning.views import summary as summary_views
from learning.views import visit as visit_views
from meetings.models import ItemKind, Meeting, Series, Step, Task, Visitor
from meetings.queries import meeting_for
from meetings.queries.turns import Share
from meetings.roles import SeatKind
from meetings.rules import Guest, visit_token
from meetings.services import agenda, planning, running, seats, series, visitors
from meetings.services.planning import Line
from meetings.views import dates as dates_views
from meetings.views import planning as planning_views
from teams.forms.team import NameForm
from teams.models import Membership, Team
from teams.roles import HolderRule, RaiseRule, Usually
from teams.rules import Person
from teams.services.members import change_roles, go_away
from teams.services.teams import change_agreement
from teams.views import agreement as agreement_views
from teams.views import people as people_views

TEN = datetime(2026, 9, 22, 9, 0, tzinfo=UTC)  # in London; a Tuesday
SLUG = "the-gallery"
WORDS = (
    "A short call the day before makes a first visit easier to keep",
    "When two services disagree, ask each what worries them most before talking about plans",
    "Say who rings whom before we leave the room",
)
STOPPED = "Ring 999 123 4579 before a visit"  # an NHS number nobody has


@dataclass(frozen=True)
class Part:
    """One part in one state. `says`: which state that is."""

    name: str
    says: str
    me: int  # the member whose screen it is on; 0: a visitor's
    html: SafeString


@dataclass
class Gallery:
    """The meeting as it goes on, and what was shown so far."""

    request: HttpRequest
    us: dict[str, Membership] = field(default_factory=dict)
    meeting: int = 0
    groups: dict[str, list[Part]] = field(default_factory=dict)

    @property
    def team(self) -> Team:
        return self.us["Mo"].team

    def person(self, name: str) -> Person:
        member = Membership.objects.select_related("user", "team").get(pk=self.us[name].pk)
        return Person(
            kind="person",
            team_ids=(member.team_id,),
            user_id=member.user_id,
            member_id=member.pk,
            zone=member.team.zone,
            user=member.user,
            team=member.team,
            member=member,
        )

    def asked(self, name: str, query: str = "", posted: str | None = None) -> HttpRequest:
        """The request as this member would have made it."""
        request = copy(self.request)
        request.user = self.us[name].user
        request.principal = self.person(name)  # type: ignore[attr-defined]
        request.GET = QueryDict(query)
        if posted is not None:
            request.method, request.POST = "POST", QueryDict(posted)
        return request

    def add(self, group: str, says: str, me: int, html: str) -> None:
        group = group.replace("_", "-")
        shown = self.groups.setdefault(group, [])
        inert = re.sub(r'method="post"', 'method="dialog"', html)  # nothing here goes anywhere
        inert = re.sub(r"<details(?! open)", "<details open", re.sub(r" autofocus(?=[\s>])", "", inert))
        shown.append(Part(f"{group}-{len(shown) + 1}", says, me, mark_safe(inert)))

    def piece(self, name: str, who: str, says: str, query: str = "", **more: Any) -> None:
        """One of the room's pieces, as this member's room has it now."""
        person = self.person(who)
        context = room_views.room_context(person, room_of(person, self.meeting)) | more
        html = render_to_string(f"learning/room/{name}.html", context, self.asked(who, query))
        self.add(name, says, person.member.pk, html)

    def live(self, name: str, says: str, who: str = "Ben") -> None:
        """One of the pieces that everybody sees."""
        self.add(name, says, self.us[who].pk, render(name, meeting_for(self.person(who), self.meeting), MEMBER))

    def page(
        self,
        group: str,
        who: str,
        says: str,
        view: Callable[..., HttpResponse],
        *args: object,
        query: str = "",
        posted: str | None = None,
    ) -> None:
        """The main part of a whole page, as its view answers."""
        request = self.asked(who, query, posted)
        html = view(request, SLUG, *args).content.decode()
        found = re.search(r"<main\b.*</main>", html, re.DOTALL)
        self.add(group, says, self.us[who].pk, found.group() if found else "")


class _TakenBackError(Exception):
    pass


@contextmanager
def _taken_back() -> Iterator[None]:
    with (
        suppress(_TakenBackError),
        quiet(),
        everything("the gallery's own meeting, which is taken back"),
        transaction.atomic(),
    ):
        yield
        raise _TakenBackError


def all_parts(request: HttpRequest) -> dict[str, list[Part]]:
    """By the part's name, each in its states."""
    gallery = Gallery(request)
    with _taken_back():
        for chapter in (
            _gathered,
            _before,
            _agenda,
            _holder,
            _handover,
            _as_they_come,
            _due,
            _read_back,
            _beside,
            _small_and_late,
            _over,
        ):
            chapter(gallery)
    return gallery.groups


def _agreed(at: Gallery, **more: Any) -> None:
    values: dict[str, Any] = {"holder_rule": HolderRule.APPOINTED, "raise_rule": RaiseRule.AT_READ_BACK}
    values |= {"read_back_minutes": 5, "way_out": "Ring the duty desk.", "visitors": True, "four_steps": True}
    change_agreement(by=at.us["Mo"], **values | more)


def _gathered(at: Gallery) -> None:
    with clock.at(TEN - timedelta(days=30)):
        at.us = gather("Harbour Street outreach", SLUG, NAMES, f"{uuid.uuid4().hex[:8]}.gallery")
        change_roles(by=at.us["Mo"], member=at.us["Ada"], is_lead=False, usually=Usually.CHAIR)
        change_roles(by=at.us["Mo"], member=at.us["Sol"], is_lead=False, usually=Usually.SCRIBE)
    with clock.at(TEN - timedelta(days=8)):
        _agreed(at)
        go_away(by=at.us["Mo"], member=at.us["Rosa"], first=TEN.date(), last=TEN.date() + timedelta(days=3))
        lines = [
            Line(ItemKind.LOOK_BACK, 5),
            Line(ItemKind.CASE, 10, presenter=at.us["Ben"].pk),
            Line(ItemKind.BUSINESS, 15, "Winter rota", at.us["Kit"].pk),
            Line(ItemKind.READ_BACK, 5),
            Line(ItemKind.OTHER, 5, "Dates"),
        ]
        planned = planning.plan_meeting(by=at.us["Mo"], starts=TEN, minutes=60, place="Room 2", agenda=lines)
        series.plan_series(
            by=at.us["Mo"],
            rule="FREQ=WEEKLY;BYDAY=TU",
            first=TEN.date() + timedelta(days=7),
            at=time(10),
            place="Room 2",
        )
    at.meeting = planned.pk
    # What is personal is known by its revisions, and those are raised when a transaction ends.
    own = {f"{subject}@{member.pk}": 1 for subject in ("jottings", "offers", "undo") for member in at.us.values()}
    Meeting.objects.filter(pk=at.meeting).update(changed=own)


def _before(at: Gallery) -> None:
    with clock.at(TEN - timedelta(minutes=6)):
        at.live("letterhead", "before it begins, nobody holds it yet")
        at.piece("hand", "Ben", "nobody holds it: I will")
        at.piece("roll", "Ben", "before it begins, nobody holds it yet")
        at.piece("room", "Ada", "the whole of it, before it begins")
        for kind, name in ((SeatKind.LEARNING, "Lin"), (SeatKind.CHAIR, "Ada"), (SeatKind.SCRIBE, "Sol")):
            seats.take_seat(by=at.us[name], meeting=at.meeting, kind=kind, member=at.us[name])
        at.live("when", "as booked")
    with clock.at(TEN):
        running.begin(by=at.us["Ada"], meeting=at.meeting)
        here = [at.us[name].pk for name in ("Ada", "Lin", "Sol", "Ben", "Kit")]
        running.tick_attendance(by=at.us["Sol"], meeting=at.meeting, here=here)
        at.live("letterhead", "held: to the others")
        at.live("letterhead", "held: to whoever holds it", "Lin")
        at.piece("hand", "Lin", "the way to hand over")
        at.piece("roll", "Ada", "while it goes on, five are here, one is away")


def _on(at: Gallery) -> int:
    return next(row.pk for row in meeting_for(at.person("Ada"), at.meeting).items.all() if row.is_now)


def _agenda(at: Gallery) -> None:
    with clock.at(TEN + timedelta(minutes=5)):
        agenda.next_item(by=at.us["Ada"], meeting=at.meeting, after=_on(at))
        at.live("now", "a case, its task not marked yet")
        at.piece("controls", "Ada", "whoever chairs: a case, its task not marked")
        at.piece("controls", "Ben", "while somebody else chairs")
        agenda.mark_task(by=at.us["Ada"], meeting=at.meeting, item=_on(at), task=Task.ENGAGEMENT)
        agenda.take_step(by=at.us["Ada"], meeting=at.meeting, item=_on(at), step=Step.MENTALIZE)
        at.live("now", "its task marked, at one of the four steps")
        at.live("agenda", "done, on, to come")
        agenda.more_minutes(by=at.us["Ada"], meeting=at.meeting, item=_on(at), minutes=30)
        at.live("when", "it outruns the booked time")
        at.piece("controls", "Ada", "the task marked, the next step")
        at.piece("undo", "Ada", "what she has just done")
        at.piece("undo", "Ben", "nothing to undo")
        for opened, says in (
            ("", "shut"),
            ("case", "a case in one row"),
            ("other", "an item in one row"),
            ("order", "the order"),
        ):
            at.piece("arrange", "Ben", says, f"open={opened}")
        agenda.more_minutes(by=at.us["Ada"], meeting=at.meeting, item=_on(at), minutes=-30)
    with clock.at(TEN + timedelta(minutes=8)):
        seats.leave_seat(by=at.us["Ada"], meeting=at.meeting, kind=SeatKind.CHAIR)
        at.piece("controls", "Ben", "nobody chairs: any of us may")
        seats.take_seat(by=at.us["Ada"], meeting=at.meeting, kind=SeatKind.CHAIR, member=at.us["Ada"])
        for name, inside in (("Vi Prior", False), ("Uri Elsby", True)):
            guest = visitors.ask_to_come_in(meeting=at.meeting, name=name, key=uuid.uuid4())
            if inside:
                visitors.let_in(by=at.us["Lin"], meeting=at.meeting, visitor=guest.pk)
        at.piece("door", "Lin", "somebody asks to come in")
        at.piece("roll", "Lin", "with a visitor inside")


def _refused[F: (JottingForm, OfferForm, OtherViewForm)](form: F, service: Callable[..., object], **values: Any) -> F:
    """The form as it comes back, with what the service refused beside its field."""
    form.is_valid()
    try:
        service(text=form.data["text"], **values)
    except Invalid as refused:
        beside(form, refused)
    return form


def _holder(at: Gallery) -> None:
    lin, ben, kit = (at.us[name] for name in ("Lin", "Ben", "Kit"))
    here: dict[str, Any] = {"meeting": at.meeting}
    with clock.at(TEN + timedelta(minutes=9)):
        at.piece("jot_form", "Lin", "empty")
        long = _refused(JottingForm({"text": "calmer at the door, " * 120}), jottings.keep_jotting, by=lin, **here)
        at.piece("jot_form", "Lin", "too long", jotting_form=long)
        at.piece("jottings", "Lin", "nothing kept yet")
        at.piece("offer_form", "Ben", "empty")
        stop = _refused(OfferForm({"text": STOPPED}), offers.make_offer, by=ben, **here)
        at.piece("offer_form", "Ben", "a hard stop", offer_form=stop)
        first = jottings.keep_jotting(by=lin, text="rang first, calmer at the door", **here)
        jottings.keep_jotting(by=lin, text="asked each service what worries them most", **here)
        made = [
            offers.make_offer(by=ben, text=WORDS[2], **here),
            offers.make_offer(by=kit, text="Write down the next step together", named=False, **here),
            offers.make_offer(by=ben, text="Ask before we ring a school", **here),
        ]
        offers.leave_for_later(by=lin, offer=made[2].pk, **here)
        at.piece("tray", "Lin", "offered by name, without a name, left for later")
        at.piece("tray", "Ben", "one’s own offers, while they wait")
        at.page("raise", "Lin", "a jotting, put into words", room_views.raise_page, at.meeting, first.pk)
        at.page("raise", "Lin", "I noticed", desk_views.new, at.meeting, query="kind=noticed")
        stopped = f"kind=point&text={STOPPED.replace(' ', '+')}"
        at.page("raise", "Lin", "a hard stop", holder_views.raise_it, at.meeting, posted=stopped)
        at.page("jotting", "Lin", "in other words", holder_views.change, at.meeting, first.pk)
        for text in WORDS[:2]:
            points.raise_point(by=lin, text=text, **here)
        points.raise_point(by=lin, text="", aloud=True, **here)
        points.notice(by=lin, text="We slowed down and thought better for it", **here)
        offers.take_offer(by=lin, offer=made[0].pk, **here)
        at.piece("jottings", "Lin", "two kept, four waiting in her order, one noticed")
        at.piece("tray", "Ben", "one was taken")
        at.page("merge", "Lin", "two of what waits", desk_views.merge, at.meeting)
        waiting = list(Point.objects.filter(meeting=at.meeting)[:2])
        two = f"point={waiting[0].pk}&point={waiting[1].pk}"
        at.page("merge", "Lin", "both above one field", desk_views.merge, at.meeting, query=two)
        at.page("waiting", "Lin", "a waiting point in other words", holder_views.reword, at.meeting, waiting[0].pk)
        at.piece("desk", "Lin", "whoever holds it")
        at.piece("desk", "Kit", "the others")
        at.piece("room", "Lin", "the whole of it, for whoever holds it")


def _handover(at: Gallery) -> None:
    with clock.at(TEN + timedelta(minutes=12)):
        at.piece("handover", "Lin", "nothing to hand over")
        seats.leave_seat(by=at.us["Sol"], meeting=at.meeting, kind=SeatKind.LEARNING)
        at.live("letterhead", "called out: nobody holds it now")
        at.piece("hold", "Ben", "I’ll hold it")
        at.piece("handover", "Ben", "what the room will see")
        at.piece("handover", "Lin", "to whoever held it")
        at.piece("handover", "Ada", "to whoever chairs: ask someone")
        seats.take_seat(by=at.us["Ben"], meeting=at.meeting, kind=SeatKind.LEARNING, member=at.us["Ben"])
        at.live("letterhead", "somebody stands in, since", "Kit")
        at.piece("handover", "Ben", "who holds it presents the item that is on")
        at.piece("back", "Lin", "take it back, or leave it")
        kept = Jotting.objects.filter(meeting=at.meeting, author=at.us["Lin"])[0]
        at.page("pass-on", "Lin", "a jotting, by hand", desk_views.pass_on, at.meeting, kept.pk)
        seats.take_seat(by=at.us["Lin"], meeting=at.meeting, kind=SeatKind.LEARNING, member=at.us["Lin"])


def _as_they_come(at: Gallery) -> None:
    """Taken back: the rest of the meeting reads points back all together."""
    ada, lin = at.us["Ada"], at.us["Lin"]
    here: dict[str, Any] = {"meeting": at.meeting}
    with suppress(_TakenBackError), transaction.atomic(), clock.at(TEN + timedelta(minutes=14)):
        _agreed(at, raise_rule=RaiseRule.AS_THEY_COME)
        at.piece("jottings", "Lin", "as they come: what waits may be raised")
        at.live("raised", "none yet")
        came = [points.raise_point(by=lin, text=text, **here) for text in WORDS[:2]]
        at.piece("come", "Ada", "as they come: now or later, for whoever chairs")
        along.put_off(by=ada, point=came[1].pk, **here)
        along.take_up(by=ada, point=came[0].pk, **here)
        at.live("readback", "as it came up")
        at.piece("pen", "Sol", "as it came up, with the pen")
        read_back.settle(by=at.us["Sol"], point=came[0].pk, outcome=PointState.AGREED, **here)
        at.live("raised", "as they come: agreed, and later")
        at.piece("tray", "Kit", "hers, offered without a name")
        raise _TakenBackError


def _due(at: Gallery) -> None:
    with clock.at(TEN + timedelta(minutes=26)):
        at.piece("due", "Lin", "ten minutes before, to whoever holds it")
        at.piece("due", "Ada", "ten minutes before, to whoever chairs")
    with clock.at(TEN + timedelta(minutes=51)):
        at.piece("due", "Lin", "it is due: to whoever holds it")
        at.piece("due", "Ben", "it is due: to everybody else")
        at.page("pick", "Lin", "which are read back", room_views.pick, at.meeting)
        at.page("pick", "Ben", "to those who don’t hold it", room_views.pick, at.meeting)
    with suppress(_TakenBackError), transaction.atomic(), clock.at(TEN + timedelta(minutes=51)):
        read_back.without_points(by=at.us["Ada"], meeting=at.meeting, outcome=Outcome.NONE_TODAY)
        at.live("readback", "no learning point today")
        read_back.without_points(by=at.us["Ada"], meeting=at.meeting, outcome=Outcome.NO_TIME)
        at.live("readback", "no time today")
        raise _TakenBackError


def _read_back(at: Gallery) -> None:
    ada, lin, sol, ben = (at.us[name] for name in ("Ada", "Lin", "Sol", "Ben"))
    here: dict[str, Any] = {"meeting": at.meeting}
    picked = list(Point.objects.filter(meeting=at.meeting).exclude(text="")[:3])
    one, two, three = picked
    with clock.at(TEN + timedelta(minutes=52)):
        read_back.start(by=lin, picked=[point.pk for point in picked], **here)
        at.live("readback", "said first")
        at.piece("pen", "Lin", "after it was said: start with 1")
        read_back.first_point(by=lin, **here)
        read_back.type_words(
            by=sol, point=one.pk, text=WORDS[0], applies="first visits", action="ring", owner=ben, **here
        )
        at.live("readback", "one point at a time, to everybody")
        at.piece("pen", "Sol", "with the pen")
        at.piece("pen", "Ben", "without it: read it, see it differently, take the pen")
        seen = _refused(OtherViewForm({"text": STOPPED}), other_views.see_differently, by=ben, point=one.pk, **here)
        at.piece("pen", "Ben", "a different view, refused", view_form=seen)
        other_views.see_differently(by=ben, point=one.pk, text="With some, a letter", **here)
        read_back.tick_read(by=ben, point=one.pk, seen=Point.objects.get(pk=one.pk).version, **here)
        at.piece("pen", "Ada", "to whoever chairs: two views, and read")
        _two_editors(at, one)
        read_back.settle(by=sol, point=one.pk, outcome=PointState.AGREED, **here)
        read_back.settle(by=sol, point=two.pk, outcome=PointState.PARKED, **here)
        at.live("raised", "agreed, parked, and one to come")
        _visiting(at)
        read_back.settle(by=sol, point=three.pk, outcome=PointState.LEFT, reason="We do it already", **here)
        at.live("readback", "how it went")
        at.piece("pen", "Ada", "after it: close")
        at.piece("tray", "Ben", "read back, and left; not brought in")
        at.piece("at_close", "Ada", "who was here?")
    with clock.at(TEN + timedelta(minutes=57)):
        for _item in range(2):
            agenda.next_item(by=ada, after=_on(at), **here)
        at.piece("controls", "Ada", "the last item: close the meeting")


def _two_editors(at: Gallery, point: Point) -> None:
    """The pen's words, where somebody else wrote meanwhile."""
    team = at.team.pk
    form = WordsForm({"text": "Ring the day before, every time", "version": "1"}, team_id=team)
    form.is_valid()
    now = Point.objects.get(pk=point.pk)
    merge(form, Stale("Somebody else wrote here meanwhile."), version=now.version, now=WordsForm.now(now))
    at.piece("pen", "Sol", "somebody else wrote meanwhile: a person merges", words_form=form)
    stopped = WordsForm({"text": STOPPED, "version": str(now.version)}, team_id=team)
    stopped.is_valid()
    try:
        read_back.type_words(by=at.us["Sol"], meeting=at.meeting, point=point.pk, text=STOPPED, seen=now.version)
    except Invalid as refused:
        beside(stopped, refused)
    at.piece("pen", "Sol", "a hard stop", words_form=stopped)
    posted = f"text=Ring+the+day+before&version={now.version}"
    request = at.asked("Kit", posted=posted)
    request.META = {**request.META, "HTTP_HX_REQUEST": "true"}
    request.__dict__.pop("headers", None)
    shown = read_back_views.words(request, SLUG, at.meeting, point.pk).content.decode()
    at.add("aside", "words of whoever has lost the pen", at.us["Kit"].pk, shown)


def _visiting(at: Gallery) -> None:
    guest = Visitor.objects.inside().get(meeting=at.meeting)
    found = Meeting.objects.select_related("team").get(pk=at.meeting)
    request = copy(at.request)
    team = found.team
    request.principal = Guest("visitor", (team.pk,), None, None, found.pk, team.zone, found, guest)  # type: ignore[attr-defined]
    token = visit_token(found)
    html = visit_views.visit(request, token).content.decode()
    main = re.search(r"<main\b.*</main>", html, re.DOTALL)
    at.add("visit", "the room as a visitor sees it", 0, main.group() if main else "")


def _beside(at: Gallery) -> None:
    """Pages of the team, while the meeting goes on."""
    coming = Meeting.objects.filter(team=at.team, starts__gt=TEN + timedelta(days=1)).order_by("starts")[0]
    weekly = Series.objects.get(team=at.team)
    with clock.at(TEN + timedelta(minutes=58)):
        item = agenda.add_item(by=at.us["Kit"], meeting=coming.pk, kind=ItemKind.OTHER, minutes=10, label="Rota")
        at.page("plan", "Mo", "a meeting to come", planning_views.plan, coming.pk)
        at.page("plan", "Mo", "one row open", planning_views.plan, coming.pk, query=f"item={item.pk}")
        at.page("plan", "Mo", "a case more", planning_views.plan, coming.pk, query="add=case")
        at.page("dates", "Mo", "what comes", dates_views.dates)
        at.page("dates", "Mo", "a series, changed", dates_views.change, weekly.pk)
        line = weekly.lines.all()[1]
        at.page("dates", "Mo", "what it begins with", dates_views.lines, weekly.pk, query=f"line={line.pk}")
        at.page("team", "Mo", "the agreement", agreement_views.agreement)
        at.page("team", "Mo", "people", people_views.list_people)
        at.page("team", "Mo", "a member who is away", people_views.member, at.us["Rosa"].pk)
        _agreed(at, holder_rule=HolderRule.ROTATION)
        at.page("plan", "Ben", "whose turn it is", planning_views.plan, coming.pk)


def _small_and_late(at: Gallery) -> None:
    """What stands on pages only now and then."""
    lin = at.person("Lin")
    found = meeting_for(lin, at.meeting)
    context = {
        "person": lin,
        "team": lin.team,
        "meeting": found,
        "user": lin.user,
        "hint": "The others see your first name.",
    }
    sentence = "Ada has the chair, so Ada moves the meeting on."
    context |= {
        "share": Share(at.us["Kit"], yours=False, lead=True, turns=False),
        "field": NameForm({"name": ""})["name"],
    }
    for template, says, more in (
        ("components/refusal", "not allowed, or not as things stand", {"sentence": sentence}),
        ("components/typed", "what a refused page gives back", {"typed": WORDS[:2]}),
        ("meetings/parts/share", "eight times in a row", {}),
        (
            "meetings/parts/share",
            "eight times in a row, to whoever it was",
            {"share": Share(at.us["Lin"], yours=True, lead=False, turns=True)},
        ),
        ("teams/parts/name", "left empty", {}),
        ("teams/parts/account", "outside any team", {}),
        ("learning/parts/beside", "what stays until it is put away", {}),
        ("learning/parts/keys", "the keys of the room", {}),
    ):
        html = render_to_string(f"{template}.html", context | more, at.asked("Lin"))
        at.add(template.rsplit("/", 1)[1], says, lin.member.pk, _unfolded(html))
    whole = room_views.meeting(at.asked("Lin"), SLUG, at.meeting).content.decode()
    for name, html in re.findall(r'<template id="notice-([a-z-]+)">(.*?)</template>', whole, re.DOTALL):
        at.add("notice", name.replace("-", " "), lin.member.pk, html)


def _unfolded(html: str) -> str:
    """With what scripts take out of a <template> in sight."""
    return re.sub(r"<(/?)template\b", r"<\1div", html).replace(" hidden>", ">")


def _over(at: Gallery) -> None:
    lin = at.us["Lin"]
    here: dict[str, Any] = {"meeting": at.meeting}
    with clock.at(TEN + timedelta(minutes=62)):
        running.close(by=at.us["Ada"], **here)
        at.page("closed", "Ben", "to whoever offered", room_views.meeting, at.meeting)
        at.page("home", "Lin", "what waits", home_views.team_home)
        at.page("summary", "Lin", "composed", summary_views.compose, at.meeting)
        summary.send(by=lin, **here)
        summary.begin_again(by=lin, **here)
        summary.send(by=lin, **here)
        at.page("closed", "Lin", "sent twice", room_views.meeting, at.meeting)
        at.page("summary", "Lin", "as it was sent", record_views.as_it_was_sent, at.meeting, 1)
        at.page("summary", "Lin", "after it was sent", summary_views.compose, at.meeting)
