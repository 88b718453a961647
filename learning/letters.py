"""How this storey's letters are written: what asks for a summary, the summary itself, and the leads' digest."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l
from django.utils.translation import ngettext

from core import clock
from core.mail import Mail, full_address, letter_kind, written
from core.policy import Principal
from core.workdays import next_working_morning
from learning.models import Point, Summary
from learning.queries import Record, Wait, Waiting, record_of, waiting_for
from learning.roles import Outcome, PointState
from learning.rules import may_send, stand_ins
from learning.services.forgetting import JOTTINGS_LAST
from meetings.models import Meeting
from meetings.roles import SeatKind
from meetings.rules import seats_of
from teams.models import Letter, Membership
from teams.services.choices import footing

YOURS = _l("The summary of a meeting is yours to send")
KEPT = _l(
    "You get this because you kept learning in mind."
    " It can’t be turned off: without it the summary might never reach the team."
)
STOOD_IN = _l(
    "You get this because somebody has to send it: whoever kept learning in mind, an AMBIT lead, or the Chair."
    " It can’t be turned off: without it the summary might never reach the team."
)


@letter_kind("prompt", essential=True, title=YOURS, why=KEPT)
def prompt(letter: Letter) -> Mail | None:
    """To whoever kept learning in mind, when the meeting is over: how much waits, in counts, and where to send it from.

    No point's words and no jotting: mail is not a safe place for one. Pointless when the summary was sent or the person has left.
    """
    asked = _asked(letter)
    if asked is None:
        return None
    meeting, member = asked
    with timezone.override(meeting.team.zone):
        record = record_of(meeting)
        context = _for_sender(record, member)
        agreed = sum(_stood(point, record) == PointState.AGREED for point in record.all)
        closed = meeting.closed_at or clock.now()
        morning = next_working_morning(closed, meeting.team.zone, meeting.team.bank_holidays)
        context |= {
            "subject": _ready(meeting.team.name, agreed),
            "morning": _morning(morning) if morning > clock.now() else "",
            "leads": _either([each.first_name for each in stand_ins(meeting) if each.pk != member.pk]),
            "asked_on": _asked_on(meeting),
        }
        return written("learning/email/prompt", {**context, **footing(letter)})


@letter_kind("reminder", essential=True, title=YOURS, why=KEPT)
def reminder(letter: Letter) -> Mail | None:
    """The one reminder, on the next working morning. As pointless as the prompt once the summary was sent."""
    asked = _asked(letter)
    if asked is None:
        return None
    meeting, member = asked
    with timezone.override(meeting.team.zone):
        context = _for_sender(record_of(meeting), member) | {
            "leads": _either([each.first_name for each in stand_ins(meeting) if each.pk != member.pk]),
            "asked_on": _asked_on(meeting),
        }
        return written("learning/email/reminder", {**context, **footing(letter)})


@letter_kind("takeover", essential=True, title=_l("A summary waits, and nobody has sent it"), why=STOOD_IN)
def takeover(letter: Letter) -> Mail | None:
    """To whoever may stand in, when the summary has waited too long. Pointless once it was sent, or who was asked may not send it."""
    asked = _asked(letter)
    if asked is None:
        return None
    meeting, member = asked
    seats = seats_of(meeting)
    holder = seats.get(SeatKind.LEARNING)
    if not may_send(member, meeting, seats):
        return None
    with timezone.override(meeting.team.zone):
        gone = holder is not None and holder.until is not None
        context = _for_sender(record_of(meeting), member) | {
            "holder": holder.first_name if holder and holder.pk != member.pk and not gone else "",
            "gone": holder.first_name if holder and gone else "",
            "yours": holder is not None and holder.pk == member.pk,
            "others": _and([each.first_name for each in stand_ins(meeting, seats) if each.pk != member.pk]),
        }
        return written("learning/email/takeover", {**context, **footing(letter)})


def _asked(letter: Letter) -> tuple[Meeting, Membership] | None:
    """The meeting whose summary is asked for, and of whom; None when it was sent, or the person has left."""
    meeting = Meeting.objects.filter(pk=letter.data["meeting"]).select_related("team").first()
    member = Membership.objects.present().filter(pk=letter.data["member"]).select_related("user").first()
    if meeting is None or member is None or Summary.objects.filter(meeting=meeting, sent_at__isnull=False).exists():
        return None
    return meeting, member


def _for_sender(record: Record, member: Membership) -> dict[str, Any]:
    """What every letter that asks for a summary says: of which day, how much waits, and where it is written. In the team's own time.

    What is counted is what the summary's page shows.
    """
    meeting = record.meeting
    day, today = timezone.localtime(meeting.starts).date(), timezone.localdate(clock.now())
    return {
        "team": meeting.team.name,
        "name": member.first_name,
        "today": today == day,
        "yesterday": today - day == timedelta(days=1),
        "day": date_format(day, "j F"),
        "waiting": _waiting(record, member),
        "forgotten": date_format(timezone.localdate(meeting.starts + JOTTINGS_LAST), "j F"),
        "link": full_address(reverse("summary", kwargs={"slug": meeting.team.slug, "pk": meeting.pk})),
    }


def _asked_on(meeting: Meeting) -> str:
    """When somebody else will be asked ("Thursday"); "" where that is past or won't be."""
    first = Summary.objects.filter(meeting=meeting, edition=1).first()
    if first is None or first.ask_leads_at is None or first.ask_leads_at <= clock.now():
        return ""
    return _day_name(first.ask_leads_at)


