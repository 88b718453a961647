"""Composing the summary and sending it, each edition once, to every member; and what anyone adds until then."""

import uuid

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import clock, guard
from core.errors import Invalid, NotFound, NotPossible, Stale
from core.events import announce
from learning.events import SummarySent
from learning.models import Delivery, Observation, Point, Summary
from learning.queries import record_of
from learning.roles import SETTLED, PointState
from learning.rules import ensure_may_send, ensure_over
from learning.services.points import ensure_same_words, keep_wording
from learning.services.words import LINE, one_line
from meetings.models import Meeting, Phase
from meetings.services import running
from meetings.services.locks import lock
from teams.models import Letter, Membership
from teams.services.activity import record
from teams.services.letters import post_letter


def _newest(meeting: Meeting) -> Summary:
    """The newest edition. The first is made with the close; a meeting that was closed before that was so gets it here."""
    found = Summary.objects.filter(meeting=meeting).order_by("-edition").first()
    return found or Summary.objects.get_or_create(team_id=meeting.team_id, meeting=meeting, edition=1)[0]


def _open(by: Membership, meeting: int) -> tuple[Meeting, Summary]:
    """The closed meeting, locked, and its summary, which is not sent yet. Raises NotPossible when it is."""
    found = lock(meeting, by=by)
    ensure_over(found)
    ensure_may_send(by, found)
    summary = _newest(found)
    if summary.is_sent:
        raise NotPossible(_("The summary was sent already."))
    return found, summary


def _open_to_all(by: Membership, meeting: int) -> Meeting:
    """The closed meeting, locked, while its summary isn't sent: until then anyone of the team may add a thought."""
    found = lock(meeting, by=by)
    ensure_over(found)
    if _newest(found).is_sent:
        raise NotPossible(
            _("The summary has gone out, so nothing can be added to it. Your thought isn’t lost: offer it next time.")
        )
    return found


@transaction.atomic
def write_line(*, by: Membership, meeting: int, line: str, seen: int | None = None) -> Summary:
    """A line from whoever sends it, if they like. Raises Stale when it was changed elsewhere since `seen`."""
    found, summary = _open(by, meeting)
    line = line.replace("\r\n", "\n").strip()
    if len(line) > LINE:
        raise Invalid("line", _("Say it in fewer words: %(longest)d letters at most.") % {"longest": LINE})
    guard.check(guard.Done.SAVED, line=line)
    if line != summary.line:
        summary.step(seen)
        summary.line = line
        summary.save(update_fields=["line", "version"])
        record("summary line written", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}")
    return summary


@transaction.atomic
def move_point(*, by: Membership, meeting: int, point: int, up: bool) -> None:
    """One place up or down in the summary."""
    found, _summary = _open(by, meeting)
    points = list(record_of(found).all)
    here = next((index for index, other in enumerate(points) if other.pk == point), None)
    if here is None:
        raise NotFound(_("This point is gone."))
    there = here - 1 if up else here + 1
    if 0 <= there < len(points):
        points[here], points[there] = points[there], points[here]
    for position, other in enumerate(points, start=1):
        other.position = position
    Point.objects.bulk_update(points, ["position"])
    record("summary ordered", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=point, up=up)


@transaction.atomic
def add_point(*, by: Membership, meeting: int, text: str, key: uuid.UUID | None = None) -> Point:
    """Anyone's late thought: it goes with the summary as "not yet agreed", and opens the next read-back."""
    found = _open_to_all(by, meeting)
    text = one_line(text)
    last = Point.objects.filter(meeting=found).aggregate(last=Max("position"))["last"] or 0
    same = {"meeting_id": found.pk, "raised_by_id": by.pk}
    point, made = Point.once(
        key=key, team_id=found.team_id, same=same, text=text, state=PointState.RAISED, position=last + 1
    )
    if made:
        keep_wording(point, by)
        record("point added", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=point.pk)
    else:
        ensure_same_words(point, text)
    return point


