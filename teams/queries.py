"""What one page of this storey needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, OuterRef, Subquery
from django.db.models.functions import Coalesce, Lower
from django.utils.translation import gettext_lazy as _l

from core.kept import Kept
from core.policy import Principal
from teams.models import Away, Invitation, Letter, Membership, Team, TeamAgreement, User
from teams.models.letter import LetterState


def people(principal: Principal) -> list[Membership]:
    """The team's present members, by name."""
    return list(Membership.objects.visible_to(principal).present().select_related("user"))


def open_invitations(principal: Principal) -> list[Invitation]:
    """Who was asked in and hasn't answered."""
    return list(Invitation.objects.visible_to(principal).open().select_related("by__user"))


_agreement = Kept(lambda team: TeamAgreement.objects.filter(team_id=team).select_related("by")[:1])


def agreement_of(team_id: int) -> TeamAgreement:
    """What the team has agreed now."""
    found: TeamAgreement = _agreement.first(team_id)
    return found


def agreements_of(team_id: int) -> list[TeamAgreement]:
    """Every version, the newest first."""
    return list(TeamAgreement.objects.filter(team_id=team_id).select_related("by"))


def away_on(team_id: int, day: date) -> set[int]:
    """The members who don't come that day (in the team's own time)."""
    return set(Away.objects.filter(team_id=team_id).on(day).values_list("member_id", flat=True))


def away_from(principal: Principal, day: date) -> list[Away]:
    """Everybody's days away that aren't over by this day, the soonest first."""
    found = Away.objects.visible_to(principal).filter(last__gte=day, member__until=None)
    return list(found.select_related("member__user", "by__user"))


# --- Mail that comes back ---

CAME_BACK = (LetterState.FAILED, LetterState.BOUNCED)  # refused at the door, or sent back later
WHY_BACK = (  # the enhanced status of RFC 3463, and what it says in plain words; the first that fits
    (r"[45]\.1\.\d", _l("The mail server says there is no such address.")),
    (r"[45]\.2\.2\b", _l("The mail server says the mailbox is full.")),
    (r"[45]\.2\.\d", _l("The mail server says the mailbox takes no mail.")),
    (r"[45]\.3\.4\b", _l("The mail server says the letter is too large.")),
    (r"[45]\.4\.\d", _l("The mail server couldn’t be reached.")),
    (r"[45]\.7\.\d", _l("The mail server refused our letter by a rule of its own.")),
)


@dataclass(frozen=True)
class Returned:
    """Mail to one member, which comes back."""

    address: str
    since: datetime  # when the first went that came back, after the last that arrived
    said: str  # what the mail server said of the newest, in its own words; may be empty

    @property
    def why(self) -> str:
        """The same in plain words; empty where we can't tell."""
        return next((str(plain) for code, plain in WHY_BACK if re.search(rf"(?<![\d.]){code}", self.said)), "")


def mail_comes_back(principal: Principal) -> list[Membership]:
    """The present members whose last letter was refused or sent back, unless their address has changed since."""
    last = (
        Letter.objects.filter(
            user=OuterRef("user"), team=OuterRef("team"), state__in=[LetterState.SENT, *CAME_BACK], address__gt=""
        )
        .annotate(moment=Coalesce("sent_at", "ended_at"))
        .order_by(F("moment").desc(nulls_last=True), "-pk")
    )
    members = (
        Membership.objects.visible_to(principal)
        .present()
        .annotate(
            last_state=Subquery(last.values("state")[:1]),
            last_address=Subquery(last.annotate(low=Lower("address")).values("low")[:1]),
        )
    )
    found = members.filter(last_state__in=CAME_BACK, last_address=Lower("user__email"))
    return list(found.select_related("user"))


def returned_mail(principal: Principal, member: Membership) -> Returned | None:
    """What is known of mail to this member that comes back; None where none does."""
    if member not in mail_comes_back(principal):
        return None
    letters = (
        Letter.objects.visible_to(principal)
        .filter(team=member.team_id, user=member.user_id, address__iexact=member.user.email)
        .annotate(moment=Coalesce("sent_at", "ended_at", "created"))
        .order_by("moment", "pk")
    )
    back, arrived = letters.filter(state__in=CAME_BACK), letters.filter(state=LetterState.SENT).last()
    if arrived is not None:
        back = back.filter(moment__gte=arrived.moment)  # type: ignore[attr-defined]
    first, newest = back.first(), back.last()
    if first is None or newest is None:
        return None
    return Returned(newest.address, first.moment, newest.refused)  # type: ignore[attr-defined]


def memberships_of(user: User) -> Sequence[Membership]:
    """Where somebody belongs now. Call inside `everything`: no team is in scope before one is chosen."""
    return list(Membership.objects.present().filter(user=user).select_related("team").order_by("team__name"))


def teams_of(user: User) -> Sequence[Team]:
    """The teams somebody belongs to now. Call inside `everything`: no team is in scope before one is chosen."""
    return [member.team for member in memberships_of(user)]
