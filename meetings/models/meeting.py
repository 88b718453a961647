"""A meeting and its agenda."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Self

from django.db import models
from django.db.models import ExpressionWrapper, F, Q, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from django.utils.translation import gettext as __
from django.utils.translation import gettext_lazy as _

from core import clock
from core.base import Keyed, Versioned
from core.live import Live
from core.policy import Principal
from core.privacy import classes
from core.scope import scope
from teams.models import Membership, Team

ROOM_OPENS = timedelta(minutes=15)
NEVER_BEGAN = timedelta(hours=12)  # so long after its start a planned meeting that nobody began is past
FORGOTTEN = timedelta(minutes=60)  # so long after its booked end a meeting closes itself
UNTOUCHED = timedelta(minutes=30)  # or, after that end, when nobody has touched it for so long


class Phase(models.TextChoices):
    """The life of a meeting."""

    PLANNED = "planned", _("planned")
    LIVE = "live", _("live")
    CLOSED = "closed", _("closed")
    CANCELLED = "cancelled", _("cancelled")


NEXT: dict[Phase, frozenset[Phase]] = {
    Phase.PLANNED: frozenset({Phase.LIVE, Phase.CANCELLED}),
    Phase.LIVE: frozenset({Phase.CLOSED}),
    Phase.CLOSED: frozenset(),
    Phase.CANCELLED: frozenset({Phase.PLANNED}),  # it takes place after all
}


class CalledOff(models.TextChoices):
    """Why a cancelled meeting was cancelled."""

    NOT = "", ""
    ALONE = "alone", _("this one date")
    PAUSE = "pause", _("a pause of all dates")
    SERIES = "series", _("its series ended or changed")


BOOKED_END = ExpressionWrapper(
    F("starts") + F("minutes") * Value(timedelta(minutes=1), models.DurationField()), models.DateTimeField()
)


class MeetingQuerySet(models.QuerySet["Meeting"]):
    def visible_to(self, principal: Principal) -> Self:
        """A person's teams' meetings; a visitor and a wall see one."""
        if principal.kind == "person":
            return self.filter(team_id__in=principal.team_ids)
        return self.filter(pk=principal.meeting_id or 0)

    def upcoming(self) -> Self:
        """Live, or planned and not long past, the nearest first. One that nobody began isn't upcoming for ever."""
        due = Q(phase=Phase.PLANNED, starts__gt=clock.now() - NEVER_BEGAN)
        return self.filter(Q(phase=Phase.LIVE) | due).order_by("starts")

    def ending_after(self, moment: datetime) -> Self:
        """Those whose booked end is still to come at `moment`."""
        return self.alias(booked_end=BOOKED_END).filter(booked_end__gt=moment)

    def forgotten(self) -> Self:
        """Those that go on although nobody is there any more. One that began late has its hour all the same."""
        now = clock.now()
        asked = self.filter(phase=Phase.LIVE).alias(booked_end=BOOKED_END, touched=Coalesce("touched_at", "began_at"))
        an_hour_over = Q(booked_end__lte=now - FORGOTTEN, began_at__lte=now - FORGOTTEN)
        return asked.filter(an_hour_over | Q(booked_end__lte=now, touched__lte=now - UNTOUCHED))

    def held(self) -> Self:
        """Closed, the latest first."""
        return self.filter(phase=Phase.CLOSED).order_by("-starts")


