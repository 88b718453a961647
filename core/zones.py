"""Time zones: the moment at which a clock on the wall shows a time, and when clocks change."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo


def moment(day: date, at: time, zone: str) -> datetime:
    """When the clocks of `zone` show this, in UTC. A time that is skipped goes forward by what is skipped; of two, it is the first."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)


def day_of(when: datetime, zone: str) -> date:
    """The date on the calendars of `zone`."""
    return when.astimezone(ZoneInfo(zone)).date()


@dataclass(frozen=True)
class Change:
    """The clocks change: from this moment on they are `after` ahead of UTC, and no longer `before`."""

    moment: datetime
    before: timedelta
    after: timedelta
    name: str  # of the time that begins ("BST")

    @property
    def shown(self) -> datetime:
        """What the clocks show when they are changed, without a zone."""
        return self.moment.replace(tzinfo=None) + self.before


@cache
def changes(zone: str, first: int, last: int) -> tuple[Change, ...]:
    """Every change of the clocks from the year `first` to the year `last`, both included."""
    found = []
    place = ZoneInfo(zone)
    at, end = datetime(first, 1, 1, tzinfo=UTC), datetime(last + 1, 1, 1, tzinfo=UTC)
    while at < end:
        to = at + timedelta(days=1)
        if _ahead(at, place) != _ahead(to, place):
            before, from_then = at, to
            while from_then - before > timedelta(seconds=1):
                middle = (before + (from_then - before) / 2).replace(microsecond=0)
                if _ahead(middle, place) == _ahead(at, place):
                    before = middle
                else:
                    from_then = middle
            name = from_then.astimezone(place).tzname() or ""
            found.append(Change(from_then, _ahead(at, place), _ahead(to, place), name))
        at = to
    return tuple(found)


def _ahead(when: datetime, place: ZoneInfo) -> timedelta:
    return when.astimezone(place).utcoffset() or timedelta(0)
