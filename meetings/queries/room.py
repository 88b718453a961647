"""What every piece of a meeting's room asks, in two queries: the meeting with what belongs to it, and the team's people in it."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from django.db.models import DateField, DateTimeField, Exists, FilteredRelation, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from core.along import along, read_along
from core.errors import NotFound
from core.kept import Kept
from core.zones import day_of
from meetings.models import Attendance, Meeting, Tap, Visitor
from meetings.queries.agenda import agreed, next_planned, planned_after, spoken_code
from meetings.queries.once import know, once
from meetings.queries.seats import Seats, seats_in
from meetings.queries.visitors import Visits, visits_to
from teams.models import Away, Membership, TeamAgreement


def with_room(meetings: QuerySet[Meeting], member: int, now: str) -> QuerySet[Meeting]:
    """These meetings, each with what its room always shows: what the team has agreed, the wall's code, who visits, the next date, and
    this member's last tap. An upper storey joins its own to it; `unfold` makes rows of it.
    """
    taps = Tap.objects.filter(meeting=OuterRef("pk"), by=member, undone_at=None)
    moment = Cast(Value(now), DateTimeField())
    return meetings.select_related("team", "wall_code").annotate(
        its_agreement=along(TeamAgreement.objects.filter(team=OuterRef("team"))[:1]),
        its_visitors=along(Visitor.objects.filter(meeting=OuterRef("pk"), ended_at=None)),
        its_next=along(planned_after(OuterRef("team"), OuterRef("starts"), now=moment)[:1]),
        its_tap=along(taps[:1]),
    )


def unfold(found: Meeting | None) -> Meeting:
    """The meeting that came `with_room`; what came with it is known now, and asked no more. Raises NotFound where there is none."""
    if found is None:
        raise NotFound(_("The address may be old, or the page may belong to another team."))
    know(found, agreed, read_along(TeamAgreement, found.its_agreement)[0])  # type: ignore[attr-defined]
    know(found, visits_to, Visits(read_along(Visitor, found.its_visitors)))  # type: ignore[attr-defined]
    know(found, next_planned, next(iter(read_along(Meeting, found.its_next)), None))  # type: ignore[attr-defined]
    know(found, spoken_code, found.wall_code.spoken if hasattr(found, "wall_code") else "")
    return found


@dataclass(frozen=True)
class People:
    """The team's people as one meeting's room shows them."""

    members: Sequence[Membership]  # who belongs to the team now, by name
    present: Set[int]  # those of them who were ticked as here
    away: Set[int]  # those who don't come that day


def _everybody(team: int, meeting: int, day: str) -> QuerySet[Membership]:
    """Who belongs to the team now, or sat somewhere in this meeting: somebody who sat in two seats comes twice."""
    away = Away.objects.on(Cast(Value(day), DateField()))  # type: ignore[arg-type]
    return (
        Membership.objects.filter(team=team)
        .annotate(
            seat=FilteredRelation("seats", condition=Q(seats__meeting=meeting)),
            is_here=Exists(Attendance.objects.filter(meeting=meeting, member=OuterRef("pk"))),
            is_away=Exists(away.filter(member=OuterRef("pk"))),
        )
        .filter(Q(until=None) | Q(seat__isnull=False))
        .select_related("user", "seat")  # type: ignore[misc]  # (it is a filtered relation)
        .order_by("user__name", "pk")
    )


_everybody_in = Kept(_everybody)


def people_in(meeting: Meeting) -> People:
    """Who is in the team, who is here, who is away, and who sits where: `seats_in` is known with it. One query."""
    day = day_of(meeting.starts, meeting.team.zone)
    found = _everybody_in(meeting.team_id, meeting.pk, day.isoformat())
    sat = [member.seat for member in found if hasattr(member, "seat")]
    know(meeting, seats_in, Seats(meeting, sorted(sat, key=lambda seat: seat.pk)))
    members = {member.pk: member for member in found if member.until is None}
    return People(
        list(members.values()),
        {pk for pk, member in members.items() if member.is_here},
        {pk for pk, member in members.items() if member.is_away},
    )


def seats_among(meeting: Meeting) -> Seats:
    """Who sits where, as everything else of the people in the room."""
    once(meeting, people_in)
    return once(meeting, seats_in)
