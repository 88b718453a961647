"""Statements whose answer nobody awaits go to PostgreSQL together with the next one, in one trip.

A trip costs more than most of what it asks (docs/decisions/0012-speed.md). Held back are, and only while a scope is open
(core/scope.py): whose rows may be seen, savepoints, and rows of which nothing is wanted back. Their order stays; what fails is told by the
statement they travelled with, inside the same transaction.
"""

import re
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any, NamedTuple

import psycopg
from django.db import connection

_TELL = "SELECT set_config('app.teams', %s, true)"
_TEAMS = re.compile(r"\*|\{[0-9,]*\}|")
_SAVEPOINTS = ("SAVEPOINT ", "RELEASE SAVEPOINT ")
_BACK_TO = "ROLLBACK TO "


class _Held(NamedTuple):
    sql: str
    params: Sequence[Any] | None = None


class Trips:
    """One connection's, as a wrapper of everything that Django executes on it."""

    def __init__(self) -> None:
        self.held: list[_Held] = []
        self.open = False  # whether anything may be held back
        self.no_hurry = False  # nobody awaits the answer of what is executed now

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        line = context["connection"]
        if not line.in_atomic_block:  # the transaction they belonged to is over
            self.held.clear()
            return execute(sql, params, many, context)
        if sql.startswith(_BACK_TO):  # what was held since then is undone by never being sent
            begun = _Held(sql.removeprefix(_BACK_TO))
            del self.held[self.held.index(begun) + 1 if begun in self.held else 0 :]
        elif self.open and not many and (self.no_hurry or sql.startswith(_SAVEPOINTS)):
            self.held.append(_Held(sql, params))
            return None
        if not self.held:
            return execute(sql, params, many, context)
        asking = context["cursor"].cursor
        held, self.held = self.held, []
        together = not (many or isinstance(asking, psycopg.ServerCursor))  # these are asked by themselves
        with line.wrap_database_errors, asking.connection.pipeline() if together else nullcontext():
            for each in held:
                asking.connection.execute(each.sql, each.params, prepare=bool(each.params))
            return execute(sql, params, many, context)

    def tell(self, teams: str) -> None:
        """Whose rows may be seen from the next statement on."""
        if _TEAMS.fullmatch(teams) is None:
            raise ValueError(f"Not a scope: {teams!r}")
        if self.held and self.held[-1].sql == _TELL:
            self.held.pop()
        self.held.append(_Held(_TELL, [teams]))


def trips() -> Trips:
    """This thread's connection's."""
    for each in connection.execute_wrappers:
        if isinstance(each, Trips):
            return each
    made = Trips()
    connection.execute_wrappers.append(made)
    return made


def execute(sql: str, params: Sequence[Any]) -> None:
    """Execute a statement whose answer nobody awaits: with the next one, or at the end of the scope that is open."""
    our = trips()
    our.no_hurry = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, params)
    finally:
        our.no_hurry = False


def send() -> None:
    """Send what was written and not sent yet: nothing follows that could take it along."""
    our = trips()
    if any(each.sql != _TELL and not each.sql.startswith(_SAVEPOINTS) for each in our.held):
        last = our.held.pop()
        with connection.cursor() as cursor:
            our.open, was = False, our.open
            try:
                cursor.execute(last.sql, last.params)
            finally:
                our.open = was
