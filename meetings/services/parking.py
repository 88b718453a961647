"""Parking: an item goes on the agenda of the next meeting, so that it derails this one no longer."""

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from core import clock
from core.errors import NotPossible
from core.live import touch
from meetings.models import Item, ItemKind, Meeting, Phase
from meetings.queries.agenda import PARKABLE, next_planned
from meetings.roles import Do
from meetings.rules import ensure, ensure_phase
from meetings.services.agenda import brought_back, following, give_back, go_back, place_for, remembered
from meetings.services.locks import lock
from meetings.services.taps import Data, moved_on, tapped, undoes
from teams.models import Membership
from teams.services.activity import record


@transaction.atomic
def park(*, by: Membership, meeting: int, item: int) -> None:
    """Put an item on the next planned meeting's agenda. The one that is on is done here, and the meeting goes on to the next; one that
    is still to come leaves this agenda. Harmless when it is gone already.

    A case keeps who brings it, and gets that meeting's own number. Raises NotPossible where no meeting is planned.
    """
    here = lock(meeting, by=by)
    ensure(by, Do.PARK, here)
    ensure_phase(here, Phase.LIVE)
    parked = Item.objects.filter(meeting=here, pk=item, ended_at=None).first()
    if parked is None:
        return
    if parked.kind not in PARKABLE:
        raise NotPossible(_("This item belongs to each meeting, so it can’t be parked."))
    following_meeting = next_planned(here)
    if following_meeting is None:
        raise NotPossible(_("No next meeting is planned, so there is nowhere to park it. Plan one first."))
    there = lock(following_meeting.pk, by=by)
    ensure_phase(there, Phase.PLANNED)
    added = _add(there, parked)
    kept: dict[str, int | str | None] = {"there": there.pk, "added": added.pk}
    if parked.is_now:
        coming = following(here, parked)
        kept |= {"was": parked.pk, "item": coming.pk if coming else 0}
        _end(parked, coming)
    else:
        kept |= remembered(parked)
        parked.delete()
    record("item parked", by=by.user_id, team=here.team_id, subject=f"meeting {here.pk}", item=item, to=there.pk)
    touch(here, "agenda")
    touch(there, "agenda")
    tapped(here, by=by, verb="item parked", **kept)


def _add(there: Meeting, parked: Item) -> Item:
    position = place_for(there, ItemKind(parked.kind))
    Item.objects.filter(meeting=there, position__gte=position).update(position=F("position") + 1)
    if parked.kind == ItemKind.CASE:
        there.cases += 1
        there.save(update_fields=["cases"])
    return Item.objects.create(
        team_id=there.team_id,
        meeting=there,
        kind=parked.kind,
        case_no=there.cases if parked.kind == ItemKind.CASE else None,
        label=parked.label,
        presenter_id=parked.presenter_id,
        minutes=parked.minutes,
        position=position,
    )


def _end(parked: Item, coming: Item | None) -> None:
    now = clock.now()
    parked.ended_at = now
    parked.save(update_fields=["ended_at"])
    if coming is not None:
        coming.started_at = now
        coming.save(update_fields=["started_at"])


@undoes("item parked", says=lambda meeting, data: _("You parked an item for the next meeting."))
def _not_parked(meeting: Meeting, by: Membership, data: Data) -> None:
    # Whoever parks locks this meeting first, then that one; nobody waits here for somebody who does it the other way round.
    there = Meeting.objects.select_for_update(skip_locked=True).filter(pk=data["there"], phase=Phase.PLANNED).first()
    added = Item.objects.filter(meeting=there, pk=data["added"], version=1).first() if there else None
    if there is None or added is None:
        raise moved_on()
    give_back(there, added)
    touch(there, "agenda")
    if "was" not in data:
        brought_back(meeting, data)
    elif data["item"]:
        go_back(meeting, data["item"], data["was"])
    elif Item.objects.filter(meeting=meeting, started_at__isnull=False, ended_at=None).exists():
        raise moved_on()
    else:
        Item.objects.filter(meeting=meeting, pk=data["was"]).update(ended_at=None)
    touch(meeting, "agenda")
