"""What others offer, and what the holder makes of it."""

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from core import guard
from core.errors import NotFound
from learning.models import Offer, Point
from learning.roles import Fate
from learning.services.points import tell_about_offer, write_point
from learning.services.words import one_line
from meetings.models import Meeting, Phase
from meetings.roles import Do
from meetings.rules import ensure, ensure_phase
from meetings.services.locks import lock
from teams.models import Membership
from teams.services.activity import record


@transaction.atomic
def make_offer(*, by: Membership, meeting: int, text: str, named: bool = True, key: uuid.UUID | None = None) -> Offer:
    """Offer a possible learning point; it waits in the holder's tray. The guard looks first."""
    found = lock(meeting, by=by)
    ensure(by, Do.OFFER, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    text = one_line(text, done=guard.Done.OFFERED)
    same = {"meeting_id": found.pk, "by_id": by.pk, "text": text, "named": named}
    offer, made = Offer.once(key=key, team_id=found.team_id, same=same)
    if made:
        record(
            "offered a point",
            by=by.user_id if named else None,
            team=found.team_id,
            subject=f"meeting {found.pk}",
            offer=offer.pk,
        )
        tell_about_offer(found, offer)
    return offer


def _offer(meeting: Meeting, pk: int) -> Offer:
    found = Offer.objects.filter(meeting=meeting, pk=pk).first()
    if found is None:
        raise NotFound(_("This offer is gone."))
    return found


@transaction.atomic
def take_offer(*, by: Membership, meeting: int, offer: int) -> Point:
    """Make an offer one of the points. Taking it twice gives the same point."""
    found = lock(meeting, by=by)
    ensure(by, Do.RAISE, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    taken = _offer(found, offer)
    existing = Point.objects.filter(offer=taken).first()
    if existing is not None:
        return existing
    point = write_point(found, by=by, text=taken.text, offer=taken)
    taken.fate = Fate.TAKEN
    taken.save(update_fields=["fate"])
    tell_about_offer(found, taken)
    return point


@transaction.atomic
def leave_for_later(*, by: Membership, meeting: int, offer: int) -> None:
    """Not now: whoever offered it sees that."""
    found = lock(meeting, by=by)
    ensure(by, Do.RAISE, found)
    later = _offer(found, offer)
    if later.fate == Fate.WAITS:
        later.fate = Fate.LATER
        later.save(update_fields=["fate"])
        record("offer left for later", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", offer=offer)
        tell_about_offer(found, later)
