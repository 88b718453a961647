"""What happened: written in the same transaction as what it tells of, never edited."""

from typing import Self

from django.db import models

from core import clock
from core.policy import Principal
from core.privacy import classes
from teams.models.team import Team


class ActivityQuerySet(models.QuerySet["Activity"]):
    def visible_to(self, principal: Principal) -> Self:
        return self.filter(team_id__in=principal.team_ids)


class Activity(models.Model):
    """One thing that somebody (or the clock) did. Holds ids and states, never anybody's words.

    The database lets the app's role only insert and read; `digest` is keyed with the server's secret, so that a changed row shows.
    """

    team = models.ForeignKey(Team, models.CASCADE, null=True, related_name="activities")
    actor_id = models.BigIntegerField(null=True)  # a user; no foreign key, so that the record outlives the account
    verb = models.CharField(max_length=40)
    subject = models.CharField(max_length=60, blank=True)  # "meeting 12"
    detail = models.JSONField(default=dict)
    at = models.DateTimeField(default=clock.now, editable=False)
    digest = models.CharField(max_length=64)

    objects = ActivityQuerySet.as_manager()
    privacy = classes(technical="id team verb subject detail at digest", personal="actor_id")

    class Meta:
        ordering = ["-pk"]
        indexes = [models.Index(fields=["team", "-id"], name="activity_of_a_team")]