@transaction.atomic
def notice_late(*, by: Membership, meeting: int, text: str, key: uuid.UUID | None = None) -> Observation:
    """Anyone's "I noticed" after the meeting: goes with the summary, under their name."""
    found = _open_to_all(by, meeting)
    text = one_line(text)
    seen, made = Observation.once(
        key=key, team_id=found.team_id, same={"meeting_id": found.pk, "by_id": by.pk, "text": text}
    )
    if made:
        record("noticed", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", observation=seen.pk)
    return seen


@transaction.atomic
def reword(*, by: Membership, meeting: int, point: int, text: str, seen: int | None = None) -> Point:
    """A new wording after the meeting, said to be one: changed words lose the team's agreement until they are read back again."""
    found, _summary = _open(by, meeting)
    if point not in {each.pk for each in record_of(found).all}:
        raise NotFound(_("This point is gone."))
    changed = Point.objects.select_for_update().get(
        pk=point
    )  # carried over, it may have its turn in another meeting meanwhile
    if changed.turns.filter(outcome="", meeting__phase=Phase.LIVE).exists():
        raise NotPossible(_("This point is being read back in a meeting now. Its words are changed there."))
    settled_here = changed.turns.filter(meeting=found).exclude(outcome="").exists()
    if changed.state in SETTLED and not settled_here:
        raise NotPossible(_("This point was settled at a later meeting, so its words stay."))
    text = one_line(text)
    if text == changed.text:
        return changed
    changed.step(seen)
    changed.text = text
    if changed.state == PointState.AGREED:
        changed.state, changed.settled_at = PointState.RAISED, None
    changed.save(update_fields=["text", "version", "state", "settled_at"])
    keep_wording(changed, by)
    record("point reworded", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=changed.pk)
    return changed


def freeze(summary: int, *, subject: str, text: str, html: str) -> None:
    """Keep the summary as it is being sent, once: later wordings don't change it. Inside the sending's transaction."""
    Summary.objects.filter(pk=summary, text="").update(subject=subject, text=text, html=html)


@transaction.atomic
def send(*, by: Membership, meeting: int, edition: int | None = None, shown: str | None = None) -> Summary:
    """One letter to every present member, whether they were there or not. A second tap sends nothing.

    `edition`: the one that was looked at; the newest, if nothing is said. `shown`: what the page showed (`Record.mark`); raises
    Stale when somebody has added a thought since, so that nobody sends what they haven't read. Raises NotPossible for an edition
    that was thrown away.
    """
    found = lock(meeting, by=by)
    ensure_over(found)
    ensure_may_send(by, found)
    summary = _newest(found)
    if edition is not None and edition != summary.edition:
        earlier = Summary.objects.filter(meeting=found, edition=edition).first()
        if earlier is None:
            raise NotPossible(_("Somebody decided not to send this version. What was sent before stands."))
        summary = earlier
    if summary.is_sent:
        return summary
    if shown and shown != record_of(found).mark:
        raise Stale(_("Something was added or changed since you looked. Read it through once more, then send it."))
    _hand_out(found, summary, by)
    return summary


@transaction.atomic
def close_and_send(*, by: Membership, meeting: int) -> Summary:
    """Close the meeting and send its summary at once: then nobody is prompted, and nobody reminded. A second tap does nothing more."""
    found = lock(meeting, by=by)
    if found.phase == Phase.CLOSED:
        return send(by=by, meeting=meeting)
    ensure_may_send(by, found)
    summary = _newest(found)
    # Sent before it is closed: so whoever reacts to the close finds nothing left to ask for.
    summary.sent_at, summary.sent_by = clock.now(), by
    summary.save(update_fields=["sent_at", "sent_by"])
    closed = running.close(by=by, meeting=meeting)
    _hand_out(closed, summary, by)
    return summary


def _hand_out(meeting: Meeting, summary: Summary, by: Membership) -> None:
    """Send this edition: a letter to each, and a row that says so. The guard looks once more, before it leaves the house."""
    came = record_of(meeting)
    for point in came.all:
        guard.check(guard.Done.SENT, text=point.text, applies=point.applies, action=point.action)
        for view in point.other_views.all():
            guard.check(guard.Done.SENT, text=view.text)
    for seen in came.noticed:
        guard.check(guard.Done.SENT, text=seen.text)
    guard.check(guard.Done.SENT, line=summary.line)
    summary.sent_at, summary.sent_by = clock.now(), by
    summary.save(update_fields=["sent_at", "sent_by"])
    for member in Membership.objects.present().filter(team_id=meeting.team_id).select_related("user"):
        key = _letter_key(meeting, summary, member)
        post_letter("summary", key=key, to=member.user, team=meeting.team_id, summary=summary.pk, member=member.pk)
        Delivery.objects.create(
            team_id=meeting.team_id, summary=summary, member=member, letter=Letter.objects.get(key=key)
        )
    record(
        "summary sent",
        by=by.user_id,
        team=meeting.team_id,
        subject=f"meeting {meeting.pk}",
        edition=summary.edition,
    )
    announce(SummarySent(team=meeting.team_id, meeting=meeting.pk, summary=summary.pk))


def _letter_key(meeting: Meeting, summary: Summary, member: Membership) -> str:
    edition = f":edition-{summary.edition}" if summary.edition > 1 else ""
    return f"summary:meeting-{meeting.pk}{edition}:member-{member.pk}"


@transaction.atomic
def begin_again(*, by: Membership, meeting: int, after: int | None = None) -> Summary:
    """A new edition after sending, to be changed and sent again; its line is that of the one before. A second tap makes no other.

    `after`: the edition that was looked at. Nothing is made when there is a newer one already.
    """
    found = lock(meeting, by=by)
    ensure_over(found)
    ensure_may_send(by, found)
    last = _newest(found)
    if not last.is_sent or (after is not None and after != last.edition):
        return last
    again = Summary.objects.create(
        team_id=found.team_id, meeting=found, edition=last.edition + 1, line=last.line, version=last.version + 1
    )
    record(
        "summary begun again", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", edition=again.edition
    )
    return again


@transaction.atomic
def throw_away(*, by: Membership, meeting: int, edition: int | None = None, seen: int | None = None) -> None:
    """Don't send a later edition after all. What was added or reworded stays with the points. Harmless when it is gone.

    Raises Stale when somebody has written its line since `seen`, NotPossible for the first edition.
    """
    found = lock(meeting, by=by)
    ensure_over(found)
    ensure_may_send(by, found)
    last = _newest(found)
    if last.is_sent or (edition is not None and edition != last.edition):
        return
    if last.edition == 1:
        raise NotPossible(_("This summary hasn’t gone out yet, so there is nothing to go back to."))
    last.step(seen)
    gone = last.edition
    last.delete()
    record("summary thrown away", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", edition=gone)
