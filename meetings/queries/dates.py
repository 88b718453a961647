"""The team's dates: how a series comes again, what is coming, and what a calendar is told of a meeting."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from dateutil.rrule import rrulestr
from django.db.models import Q, TextChoices
from django.urls import reverse
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from core import clock, workdays
from core.calendars import Event, uid_of
from core.errors import NotFound
from core.mail import full_address
from core.policy import Principal
from core.zones import day_of, moment
from meetings.models import CalledOff, Meeting, Pause, Phase, Seat, Series, SeriesLine
from meetings.roles import SeatKind
from teams.models import Membership, Team

# --- how a series comes again ------------------------------------------------------------------------------------------------


class Often(TextChoices):
    """The ways in which a meeting can come again."""

    WEEKLY = "weekly", _l("Every week")
    FORTNIGHTLY = "fortnightly", _l("Every other week")
    FIRST = "1", _l("Each month, the first")
    SECOND = "2", _l("Each month, the second")
    THIRD = "3", _l("Each month, the third")
    FOURTH = "4", _l("Each month, the fourth")
    LAST = "-1", _l("Each month, the last")

    @property
    def by_weeks(self) -> bool:
        return self in (Often.WEEKLY, Often.FORTNIGHTLY)


DAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


def rule_of(often: Often, weekday: int) -> str:
    """As RFC 5545 says it, without a start: "FREQ=MONTHLY;BYDAY=1TU". `weekday`: Monday is 0."""
    if often == Often.WEEKLY:
        return f"FREQ=WEEKLY;BYDAY={DAYS[weekday]}"
    if often == Often.FORTNIGHTLY:
        return f"FREQ=WEEKLY;INTERVAL=2;BYDAY={DAYS[weekday]}"
    return f"FREQ=MONTHLY;BYDAY={often.value}{DAYS[weekday]}"


PATTERNS: Mapping[str, tuple[Often, int]] = {
    rule_of(often, weekday): (often, weekday) for often in Often for weekday in range(7)
}


def first_from(rule: str, day: date) -> date:
    """Where a series of this rule begins that is to hold from `day` on: its weeks are counted from its first date."""
    often, weekday = PATTERNS[rule]
    return day + timedelta(days=(weekday - day.weekday()) % 7) if often.by_weeks else day


def dates_of(series: Series, first: date, last: date) -> list[date]:
    """The days on which it falls, between these two, both included; in dates of the team's own zone, whatever clocks do there."""
    begins = datetime.combine(series.first, time())
    if series.until is not None:
        last = min(last, series.until)
    found = rrulestr(series.rule, dtstart=begins).between(
        datetime.combine(max(first, series.first), time()), datetime.combine(last, time()), inc=True
    )
    return [each.date() for each in found]


def starts_on(series: Series, day: date, zone: str) -> datetime:
    """Its moment on this day: ten o'clock is ten o'clock in the team's zone all year."""
    return moment(day, series.at, zone)


def in_words(rule: str) -> str:
    """ "Every Tuesday", "Every other Thursday", "The first Tuesday of each month"."""
    often, weekday = PATTERNS[rule]
    return {
        Often.WEEKLY: _("Every %(day)s"),
        Often.FORTNIGHTLY: _("Every other %(day)s"),
        Often.FIRST: _("The first %(day)s of each month"),
        Often.SECOND: _("The second %(day)s of each month"),
        Often.THIRD: _("The third %(day)s of each month"),
        Often.FOURTH: _("The fourth %(day)s of each month"),
        Often.LAST: _("The last %(day)s of each month"),
    }[often] % {"day": WEEKDAYS[weekday]}


# --- what the team's page of dates shows ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Going:
    """A series that has dates to come, in words."""

    series: Series
    words: str
    begins: date | None  # where its first date is still to come


@dataclass(frozen=True)
class Date:
    """One coming date, and what is different about it."""

    meeting: Meeting
    holder: Membership | None
    moved_from: date | None  # which day of its series it was
    holiday: str  # of those that the team keeps

    @property
    def is_cancelled(self) -> bool:
        return self.meeting.phase == Phase.CANCELLED

    @property
    def in_pause(self) -> bool:
        return self.meeting.called_off == CalledOff.PAUSE


@dataclass(frozen=True)
class Dates:
    """Everything the page of dates says."""

    coming: Sequence[Date]
    series: Sequence[Going]
    pauses: Sequence[Pause]

    @property
    def is_empty(self) -> bool:
        return not (self.coming or self.series)


