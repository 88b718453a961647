"""The life of a point, and how a read-back may end."""

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class PointState(TextChoices):
    """How a point stands."""

    WAITING = "waiting", _("waits for the read-back")  # in words that fit any case; the holder alone sees it
    RAISED = "raised", _("raised")  # everybody sees it
    AGREED = "agreed", _("Agreed by those here")
    TWO_VIEWS = "two_views", _("Two views")  # not agreed now; may be later
    PARKED = "parked", _("Parked")
    LEFT = "left", _("Left")


SETTLED = frozenset({PointState.AGREED, PointState.TWO_VIEWS, PointState.PARKED, PointState.LEFT})

NEXT: dict[PointState, frozenset[PointState]] = {
    PointState.WAITING: frozenset({PointState.RAISED}),
    PointState.RAISED: SETTLED,
    PointState.AGREED: frozenset(),
    PointState.TWO_VIEWS: frozenset({PointState.RAISED}),
    PointState.PARKED: frozenset({PointState.RAISED}),
    PointState.LEFT: frozenset(),
}


class Fate(TextChoices):
    """What became of an offer."""

    WAITS = "waits", _("in the tray")
    TAKEN = "taken", _("taken")
    LATER = "later", _("later")


class Outcome(TextChoices):
    """How a read-back went."""

    UNDER_WAY = "under_way", _("under way")
    ALONG = "along", _("points agreed as they came")  # not ended: the closing slot is still to come
    POINTS = "points", _("points read back")
    NONE_TODAY = "none_today", _("No learning point today")
    NO_TIME = "no_time", _("No time today")


HELD = frozenset({Outcome.POINTS, Outcome.NONE_TODAY})  # "No time today" doesn't count as a read-back held
