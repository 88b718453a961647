"""What several fragments of one page want to know is asked once."""

from collections.abc import Callable
from typing import Any

from meetings.models import Meeting


def once[T](meeting: Meeting, ask: Callable[[Meeting], T]) -> T:
    """`ask(meeting)`, kept with this very instance of the row.

    For what is shown: services find rows of their own, and what is told of a change is rendered from a row read after it.
    """
    kept: dict[Any, Any] = vars(meeting).setdefault("_asked", {})
    if ask not in kept:
        kept[ask] = ask(meeting)
    found: T = kept[ask]
    return found


def know[T](meeting: Meeting, ask: Callable[[Meeting], T], found: T) -> None:
    """What `ask` would answer is known already: it came with something else."""
    vars(meeting).setdefault("_asked", {})[ask] = found
