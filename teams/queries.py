"""What one page of this storey needs."""

from collections.abc import Sequence

from core.policy import Principal
from teams.models import Invitation, Membership, Team, TeamAgreement, User


def people(principal: Principal) -> list[Membership]:
    """The team's present members, by name."""
    return list(Membership.objects.visible_to(principal).present().select_related("user"))


def open_invitations(principal: Principal) -> list[Invitation]:
    """Who was asked in and hasn't answered."""
    return list(Invitation.objects.visible_to(principal).open().select_related("by__user"))


def agreement_of(team_id: int) -> TeamAgreement:
    """What the team has agreed now."""
    return TeamAgreement.objects.filter(team_id=team_id).select_related("by")[0]


def agreements_of(team_id: int) -> list[TeamAgreement]:
    """Every version, the newest first."""
    return list(TeamAgreement.objects.filter(team_id=team_id).select_related("by"))


def teams_of(user: User) -> Sequence[Team]:
    """The teams somebody belongs to now. Call inside `everything`: no team is in scope before one is chosen."""
    return [
        member.team
        for member in Membership.objects.present().filter(user=user).select_related("team").order_by("team__name")
    ]
