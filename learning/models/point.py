"""A point: its words, every wording, and its turn in a read-back."""

from typing import Self

from django.db import models
from django.db.models import Q

from core import clock
from core.base import Keyed, Versioned
from core.policy import Principal
from core.privacy import classes
from learning.models.jotting import Offer
from learning.roles import Outcome, PointState
from meetings.models import Item, Meeting
from teams.models import Membership, Team


class PointQuerySet(models.QuerySet["Point"]):
    def visible_to(self, principal: Principal) -> Self:
        """The team's, but one that still waits for the read-back is seen by whoever keeps learning in mind alone."""
        if principal.kind != "person":
            return self.none()
        return self.filter(team_id__in=principal.team_ids).exclude(state=PointState.WAITING)


class Point(Keyed, Versioned):
    """A learning point. Its words are those of its latest wording, copied here so that a list needs one query."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="points")  # where it was raised
    item = models.ForeignKey(
        Item, models.SET_NULL, null=True, blank=True, related_name="+"
    )  # seen by whoever raised it, cut with the jottings
    offer = models.OneToOneField(Offer, models.SET_NULL, null=True, blank=True, related_name="point")
    raised_by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    state = models.CharField(max_length=9, choices=PointState, default=PointState.WAITING)
    later = models.BooleanField(default=False)  # raised as it came up, and left for the closing slot
    text = models.TextField(max_length=500, blank=True)  # empty: will be said aloud
    applies = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=200, blank=True)
    owner = models.ForeignKey(Membership, models.SET_NULL, null=True, blank=True, related_name="owned_points")
    position = models.PositiveSmallIntegerField(default=0)  # in its meeting's summary
    at = models.DateTimeField(default=clock.now, editable=False)
    settled_at = models.DateTimeField(null=True, blank=True)

    objects = PointQuerySet.as_manager()
    privacy = classes(
        technical="id team meeting item offer key version state later position at settled_at",
        team="text applies action",
        personal="raised_by owner",
    )

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="point_key_once"),
            models.CheckConstraint(condition=~Q(state="agreed") | ~Q(text=""), name="agreed_points_have_words"),
            models.CheckConstraint(
                condition=Q(state__in=["agreed", "two_views", "parked", "left"]) ^ Q(settled_at=None),
                name="settled_points_say_when",
            ),
        ]
        indexes = [models.Index(fields=["team", "state", "-id"], name="points_of_a_team")]


class Wording(models.Model):
    """One wording of a point: every one is kept."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    point = models.ForeignKey(Point, models.CASCADE, related_name="wordings")
    n = models.PositiveSmallIntegerField()
    text = models.TextField(max_length=500)
    applies = models.CharField(max_length=200, blank=True)
    action = models.CharField(max_length=200, blank=True)
    typed_by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    agreed = models.BooleanField(default=False)
    read_by = models.ForeignKey(Membership, models.SET_NULL, null=True, blank=True, related_name="+")
    read_at = models.DateTimeField(
        null=True, blank=True
    )  # "Read: nobody could tell who", by somebody who wasn't typing
    at = models.DateTimeField(default=clock.now, editable=False)

    privacy = classes(
        technical="id team point n agreed read_at at", team="text applies action", personal="typed_by read_by"
    )

    class Meta:
        ordering = ["point", "n"]
        constraints = [models.UniqueConstraint(fields=["point", "n"], name="wording_number_once")]


class ReadBack(models.Model):
    """One meeting's read-back: said first, then point by point. `pen` is the one typist."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.OneToOneField(Meeting, models.CASCADE, related_name="read_back")
    outcome = models.CharField(max_length=10, choices=Outcome, default=Outcome.UNDER_WAY)
    by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    pen = models.ForeignKey(Membership, models.SET_NULL, null=True, blank=True, related_name="+")
    along = models.BooleanField(default=False)  # one point, worded as it came up, before the closing slot
    at_turn = models.PositiveSmallIntegerField(default=0)  # 0: the holder says them; n: the nth point
    started_at = models.DateTimeField(default=clock.now, editable=False)
    ended_at = models.DateTimeField(null=True, blank=True)

    privacy = classes(technical="id team meeting outcome along at_turn started_at ended_at", personal="by pen")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome="under_way") ^ Q(ended_at__isnull=False), name="read_back_ended_has_outcome"
            )
        ]

    @property
    def is_under_way(self) -> bool:
        return self.outcome == Outcome.UNDER_WAY


class Turn(models.Model):
    """A point's turn in one meeting's read-back: one point has one turn a meeting."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="turns")
    point = models.ForeignKey(Point, models.CASCADE, related_name="turns")
    position = models.PositiveSmallIntegerField()
    outcome = models.CharField(max_length=9, choices=PointState, blank=True)  # empty: not reached
    reason = models.CharField(max_length=200, blank=True)  # why it was left, if somebody said
    # The guard has stopped the pen's words: until it writes on, others see only that the wording is being changed.
    stopped = models.BooleanField(default=False, db_default=False)
    recorded_by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(null=True, blank=True)

    privacy = classes(
        technical="id team meeting point position outcome stopped at", team="reason", personal="recorded_by"
    )

    class Meta:
        ordering = ["meeting", "position"]
        constraints = [
            models.UniqueConstraint(fields=["meeting", "point"], name="one_turn_a_meeting"),
            models.UniqueConstraint(fields=["meeting", "position"], name="one_point_at_a_position"),
        ]


class Observation(Keyed):
    """ "I noticed": not voted on, lives and goes with the summary."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="observations")
    by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    text = models.TextField(max_length=500)
    at = models.DateTimeField(default=clock.now, editable=False)

    privacy = classes(technical="id team meeting key at", team="text", personal="by")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="observation_key_once")]


class OtherView(Keyed):
    """ "I see it differently": kept beside the point, whatever its outcome. Who said it is kept nowhere."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="other_views")
    point = models.ForeignKey(Point, models.CASCADE, related_name="other_views")
    text = models.TextField(max_length=500)

    privacy = classes(technical="id team meeting point key", team="text")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["team", "key"], name="other_view_key_once")]
