"""How this storey's letters are written: notices about dates, and the role card. Composed from the rows at the moment of sending."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from core import clock
from core.calendars import calendar_file
from core.mail import Calendar, Mail, full_address, letter_kind, sender, written
from core.zones import day_of, moment
from meetings.models import Meeting, Pause, Phase, Seat, Series
from meetings.queries import agenda_of
from meetings.queries.dates import event_of, in_words
from meetings.queries.turns import turn_of
from meetings.roles import SeatKind
from meetings.services.cards import TOO_LATE
from meetings.services.notices import goes, standing
from teams.models import Letter, Membership, Team
from teams.services.choices import footing

MOVED = _l("Meetings are moved, cancelled, or take place after all")
STAYS = _l("It can’t be turned off: without it you might come when nobody meets, or be missed when the others do.")
LISTED = 12  # dates that one letter spells out


# --- one meeting -------------------------------------------------------------------------------------------------------------


@letter_kind("planned", title=_l("A new meeting, outside of any series"))
def planned(letter: Letter) -> Mail | None:
    """A one-off meeting is new, to each member."""
    meeting = _meeting(letter, Phase.PLANNED, Phase.LIVE)
    if meeting is None:
        return None
    by = meeting.planned_by.first_name if meeting.planned_by else ""
    with timezone.override(meeting.team.zone):
        context = {**_said(letter, meeting), "by": by}
        return _with_date(written("meetings/email/planned", context), meeting, letter, "REQUEST")


@letter_kind("changed", essential=True, title=MOVED, why=STAYS)
def changed(letter: Letter) -> Mail | None:
    """It was moved, or takes place elsewhere: what it was, and what it is. Whoever is on their way needs it too."""
    meeting = _meeting(letter, Phase.PLANNED, Phase.LIVE)
    if meeting is None:
        return None
    was, now = letter.data["was"], standing(meeting)
    with timezone.override(meeting.team.zone):
        context = {
            **_said(letter, meeting),
            "was": _when(datetime.fromisoformat(was["starts"]), was["minutes"]) if was["starts"] else None,
            "elsewhere": was.get("place") != now["place"],
            "other_video": was.get("video") != now["video"],
        }
        return _with_date(written("meetings/email/changed", context), meeting, letter, "REQUEST")


@letter_kind("cancelled", essential=True, title=MOVED, why=STAYS)
def cancelled(letter: Letter) -> Mail | None:
    """It doesn't take place."""
    meeting = _meeting(letter, Phase.CANCELLED)
    if meeting is None:
        return None
    with timezone.override(meeting.team.zone):
        # Where people know of another day than the one it had last, that is the day on which nobody meets.
        was = letter.data["was"]
        known = _when(datetime.fromisoformat(was["starts"]), was["minutes"]) if was["starts"] else {}
        context = {**_said(letter, meeting), **known}
        return _with_date(written("meetings/email/cancelled", context), meeting, letter, "CANCEL")


@letter_kind("reinstated", essential=True, title=MOVED, why=STAYS)
def reinstated(letter: Letter) -> Mail | None:
    """It takes place after all, or has begun by now."""
    meeting = _meeting(letter, Phase.PLANNED, Phase.LIVE)
    if meeting is None:
        return None
    with timezone.override(meeting.team.zone):
        return _with_date(written("meetings/email/reinstated", _said(letter, meeting)), meeting, letter, "REQUEST")


def _meeting(letter: Letter, *phases: Phase) -> Meeting | None:
    """The meeting, unless this letter has become pointless: it is past, stands otherwise, or has changed again since."""
    if _member(letter) is None:
        return None
    found = Meeting.objects.filter(pk=letter.data["meeting"]).select_related("team", "planned_by__user").first()
    if found is None or found.phase not in phases or found.sequence != letter.data["sequence"]:
        return None
    return found if clock.now() < found.ends else None


def _member(letter: Letter) -> Membership | None:
    """Whom it is for, while they are of the team."""
    return Membership.objects.present().filter(pk=letter.data["member"]).select_related("user").first()


