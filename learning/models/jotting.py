"""What the holder notices, privately, and what others offer."""

from typing import Self

from django.db import models

from core import clock
from core.base import Keyed, Versioned
from core.policy import Principal
from core.privacy import classes
from learning.roles import Fate
from meetings.models import Item, Meeting, Visitor
from teams.models import Membership, Team


class JottingQuerySet(models.QuerySet["Jotting"]):
    def visible_to(self, principal: Principal) -> Self:
        """Its author's alone: nobody else ever reads a jotting."""
        return self.filter(author_id=principal.member_id or 0)


class Jotting(Keyed, Versioned):
    """A private note of whoever keeps learning in mind, stamped with the item. Deleted after 14 days."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="jottings")
    author = models.ForeignKey(Membership, models.CASCADE, related_name="jottings")
    item = models.ForeignKey(Item, models.SET_NULL, null=True, blank=True, related_name="+")
    text = models.TextField(max_length=2000)
    at = models.DateTimeField(default=clock.now, editable=False)
    raised_at = models.DateTimeField(null=True, blank=True)  # put into words for all, or to be said aloud

    objects = JottingQuerySet.as_manager()
    privacy = classes(technical="id team meeting item key version at raised_at", private="text", personal="author")

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="jotting_key_once")]
        indexes = [models.Index(fields=["author", "meeting"], name="jottings_of_an_author")]


class OfferQuerySet(models.QuerySet["Offer"]):
    def visible_to(self, principal: Principal) -> Self:
        """Whoever offered it. The holder reads the tray by `queries.tray`."""
        return self.filter(by_id=principal.member_id or 0)


class Offer(Keyed):
    """A possible learning point from anybody, for the holder's tray. Without a name if they like."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="offers")
    by = models.ForeignKey(Membership, models.SET_NULL, null=True, blank=True, related_name="+")
    visitor = models.ForeignKey(Visitor, models.SET_NULL, null=True, blank=True, related_name="+")
    merged_into = models.ForeignKey("learning.Point", models.SET_NULL, null=True, blank=True, related_name="merged")
    named = models.BooleanField(default=True)  # whether the holder is told who offers it
    text = models.TextField(max_length=500)
    fate = models.CharField(max_length=6, choices=Fate, default=Fate.WAITS)
    at = models.DateTimeField(default=clock.now, editable=False)

    objects = OfferQuerySet.as_manager()
    privacy = classes(technical="id team meeting key merged_into named fate at", team="text", personal="by visitor")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="offer_key_once")]
