"""Who sits where. Every change keeps who, when and how; nobody holds two current seats unless the meeting is flagged small."""

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import clock
from core.errors import Invalid, NotPossible
from core.live import touch
from meetings.models import MAY_COME_BACK, Attendance, Ended, How, Meeting, Phase, Seat, Tap
from meetings.queries import once, seats_in
from meetings.roles import Do, SeatKind
from meetings.rules import ensure, ensure_phase, seats_of
from meetings.services.locks import lock
from meetings.services.taps import Data, moved_on, tapped, undoes
from teams.models import Membership
from teams.services.activity import record

SMALL = 4  # people present: then one person may hold two seats


def seat(
    meeting: Meeting,
    kind: SeatKind,
    member: Membership,
    *,
    by: Membership | None,
    proposed: bool = False,
    how: How | None = None,
) -> Seat:
    """Put somebody in a seat; whoever had it gets up. `by`: nobody, where the clock does it. The caller has locked the meeting.

    The caller touches "seats", unless nobody can be watching yet.
    """
    others = {SeatKind(held) for held, holder in seats_of(meeting).items() if holder.pk == member.pk and held != kind}
    if others and not meeting.small:
        raise Invalid(
            "member",
            _("%(name)s has another seat already: %(seat)s. One person holds one seat.")
            % {"name": member.first_name, "seat": SeatKind(next(iter(others))).label},
        )
    for held in Seat.objects.current().filter(meeting=meeting, kind=kind):
        _end(held, Ended.REPLACED)
    if how is None:
        how = How.PROPOSED if proposed else How.TAKEN if by and member.pk == by.pk else How.APPOINTED
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
        by=by.user_id if by else None,
        team=meeting.team_id,
        subject=f"meeting {meeting.pk}",
        seat=kind,
        member=member.pk,
        how=how,
    )
    return taken


def _end(held: Seat, ended: Ended) -> None:
    held.until, held.ended = max(clock.now(), held.since), ended
    held.save(update_fields=["until", "ended"])


def get_up(meeting: Meeting, kind: SeatKind, *, ended: Ended, by: Membership | None) -> Seat | None:
    """End the current seat of this kind, so that it is empty; None if it was. The caller has locked the meeting."""
    held = Seat.objects.current().filter(meeting=meeting, kind=kind).select_related("member__user").first()
    if held is None:
        return None
    _end(held, ended)
    record(
        "seat left",
        by=by.user_id if by else None,
        team=meeting.team_id,
        subject=f"meeting {meeting.pk}",
        seat=kind,
        member=held.member_id,
        ended=ended,
    )
    touch(meeting, "seats")
    return held


