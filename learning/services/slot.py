"""The closing slot, where points are agreed as they come: one minute is enough to say them once more, when none is left."""

from django.db.models import QuerySet

from core.live import touch
from meetings.models import Item, ItemKind, Meeting
from teams.models import Membership
from teams.services.activity import record

RECAP = 1  # minutes


def shrink_slot(meeting: Meeting, by: Membership) -> int:
    """Every raised point is settled. The minutes it had before; 0 where nothing was changed. The caller has locked the meeting."""
    item = Item.objects.filter(meeting=meeting, kind=ItemKind.READ_BACK, started_at=None).first()
    if item is None or item.minutes <= RECAP:
        return 0
    before = item.minutes
    _give(meeting, item, RECAP, by)
    return before


def recaps(meeting: Meeting | int) -> QuerySet[Item]:
    """The closing slot, while it is a recap's minute and hasn't begun."""
    return Item.objects.filter(meeting=meeting, kind=ItemKind.READ_BACK, started_at=None, minutes=RECAP)


def grow_slot(meeting: Meeting, by: Membership, *, minutes: int) -> None:
    """There is something to agree in it again. Harmless when it isn't a recap's minute, or has begun. The meeting is locked."""
    item = recaps(meeting).first()
    if item is not None and minutes > RECAP:
        _give(meeting, item, minutes, by)


def _give(meeting: Meeting, item: Item, minutes: int, by: Membership) -> None:
    item.minutes = minutes
    item.version += 1
    item.save(update_fields=["minutes", "version"])
    record("item changed", by=by.user_id, team=meeting.team_id, subject=f"meeting {meeting.pk}", item=item.pk)
    touch(meeting, "agenda")
