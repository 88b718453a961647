"""May this person do this with the team's learning? What a seat allows is asked of meetings/rules.py."""

from django.utils.translation import gettext as _

from core.errors import NotAllowed, NotPossible
from learning.models import Point, ReadBack
from learning.roles import NEXT, PointState
from meetings.models import Meeting, Phase
from meetings.roles import SeatKind
from meetings.rules import seats_of
from teams.models import Membership

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


def may_send(member: Membership, meeting: Meeting) -> bool:
    """Who may compose and send the summary: whoever kept learning in mind; an AMBIT lead; the Chair, if nobody held it."""
    if member.team_id != meeting.team_id or member.until is not None:
        return False
    seats = seats_of(meeting)
    holder, chair = seats.get(SeatKind.LEARNING), seats.get(SeatKind.CHAIR)
    if holder is not None and holder.pk == member.pk:
        return True
    return member.is_lead or (holder is None and chair is not None and chair.pk == member.pk)


def ensure_may_send(member: Membership, meeting: Meeting) -> None:
    """Raises NotAllowed with a sentence that says whose it is to send."""
    if may_send(member, meeting):
        return
    holder = seats_of(meeting).get(SeatKind.LEARNING)
    if holder is None:
        raise NotAllowed(_("Nobody kept learning in mind at this meeting, so an AMBIT lead sends the summary."))
    raise NotAllowed(
        _("%(name)s kept our learning in mind and sends the summary. An AMBIT lead may too.")
        % {"name": holder.first_name}
    )


def ensure_over(meeting: Meeting) -> None:
    """Raises NotPossible while the meeting goes on."""
    if meeting.phase != Phase.CLOSED:
        raise NotPossible(_("The summary is written when the meeting is closed."))


def ensure_step(point: Point, to: PointState) -> None:
    """Raises NotPossible when a point can't go from where it stands to `to`."""
    if to not in NEXT[PointState(point.state)]:
        raise NotPossible(_("This point is settled already: %(state)s.") % {"state": point.get_state_display()})
