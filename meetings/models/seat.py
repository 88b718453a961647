"""Who sits where, who is here, and the wall's code."""

from typing import Self

from django.db import models
from django.db.models import F, Q

from core import clock
from core.policy import Principal
from core.privacy import classes
from meetings.models.meeting import Meeting
from meetings.roles import SeatKind
from teams.models import Membership, Team


class SeatQuerySet(models.QuerySet["Seat"]):
    def visible_to(self, principal: Principal) -> Self:
        if principal.kind == "person":
            return self.filter(team_id__in=principal.team_ids)
        return self.filter(meeting_id=principal.meeting_id or 0)

    def current(self) -> Self:
        """Those that are held now (or were at the close)."""
        return self.filter(until=None)


class How(models.TextChoices):
    """How somebody came to a seat."""

    PROPOSED = "proposed", "proposed by the team's rule"
    APPOINTED = "appointed", "asked by somebody"
    TAKEN = "taken", "took it"
    SWAPPED = "swapped", "swapped with somebody"
    STOOD_IN = "stood_in", "stood in when the seat fell empty in mid-meeting"
    BACK = "back", "took it back"


class Ended(models.TextChoices):
    """How somebody's time in a seat ended, where it ended before the meeting did."""

    NOT = "", ""
    REPLACED = "replaced", "somebody else took it, or was asked"
    DECLINED = "declined", "not this time"
    SWAPPED = "swapped", "swapped with somebody"
    HAD_TO_GO = "had_to_go", "had to go"
    CALLED_OUT = "called_out", "was called out"
    HANDED_OVER = "handed_over", "left it with whoever stood in"
    ABSENT = "absent", "was proposed, and didn't come"
    AWAY = "away", "is away that day"
    LEFT_TEAM = "left_team", "left the team"


# Ends after which one may take the seat back, until one has said that it stays with whoever stood in.
MAY_COME_BACK = frozenset({Ended.HAD_TO_GO, Ended.CALLED_OUT, Ended.REPLACED, Ended.ABSENT})


class Seat(models.Model):
    """One person in one seat of one meeting, from one moment to another. All changes stay."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="seats")
    kind = models.CharField(max_length=8, choices=SeatKind)
    member = models.ForeignKey(Membership, models.CASCADE, related_name="seats")
    how = models.CharField(max_length=9, choices=How)
    by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    small = models.BooleanField(default=False)  # taken beside another seat, in a meeting flagged small
    since = models.DateTimeField(default=clock.now, editable=False)
    until = models.DateTimeField(null=True, blank=True)
    ended = models.CharField(max_length=11, choices=Ended, default=Ended.NOT, blank=True)
    said_yes_at = models.DateTimeField(
        null=True, blank=True
    )  # who was proposed and says nothing keeps the seat all the same

    objects = SeatQuerySet.as_manager()
    privacy = classes(technical="id team meeting kind how small since until ended said_yes_at", personal="member by")

    class Meta:
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["meeting", "kind"], condition=Q(until=None), name="one_open_seat_of_a_kind"
            ),
            models.UniqueConstraint(
                fields=["meeting", "member"], condition=Q(until=None, small=False), name="nobody_holds_two_seats"
            ),
            models.CheckConstraint(condition=Q(until=None) | Q(until__gte=F("since")), name="seat_ends_after_it_began"),
            models.CheckConstraint(condition=Q(until=None) ^ ~Q(ended=""), name="seat_left_says_how"),
        ]


class Attendance(models.Model):
    """Somebody was here, as one person recorded it: devices prove nothing."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="attendance")
    member = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    recorded_by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField(default=clock.now, editable=False)

    privacy = classes(technical="id team meeting at", personal="member recorded_by")

    class Meta:
        ordering = ["member__user__name"]
        constraints = [models.UniqueConstraint(fields=["meeting", "member"], name="here_once")]


class WallCode(models.Model):
    """The short code that opens one meeting's wall without signing in, to look only. Dies when the meeting closes."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.OneToOneField(Meeting, models.CASCADE, related_name="wall_code")
    code = models.CharField(
        max_length=6, unique=True
    )  # shown to the whole team and on the wall itself, so not a secret kept as a hash

    privacy = classes(technical="id team meeting", team="code")

    @property
    def spoken(self) -> str:
        """As people say it: "KLM 482"."""
        return f"{self.code[:3]} {self.code[3:]}"
