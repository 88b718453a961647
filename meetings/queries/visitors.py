"""Who came from outside: at the door, inside, and, once it is over, who visited."""

from collections.abc import Sequence
from dataclasses import dataclass

from meetings.models import Meeting, Visitor


@dataclass(frozen=True)
class Visits:
    """The visitors of one meeting who are there now."""

    rows: Sequence[Visitor]

    @property
    def waiting(self) -> list[Visitor]:
        """At the door, the first who asked first."""
        return [visitor for visitor in self.rows if visitor.let_in_at is None]

    @property
    def inside(self) -> list[Visitor]:
        return [visitor for visitor in self.rows if visitor.let_in_at is not None]


def visits_to(meeting: Meeting) -> Visits:
    """One query."""
    return Visits(list(Visitor.objects.filter(meeting=meeting, ended_at=None)))


def who_visited(meeting: Meeting) -> list[Visitor]:
    """Everybody who was let in, whenever they went. Their names are kept for 14 days."""
    return list(Visitor.objects.filter(meeting=meeting, let_in_at__isnull=False).exclude(name=""))
