"""The permanent cast, for tests: Harbour Street and Mill Lane, gathered and moved through the services as the doors do it."""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import time, timedelta
from typing import Any, ParamSpec, TypeVar
from uuid import uuid4

from django.conf import settings
from django.db import connection, connections, models
from django.test import Client
from django.test.utils import CaptureQueriesContext
from redis import Redis

from core import clock
from core.live import quiet
from core.scope import everything, scope
from learning.management.cast import HARBOUR, MILL, NAMES, gather
from learning.models import Jotting, Offer, Point, ReadBack
from learning.roles import PointState
from learning.services import jottings, offers, points, read_back
from meetings.models import Item, ItemKind, Meeting, Pause, Series, SeriesLine, Visitor, WallCode
from meetings.roles import SeatKind
from meetings.services import agenda, planning, running, seats, visitors
from meetings.services.planning import Line
from meetings.services.series import pause, plan_series
from teams.models import Activity, Away, Invitation, Letter, Membership, Team
from teams.queries import agreement_of
from teams.roles import HolderRule, RaiseRule, Usually
from teams.rules import Person
from teams.services.members import change_roles, go_away, invite, leave
from teams.services.teams import change_agreement

P = ParamSpec("P")
T = TypeVar("T")
M = TypeVar("M", bound=models.Model)

FORMER = "Vi Prior"  # was of Harbour Street, and has left
GENERAL = (
    "A short call the day before makes a first visit easier to keep",
    "Ask each service what worries it most before talking about plans",
    "Leave the next step on paper, in the person’s own words",
    "Offer two times rather than asking when suits",
)


@dataclass
class Cast:
    """Both teams, by first name."""

    us: dict[str, Membership]
    them: dict[str, Membership]
    team: Team = field(init=False)
    other: Team = field(init=False)

    def __post_init__(self) -> None:
        self.team, self.other = self.us["Mo"].team, self.them["Otto"].team

    def __getattr__(self, name: str) -> Membership:
        try:
            everybody: dict[str, Membership] = {**self.__dict__["us"], **self.__dict__["them"]}
            return everybody[name.capitalize()]
        except KeyError:
            raise AttributeError(name) from None


@quiet()
def gather_cast(raise_rule: RaiseRule = RaiseRule.AT_READ_BACK) -> Cast:
    """Ada usually chairs, Sol is usual scribe, Mo and Rosa lead, the holder is appointed; Vi was one of them."""
    with everything("the cast of the tests"), clock.at(clock.now() - timedelta(days=60)):
        us = gather("Harbour Street outreach", HARBOUR, (*NAMES, FORMER), "harbour")
        them = gather("Mill Lane", MILL, ("Otto Brandt", "Tess Day", "Jo Field"), "mill")
        change_roles(by=us["Mo"], member=us["Rosa"], is_lead=True, usually=Usually.NOTHING)
        change_roles(by=us["Mo"], member=us["Ada"], is_lead=False, usually=Usually.CHAIR)
        change_roles(by=us["Mo"], member=us["Sol"], is_lead=False, usually=Usually.SCRIBE)
        leave(by=us["Mo"], member=us["Vi"])
        for lead in (us["Mo"], them["Otto"]):
            change_agreement(
                by=lead, holder_rule=HolderRule.APPOINTED, raise_rule=raise_rule, read_back_minutes=5, way_out="Ring."
            )
    return Cast(us, them)


# --- As a door does it ---


