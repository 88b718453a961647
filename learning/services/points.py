"""Raising: a jotting put into words that fit any case, or said aloud."""

import uuid
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Exists, Q, QuerySet, Subquery
from django.utils.translation import gettext as _

from core import clock, guard
from core.errors import Invalid, KeyReused, NotFound, NotPossible
from core.kept import Kept, insert_along
from core.live import touch
from learning.models import Jotting, Observation, Offer, Point, ReadBack, Wording
from learning.roles import Fate, PointState
from learning.services.slot import grow_slot, recaps
from learning.services.words import one_line
from meetings.models import Item, Meeting, Phase
from meetings.roles import Do, SeatKind
from meetings.rules import ensure, ensure_phase, seats_of
from meetings.services.locks import lock
from meetings.services.taps import Data, moved_on, tapped, undoes
from teams.models import Membership, TeamAgreement
from teams.roles import RaiseRule
from teams.services.activity import record


def _over(meeting: int) -> QuerySet[ReadBack]:
    """The meeting's read-back, once it is over."""
    return ReadBack.objects.filter(meeting=meeting, ended_at__isnull=False)


_before_a_point = Kept(
    lambda team, meeting: (
        TeamAgreement.objects.filter(team_id=team)
        .annotate(
            last=Subquery(Point.objects.filter(meeting=meeting).order_by("-position").values("position")[:1]),
            recap=Exists(recaps(meeting)),
            over=Exists(_over(meeting)),
        )
        .values_list("raise_rule", "read_back_minutes", "last", "recap", "over")[:1]
    )
)
_is_over = Kept(lambda meeting: _over(meeting).order_by().values_list("pk")[:1])


def write_point(
    meeting: Meeting,
    *,
    by: Membership,
    text: str,
    offer: Offer | None = None,
    item: Item | None = None,
    key: uuid.UUID | None = None,
    seats: dict[SeatKind, Membership] | None = None,
) -> Point:
    """A new point: seen by the holder alone until the read-back, or by everybody at once, as the team has agreed.

    The caller has locked the meeting, asked the rules and the guard. `seats`: who sits where, where the caller knows.
    """
    rule, minutes, last, recap, over = _before_a_point.first(meeting.team_id, meeting.pk)
    at_once = rule == RaiseRule.AS_THEY_COME
    point, made = Point.once(
        key=key,
        team_id=meeting.team_id,
        same={"meeting_id": meeting.pk, "raised_by_id": by.pk},
        text=text,
        offer=offer,
        item=item,
        state=PointState.RAISED if at_once else PointState.WAITING,
        position=(last or 0) + 1,
    )
    if not made:
        ensure_same_words(point, text)
        return point
    if text:
        keep_wording(point, by, new=True)
    record("point raised", by=by.user_id, team=meeting.team_id, subject=f"meeting {meeting.pk}", point=point.pk)
    if at_once:
        if recap:
            grow_slot(meeting, by, minutes=minutes)
        touch(meeting, "points")
        tapped(meeting, by=by, verb="raise", point=point.pk)
    tell_holder(meeting, by, seats, over=over)
    return point


@undoes("raise", says=lambda meeting, data: _("You raised a point."))
def _not_raised(meeting: Meeting, by: Membership, data: Data) -> None:
    """It waits again, where the holder alone sees it: no word is lost."""
    point = Point.objects.filter(pk=data["point"], state=PointState.RAISED, later=False, turns=None).first()
    if point is None:
        raise moved_on()
    point.state = PointState.WAITING
    point.save(update_fields=["state"])
    touch(meeting, "points")
    tell_holder(meeting, by)


def ensure_same_words(point: Point, text: str) -> None:
    """Raises KeyReused when a key that made `point` comes again with other words than those it was made of."""
    first = point.wordings.order_by("n").first()
    if (first.text if first else "") != text:
        raise KeyReused(_("This form was sent before with other words. Load the page again."))


def tell_holder(
    meeting: Meeting,
    by: Membership,
    seats: dict[SeatKind, Membership] | None = None,
    *,
    over: bool | None = None,
) -> None:
    """The holder's own screens show waiting points too; and once the read-back is over, everybody's how many are carried over.

    `seats`: who sits where, and `over`: whether the read-back is, where the caller knows.
    """
    if _is_over(meeting.pk) if over is None else over:
        touch(meeting, "readback")
    holder = (seats_of(meeting) if seats is None else seats).get(SeatKind.LEARNING)
    touch(meeting, "jottings", to={by.pk} | ({holder.pk} if holder else set()))


