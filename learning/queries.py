"""What one page of this storey needs."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from django.db.models import BigIntegerField, Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast, Coalesce, Lower

from core import clock
from core.policy import Principal
from learning.models import Delivery, Jotting, Observation, Offer, Point, ReadBack, Summary, Turn
from learning.roles import HELD, Fate, PointState
from meetings.models import Meeting, Phase, Seat
from meetings.roles import SeatKind
from teams.models import Letter, Membership
from teams.models.letter import LetterState


@dataclass(frozen=True)
class Mine:
    """What only the holder's own screen shows: jottings, waiting points, what was noticed."""

    jottings: Sequence[Jotting]
    points: Sequence[Point]
    noticed: Sequence[Observation]


def mine(principal: Principal, meeting: Meeting, *, holds: bool) -> Mine:
    """One's own jottings; the waiting points and the observations too for whoever holds the seat."""
    jottings = list(
        Jotting.objects.visible_to(principal).filter(meeting=meeting).select_related("item__presenter__user")
    )
    if not holds:
        return Mine(jottings, [], [])
    points = Point.objects.filter(meeting=meeting, state=PointState.WAITING).select_related("offer__by__user")
    return Mine(jottings, list(points), list(Observation.objects.filter(meeting=meeting)))


def unraised(principal: Principal, meeting: Meeting) -> int:
    """How many of one's own jottings haven't been raised."""
    return Jotting.objects.visible_to(principal).filter(meeting=meeting, raised_at=None).count()


def tray(meeting: Meeting) -> list[Offer]:
    """What waits for the holder, the oldest first; what was left for later comes last."""
    offers = Offer.objects.filter(meeting=meeting).exclude(fate=Fate.TAKEN).select_related("by__user")
    return sorted(offers, key=lambda offer: (offer.fate == Fate.LATER, offer.pk))


@dataclass(frozen=True)
class Told:
    """One's own offer and what became of it."""

    offer: Offer
    state: str  # a PointState, or empty while it isn't a point


def my_offers(principal: Principal, meeting: Meeting) -> list[Told]:
    """What this person offered here, the newest first."""
    offers = Offer.objects.visible_to(principal).filter(meeting=meeting).select_related("point").order_by("-pk")
    return [Told(offer, offer.point.state if hasattr(offer, "point") else "") for offer in offers]


@dataclass(frozen=True)
class Reading:
    """A read-back as everybody sees it."""

    read_back: ReadBack
    turns: Sequence[Turn]

    @property
    def turn(self) -> Turn | None:
        """The point that is being read back; None while the holder says them, and after the last."""
        if not self.read_back.is_under_way:
            return None
        return next((turn for turn in self.turns if turn.position == self.read_back.at_turn), None)

    def count(self, state: PointState) -> int:
        return sum(turn.outcome == state for turn in self.turns)

    @property
    def agreed(self) -> int:
        return self.count(PointState.AGREED)

    @property
    def parked(self) -> int:
        return self.count(PointState.PARKED)

    @property
    def left(self) -> int:
        return self.count(PointState.LEFT)


def reading(meeting: Meeting) -> Reading | None:
    """The meeting's read-back with its points, or None before it. Two queries."""
    found = ReadBack.objects.filter(meeting=meeting).select_related("pen__user", "by__user").first()
    if found is None:
        return None
    turns = Turn.objects.filter(meeting=meeting).select_related(
        "point__owner__user", "point__raised_by__user", "point__offer"
    )
    return Reading(found, list(turns))


def raised(meeting: Meeting) -> list[Point]:
    """The points everybody may see in the room, in order."""
    points = Point.objects.filter(meeting=meeting).exclude(state=PointState.WAITING)
    return list(points.select_related("raised_by__user"))


def unreached(meeting: Meeting) -> list[Point]:
    """Raised here, not settled: they open the next read-back."""
    return list(Point.objects.filter(meeting=meeting, state=PointState.RAISED).exclude(text=""))


