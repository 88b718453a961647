"""What follows here from facts."""

from core.events import reacts_to
from core.live import WALL, cut
from core.scope import scope
from meetings.events import MeetingClosed
from meetings.services.seats import vacate
from meetings.services.turns import excuse, follow_rule, propose_next
from meetings.services.visitors import end_visits_to
from teams.events import AvailabilityChanged, HolderRuleChanged, MemberLeft, VisitorsTurnedOff


@reacts_to(MemberLeft, within=True)
def get_up(fact: MemberLeft) -> None:
    """An empty seat says so, and somebody else can take it."""
    vacate(fact.member, team=fact.team)
    propose_next(fact.team)


@reacts_to(AvailabilityChanged, within=True)
def propose_somebody_else(fact: AvailabilityChanged) -> None:
    """Whoever is away, or takes turns no longer, isn't waited for where they were only proposed."""
    excuse(fact.member, team=fact.team)


@reacts_to(HolderRuleChanged, within=True)
def propose_by_new_rule(fact: HolderRuleChanged) -> None:
    """What the team agrees holds from now on."""
    follow_rule(team=fact.team)


@reacts_to(VisitorsTurnedOff, within=True)
def end_every_visit(fact: VisitorsTurnedOff) -> None:
    """Whoever is inside, or at the door, is gone at once."""
    end_visits_to(fact.team)


@reacts_to(MeetingClosed)
def propose_for_next(fact: MeetingClosed) -> None:
    """Whose turn it is next is known as soon as one is over."""
    with scope(fact.team):
        propose_next(fact.team)


@reacts_to(MemberLeft)
def end_streams(fact: MemberLeft) -> None:
    """Whoever belongs to the team no longer hears nothing more."""
    cut(member=fact.member)


@reacts_to(MeetingClosed)
def darken_wall(fact: MeetingClosed) -> None:
    """A wall dies with its meeting."""
    cut(live=fact.meeting, audience=WALL)
