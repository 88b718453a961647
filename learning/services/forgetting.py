"""What isn't kept: private jottings, the links from points to the items they came from, and who visited."""

from datetime import timedelta

from core import clock
from learning.models import Jotting, Point
from meetings.services.visitors import forget_visitors
from teams.services.activity import record

JOTTINGS_LAST = timedelta(days=14)


def forget() -> int:
    """Delete every jotting older than 14 days, cut points of that age from their item, and forget what visitors were called. Returns how
    many jottings went.

    Run by the clock, inside `everything`; harmless when repeated.
    """
    before = clock.now() - JOTTINGS_LAST
    Point.objects.filter(at__lt=before, item__isnull=False).update(item=None)
    gone = Jotting.objects.filter(at__lt=before).delete()[0]
    if gone:
        record("jottings forgotten", by=None, team=None, jottings=gone)
    if visitors := forget_visitors(before):
        record("visitors forgotten", by=None, team=None, visitors=visitors)
    return gone
