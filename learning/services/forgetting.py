"""What isn't kept: private jottings, and the links from points to the items they came from."""

from datetime import timedelta

from core import clock
from learning.models import Jotting, Point
from teams.services.activity import record

JOTTINGS_LAST = timedelta(days=14)


def forget() -> int:
    """Delete every jotting older than 14 days, and cut points of that age from their item. Returns how many jottings went.

    Run by the clock, inside `everything`; harmless when repeated.
    """
    before = clock.now() - JOTTINGS_LAST
    Point.objects.filter(at__lt=before, item__isnull=False).update(item=None)
    gone = Jotting.objects.filter(at__lt=before).delete()[0]
    if gone:
        record("jottings forgotten", by=None, team=None, jottings=gone)
    return gone
