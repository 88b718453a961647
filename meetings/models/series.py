"""Meetings that come again: the rule, the lines each begins with, and the days on which none take place."""

from datetime import date
from typing import Self

from django.db import models
from django.db.models import F, Q

from core import clock
from core.base import Keyed, Versioned
from core.policy import Principal
from core.privacy import classes
from meetings.models.meeting import ItemKind
from teams.models import Membership, Team


class SeriesQuerySet(models.QuerySet["Series"]):
    def visible_to(self, principal: Principal) -> Self:
        return self.filter(team_id__in=principal.team_ids)

    def going_on(self, day: date) -> Self:
        """Those with dates on or after this day."""
        return self.filter(Q(until=None) | (Q(until__gte=day) & Q(until__gte=F("first"))))


class Series(Keyed, Versioned):
    """A meeting that comes again. Belongs to the team, so it survives whoever planned it.

    `rule` is an RFC 5545 recurrence without a start ("FREQ=WEEKLY;INTERVAL=2"), reckoned in dates of the team's own zone, so that
    ten o'clock stays ten o'clock across a change of the clocks. A change from a date on ends one series and begins another
    that `follows` it.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="series")
    rule = models.CharField(max_length=60)
    first = models.DateField()
    until = models.DateField(null=True, blank=True)  # the last day on which one may fall
    at = models.TimeField()
    minutes = models.PositiveSmallIntegerField(default=60)
    place = models.CharField(max_length=80, blank=True)
    video = models.URLField(max_length=300, blank=True)
    follows = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="followed_by")
    planned_by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")

    objects = SeriesQuerySet.as_manager()
    privacy = classes(
        technical="id team key version rule first until at minutes follows", team="place video", personal="planned_by"
    )

    class Meta:
        ordering = ["first", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="series_key_once"),
            models.CheckConstraint(condition=Q(minutes__gte=5) & Q(minutes__lte=480), name="series_minutes_are_sane"),
        ]

    def __str__(self) -> str:
        return f"series {self.pk}"


class SeriesLine(models.Model):
    """One line of the agenda that each meeting of a series begins with. Never a case: those belong to one date."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    series = models.ForeignKey(Series, models.CASCADE, related_name="lines")
    kind = models.CharField(max_length=9, choices=ItemKind)
    label = models.CharField(max_length=80, blank=True)
    minutes = models.PositiveSmallIntegerField(default=10)
    position = models.PositiveSmallIntegerField()
    key = models.UUIDField(null=True, editable=False)  # of the form that added it

    privacy = classes(technical="id team series key kind minutes position", team="label")

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.CheckConstraint(condition=~Q(kind="case"), name="a_template_holds_no_cases"),
            models.UniqueConstraint(fields=["series", "key"], name="a_line_is_added_once"),
        ]


class PauseQuerySet(models.QuerySet["Pause"]):
    def visible_to(self, principal: Principal) -> Self:
        return self.filter(team_id__in=principal.team_ids)

    def over(self, day: date) -> Self:
        """Those that cover this day."""
        return self.filter(first__lte=day, last__gte=day)


class Pause(Keyed):
    """Days without meetings of any series: a holiday of the whole team. One-off meetings aren't touched by it."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    first = models.DateField()
    last = models.DateField()
    by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now, editable=False)

    objects = PauseQuerySet.as_manager()
    privacy = classes(technical="id team key first last at", personal="by")

    class Meta:
        ordering = ["first", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="pause_key_once"),
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="pause_ends_after_it_began"),
        ]