@transaction.atomic
def take_seat(*, by: Membership, meeting: int, kind: SeatKind, member: Membership, seen: int | None = None) -> Meeting:
    """Sit down, or ask somebody else to: one tap, under every rule.

    `seen`: the member whom the page showed in this seat (0: nobody). Raises NotPossible if somebody else has it by now: of two who
    say "I'll hold it" at once the first has it, and the other is told.
    """
    found = lock(meeting, by=by)
    ensure(by, Do.TAKE_SEAT, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    if member.team_id != found.team_id or member.until is not None:
        raise Invalid("member", _("Choose somebody who is in the team."))
    seats = seats_of(found)
    holder = seats.get(kind)
    if holder is not None and holder.pk == member.pk:
        return found
    if seen is not None and holder is not None and holder.pk != seen:
        raise NotPossible(_has_it_now(kind, holder))
    # Whoever leaves the team locks themselves first, then their meetings: nobody is waited for here, and nobody seated while they leave.
    if not Membership.objects.present().select_for_update(skip_locked=True, no_key=True).filter(pk=member.pk).exists():
        raise Invalid("member", _("Choose somebody who is in the team."))
    scribe = seats.get(SeatKind.SCRIBE)
    was = Seat.objects.current().filter(meeting=found, kind=kind).first()
    left = None
    if kind == SeatKind.LEARNING and found.is_live and not found.small and scribe and scribe.pk == member.pk:
        left = get_up(found, SeatKind.SCRIBE, ended=Ended.REPLACED, by=by)  # that seat may stay empty
    taken = seat(found, kind, member, by=by, how=_how_in_mid_meeting(found, kind, member))
    touch(found, "seats")
    _overtaken(found, kind)
    tapped(
        found,
        by=by,
        verb="seat taken",
        seat=taken.pk,
        kind=kind,
        member=member.pk,
        mine=int(member.pk == by.pk),
        was=was.pk if was else None,
        left=left.pk if left else None,
    )
    return found


def _overtaken(meeting: Meeting, kind: SeatKind) -> None:
    """Somebody else sits there now, or nobody: what was tapped about this seat before can't be undone, and no line offers it."""
    taps = Tap.objects.filter(meeting=meeting, verb__in=("seat taken", "seat left"), undone_at=None, data__kind=kind)
    if whose := set(taps.values_list("by_id", flat=True)):
        taps.delete()
        touch(meeting, "undo", to=whose)


def _says_taken(meeting: Meeting, data: Data) -> str:
    held = once(meeting, seats_in).held.get(SeatKind(data["kind"]))
    name = held.first_name if held else ""
    mine, others = {
        SeatKind.LEARNING: (_("You keep our learning in mind."), _("You asked %(name)s to keep our learning in mind.")),
        SeatKind.CHAIR: (_("You took the chair."), _("You asked %(name)s to chair.")),
        SeatKind.SCRIBE: (_("You are scribe now."), _("You asked %(name)s to be scribe.")),
    }[SeatKind(data["kind"])]
    return others % {"name": name} if held and held.pk == data["member"] and not data["mine"] else mine


@undoes("seat taken", says=_says_taken)
def _not_taken(meeting: Meeting, by: Membership, data: Data) -> None:
    """As if nobody had sat down: a seat of some seconds would count as a time in which somebody held it."""
    taken = Seat.objects.current().filter(meeting=meeting, pk=data["seat"]).first()
    if taken is None:
        raise moved_on()
    taken.delete()
    if data["was"] is not None:
        _sit_down_again(meeting, data["was"])
    if data["left"] is not None and not Seat.objects.current().filter(meeting=meeting, kind=SeatKind.SCRIBE).exists():
        _sit_down_again(meeting, data["left"])
    touch(meeting, "seats")


def _sit_down_again(meeting: Meeting, pk: int) -> None:
    """Whoever got up has the seat as if they hadn't. Raises `moved_on()`."""
    left = Seat.objects.filter(meeting=meeting, pk=pk, member__until=None).first()
    seats = Seat.objects.current().filter(meeting=meeting)
    if left is None or seats.filter(kind=left.kind).exists():
        raise moved_on()
    if not (meeting.small or left.small) and seats.filter(member_id=left.member_id).exists():
        raise moved_on()
    left.until, left.ended = None, Ended.NOT
    left.save(update_fields=["until", "ended"])


def _has_it_now(kind: SeatKind, holder: Membership) -> str:
    sentences = {
        SeatKind.LEARNING: _("%(name)s keeps our learning in mind now."),
        SeatKind.CHAIR: _("%(name)s chairs now."),
        SeatKind.SCRIBE: _("%(name)s is scribe now."),
    }
    return sentences[kind] % {"name": holder.first_name}


def _how_in_mid_meeting(meeting: Meeting, kind: SeatKind, member: Membership) -> How | None:
    """Standing in for whoever kept learning in mind before, or taking it back; None where nobody held it since the meeting began."""
    if kind != SeatKind.LEARNING or not meeting.is_live:
        return None
    held = Q(until=None) | Q(until__gt=meeting.began_at)
    before = set(Seat.objects.filter(held, meeting=meeting, kind=kind).values_list("member_id", flat=True))
    return How.BACK if member.pk in before else How.STOOD_IN if before else None


@transaction.atomic
def leave_seat(*, by: Membership, meeting: int, kind: SeatKind, seen: int | None = None) -> Meeting:
    """Get up: the seat is empty until somebody takes it. Any member may say that somebody was called out, or, before the meeting,
    leave the seat of a colleague empty, which is no "not this time" of that colleague's.

    `seen`: the member whom the page showed there: whoever sits there since then stays.
    """
    found = lock(meeting, by=by)
    ensure(by, Do.TAKE_SEAT, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    holder = seats_of(found).get(kind)
    if holder is None or (seen is not None and holder.pk != seen):
        return found
    by_oneself = Ended.HAD_TO_GO if found.is_live else Ended.DECLINED
    left = get_up(found, kind, ended=by_oneself if holder.pk == by.pk else Ended.CALLED_OUT, by=by)
    if left is not None:
        _overtaken(found, kind)
        tapped(found, by=by, verb="seat left", seat=left.pk, kind=kind, mine=int(holder.pk == by.pk))
    return found


@undoes(
    "seat left",
    says=lambda meeting, data: _("You left your seat.") if data["mine"] else _("You said that a seat is empty."),
)
def _not_left(meeting: Meeting, by: Membership, data: Data) -> None:
    _sit_down_again(meeting, data["seat"])
    touch(meeting, "seats")


@transaction.atomic
def leave_it_with(*, by: Membership, meeting: int) -> Meeting:
    """Whoever kept learning in mind before leaves it with whoever stood in, and is asked no more. Harmless when repeated."""
    found = lock(meeting, by=by)
    ensure(by, Do.TAKE_SEAT, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    holder = seats_of(found).get(SeatKind.LEARNING)
    left = Seat.objects.filter(
        meeting=found, kind=SeatKind.LEARNING, member=by, until__gt=found.began_at or found.starts
    ).last()
    if left is not None and left.ended in MAY_COME_BACK and holder is not None:
        was, left.ended = left.ended, Ended.HANDED_OVER
        left.save(update_fields=["ended"])
        record("seat handed over", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", to=holder.pk)
        touch(found, "seats", to=[by.pk])
        tapped(found, by=by, verb="seat handed over", seat=left.pk, was=was, to=holder.pk)
    return found


@undoes("seat handed over", says=lambda meeting, data: _("You left it with whoever stood in."))
def _not_handed_over(meeting: Meeting, by: Membership, data: Data) -> None:
    left = Seat.objects.filter(meeting=meeting, pk=data["seat"], ended=Ended.HANDED_OVER)
    if not left.update(ended=data["was"]):
        raise moved_on()
    touch(meeting, "seats", to=[by.pk])


def vacate(member: int, *, team: int) -> None:
    """Whoever belongs to the team no longer gets up from every seat in a meeting that isn't over. Inside the leaving's transaction."""
    held = Seat.objects.current().filter(team_id=team, member_id=member, meeting__phase__in=[Phase.PLANNED, Phase.LIVE])
    # The meetings first, as whoever takes a seat does: neither waits for the other.
    list(Meeting.objects.select_for_update().filter(pk__in=held.values("meeting")).order_by("pk"))
    for taken in held.select_related("meeting"):
        _end(taken, Ended.LEFT_TEAM)
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
        tapped(found, by=by, verb="flagged small")
    return found


@undoes("flagged small", says=lambda meeting, data: _("You said that we are few."))
def _not_small(meeting: Meeting, by: Membership, data: Data) -> None:
    if Seat.objects.current().filter(meeting=meeting, small=True).exists():
        raise moved_on()
    meeting.small = False
    meeting.save(update_fields=["small"])
    touch(meeting, "seats")
