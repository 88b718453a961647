"""The agenda with its times, who is here, and finding a meeting at all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import OuterRef, QuerySet
from django.utils.translation import gettext as _

from core import clock
from core.errors import NotFound
from core.kept import Kept
from core.policy import Principal
from meetings.models import Attendance, Item, ItemKind, Meeting, Phase, Task, WallCode
from teams.models import Membership, TeamAgreement
from teams.queries import agreement_of

PARKABLE = (ItemKind.CASE, ItemKind.BUSINESS, ItemKind.WRITE_UP, ItemKind.OTHER)  # the others belong to each meeting
LENGTHS = (5, 10, 15, 20, 25, 30, 45, 60)  # the minutes at choice for one more item in the room
PROMPT = timedelta(minutes=10)  # so long before the read-back whoever keeps learning in mind is asked to pick


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
    begins: datetime  # when it did, or as booked
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
    def read_back_at(self) -> datetime | None:
        """When the read-back is due (or began): when the agenda comes to it, or, if that is sooner, as late as it and what comes after
        it still end in the booked time. Five more minutes that somebody asked for then count from that moment.
        """
        row = self.read_back
        if row is None or row.item.started_at is not None:
            return row.at if row else None
        after = sum(other.item.minutes for other in self.rows[self.rows.index(row) + 1 :])
        latest = self.booked - timedelta(minutes=after + row.item.minutes)
        due = max(min(row.at, latest), self.begins)
        return max(due, row.item.put_off_until) if row.item.put_off_until else due

    @property
    def coming(self) -> Sequence[Row]:
        """What is still to come, and may be moved."""
        return [row for row in self.rows if row.item.started_at is None]

    @property
    def minutes(self) -> int:
        """The sum of what is planned."""
        return sum(row.item.minutes for row in self.rows)

    @property
    def is_late(self) -> bool:
        """Whether the sum outruns the booked time by a minute or more."""
        return self.ends - self.booked >= timedelta(minutes=1)


_items = Kept(lambda meeting: Item.objects.filter(meeting=meeting).select_related("presenter__user"))


def agenda_of(meeting: Meeting) -> Agenda:
    """The items in order, each with its time. One query."""
    items = _items(meeting.pk)
    begins = clock_at = meeting.began_at or meeting.starts
    rows = []
    for item in items:
        at = item.started_at or max(clock_at, item.put_off_until or clock_at)
        until = item.ended_at or at + timedelta(minutes=item.minutes)
        rows.append(Row(item, at, until))
        clock_at = max(clock_at, until) if item.started_at else until
    return Agenda(rows, begins, clock_at, meeting.ends)


@dataclass(frozen=True)
class Slot:
    """The read-back's moment, as it stands to the present one."""

    at: datetime
    minutes: int  # until then, one at least
    is_near: bool  # from ten minutes before on
    is_due: bool


def slot_of(agenda: Agenda, moment: datetime) -> Slot | None:
    """How far off the read-back is; None where there is none on the agenda, or it is done."""
    at, row = agenda.read_back_at, agenda.read_back
    if at is None or row is None or row.item.is_done:
        return None
    ahead = at - moment
    return Slot(at, max(1, round(ahead / timedelta(minutes=1))), ahead <= PROMPT, ahead <= timedelta())


def agreed(meeting: Meeting) -> TeamAgreement:
    """What its team has agreed. One query: ask it with `once`."""
    return agreement_of(meeting.team_id)


def next_planned(meeting: Meeting) -> Meeting | None:
    """The team's next meeting after this one: there, what wasn't reached goes on. One query: ask it with `once`."""
    return planned_after(meeting.team_id, meeting.starts).first()


def planned_after(team: int | OuterRef, moment: datetime | OuterRef, *, now: Any = None) -> QuerySet[Meeting]:
    """The team's meetings still to come that begin after `moment`, the nearest first."""
    later = Meeting.objects.filter(team=team, phase=Phase.PLANNED, starts__gt=moment)
    return later.filter(starts__gt=now or clock.now()).order_by("starts", "pk")


def parkable(agenda: Agenda) -> list[Item]:
    """What may be put on the next meeting's agenda: the item that is on, and what is still to come."""
    return [row.item for row in agenda.rows if row.item.kind in PARKABLE and not row.item.is_done]


def ready_words(agreement: TeamAgreement) -> list[tuple[str, str]]:
    """The words at choice for what a worker wants from a talk: the team's own, or ours. Each as it is stored, and as it is said."""
    own = agreement.task_words.splitlines()  # one that is spelt like a code of ours ("plan") is stored otherwise
    return [(line.capitalize() if line in Task.values else line, line) for line in own] or [
        (str(task), str(task.label)) for task in Task
    ]


_a_persons = Kept(
    lambda pk, team: (
        Meeting.objects.visible_to(Principal("person", (team,))).filter(pk=pk).select_related("team").order_by()
    )
)


def meeting_for(principal: Principal, pk: int) -> Meeting:
    """The meeting, if this reader may see it. Raises NotFound."""
    found: Meeting | None
    if principal.kind == "person" and len(principal.team_ids) == 1:
        found = _a_persons.first(pk, *principal.team_ids)
    else:
        found = Meeting.objects.visible_to(principal).filter(pk=pk).select_related("team").first()
    if found is None:
        raise NotFound(_("The address may be old, or the page may belong to another team."))
    return found


def here(meeting: Meeting) -> list[Membership]:
    """Who was ticked as here, by name."""
    rows = Attendance.objects.filter(meeting=meeting).select_related("member__user")
    return [row.member for row in rows]


_code = Kept(lambda meeting: WallCode.objects.filter(meeting=meeting).order_by()[:1])


def spoken_code(meeting: Meeting) -> str:
    """The wall's code as people say it ("KLM 482"); empty when there is none any more."""
    code = _code.first(meeting.pk)
    return code.spoken if code else ""
