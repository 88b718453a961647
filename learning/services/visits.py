"""What a visitor may do besides looking: offer a point, and see one differently. They hold no seat and own no action."""

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from core import guard
from core.errors import NotFound
from learning.models import Offer, OtherView
from learning.services.other_views import keep_view
from learning.services.points import tell_about_offer
from learning.services.words import one_line
from meetings.models import Meeting, Visitor
from meetings.rules import takes_visitors
from teams.services.activity import record


@transaction.atomic
def lock_visited(visitor: Visitor) -> Meeting:
    """The meeting, locked until the transaction ends. Raises NotFound unless this visitor is inside."""
    found = Meeting.objects.select_for_update().get(pk=visitor.meeting_id)
    if not takes_visitors(found) or not Visitor.objects.inside().filter(meeting=found, pk=visitor.pk).exists():
        raise NotFound(_("This visit is over."))
    return found


@transaction.atomic
def offer_as_visitor(*, visitor: Visitor, text: str, named: bool = True, key: uuid.UUID | None = None) -> Offer:
    """Offer a possible learning point; it waits in the holder's tray. The guard looks first."""
    found = lock_visited(visitor)
    text = one_line(text, done=guard.Done.OFFERED)
    same = {"meeting_id": found.pk, "visitor_id": visitor.pk, "text": text, "named": named}
    offer, made = Offer.once(key=key, team_id=found.team_id, same=same)
    if made:
        record("offered a point", by=None, team=found.team_id, subject=f"meeting {found.pk}", offer=offer.pk)
        tell_about_offer(found, offer)
    return offer


@transaction.atomic
def differ_as_visitor(*, visitor: Visitor, point: int, text: str, key: uuid.UUID | None = None) -> OtherView:
    """ "I see it differently", said by a visitor: kept like everybody's, and who said it is kept nowhere."""
    return keep_view(lock_visited(visitor), point=point, text=text, key=key)
