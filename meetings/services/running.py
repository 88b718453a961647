"""Beginning, who is here, and closing."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import NotPossible
from core.events import announce
from core.live import touch
from meetings.events import MeetingClosed
from meetings.models import Attendance, Item, Meeting, Phase, WallCode
from meetings.roles import Do
from meetings.rules import ensure, ensure_phase, ensure_step
from meetings.services.locks import lock
from teams.models import Membership
from teams.services.activity import record


@transaction.atomic
def begin(*, by: Membership, meeting: int) -> Meeting:
    """Any member may, once the room is open. Empty seats can wait. Harmless when it has begun."""
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    if found.phase == Phase.LIVE:
        return found
    ensure_step(found, Phase.LIVE)
    if not found.is_open:
        raise NotPossible(_("The room opens 15 minutes before the meeting."))
    now = clock.now()
    found.phase, found.began_at = Phase.LIVE, now
    found.save(update_fields=["phase", "began_at"])
    first = Item.objects.filter(meeting=found).first()
    if first is not None:
        first.started_at = now
        first.save(update_fields=["started_at"])
    record("meeting began", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}")
    touch(found, "phase", "agenda")
    return found


@transaction.atomic
def tick_attendance(*, by: Membership, meeting: int, here: Iterable[int]) -> Meeting:
    """Who is here, as one person ticks it: exactly these members. May be put right after the close too."""
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE, Phase.CLOSED)
    members = set(
        Membership.objects.present().filter(team_id=found.team_id, pk__in=set(here)).values_list("pk", flat=True)
    )
    # Only those who belong to the team now can be ticked or unticked: whoever has left since was here all the same.
    ticked = set(Attendance.objects.filter(meeting=found, member__until=None).values_list("member_id", flat=True))
    Attendance.objects.filter(meeting=found, member_id__in=ticked - members).delete()
    Attendance.objects.bulk_create(
        Attendance(team_id=found.team_id, meeting=found, member_id=member, recorded_by=by, at=clock.now())
        for member in sorted(members - ticked)
    )
    if members != ticked:
        record("attendance ticked", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", here=len(members))
        touch(found, "people")
    return found


@transaction.atomic
def close(*, by: Membership, meeting: int) -> Meeting:
    """The meeting is over: whoever chairs says so, or any member once the booked time is over. Harmless when it is closed."""
    found = lock(meeting, by=by)
    if found.phase == Phase.CLOSED:
        return found
    ensure(by, Do.CLOSE, found)
    ensure_step(found, Phase.CLOSED)
    now = clock.now()
    Item.objects.filter(meeting=found, started_at__isnull=False, ended_at=None).update(ended_at=now)
    WallCode.objects.filter(meeting=found).delete()
    found.phase, found.closed_at, found.closed_by = Phase.CLOSED, now, by
    found.save(update_fields=["phase", "closed_at", "closed_by"])
    record("meeting closed", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}")
    touch(found, "phase", "agenda")
    announce(MeetingClosed(team=found.team_id, meeting=found.pk, by=by.pk))
    return found
