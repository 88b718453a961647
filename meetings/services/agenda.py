"""The agenda: what stands on it, and where the meeting is."""

import uuid
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Max
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock, guard
from core.errors import Invalid, NotFound, NotPossible
from core.kept import Kept
from core.live import touch
from meetings.models import Item, ItemKind, Meeting, Phase, Step, Tap
from meetings.queries import agenda_of, once, ready_words
from meetings.roles import Do
from meetings.rules import ensure, ensure_phase
from meetings.services.locks import lock
from meetings.services.taps import Data, ensure_last, is_own, moved_on, tapped, undoes
from teams.models import Membership
from teams.queries import agreement_of
from teams.services.activity import record


def title_of(meeting: Meeting, item: int) -> str:
    """As the agenda shows it, for a sentence about a tap."""
    rows = once(meeting, agenda_of).rows
    return next((row.item.title for row in rows if row.item.pk == item), _("an item"))


_to_come = Kept(lambda meeting: Item.objects.filter(meeting=meeting, started_at=None))
_is_on = Kept(lambda meeting: Item.objects.filter(meeting=meeting, started_at__isnull=False, ended_at=None))


def _coming(meeting: Meeting) -> list[Item]:
    return _to_come(meeting.pk)


def _on(meeting: Meeting) -> Item | None:
    found: Item | None = _is_on.first(meeting.pk)
    return found


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
    position = place_for(found, kind)
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
    tapped(found, by=by, verb="item added", item=item.pk)
    return item


@undoes("item added", says=lambda meeting, data: _("You added %(title)s.") % {"title": title_of(meeting, data["item"])})
def _not_added(meeting: Meeting, by: Membership, data: Data) -> None:
    added = Item.objects.filter(meeting=meeting, pk=data["item"], started_at=None, version=1).first()
    if added is None:
        raise moved_on()
    give_back(meeting, added)
    touch(meeting, "agenda")


def give_back(meeting: Meeting, added: Item) -> None:
    """Delete an item that was added by mistake; the last case's number is free again. The caller has locked the meeting."""
    added.delete()
    if added.case_no is not None and added.case_no == meeting.cases:
        meeting.cases -= 1
        meeting.save(update_fields=["cases"])


def place_for(meeting: Meeting, kind: ItemKind) -> int:
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
    if changed.kind not in (ItemKind.OTHER, ItemKind.BUSINESS, ItemKind.WRITE_UP):
        label = changed.label
    _change(found, changed, by, seen, minutes, label.strip(), _presenter(found, presenter))
    return changed


@transaction.atomic
def change_minutes(*, by: Membership, meeting: int, item: int, minutes: int, seen: int | None = None) -> None:
    """Other minutes, and all else as it is. Raises Stale when somebody else changed the item since `seen`."""
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    changed = _item(found, item)
    if changed.is_done:
        raise NotPossible(_("This item is done."))
    if changed.minutes != minutes:
        _change(found, changed, by, seen, minutes, changed.label, changed.presenter)


def _change(
    meeting: Meeting,
    changed: Item,
    by: Membership,
    seen: int | None,
    minutes: int,
    label: str,
    presenter: Membership | None,
) -> None:
    was = {"minutes": changed.minutes, "presenter": changed.presenter_id, "words": changed.label}
    changed.step(seen)
    changed.minutes, changed.label, changed.presenter = minutes, label, presenter
    changed.save(update_fields=["minutes", "presenter", "label", "version"])
    record("item changed", by=by.user_id, team=meeting.team_id, subject=f"meeting {meeting.pk}", item=changed.pk)
    touch(meeting, "agenda")
    tapped(meeting, by=by, verb="item changed", item=changed.pk, version=changed.version, **was)


@undoes(
    "item changed", says=lambda meeting, data: _("You changed %(title)s.") % {"title": title_of(meeting, data["item"])}
)
def _not_changed(meeting: Meeting, by: Membership, data: Data) -> None:
    changed = Item.objects.filter(meeting=meeting, pk=data["item"], version=data["version"], ended_at=None).first()
    presents = data["presenter"] and Membership.objects.present().filter(pk=data["presenter"]).first()
    if changed is None or (data["presenter"] and not presents):
        raise moved_on()
    changed.minutes, changed.label, changed.presenter = data["minutes"], data["words"], presents or None
    changed.version += 1
    changed.save(update_fields=["minutes", "presenter", "label", "version"])
    touch(meeting, "agenda")


