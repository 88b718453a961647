"""The one clock. Seeds and tests may move it; nothing else asks Django or Python for the time."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_moved: ContextVar[timedelta | None] = ContextVar("moved", default=None)


def now() -> datetime:
    """The present moment, aware, in UTC."""
    present = datetime.now(UTC)
    moved = _moved.get()
    return present if moved is None else present + moved


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Inside, `now()` starts at `moment` and goes on from there."""
    token = _moved.set(moment - datetime.now(UTC))
    try:
        yield
    finally:
        _moved.reset(token)


def is_moved() -> bool:
    """True while seeds or tests have moved the clock: letters written then are never sent."""
    return _moved.get() is not None