def _when(starts: datetime, minutes: int) -> dict[str, str]:
    """Inside the team's zone: "Tuesday 29 September", "10:00", "11:00"."""
    begins, ends = timezone.localtime(starts), timezone.localtime(starts + timedelta(minutes=minutes))
    return {
        "day": date_format(begins, "l j F"),
        "begins": date_format(begins, "H:i"),
        "ends": date_format(ends, "H:i"),
    }


def _said(letter: Letter, meeting: Meeting) -> dict[str, Any]:
    """What every letter about one meeting says of it."""
    return {
        **footing(letter),
        **_when(meeting.starts, meeting.minutes),
        "team": meeting.team.name,
        "place": meeting.place,
        "video": meeting.video,
        "link": _page("meeting_plan", meeting.team, pk=meeting.pk),
        "dates": _page("dates", meeting.team),
    }


def _page(name: str, team: Team, **route: Any) -> str:
    return full_address(reverse(name, kwargs={"slug": team.slug, **route}))


def _with_date(mail: Mail, meeting: Meeting, letter: Letter, method: str) -> Mail:
    """The letter with its date for a calendar. Nobody but whom it is for is named, and the server itself invites."""
    file = calendar_file(
        [event_of(meeting)], method=method, organizer=(meeting.team.name, sender()), attendee=letter.address
    )
    return _carrying(mail, Calendar(method, file))


def _carrying(mail: Mail, calendar: Calendar) -> Mail:
    return Mail(mail.subject, mail.text, mail.html, mail.sender_name, mail.attachments, calendar)


# --- many dates --------------------------------------------------------------------------------------------------------------


@letter_kind("dates", essential=True, title=MOVED, why=STAYS)
def dates(letter: Letter) -> Mail | None:
    """Many dates changed at once. Tells of those that are still ahead and haven't changed again since.

    The file is PUBLISH, not REQUEST: an invitation is about one UID (RFC 5546, 3.2.2), and of several dates Outlook takes up
    the first alone (MS-STANOICAL 2.2.175). As a published file both it and Google import all of them, by UID and SEQUENCE. What
    keeps a calendar right without anybody's doing is the team's feed, so the letter leads there.
    """
    team = letter.team
    if _member(letter) is None or team is None:
        return None
    told = {pk: sequence for pk, sequence, _was in letter.data["dates"]}
    found = [
        meeting
        for meeting in Meeting.objects.filter(
            pk__in=told, phase__in=[Phase.PLANNED, Phase.CANCELLED], starts__gt=clock.now()
        )
        .select_related("team")
        .order_by("starts")
        if meeting.sequence == told[meeting.pk]
    ]
    if not found:
        return None
    what = letter.data["what"]
    by = Membership.objects.filter(pk=letter.data["by"]).select_related("user").first()
    first, last = day_of(found[0].starts, team.zone), day_of(found[-1].starts, team.zone)
    stays: list[Meeting] = []
    if pause := Pause.objects.filter(pk=letter.data.get("pause")).first():
        first, last = pause.first, pause.last  # the days that were entered
        stays = _planned_on(team, first, last)
    with timezone.override(team.zone):
        on = [_when(meeting.starts, meeting.minutes) for meeting in found if meeting.phase == Phase.PLANNED]
        off = [_when(meeting.starts, meeting.minutes) for meeting in found if meeting.phase == Phase.CANCELLED]
        context = {
            **footing(letter),
            "team": team.name,
            "what": what,
            "by": by.first_name if by else "",
            "first": date_format(first, "j F"),
            "last": date_format(last, "j F"),
            **_series(letter, first),
            "on": on[:LISTED],
            "off": off[:LISTED],
            "stays": [_when(meeting.starts, meeting.minutes) for meeting in stays],
            "more_on": len(on[LISTED:]),
            "more_off": len(off[LISTED:]),
            "dates": _page("dates", team),
        }
        mail = written("meetings/email/dates", context)
    file = calendar_file([event_of(meeting) for meeting in found], organizer=(team.name, sender()))
    return _carrying(mail, Calendar("PUBLISH", file))


