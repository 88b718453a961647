"""How much mail a quarter of a team makes: about one letter a week for a member, three for a holder who sends on time.

Thirteen Tuesdays of Harbour Street, told through the services under a moved clock, with the clock's duties run as they would be. Letters
written so are held: each is composed at the moment it is due, from the rows as they are then, which tells whether it would leave.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import clock
from core.clockwork import duties
from core.live import quiet
from learning.services.summary import send
from meetings.models import Meeting, Phase
from meetings.queries.dates import Often, rule_of
from meetings.roles import SeatKind
from meetings.rules import seats_of
from meetings.services import planning, running
from meetings.services.series import plan_series
from teams.models import Letter
from teams.roles import HolderRule, RaiseRule
from teams.services.teams import change_agreement
from tests.cast import Cast, do, gather_cast, look
from tests.learning.asked import leaves
from tests.marks import ROWS

pytestmark = ROWS

LONDON = ZoneInfo("Europe/London")
BEFORE = datetime(2026, 8, 17, 12, tzinfo=LONDON)  # two weeks before, when the series is planned
FIRST = date(2026, 9, 1)
LAST = FIRST + timedelta(weeks=12)  # across the end of summer time
MOVED, CANCELLED = FIRST + timedelta(weeks=4), FIRST + timedelta(weeks=7)
SAID_MOVED, SAID_CANCELLED = MOVED - timedelta(days=6), CANCELLED - timedelta(days=4)
MORNING, EVENING = time(8, 1), time(18)  # when the clock's duties are run, every day
OURS = ("meetings.tasks", "learning.tasks")


class Quarter:
    """What happens, in order, and which letters leave meanwhile."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.reckoned = BEFORE
        self.left: list[tuple[str, str, date]] = []  # first name, kind, day
        self.held: dict[date, str] = {}  # who kept learning in mind on which day

    def at(self, moment: datetime, happens: Callable[[], object]) -> None:
        """Letters that are due by then leave before it; those that it makes at once, before the next, when all is as it was."""
        self.post(moment)
        with clock.at(moment), quiet():
            happens()

    def post(self, until: datetime) -> None:
        due = Letter.objects.filter(due_at__gt=self.reckoned, due_at__lte=until)
        self.reckoned = until
        for letter in look(lambda: list(due.select_related("user").order_by("due_at", "pk"))):
            if letter.user is not None and leaves(letter) is not None:
                self.left.append((letter.user.first_name, letter.kind, letter.due_at.astimezone(LONDON).date()))

    def week(self, day: date) -> Counter[str]:
        """How many letters each person got in the week of this day."""
        monday = day - timedelta(days=day.weekday())
        return Counter(name for name, _kind, on in self.left if monday <= on < monday + timedelta(days=7))

    def meet(self, day: date) -> None:
        """The meeting of that day, on time; whoever holds the seat sends the summary an hour later."""
        starts = datetime.combine(day, time(10), LONDON)
        meeting = look(lambda: Meeting.objects.get(team=self.cast.team, starts=starts, phase=Phase.PLANNED))
        holder = look(lambda: seats_of(meeting)[SeatKind.LEARNING])
        self.held[day] = holder.first_name

        def through() -> None:
            everybody = [member.pk for member in self.cast.us.values()]
            do(running.begin, by=self.cast.ada, meeting=meeting.pk)
            do(running.tick_attendance, by=self.cast.ada, meeting=meeting.pk, here=everybody)

        def close() -> None:
            do(running.close, by=self.cast.ada, meeting=meeting.pk)

        self.at(starts, through)
        self.at(starts + timedelta(minutes=61), close)
        self.at(starts + timedelta(minutes=120), lambda: do(send, by=holder, meeting=meeting.pk))


def on_the_clock(every: float) -> None:
    """Those duties that are run at least so often (in seconds)."""
    for duty in duties.values():
        if duty.run.__module__ in OURS and duty.every <= every:
            duty.run()


def days() -> Iterator[date]:
    day = BEFORE.date()
    while day <= LAST + timedelta(days=5):
        yield day
        day += timedelta(days=1)