class Meeting(Live, Keyed, Versioned):
    """One coming together of a team. `revision` and `changed` (from Live) count what its screens show."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="meetings")
    starts = models.DateTimeField()
    minutes = models.PositiveSmallIntegerField(default=60)
    place = models.CharField(max_length=80, blank=True)
    video = models.URLField(max_length=300, blank=True)
    phase = models.CharField(max_length=9, choices=Phase, default=Phase.PLANNED)
    small = models.BooleanField(default=False)  # four or fewer: one person may hold two seats
    cases = models.PositiveSmallIntegerField(default=0)  # the last number given to a case: numbers never change
    planned_by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    series = models.ForeignKey("meetings.Series", models.SET_NULL, null=True, blank=True, related_name="meetings")
    original_date = models.DateField(null=True, blank=True)  # which date of its series it is, wherever it was moved
    apart = models.BooleanField(default=False)  # changed by itself: what changes its series leaves it alone
    called_off = models.CharField(max_length=6, choices=CalledOff, default=CalledOff.NOT, blank=True)
    sequence = models.PositiveIntegerField(default=0)  # RFC 5545: raised whenever a calendar must be told anew
    told_at = models.DateTimeField(default=clock.now)  # since when calendars are told this: rises with `sequence` alone
    closed_by = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")  # nobody: by itself
    began_at = models.DateTimeField(null=True, blank=True)
    closed_at = models.DateTimeField(null=True, blank=True)

    objects = MeetingQuerySet.as_manager()
    privacy = classes(
        technical="id team key version revision changed starts minutes phase small cases began_at closed_at"
        " touched_at series original_date apart called_off sequence told_at",
        team="place video",
        personal="planned_by closed_by",
    )

    class Meta:
        ordering = ["-starts"]
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="meeting_key_once"),
            models.UniqueConstraint(fields=["series", "original_date"], name="a_date_of_a_series_once"),
            models.CheckConstraint(
                condition=Q(series=None) | Q(original_date__isnull=False), name="meeting_of_a_series_has_its_date"
            ),
            models.CheckConstraint(
                condition=Q(phase="cancelled") ^ Q(called_off=""), name="meeting_cancelled_says_why"
            ),
            models.CheckConstraint(
                condition=Q(phase="closed") ^ Q(closed_at=None), name="meeting_closed_has_closed_at"
            ),
            models.CheckConstraint(
                condition=Q(phase__in=["planned", "cancelled"]) | Q(began_at__isnull=False),
                name="meeting_live_has_began_at",
            ),
            models.CheckConstraint(condition=Q(minutes__gte=5) & Q(minutes__lte=480), name="meeting_minutes_are_sane"),
        ]
        indexes = [
            models.Index(fields=["team", "-starts"], name="meetings_of_a_team"),
            models.Index(fields=["starts"], condition=Q(phase="live"), name="meetings_under_way"),  # the clock looks
        ]

    def __str__(self) -> str:
        return f"meeting {self.pk}"

    def follows(self, before: Live) -> None:
        if isinstance(before, Meeting) and Meeting.team.is_cached(before):
            self.team = before.team

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        """Fragments are rendered in one language and in the team's own time, within its own rows, whoever caused it."""
        with scope(self.team_id), super().surroundings(), timezone.override(self.team.zone):
            yield

    @property
    def ends(self) -> datetime:
        """The booked end."""
        return self.starts + timedelta(minutes=self.minutes)

    @property
    def opens(self) -> datetime:
        """From when on the room is open."""
        return self.starts - ROOM_OPENS

    @property
    def is_open(self) -> bool:
        """Whether the room can be entered: it is live, or about to be."""
        return self.phase == Phase.LIVE or (
            self.phase == Phase.PLANNED and self.opens <= clock.now() < self.starts + NEVER_BEGAN
        )

    @property
    def is_ahead(self) -> bool:
        """Whether its room will open yet."""
        return self.phase == Phase.PLANNED and clock.now() < self.opens

    @property
    def is_live(self) -> bool:
        return self.phase == Phase.LIVE

    @property
    def is_closed(self) -> bool:
        return self.phase == Phase.CLOSED


class ItemKind(models.TextChoices):
    """What an item of the agenda is."""

    LOOK_BACK = "look_back", _("Look-back")
    CASE = "case", _("Case")
    BUSINESS = "business", _("Business")
    READ_BACK = "read_back", _("Read-back")
    WRITE_UP = "write_up", _("Write-up")
    OTHER = "other", _("Other")


