"""Whose rows a statement may see is told with the next statement: it is always that of the innermost scope, whatever failed before."""

import random
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.db import DatabaseError, connection, transaction

from core.scope import current, everything, scope
from tests.marks import ROWS

pytestmark = ROWS


class Slip(Exception):
    """Something else went wrong."""


def told() -> str:
    """Whose rows the database shows now."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(current_setting('app.teams', true), '')")
        return str(cursor.fetchone()[0])


def fails(chance: random.Random) -> None:
    """An error that PostgreSQL raises, of three kinds, or one of our own."""
    kind = chance.randrange(4)
    if kind == 3:
        raise Slip
    with connection.cursor() as cursor:
        cursor.execute(("SELECT 1/0", "SELECT * FROM nowhere", "SELECT %s::int")[kind], ["x"] if kind == 2 else None)


@contextmanager
def entered(chance: random.Random) -> Iterator[None]:
    kind = chance.randrange(4)
    if kind == 0:
        with everything("a test"):
            yield
    elif kind == 1:
        with transaction.atomic():
            yield
    else:
        with scope(*chance.sample(range(1, 9), chance.randrange(3))):
            yield


def walk(chance: random.Random, depth: int) -> None:
    for _ in range(chance.randrange(1, 5)):
        step = chance.random()
        if step < 0.4:
            assert told() == (current() or "")
        elif step < 0.5 and connection.in_atomic_block:
            with pytest.raises((DatabaseError, Slip)), transaction.atomic():
                fails(chance)
        elif step < 0.9 and depth:
            try:
                with entered(chance):
                    walk(chance, depth - 1)
                    if chance.random() < 0.3:
                        fails(chance)
            except (DatabaseError, Slip):
                if connection.in_atomic_block and (connection.needs_rollback or chance.random() < 0.3):
                    raise


@pytest.mark.parametrize("seed", range(3))
def test_each_statement_has_the_scope_of_its_place(seed: int) -> None:
    for n in range(150):
        chance = random.Random(seed * 1000 + n)
        try:
            with transaction.atomic() if chance.random() < 0.7 else scope(1):
                walk(chance, 5)
        except (DatabaseError, Slip):
            pass
        assert current() is None
        assert told() == ""
