"""Fixtures that several storeys' tests share."""

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connections
from django.test import TransactionTestCase

from core import clock
from tests.cast import Cast, gather_cast

KEPT = {"django_migrations", "django_content_type", "auth_permission"}  # what belongs to the schema


def _full(cursor: Any) -> list[str]:
    """The tables that have rows."""
    tables = sorted(set(connections["owner"].introspection.table_names(cursor)) - KEPT)
    cursor.execute(" UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT FROM {name})" for name in tables))
    return [name for (name,) in cursor.fetchall()]


def _unlooked(cursor: Any) -> str:
    """Within this transaction, references are not looked at (where we may say so; else not before its end)."""
    cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
    may = cursor.fetchone()[0]
    return "SET LOCAL session_replication_role = replica" if may else "SET CONSTRAINTS ALL DEFERRED"


def _empty(self: TransactionTestCase) -> None:
    """Empty every table that has rows, as the owner: a tenth of the time that `flush` takes, with few rows."""
    with connections["owner"].cursor() as cursor:
        full = _full(cursor)
        if full:
            cursor.execute(f"BEGIN; {_unlooked(cursor)}; " + "; ".join(f"DELETE FROM {n}" for n in full) + "; COMMIT")


@pytest.fixture(scope="session", autouse=True)
def _quick_to_empty() -> Iterator[None]:
    patch = pytest.MonkeyPatch()
    patch.setattr(TransactionTestCase, "_fixture_teardown", _empty)
    yield
    patch.undo()


@dataclass(frozen=True)
class Gathered:
    """The cast as the services left it: every row, how far each sequence was, and the objects."""

    rows: dict[str, bytes]
    sequences: dict[str, int]
    cast: bytes

    @classmethod
    def now(cls) -> "Gathered":
        cast, rows = pickle.dumps(gather_cast()), {}
        with connections["owner"].cursor() as cursor:
            for name in _full(cursor):
                with cursor.copy(f"COPY {name} TO STDOUT") as copy:
                    rows[name] = b"".join(bytes(part) for part in copy)
            cursor.execute("SELECT sequencename, last_value FROM pg_sequences WHERE last_value IS NOT NULL")
            return cls(rows, dict(cursor.fetchall()), cast)

    def again(self) -> Cast:
        """A fifth of the time that the services take. Ids go on from where they are: what comes later has later ones."""
        with connections["owner"].cursor() as cursor:
            cursor.execute(f"BEGIN; {_unlooked(cursor)}")
            for name, rows in self.rows.items():
                with cursor.copy(f"COPY {name} FROM STDIN") as copy:
                    copy.write(rows)
            behind = (
                f"SELECT setval('{n}', {at}) FROM {n} WHERE last_value < {at}" for n, at in self.sequences.items()
            )
            cursor.execute(f"{' UNION ALL '.join(behind)}; COMMIT")
        cast: Cast = pickle.loads(self.cast)
        return cast


_gathered: list[Gathered] = []  # by the first test that needs them, in this process


@pytest.fixture
def cast(transactional_db: Any) -> Cast:
    """Harbour Street and Mill Lane, gathered sixty days ago: by the services once, and after that as they left them."""
    if abs(clock.now() - datetime.now(UTC)) > timedelta(seconds=1):
        return gather_cast()  # in a time of the test's own
    if _gathered:
        return _gathered[0].again()
    _gathered.append(Gathered.now())
    cast: Cast = pickle.loads(_gathered[0].cast)
    return cast
