"""The agenda: what stands on it, and where the meeting is."""

import uuid
from datetime import timedelta

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _

from core import clock, guard
from core.errors import Invalid, NotFound, NotPossible
from core.live import touch
from meetings.models import Item, ItemKind, Meeting, Phase, Task
from meetings.roles import Do
from meetings.rules import ensure, ensure_phase
from meetings.services.locks import lock
from teams.models import Membership
from teams.services.activity import record


def _item(meeting: Meeting, pk: int) -> Item:
    found = Item.objects.filter(meeting=meeting, pk=pk).select_related("presenter__user").first()
    if found is None:
        raise NotFound(_("This item is no longer on the agenda."))
    return found


def _presenter(meeting: Meeting, presenter: Membership | None) -> Membership | None:
    if presenter is not None and presenter.team_id != meeting.team_id:
        raise Invalid("presenter", _("Choose somebody who is in the team."))
    return presenter


@transaction.atomic
def add_item(
    *,
    by: Membership,
    meeting: int,
    kind: ItemKind,
    minutes: int,
    label: str = "",
    presenter: Membership | None = None,
    key: uuid.UUID | None = None,
) -> Item:
    """One more item, before the read-back (or at the end, where there is none left to come). A case gets its number here."""
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    guard.check(label=label)
    label = label.strip()
    if kind == ItemKind.CASE:
        label = ""
    elif kind in (ItemKind.OTHER, ItemKind.BUSINESS) and not label:
        raise Invalid("label", _("Say in a few words what it is."))
    if kind == ItemKind.READ_BACK and Item.objects.filter(meeting=found, kind=kind).exists():
        raise Invalid("kind", _("There is a read-back on the agenda already."))
    position = _place_for(found, kind)
    same = {
        "meeting_id": found.pk,
        "kind": kind,
        "label": label,
        "presenter_id": presenter.pk if _presenter(found, presenter) and presenter else None,
        "minutes": minutes,
    }
    case_no = found.cases + 1 if kind == ItemKind.CASE else None
    item, made = Item.once(key=key, team_id=found.team_id, same=same, case_no=case_no, position=position)
    if not made:
        return item
    Item.objects.filter(meeting=found, position__gte=position).exclude(pk=item.pk).update(position=F("position") + 1)
    if case_no:
        found.cases = case_no
        found.save(update_fields=["cases"])
    record("item added", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item.pk, kind=kind)
    touch(found, "agenda")
    return item


def _place_for(meeting: Meeting, kind: ItemKind) -> int:
    """Before the read-back to come, a case before business too; else last. Never before what has begun."""
    later = [ItemKind.READ_BACK, ItemKind.BUSINESS] if kind == ItemKind.CASE else [ItemKind.READ_BACK]
    items = Item.objects.filter(meeting=meeting)
    begun = items.filter(started_at__isnull=False).aggregate(last=Max("position"))["last"] or 0
    coming = (
        items.filter(kind__in=later, started_at=None, position__gt=begun).values_list("position", flat=True).first()
    )
    last = items.aggregate(last=Max("position"))["last"] or 0
    return int(coming if coming is not None else last + 1)


@transaction.atomic
def change_item(
    *,
    by: Membership,
    meeting: int,
    item: int,
    minutes: int,
    label: str = "",
    presenter: Membership | None = None,
    seen: int | None = None,
) -> Item:
    """Other words, another presenter, other minutes. Raises Stale when somebody else changed it since `seen`."""
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    changed = _item(found, item)
    if changed.is_done:
        raise NotPossible(_("This item is done."))
    guard.check(label=label)
    changed.step(seen)
    changed.minutes = minutes
    changed.presenter = _presenter(found, presenter)
    if changed.kind in (ItemKind.OTHER, ItemKind.BUSINESS, ItemKind.WRITE_UP):
        changed.label = label.strip()
    changed.save(update_fields=["minutes", "presenter", "label", "version"])
    record("item changed", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item)
    touch(found, "agenda")
    return changed


@transaction.atomic
def move_item(*, by: Membership, meeting: int, item: int, up: bool) -> None:
    """One place up or down among what is still to come."""
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    coming = list(Item.objects.filter(meeting=found, started_at=None))
    here = next((index for index, other in enumerate(coming) if other.pk == item), None)
    if here is None:
        raise NotPossible(_("This item has begun, so it stays where it is."))
    there = here - 1 if up else here + 1
    if not 0 <= there < len(coming):
        return
    one, other = coming[here], coming[there]
    one.position, other.position = other.position, one.position
    Item.objects.bulk_update([one, other], ["position"])
    record("item moved", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item, up=up)
    touch(found, "agenda")


