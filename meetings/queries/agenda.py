"""The agenda with its times, who is here, and finding a meeting at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from core.errors import NotFound
from core.policy import Principal
from meetings.models import Attendance, Item, Meeting, WallCode
from teams.models import Membership


@dataclass(frozen=True)
class Row:
    """One item with the time it begins: when it did, or when it will as things stand."""

    item: Item
    at: datetime
    until: datetime


@dataclass(frozen=True)
class Agenda:
    """The agenda with its times. Nothing here depends on the moment it is looked at, so every screen says the same."""

    rows: Sequence[Row]
    ends: datetime  # as things stand
    booked: datetime

    @property
    def now(self) -> Row | None:
        """The item that is on."""
        return next((row for row in self.rows if row.item.is_now), None)

    @property
    def next(self) -> Row | None:
        """What comes after it (or first)."""
        on = self.now.item.position if self.now else 0
        return next((row for row in self.rows if row.item.started_at is None and row.item.position > on), None)

    @property
    def read_back(self) -> Row | None:
        return next((row for row in self.rows if row.item.is_read_back), None)

    @property
    def minutes(self) -> int:
        """The sum of what is planned."""
        return sum(row.item.minutes for row in self.rows)

    @property
    def closes(self) -> datetime:
        """The end to tell: as booked, or about when, where the sum outruns that."""
        return self.ends if self.is_late else self.booked

    @property
    def is_late(self) -> bool:
        """Whether the sum outruns the booked time by a minute or more."""
        return self.ends - self.booked >= timedelta(minutes=1)


def agenda_of(meeting: Meeting) -> Agenda:
    """The items in order, each with its time. One query."""
    items = Item.objects.filter(meeting=meeting).select_related("presenter__user")
    clock_at = meeting.began_at or meeting.starts
    rows = []
    for item in items:
        at = item.started_at or clock_at
        until = item.ended_at or at + timedelta(minutes=item.minutes)
        rows.append(Row(item, at, until))
        clock_at = max(clock_at, until) if item.started_at else until
    return Agenda(rows, clock_at, meeting.ends)


def meeting_for(principal: Principal, pk: int) -> Meeting:
    """The meeting, if this reader may see it. Raises NotFound."""
    found = Meeting.objects.visible_to(principal).filter(pk=pk).select_related("team").first()
    if found is None:
        raise NotFound(_("The address may be old, or the page may belong to another team."))
    return found


def here(meeting: Meeting) -> list[Membership]:
    """Who was ticked as here, by name."""
    rows = Attendance.objects.filter(meeting=meeting).select_related("member__user")
    return [row.member for row in rows]


def spoken_code(meeting: Meeting) -> str:
    """The wall's code as people say it ("KLM 482"); empty when there is none any more."""
    code = WallCode.objects.filter(meeting=meeting).values_list("code", flat=True).first()
    return f"{code[:3]} {code[3:]}" if code else ""
