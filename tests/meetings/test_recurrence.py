"""How a series comes again: which days its rule means, and in which words. No rows needed."""

from datetime import date, time

import pytest

from meetings.models import Series
from meetings.queries.dates import PATTERNS, Often, dates_of, first_from, in_words, rule_of

TUESDAY, THURSDAY, FRIDAY = 1, 3, 4
WEEKLY = rule_of(Often.WEEKLY, TUESDAY)


@pytest.mark.parametrize(
    ("often", "weekday", "first", "words", "expected"),
    [
        (Often.WEEKLY, TUESDAY, date(2031, 9, 1), "Every Tuesday", ["2 Sep", "9 Sep", "16 Sep", "23 Sep"]),
        (Often.FORTNIGHTLY, THURSDAY, date(2031, 9, 4), "Every other Thursday", ["4 Sep", "18 Sep", "2 Oct"]),
        (Often.FORTNIGHTLY, TUESDAY, date(2031, 9, 3), "Every other Tuesday", ["9 Sep", "23 Sep", "7 Oct"]),
        (Often.FIRST, TUESDAY, date(2031, 9, 1), "The first Tuesday of each month", ["2 Sep", "7 Oct", "4 Nov"]),
        (Often.THIRD, FRIDAY, date(2031, 9, 1), "The third Friday of each month", ["19 Sep", "17 Oct", "21 Nov"]),
        (Often.LAST, FRIDAY, date(2031, 9, 1), "The last Friday of each month", ["26 Sep", "31 Oct", "28 Nov"]),
        (Often.LAST, FRIDAY, date(2031, 9, 27), "The last Friday of each month", ["31 Oct", "28 Nov", "26 Dec"]),
    ],
)
def test_each_way_to_come_again_has_its_days_and_its_words(
    often: Often, weekday: int, first: date, words: str, expected: list[str]
) -> None:
    rule = rule_of(often, weekday)
    one = Series(rule=rule, first=first_from(rule, first), at=time(10))
    found = [f"{day.day} {day:%b}" for day in dates_of(one, date(2031, 8, 1), date(2031, 12, 31))]
    assert (found[: len(expected)], in_words(rule)) == (expected, words)


def test_its_dates_end_with_the_series() -> None:
    one = Series(rule=WEEKLY, first=date(2031, 9, 2), until=date(2031, 9, 16), at=time(10))
    assert dates_of(one, date(2031, 1, 1), date(2032, 1, 1)) == [date(2031, 9, day) for day in (2, 9, 16)]


@pytest.mark.parametrize("rule", PATTERNS)
def test_no_month_is_left_out_and_none_has_two(rule: str) -> None:
    often, weekday = PATTERNS[rule]
    one = Series(rule=rule, first=first_from(rule, date(2026, 1, 1)), at=time(10))
    days = dates_of(one, date(2026, 1, 1), date(2035, 12, 31))
    assert {day.weekday() for day in days} == {weekday}
    if not often.by_weeks:
        assert [(day.year, day.month) for day in days] == [(y, m) for y in range(2026, 2036) for m in range(1, 13)]
