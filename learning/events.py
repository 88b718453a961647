"""What happens in this storey that others may want to know."""

from dataclasses import dataclass

from core.events import Fact


@dataclass(frozen=True, kw_only=True)
class SummarySent(Fact):
    """A meeting's summary is on its way to the team."""

    team: int
    meeting: int
    summary: int
