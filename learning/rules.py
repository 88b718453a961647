"""May this person do this with the team's learning? What a seat allows is asked of meetings/rules.py."""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from core import clock
from core.errors import NotAllowed, NotPossible
from learning.models import Point, ReadBack, Wording
from learning.roles import NEXT, PointState
from meetings.models import Meeting, Phase
from meetings.roles import SeatKind
from meetings.rules import seats_of
from teams.models import Away, Letter, Membership

MOST_READ_BACK = 3  # points in one read-back: it lives inside five minutes


def ensure_pen(member: Membership, read_back: ReadBack) -> None:
    """Raises NotAllowed unless `member` is the one typist."""
    if read_back.pen_id == member.pk:
        return
    if read_back.pen is None:
        raise NotAllowed(_("Nobody has the pen. Take it first."))
    raise NotAllowed(
        _("%(name)s has the pen. Your words are still in the field: take the pen to save them.")
        % {"name": read_back.pen.first_name}
    )


def ensure_reader(member: Membership, read_back: ReadBack, wording: Wording) -> None:
    """Raises NotAllowed for whoever types, or wrote these very words: a second person reads them."""
    if read_back.pen_id == member.pk:
        raise NotAllowed(_("You have the pen. Somebody who isn’t typing reads the words."))
    if wording.typed_by_id == member.pk:
        raise NotAllowed(_("These words are yours. Somebody else reads them."))


def may_send(member: Membership, meeting: Meeting, seats: Mapping[SeatKind, Membership] | None = None) -> bool:
    """Who may compose and send the summary: whoever kept learning in mind, any AMBIT lead, and the Chair who was asked to stand in.

    The Chair may also where nobody held the seat. `seats`: who sat where, if that is known.
    """
    if member.team_id != meeting.team_id or member.until is not None:
        return False
    seats = seats_of(meeting) if seats is None else seats
    holder, chair = seats.get(SeatKind.LEARNING), seats.get(SeatKind.CHAIR)
    if member.is_lead or (holder is not None and holder.pk == member.pk):
        return True
    if chair is None or chair.pk != member.pk:
        return False
    asked = meeting.phase == Phase.CLOSED and was_asked(member, meeting)  # nobody is asked before
    return holder is None or asked or member.pk in {each.pk for each in stand_ins(meeting, seats)}


def stand_ins(meeting: Meeting, seats: Mapping[SeatKind, Membership] | None = None) -> list[Membership]:
    """Who is asked to send the summary when it waits too long: the AMBIT leads but the holder, those who aren't away today.

    Is none of them there: the Chair of that meeting. Nor the Chair: the leads who are away, since mail waits. Nobody at all (the
    only lead held the seat and chaired): the holder once more.
    """
    seats = seats_of(meeting) if seats is None else seats
    holder, chair = seats.get(SeatKind.LEARNING), seats.get(SeatKind.CHAIR)
    today = clock.now().astimezone(ZoneInfo(meeting.team.zone)).date()
    away_today = Away.objects.on(today).filter(team_id=meeting.team_id)
    present = Membership.objects.present().filter(team_id=meeting.team_id, is_lead=True).select_related("user")
    asked = present.annotate(is_away=Exists(away_today.filter(member=OuterRef("pk"))))
    leads = [lead for lead in asked if holder is None or lead.pk != holder.pk]
    here = [lead for lead in leads if not lead.is_away]  # type: ignore[attr-defined]
    if here:
        return here
    away = set(away_today.values_list("member_id", flat=True))
    if chair is not None and chair.until is None and chair.pk not in away and (holder is None or chair.pk != holder.pk):
        return [chair]
    return leads or [each for each in (holder,) if each is not None and each.until is None]


def takeover_key(meeting: int, member: int) -> str:
    """Of the letter that asks this member to take this meeting's summary over."""
    return f"takeover:meeting-{meeting}:member-{member}"


def was_asked(member: Membership, meeting: Meeting) -> bool:
    """Whether this member was asked to take the summary over: whoever was, may send it."""
    return Letter.objects.filter(key=takeover_key(meeting.pk, member.pk)).exists()


def ensure_may_send(member: Membership, meeting: Meeting) -> None:
    """Raises NotAllowed with a sentence that says whose it is to send."""
    seats = seats_of(meeting)
    if may_send(member, meeting, seats):
        return
    holder, chair = seats.get(SeatKind.LEARNING), seats.get(SeatKind.CHAIR)
    chairs = chair is not None and may_send(chair, meeting, seats) and not chair.is_lead
    names = {"name": holder.first_name if holder else "", "chair": chair.first_name if chair else ""}
    if holder is None and chairs:
        raise NotAllowed(
            _(
                "Nobody kept learning in mind at this meeting, so an AMBIT lead sends the summary, or %(chair)s, who chaired."
            )
            % names
        )
    if holder is None:
        raise NotAllowed(_("Nobody kept learning in mind at this meeting, so an AMBIT lead sends the summary."))
    if holder.until is not None and chairs:
        raise NotAllowed(
            _(
                "%(name)s kept our learning in mind and has left the team, so an AMBIT lead sends the summary, or %(chair)s, who chaired."
            )
            % names
        )
    if holder.until is not None:
        raise NotAllowed(
            _("%(name)s kept our learning in mind and has left the team, so an AMBIT lead sends the summary.") % names
        )
    if chairs and chair is not None and chair.pk != holder.pk:
        raise NotAllowed(
            _(
                "%(name)s kept our learning in mind and sends the summary. An AMBIT lead may too, or %(chair)s, who chaired."
            )
            % names
        )
    raise NotAllowed(_("%(name)s kept our learning in mind and sends the summary. An AMBIT lead may too.") % names)


def ensure_over(meeting: Meeting) -> None:
    """Raises NotPossible while the meeting goes on."""
    if meeting.phase != Phase.CLOSED:
        raise NotPossible(_("The summary is written when the meeting is closed."))


def ensure_step(point: Point, to: PointState) -> None:
    """Raises NotPossible when a point can't go from where it stands to `to`."""
    if to not in NEXT[PointState(point.state)]:
        raise NotPossible(_("This point is settled already: %(state)s.") % {"state": point.get_state_display()})
