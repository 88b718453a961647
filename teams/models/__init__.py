"""The rows of this storey."""

from teams.models.activity import Activity
from teams.models.letter import Attempt, Letter
from teams.models.team import Invitation, Membership, Team, TeamAgreement
from teams.models.user import User

__all__ = ["Activity", "Attempt", "Invitation", "Letter", "Membership", "Team", "TeamAgreement", "User"]
