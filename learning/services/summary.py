"""Composing the summary and sending it, once, to every member."""

import uuid

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import clock, guard
from core.errors import Invalid, NotFound, NotPossible
from core.events import announce
from learning.events import SummarySent
from learning.models import Delivery, Point, Summary
from learning.queries import record_of
from learning.roles import SETTLED, PointState
from learning.rules import ensure_may_send, ensure_over
from learning.services.points import ensure_same_words, keep_wording
from learning.services.words import LINE, one_line
from meetings.models import Meeting
from meetings.services.locks import lock
from teams.models import Letter, Membership
from teams.services.activity import record
from teams.services.letters import post_letter


def _open(by: Membership, meeting: int) -> tuple[Meeting, Summary]:
    """The closed meeting, locked, and its summary, which is not sent yet. Raises NotPossible when it is."""
    found = lock(meeting, by=by)
    ensure_over(found)
    ensure_may_send(by, found)
    summary, _made = Summary.objects.get_or_create(team_id=found.team_id, meeting=found)
    if summary.is_sent:
        raise NotPossible(_("The summary was sent already."))
    return found, summary


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
    """A late thought: it goes with the summary as "not yet agreed", and opens the next read-back."""
    found, _summary = _open(by, meeting)
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
def reword(*, by: Membership, meeting: int, point: int, text: str, seen: int | None = None) -> Point:
    """A new wording after the meeting, said to be one: changed words lose the team's agreement until they are read back again."""
    found, _summary = _open(by, meeting)
    changed = next((each for each in record_of(found).all if each.pk == point), None)
    if changed is None:
        raise NotFound(_("This point is gone."))
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
def send(*, by: Membership, meeting: int) -> Summary:
    """One letter to every present member, whether they were there or not. A second tap sends nothing."""
    found = lock(meeting, by=by)
    ensure_over(found)
    ensure_may_send(by, found)
    summary, _made = Summary.objects.get_or_create(team_id=found.team_id, meeting=found)
    if summary.is_sent:
        return summary
    came = record_of(found)
    for point in came.all:  # once more, before it leaves the house
        guard.check(guard.Done.SENT, text=point.text, applies=point.applies, action=point.action)
    for seen in came.noticed:
        guard.check(guard.Done.SENT, text=seen.text)
    guard.check(guard.Done.SENT, line=summary.line)
    summary.sent_at, summary.sent_by = clock.now(), by
    summary.save(update_fields=["sent_at", "sent_by"])
    for member in Membership.objects.present().filter(team_id=found.team_id).select_related("user"):
        key = f"summary:meeting-{found.pk}:member-{member.pk}"
        post_letter("summary", key=key, to=member.user, team=found.team_id, summary=summary.pk, member=member.pk)
        Delivery.objects.create(
            team_id=found.team_id, summary=summary, member=member, letter=Letter.objects.get(key=key)
        )
    record("summary sent", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}")
    announce(SummarySent(team=found.team_id, meeting=found.pk, summary=summary.pk))
    return summary