def do[**P, T](service: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """One service in a scope and transaction of its own: that of the team of `by`."""
    by = kwargs["by"]
    assert isinstance(by, Membership)
    with scope(by.team_id):
        return service(*args, **kwargs)


def look[T](query: Callable[[], T]) -> T:
    """What the rows say, whosever they are."""
    with everything("a test looks"):
        return query()


def again[M: models.Model](row: M) -> M:
    """The row as it is now."""
    return look(lambda: type(row)._base_manager.get(pk=row.pk))


def count(model: type[models.Model], **which: Any) -> int:
    return look(lambda: model._base_manager.filter(**which).count())


def verbs(team: Team) -> list[str]:
    """What was written down of this team, the oldest first."""
    return look(lambda: list(Activity.objects.filter(team=team).order_by("pk").values_list("verb", flat=True)))


def person_of(member: Membership) -> Person:
    """A member as their own doorway lets them in."""
    with everything("a test looks"):
        found = Membership.objects.select_related("user", "team").get(pk=member.pk)
    return Person(
        kind="person",
        team_ids=(found.team_id,),
        user_id=found.user_id,
        member_id=found.pk,
        zone=found.team.zone,
        user=found.user,
        team=found.team,
        member=found,
    )


def client_of(member: Membership | None, **more: Any) -> Client:
    """A browser in which this member is signed in (nobody: None)."""
    client = Client(**more)
    if member is not None:
        client.force_login(member.user)
    return client


# --- A meeting, in one call (and told to nobody: what is published is tested with `do` and `overheard`) ---


def lines(cast: Cast) -> list[Line]:
    return [
        Line(ItemKind.LOOK_BACK, 5),
        Line(ItemKind.CASE, 10, presenter=cast.ben.pk),
        Line(ItemKind.CASE, 10, presenter=cast.mo.pk),
        Line(ItemKind.BUSINESS, 15, "Winter rota", cast.kit.pk),
        Line(ItemKind.READ_BACK, 5),
        Line(ItemKind.OTHER, 5, "Dates"),
    ]


@quiet()
def planned(
    cast: Cast, *, minutes: int = 60, holder: str | None = "Lin", agenda: Sequence[Line] | None = None
) -> Meeting:
    """A meeting of Harbour Street that begins in five minutes, so that its room is open: Ada chairs, Lin holds, Sol scribes."""
    meeting = do(
        planning.plan_meeting,
        by=cast.mo,
        starts=clock.now() + timedelta(minutes=5),
        minutes=minutes,
        place="Room 2",
        agenda=lines(cast) if agenda is None else agenda,
    )
    if holder is not None:
        do(seats.take_seat, by=cast.mo, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.us[holder])
    return again(meeting)


@quiet()
def live(cast: Cast, *, holder: str | None = "Lin", agenda: Sequence[Line] | None = None) -> Meeting:
    """The same, begun by Ada."""
    meeting = planned(cast, holder=holder, agenda=agenda)
    do(running.begin, by=cast.ada, meeting=meeting.pk)
    return again(meeting)


@quiet()
def raised(cast: Cast, meeting: Meeting, number: int = 1, *, by: Membership | None = None) -> list[Point]:
    """So many points raised by whoever holds the seat (Lin)."""
    return [do(points.raise_point, by=by or cast.lin, meeting=meeting.pk, text=text) for text in GENERAL[:number]]


@quiet()
def reading(cast: Cast, number: int = 1) -> tuple[Meeting, list[Point]]:
    """A live meeting whose read-back stands at its first point; Sol has the pen."""
    meeting = live(cast)
    found = raised(cast, meeting, number)
    do(read_back.start, by=cast.lin, meeting=meeting.pk, picked=[point.pk for point in found[:3]])
    do(read_back.first_point, by=cast.lin, meeting=meeting.pk)
    return again(meeting), [again(point) for point in found]


@quiet()
def settle(cast: Cast, meeting: Meeting, point: Point, outcome: PointState = PointState.AGREED) -> Point:
    return do(read_back.settle, by=cast.sol, meeting=meeting.pk, point=point.pk, outcome=outcome)


@quiet()
def closed(cast: Cast, *, agreed: int = 1, holder: str | None = "Lin") -> Meeting:
    """A meeting that Ada closed, with so many agreed points (at most three)."""
    meeting = live(cast, holder=holder)
    if agreed:
        assert holder is not None
        found = raised(cast, meeting, agreed, by=cast.us[holder])
        do(read_back.start, by=cast.ada, meeting=meeting.pk)
        do(read_back.first_point, by=cast.ada, meeting=meeting.pk)
        for point in found:
            settle(cast, meeting, point)
    do(running.close, by=cast.ada, meeting=meeting.pk)
    return again(meeting)


def read_back_of(meeting: Meeting) -> ReadBack:
    return look(lambda: ReadBack.objects.get(meeting=meeting))


def items_of(meeting: Meeting) -> list[Item]:
    return look(lambda: list(Item.objects.filter(meeting=meeting).select_related("presenter__user")))


@quiet()
def next_item(cast: Cast, meeting: Meeting) -> None:
    """On to the next item, by Ada."""
    on = next((item for item in items_of(meeting) if item.is_now), None)
    do(agenda.next_item, by=cast.ada, meeting=meeting.pk, after=on.pk if on else None)


def as_they_come(cast: Cast) -> None:
    """From now on Harbour Street sees points at once."""
    do(
        change_agreement,
        by=cast.mo,
        holder_rule=HolderRule.APPOINTED,
        raise_rule=RaiseRule.AS_THEY_COME,
        read_back_minutes=5,
        way_out="Ring.",
    )


def takes_visitors(cast: Cast, yes: bool = True) -> None:
    """From now on Harbour Street takes visitors, or none any more."""
    now = look(lambda: agreement_of(cast.team.pk))
    kept = ("holder_rule", "raise_rule", "read_back_minutes", "way_out")
    do(change_agreement, by=cast.mo, **{name: getattr(now, name) for name in kept}, visitors=yes)


@quiet()
def visitor(cast: Cast, meeting: Meeting, name: str, *, inside: bool = True, out: bool = False) -> Visitor:
    """Somebody who asked to come in, and whom Lin let in."""
    takes_visitors(cast)
    with scope(meeting.team_id):
        guest = visitors.ask_to_come_in(meeting=meeting.pk, name=name, key=uuid4())
    if inside:
        do(visitors.let_in, by=cast.lin, meeting=meeting.pk, visitor=guest.pk)
    if out:
        do(visitors.see_out, by=cast.lin, meeting=meeting.pk, visitor=guest.pk)
    return again(guest)


@dataclass
class Stage:
    """One meeting of Harbour Street in each phase, with something in every tray; and a live one of Mill Lane."""

    planned: Meeting
    live: Meeting  # Lin holds and has jotted, raised a point, noticed something; Ben has offered one
    reading: Meeting  # at the first of two points, Sol has the pen
    closed: Meeting  # two agreed points, summary not sent
    elsewhere: Meeting
    jotting: Jotting
    offer: Offer
    waiting: Point  # in `live`
    read: Point  # the one being read back in `reading`
    agreed: list[Point]  # in `closed`
    invitation: Invitation
    away: Away  # of Kit, three weeks from now
    token: str
    code: str  # of the wall of `live`
    series: Series  # each month, from next month on
    line: SeriesLine  # of what it begins with
    off: Meeting  # one of its dates, in the pause
    pause: Pause
    guests: dict[str, Visitor]  # at the door of `live`, inside it, seen out of it; inside `reading`


@quiet()
def stage(cast: Cast) -> Stage:
    over = closed(cast, agreed=2)
    read, points_read = reading(cast, 2)
    ahead, now = planned(cast), live(cast)
    jotting = do(jottings.keep_jotting, by=cast.lin, meeting=now.pk, text="calmer at the door, rang first")
    offer = do(offers.make_offer, by=cast.ben, meeting=now.pk, text="Keep one list of who answers the phone")
    do(points.notice, by=cast.lin, meeting=now.pk, text="We slowed down and thought better for it")
    [waiting] = raised(cast, now)
    do(running.tick_attendance, by=cast.sol, meeting=now.pk, here=[cast.lin.pk, cast.ben.pk, cast.sol.pk])
    there = do(planning.plan_meeting, by=cast.otto, starts=clock.now() + timedelta(minutes=5))
    do(seats.take_seat, by=cast.otto, meeting=there.pk, kind=SeatKind.LEARNING, member=cast.tess)
    do(running.begin, by=cast.otto, meeting=there.pk)
    month = (clock.now() + timedelta(days=31)).date().replace(day=1)
    monthly = do(plan_series, by=cast.mo, rule="FREQ=MONTHLY;BYDAY=1TU", first=month, at=time(10), place="Room 2")
    off = look(lambda: Meeting.objects.filter(series=monthly).earliest("starts"))
    paused = do(pause, by=cast.mo, first=off.starts.date(), last=off.starts.date())
    asked = do(invite, by=cast.mo, email="new@harbour.example")
    letter = look(lambda: Letter.objects.get(key=f"invitation:{asked.pk}"))
    in_three_weeks = (clock.now() + timedelta(days=21)).date()
    return Stage(
        planned=ahead,
        live=now,
        reading=read,
        closed=over,
        elsewhere=again(there),
        jotting=jotting,
        offer=offer,
        waiting=waiting,
        read=points_read[0],
        agreed=look(lambda: list(Point.objects.filter(meeting=over))),
        invitation=asked,
        away=do(go_away, by=cast.ben, member=cast.kit, first=in_three_weeks, last=in_three_weeks),
        token=letter.data["token"],
        code=look(lambda: WallCode.objects.get(meeting=now).code),
        series=monthly,
        line=look(lambda: SeriesLine.objects.filter(series=monthly)[1]),
        off=off,
        pause=paused,
        guests={
            "door": visitor(cast, now, "Una Doorley", inside=False),
            "guest": visitor(cast, now, "Ugo Innes"),
            "out": visitor(cast, now, "Ula Gonne", out=True),
            "other": visitor(cast, read, "Uri Elsby"),
        },
    )


def where_stored(words: str) -> list[str]:
    """Every table of the database that holds these words anywhere, whoever may see them."""
    with connections["owner"].cursor() as cursor:
        tables = sorted(connections["owner"].introspection.table_names(cursor))
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name} row WHERE strpos(row::text, %s) > 0)"
                for name in tables
            ),
            [words] * len(tables),
        )
        return [name for (name,) in cursor.fetchall()]


# --- What goes out ---


@contextmanager
def overheard() -> Iterator[list[dict[str, Any]]]:
    """Everything that is published meanwhile to those who watch any meeting, off the real Redis."""
    ear = Redis.from_url(settings.REDIS_URL).pubsub()  # type: ignore[no-untyped-call]
    ear.psubscribe("live:*")
    assert ear.get_message(timeout=5) is not None  # that we listen now
    heard: list[dict[str, Any]] = []
    try:
        yield heard
        Redis.from_url(settings.REDIS_URL).publish("live:end", "{}")
        while (message := ear.get_message(timeout=5)) is not None and message["channel"] != b"live:end":
            heard.append({"channel": message["channel"].decode(), **json.loads(message["data"])})
    finally:
        ear.close()


@contextmanager
def counted() -> Iterator[Callable[[], int]]:
    """How many queries it takes."""
    with CaptureQueriesContext(connection) as queries:
        yield lambda: len(queries.captured_queries)