def _morning(moment: datetime) -> str:
    """ "tomorrow morning", "on Monday morning", "on 29 December"."""
    if timezone.localdate(moment) - timezone.localdate(clock.now()) == timedelta(days=1):
        return _("tomorrow morning")
    if moment - clock.now() < timedelta(days=6):
        return _("on %(day)s morning") % {"day": _day_name(moment)}
    return _("on %(day)s") % {"day": _day_name(moment)}


def _day_name(moment: datetime) -> str:
    """The weekday while that is plain enough, else the date."""
    return date_format(timezone.localdate(moment), "l" if moment - clock.now() < timedelta(days=6) else "j F")


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


def _stood(point: Point, record: Record) -> PointState:
    """How a point stood at the close: one that was settled at a later meeting wasn't reached at this one."""
    return PointState.RAISED if _settled_later(point, record) else PointState(point.state)


def _settled_later(point: Point, record: Record) -> bool:
    closed = record.meeting.closed_at
    return bool(point.settled_at and closed and point.settled_at > closed)


def _waiting(record: Record, reader: Membership) -> str:
    """What waits, in counts: "two points the team agreed, one that was parked, and one thing you noticed", or ""."""
    parts = []
    stood = [_stood(point, record) for point in record.all]
    agreed, two_views, parked, unreached = (
        stood.count(state) for state in (PointState.AGREED, PointState.TWO_VIEWS, PointState.PARKED, PointState.RAISED)
    )
    noticed, by_you = len(record.noticed), all(seen.by_id == reader.pk for seen in record.noticed)
    if agreed:
        parts.append(
            ngettext("%(n)s point the team agreed", "%(n)s points the team agreed", agreed) % {"n": _number(agreed)}
        )
    if two_views:
        named = ngettext("%(n)s point with two views", "%(n)s points with two views", two_views)
        after = ngettext("%(n)s with two views", "%(n)s with two views", two_views)
        parts.append((after if parts else named) % {"n": _number(two_views)})
    if parked:
        named = ngettext("%(n)s point that was parked", "%(n)s points that were parked", parked)
        after = ngettext("%(n)s that was parked", "%(n)s that were parked", parked)
        parts.append((after if parts else named) % {"n": _number(parked)})
    if unreached:
        named = ngettext("%(n)s point that wasn’t reached", "%(n)s points that weren’t reached", unreached)
        after = ngettext("%(n)s that wasn’t reached", "%(n)s that weren’t reached", unreached)
        parts.append((after if parts else named) % {"n": _number(unreached)})
    if noticed:
        yours = ngettext("%(n)s thing you noticed", "%(n)s things you noticed", noticed)
        seen = ngettext("%(n)s thing somebody noticed", "%(n)s things people noticed", noticed)
        parts.append((yours if by_you else seen) % {"n": _number(noticed)})
    if len(parts) < 3:
        return (" " + _("and") + " ").join(parts)
    return _("%(list)s, and %(last)s") % {"list": ", ".join(parts[:-1]), "last": parts[-1]}


