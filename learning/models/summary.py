"""The summary that goes to the team, and to whom it went."""

from django.db import models
from django.db.models import Q

from core.base import Versioned
from core.privacy import classes
from meetings.models import Meeting
from teams.models import Letter, Membership, Team


class Summary(Versioned):
    """One meeting's summary: composed by whoever kept learning in mind, sent once."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.OneToOneField(Meeting, models.CASCADE, related_name="summary")
    line = models.TextField(max_length=600, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    sent_by = models.ForeignKey(Membership, models.SET_NULL, null=True, blank=True, related_name="+")
    subject = models.CharField(max_length=200, blank=True)
    text = models.TextField(blank=True)  # as it was sent, frozen at that moment: later wordings don't change it
    html = models.TextField(blank=True)

    privacy = classes(technical="id team meeting version sent_at", team="line subject text html", personal="sent_by")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sent_at=None) | Q(sent_by__isnull=False), name="summary_sent_by_somebody"
            )
        ]

    @property
    def is_sent(self) -> bool:
        return self.sent_at is not None


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