@transaction.atomic
def move_item(*, by: Membership, meeting: int, item: int, up: bool = False, to: int | None = None) -> None:
    """One place up or down among what is still to come, or straight to place `to` among it (the first is 1)."""
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    coming = _coming(found)
    here = next((index for index, other in enumerate(coming) if other.pk == item), None)
    if here is None:
        raise NotPossible(_("This item has begun, so it stays where it is."))
    there = (here - 1 if up else here + 1) if to is None else min(to, len(coming)) - 1
    if there == here or not 0 <= there < len(coming):
        return
    order = [each.pk for each in coming]
    coming.insert(there, coming.pop(here))
    _put_in_order(coming)
    record("item moved", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item, to=there + 1)
    touch(found, "agenda")
    tapped(found, by=by, verb="item moved", item=item, was=order, order=[each.pk for each in coming])


def _put_in_order(coming: Sequence[Item]) -> None:
    """These items in this order, in the places that they have together."""
    moved = []
    for item, position in zip(coming, sorted(item.position for item in coming), strict=True):
        if item.position != position:
            item.position = position
            moved.append(item)
    Item.objects.bulk_update(moved, ["position"])


@undoes("item moved", says=lambda meeting, data: _("You moved %(title)s.") % {"title": title_of(meeting, data["item"])})
def _not_moved(meeting: Meeting, by: Membership, data: Data) -> None:
    coming = _coming(meeting)
    if [item.pk for item in coming] != data["order"]:
        raise moved_on()
    _put_in_order(sorted(coming, key=lambda item: data["was"].index(item.pk)))
    touch(meeting, "agenda")


@transaction.atomic
def remove_item(*, by: Membership, meeting: int, item: int) -> None:
    """Take an item out that hasn't begun. Harmless when it is gone already; a case's number isn't given again."""
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    gone = Item.objects.filter(meeting=found, pk=item, started_at=None).first()
    if gone is None:
        return
    kept = remembered(gone)
    gone.delete()
    record("item taken out", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item)
    touch(found, "agenda")
    tapped(found, by=by, verb="item taken out", **kept)


def remembered(item: Item) -> dict[str, int | str | None]:
    """What `brought_back` needs to know of an item. A case has no label, and nothing else has a task that was asked for: one of them
    is its words.
    """
    names = ("pk", "kind", "case_no", "presenter_id", "minutes", "position", "version", "at_step")
    until = item.put_off_until
    return {name: getattr(item, name) for name in names} | {
        "key": str(item.key),
        "until": until.isoformat() if until else None,
        "words": item.task if item.kind == ItemKind.CASE else item.label,
    }


def brought_back(meeting: Meeting, data: Data) -> None:
    """An item that was taken out stands where it stood. The caller has locked the meeting."""
    if data["kind"] == ItemKind.READ_BACK and Item.objects.filter(meeting=meeting, kind=data["kind"]).exists():
        raise moved_on()
    begun = Item.objects.filter(meeting=meeting, started_at__isnull=False).aggregate(last=Max("position"))["last"] or 0
    position = max(data["position"], begun + 1)
    Item.objects.filter(meeting=meeting, position__gte=position).update(position=F("position") + 1)
    names = ("pk", "kind", "case_no", "presenter_id", "minutes", "version", "at_step", "key")
    item = Item(team_id=meeting.team_id, meeting=meeting, position=position)
    for name in names:
        setattr(item, name, data[name])
    setattr(item, "task" if item.kind == ItemKind.CASE else "label", data["words"])
    item.put_off_until = datetime.fromisoformat(data["until"]) if data["until"] else None
    item.save(force_insert=True)