def _either(names: Sequence[str]) -> str:
    """ "Mo", "Mo or Rosa", "Mo, Rosa or Kit"."""
    if len(names) < 2:
        return "".join(names)
    return _("%(list)s or %(last)s") % {"list": ", ".join(names[:-1]), "last": names[-1]}


def _and(names: Sequence[str]) -> str:
    """ "Mo", "Mo and Rosa", "Mo, Rosa and Kit"."""
    if len(names) < 2:
        return "".join(names)
    return _("%(list)s and %(last)s") % {"list": ", ".join(names[:-1]), "last": names[-1]}


# --- the summary -----------------------------------------------------------------------------------------------------------------

STOP = "https://stop.invalid/"  # where each reader's own way to turn these off will stand


@letter_kind("summary", title=_l("The summary of each meeting"))
def summary(letter: Letter) -> Mail | None:
    """What the team learned, to one member. Pointless for who has left the team since, and once a later edition was sent."""
    member = Membership.objects.present().filter(pk=letter.data["member"]).first()
    found = Summary.objects.filter(pk=letter.data["summary"]).select_related("meeting__team", "sent_by__user").first()
    if member is None or found is None or not found.is_sent:
        return None
    if Summary.objects.filter(meeting=found.meeting_id, edition__gt=found.edition, sent_at__isnull=False).exists():
        return None
    mail, stop = as_sent(found) if found.text else written_summary(found), str(footing(letter)["stop"])
    return Mail(
        mail.subject, mail.text.replace(STOP, stop), mail.html.replace(STOP, stop), sender_name=mail.sender_name
    )


def as_sent(found: Summary) -> Mail:
    """The summary as it was frozen when it was sent: every copy says the same, but for how to turn it off."""
    sender = found.sent_by.name if found.sent_by else ""
    return Mail(found.subject, found.text, found.html, sender_name=_by(sender))


def _by(sender: str) -> str:
    return _("%(name)s, by Keeping in Mind") % {"name": sender} if sender else ""


def written_summary(found: Summary) -> Mail:
    """The summary as it is mailed: the same words for everybody."""
    meeting = found.meeting
    record = record_of(meeting)
    holder = seats_of(meeting).get(SeatKind.LEARNING)
    with timezone.override(meeting.team.zone):
        sender = found.sent_by.name if found.sent_by else ""
        context = {
            "team": meeting.team.name,
            "day": date_format(timezone.localtime(meeting.starts).date(), "j F"),
            "holder": holder.first_name if holder else "",
            "points": [(number, point, _stands(point, record)) for number, point in enumerate(record.all, start=1)],
            "none_today": record.read_back is not None and record.read_back.outcome == Outcome.NONE_TODAY,
            "noticed": [(seen.by.first_name if seen.by else "", seen.text) for seen in record.noticed],
            "line": found.line,
            "sender": found.sent_by.first_name if found.sent_by else "",
            "link": full_address(reverse("meeting", kwargs={"slug": meeting.team.slug, "pk": meeting.pk})),
            "version": version_name(found),
            "replaces": replaced_by(found, record),
            "choose": full_address(reverse("letters_choose")),
            "stop": STOP,
        }
        return written("learning/email/summary", context, sender_name=_by(sender))


