""" "I see it differently": kept beside the point, whatever its outcome. Who said it is kept nowhere, not even as a count of their own."""

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import NotFound, NotPossible
from core.live import touch
from learning.models import OtherView, Point, ReadBack, Turn
from learning.services.words import one_line
from meetings.models import Meeting, Phase
from meetings.roles import Do
from meetings.rules import ensure, ensure_phase
from meetings.services.locks import lock
from teams.models import Membership
from teams.services.activity import record


@transaction.atomic
def see_differently(*, by: Membership, meeting: int, point: int, text: str, key: uuid.UUID | None = None) -> OtherView:
    """Any member's view of a point that is being read back, or was a moment ago. The guard looks first."""
    found = lock(meeting, by=by)
    ensure(by, Do.OFFER, found)
    return keep_view(found, point=point, text=text, key=key)


def keep_view(meeting: Meeting, *, point: int, text: str, key: uuid.UUID | None = None) -> OtherView:
    """The view itself, which says nothing of whose it is. The caller has locked the meeting and asked whether they may.

    Nothing here may name them: no actor in the record, no tap to undo, no subject of their own that changed.
    """
    ensure_phase(meeting, Phase.LIVE)
    text = one_line(text)
    turn = _read(meeting, point)
    view, made = OtherView.once(
        key=key, team_id=meeting.team_id, same={"meeting_id": meeting.pk, "point_id": turn.pk, "text": text}
    )
    if made:
        record("seen differently", by=None, team=meeting.team_id, subject=f"meeting {meeting.pk}", point=turn.pk)
        touch(meeting, "views")
    return view


def _read(meeting: Meeting, point: int) -> Point:
    """A point that has had its turn here, or has it now: a view that comes a moment after the outcome is kept all the same."""
    turn = Turn.objects.filter(meeting=meeting, point=point).select_related("point").first()
    if turn is None:
        raise NotFound(_("This point is gone."))
    read_back = ReadBack.objects.filter(meeting=meeting).first()
    if turn.outcome or (read_back is not None and read_back.is_under_way and read_back.at_turn == turn.position):
        return turn.point
    raise NotPossible(_("This point hasn’t been read back yet. Its turn comes."))