@undoes("item taken out", says=lambda meeting, data: _("You took an item out."))
def _not_taken_out(meeting: Meeting, by: Membership, data: Data) -> None:
    if Item.objects.filter(pk=data["pk"]).exists():
        raise moved_on()
    brought_back(meeting, data)
    touch(meeting, "agenda")


@transaction.atomic
def mark_task(*, by: Membership, meeting: int, item: int, task: str) -> None:
    """Say what the worker wants from this talk, in ready words (AMBIT: no discussion starts before its task is marked)."""
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.LIVE)
    marked = _item(found, item)
    if marked.task == task:
        return
    if task not in dict(ready_words(agreement_of(found.team_id))):
        raise Invalid("task", _("Choose one of the ready words."))
    was, marked.task = marked.task, task
    marked.save(update_fields=["task"])
    record("task marked", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item)
    touch(found, "agenda")
    tapped(found, by=by, verb="task marked", item=item, words=was)


@undoes("task marked", says=lambda meeting, data: _("You marked the task."))
def _not_marked(meeting: Meeting, by: Membership, data: Data) -> None:
    ensure_last(meeting, "task marked", data, item=data["item"])
    marked = Item.objects.filter(meeting=meeting, pk=data["item"], ended_at=None).first()
    if marked is None or not marked.task:
        raise moved_on()
    marked.task = data["words"]
    marked.save(update_fields=["task"])
    touch(meeting, "agenda")


@transaction.atomic
def take_step(*, by: Membership, meeting: int, item: int, step: Step) -> None:
    """On to one of the four steps of the case that is on, where the team turned them on."""
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.LIVE)
    on = _on(found)
    if on is None or on.pk != item or on.kind != ItemKind.CASE:
        raise NotPossible(_("The meeting has moved on to another item."))
    if not agreement_of(found.team_id).four_steps:
        raise NotPossible(
            _("Your team doesn’t use the four steps. An AMBIT lead can turn them on in the team’s agreement.")
        )
    if on.at_step == step:
        return
    was, on.at_step = on.at_step, step
    on.save(update_fields=["at_step"])
    record("step", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item, step=step)
    touch(found, "agenda")
    tapped(found, by=by, verb="step", item=item, was=was, step=step)


@undoes("step", says=lambda meeting, data: _("You went to “%(step)s”.") % {"step": Step(data["step"]).label})
def _not_stepped(meeting: Meeting, by: Membership, data: Data) -> None:
    if not Item.objects.filter(meeting=meeting, pk=data["item"], at_step=data["step"], ended_at=None).update(
        at_step=data["was"]
    ):
        raise moved_on()
    touch(meeting, "agenda")


