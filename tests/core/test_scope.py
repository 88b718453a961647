"""Whose rows a statement may see is told with the next statement: it is always that of the innermost scope, whatever failed before. And
what is written without waiting for its answer is there, or gone, with the savepoint that it was written in.
"""

import random
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from core import trips
from core.scope import before_commit, current, everything, narrowing, scope
from tests.marks import ROWS

pytestmark = ROWS


class Slip(Exception):
    """Something of ours went wrong."""


def asked(sql: str) -> str:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return str(cursor.fetchone()[0])


def told() -> str:
    """Whose rows the database shows now."""
    return asked("SELECT coalesce(current_setting('app.teams', true), '')")


class Walk:
    """At random into scopes and savepoints and out of them, well or by an error. `rows`: what should be written when all is over."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.rows: list[int] = []

    def fails(self) -> None:
        """An error that PostgreSQL raises, of three kinds, or one of our own."""
        kind = self.chance.randrange(4)
        if kind == 3:
            raise Slip
        with connection.cursor() as cursor:
            cursor.execute(
                ("SELECT 1/0", "SELECT * FROM nowhere", "SELECT %s::int")[kind], ["x"] if kind == 2 else None
            )

    @contextmanager
    def entered(self) -> Iterator[None]:
        kind, written = self.chance.randrange(4), len(self.rows)
        teams = sorted(self.chance.sample(range(1, 9), self.chance.randrange(3)))
        try:
            with (everything("a test"), transaction.atomic())[kind] if kind < 2 else scope(*teams):
                yield
        except BaseException:
            del self.rows[written:]
            raise

    def on(self, depth: int) -> None:
        for _ in range(self.chance.randrange(1, 6)):
            step = self.chance.random()
            if step < 0.3:
                assert told() == (current() or "")
            elif step < 0.5 and current() is not None:
                self.rows.append(len(self.rows))
                trips.execute("INSERT INTO walked VALUES (%s)", [self.rows[-1]])
            elif step < 0.6 and connection.in_atomic_block:
                with pytest.raises((DatabaseError, Slip)), transaction.atomic():
                    self.fails()
            elif depth:
                try:
                    with (
                        transaction.atomic(),
                        self.entered(),
                    ):  # so that what is caught here has a savepoint to go back to
                        self.on(depth - 1)
                        if self.chance.random() < 0.3:
                            self.fails()
                except (DatabaseError, Slip):
                    if connection.needs_rollback or self.chance.random() < 0.3:
                        raise


@pytest.mark.parametrize("seed", range(3))
def test_each_statement_has_the_scope_of_its_place_and_each_row_its_savepoint(seed: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS walked (n int)")
    committed = 0
    for n in range(150):
        walk = Walk(seed * 1000 + n)
        asked("WITH gone AS (DELETE FROM walked RETURNING n) SELECT count(*) FROM gone")
        try:
            with transaction.atomic() if walk.chance.random() < 0.5 else scope(1), scope(2):
                walk.on(4)
        except (DatabaseError, Slip):
            walk.rows = []
        assert (current(), told()) == (None, "")
        assert asked("SELECT coalesce(string_agg(n::text, ' ' ORDER BY n), '') FROM walked") == " ".join(
            map(str, walk.rows)
        )
        committed += bool(walk.rows)
    assert committed > 20


def test_a_door_looks_at_everybody_and_then_at_its_teams_alone_in_one_transaction() -> None:
    seen: list[str] = []

    def look() -> list[int]:
        seen.append(told())
        return [3, 4]

    with narrowing("a test", look, lambda found: found) as found:
        assert (found, told(), current()) == ([3, 4], "{3,4}", "{3,4}")
        before_commit("last", lambda: seen.append(told()))
        with scope(3):
            assert told() == "{3}"
        assert told() == "{3,4}"
    assert seen == ["*", "{3,4}"]
    assert (told(), current()) == ("", None)


def test_nothing_is_open_behind_a_door_that_leads_to_no_team() -> None:
    with narrowing("a test", lambda: told(), lambda found: []) as found:
        assert (found, told(), current(), connection.in_atomic_block) == ("*", "", None, False)


def test_what_fails_behind_a_door_leaves_nothing_written() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMP TABLE IF NOT EXISTS knocked (n int)")
    with pytest.raises(Slip), narrowing("a test", lambda: [1], lambda found: found):
        trips.execute("INSERT INTO knocked VALUES (1)", [])
        raise Slip
    assert (asked("SELECT count(*) FROM knocked"), told(), current()) == ("0", "", None)


@pytest.mark.parametrize("door", [scope, lambda team: narrowing("a test", lambda: [team], lambda found: found)])
def test_what_reacts_to_a_commit_begins_anew(door: Callable[[int], AbstractContextManager[object]]) -> None:
    seen = []

    def react() -> None:
        with transaction.atomic():
            seen.append(asked("SELECT 1"))
        with scope(2):
            seen.append(told())

    with door(1), transaction.atomic():
        transaction.on_commit(react)
        assert told() == "{1}"  # so the savepoint is there; nothing follows to take its release along
    assert seen == ["1", "{2}"]
