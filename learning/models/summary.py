"""The summary that goes to the team, and to whom it went."""

import re

from django.db import models
from django.db.models import Q

from core.base import Versioned
from core.privacy import classes
from meetings.models import Meeting
from teams.models import Letter, Membership, Team


class Summary(Versioned):
    """One meeting's summary: composed by whoever kept learning in mind, each edition sent once.

    The first is made when the meeting closes. A later edition, after sending, replaces the one before and says so.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="summaries", related_query_name="summary")
    edition = models.PositiveSmallIntegerField(default=1)
    ask_leads_at = models.DateTimeField(null=True, blank=True)  # if it isn't sent by then, a lead is asked to take over
    leads_asked_at = models.DateTimeField(null=True, blank=True)
    line = models.TextField(max_length=600, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(Membership, models.SET_NULL, null=True, blank=True, related_name="+")
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)  # as it was sent, frozen at that moment: later wordings don't change it
    html = models.TextField(blank=True)

    privacy = classes(
        technical="id team meeting version edition ask_leads_at leads_asked_at sent_at",
        team="line subject text html",
        personal="sent_by",
    )

    class Meta:
        ordering = ["-edition"]  # the newest first
        indexes = [
            models.Index(
                fields=["ask_leads_at"],
                condition=Q(sent_at=None, leads_asked_at=None, ask_leads_at__isnull=False),
                name="summary_leads_to_ask",
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "edition"], name="each_edition_once"),
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(sent_by__isnull=False), name="summary_sent_by_somebody"
            ),
        ]

    @property
    def is_sent(self) -> bool:
        return self.sent_at is not None

    @property
    def said(self) -> str:
        """As it was sent, without its foot: that is each reader's own."""
        return re.sub(r"\n-- ?\n(?!.*\n-- ?\n).*", "", self.text, flags=re.DOTALL).strip()


class Delivery(models.Model):
    """The summary on its way to one person."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    summary = models.ForeignKey(Summary, models.CASCADE, related_name="deliveries")
    member = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    letter = models.OneToOneField(Letter, models.CASCADE, related_name="+")

    privacy = classes(technical="id team summary letter", personal="member")

    class Meta:
        ordering = ["member__user__name"]
        constraints = [models.UniqueConstraint(fields=["summary", "member"], name="each_member_once")]