def keep_wording(point: Point, by: Membership, *, agreed: bool = False, new: bool = False) -> None:
    """Keep the point's present words as a wording of their own, unless they are the last one's already. A `new` point has none."""
    last = None if new else point.wordings.order_by("-n").first()
    words = (point.text, point.applies, point.action)
    if last is not None and (last.text, last.applies, last.action) == words:
        if agreed and not last.agreed:
            last.agreed = True
            last.save(update_fields=["agreed"])
        return
    insert_along(
        Wording(
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
    seats = ensure(by, Do.RAISE, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    text = one_line(text, done=guard.Done.RAISED, empty=True)
    if not text and not aloud:
        raise Invalid("text", _("Put it in words that fit any case, or say it aloud."))
    source = _source(by, found, jotting)
    point = write_point(
        found, by=by, text="" if aloud else text, item=source.item if source else None, key=key, seats=seats
    )
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
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)  # later it would stand on no page
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
    offers = [*waiting.merged.all(), *([waiting.offer] if waiting.offer else [])]
    waiting.delete()
    record("point taken back", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=point)
    for offer in offers:
        offer.fate, offer.merged_into = Fate.WAITS, None
        offer.save(update_fields=["fate", "merged_into"])
        tell_about_offer(found, offer)
    tell_holder(found, by)


@transaction.atomic
def move_waiting(*, by: Membership, meeting: int, point: int, up: bool = False, to: int | None = None) -> None:
    """One place up or down among the points that wait, or straight to place `to` (the first is 1): so they are read back."""
    found = lock(meeting, by=by)
    ensure(by, Do.RAISE, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    waiting = list(Point.objects.filter(meeting=found, state=PointState.WAITING))
    here = next((index for index, other in enumerate(waiting) if other.pk == point), None)
    if here is None:
        raise NotPossible(_("This point doesn’t wait any more, so it stays where it is."))
    there = (here - 1 if up else here + 1) if to is None else min(to, len(waiting)) - 1
    if there == here or not 0 <= there < len(waiting):
        return
    places = sorted(each.position for each in waiting)
    waiting.insert(there, waiting.pop(here))
    for place, each in zip(places, waiting, strict=True):
        each.position = place
    Point.objects.bulk_update(waiting, ["position"])
    record(
        "points ordered", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=point, to=there + 1
    )
    tell_holder(found, by)


@transaction.atomic
def merge(
    *,
    by: Membership,
    meeting: int,
    text: str,
    points: Sequence[int] = (),
    offers: Sequence[int] = (),
    key: uuid.UUID | None = None,
) -> Point:
    """Two waiting points or offers made one, in new words. It keeps the first one's place; whoever offered one sees that it was taken.

    Every wording of the point that stays is kept; the other point, which nobody but the holder saw, goes into it.
    """
    found = lock(meeting, by=by)
    ensure(by, Do.RAISE, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    if len({*points}) + len({*offers}) != 2:
        raise Invalid("text", _("Choose two to merge."))
    text = one_line(text, done=guard.Done.RAISED)
    made = _merged_before(found, text, points, offers)
    if made is not None:
        return made
    first, others = _two(found, points, offers)
    if first is None:
        [base, *others] = others
        first = write_point(found, by=by, text=text, offer=base, key=key)
        base.fate = Fate.TAKEN
        base.save(update_fields=["fate"])
        tell_about_offer(found, base)
    elif first.text != text:
        first.text = text
        first.version += 1
        first.save(update_fields=["text", "version"])
        keep_wording(first, by)
    for offer in others:
        offer.fate, offer.merged_into = Fate.TAKEN, first
        offer.save(update_fields=["fate", "merged_into"])
        tell_about_offer(found, offer)
    record("points merged", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=first.pk)
    tell_holder(found, by)
    return first


def _merged_before(meeting: Meeting, text: str, points: Sequence[int], offers: Sequence[int]) -> Point | None:
    """The point that these were merged into already, in these very words: the form was sent once more."""
    those = Q(pk__in=points) | Q(offer__in=offers) | Q(merged__in=offers)
    made = Point.objects.filter(those, meeting=meeting, text=text).distinct()
    waiting = Point.objects.filter(meeting=meeting, pk__in=points, state=PointState.WAITING).count()
    offered = Offer.objects.filter(meeting=meeting, pk__in=offers).exclude(fate=Fate.TAKEN).count()
    return made.first() if waiting + offered < 2 else None


def _two(meeting: Meeting, points: Sequence[int], offers: Sequence[int]) -> tuple[Point | None, list[Offer]]:
    """The point that stays, if there is one, and the offers that go into it. The second point is gone after this, its offers come along."""
    waiting = list(
        Point.objects.filter(meeting=meeting, pk__in=points, state=PointState.WAITING).select_related("offer")
    )
    tray = list(Offer.objects.filter(meeting=meeting, pk__in=offers))
    if len(waiting) < len({*points}) or len(tray) < len({*offers}):
        raise NotPossible(_("One of these is gone, or with the team already. Look at the list again."))
    if any(offer.fate == Fate.TAKEN for offer in tray):
        raise NotPossible(_("One of these was taken already."))
    for second in waiting[1:]:
        tray += [*second.merged.all(), *([second.offer] if second.offer else [])]
        second.delete()
    return (waiting[0] if waiting else None), tray


def tell_about_offer(meeting: Meeting, offer: Offer) -> None:
    """Only the holder and whoever offered it are told."""
    holder = seats_of(meeting).get(SeatKind.LEARNING)
    touch(meeting, "offers", to={pk for pk in (holder.pk if holder else None, offer.by_id) if pk is not None})
