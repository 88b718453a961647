"""A team, what it has agreed, and who belongs to it."""

import uuid
from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import clock
from core.base import Keyed, Versioned
from core.policy import Principal
from core.privacy import classes
from teams.models.user import User
from teams.roles import BankHolidays, HolderRule, RaiseRule, Usually


class TeamQuerySet(models.QuerySet["Team"]):
    def visible_to(self, principal: Principal) -> Self:
        """The teams this reader may see at all."""
        return self.filter(pk__in=principal.team_ids)


class Team(models.Model):
    """A team that meets: its row is the root of all its other rows."""

    slug = models.SlugField(max_length=60, unique=True)
    name = models.CharField(_("name of the team"), max_length=80)
    zone = models.CharField(max_length=64, default="Europe/London")
    bank_holidays = models.CharField(max_length=6, choices=BankHolidays, default=BankHolidays.ENGLAND, blank=True)
    feed_no = models.PositiveIntegerField(default=1)  # counts how often the secret link of its calendar was renewed
    founded = models.DateTimeField(default=clock.now, editable=False)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)  # of the post that founded it

    objects = TeamQuerySet.as_manager()
    privacy = classes(technical="id slug zone bank_holidays feed_no founded key", team="name")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class TeamAgreement(models.Model):
    """What the team has agreed about its learning. A change is a new row: every version is kept."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="agreements")
    holder_rule = models.CharField(max_length=12, choices=HolderRule, default=HolderRule.LEAD)
    raise_rule = models.CharField(max_length=12, choices=RaiseRule, default=RaiseRule.AT_READ_BACK)
    read_back_minutes = models.PositiveSmallIntegerField(default=5)
    four_steps = models.BooleanField(default=False)  # the strip of Thinking Together's steps in a case discussion
    visitors = models.BooleanField(default=False)  # one meeting through one link, let in by whoever holds a seat
    task_words = models.CharField(max_length=800, blank=True)  # ready words for "task marked", a line each; empty: ours
    way_out = models.CharField(max_length=300, blank=True)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now, editable=False)

    privacy = classes(
        technical="id team holder_rule raise_rule read_back_minutes four_steps visitors at",
        team="way_out task_words",
        personal="by",
    )

    class Meta:
        ordering = ["-pk"]

    @property
    def words_in_a_row(self) -> str:
        """The team's own ready words, in one sentence."""
        return f"{', '.join(self.task_words.splitlines())}."


class MembershipQuerySet(models.QuerySet["Membership"]):
    def visible_to(self, principal: Principal) -> Self:
        return self.filter(team_id__in=principal.team_ids)

    def present(self) -> Self:
        """Those who belong now."""
        return self.filter(until=None)


class Membership(Versioned):
    """One person in one team, from one day to another. Called a *member* wherever a team's rows point to somebody."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="members")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    is_lead = models.BooleanField(default=False)
    usually = models.CharField(max_length=8, choices=Usually, default=Usually.NOTHING, blank=True)
    takes_turns = models.BooleanField(default=True)  # False: opted out of keeping learning in mind by rotation
    since = models.DateTimeField(default=clock.now, editable=False)
    until = models.DateTimeField(null=True, blank=True)

    objects = MembershipQuerySet.as_manager()
    privacy = classes(technical="id team version since until", personal="user is_lead usually takes_turns")

    class Meta:
        ordering = ["user__name", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "user"], condition=Q(until=None), name="member_once_at_a_time")
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return str(self.user)

    @property
    def first_name(self) -> str:
        return self.user.first_name


class AwayQuerySet(models.QuerySet["Away"]):
    def visible_to(self, principal: Principal) -> Self:
        return self.filter(team_id__in=principal.team_ids)

    def on(self, day: date) -> Self:
        """Those that cover this day (in the team's own time)."""
        return self.filter(first__lte=day, last__gte=day)


class Away(Keyed):
    """Some days on which somebody doesn't come. Why is asked of nobody."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    member = models.ForeignKey(Membership, models.CASCADE, related_name="away")
    first = models.DateField()
    last = models.DateField()
    by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now, editable=False)

    objects = AwayQuerySet.as_manager()
    privacy = classes(technical="id team key at", personal="member first last by")

    class Meta:
        ordering = ["first", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="away_key_once"),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="away_ends_after_it_began"),
        ]


class Unwanted(models.Model):
    """A kind of letter that somebody has turned off. Only those that aren't essential can be (core.mail)."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    member = models.ForeignKey(Membership, models.CASCADE, related_name="unwanted")
    kind = models.CharField(max_length=40)
    at = models.DateTimeField(default=clock.now, editable=False)

    privacy = classes(technical="id team at", personal="member kind")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["member", "kind"], name="turned_off_once")]


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def visible_to(self, principal: Principal) -> Self:
        return self.filter(team_id__in=principal.team_ids)

    def open(self) -> Self:
        """Neither accepted nor taken back nor expired."""
        return self.filter(accepted_at=None, withdrawn_at=None, expires_at__gt=clock.now())


class Invitation(Keyed):
    """Somebody was asked in by mail. The link works once, by a post from its page, for seven days."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    token_hash = models.CharField(max_length=64, unique=True)
    by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now, editable=False)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()
    privacy = classes(
        technical="id team key at expires_at accepted_at withdrawn_at", personal="email by", secret="token_hash"
    )

    class Meta:
        ordering = ["-pk"]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="invitation_key_once")]

    @property
    def is_open(self) -> bool:
        return not (self.accepted_at or self.withdrawn_at) and self.expires_at > clock.now()
