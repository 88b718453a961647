"""How this storey's letters are written: the end-of-meeting summary prompt, and the summary itself."""

from collections.abc import Sequence

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from core import clock
from core.mail import Mail, full_address, letter_kind, written
from learning.models import Observation, Point, Summary
from learning.queries import record_of
from learning.roles import Outcome, PointState
from learning.services.forgetting import JOTTINGS_LAST
from meetings.models import Meeting, Seat
from meetings.roles import SeatKind
from teams.models import Letter, Membership


@letter_kind("prompt", essential=True, why=_l("You get this because you kept learning in mind."))
def prompt(letter: Letter) -> Mail | None:
    """To whoever kept learning in mind, when the meeting is over: how much waits, in counts, and where to send it from.

    No point's words and no jotting: mail is not a safe place for one. Pointless when the summary was sent or the person has left.
    """
    meeting = Meeting.objects.filter(pk=letter.data["meeting"]).select_related("team").first()
    member = Membership.objects.present().filter(pk=letter.data["member"]).select_related("user").first()
    if meeting is None or member is None or Summary.objects.filter(meeting=meeting, sent_at__isnull=False).exists():
        return None
    points = list(Point.objects.filter(meeting=meeting))
    agreed = sum(point.state == PointState.AGREED for point in points)
    leads = (
        Membership.objects.present()
        .filter(team_id=meeting.team_id, is_lead=True)
        .exclude(pk=member.pk)
        .select_related("user")
    )
    with timezone.override(meeting.team.zone):
        day = timezone.localtime(meeting.starts).date()
        context = {
            "name": member.first_name,
            "subject": _ready(meeting.team.name, agreed),
            "today": timezone.localdate(clock.now()) == day,
            "day": date_format(day, "j F"),
            "waiting": _waiting(points, Observation.objects.filter(meeting=meeting).count()),
            "forgotten": date_format(timezone.localdate(meeting.starts + JOTTINGS_LAST), "j F"),
            "leads": _either([lead.first_name for lead in leads]),
            "link": full_address(reverse("summary", kwargs={"slug": meeting.team.slug, "pk": meeting.pk})),
        }
        return written("learning/email/prompt", context)


def _number(count: int) -> str:
    words = [
        _("no"),
        _("one"),
        _("two"),
        _("three"),
        _("four"),
        _("five"),
        _("six"),
        _("seven"),
        _("eight"),
        _("nine"),
        _("ten"),
    ]
    return words[count] if count < len(words) else str(count)


def _ready(team: str, agreed: int) -> str:
    if agreed == 0:
        return _("%(team)s: the summary is ready to send") % {"team": team}
    return ngettext("%(team)s: %(n)s point is ready to send", "%(team)s: %(n)s points are ready to send", agreed) % {
        "team": team,
        "n": _number(agreed),
    }


def _waiting(points: Sequence[Point], noticed: int) -> str:
    """What waits, in counts: "two points the team agreed, one that was parked, and one thing you noticed", or ""."""
    parts = []
    agreed = sum(point.state == PointState.AGREED for point in points)
    parked = sum(point.state == PointState.PARKED for point in points)
    unreached = sum(point.state in (PointState.RAISED, PointState.WAITING) for point in points)
    if agreed:
        parts.append(
            ngettext("%(n)s point the team agreed", "%(n)s points the team agreed", agreed) % {"n": _number(agreed)}
        )
    if parked:
        named = ngettext("%(n)s point that was parked", "%(n)s points that were parked", parked)
        after = ngettext("%(n)s that was parked", "%(n)s that were parked", parked)
        parts.append((after if parts else named) % {"n": _number(parked)})
    if unreached:
        named = ngettext("%(n)s point that wasn’t reached", "%(n)s points that weren’t reached", unreached)
        after = ngettext("%(n)s that wasn’t reached", "%(n)s that weren’t reached", unreached)
        parts.append((after if parts else named) % {"n": _number(unreached)})
    if noticed:
        parts.append(ngettext("%(n)s thing you noticed", "%(n)s things you noticed", noticed) % {"n": _number(noticed)})
    if len(parts) < 3:
        return (" " + _("and") + " ").join(parts)
    return _("%(list)s, and %(last)s") % {"list": ", ".join(parts[:-1]), "last": parts[-1]}


def _either(names: Sequence[str]) -> str:
    """ "Mo", "Mo or Rosa", "Mo, Rosa or Kit"."""
    if len(names) < 2:
        return "".join(names)
    return _("%(list)s or %(last)s") % {"list": ", ".join(names[:-1]), "last": names[-1]}


@letter_kind("summary", title=_l("The summary of each meeting"))
def summary(letter: Letter) -> Mail | None:
    """What the team learned, to one member. Pointless for somebody who has left the team since."""
    member = Membership.objects.present().filter(pk=letter.data["member"]).first()
    found = Summary.objects.filter(pk=letter.data["summary"]).select_related("meeting__team", "sent_by__user").first()
    if member is None or found is None or not found.is_sent:
        return None
    return as_sent(found) if found.text else written_summary(found)


def as_sent(found: Summary) -> Mail:
    """The summary as it was frozen when it was sent: every copy says the same."""
    sender = found.sent_by.name if found.sent_by else ""
    return Mail(found.subject, found.text, found.html, sender_name=_by(sender))


def _by(sender: str) -> str:
    return _("%(name)s, by Keeping in Mind") % {"name": sender} if sender else ""


def written_summary(found: Summary) -> Mail:
    """The summary as it is mailed: the same words for everybody. Its preview, before it is sent, is this too."""
    meeting = found.meeting
    record = record_of(meeting)
    seat = Seat.objects.current().filter(meeting=meeting, kind=SeatKind.LEARNING).select_related("member__user").first()
    with timezone.override(meeting.team.zone):
        sender = found.sent_by.name if found.sent_by else ""
        context = {
            "team": meeting.team.name,
            "day": date_format(timezone.localtime(meeting.starts).date(), "j F"),
            "holder": seat.member.first_name if seat else "",
            "points": [(number, point, _stands(point)) for number, point in enumerate(record.all, start=1)],
            "none_today": record.read_back is not None and record.read_back.outcome == Outcome.NONE_TODAY,
            "noticed": [(seen.by.first_name if seen.by else "", seen.text) for seen in record.noticed],
            "line": found.line,
            "sender": found.sent_by.first_name if found.sent_by else "",
            "link": full_address(reverse("meeting", kwargs={"slug": meeting.team.slug, "pk": meeting.pk})),
        }
        return written("learning/email/summary", context, sender_name=_by(sender))


def _stands(point: Point) -> str:
    """One quiet line: its outcome first, then when it applies, what the team will do, and who sees to it."""
    outcome = {
        PointState.AGREED: _("Agreed by those here."),
        PointState.PARKED: _("Parked for later."),
    }.get(PointState(point.state), _("Not yet agreed."))
    said = [outcome, _sentence(point.applies), _sentence(point.action)]
    if point.owner:
        said.append(_("%(name)s sees to it.") % {"name": point.owner.first_name})
    return " ".join(part for part in said if part)


def _sentence(words: str) -> str:
    words = words.strip()
    words = words[:1].upper() + words[1:]
    return words if not words or words[-1] in ".!?…" else f"{words}."
