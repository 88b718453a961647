"""What must happen without a click: duties, each named once, run by whoever drives the clock.

Several may drive at once (the worker at beat's bidding, the ticker without Redis): a duty sweeps by state, is harmless when repeated,
and only one driver is at it at a time. The truth of what is due stands in rows; nothing is remembered here but haste.
"""

import logging
import time
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, connection

from core.scope import scope

log = logging.getLogger(__name__)

LOCKS = 7101  # the space of our advisory locks in PostgreSQL


@dataclass(frozen=True)
class Duty:
    """Something to be done every so many seconds. `run` opens its own scopes and transactions."""

    name: str
    every: float
    run: Callable[[], object]


duties: dict[str, Duty] = {}
_begun: dict[str, float] = {}  # in this process, by time.monotonic()


def duty(name: str, *, every: float) -> Callable[[Callable[[], object]], Callable[[], object]]:
    """Register a function of a storey's tasks.py that the clock runs about every `every` seconds."""

    def register(run: Callable[[], object]) -> Callable[[], object]:
        if name in duties:
            raise ValueError(f"There is a duty called {name} already")
        duties[name] = Duty(name, every, run)
        return run

    return register


def run_due() -> list[str]:
    """Run each duty that this process hasn't begun for as long as its `every`. Returns the names of those that ran to their end.

    One that fails is logged and never stops another. Raises OperationalError or InterfaceError when the database is away.
    """
    ran = []
    for each in duties.values():
        moment = time.monotonic()
        if moment - _begun.get(each.name, float("-inf")) < each.every:
            continue
        _begun[each.name] = moment
        if run_alone(each):
            ran.append(each.name)
    return ran


def lock_of(name: str) -> int:
    """The number by which the drivers agree on who is at this duty."""
    return zlib.crc32(name.encode()) & 0x7FFFFFFF


def run_alone(each: Duty) -> bool:
    """Run one duty unless another process is at it. Returns whether it ran to its end."""
    if connection.in_atomic_block:
        raise RuntimeError("A duty opens its own transactions, so that one row that fails doesn't undo the others")
    lock = [LOCKS, lock_of(each.name)]
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s, %s)", lock)
        free = cursor.fetchone()
    if not free or not free[0]:
        return False
    try:
        each.run()
    except (OperationalError, InterfaceError):
        _begun.pop(each.name, None)  # once more as soon as the database is back
        connection.close()  # and with it the lock
        raise
    except Exception:
        log.exception("The duty “%s” failed", each.name)
        return False
    finally:
        if connection.connection is not None and not connection.connection.closed:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s, %s)", lock)
    return True


def each_alone(service: Callable[[int], object], rows: Iterable[tuple[int, int]]) -> None:
    """Call `service` for each (team, row) in a transaction of its own: one that fails is logged and undoes no other."""
    for team, row in rows:
        try:
            with scope(team):
                service(row)
        except (OperationalError, InterfaceError):
            raise
        except Exception:
            log.exception("%s failed for row %d", getattr(service, "__qualname__", service), row)
