"""Asking PostgreSQL with little patience: on a line of one's own, answered within so many seconds or not at all.

For whoever must not hang with a database that is silent: the health pages, and beat. Django's own connection waits for ever.
"""

import contextlib
import os
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import psycopg
from django.db import connection

PATIENCE = 3.0  # seconds for everything together
CONNECT = 2  # of them for the line itself; libpq knows no less


class NoAnswer(Exception):
    """PostgreSQL is away, silent, full, or too slow."""


@contextlib.contextmanager
def asking(*, everything: str = "", within: float = PATIENCE) -> Iterator[psycopg.Cursor[Any]]:
    """A cursor in a transaction of its own, on a fresh line to our database. Raises NoAnswer.

    `everything`: why all teams' rows must be in sight (as core.scope.everything); without it none are.
    """
    ends = time.monotonic() + within
    params = {**connection.get_connection_params(), "connect_timeout": CONNECT, "cursor_factory": psycopg.Cursor}
    try:
        line: psycopg.Connection[Any] = psycopg.connect(**params)
    except psycopg.Error as error:
        raise NoAnswer(_first_line(error)) from error
    # A server that was stopped still takes our bytes, and its own statement_timeout sleeps with it: so it is us who hang up.
    watch = threading.Timer(max(0.1, ends - time.monotonic()), _hang_up, [line.pgconn.socket])
    watch.daemon = True
    watch.start()
    try:
        with line.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true), set_config('app.teams', %s, true)",
                [str(int(within * 1000)), "*" if everything else ""],
            )
            yield cursor
        line.commit()
    except psycopg.Error as error:
        raise NoAnswer(_first_line(error)) from error
    finally:
        watch.cancel()
        watch.join()  # before the socket's number is anybody else's
        line.close()


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__


def _hang_up(descriptor: int) -> None:
    """End both directions of this socket; whoever waits at it is told so."""
    with contextlib.suppress(OSError), socket.socket(fileno=os.dup(descriptor)) as line:
        line.shutdown(socket.SHUT_RDWR)
