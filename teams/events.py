"""What happens in this storey that others may want to know."""

from dataclasses import dataclass

from core.events import Fact


@dataclass(frozen=True, kw_only=True)
class LetterDue(Fact):
    """A letter was put into the outbox and may leave now."""

    letter: int


@dataclass(frozen=True, kw_only=True)
class AvailabilityChanged(Fact):
    """Somebody is away on other days than before, or takes turns otherwise than before."""

    team: int
    member: int


@dataclass(frozen=True, kw_only=True)
class HolderRuleChanged(Fact):
    """The team agreed on another rule for who keeps its learning in mind. `by`: the member who wrote it down."""

    team: int
    by: int


@dataclass(frozen=True, kw_only=True)
class VisitorsTurnedOff(Fact):
    """The team takes no visitors any more."""

    team: int


@dataclass(frozen=True, kw_only=True)
class MemberLeft(Fact):
    """Somebody belongs to the team no longer: what they have open must end."""

    team: int
    member: int
