"""Every quarter hour of every day on which clocks change, 2026 to 2035: one date each, one prompt each, at the right local time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import clock
from core.live import quiet
from core.scope import everything, scope
from core.workdays import is_working, mornings_later, next_working_morning, working_morning_before
from core.zones import changes
from learning.management.cast import gather
from meetings.models import How, Meeting, Phase, Seat, Series
from meetings.queries.dates import Often, dates_of, rule_of, starts_on
from meetings.roles import SeatKind
from meetings.services import running
from meetings.services.series import make_dates
from teams.models import Letter, Membership, Team, TeamAgreement
from teams.roles import HolderRule
from tests.cast import look
from tests.marks import ROWS

ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "Australia/Sydney", "America/Santiago")
YEARS = range(2026, 2036)
QUARTER = timedelta(minutes=15)
QUARTERS = [time(hour, minute) for hour in range(24) for minute in (0, 15, 30, 45)]


@dataclass(frozen=True)
class ChangeDay:
    """One day on which the clocks of a zone change, found by walking through it."""

    zone: str
    day: date
    shift: timedelta  # forward, or back
    shown: time  # what the clocks show when they are changed


def wall(moment: datetime, zone: str) -> datetime:
    """What the clocks show, without a zone."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@cache
def change_days(zone: str) -> tuple[ChangeDay, ...]:
    """Walked in quarters of an hour over every day whose two ends differ; the clock that the product uses is not asked."""
    found = []
    at = datetime(YEARS[0], 1, 1, tzinfo=UTC)
    while at.year in YEARS:
        to = at + timedelta(days=1)
        if wall(to, zone) - wall(at, zone) != to - at:
            step = at
            while wall(step + QUARTER, zone) - wall(step, zone) == QUARTER:
                step += QUARTER
            shown = wall(step, zone) + QUARTER
            shift = wall(step + QUARTER, zone) - shown
            found.append(ChangeDay(zone, shown.date(), shift, shown.time()))
        at = to
    return tuple(found)


def all_days() -> Iterator[ChangeDay]:
    for zone in ZONES:
        yield from change_days(zone)


def shown_at(day: date, zone: str) -> dict[datetime, datetime]:
    """What clocks show that day and around it → the first moment at which they do, found by walking."""
    at = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(days=1)
    seen: dict[datetime, datetime] = {}
    for step in range(4 * 24 * 3):
        seen.setdefault(wall(at + step * QUARTER, zone), at + step * QUARTER)
    return seen


def weekly(zone: str, day: date, at: time) -> Series:
    first = day - timedelta(days=7)
    return Series(team=Team(zone=zone), rule=rule_of(Often.WEEKLY, day.weekday()), first=first, at=at)


def test_the_changes_are_those_that_were_walked() -> None:
    """Two a year in each zone, and the product's own list agrees."""
    for zone in ZONES:
        days = change_days(zone)
        assert len(days) == 2 * len(YEARS)
        own = changes(zone, YEARS[0], YEARS[-1])
        assert [(c.shown.date(), c.after - c.before) for c in own] == [(d.day, d.shift) for d in days]


def test_a_weekly_series_has_one_date_before_on_and_after_each_change_at_its_local_time() -> None:
    wrong: list[object] = []
    number = 0
    for each in all_days():
        seen = shown_at(each.day, each.zone)
        for at in QUARTERS:
            series = weekly(each.zone, each.day, at)
            week = timedelta(days=7)
            days = dates_of(series, each.day - week, each.day + week)
            if days != [each.day - week, each.day, each.day + week]:
                wrong.append((each, at, "days", days))
            number += 1
            before, on, after = (starts_on(series, day, each.zone) for day in days)
            local = datetime.combine(each.day, at)
            expected = seen.get(local) or seen[local + each.shift]  # skipped: forward by what is skipped
            if (wall(before, each.zone), wall(after, each.zone)) != (local - week, local + week) or on != expected:
                wrong.append((each, at, "moment", on))
    assert (wrong, number) == ([], len(ZONES) * 2 * len(YEARS) * 96)