def change(cast: Cast, day: date) -> None:
    """What is changed on that day about a date to come."""
    if day == SAID_MOVED:  # to the Thursday
        found = look(lambda: Meeting.objects.get(team=cast.team, original_date=MOVED))
        starts = found.starts + timedelta(days=2)
        do(planning.change_plan, by=cast.mo, meeting=found.pk, starts=starts, minutes=60, place="Room 2", video="")
    if day == SAID_CANCELLED:
        found = look(lambda: Meeting.objects.get(team=cast.team, original_date=CANCELLED))
        do(planning.cancel, by=cast.mo, meeting=found.pk)


@pytest.fixture
def quarter(transactional_db: Any) -> Quarter:
    with clock.at(BEFORE):
        cast = gather_cast()
        do(
            change_agreement,
            by=cast.mo,
            holder_rule=HolderRule.ROTATION,
            raise_rule=RaiseRule.AT_READ_BACK,
            read_back_minutes=5,
            way_out="Ring.",
        )
    told = Quarter(cast)
    told.at(
        BEFORE,
        lambda: do(
            plan_series,
            by=cast.mo,
            rule=rule_of(Often.WEEKLY, FIRST.weekday()),
            first=FIRST,
            at=time(10),
            minutes=60,
            place="Room 2",
        ),
    )
    meets = {FIRST + timedelta(weeks=week) for week in range(13)} - {MOVED, CANCELLED} | {MOVED + timedelta(days=2)}
    for day in days():
        often = 600 if day.weekday() else 86_400  # what is done seldom is done on Mondays
        told.at(datetime.combine(day, MORNING, LONDON), lambda often=often: on_the_clock(often))  # type: ignore[misc]
        if day in (SAID_MOVED, SAID_CANCELLED):
            told.at(datetime.combine(day, time(9), LONDON), lambda day=day: change(cast, day))  # type: ignore[misc]
        if day in meets:
            told.meet(day)
        told.at(datetime.combine(day, EVENING, LONDON), lambda: on_the_clock(600))
    told.post(datetime.combine(LAST + timedelta(days=6), time(0), LONDON))
    return told


def test_a_quarter_of_a_team_keeps_to_the_budget(quarter: Quarter) -> None:
    cast, told = quarter.cast, quarter
    present = {name for name in cast.us if name != "Vi"}
    assert (len(told.held), len(set(told.held.values()))) == (12, 7)  # by turns; Ada chairs and Sol writes
    changes = (BEFORE.date(), SAID_MOVED, SAID_CANCELLED)
    over = []
    for monday in (day for day in days() if day.weekday() == 0):
        within = range(monday.toordinal(), monday.toordinal() + 7)
        holders = {name for on, name in told.held.items() if on.toordinal() in within}
        changed = sum(on.toordinal() in within for on in changes)
        for name, number in told.week(monday).items():
            allowed = (3 if name in holders else 1) + changed
            if number > allowed:
                over.append((monday, name, number, allowed))
    assert over == []
    kinds = Counter((name, kind) for name, kind, _day in told.left)
    assert {name for name, _kind in kinds} == present
    for name in present:
        turns = sum(holder == name for holder in told.held.values())
        mail = {kind: number for (whose, kind), number in kinds.items() if whose == name}
        always = {"dates": 1, "changed": 1, "cancelled": 1, "summary": 12}
        assert mail == (always | {"card": turns, "prompt": turns} if turns else always), name

    # So that this could fail: where nobody sends, the same reckoning sees the reminder, and then the question to the leads.
    day = LAST + timedelta(weeks=1)
    starts = datetime.combine(day, time(10), LONDON)
    meeting = look(lambda: Meeting.objects.get(team=cast.team, starts=starts))
    told.at(starts - timedelta(days=1), lambda: on_the_clock(600))
    holder = look(lambda: seats_of(meeting)[SeatKind.LEARNING]).first_name
    told.at(starts, lambda: do(running.begin, by=cast.ada, meeting=meeting.pk))
    told.at(starts + timedelta(minutes=60), lambda: do(running.close, by=cast.ada, meeting=meeting.pk))
    for later in range(1, 5):
        told.at(datetime.combine(day + timedelta(days=later), MORNING, LONDON), lambda: on_the_clock(600))
    told.post(starts + timedelta(days=5))
    after = sorted((kind, name) for name, kind, on in told.left if on >= day)
    leads = sorted({"Mo", "Rosa"} - {holder})
    assert after == [("prompt", holder), ("reminder", holder), *(("takeover", lead) for lead in leads)]
