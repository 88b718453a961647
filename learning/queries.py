"""What one page of this storey needs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from functools import cached_property

from django.db.models import BigIntegerField, Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from core import clock
from core.along import along, read_along
from core.kept import Kept
from core.live import personal
from core.policy import Principal
from learning.models import Delivery, Jotting, Observation, Offer, OtherView, Point, ReadBack, Summary, Turn, Wording
from learning.roles import HELD, Fate, Outcome, PointState
from meetings.models import Meeting, Phase, Seat
from meetings.queries import know, once, people_in, unfold, with_room
from meetings.roles import SeatKind
from teams.models import Activity, Letter, Membership
from teams.models.letter import LetterState
from teams.queries import CAME_BACK, mail_comes_back
from teams.rules import Person


def _with_learning_room(pk: int, team: int, member: int, now: str) -> QuerySet[Meeting]:
    visible = Meeting.objects.visible_to(Principal("person", (team,))).filter(pk=pk)
    holds = Seat.objects.current().filter(meeting=OuterRef("meeting"), kind=SeatKind.LEARNING, member=member)
    seen = Observation.objects.filter(Exists(holds), meeting=OuterRef("pk"))
    found = with_room(visible, member, now).select_related("read_back__pen__user", "read_back__by__user")
    return found.annotate(its_noticed=along(seen))


_room = Kept(_with_learning_room)


def room_of(person: Person, pk: int) -> Meeting:
    """The meeting with what its room always shows (meetings.queries.with_room), the read-back among it; for whoever holds the seat,
    and nobody else, also what they noticed. One query. Raises NotFound.
    """
    found = unfold(_room.first(pk, person.team.pk, person.member.pk, clock.now().isoformat()))
    know(found, noticed, read_along(Observation, found.its_noticed))  # type: ignore[attr-defined]
    return found


def noticed(meeting: Meeting) -> list[Observation]:
    """What was noticed, for whoever holds the seat."""
    return list(Observation.objects.filter(meeting=meeting))


@dataclass(frozen=True)
class Mine:
    """What only the holder's own screen shows: jottings, waiting points, what was noticed."""

    jottings: Sequence[Jotting]
    points: Sequence[Point]
    noticed: Sequence[Observation]


_own_jottings = Kept(
    lambda author, meeting: (
        Jotting.objects.visible_to(Principal(member_id=author))
        .filter(meeting=meeting)
        .select_related("item__presenter__user")
    )
)


def mine(principal: Principal, meeting: Meeting, *, holds: bool) -> Mine:
    """One's own jottings; the waiting points and the observations too for whoever holds the seat."""
    jottings: list[Jotting] = []
    if "jottings" in personal(meeting, principal.member_id)[1]:  # nobody else has kept one, or was passed one
        jottings = _own_jottings(principal.member_id or 0, meeting.pk)
    if not holds:
        return Mine(jottings, [], [])
    waiting = [point for point in once(meeting, points_of) if point.state == PointState.WAITING]
    return Mine(jottings, waiting, once(meeting, noticed))


_tray = Kept(
    lambda meeting: Offer.objects.filter(meeting=meeting).exclude(fate=Fate.TAKEN).select_related("by__user", "visitor")
)


def tray(meeting: Meeting) -> list[Offer]:
    """What waits for the holder, the oldest first; what was left for later comes last."""
    return sorted(_tray(meeting.pk), key=lambda offer: (offer.fate == Fate.LATER, offer.pk))


@dataclass(frozen=True)
class Told:
    """One's own offer and what became of it."""

    offer: Offer
    state: str  # a PointState, or empty while it isn't a point
    merged: bool  # with another, in new words
    reason: str  # why it was left, if somebody said


