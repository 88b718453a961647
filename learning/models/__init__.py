"""The rows of this storey."""

from learning.models.jotting import Jotting, Offer
from learning.models.point import Observation, OtherView, Point, ReadBack, Turn, Wording
from learning.models.summary import Delivery, Summary

__all__ = [
    "Delivery",
    "Jotting",
    "Observation",
    "Offer",
    "OtherView",
    "Point",
    "ReadBack",
    "Summary",
    "Turn",
    "Wording",
]