def version_name(summary: Summary) -> str:
    """ "second version", or "" for the first."""
    names = {1: "", 2: _("second version"), 3: _("third version"), 4: _("fourth version"), 5: _("fifth version")}
    return names.get(summary.edition) or (_("version %(n)d") % {"n": summary.edition} if summary.edition > 1 else "")


def replaced_by(summary: Summary, record: Record) -> str:
    """When the version was sent that this one replaces ("22 September, 12:04", in the zone that is on); "" for the first."""
    before = next((each for each in record.went_out if each.edition < summary.edition), None)
    if before is None or before.sent_at is None:
        return ""
    return date_format(timezone.localtime(before.sent_at), "j F, H:i")


def _stands(point: Point, record: Record) -> str:
    """One quiet line: its outcome first, then when it applies, what the team will do, and who sees to it."""
    outcome = {
        PointState.AGREED: _("Agreed by those here."),
        PointState.TWO_VIEWS: _("Two views. Not agreed now; it may be later."),
        PointState.PARKED: _("Parked for later."),
    }.get(PointState(point.state), _("Not yet agreed."))
    if point.settled_at and _settled_later(point, record):
        outcome = _("Not reached that day. %(state)s on %(day)s.") % {
            "state": point.get_state_display(),
            "day": date_format(timezone.localtime(point.settled_at).date(), "j F"),
        }
    said = [outcome, _sentence(point.applies), _sentence(point.action)]
    if point.owner:
        said.append(_("%(name)s sees to it.") % {"name": point.owner.first_name})
    return " ".join(part for part in said if part)


def _sentence(words: str) -> str:
    words = words.strip()
    words = words[:1].upper() + words[1:]
    return words if not words or words[-1] in ".!?…" else f"{words}."


# --- the leads' digest -----------------------------------------------------------------------------------------------------------


@letter_kind("digest", title=_l("What waits for you as AMBIT lead, once a month"), leads=True)
def digest(letter: Letter) -> Mail | None:
    """What waits for one AMBIT lead, each with its one action. Pointless when nothing waits, or for somebody who leads no more."""
    member = (
        Membership.objects.present()
        .filter(pk=letter.data["member"], is_lead=True)
        .select_related("user", "team")
        .first()
    )
    if member is None:
        return None
    waiting = waiting_for(Principal("person", (member.team_id,), member.user_id, member.pk), lead=True)
    if not waiting:
        return None
    with timezone.override(member.team.zone):
        context = {
            "team": member.team.name,
            "name": member.first_name,
            "month": date_format(timezone.localdate(clock.now()), "F"),
            "subject": ngettext(
                "%(team)s: %(n)s thing waits for you", "%(team)s: %(n)s things wait for you", len(waiting)
            )
            % {"team": member.team.name, "n": _number(len(waiting))},
            "waiting": [_said(each, member) for each in waiting],
        }
        return written("learning/email/digest", {**context, **footing(letter)})


def _said(waiting: Waiting, member: Membership) -> tuple[str, str, str]:
    """A sentence, what to do about it, and where."""
    slug = member.team.slug
    if waiting.meeting is not None:
        day = date_format(timezone.localtime(waiting.meeting.starts).date(), "j F")
        return (
            _("The summary of %(day)s hasn’t gone out yet.") % {"day": day},
            _("Write it") if waiting.what == Wait.WRITE else _("Take it over"),
            full_address(reverse("summary", kwargs={"slug": slug, "pk": waiting.meeting.pk})),
        )
    other = waiting.member or member
    return (
        _("Mail to %(name)s comes back.") % {"name": other.name},
        _("Look at %(name)s’s page") % {"name": other.first_name},
        full_address(reverse("member", kwargs={"slug": slug, "pk": other.pk})),
    )