_own_offers = Kept(
    lambda by, meeting: (
        Offer.objects.visible_to(Principal(member_id=by))
        .filter(meeting=meeting)
        .select_related("point", "merged_into")
        .annotate(
            its_reason=Subquery(
                Turn.objects.filter(Q(point__offer=OuterRef("pk")) | Q(point=OuterRef("merged_into")), outcome="left")
                .order_by("-pk")
                .values("reason")[:1]
            )
        )
        .order_by("-pk")
    )
)


def my_offers(principal: Principal, meeting: Meeting) -> list[Told]:
    """What this person offered here, the newest first."""
    found = _own_offers(principal.member_id or 0, meeting.pk)
    points = [(offer, offer.point if hasattr(offer, "point") else offer.merged_into) for offer in found]
    return [
        Told(
            offer,
            point.state if point else "",
            offer.merged_into_id is not None,
            (offer.its_reason or "") if point and point.state == PointState.LEFT else "",
        )
        for offer, point in points
    ]


_turns = Kept(
    lambda meeting: (
        Turn.objects.filter(meeting=meeting)
        .annotate(
            its_views=along(OtherView.objects.filter(point=OuterRef("point"))),
            its_last=along(Wording.objects.filter(point=OuterRef("point")).order_by("-n")[:1]),
        )
        .select_related("point__owner__user", "point__raised_by__user")
    )
)


@dataclass(frozen=True)
class Reading:
    """A read-back as everybody sees it."""

    read_back: ReadBack

    @cached_property
    def turns(self) -> Sequence[Turn]:
        """The points in the order in which they are read back. One query."""
        return _turns(self.read_back.meeting_id)

    @property
    def is_over(self) -> bool:
        return not self.read_back.is_under_way

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
    def two_views(self) -> int:
        return self.count(PointState.TWO_VIEWS)

    @property
    def left(self) -> int:
        return self.count(PointState.LEFT)

    @property
    def to_come(self) -> Sequence[Turn]:
        """What isn't settled yet."""
        return [turn for turn in self.turns if not turn.outcome]

    @cached_property
    def views(self) -> Sequence[OtherView]:
        """The different views that are kept beside the point that is being read back."""
        return read_along(OtherView, self.turn.its_views) if self.turn else []  # type: ignore[attr-defined]

    @cached_property
    def read_by(self) -> Membership | None:
        """Who has read the words as they are now, so that nobody could tell who; None when nobody has."""
        if self.turn is None:
            return None
        point = self.turn.point
        last = next(iter(read_along(Wording, self.turn.its_last)), None)  # type: ignore[attr-defined]
        same = last is not None and (last.text, last.applies, last.action) == (point.text, point.applies, point.action)
        if last is None or last.read_by_id is None or not same:
            return None
        here = once(self.read_back.meeting, people_in).members
        return next((member for member in here if member.pk == last.read_by_id), None) or last.read_by


_read_back = Kept(lambda meeting: ReadBack.objects.filter(meeting=meeting).select_related("pen__user", "by__user"))


def read_back_of(meeting: Meeting) -> ReadBack | None:
    """Its row. One query, where it didn't come with the room (`room_of`): ask it with `once`."""
    if Meeting._meta.get_field("read_back").is_cached(meeting):
        return getattr(meeting, "read_back", None)
    found: ReadBack | None = _read_back.first(meeting.pk)
    return found


def reading(meeting: Meeting) -> Reading | None:
    """The meeting's read-back with its points, or None before it.

    None too between points that are agreed as they come: the closing slot is still to come.
    """
    found = once(meeting, read_back_of)
    if found is None or found.outcome == Outcome.ALONG:
        return None
    found.meeting = meeting
    return Reading(found)


_points = Kept(lambda meeting: Point.objects.filter(meeting=meeting).select_related("raised_by__user"))


def points_of(meeting: Meeting) -> list[Point]:
    """Every point that was raised here, those that wait for the read-back among them: ask it with `once`. One query."""
    return _points(meeting.pk)


