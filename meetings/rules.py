"""May this person do this in this meeting? And who stands in a wall's doorway, or comes with a visitor's link."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _

from core import clock
from core.errors import NotAllowed, NotFound, NotPossible
from core.kept import Kept
from core.live import MEMBER, WALL, Admission, Asked, NotSignedIn, Watching
from core.policy import Principal, Request, Who, principal_of
from meetings.models import NEXT, Meeting, Phase, Seat, Visitor, WallCode
from meetings.roles import ANY_MEMBER, THE_SEAT, Do, SeatKind
from teams.models import Membership
from teams.queries import agreement_of
from teams.rules import members_gone, sessions_ended, users_of_sessions


class Wall(Who):
    """A shared screen that knows a meeting's code: to look only, until the meeting closes."""

    name = "wall"

    def admit(self, request: Request, **route: Any) -> Principal:
        found = WallCode.objects.filter(code=code_in(route["wall"])).select_related("meeting__team").first()
        if found is None or not found.meeting.is_open:
            raise NotFound(_("This code is not in use. Codes end with their meeting."))
        return wall_principal(found.meeting)


@dataclass(frozen=True)
class Guest(Principal):
    """Somebody with a meeting's link: at its door, waiting there, inside, or where the door is shut."""

    meeting: Meeting = None  # type: ignore[assignment]
    visitor: Visitor | None = None  # who their browser says they are, in this very meeting

    @property
    def is_open(self) -> bool:
        """Whether the meeting takes visitors now."""
        return self.meeting_id is not None

    @property
    def is_inside(self) -> bool:
        return self.is_open and self.visitor is not None and self.visitor.is_inside

    @property
    def whose(self) -> str:
        return f"visitor-{self.visitor.pk}" if self.visitor is not None and self.is_inside else ""


class VisitLink(Who):
    """Whoever has a meeting's link for visitors. They see the door; the room, once somebody has let them in."""

    name = "visit link"

    def admit(self, request: Request, **route: Any) -> Guest:
        found = Meeting.objects.filter(pk=meeting_in(route["visit"])).select_related("team").first()
        if found is None:
            raise NotFound(_("The address may be old. Ask for the link again."))
        key = visitor_in(request.COOKIES.get(settings.VISITOR_COOKIE_NAME, ""))
        visitor = Visitor.objects.filter(meeting=found, key=key).first() if key else None
        shown = found.pk if takes_visitors(found) else None
        return Guest("visitor", (found.team_id,), None, None, shown, found.team.zone, found, visitor)


class VisitorOf(VisitLink):
    """A visitor who was let in, until the meeting closes or somebody sees them out."""

    name = "visitor"

    def admit(self, request: Request, **route: Any) -> Guest:
        guest = super().admit(request, **route)
        if not guest.is_inside:
            raise NotFound(_("This visit is over."))
        return guest


def guest_of(request: Request) -> Guest:
    """Whoever came in by `allow(VisitLink(), …)` or `allow(VisitorOf(), …)`."""
    principal = principal_of(request)
    if not isinstance(principal, Guest):
        raise NotFound("This route is not a visitor's")
    return principal


def takes_visitors(meeting: Meeting) -> bool:
    """Whether somebody may come in by a link now: the room is open, and the team wants it so."""
    return meeting.is_open and agreement_of(meeting.team_id).visitors


def who_lets_in(meeting: Meeting) -> set[int]:
    """The members who are asked to let a visitor in: those who hold a seat; everybody, where nobody does."""
    seated = {member.pk for member in seats_of(meeting).values()}
    return seated or set(Membership.objects.present().filter(team=meeting.team_id).values_list("pk", flat=True))