class Task(models.TextChoices):
    """What the worker wants from a talk (AMBIT: mark the task). Ready words only: never free text about a case."""

    MARKED = "marked", _("said aloud")
    ENGAGEMENT = "engagement", _("think about engagement")
    PLAN = "plan", _("make a plan")
    DECIDE = "decide", _("decide something together")
    UNDERSTAND = "understand", _("understand what is going on")
    SHARE_RISK = "share_risk", _("share a worry about risk")
    BE_HEARD = "be_heard", _("be heard")


class Step(models.TextChoices):
    """The four steps of a case discussion (AMBIT: Thinking Together)."""

    MARK = "mark", _("Mark the task")
    STATE = "state", _("State the case")
    MENTALIZE = "mentalize", _("Mentalize the moment")
    RETURN = "return", _("Return to purpose")


class Item(Keyed, Versioned):
    """One place of the agenda. A case has no free label: a number that never changes, and who brings it."""

    team = models.ForeignKey(Team, models.CASCADE, related_name="+")
    meeting = models.ForeignKey(Meeting, models.CASCADE, related_name="items")
    kind = models.CharField(max_length=9, choices=ItemKind)
    case_no = models.PositiveSmallIntegerField(null=True, blank=True)
    label = models.CharField(max_length=80, blank=True)
    presenter = models.ForeignKey(Membership, models.SET_NULL, null=True, blank=True, related_name="+")
    minutes = models.PositiveSmallIntegerField(default=10)
    position = models.PositiveSmallIntegerField()
    task = models.CharField(max_length=80, blank=True)  # a Task, or one of the team's own ready words
    at_step = models.CharField(
        max_length=9, choices=Step, blank=True
    )  # where a case discussion is, if the team turned that on
    started_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    put_off_until = models.DateTimeField(null=True, blank=True)  # a read-back that isn't due before: "5 more minutes"

    privacy = classes(
        technical="id team meeting key version kind case_no minutes position task at_step started_at ended_at put_off_until",
        team="label",
        personal="presenter",
    )

    class Meta:
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["team", "key"], name="item_key_once"),
            models.UniqueConstraint(
                fields=["meeting"], condition=Q(kind="read_back"), name="one_read_back_in_a_meeting"
            ),
            models.UniqueConstraint(fields=["meeting", "case_no"], name="a_case_number_is_used_once"),
            models.UniqueConstraint(
                fields=["meeting"], condition=Q(started_at__isnull=False, ended_at=None), name="one_item_at_a_time"
            ),
            models.CheckConstraint(
                condition=Q(kind="case", label="", case_no__isnull=False) | (~Q(kind="case") & Q(case_no=None)),
                name="a_case_has_no_label",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(started_at__isnull=False), name="item_ended_was_started"
            ),
        ]

    def __str__(self) -> str:
        return f"item {self.pk}"

    @property
    def title(self) -> str:
        """As the agenda shows it: "Case 3 · Sol", "Business", "Winter rota · Kit"."""
        if self.kind == ItemKind.CASE:
            title = __("Case %(number)d") % {"number": self.case_no}
        else:
            title = self.label or str(ItemKind(self.kind).label)
        return f"{title} · {self.presenter.first_name}" if self.presenter else title

    @property
    def task_said(self) -> str:
        """The marked task in words."""
        return str(dict(Task.choices).get(self.task, self.task))

    @property
    def step_now(self) -> Step:
        """Which of the four steps a case discussion is at: the first, until somebody says otherwise."""
        return Step(self.at_step or Step.MARK)

    @property
    def step_after(self) -> Step | None:
        """The step that comes next; None at the last."""
        return dict(zip(Step, list(Step)[1:], strict=False)).get(self.step_now)

    @property
    def is_now(self) -> bool:
        return self.started_at is not None and self.ended_at is None

    @property
    def is_done(self) -> bool:
        return self.ended_at is not None

    @property
    def is_read_back(self) -> bool:
        return self.kind == ItemKind.READ_BACK
