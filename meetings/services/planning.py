"""Planning a meeting, changing the plan, calling it off, and that it takes place after all. Those that come again: services/series.py."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from psycopg.errors import UniqueViolation

from core import clock, guard
from core.errors import NotPossible
from core.live import touch
from core.zones import day_of
from meetings.models import CalledOff, Ended, Item, ItemKind, Meeting, Phase, Seat, WallCode
from meetings.roles import SeatKind
from meetings.rules import ensure_phase, ensure_step
from meetings.services import notices
from meetings.services.locks import lock
from meetings.services.seats import seat
from meetings.services.turns import propose_holder
from meetings.services.visitors import end_visits
from teams.models import Membership
from teams.queries import agreement_of, away_on
from teams.roles import Act, Usually
from teams.rules import ensure
from teams.services.activity import record


@dataclass(frozen=True)
class Line:
    """One line of an agenda to be."""

    kind: ItemKind
    minutes: int
    label: str = ""
    presenter: int | None = None  # a member


def usual_agenda(read_back_minutes: int) -> list[Line]:
    """What a meeting begins with: a look-back first, the read-back before the last item."""
    return [
        Line(ItemKind.LOOK_BACK, 5),
        Line(ItemKind.BUSINESS, 15),
        Line(ItemKind.READ_BACK, read_back_minutes),
        Line(ItemKind.OTHER, 5, _("Dates")),
    ]


@transaction.atomic
def plan_meeting(
    *,
    by: Membership,
    starts: datetime,
    minutes: int = 60,
    place: str = "",
    video: str = "",
    agenda: Sequence[Line] | None = None,
    key: uuid.UUID | None = None,
) -> Meeting:
    """A new meeting with its agenda, its wall's code, and the seats the team's agreement and habits propose."""
    ensure(by, Act.PLAN)
    guard.check(place=place)
    same = {"starts": starts, "minutes": minutes, "place": place.strip(), "video": video.strip()}
    meeting, made = Meeting.once(key=key, team_id=by.team_id, same=same, planned_by=by, touched_at=clock.now())
    if not made:
        return meeting
    agreed = agreement_of(by.team_id)
    lines = usual_agenda(agreed.read_back_minutes) if agenda is None else agenda
    for line in lines:
        guard.check(label=line.label)
    furnish(meeting, lines, by=by)
    propose_holder(meeting, by=by)
    record(
        "meeting planned",
        by=by.user_id,
        team=by.team_id,
        subject=f"meeting {meeting.pk}",
        starts=starts.isoformat(),
        minutes=minutes,
    )
    notices.planned(meeting)
    return meeting


def furnish(meeting: Meeting, agenda: Sequence[Line], *, by: Membership | None) -> None:
    """What every new meeting has: its agenda, its wall's code, and as is usual Chair and Scribe. Not who keeps learning in mind."""
    write_agenda(meeting, agenda)
    _give_code(meeting)
    away = away_on(meeting.team_id, day_of(meeting.starts, meeting.team.zone))
    usual = Membership.objects.present().filter(team_id=meeting.team_id).exclude(usually=Usually.NOTHING)
    seated: set[str] = set()
    for member in usual.select_related("user"):
        if member.usually not in seated and member.pk not in away:
            seated.add(member.usually)
            seat(meeting, SeatKind(member.usually), member, by=by, proposed=True)


def write_agenda(meeting: Meeting, agenda: Sequence[Line]) -> None:
    """These lines, in place of whatever stood there. The guard has read them."""
    Item.objects.filter(meeting=meeting).delete()
    items = []
    for position, line in enumerate(agenda, start=1):
        is_case = line.kind == ItemKind.CASE
        if is_case:
            meeting.cases += 1
        items.append(
            Item(
                team_id=meeting.team_id,
                meeting=meeting,
                kind=line.kind,
                case_no=meeting.cases if is_case else None,
                label="" if is_case else line.label,
                presenter_id=line.presenter,
                minutes=line.minutes,
                position=position,
            )
        )
    Item.objects.bulk_create(items)
    meeting.save(update_fields=["cases"])


CODE_ONCE = "meetings_wallcode_code_key"  # as PostgreSQL names the constraint