def raised(meeting: Meeting) -> list[Point]:
    """The points everybody may see in the room: first what is or was read back, in that order and wherever it was raised."""
    read = once(meeting, reading)
    turns = [turn.point for turn in read.turns if turn.point.state != PointState.WAITING] if read else []
    taken = {point.pk for point in turns}
    own = [point for point in once(meeting, points_of) if point.state != PointState.WAITING]
    return turns + [point for point in own if point.pk not in taken]


def coming_up(meeting: Meeting) -> list[Point]:
    """Raised as they came, and neither settled nor left for the closing slot."""
    return [each for each in once(meeting, points_of) if each.state == PointState.RAISED and not each.later]


def settled_along(meeting: Meeting) -> bool:
    """Whether points were agreed as they came, and the closing slot says them once more."""
    found = once(meeting, read_back_of)
    return found is not None and found.outcome == Outcome.ALONG


def to_agree(meeting: Meeting) -> list[Point]:
    """Raised here, or waiting, and not settled."""
    return [each for each in once(meeting, points_of) if each.state in (PointState.WAITING, PointState.RAISED)]


def unreached(meeting: Meeting, read: Reading | None = None) -> list[Point]:
    """Not settled, so that they open the next read-back: raised here; or carried over, and it wasn't their turn in `read` either.

    Is that over, those too that were in words and that nobody picked.
    """
    over = read is not None and read.is_over
    open_ = {PointState.RAISED, PointState.WAITING} if over else {PointState.RAISED}
    own = [point for point in once(meeting, points_of) if point.state in open_ and point.text]
    carried = [turn.point for turn in read.to_come if turn.point.meeting_id != meeting.pk] if read else []
    return own + carried


@dataclass(frozen=True)
class Record:
    """A closed meeting as its page, the summary's preview and the letter show it."""

    meeting: Meeting
    points: Sequence[Point]
    carried: Sequence[Point]
    noticed: Sequence[Observation]
    read_back: ReadBack | None
    editions: Sequence[Summary]  # of the summary, the newest first
    places: Mapping[int, int]  # of points in the read-back; empty once somebody has put the summary in another order

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
        """In the summary's order: as they were read back, then the others; or as somebody has put them since."""
        return _in_order([*self.points, *self.carried], self.places)

    @property
    def is_empty(self) -> bool:
        return not (self.points or self.carried)


def _in_order(points: Sequence[Point], places: Mapping[int, int]) -> list[Point]:
    """Those with a place by it, then the others by their own."""
    return sorted(points, key=lambda point: (point.pk not in places, places.get(point.pk, point.position), point.pk))


def record_of(meeting: Meeting) -> Record:
    """What came of a meeting: what was settled here, wherever it was raised; and what was raised here and settled later, or never."""
    moved = Activity.objects.filter(team=meeting.team_id, subject=f"meeting {meeting.pk}", verb="summary ordered")
    turns = list(
        Turn.objects.filter(meeting=meeting)
        .exclude(outcome="")
        .annotate(moved=Exists(moved))
        .values_list("point_id", "outcome", "position", "moved")
    )
    here = {point: outcome for point, outcome, _place, _moved in turns}
    places = {point: place for point, _outcome, place, moved in turns if not moved}
    shown = (
        Point.objects.filter(Q(meeting=meeting) | Q(pk__in=here))
        .exclude(state__in=[PointState.WAITING, PointState.LEFT])
        .exclude(text="")
    )
    points = list(shown.select_related("owner__user").prefetch_related("other_views"))
    points = _in_order(points, places)
    return Record(
        meeting,
        [point for point in points if here.get(point.pk) == point.state],
        [point for point in points if here.get(point.pk) != point.state],
        list(Observation.objects.filter(meeting=meeting).select_related("by__user")),
        ReadBack.objects.filter(meeting=meeting).first(),
        list(Summary.objects.filter(meeting=meeting).select_related("sent_by__user").order_by("-edition")),
        places,
    )


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
