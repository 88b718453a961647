"""The rows of this storey."""

from learning.models.jotting import Jotting, Offer
from learning.models.point import Observation, Point, ReadBack, Turn, Wording
from learning.models.summary import Delivery, Summary

__all__ = ["Delivery", "Jotting", "Observation", "Offer", "Point", "ReadBack", "Summary", "Turn", "Wording"]
