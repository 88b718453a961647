"""As they come: a raised point is worded and agreed at once, or left for the closing slot. Whoever chairs says which."""

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import NotFound, NotPossible
from core.live import touch
from learning.models import Point, ReadBack, Turn
from learning.roles import Outcome, PointState
from learning.services.points import tell_holder
from learning.services.read_back import SUBJECTS, add_turns, forget_along
from learning.services.slot import grow_slot
from meetings.models import Meeting, Phase
from meetings.roles import Do, SeatKind
from meetings.rules import ensure, ensure_phase
from meetings.services.locks import lock
from meetings.services.taps import Data, moved_on, tapped, undoes
from teams.models import Membership
from teams.queries import agreement_of
from teams.roles import RaiseRule
from teams.services.activity import record


def _raised(meeting: Meeting, pk: int) -> Point:
    """A point of this meeting that everybody sees, and that isn't settled."""
    if agreement_of(meeting.team_id).raise_rule != RaiseRule.AS_THEY_COME:
        raise NotPossible(_("Your team has agreed to read points back all together."))
    found = Point.objects.filter(meeting=meeting, pk=pk).first()
    if found is None:
        raise NotFound(_("This point is gone."))
    if found.state != PointState.RAISED:
        raise NotPossible(_("This point is settled already: %(state)s.") % {"state": found.get_state_display()})
    return found


@transaction.atomic
def raise_again(*, by: Membership, meeting: int, point: int) -> None:
    """A point that waits with the holder alone (its raising was undone, or the team read points back together until now) is raised for
    all to see, and offered after the item like any other. A second tap changes nothing.
    """
    found = lock(meeting, by=by)
    ensure(by, Do.RAISE, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    agreement = agreement_of(found.team_id)
    if agreement.raise_rule != RaiseRule.AS_THEY_COME:
        raise NotPossible(_("Your team has agreed to read points back all together."))
    waiting = Point.objects.filter(meeting=found, pk=point).first()
    if waiting is None:
        raise NotFound(_("This point is gone."))
    if waiting.state != PointState.WAITING:
        return
    waiting.state, waiting.later = PointState.RAISED, False
    waiting.save(update_fields=["state", "later"])
    record("point raised", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=waiting.pk)
    grow_slot(found, by, minutes=agreement.read_back_minutes)
    touch(found, "points")
    tapped(found, by=by, verb="raise", point=waiting.pk)
    tell_holder(found, by)


@transaction.atomic
def take_up(*, by: Membership, meeting: int, point: int) -> ReadBack:
    """Now: word and agree it there, with one pen, as in the read-back; the agenda stays where it is. A second tap changes nothing."""
    found = lock(meeting, by=by)
    seats = ensure(by, Do.TAKE_UP, found)
    ensure_phase(found, Phase.LIVE)
    raised = _raised(found, point)
    before = ReadBack.objects.filter(meeting=found).first()
    if before is not None and before.is_under_way:
        turn = Turn.objects.filter(meeting=found, position=before.at_turn).first()
        if turn is not None and turn.point_id == raised.pk:
            return before
        raise NotPossible(_("Another point is being agreed just now. This one can wait."))
    if before is not None and before.outcome == Outcome.POINTS:
        raise NotPossible(_("The read-back was held already. What is left is carried over."))
    values = {
        "outcome": Outcome.UNDER_WAY,
        "by": by,
        "pen": seats.get(SeatKind.SCRIBE) or seats.get(SeatKind.CHAIR) or by,
        "along": True,
        "at_turn": add_turns(found, [raised]),
        "ended_at": None,
    }
    read_back, _made = ReadBack.objects.update_or_create(team_id=found.team_id, meeting=found, defaults=values)
    raised.later = False
    raised.save(update_fields=["later"])
    record("point taken up", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=raised.pk)
    touch(found, *SUBJECTS)
    tapped(found, by=by, verb="now", point=raised.pk, at=read_back.at_turn)
    return read_back


@undoes("now", says=lambda meeting, data: _("You took a point up now."))
def _not_now(meeting: Meeting, by: Membership, data: Data) -> None:
    read_back = ReadBack.objects.filter(
        meeting=meeting, outcome=Outcome.UNDER_WAY, along=True, at_turn=data["at"]
    ).first()
    turn = Turn.objects.filter(meeting=meeting, position=data["at"], point=data["point"], outcome="").first()
    if read_back is None or turn is None:
        raise moved_on()
    turn.delete()
    forget_along(read_back)
    touch(meeting, *SUBJECTS)


@transaction.atomic
def put_off(*, by: Membership, meeting: int, point: int) -> None:
    """Later: it waits for the closing slot."""
    found = lock(meeting, by=by)
    ensure(by, Do.TAKE_UP, found)
    ensure_phase(found, Phase.LIVE)
    raised = _raised(found, point)
    if raised.later or Turn.objects.filter(meeting=found, point=raised, outcome="").exists():
        return
    raised.later = True
    raised.save(update_fields=["later"])
    record("point left for later", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=raised.pk)
    touch(found, "points")
    tapped(found, by=by, verb="later", point=raised.pk)


@undoes("later", says=lambda meeting, data: _("You left a point for later."))
def _not_later(meeting: Meeting, by: Membership, data: Data) -> None:
    if not Point.objects.filter(pk=data["point"], state=PointState.RAISED, later=True).update(later=False):
        raise moved_on()
    touch(meeting, "points")