@dataclass(frozen=True)
class Record:
    """A closed meeting as its page, the summary's preview and the letter show it."""

    meeting: Meeting
    points: Sequence[Point]
    carried: Sequence[Point]
    noticed: Sequence[Observation]
    read_back: ReadBack | None
    editions: Sequence[Summary]  # of the summary, the newest first

    @property
    def summary(self) -> Summary | None:
        """The newest edition: the one to compose, or the last that was sent."""
        return self.editions[0] if self.editions else None

    @property
    def went_out(self) -> Sequence[Summary]:
        """The editions that were sent, the newest first."""
        return [edition for edition in self.editions if edition.is_sent]

    @property
    def last_sent(self) -> Summary | None:
        return self.went_out[0] if self.went_out else None

    @property
    def mark(self) -> str:
        """What whoever looks at this has seen of others' words: another mark means that something was added or changed."""
        points = ".".join(f"{point.pk}v{point.version}" for point in self.all)
        return f"{points}~{'.'.join(str(seen.pk) for seen in self.noticed)}"

    @property
    def all(self) -> Sequence[Point]:
        """In the summary's order."""
        return sorted([*self.points, *self.carried], key=lambda point: (point.position, point.pk))

    @property
    def is_empty(self) -> bool:
        return not (self.points or self.carried)


def record_of(meeting: Meeting) -> Record:
    """What came of a meeting: what was settled here, wherever it was raised; and what was raised here and settled later, or never."""
    here = dict(Turn.objects.filter(meeting=meeting).exclude(outcome="").values_list("point_id", "outcome"))
    shown = (
        Point.objects.filter(Q(meeting=meeting) | Q(pk__in=here))
        .exclude(state__in=[PointState.WAITING, PointState.LEFT])
        .exclude(text="")
    )
    points = list(shown.select_related("owner__user"))
    return Record(
        meeting,
        [point for point in points if here.get(point.pk) == point.state],
        [point for point in points if here.get(point.pk) != point.state],
        list(Observation.objects.filter(meeting=meeting).select_related("by__user")),
        ReadBack.objects.filter(meeting=meeting).first(),
        list(Summary.objects.filter(meeting=meeting).select_related("sent_by__user").order_by("-edition")),
    )


CAME_BACK = (LetterState.FAILED, LetterState.BOUNCED)  # refused at the door, or sent back later


@dataclass(frozen=True)
class Sent:
    """How the letters of one edition fared."""

    summary: Summary
    to: Sequence[Membership]
    delivered: int
    waiting: int
    spared: int  # those who had left by then, or want no summaries by mail
    refused: Sequence[str]  # first names of those whose address refused it, or sent it back

    @property
    def total(self) -> int:
        return len(self.to)


def sent(summary: Summary | None) -> Sent | None:
    """To whom the summary went, and whose address refused it; None before it is sent."""
    if summary is None or not summary.is_sent:
        return None
    deliveries = list(Delivery.objects.filter(summary=summary).select_related("member__user", "letter"))
    states = [delivery.letter.state for delivery in deliveries]
    return Sent(
        summary,
        [delivery.member for delivery in deliveries],
        sum(state in (LetterState.SENT, LetterState.HELD) for state in states),
        sum(state == LetterState.WAITING for state in states),
        sum(state == LetterState.DROPPED for state in states),
        [delivery.member.first_name for delivery in deliveries if delivery.letter.state in CAME_BACK],
    )


def lately(principal: Principal, most: int = 3) -> list[Point]:
    """The newest agreed points of the team."""
    points = Point.objects.visible_to(principal).filter(state=PointState.AGREED)
    return list(points.select_related("owner__user").order_by("-settled_at", "-pk")[:most])


def _holder() -> QuerySet[Seat]:
    return Seat.objects.current().filter(meeting=OuterRef("pk"), kind=SeatKind.LEARNING)


def with_learning(meetings: QuerySet[Meeting]) -> QuerySet[Meeting]:
    """Each meeting with whether the role was held, a read-back held, the summary sent, and how many points it has."""
    state = Q(points__state=PointState.AGREED)
    return meetings.annotate(
        role_held=Exists(_holder()),
        read_back_held=Exists(ReadBack.objects.filter(meeting=OuterRef("pk"), outcome__in=HELD)),
        summary_out=Exists(Summary.objects.filter(meeting=OuterRef("pk"), sent_at__isnull=False)),
        raised=Count("points", filter=~Q(points__state=PointState.WAITING)),
        agreed=Count("points", filter=state),
    )


