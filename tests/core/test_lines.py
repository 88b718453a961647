"""Whether a lasting connection stands is seen from here: no question of ours, and no request that fails, tells it."""

import psycopg
from django.db import connection

from tests.cast import counted
from tests.marks import ROWS

pytestmark = ROWS


def killed() -> None:
    """PostgreSQL hangs up on us."""
    backend = connection.connection.info.backend_pid
    with psycopg.connect(**{**connection.get_connection_params(), "cursor_factory": psycopg.Cursor}) as another:
        another.execute("SELECT pg_terminate_backend(%s, 5000)", [backend])  # one's own role may


def test_a_line_that_stands_is_asked_nothing() -> None:
    connection.ensure_connection()
    with counted() as number:
        assert connection.is_usable()
    assert number() == 0


def test_one_that_the_server_ended_is_seen_before_it_is_used() -> None:
    connection.ensure_connection()
    killed()
    assert not connection.is_usable()
    connection.close_if_unusable_or_obsolete()
    connection.close()
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        assert cursor.fetchone() == (1,)