@transaction.atomic
def more_minutes(*, by: Membership, meeting: int, item: int, minutes: int = 5, seen: int | None = None) -> None:
    """Some more time for the item that is on. A tap from a page that showed the old minutes changes nothing where somebody else gave
    more meanwhile: they meant the same. One's own second tap counts, however quick.
    """
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.LIVE)
    longer = _item(found, item)
    ours = {"item": item, "version": longer.version}
    if seen is not None and seen != longer.version and not is_own(found, by, "more minutes", **ours):
        return
    longer.minutes += minutes
    longer.version += 1
    longer.save(update_fields=["minutes", "version"])
    record("more minutes", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", item=item, minutes=minutes)
    touch(found, "agenda")
    tapped(found, by=by, verb="more minutes", item=item, minutes=minutes, to=longer.minutes, version=longer.version)


def _gave(data: Data) -> str:
    return ngettext("You gave %(n)d more minute.", "You gave %(n)d more minutes.", data["minutes"]) % {
        "n": data["minutes"]
    }


@undoes("more minutes", says=lambda meeting, data: _gave(data))
def _no_more_minutes(meeting: Meeting, by: Membership, data: Data) -> None:
    longer = Item.objects.filter(meeting=meeting, pk=data["item"], minutes=data["to"], ended_at=None)
    if not longer.update(minutes=F("minutes") - data["minutes"], version=F("version") + 1):
        raise moved_on()
    touch(meeting, "agenda")


@transaction.atomic
def put_off_read_back(*, by: Membership, meeting: int, minutes: int = 5, seen: int | None = None) -> None:
    """Some more minutes before the read-back, from now on, and for the item that is on. `seen`: the read-back's version on the page, so
    that somebody else's tap at once changes nothing; one's own second tap gives as much again. Harmless when the read-back has begun,
    or there is none.
    """
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.LIVE)
    read_back = Item.objects.filter(meeting=found, kind=ItemKind.READ_BACK, started_at=None).first()
    if read_back is None:
        return
    begins = clock.now()
    if seen is not None and seen != read_back.version:
        if not is_own(found, by, "read-back put off", version=read_back.version):
            return
        begins = read_back.put_off_until or begins
    until = begins + timedelta(minutes=minutes)
    was, read_back.put_off_until = read_back.put_off_until, until
    read_back.version += 1
    read_back.save(update_fields=["put_off_until", "version"])
    on, longer = _on(found), 0
    if on is not None and on.started_at is not None:
        longer = max(0, round((until - on.started_at) / timedelta(minutes=1)) - on.minutes)
        on.minutes += longer
        on.version += 1
        on.save(update_fields=["minutes", "version"])
    record("read-back put off", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", minutes=minutes)
    touch(found, "agenda")
    tapped(
        found,
        by=by,
        verb="read-back put off",
        minutes=minutes,
        was=was.isoformat() if was else None,
        until=until.isoformat(),
        version=read_back.version,
        on=on.pk if on else None,
        longer=longer,
        to=on.minutes if on else None,
    )


@undoes("read-back put off", says=lambda meeting, data: _gave(data))
def _not_put_off(meeting: Meeting, by: Membership, data: Data) -> None:
    until, was = (datetime.fromisoformat(data[each]) if data[each] else None for each in ("until", "was"))
    coming = Item.objects.filter(meeting=meeting, kind=ItemKind.READ_BACK, started_at=None, put_off_until=until)
    if not coming.update(put_off_until=was, version=F("version") + 1):
        raise moved_on()
    on = Item.objects.filter(meeting=meeting, pk=data["on"] or 0, minutes=data["to"] or 0, ended_at=None)
    on.update(minutes=F("minutes") - data["longer"], version=F("version") + 1)  # one that is over keeps what it had
    touch(meeting, "agenda")


@transaction.atomic
def next_item(*, by: Membership, meeting: int, after: int | None) -> None:
    """On to the next item. `after` is the item the tap was meant to end: a second tap, or somebody else's at once, moves nothing."""
    found = lock(meeting, by=by)
    ensure(by, Do.KEEP_MOVING, found)
    ensure_phase(found, Phase.LIVE)
    on = _on(found)
    if (on.pk if on else None) != after:
        return
    coming = following(found, on)
    if coming is None:
        return
    _go(found, on, coming, by)
    tapped(found, by=by, verb="next item", item=coming.pk, was=on.pk if on else None)


def following(meeting: Meeting, on: Item | None) -> Item | None:
    """What comes after the item that is on."""
    return Item.objects.filter(meeting=meeting, started_at=None, position__gt=on.position if on else 0).first()


@undoes(
    "next item", says=lambda meeting, data: _("You moved on to %(title)s.") % {"title": title_of(meeting, data["item"])}
)
def _not_moved_on(meeting: Meeting, by: Membership, data: Data) -> None:
    go_back(meeting, data["item"], data["was"])


def go_back(meeting: Meeting, item: int, was: int | None) -> None:
    """From `item`, just begun, to the one that was on before it. Raises `moved_on()`. The caller has locked the meeting."""
    on = _on(meeting)
    if on is None or on.pk != item:
        raise moved_on()
    on.started_at = None
    on.save(update_fields=["started_at"])
    if was is not None and not Item.objects.filter(meeting=meeting, pk=was).update(ended_at=None):
        raise moved_on()
    touch(meeting, "agenda")


def go_to(meeting: Meeting, item: Item, *, by: Membership) -> None:
    """Straight to one item (the read-back, when its time has come), and not back from there. The caller has locked the meeting."""
    Tap.objects.filter(meeting=meeting, verb__in=("next item", "item parked")).delete()
    on = _on(meeting)
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
