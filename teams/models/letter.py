"""The outbox: every letter is a row, written in the same transaction as what caused it."""

from typing import Self

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core import clock
from core.policy import Principal
from core.privacy import classes
from teams.models.team import Team
from teams.models.user import User


class LetterState(models.TextChoices):
    """The life of a letter: it waits, then one of the others, for good."""

    WAITING = "waiting", _("waiting")  # to be sent when it is due
    SENT = "sent", _("sent")  # the mail server took it
    DROPPED = "dropped", _("no longer needed")  # pointless by the time it was due
    FAILED = "failed", _("could not be delivered")  # refused for good
    BOUNCED = "bounced", _("came back")  # the mail server took it, and the next one sent it back
    HELD = "held", _("held")  # written under a moved clock (seeds): never sent


class LetterQuerySet(models.QuerySet["Letter"]):
    def visible_to(self, principal: Principal) -> Self:
        return self.filter(team_id__in=principal.team_ids)


class Letter(models.Model):
    """One letter to one address. It holds ids; the words are found when it is sent, and frozen at the first attempt.

    `key` says what the letter is (`prompt:meeting-12:member-3`): the same key never makes two. Bytes and Message-ID are
    frozen at the first attempt, so that every further attempt is the same letter; they are wiped when it has left.
    """

    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="letters")
    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=40)
    user = models.ForeignKey(User, models.SET_NULL, null=True, related_name="letters")
    address = models.CharField(max_length=254, blank=True)  # of a user: as it is at the first attempt
    data = models.JSONField(default=dict)
    essential = models.BooleanField(default=False)
    created = models.DateTimeField(default=clock.now, editable=False)
    due_at = models.DateTimeField(default=clock.now)
    state = models.CharField(max_length=8, choices=LetterState, default=LetterState.WAITING)
    lease = models.UUIDField(null=True)  # who is at it
    lease_until = models.DateTimeField(null=True)  # not before then may anybody else try
    tries = models.PositiveIntegerField(default=0)
    frozen = models.BinaryField(null=True)
    message_id = models.CharField(max_length=200, blank=True)
    sent_at = models.DateTimeField(null=True)
    refused = models.CharField(max_length=300, blank=True)  # what the mail server said last
    ended_at = models.DateTimeField(null=True)  # when it was dropped, refused for good, or came back

    objects = LetterQuerySet.as_manager()
    privacy = classes(
        technical="id team key kind essential created due_at state lease lease_until tries message_id sent_at ended_at",
        personal="user address refused",
        secret="data frozen",
    )

    class Meta:
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state=LetterState.WAITING), name="letter_waiting"),
            models.Index(fields=["ended_at"], condition=Q(state=LetterState.FAILED), name="letter_failed"),
            models.Index(fields=["message_id"], condition=~Q(message_id=""), name="letter_message_id"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=[LetterState.SENT, LetterState.BOUNCED]) ^ Q(sent_at=None),
                name="letter_sent_has_sent_at",
            ),
            models.CheckConstraint(condition=Q(frozen=None) | ~Q(message_id=""), name="letter_frozen_has_message_id"),
        ]

    def __str__(self) -> str:
        return self.key


class Driver(models.Model):
    """Who does what is due without a click (the worker, beat, the ticker), and when it was last seen.

    The mail server, and the mailbox for letters that come back, have rows of their own here (teams/services/driving.py).
    """

    name = models.CharField(max_length=20, primary_key=True)
    seen_at = models.DateTimeField()
    note = models.CharField(max_length=200, blank=True)  # what keeps it from its work, if anything does

    privacy = classes(technical="name seen_at note")


class Outcome(models.TextChoices):
    """How an attempt ended."""

    IN_DOUBT = "in_doubt", _("in doubt")  # begun; whether the server took it, nobody knows
    SENT = "sent", _("sent")
    TEMPORARY = "temporary", _("not now")
    PERMANENT = "permanent", _("refused")


class AttemptQuerySet(models.QuerySet["Attempt"]):
    def visible_to(self, principal: Principal) -> Self:
        return self.filter(team_id__in=principal.team_ids)


class Attempt(models.Model):
    """One try to deliver a letter, committed before the server hears of it: a copy too many is always explained by one."""

    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="+")
    letter = models.ForeignKey(Letter, models.CASCADE, related_name="attempts")
    started_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.IN_DOUBT)
    note = models.CharField(max_length=300, blank=True)

    objects = AttemptQuerySet.as_manager()
    privacy = classes(technical="id team letter started_at ended_at outcome", personal="note")

    class Meta:
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"attempt {self.pk}"
