"""May this person do this in this meeting? And who stands in a wall's doorway."""

from typing import Any

from django.core.signing import BadSignature, Signer
from django.utils.translation import gettext as _

from core import clock
from core.errors import NotAllowed, NotFound, NotPossible
from core.live import MEMBER, WALL, Admission, NotSignedIn
from core.policy import Principal, Request, Who
from meetings.models import NEXT, Meeting, Phase, Seat, WallCode
from meetings.roles import ANY_MEMBER, THE_SEAT, Do, SeatKind
from teams.models import Membership
from teams.rules import user_of_session


class Wall(Who):
    """A shared screen that knows a meeting's code: to look only, until the meeting closes."""

    name = "wall"

    def admit(self, request: Request, **route: Any) -> Principal:
        found = WallCode.objects.filter(code=code_in(route["wall"])).select_related("meeting__team").first()
        if found is None or not found.meeting.is_open:
            raise NotFound(_("This code is not in use. Codes end with their meeting."))
        return wall_principal(found.meeting)


def admit_listener(meeting: int, session_key: str | None, wall_token: str | None) -> Admission | None:
    """Who may hear what changes in a meeting: a present member of its team, or a wall that knows its code. None for a stranger."""
    found = Meeting.objects.filter(pk=meeting).select_related("team").first()
    if wall_token is not None:
        known = found is not None and WallCode.objects.filter(meeting=found, code=code_in(wall_token)).exists()
        return Admission(found, WALL) if found is not None and known and found.is_open else None
    user = user_of_session(session_key) if session_key else None
    if user is None:
        raise NotSignedIn
    if found is None:
        return None
    member = Membership.objects.present().filter(team=found.team, user=user).first()
    return Admission(found, MEMBER, member.pk, user.pk) if member else None


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


def tidy_code(typed: str) -> str:
    """The code as it is stored, however it was typed: "klm 482" → "KLM482"."""
    return "".join(typed.replace("\0", "").split()).upper()[:12]


def seats_of(meeting: Meeting) -> dict[SeatKind, Membership]:
    """Who sits where now. One query."""
    seats = Seat.objects.current().filter(meeting=meeting).select_related("member__user")
    return {SeatKind(seat.kind): seat.member for seat in seats}


def may(member: Membership, do: Do, meeting: Meeting, seats: dict[SeatKind, Membership]) -> bool:
    """Whether `member` may do this, given who sits where."""
    if member.team_id != meeting.team_id or member.until is not None:
        return False
    if do in ANY_MEMBER:
        return True
    if do is Do.CLOSE and (SeatKind.CHAIR not in seats or clock.now() >= meeting.ends):
        return True  # a meeting never waits for an absent person
    if do is Do.SETTLE and SeatKind.CHAIR not in seats:
        return True
    return any(do in THE_SEAT[kind] for kind, holder in seats.items() if holder.pk == member.pk)


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