def dates_for(principal: Principal, team: Team) -> Dates:
    """What is coming, the series and the pauses. Four queries."""
    now = clock.now()
    today = day_of(now, team.zone)
    meetings = Meeting.objects.visible_to(principal)
    called_off = Q(phase=Phase.CANCELLED, called_off__in=[CalledOff.ALONE, CalledOff.PAUSE], starts__gt=now)
    ids = meetings.upcoming().values("pk")
    shown = list(meetings.filter(Q(pk__in=ids) | called_off).order_by("starts", "pk"))
    held = Seat.objects.current().filter(meeting__in=shown, kind=SeatKind.LEARNING).select_related("member__user")
    holders = {seat.meeting_id: seat.member for seat in held}
    going = [
        Going(series, in_words(series.rule), series.first if series.first > today else None)
        for series in Series.objects.visible_to(principal).going_on(today)
    ]
    return Dates(
        [_date(meeting, holders.get(meeting.pk), team) for meeting in shown],
        going,
        list(Pause.objects.visible_to(principal).filter(last__gte=today)),
    )


def _date(meeting: Meeting, holder: Membership | None, team: Team) -> Date:
    day = day_of(meeting.starts, team.zone)
    was = meeting.original_date
    return Date(
        meeting,
        holder,
        was if meeting.apart and was != day else None,
        workdays.holiday(day, team.bank_holidays),
    )


def series_for(principal: Principal, pk: int) -> Series:
    """The series, if this reader may see it. Raises NotFound."""
    found = Series.objects.visible_to(principal).filter(pk=pk).select_related("team").first()
    if found is None:
        raise NotFound(_("The address may be old, or the page may belong to another team."))
    return found


def lines_of(series: Series) -> list[SeriesLine]:
    """What each of its meetings begins with, in order."""
    return list(SeriesLine.objects.filter(series=series))


def words_of_series(meeting: Meeting) -> str:
    """How the series of this meeting comes again; empty for one by itself, and where the series is over."""
    series = Series.objects.filter(pk=meeting.series_id).first() if meeting.series_id else None
    if series is None or (series.until is not None and series.until < day_of(clock.now(), meeting.team.zone)):
        return ""
    return in_words(series.rule)


# --- what calendars are told -------------------------------------------------------------------------------------------------

PAST = timedelta(weeks=4)  # so long a meeting stays in a calendar that follows


def event_of(meeting: Meeting, *, about: str = "", with_video: bool = True) -> Event:
    """A meeting as a calendar is told of it: the team's name, when and where. Its agenda and its people stay here.

    Where it has a place, the link to its video is among the words about it. `about` is for the one person whose calendar it is.
    Needs `meeting.team`.
    """
    video = meeting.video if with_video else ""
    by_video = _("By video: %(link)s") % {"link": video} if meeting.place and video else ""
    return Event(
        uid=uid_of(f"meeting-{meeting.key}"),
        sequence=meeting.sequence,
        starts=meeting.starts,
        ends=meeting.ends,
        zone=meeting.team.zone,
        title=meeting.team.name,
        where=meeting.place or video,
        url=full_address(reverse("meeting", kwargs={"slug": meeting.team.slug, "pk": meeting.pk})),
        about="\n".join(said for said in (about, by_video) if said),
        cancelled=meeting.phase == Phase.CANCELLED,
        stamp=meeting.told_at,  # not `touched_at`: a link that leaks would tell when somebody jots something down
    )


def events_for(principal: Principal, *, whose: int | None) -> list[Event]:
    """The dates of the last four weeks and those to come; `whose`: the user whose own calendar it is, None for a team's.

    A meeting that was called off before any calendar knew of it isn't told. The team's link may still be known to somebody who
    has left, so that it holds no link to a video meeting.
    """
    meetings = Meeting.objects.visible_to(principal).filter(starts__gt=clock.now() - PAST)
    known = list(meetings.exclude(phase=Phase.CANCELLED, sequence=0).select_related("team").order_by("starts", "pk"))
    if whose is None:
        return [event_of(meeting, with_video=False) for meeting in known]
    held = Seat.objects.current().filter(meeting__in=known, kind=SeatKind.LEARNING, member__user_id=whose)
    mine = set(held.values_list("meeting_id", flat=True))
    keeps = _("You keep our learning in mind.")
    return [event_of(meeting, about=keeps if meeting.pk in mine else "") for meeting in known]