def admit_listeners(asked: Sequence[Asked]) -> list[Admission | NotSignedIn | None]:
    """Who may hear what changes in a meeting: a present member of its team, a wall that knows its code, or a visitor who is inside.
    None for a stranger. Four queries for all who come by a session, however many: after a restart everybody comes at once.
    """
    meetings = Meeting.objects.select_related("team").in_bulk({each.pk for each in asked})
    users = users_of_sessions({each.session for each in asked if each.session and each.token is None})
    teams = {meeting.team_id for meeting in meetings.values()}
    present = Membership.objects.present().filter(team__in=teams, user__in={user.pk for user in users.values()})
    members = {(row.team_id, row.user_id): row for row in present}

    def admit(each: Asked) -> Admission | NotSignedIn | None:
        meeting = meetings.get(each.pk)
        if each.token is not None:
            return _by_token(meeting, each.token)
        user = users.get(each.session or "")
        if user is None:
            return NotSignedIn()
        member = members.get((meeting.team_id, user.pk)) if meeting is not None else None
        return Admission(meeting, MEMBER, member.pk, user.pk) if meeting is not None and member is not None else None

    return [admit(each) for each in asked]


def admit_listener(meeting: int, session: str | None, token: str | None) -> Admission | None:
    """One alone. Raises NotSignedIn."""
    [answer] = admit_listeners([Asked(meeting, session, token)])
    if isinstance(answer, NotSignedIn):
        raise answer
    return answer


def _by_token(meeting: Meeting | None, token: str) -> Admission | None:
    """A wall that knows the meeting's code, or a visitor who is inside."""
    if meeting is None or not meeting.is_open:
        return None
    if (code := code_in(token)) and WallCode.objects.filter(meeting=meeting, code=code).exists():
        return Admission(meeting, WALL)
    key = visitor_in(token)
    visitor = Visitor.objects.inside().filter(meeting=meeting, key=key).first() if key else None
    return Admission(meeting, MEMBER, visitor=visitor.pk) if visitor and takes_visitors(meeting) else None


def lapsed_listeners(watching: Collection[Watching]) -> set[Watching]:
    """Who of those that were let in may not hear any more, as the rows are now. A few queries, however many they are."""
    gone = members_gone(each.member for each in watching if each.member is not None)
    signed_out = sessions_ended(each.session for each in watching if each.session is not None)
    walls = {each.live for each in watching if each.audience == WALL}
    codes = {row.meeting_id: row for row in WallCode.objects.filter(meeting__in=walls).select_related("meeting")}
    guests = {each.visitor for each in watching if each.visitor is not None}
    inside = {
        row.pk
        for row in Visitor.objects.inside().filter(pk__in=guests).select_related("meeting")
        if row.meeting.is_open
    }

    def may_still(each: Watching) -> bool:
        if each.audience == WALL:
            row = codes.get(each.live)
            return row is not None and row.meeting.is_open and row.code == code_in(each.token or "")
        if each.visitor is not None:
            return each.visitor in inside
        return each.member not in gone and each.session not in signed_out

    return {each for each in watching if not may_still(each)}


def wall_principal(meeting: Meeting) -> Principal:
    """A wall that shows `meeting`."""
    return Principal("wall", (meeting.team_id,), None, None, meeting.pk, meeting.team.zone)


def wall_token(code: str) -> str:
    """What a wall's address and cookie hold: the code, signed. The short code alone is taken only where tries are counted."""
    return Signer(salt="wall").sign(code)


def code_in(token: str) -> str:
    """The code in a wall's token; empty for one that we didn't sign."""
    try:
        return Signer(salt="wall").unsign(token)
    except BadSignature:
        return ""


def visit_token(meeting: Meeting) -> str:
    """What the address of a meeting's door holds: which meeting, signed. Nothing is stored."""
    return Signer(salt="visit").sign(str(meeting.pk))


def meeting_in(token: str) -> int:
    """The meeting that a visitor's link leads to; 0 for one that we didn't sign."""
    try:
        return int(Signer(salt="visit").unsign(token))
    except BadSignature:
        return 0


def visitor_token(visitor: Visitor) -> str:
    """What a visitor's cookie holds: who they are, signed."""
    return Signer(salt="visitor").sign(str(visitor.key))


def visitor_in(token: str) -> UUID | None:
    """Whose cookie this is; None for one that we didn't sign."""
    try:
        return UUID(Signer(salt="visitor").unsign(token))
    except BadSignature:
        return None


def tidy_code(typed: str) -> str:
    """The code as it is stored, however it was typed: "klm 482" → "KLM482"."""
    return "".join(typed.replace("\0", "").split()).upper()[:12]


