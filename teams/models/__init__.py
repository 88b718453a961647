"""The rows of this storey."""

from teams.models.activity import Activity
from teams.models.letter import Attempt, Driver, Letter
from teams.models.team import Away, Invitation, Membership, Team, TeamAgreement, Unwanted
from teams.models.user import User

__all__ = [
    "Activity",
    "Attempt",
    "Away",
    "Driver",
    "Invitation",
    "Letter",
    "Membership",
    "Team",
    "TeamAgreement",
    "Unwanted",
    "User",
]
