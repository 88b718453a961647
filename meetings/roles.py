"""The three seats of a meeting, and what whoever sits there may do.

AMBIT: a meeting has a Chair, a Team Learning Support Worker and a Scribe, which one person should not combine. A meeting never waits
for an absent person: what keeps it moving may be done by any member, and is written down.
"""

from enum import StrEnum

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class SeatKind(TextChoices):
    """A seat in one meeting."""

    CHAIR = "chair", _("Chair")
    LEARNING = "learning", _("Keeps our learning in mind")  # the Team Learning Support Worker
    SCRIBE = "scribe", _("Scribe")


class Do(StrEnum):
    """What somebody may want to do in a meeting. Who sends its summary afterwards stands in learning/rules.py."""

    KEEP_MOVING = "keep moving"  # begin, next, more minutes, task marked, who is here
    TAKE_SEAT = "take seat"
    PARK = "park"  # an item, for the next meeting: whoever has the pen may too
    CLOSE = "close"
    JOT = "jot"
    RAISE = "raise"  # put into words that fit any case; take an offer; pick what is read back
    OFFER = "offer"
    READ_BACK = "read back"  # start it, say there is no learning point today
    HOLD_PEN = "hold pen"
    SETTLE = "settle"  # agreed by those here, two views, parked, left: whoever has the pen may too
    TAKE_UP = "take up"  # a point as it comes up: now, or later
    ANSWER = "answer"  # before the meeting: I will, not this time, a swap
    LET_IN = "let in"  # a visitor: and see them out; any member, where all seats are empty


ANY_MEMBER = frozenset({Do.KEEP_MOVING, Do.TAKE_SEAT, Do.OFFER, Do.READ_BACK, Do.HOLD_PEN})

THE_SEAT: dict[SeatKind, frozenset[Do]] = {
    SeatKind.CHAIR: frozenset({Do.PARK, Do.CLOSE, Do.SETTLE, Do.TAKE_UP, Do.LET_IN}),
    SeatKind.LEARNING: frozenset({Do.JOT, Do.RAISE, Do.ANSWER, Do.LET_IN}),
    SeatKind.SCRIBE: frozenset(
        {Do.LET_IN}
    ),  # the pen goes to the Scribe first, and with it what whoever has the pen may do
}
