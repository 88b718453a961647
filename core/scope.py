"""Whose rows the database shows: the second wall, entered in one place per door.

Row-level security lets a row through if its team is in the transaction's scope, and raises where no scope was set, so that
forgetting is loud. Database work on teams' rows happens inside `scope(...)` or `everything(why)`, both of which are one transaction.
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from django.db import connection, transaction

from core import trips

EVERYTHING = "*"


@dataclass
class _Opened:
    """The scope that is open now, and what must still be done before its transaction commits."""

    teams: str
    before_commit: dict[object, Callable[[], None]] = field(default_factory=dict)


_opened: ContextVar[_Opened | None] = ContextVar("opened", default=None)


def current() -> str | None:
    """The teams in scope, as the database reads them: '{1,2}', '*' or None."""
    opened = _opened.get()
    return opened.teams if opened else None


def before_commit(key: object, todo: Callable[[], None]) -> None:
    """Run `todo` once, inside the transaction, when the outermost scope ends well. One `todo` for each `key`."""
    opened = _opened.get()
    if opened is None:
        raise RuntimeError("Nothing is open: enter core.scope.scope() or everything() first")
    opened.before_commit.setdefault(key, todo)


@contextmanager
def scope(*team_ids: int) -> Iterator[None]:
    """The rows of these teams, and no others. One transaction; inside another scope a narrowing of it."""
    with _enter(_told(team_ids)):
        yield


@contextmanager
def everything(why: str) -> Iterator[None]:
    """All teams' rows: only for tokens, the clock, the keeper's admin and seeds. `why` says which, for the reader."""
    if not why:
        raise ValueError("Say why everything must be seen")
    with _enter(EVERYTHING):
        yield


@contextmanager
def narrowing[T](why: str, look: Callable[[], T], teams_of: Callable[[T], Collection[int]]) -> Iterator[T]:
    """`look()` with everybody's rows in sight; from then on, in the same transaction, the rows of `teams_of` what it found and no others.

    A door enters here: who it is and what they want is one transaction. Without any team, nothing is open.
    """
    with ExitStack() as stack:
        stack.enter_context(everything(why))
        found = look()
        if teams := teams_of(found):
            opened = _opened.get()
            assert opened is not None
            opened.teams = _told(teams)
            trips.trips().tell(opened.teams)
        else:
            stack.close()
        yield found


def _told(team_ids: Iterable[int]) -> str:
    """These teams as the database reads them."""
    return "{" + ",".join(str(int(team_id)) for team_id in team_ids) + "}"


@contextmanager
def _enter(teams: str) -> Iterator[None]:
    outer = _opened.get()
    if outer is not None and not connection.in_atomic_block:
        outer = None  # its transaction is over: this is a reaction after commit
    if outer is not None and outer.teams == teams:
        yield
        return
    opened = _Opened(teams, outer.before_commit if outer else {})
    token = _opened.set(opened)
    road = trips.trips()
    try:
        # A savepoint only inside another scope: what fails in the outermost one fails with the whole transaction around it.
        with transaction.atomic(savepoint=outer is not None):
            road.open = True
            road.tell(teams)
            yield
            while outer is None and opened.before_commit:
                opened.before_commit.pop(next(iter(opened.before_commit)))()
            if outer is None:
                trips.send()
                road.held.clear()  # what only this transaction needed; on its commit others begin
    finally:
        _opened.reset(token)
        road.open = outer is not None
        if outer is None:
            road.held.clear()
        road.tell(outer.teams if outer else "")