_seated = Kept(lambda meeting: Seat.objects.current().filter(meeting=meeting).select_related("member__user"))


def seats_of(meeting: Meeting) -> dict[SeatKind, Membership]:
    """Who sits where now. One query."""
    return {SeatKind(seat.kind): seat.member for seat in _seated(meeting.pk)}


PenOf = Callable[[Meeting], int | None]
_pens: list[PenOf] = []


def register_pen(pen_of: PenOf) -> None:
    """An upper storey says which member has the pen in a meeting, if anybody."""
    _pens.append(pen_of)


def has_pen(member: Membership, meeting: Meeting) -> bool:
    return any(pen_of(meeting) == member.pk for pen_of in _pens)


def may(member: Membership, do: Do, meeting: Meeting, seats: dict[SeatKind, Membership]) -> bool:
    """Whether `member` may do this, given who sits where."""
    if member.team_id != meeting.team_id or member.until is not None:
        return False
    if do in ANY_MEMBER:
        return True
    if do is Do.CLOSE and (SeatKind.CHAIR not in seats or clock.now() >= meeting.ends):
        return True  # a meeting never waits for an absent person
    if do in (Do.SETTLE, Do.TAKE_UP, Do.PARK) and SeatKind.CHAIR not in seats:
        return True
    if do is Do.LET_IN and not seats:
        return True
    if any(do in THE_SEAT[kind] for kind, holder in seats.items() if holder.pk == member.pk):
        return True
    return do is Do.PARK and has_pen(member, meeting)


def ensure(member: Membership, do: Do, meeting: Meeting) -> dict[SeatKind, Membership]:
    """Returns who sits where. Raises NotAllowed with a sentence that says who has the seat."""
    seats = seats_of(meeting)
    if not may(member, do, meeting, seats):
        raise NotAllowed(_refusal(do, seats))
    return seats


def _refusal(do: Do, seats: dict[SeatKind, Membership]) -> str:
    if do is Do.CLOSE:
        name = seats[SeatKind.CHAIR].first_name
        return _(
            "%(name)s has the chair. Only whoever chairs can close the meeting before its time. Ask %(name)s, or take the chair."
        ) % {"name": name}
    if do is Do.LET_IN:
        names = ", ".join(sorted(member.first_name for member in seats.values()))
        return _("Whoever holds a seat lets visitors in. Ask one of them: %(names)s.") % {"names": names}
    if do is Do.TAKE_UP:
        return _("%(name)s has the chair, and says when a point is taken up.") % {
            "name": seats[SeatKind.CHAIR].first_name
        }
    if do is Do.PARK:
        name = seats[SeatKind.CHAIR].first_name
        return _("%(name)s has the chair. Whoever chairs parks things, or whoever has the pen.") % {"name": name}
    holder = seats.get(SeatKind.LEARNING)
    if do in THE_SEAT[SeatKind.LEARNING]:
        if holder is None:
            return _("Nobody is keeping learning in mind yet. Take that seat first.")
        return _("%(name)s keeps our learning in mind. Only %(name)s can do this.") % {"name": holder.first_name}
    return _("Whoever has the pen settles a point, or %(name)s, who chairs. Take the pen first.") % {
        "name": seats[SeatKind.CHAIR].first_name
    }


def ensure_step(meeting: Meeting, to: Phase) -> None:
    """Raises NotPossible in plain words when a meeting can't go from where it stands to `to`."""
    if to not in NEXT[Phase(meeting.phase)]:
        raise NotPossible(_stands(meeting))


def ensure_phase(meeting: Meeting, *phases: Phase) -> None:
    """Raises NotPossible in plain words when the meeting is not in one of `phases`."""
    if meeting.phase in phases:
        return
    raise NotPossible(_stands(meeting))


def _stands(meeting: Meeting) -> str:
    sentences = {
        Phase.PLANNED: _("This meeting hasn’t begun yet."),
        Phase.LIVE: _("This meeting is under way."),
        Phase.CLOSED: _("This meeting is over."),
        Phase.CANCELLED: _("This meeting was cancelled."),
    }
    return sentences[Phase(meeting.phase)]
