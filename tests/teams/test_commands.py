"""The commands that keep the database and the outbox: as a keeper would call them, with the rights that each role has."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, connection, connections, transaction

from core.scope import everything
from teams.models import Activity, Letter, Team
from teams.services.activity import record
from teams.services.letters import drain
from tests.postbox import Postbox, postbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox() as box:
        settings.EMAIL_URL = box.url
        yield box


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE teams_activity SET verb = 'nothing'",
        "DELETE FROM teams_activity",
        "DELETE FROM django_migrations",
        "TRUNCATE teams_letter",
        "CREATE TABLE mine (id int)",
        "ALTER TABLE teams_letter DISABLE ROW LEVEL SECURITY",
    ],
)
def test_the_app_role_serves_and_owns_nothing(statement: str) -> None:
    with everything("a test"):
        record("tested", by=None, team=None)
    with pytest.raises(ProgrammingError), everything("a test"), connection.cursor() as cursor:
        cursor.execute(statement)
    with everything("a test"):
        assert Activity.objects.get().verb == "tested"


def test_flush_empties_everything_as_the_owner() -> None:
    with everything("a test"):
        Team.objects.create(slug="harbour-street", name="Harbour Street outreach")
        record("tested", by=None, team=None)
    call_command("flush", interactive=False, verbosity=0)
    with everything("a test"):
        assert (Team.objects.count(), Activity.objects.count()) == (0, 0)


def test_migrate_may_be_called_again_and_says_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("migrate", verbosity=0)
    assert capsys.readouterr().out == ""
    with transaction.atomic(using="owner"), connections["owner"].cursor() as cursor:
        cursor.execute("SELECT has_table_privilege(%s, 'cache', 'INSERT')", [connection.settings_dict["USER"]])
        assert cursor.fetchone() == (True,)


def test_drill_letters_are_ordinary_rows(box: Postbox, settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEMO = True
    call_command("drill_letters", count=3)
    keys = json.loads(capsys.readouterr().out)
    with everything("a test"):
        assert sorted(keys) == sorted(Letter.objects.values_list("key", flat=True))
    assert drain() == 3
    assert sorted(taken.to for taken in box.journal) == [f"drill-{number}@drill.invalid" for number in (1, 2, 3)]


def test_drill_letters_may_be_spread(settings: Any) -> None:
    settings.DEMO = True
    call_command("drill_letters", count=4, spread=20.0)
    with everything("a test"):
        due = list(Letter.objects.order_by("due_at").values_list("due_at", flat=True))
    assert [(later - due[0]).total_seconds() for later in due] == [0, 5, 10, 15]


@pytest.mark.parametrize("command", ["drill_letters", "sign_in_links"])
def test_what_belongs_to_the_demo_refuses_elsewhere(settings: Any, command: str) -> None:
    settings.DEMO = False
    with pytest.raises(CommandError) as refused:
        call_command(command, **({"count": 1} if command == "drill_letters" else {}))
    assert refused.value.returncode == 2


def test_the_ticker_needs_no_redis_survives_the_database_and_ends_when_told(box: Postbox, settings: Any) -> None:
    database = connection.settings_dict
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)
    surroundings = {**os.environ, "EMAIL_URL": box.url, "REDIS_URL": "redis://127.0.0.1:9/0", "DATABASE_URL": url}
    command = [sys.executable, "manage.py", "ticker", "--every", "0.2"]
    ticker = subprocess.Popen(command, env=surroundings, cwd=settings.BASE_DIR)
    try:
        settings.DEMO = True
        call_command("drill_letters", count=1, stdout=io.StringIO())
        _until(lambda: len(box.journal) == 1)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                "WHERE usename = current_user AND datname = current_database() AND pid <> pg_backend_pid()"
            )
            assert cursor.fetchone() == (1,)
        call_command("drill_letters", count=1, stdout=io.StringIO())
        _until(lambda: len(box.journal) == 2)
        ticker.send_signal(signal.SIGTERM)
        assert ticker.wait(5) == 0
    finally:
        ticker.kill()
        ticker.wait()


def _until(so: Any, seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < ends, "It took too long"
        time.sleep(0.05)
