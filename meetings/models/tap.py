"""What can be undone: the last taps that others saw."""

from django.db import models

from core import clock
from core.privacy import classes
from meetings.models.meeting import Meeting
from teams.models import Membership, Team


class Tap(models.Model):
    """Somebody moved what everybody sees, and may undo it for half a minute. `data` is what undoing needs: ids and states, never words.

    `words`: the label of an item that was taken out or changed. A tap is gone an hour later, and they with it.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="taps")
    by = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    verb = models.CharField(max_length=24)
    data = models.JSONField(default=dict)
    words = models.CharField(max_length=80, blank=True)
    at = models.DateTimeField(default=clock.now, editable=False)
    undone_at = models.DateTimeField(null=True, blank=True)

    privacy = classes(technical="id team meeting verb data at undone_at", team="words", personal="by")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["meeting", "by", "-id"], name="taps_of_a_person")]

    def __str__(self) -> str:
        return f"tap {self.pk}"