@dataclass(frozen=True)
class Figures:
    """A team's learning over its meetings: counts, each with what it is out of."""

    meetings: Sequence[Meeting]  # as `with_learning` gives them, the oldest first, cancelled ones among them
    planned: int
    held: int
    cancelled: int
    holder_named: int
    read_back: int
    summary_sent: int
    raised: int
    agreed: int
    members: int
    have_held: int


def figures(principal: Principal, meetings: QuerySet[Meeting], members: int) -> Figures:
    """The beginnings of the dashboard. Planned ones count once their day has come (closed or cancelled)."""
    rows = list(with_learning(meetings.filter(phase__in=[Phase.CLOSED, Phase.CANCELLED])).order_by("starts"))
    held = [row for row in rows if row.phase == Phase.CLOSED]
    have_held = (
        Seat.objects.visible_to(principal)
        .current()
        .filter(kind=SeatKind.LEARNING, meeting__in=[row.pk for row in held], member__until=None)
        .values("member")
        .distinct()
        .count()
    )
    return Figures(
        meetings=rows,
        planned=len(rows),
        held=len(held),
        cancelled=len(rows) - len(held),
        holder_named=sum(row.role_held for row in held),  # type: ignore[attr-defined]
        read_back=sum(row.read_back_held for row in held),  # type: ignore[attr-defined]
        summary_sent=sum(row.summary_out for row in held),  # type: ignore[attr-defined]
        raised=sum(row.raised for row in held),  # type: ignore[attr-defined]
        agreed=sum(row.agreed for row in held),  # type: ignore[attr-defined]
        members=members,
        have_held=have_held,
    )


class Wait(StrEnum):
    """What may wait for somebody."""

    WRITE = "write"  # the summary of a meeting at which they kept learning in mind
    TAKE_OVER = "take over"  # somebody else's, which has waited too long
    ADDRESS = "address"  # mail to a member comes back


@dataclass(frozen=True)
class Waiting:
    """One thing that waits for somebody, with its one action."""

    what: Wait
    meeting: Meeting | None = None
    member: Membership | None = None


RECENT = timedelta(days=35)  # so long an unsent summary is still asked for


def waiting_for(principal: Principal, *, lead: bool) -> list[Waiting]:
    """What waits for this person now: summaries to send or to take over; for a lead also members whose mail comes back."""
    asked = Letter.objects.filter(kind="takeover", user=principal.user_id).annotate(
        of=Cast(KT("data__meeting"), BigIntegerField())
    )
    unsent = (
        Meeting.objects.visible_to(principal)
        .held()
        .filter(closed_at__gt=clock.now() - RECENT)
        .exclude(summary__sent_at__isnull=False)
        .annotate(
            held_by=Subquery(_holder().values("member")[:1]),
            in_time=Exists(
                Summary.objects.filter(meeting=OuterRef("pk"), leads_asked_at=None, ask_leads_at__gt=clock.now())
            ),
        )
    )
    mine = Q(held_by=principal.member_id)
    others = Q(in_time=False) if lead else Q(pk__in=asked.values("of"))
    found = [
        Waiting(
            Wait.WRITE if meeting.held_by == principal.member_id else Wait.TAKE_OVER,  # type: ignore[attr-defined]
            meeting=meeting,
        )
        for meeting in unsent.filter(mine | others)
    ]
    return found + [Waiting(Wait.ADDRESS, member=member) for member in (mail_comes_back(principal) if lead else [])]


def mail_comes_back(principal: Principal) -> list[Membership]:
    """The present members whose last letter was refused or sent back, unless their address has changed since."""
    members = Membership.objects.visible_to(principal).present()
    last = (
        Letter.objects.filter(
            user=OuterRef("user"), team=OuterRef("team"), state__in=[LetterState.SENT, *CAME_BACK], address__gt=""
        )
        .annotate(moment=Coalesce("sent_at", "ended_at"))
        .order_by(F("moment").desc(nulls_last=True), "-pk")
    )
    refused = members.annotate(
        last_state=Subquery(last.values("state")[:1]),
        last_address=Subquery(last.annotate(low=Lower("address")).values("low")[:1]),
    )
    found = refused.filter(last_state__in=CAME_BACK, last_address=Lower("user__email"))
    return list(found.select_related("user"))
