"""Working mornings: when a letter that can wait for somebody's working day leaves. Bank holidays are `holidays`'."""

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import holidays

MORNING = time(8, 0)  # in the team's own time


@cache
def _kept(whose: str) -> holidays.HolidayBase:
    country, _, part = whose.partition("-")
    return holidays.country_holidays(country, subdiv=part or None)


def is_working(day: date, whose: str) -> bool:
    """Monday to Friday, and no bank holiday of `whose` ("GB-ENG", "IE"; empty: none are kept)."""
    return day.weekday() < 5 and not (whose and day in _kept(whose))


def holiday(day: date, whose: str) -> str:
    """What a bank holiday of `whose` is called; empty on other days."""
    return str(_kept(whose).get(day, "")) if whose else ""


def morning_of(day: date, zone: str) -> datetime:
    """Eight o'clock in the zone, aware."""
    return datetime.combine(day, MORNING, ZoneInfo(zone))


def next_working_morning(after: datetime, zone: str, whose: str) -> datetime:
    """Eight o'clock of the first working day after the day of `after`, both in the zone."""
    return mornings_later(after, 1, zone, whose)


def mornings_later(after: datetime, days: int, zone: str, whose: str) -> datetime:
    """Eight o'clock of the working day that is `days` working days after the day of `after`."""
    day = after.astimezone(ZoneInfo(zone)).date()
    for _ in range(days):
        day += timedelta(days=1)
        while not is_working(day, whose):
            day += timedelta(days=1)
    return morning_of(day, zone)


def working_morning_before(moment: datetime, zone: str, whose: str) -> datetime:
    """Eight o'clock of the last working day before the day of `moment`."""
    day = moment.astimezone(ZoneInfo(zone)).date() - timedelta(days=1)
    while not is_working(day, whose):
        day -= timedelta(days=1)
    return morning_of(day, zone)