def _planned_on(team: Team, first: date, last: date) -> list[Meeting]:
    """What takes place in a pause all the same: planned by itself, or put back."""
    begins, ends = moment(first, time(), team.zone), moment(last + timedelta(days=1), time(), team.zone)
    rows = Meeting.objects.filter(team=team, phase=Phase.PLANNED, starts__gte=max(begins, clock.now()), starts__lt=ends)
    return list(rows.order_by("starts")[:LISTED])


def _series(letter: Letter, first: date) -> dict[str, Any]:
    """What a letter says of the series it is about, and of the one that its reader knew in its place; nothing without one."""
    known = [letter.data.get("series"), letter.data.get("was")]
    rows = {row.pk: row for row in Series.objects.filter(pk__in=known).select_related("follows")}
    series, was = (rows.get(pk) for pk in known)
    if series is not None and was is not None and goes(series) == goes(was):
        was = None  # it was changed back before anybody heard of it
    if series is not None and was is not None and series.follows is not None and series.follows.until is not None:
        first = series.follows.until + timedelta(days=1)  # the day that was entered
    others = Series.objects.filter(team=letter.team).going_on(first)
    return {
        "series": _comes(series) if series else None,
        "was": _comes(was) if was else None,
        "since": date_format(first, "j F"),
        "other_weeks": bool(series and was and series.rule == was.rule and goes(series)[1] != goes(was)[1]),
        "place": series.place if series else "",
        "video": series.video if series else "",
        "elsewhere": bool(series and was and series.place != was.place),
        "other_video": bool(series and was and series.video != was.video),
        "others": series is not None and others.exclude(pk=series.pk).exists(),
    }


def _comes(series: Series) -> dict[str, str]:
    """ "Every Tuesday", the same as it stands within a sentence, "10:00", "11:00"."""
    words = in_words(series.rule)
    begins = datetime.combine(series.first, series.at)
    return {
        "day": words,
        "within": words[:1].lower() + words[1:],
        "begins": date_format(begins, "H:i"),
        "ends": date_format(begins + timedelta(minutes=series.minutes), "H:i"),
    }


# --- the role card -----------------------------------------------------------------------------------------------------------


@letter_kind("card", title=_l("A note on the working day before you keep learning in mind"))
def card(letter: Letter) -> Mail | None:
    """To whoever will keep learning in mind, once. Pointless when the seat is somebody else's, or the meeting all but begins.

    Frozen with a date that the meeting has no more it is dropped too; `cards_due` sees to another.
    """
    member = _member(letter)
    meeting = Meeting.objects.filter(pk=letter.data["meeting"], phase=Phase.PLANNED).select_related("team").first()
    if member is None or meeting is None or clock.now() > meeting.starts - TOO_LATE:
        return None
    if letter.frozen is not None and letter.data.get("sequence", meeting.sequence) != meeting.sequence:
        return None
    if not Seat.objects.current().filter(meeting=meeting, kind=SeatKind.LEARNING, member=member).exists():
        return None
    read_back = agenda_of(meeting).read_back
    with timezone.override(meeting.team.zone):
        days = (timezone.localdate(meeting.starts) - timezone.localdate(clock.now())).days
        context = {
            **footing(letter),
            **_when(meeting.starts, meeting.minutes),
            "team": meeting.team.name,
            "name": member.first_name,
            "days": days,
            "weekday": date_format(timezone.localtime(meeting.starts), "l"),
            "read_back": date_format(timezone.localtime(read_back.at), "H:i") if read_back else "",
            "about": _page("role", meeting.team),
            "link": _page("meeting_plan", meeting.team, pk=meeting.pk),
            "turn": _page("meeting_plan", meeting.team, pk=meeting.pk) + "#turn",
            "may_swap": turn_of(member, meeting).swap is not None,
        }
        mail = written("meetings/email/card", context)
    # A file to open by hand: it asks no calendar for anything, since most dates are in the team's feed already.
    noted = event_of(meeting, about=_("You keep our learning in mind."))
    return _carrying(mail, Calendar("PUBLISH", calendar_file([noted], organizer=(meeting.team.name, sender()))))
