"""What follows here from facts."""

from core.events import reacts_to
from core.live import WALL, cut
from meetings.events import MeetingClosed
from meetings.services.seats import vacate
from teams.events import MemberLeft


@reacts_to(MemberLeft, within=True)
def get_up(fact: MemberLeft) -> None:
    """An empty seat says so, and somebody else can take it."""
    vacate(fact.member, team=fact.team)


@reacts_to(MemberLeft)
def end_streams(fact: MemberLeft) -> None:
    """Whoever belongs to the team no longer hears nothing more."""
    cut(member=fact.member)


@reacts_to(MeetingClosed)
def darken_wall(fact: MeetingClosed) -> None:
    """A wall dies with its meeting."""
    cut(live=fact.meeting, audience=WALL)
