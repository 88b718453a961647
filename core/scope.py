"""Whose rows the database shows: the second wall, entered in one place per door.

Row-level security lets a row through if its team is in the transaction's scope, and raises where no scope was set, so that
forgetting is loud. Database work on teams' rows happens inside `scope(...)` or `everything(why)`, both of which are one transaction.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

import psycopg
from django.db import connection, transaction

EVERYTHING = "*"
_TELL = "SELECT set_config('app.teams', %s, true)"
_TEAMS = re.compile(r"\*|\{[0-9,]*\}|")


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
    with _enter("{" + ",".join(str(int(team_id)) for team_id in team_ids) + "}"):
        yield


@contextmanager
def everything(why: str) -> Iterator[None]:
    """All teams' rows: only for tokens, the clock, the keeper's admin and seeds. `why` says which, for the reader."""
    if not why:
        raise ValueError("Say why everything must be seen")
    with _enter(EVERYTHING):
        yield


class _Telling:
    """Tells the database whose rows a transaction may see, in the same breath as the next statement: no trip of its own.

    What isn't followed by a statement is never told: there is nothing then to be let through.
    """

    def __init__(self) -> None:
        self.wanted: str | None = None

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        if sql.startswith("ROLLBACK TO SAVEPOINT"):  # the transaction may have failed: nothing else is taken before
            return execute(sql, params, many, context)
        teams, self.wanted = self.wanted, None
        line, asking = context["connection"], context["cursor"].cursor
        if teams is None or not line.in_atomic_block:
            return execute(sql, params, many, context)
        if _TEAMS.fullmatch(teams) is None:
            raise ValueError(f"Not a scope: {teams!r}")
        together = not (many or isinstance(asking, psycopg.ServerCursor))  # these are asked by themselves
        with line.wrap_database_errors, asking.connection.pipeline() if together else nullcontext():
            asking.connection.execute(_TELL, [teams], prepare=True)
            return execute(sql, params, many, context)


def _tell_database(teams: str) -> None:
    telling = next((each for each in connection.execute_wrappers if isinstance(each, _Telling)), None)
    if telling is None:
        telling = _Telling()
        connection.execute_wrappers.append(telling)
    telling.wanted = teams


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
    try:
        # A savepoint only inside another scope: what fails in the outermost one fails with the whole transaction around it.
        with transaction.atomic(savepoint=outer is not None):
            _tell_database(teams)
            yield
            while outer is None and opened.before_commit:
                opened.before_commit.pop(next(iter(opened.before_commit)))()
    finally:
        _opened.reset(token)
        _tell_database(outer.teams if outer else "")
