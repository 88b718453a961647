"""Working mornings: weekends, bank holidays, and eight o'clock on either side of a change of the clocks."""

from datetime import UTC, date, datetime

import pytest

from core.workdays import is_working, mornings_later, next_working_morning, working_morning_before

LONDON = "Europe/London"


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "whose", "works"),
    [
        ("2026-11-23", "GB-ENG", True),
        ("2026-11-21", "GB-ENG", False),  # a Saturday
        ("2026-12-25", "GB-ENG", False),
        ("2026-12-28", "GB-ENG", False),  # Boxing Day is a Saturday, so the Monday
        ("2026-12-25", "", True),
        ("2026-11-30", "GB-SCT", False),  # St Andrew's Day
        ("2026-11-30", "GB-ENG", True),
        ("2026-07-13", "GB-NIR", False),  # the Twelfth fell on a Sunday
        ("2026-03-17", "IE", False),
        ("2031-04-11", "GB-WLS", False),  # Good Friday, reckoned years ahead
    ],
)
def test_a_working_day_is_no_weekend_and_no_bank_holiday(day: str, whose: str, works: bool) -> None:
    assert is_working(date.fromisoformat(day), whose) is works


@pytest.mark.parametrize(
    ("after", "morning"),
    [
        ("2026-09-22T10:05", "2026-09-23T07:00"),  # Tuesday to Wednesday, in summer time
        ("2026-10-23T15:00", "2026-10-26T08:00"),  # Friday to Monday, and the clocks went back between
        ("2026-12-24T12:00", "2026-12-29T08:00"),  # Christmas
        ("2026-09-22T23:30", "2026-09-24T07:00"),  # half past midnight in London: that day's morning isn't the next
    ],
)
def test_the_next_working_morning_is_eight_oclock_where_the_team_is(after: str, morning: str) -> None:
    assert next_working_morning(at(after), LONDON, "GB-ENG") == at(morning)


def test_two_working_days_later_skips_what_is_no_working_day() -> None:
    assert mornings_later(at("2026-12-23T12:00"), 2, LONDON, "GB-ENG") == at("2026-12-29T08:00")


@pytest.mark.parametrize(
    ("moment", "morning"),
    [
        ("2026-09-29T09:00", "2026-09-28T07:00"),
        ("2026-12-29T10:00", "2026-12-24T08:00"),
        ("2026-10-26T10:00", "2026-10-23T07:00"),  # Monday's card leaves on Friday, still in summer time
    ],
)
def test_the_working_morning_before(moment: str, morning: str) -> None:
    assert working_morning_before(at(moment), LONDON, "GB-ENG") == at(morning)
