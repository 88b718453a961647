"""What one page of this storey needs."""

from collections.abc import Sequence
from datetime import date

from core.kept import Kept
from core.policy import Principal
from teams.models import Away, Invitation, Membership, Team, TeamAgreement, User


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


def memberships_of(user: User) -> Sequence[Membership]:
    """Where somebody belongs now. Call inside `everything`: no team is in scope before one is chosen."""
    return list(Membership.objects.present().filter(user=user).select_related("team").order_by("team__name"))


def teams_of(user: User) -> Sequence[Team]:
    """The teams somebody belongs to now. Call inside `everything`: no team is in scope before one is chosen."""
    return [member.team for member in memberships_of(user)]
