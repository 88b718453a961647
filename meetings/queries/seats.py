"""Who sits where, who sat there before, and how it came about."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef

from core import clock
from core.kept import Kept
from meetings.models import MAY_COME_BACK, Attendance, Ended, How, Meeting, Phase, Seat
from meetings.roles import SeatKind
from teams.models import Membership

TICKED = timedelta(minutes=2)  # so long after the last tick somebody has finished ticking who is here


@dataclass(frozen=True)
class Seats:
    """The seats of one meeting, those that were left among them, in order."""

    meeting: Meeting
    rows: Sequence[Seat]

    @property
    def held(self) -> dict[SeatKind, Membership]:
        """Who sits where now, as rules.seats_of says it."""
        return {SeatKind(row.kind): row.member for row in self.rows if row.until is None}

    @property
    def holder(self) -> Membership | None:
        """Whoever keeps learning in mind."""
        return self.held.get(SeatKind.LEARNING)

    @property
    def chair(self) -> Membership | None:
        return self.held.get(SeatKind.CHAIR)

    @property
    def scribe(self) -> Membership | None:
        return self.held.get(SeatKind.SCRIBE)

    @property
    def in_meeting(self) -> Sequence[Seat]:
        """The seats of those who kept learning in mind since the meeting began, in order."""
        began = self.meeting.began_at
        learning = [row for row in self.rows if row.kind == SeatKind.LEARNING]
        return [row for row in learning if began and (row.until is None or row.until > began)]

    @property
    def since(self) -> datetime | None:
        """Since when the holder stands in for somebody; None for whoever held it from the first, or took it back."""
        last = self.in_meeting[-1] if self.in_meeting else None
        return last.since if last and last.until is None and last.how == How.STOOD_IN else None

    @property
    def left(self) -> Seat | None:
        """The last one who kept learning in mind, where the seat fell empty in mid-meeting."""
        last = self.in_meeting[-1] if self.in_meeting else None
        return last if last and last.until is not None else None

    @property
    def called_out(self) -> Membership | None:
        """Who was called out, and nobody keeps learning in mind now."""
        return self.left.member if self.left and self.left.ended == Ended.CALLED_OUT else None

    @property
    def had_to_go(self) -> Membership | None:
        """Who had to go, and nobody keeps learning in mind now."""
        return self.left.member if self.left and self.left.ended == Ended.HAD_TO_GO else None

    def held_before(self, member: int | None) -> bool:
        """Whether this member has kept learning in mind in this meeting."""
        return any(row.member_id == member for row in self.in_meeting)

    def may_take_back(self, member: int | None) -> bool:
        """Whether somebody stands in for this member, who hasn't said yet whether it stays so.

        It is theirs who held it before the present holder ever did: so nobody asks it back from whoever took it back.
        """
        order = [row.member_id for row in self.in_meeting]
        if self.holder is None or member not in order or self.holder.pk not in order:
            return False
        last = [row for row in self.in_meeting if row.member_id == member][-1]
        return last.ended in MAY_COME_BACK and order.index(member) < order.index(self.holder.pk)


_sat = Kept(lambda meeting: Seat.objects.filter(meeting=meeting).select_related("member__user").order_by("pk"))


def seats_in(meeting: Meeting) -> Seats:
    """Who sits where, and who sat there. One query."""
    return Seats(meeting, _sat(meeting.pk))


def holders_missed() -> list[tuple[int, int]]:
    """The live meetings, each with its team, in which who is here was ticked, and whoever was only proposed as holder isn't among them."""
    ticked = Attendance.objects.filter(meeting=OuterRef("meeting"))
    proposed = Seat.objects.current().filter(
        kind=SeatKind.LEARNING,
        how__in=(How.PROPOSED, How.SWAPPED),
        said_yes_at=None,
        meeting__phase=Phase.LIVE,
    )
    missed = proposed.filter(
        Exists(ticked),
        ~Exists(ticked.filter(member=OuterRef("member"))),
        ~Exists(ticked.filter(at__gt=clock.now() - TICKED)),
    )
    return list(missed.order_by("pk").values_list("team", "meeting"))
