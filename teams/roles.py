"""The standing roles in words, and what each may do. A seat in a meeting is another matter: meetings/roles.py."""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Act(StrEnum):
    """What somebody may want to do with a team."""

    READ = "read"  # its pages, its meetings, what it learned
    PLAN = "plan"  # a meeting, its agenda, its seats
    INVITE = "invite"  # ask somebody in, take an invitation back
    CHANGE_ROLES = "change roles"  # make somebody an AMBIT lead, end a membership
    CHANGE_AGREEMENT = "change agreement"  # the rule for the holder, when points are raised


MEMBER_MAY = frozenset({Act.READ, Act.PLAN, Act.INVITE})
LEAD_MAY = MEMBER_MAY | {Act.CHANGE_ROLES, Act.CHANGE_AGREEMENT}


class Usually(TextChoices):
    """The seat somebody usually takes: only a proposal for a new meeting."""

    NOTHING = "", _("Member")
    CHAIR = "chair", _("Chairs our meetings")
    SCRIBE = "scribe", _("Our usual scribe")


class HolderRule(TextChoices):
    """Who keeps the team's learning in mind (AMBIT: role of the TLSW)."""

    LEAD = "lead", _("One of our AMBIT leads does.")
    APPOINTED = "appointed", _("We ask somebody for each meeting.")
    ROTATION = "rotation", _("We take turns. If nobody can, one of our AMBIT leads does.")


class BankHolidays(TextChoices):
    """Whose bank holidays a team keeps: what waits for a working day waits for one of theirs. As `holidays` names them."""

    NONE = "", _("None")
    ENGLAND = "GB-ENG", _("England")
    WALES = "GB-WLS", _("Wales")
    SCOTLAND = "GB-SCT", _("Scotland")
    NORTHERN_IRELAND = "GB-NIR", _("Northern Ireland")
    IRELAND = "IE", _("Ireland")


class RaiseRule(TextChoices):
    """When points are raised (AMBIT: at a set point towards the end, or as they come up)."""

    AT_READ_BACK = "read_back", _("All together, at the read-back.")
    AS_THEY_COME = "as_they_come", _("As they come up.")
