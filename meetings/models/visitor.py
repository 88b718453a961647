"""Somebody who comes to one meeting, through one link, and sees nothing else."""

from typing import Self

from django.db import models
from django.db.models import Q

from core import clock
from core.base import Keyed
from core.policy import Principal
from core.privacy import classes
from meetings.models.meeting import Meeting
from teams.models import Membership, Team


class VisitorQuerySet(models.QuerySet["Visitor"]):
    def visible_to(self, principal: Principal) -> Self:
        """A person's teams' visitors; whoever comes from outside sees nobody beside themselves, and that isn't asked here."""
        return self.filter(team_id__in=principal.team_ids) if principal.kind == "person" else self.none()

    def waiting(self) -> Self:
        """At the door: asked, and nobody has answered yet."""
        return self.filter(let_in_at=None, ended_at=None)

    def inside(self) -> Self:
        return self.filter(let_in_at__isnull=False, ended_at=None)


class Visitor(Keyed):
    """At the door until whoever holds a seat lets them in; in the room until it closes, or until somebody sees them out.

    Holds no seat and owns no action. `key` says who it is: their browser holds it, signed.
    """

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="visitors")
    name = models.CharField(max_length=40)
    asked_at = models.DateTimeField(default=clock.now, editable=False)
    let_in_by = models.ForeignKey(Membership, models.SET_NULL, null=True, blank=True, related_name="+")
    let_in_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)  # not let in, seen out, gone, or the meeting closed

    objects = VisitorQuerySet.as_manager()
    privacy = classes(technical="id team meeting key asked_at let_in_at ended_at", personal="name let_in_by")

    class Meta:
        ordering = ["asked_at", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="visitor_key_once"),
            models.CheckConstraint(
                condition=Q(let_in_by=None) | Q(let_in_at__isnull=False), name="visitor_let_in_says_when"
            ),
        ]

    @property
    def called(self) -> str:
        """What the others call them: the first word of the name; nothing once it is forgotten."""
        return self.name.split()[0] if self.name else ""

    @property
    def is_waiting(self) -> bool:
        return self.let_in_at is None and self.ended_at is None

    @property
    def is_inside(self) -> bool:
        return self.let_in_at is not None and self.ended_at is None

    def __str__(self) -> str:
        return f"visitor {self.pk}"
