"""Who sits where. Every change keeps who, when and how; nobody holds two current seats unless the meeting is flagged small."""

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Invalid, NotPossible
from core.live import touch
from meetings.models import Attendance, Ended, How, Meeting, Phase, Seat
from meetings.roles import Do, SeatKind
from meetings.rules import ensure, ensure_phase, seats_of
from meetings.services.locks import lock
from teams.models import Membership
from teams.services.activity import record

SMALL = 4  # people present: then one person may hold two seats


def seat(meeting: Meeting, kind: SeatKind, member: Membership, *, by: Membership, proposed: bool = False) -> Seat:
    """Put somebody in a seat; whoever had it gets up. The caller has locked the meeting."""
    others = {SeatKind(held) for held, holder in seats_of(meeting).items() if holder.pk == member.pk and held != kind}
    if others and not meeting.small:
        raise Invalid(
            "member",
            _("%(name)s has another seat already: %(seat)s. One person holds one seat.")
            % {"name": member.first_name, "seat": SeatKind(next(iter(others))).label},
        )
    Seat.objects.current().filter(meeting=meeting, kind=kind).update(until=clock.now(), ended=Ended.REPLACED)
    how = How.PROPOSED if proposed else How.TAKEN if member.pk == by.pk else How.APPOINTED
    taken = Seat.objects.create(
        team_id=meeting.team_id,
        meeting=meeting,
        kind=kind,
        member=member,
        how=how,
        by=by,
        small=bool(others),
        since=clock.now(),
    )
    record(
        "seat taken",
        by=by.user_id,
        team=meeting.team_id,
        subject=f"meeting {meeting.pk}",
        seat=kind,
        member=member.pk,
        how=how,
    )
    return taken


@transaction.atomic
def take_seat(*, by: Membership, meeting: int, kind: SeatKind, member: Membership) -> Meeting:
    """Sit down, or ask somebody else to: one tap, under every rule."""
    found = lock(meeting, by=by)
    ensure(by, Do.TAKE_SEAT, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    if member.team_id != found.team_id or member.until is not None:
        raise Invalid("member", _("Choose somebody who is in the team."))
    holder = seats_of(found).get(kind)
    if holder is None or holder.pk != member.pk:
        seat(found, kind, member, by=by)
        touch(found, "seats")
    return found


@transaction.atomic
def leave_seat(*, by: Membership, meeting: int, kind: SeatKind) -> Meeting:
    """Get up: the seat is empty until somebody takes it. Any member may say that somebody was called out."""
    found = lock(meeting, by=by)
    ensure(by, Do.TAKE_SEAT, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    if Seat.objects.current().filter(meeting=found, kind=kind).update(until=clock.now(), ended=Ended.HAD_TO_GO):
        record("seat left", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", seat=kind)
        touch(found, "seats")
    return found


def vacate(member: int, *, team: int) -> None:
    """Whoever belongs to the team no longer gets up from every seat in a meeting that isn't over. Inside the leaving's transaction."""
    held = Seat.objects.current().filter(team_id=team, member_id=member, meeting__phase__in=[Phase.PLANNED, Phase.LIVE])
    for taken in held.select_related("meeting"):
        taken.until, taken.ended = max(clock.now(), taken.since), Ended.LEFT_TEAM
        taken.save(update_fields=["until", "ended"])
        record("seat left", by=None, team=team, subject=f"meeting {taken.meeting_id}", seat=taken.kind)
        touch(taken.meeting, "seats")


@transaction.atomic
def flag_small(*, by: Membership, meeting: int) -> Meeting:
    """Say that four or fewer are here, so that one person may hold two seats. Recorded."""
    found = lock(meeting, by=by)
    ensure(by, Do.TAKE_SEAT, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    here = Attendance.objects.filter(meeting=found).count()
    if (here or Membership.objects.present().filter(team_id=found.team_id).count()) > SMALL:
        raise NotPossible(_("Tick who is here first. With more than four, each seat has its own person."))
    if not found.small:
        found.small = True
        found.save(update_fields=["small"])
        record("flagged small", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}")
        touch(found, "seats")
    return found
