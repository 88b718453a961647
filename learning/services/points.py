"""Raising: a jotting put into words that fit any case, or said aloud."""

import uuid

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import clock, guard
from core.errors import Invalid, KeyReused, NotFound, NotPossible
from core.live import touch
from learning.models import Jotting, Observation, Offer, Point, Wording
from learning.roles import Fate, PointState
from learning.services.words import one_line
from meetings.models import Item, Meeting, Phase
from meetings.roles import Do, SeatKind
from meetings.rules import ensure, ensure_phase, seats_of
from meetings.services.locks import lock
from teams.models import Membership
from teams.queries import agreement_of
from teams.roles import RaiseRule
from teams.services.activity import record


def write_point(
    meeting: Meeting,
    *,
    by: Membership,
    text: str,
    offer: Offer | None = None,
    item: Item | None = None,
    key: uuid.UUID | None = None,
) -> Point:
    """A new point: seen by the holder alone until the read-back, or by everybody at once, as the team has agreed.

    The caller has locked the meeting, asked the rules and the guard.
    """
    at_once = agreement_of(meeting.team_id).raise_rule == RaiseRule.AS_THEY_COME
    last = Point.objects.filter(meeting=meeting).aggregate(last=Max("position"))["last"] or 0
    point, made = Point.once(
        key=key,
        team_id=meeting.team_id,
        same={"meeting_id": meeting.pk, "raised_by_id": by.pk},
        text=text,
        offer=offer,
        item=item,
        state=PointState.RAISED if at_once else PointState.WAITING,
        position=last + 1,
    )
    if not made:
        ensure_same_words(point, text)
        return point
    if text:
        keep_wording(point, by)
    record("point raised", by=by.user_id, team=meeting.team_id, subject=f"meeting {meeting.pk}", point=point.pk)
    if at_once:
        touch(meeting, "points")
    tell_holder(meeting, by)
    return point


def ensure_same_words(point: Point, text: str) -> None:
    """Raises KeyReused when a key that made `point` comes again with other words than those it was made of."""
    first = point.wordings.order_by("n").first()
    if (first.text if first else "") != text:
        raise KeyReused(_("This form was sent before with other words. Load the page again."))


def tell_holder(meeting: Meeting, by: Membership) -> None:
    """The holder's own screens show waiting points too."""
    holder = seats_of(meeting).get(SeatKind.LEARNING)
    touch(meeting, "jottings", to={by.pk} | ({holder.pk} if holder else set()))


def keep_wording(point: Point, by: Membership, *, agreed: bool = False) -> None:
    """Keep the point's present words as a wording of their own, unless they are the last one's already."""
    last = point.wordings.order_by("-n").first()
    words = (point.text, point.applies, point.action)
    if last is not None and (last.text, last.applies, last.action) == words:
        if agreed and not last.agreed:
            last.agreed = True
            last.save(update_fields=["agreed"])
        return
    Wording.objects.create(
        team_id=point.team_id,
        point=point,
        n=last.n + 1 if last else 1,
        text=point.text,
        applies=point.applies,
        action=point.action,
        typed_by=by,
        agreed=agreed,
        at=clock.now(),
    )


@transaction.atomic
def raise_point(
    *,
    by: Membership,
    meeting: int,
    text: str,
    jotting: int | None = None,
    aloud: bool = False,
    key: uuid.UUID | None = None,
) -> Point:
    """In words that fit any case, or, `aloud`, an empty point that the holder will say. The guard looks first."""
    found = lock(meeting, by=by)
    ensure(by, Do.RAISE, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    text = one_line(text, done=guard.Done.RAISED, empty=True)
    if not text and not aloud:
        raise Invalid("text", _("Put it in words that fit any case, or say it aloud."))
    source = _source(by, found, jotting)
    point = write_point(found, by=by, text="" if aloud else text, item=source.item if source else None, key=key)
    _mark_raised(source)
    return point


def _source(by: Membership, meeting: Meeting, jotting: int | None) -> Jotting | None:
    if jotting is None:
        return None
    found = Jotting.objects.filter(pk=jotting, meeting=meeting, author=by).select_related("item").first()
    if found is None:
        raise NotFound(_("This jotting is gone."))
    return found


def _mark_raised(source: Jotting | None) -> None:
    if source is not None and source.raised_at is None:
        source.raised_at = clock.now()
        source.save(update_fields=["raised_at"])


@transaction.atomic
def notice(
    *, by: Membership, meeting: int, text: str, jotting: int | None = None, key: uuid.UUID | None = None
) -> Observation:
    """ "I noticed": an observation, not voted on. Goes with the summary."""
    found = lock(meeting, by=by)
    ensure(by, Do.RAISE, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    text = one_line(text, done=guard.Done.RAISED)
    source = _source(by, found, jotting)
    seen, made = Observation.once(
        key=key, team_id=found.team_id, same={"meeting_id": found.pk, "by_id": by.pk, "text": text}
    )
    _mark_raised(source)
    if made:
        record("noticed", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", observation=seen.pk)
        tell_holder(found, by)
    return seen


@transaction.atomic
def reword_waiting(*, by: Membership, meeting: int, point: int, text: str, seen: int | None = None) -> Point:
    """Other words for a point that still waits: the holder's to change until it is read back."""
    found = lock(meeting, by=by)
    ensure(by, Do.RAISE, found)
    changed = Point.objects.filter(meeting=found, pk=point).first()
    if changed is None:
        raise NotFound(_("This point is gone."))
    if changed.state != PointState.WAITING:
        raise NotPossible(_("This point is with the team now. Whoever has the pen changes its words."))
    text = one_line(text, done=guard.Done.RAISED)
    changed.step(seen)
    changed.text = text
    changed.save(update_fields=["text", "version"])
    keep_wording(changed, by)
    record("point reworded", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=changed.pk)
    tell_holder(found, by)
    return changed


@transaction.atomic
def withdraw_point(*, by: Membership, meeting: int, point: int) -> None:
    """Take a waiting point back before anybody saw it; an offer it came from waits in the tray again. Harmless when it is gone."""
    found = lock(meeting, by=by)
    ensure(by, Do.RAISE, found)
    waiting = Point.objects.filter(meeting=found, pk=point).select_related("offer").first()
    if waiting is None:
        return
    if waiting.state != PointState.WAITING:
        raise NotPossible(_("This point is with the team now."))
    offer = waiting.offer
    waiting.delete()
    record("point taken back", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=point)
    if offer is not None:
        offer.fate = Fate.WAITS
        offer.save(update_fields=["fate"])
        tell_about_offer(found, offer)
    tell_holder(found, by)


def tell_about_offer(meeting: Meeting, offer: Offer) -> None:
    """Only the holder and whoever offered it are told."""
    holder = seats_of(meeting).get(SeatKind.LEARNING)
    touch(meeting, "offers", to={pk for pk in (holder.pk if holder else None, offer.by_id) if pk is not None})
