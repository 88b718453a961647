"""What happens in this storey that others may want to know."""

from dataclasses import dataclass

from core.events import Fact


@dataclass(frozen=True, kw_only=True)
class MeetingClosed(Fact):
    """A meeting is over. `by`: the member who closed it; None, where it closed by itself."""

    team: int
    meeting: int
    by: int | None