@transaction.atomic
def remove_item(*, by: Membership, meeting: int, item: int) -> None:
    """Take an item out that hasn't begun. Harmless when it is gone already; a case's number isn't given again."""
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    gone = Item.objects.filter(meeting=found, pk=item, started_at=None).delete()[0]
    if gone:
        record("item taken out", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item)
        touch(found, "agenda")


@transaction.atomic
def mark_task(*, by: Membership, meeting: int, item: int, task: Task) -> None:
    """Say what the worker wants from this talk, in ready words (AMBIT: no discussion starts before its task is marked)."""
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.LIVE)
    marked = _item(found, item)
    if marked.task == task:
        return
    marked.task = task
    marked.save(update_fields=["task"])
    record("task marked", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item)
    touch(found, "agenda")


@transaction.atomic
def more_minutes(*, by: Membership, meeting: int, item: int, minutes: int = 5, seen: int | None = None) -> None:
    """Some more time for the item that is on. A second tap from a page that showed the old minutes counts once."""
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.LIVE)
    longer = _item(found, item)
    if seen is not None and seen != longer.version:
        return
    longer.minutes += minutes
    longer.version += 1
    longer.save(update_fields=["minutes", "version"])
    record("more minutes", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item, minutes=minutes)
    touch(found, "agenda")


@transaction.atomic
def put_off_read_back(*, by: Membership, meeting: int, minutes: int = 5, seen: int | None = None) -> None:
    """Some more minutes before the read-back, from now on, and for the item that is on. `seen`: the read-back's version on the page,
    so that a second tap, or somebody else's at once, counts once. Harmless when the read-back has begun, or there is none.
    """
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.LIVE)
    read_back = Item.objects.filter(meeting=found, kind=ItemKind.READ_BACK, started_at=None).first()
    if read_back is None or (seen is not None and seen != read_back.version):
        return
    until = clock.now() + timedelta(minutes=minutes)
    read_back.put_off_until = until
    read_back.version += 1
    read_back.save(update_fields=["put_off_until", "version"])
    on = Item.objects.filter(meeting=found, started_at__isnull=False, ended_at=None).first()
    if on is not None and on.started_at is not None:
        on.minutes = max(on.minutes, round((until - on.started_at) / timedelta(minutes=1)))
        on.version += 1
        on.save(update_fields=["minutes", "version"])
    record("read-back put off", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", minutes=minutes)
    touch(found, "agenda")


@transaction.atomic
def next_item(*, by: Membership, meeting: int, after: int | None) -> None:
    """On to the next item. `after` is the item the tap was meant to end: a second tap, or somebody else's at once, moves nothing."""
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.LIVE)
    on = Item.objects.filter(meeting=found, started_at__isnull=False, ended_at=None).first()
    if (on.pk if on else None) != after:
        return
    coming = Item.objects.filter(meeting=found, started_at=None, position__gt=on.position if on else 0).first()
    if coming is None:
        return
    _go(found, on, coming, by)


def go_to(meeting: Meeting, item: Item, *, by: Membership) -> None:
    """Straight to one item (the read-back, when its time has come). The caller has locked the meeting."""
    on = Item.objects.filter(meeting=meeting, started_at__isnull=False, ended_at=None).first()
    if on is not None and on.pk == item.pk:
        return
    if on is not None and item.position > on.position + 1:  # the items between aren't lost: they come after it
        between = Item.objects.filter(meeting=meeting, position__gt=on.position, position__lt=item.position)
        between.update(position=F("position") + 1)
        item.position = on.position + 1
        item.save(update_fields=["position"])
    _go(meeting, on, item, by)


def _go(meeting: Meeting, on: Item | None, to: Item, by: Membership) -> None:
    now = clock.now()
    if on is not None:
        on.ended_at = now
        on.save(update_fields=["ended_at"])
    to.started_at, to.ended_at = to.started_at or now, None
    to.save(update_fields=["started_at", "ended_at"])
    record("next item", by=by.user_id, team=meeting.team_id, subject=f"meeting {meeting.pk}", item=to.pk)
    touch(meeting, "agenda")