def test_some_of_them_are_skipped_and_some_come_twice() -> None:
    """So that the test above has met both."""
    skipped = twice = 0
    for each in all_days():
        seen = shown_at(each.day, each.zone)
        skipped += sum(datetime.combine(each.day, at) not in seen for at in QUARTERS)
        start = seen.get(datetime.combine(each.day, time(1)), datetime.min.replace(tzinfo=UTC))
        twice += each.shift < timedelta(0) and start.year > 1
    assert skipped == sum(each.shift // QUARTER for each in all_days() if each.shift > timedelta(0)) > 100
    assert twice >= 40


def test_mornings_are_at_eight_by_the_local_clock_whenever_a_meeting_closes() -> None:
    for each in all_days():
        for at in QUARTERS:
            closes = starts_on(weekly(each.zone, each.day, at), each.day, each.zone) + timedelta(hours=1)
            later = [
                next_working_morning(closes, each.zone, "GB-ENG"),
                mornings_later(closes, 2, each.zone, "GB-ENG"),
            ]
            card = working_morning_before(closes, each.zone, "GB-ENG")
            for morning in (*later, card):
                assert wall(morning, each.zone).time() == time(8)
                assert is_working(wall(morning, each.zone).date(), "GB-ENG")
            assert wall(card, each.zone).date() < wall(closes, each.zone).date() < wall(later[0], each.zone).date()
            assert later[0] < later[1]


# --- with rows: planned by the clock, held, closed, prompted ---


def sample(each: ChangeDay) -> list[time]:
    """Every quarter hour that is skipped or comes twice, the last one before and the first one after."""
    number = abs(each.shift) // QUARTER
    steps = range(-1, number + 1) if each.shift > timedelta(0) else range(-number - 1, 1)
    around = [datetime.combine(each.day, each.shown) + step * QUARTER for step in steps]
    return sorted({moment.time() for moment in around if moment.date() == each.day})


@pytest.fixture
def teams(transactional_db: Any) -> dict[str, Membership]:
    """One team in each zone, with one lead."""
    found = {}
    for zone in ZONES:
        slug = zone.rsplit("/", 1)[1].lower().replace("_", "-")
        with everything("five teams"):
            lead = gather(slug, slug, ("Mo Haddad",), slug)["Mo"]
            Team.objects.filter(pk=lead.team_id).update(zone=zone)
            TeamAgreement.objects.filter(team=lead.team_id).update(holder_rule=HolderRule.APPOINTED)
            found[zone] = Membership.objects.select_related("user", "team").get(pk=lead.pk)
    return found


def hold(by: Membership, each: ChangeDay, at: time) -> Meeting:
    """A series with this one date, which the clock makes; Mo keeps learning in mind; begun on time and closed after 45 minutes."""
    series = Series.objects.create(
        team=by.team, rule=rule_of(Often.WEEKLY, each.day.weekday()), first=each.day, until=each.day, at=at
    )
    with clock.at(datetime.combine(each.day, time(12), UTC) - timedelta(days=3)):
        [meeting] = make_dates(series.pk)
    Seat.objects.create(
        team=by.team, meeting=meeting, kind=SeatKind.LEARNING, member=by, how=How.TAKEN, by=by, since=meeting.starts
    )
    with clock.at(meeting.starts):
        running.begin(by=by, meeting=meeting.pk)
    with clock.at(meeting.starts + timedelta(minutes=45)):
        return running.close(by=by, meeting=meeting.pk)


@ROWS
@pytest.mark.parametrize("zone", ZONES)
def test_each_meeting_around_a_change_is_held_closed_and_prompted_once(teams: dict[str, Membership], zone: str) -> None:
    by = teams[zone]
    held: dict[int, tuple[ChangeDay, time]] = {}
    for each in change_days(zone):
        with quiet(), scope(by.team_id):
            for at in sample(each):
                held[hold(by, each, at).pk] = (each, at)
    meetings = look(lambda: {row.pk: row for row in Meeting.objects.filter(team=by.team)})
    assert len(meetings) == len(held) >= 60
    letters = look(lambda: list(Letter.objects.filter(team=by.team, kind="prompt")))
    assert sorted(letter.data["meeting"] for letter in letters) == sorted(held)  # one each, and none beside
    seen = {each.day: shown_at(each.day, zone) for each in change_days(zone)}
    for letter in letters:
        meeting = meetings[letter.data["meeting"]]
        each, at = held[meeting.pk]
        local = datetime.combine(each.day, at)
        assert meeting.phase == Phase.CLOSED
        assert meeting.starts == (seen[each.day].get(local) or seen[each.day][local + each.shift])
        closes = meeting.starts + timedelta(minutes=45)
        assert abs(letter.due_at - closes) < timedelta(seconds=30)
    reminders = look(
        lambda: list(Letter.objects.filter(team=by.team, kind="reminder").values_list("due_at", flat=True))
    )
    assert {wall(due, zone).time() for due in reminders} == {time(8)}
    assert len(reminders) == len(held)
