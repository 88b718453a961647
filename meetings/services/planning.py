"""Planning a meeting, changing the plan, calling it off."""

import random
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import guard
from core.live import touch
from meetings.models import CalledOff, Item, ItemKind, Meeting, Phase, WallCode
from meetings.roles import SeatKind
from meetings.rules import ensure_phase, ensure_step, proposed_holder, seats_of
from meetings.services.locks import lock
from meetings.services.seats import seat
from teams.models import Membership
from teams.queries import agreement_of
from teams.roles import Act, HolderRule, Usually
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
    meeting, made = Meeting.once(key=key, team_id=by.team_id, same=same, planned_by=by)
    if not made:
        return meeting
    agreed = agreement_of(by.team_id)
    _write_agenda(meeting, usual_agenda(agreed.read_back_minutes) if agenda is None else agenda)
    _give_code(meeting)
    for member in (
        Membership.objects.present().filter(team_id=by.team_id).exclude(usually=Usually.NOTHING).select_related("user")
    ):
        kind = SeatKind(member.usually)
        if kind not in seats_of(meeting):
            seat(meeting, kind, member, by=by, proposed=True)
    if agreed.holder_rule == HolderRule.LEAD and (lead := proposed_holder(meeting, seats_of(meeting))):
        seat(meeting, SeatKind.LEARNING, lead, by=by, proposed=True)
    record(
        "meeting planned",
        by=by.user_id,
        team=by.team_id,
        subject=f"meeting {meeting.pk}",
        starts=starts.isoformat(),
        minutes=minutes,
    )
    return meeting


def _write_agenda(meeting: Meeting, agenda: Sequence[Line]) -> None:
    for position, line in enumerate(agenda, start=1):
        is_case = line.kind == ItemKind.CASE
        guard.check(label=line.label)
        if is_case:
            meeting.cases += 1
        Item.objects.create(
            team_id=meeting.team_id,
            meeting=meeting,
            kind=line.kind,
            case_no=meeting.cases if is_case else None,
            label="" if is_case else line.label,
            presenter_id=line.presenter,
            minutes=line.minutes,
            position=position,
        )
    meeting.save(update_fields=["cases"])


def _give_code(meeting: Meeting) -> None:
    """A code for the wall: three letters and three digits, none that look alike."""
    chosen = random.SystemRandom()
    while True:
        code = "".join(chosen.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=3) + chosen.choices("23456789", k=3))
        try:
            with transaction.atomic():
                WallCode.objects.create(team_id=meeting.team_id, meeting=meeting, code=code)
        except IntegrityError:
            continue
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
    found.step(seen)
    for name, value in wanted.items():
        setattr(found, name, value)
    found.save(update_fields=[*wanted, "version"])
    record(
        "plan changed",
        by=by.user_id,
        team=by.team_id,
        subject=f"meeting {found.pk}",
        starts=starts.isoformat(),
        minutes=minutes,
    )
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
    found.phase, found.called_off = Phase.CANCELLED, CalledOff.ALONE
    found.sequence += 1
    found.save(update_fields=["phase", "called_off", "sequence"])
    WallCode.objects.filter(meeting=found).delete()
    record("meeting cancelled", by=by.user_id, team=by.team_id, subject=f"meeting {found.pk}")
    touch(found, "phase")
    return found
