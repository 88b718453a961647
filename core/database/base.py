"""PostgreSQL as Django knows it; but whether a lasting connection still stands is not asked across the line before each request.

Django asks `SELECT 1`: a trip to the server for every click. A server that ended, or hung up, has said so on the line itself: there is
something to read where nothing was asked. Only then is Django's question worth its trip.
"""

import select

from django.db.backends.postgresql import base


class DatabaseWrapper(base.DatabaseWrapper):
    """See the module."""

    def is_usable(self) -> bool:
        line = self.connection
        if line is None or line.closed:
            return False
        looking = select.poll()  # not select(): with thousands of streams our number is above what that takes
        looking.register(line.fileno(), select.POLLIN)
        return super().is_usable() if looking.poll(0) else True