def _give_code(meeting: Meeting) -> None:
    """A code for the wall: three letters and three digits, none that look alike."""
    chosen = random.SystemRandom()
    while True:
        code = "".join(chosen.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=3) + chosen.choices("23456789", k=3))
        try:
            with transaction.atomic():
                WallCode.objects.create(team_id=meeting.team_id, meeting=meeting, code=code)
        except IntegrityError as error:
            if not (isinstance(error.__cause__, UniqueViolation) and error.__cause__.diag.constraint_name == CODE_ONCE):
                raise
            continue  # another meeting has it, perhaps another team's, whose rows aren't to be seen from here
        return


@transaction.atomic
def change_plan(
    *, by: Membership, meeting: int, starts: datetime, minutes: int, place: str, video: str, seen: int | None = None
) -> Meeting:
    """Another time, length or place, while it hasn't begun. Raises Stale when somebody else changed it since `seen`."""
    found = lock(meeting, by=by)
    ensure(by, Act.PLAN)
    ensure_phase(found, Phase.PLANNED)
    guard.check(place=place)
    wanted = {"starts": starts, "minutes": minutes, "place": place.strip(), "video": video.strip()}
    if all(getattr(found, name) == value for name, value in wanted.items()):
        return found
    was = notices.standing(found)
    found.step(seen)
    for name, value in wanted.items():
        setattr(found, name, value)
    found.apart = found.series_id is not None
    tell_anew(found)
    found.save(update_fields=[*wanted, "version", "apart", *TOLD])
    record(
        "plan changed",
        by=by.user_id,
        team=by.team_id,
        subject=f"meeting {found.pk}",
        starts=starts.isoformat(),
        minutes=minutes,
    )
    notices.changed(found, was=was)
    touch(found, "phase", "agenda")
    return found


@transaction.atomic
def cancel(*, by: Membership, meeting: int) -> Meeting:
    """Call a planned meeting off. Harmless when it was called off before."""
    found = lock(meeting, by=by)
    ensure(by, Act.PLAN)
    if found.phase == Phase.CANCELLED:
        return found
    ensure_step(found, Phase.CANCELLED)
    call_off(found, CalledOff.ALONE)
    record("meeting cancelled", by=by.user_id, team=by.team_id, subject=f"meeting {found.pk}")
    notices.cancelled(found)
    return found


@transaction.atomic
def reinstate(*, by: Membership, meeting: int) -> Meeting:
    """It takes place after all, with the agenda and the seats it had. Harmless when it was never cancelled."""
    found = lock(meeting, by=by)
    ensure(by, Act.PLAN)
    if found.phase == Phase.PLANNED:
        return found
    ensure_step(found, Phase.PLANNED)
    if found.starts <= clock.now():
        raise NotPossible(_("This date is past. Plan another meeting instead."))
    take_place(found)
    record("meeting takes place after all", by=by.user_id, team=by.team_id, subject=f"meeting {found.pk}")
    notices.reinstated(found)
    return found


TOLD = ("sequence", "told_at")


def tell_anew(meeting: Meeting) -> None:
    """Calendars must be told anew of it. The caller has locked the meeting, and saves `TOLD` with what it changed."""
    meeting.sequence += 1
    meeting.told_at = clock.now()


def call_off(meeting: Meeting, why: CalledOff) -> None:
    """It doesn't take place. The caller has locked the meeting, which is planned; records it, and tells people."""
    meeting.phase, meeting.called_off = Phase.CANCELLED, why
    tell_anew(meeting)
    meeting.save(update_fields=["phase", "called_off", *TOLD])
    WallCode.objects.filter(meeting=meeting).delete()
    end_visits(meeting)
    touch(meeting, "phase")


def take_place(meeting: Meeting) -> None:
    """It takes place after all. The caller has locked the meeting, which is cancelled; records it, and tells people."""
    meeting.phase, meeting.called_off = Phase.PLANNED, CalledOff.NOT
    tell_anew(meeting)
    meeting.save(update_fields=["phase", "called_off", *TOLD])
    _give_code(meeting)
    gone = Seat.objects.current().filter(meeting=meeting, member__until__isnull=False)
    gone.update(until=clock.now(), ended=Ended.LEFT_TEAM)  # while it was cancelled
    touch(meeting, "phase", "agenda", "seats")
