"""Beginning, who is here, and closing."""

from collections.abc import Iterable

from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock
from core.errors import NotPossible
from core.events import announce
from core.live import touch
from meetings.events import MeetingClosed
from meetings.models import Attendance, Item, Meeting, Phase, WallCode
from meetings.roles import Do, SeatKind
from meetings.rules import ensure, ensure_phase, ensure_step, seats_of
from meetings.services.locks import lock
from meetings.services.taps import Data, moved_on, tapped, undoes
from meetings.services.turns import propose_anew_among
from meetings.services.visitors import end_visits
from teams.models import Activity, Membership
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
    tapped(found, by=by, verb="meeting began")
    return found


@undoes("meeting began", says=lambda meeting, data: _("You began the meeting."))
def _not_begun(meeting: Meeting, by: Membership, data: Data) -> None:
    """Only where nothing has happened since, nor been written: then it hasn't begun, for anybody."""
    written = any(subject.startswith(("jottings@", "offers@")) for subject in meeting.changed)
    if meeting.phase != Phase.LIVE or written or _done_since(meeting) != ["meeting began"]:
        raise moved_on()
    Item.objects.filter(meeting=meeting, started_at__isnull=False).update(started_at=None, ended_at=None)
    meeting.phase, meeting.began_at = Phase.PLANNED, None
    meeting.save(update_fields=["phase", "began_at"])
    touch(meeting, "phase", "agenda")


@transaction.atomic
def tick_attendance(*, by: Membership, meeting: int, here: Iterable[int], was: Iterable[int] | None = None) -> Meeting:
    """Who is here, as one person ticks it. May be put right after the close too.

    `was`: who was ticked on the page that was ticked. Then only what differs from it is changed, so that a page that is late
    unticks nobody else's tick; without it those who are here are exactly these.
    """
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE, Phase.CLOSED)
    # Only those who belong to the team now can be ticked or unticked: whoever has left since was here all the same.
    ticked = set(Attendance.objects.filter(meeting=found, member__until=None).values_list("member_id", flat=True))
    wanted = set(here) if was is None else (ticked | set(here) - set(was)) - (set(was) - set(here))
    members = set(
        Membership.objects.present().filter(team_id=found.team_id, pk__in=wanted).values_list("pk", flat=True)
    )
    Attendance.objects.filter(meeting=found, member_id__in=ticked - members).delete()
    Attendance.objects.bulk_create(
        Attendance(team_id=found.team_id, meeting=found, member_id=member, recorded_by=by, at=clock.now())
        for member in sorted(members - ticked)
    )
    if members != ticked:
        record("attendance ticked", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", here=len(members))
        touch(found, "people")
        came, went = sorted(members - ticked), sorted(ticked - members)
        tapped(found, by=by, verb="attendance ticked", came=came, went=went)
    holder = seats_of(found).get(SeatKind.LEARNING) if ticked - members else None
    if holder is not None and holder.pk in ticked - members:  # somebody says so: no need to wait until ticking is over
        propose_anew_among(found, members, by=by)
    return found


def _done_since(meeting: Meeting) -> list[str]:
    """What was done here since the meeting began, but for what was undone."""
    done: list[str] = []
    said = Activity.objects.filter(
        team_id=meeting.team_id, subject=f"meeting {meeting.pk}", at__gte=meeting.began_at or meeting.starts
    )
    for verb, detail in said.order_by("pk").values_list("verb", "detail"):
        if verb == "tap undone" and detail["tap"] in done:
            done.remove(detail["tap"])
        else:
            done.append(verb)
    return done


def _ticked(data: Data) -> str:
    came, went = len(data["came"]), len(data["went"])
    if came and went:
        return _("You changed who is here.")
    if came:
        return ngettext("You ticked %(n)d as here.", "You ticked %(n)d as here.", came) % {"n": came}
    return ngettext("You unticked %(n)d.", "You unticked %(n)d.", went) % {"n": went}


@undoes("attendance ticked", says=lambda meeting, data: _ticked(data))
def _not_ticked(meeting: Meeting, by: Membership, data: Data) -> None:
    """Each tick of that batch as it was; what others ticked since stays."""
    Attendance.objects.filter(meeting=meeting, member_id__in=data["came"]).delete()
    there = set(Attendance.objects.filter(meeting=meeting).values_list("member_id", flat=True))
    members = Membership.objects.present().filter(team_id=meeting.team_id, pk__in=data["went"]).exclude(pk__in=there)
    Attendance.objects.bulk_create(
        Attendance(team_id=meeting.team_id, meeting=meeting, member=member, recorded_by=by, at=clock.now())
        for member in members
    )
    touch(meeting, "people")


@transaction.atomic
def look_for_holder(meeting: int) -> None:
    """Where whoever was only proposed to keep learning in mind isn't here: the team's rule, among those who are.

    By the clock, since ticks are kept one by one: whoever isn't ticked yet may be the next.
    """
    found = Meeting.objects.select_for_update(skip_locked=True).filter(pk=meeting, phase=Phase.LIVE).first()
    if found is not None:
        here = Attendance.objects.filter(meeting=found, member__until=None).values_list("member_id", flat=True)
        propose_anew_among(found, set(here), by=None)


@transaction.atomic
def close(*, by: Membership, meeting: int) -> Meeting:
    """The meeting is over: whoever chairs says so, or any member once the booked time is over. Harmless when it is closed."""
    found = lock(meeting, by=by)
    if found.phase == Phase.CLOSED:
        return found
    ensure(by, Do.CLOSE, found)
    ensure_step(found, Phase.CLOSED)
    _close(found, by)
    return found


def _close(meeting: Meeting, by: Membership | None) -> None:
    now = clock.now()
    Item.objects.filter(meeting=meeting, started_at__isnull=False, ended_at=None).update(ended_at=now)
    WallCode.objects.filter(meeting=meeting).delete()
    end_visits(meeting)
    meeting.phase, meeting.closed_at, meeting.closed_by = Phase.CLOSED, now, by
    meeting.save(update_fields=["phase", "closed_at", "closed_by"])
    record("meeting closed", by=by.user_id if by else None, team=meeting.team_id, subject=f"meeting {meeting.pk}")
    touch(meeting, "phase", "agenda")
    announce(MeetingClosed(team=meeting.team_id, meeting=meeting.pk, by=by.pk if by else None))


@transaction.atomic
def close_forgotten(meeting: int) -> bool:
    """Close a meeting that nobody closed, by itself. False if it is no such meeting (any more), or if somebody is at it just now."""
    found = Meeting.objects.forgotten().select_for_update(skip_locked=True).filter(pk=meeting).first()
    if found is None:
        return False
    _close(found, None)
    return True
