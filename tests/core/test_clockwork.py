"""Duties: each runs when it is due, alone, and one that fails stops no other."""

from collections.abc import Iterator

import psycopg
import pytest
from django.db import connections

from core import clockwork
from core.clockwork import LOCKS, duty, run_due
from core.scope import everything
from teams.models import User
from tests.marks import ROWS

pytestmark = ROWS


@pytest.fixture(autouse=True)
def no_others(monkeypatch: pytest.MonkeyPatch, transactional_db: None) -> Iterator[None]:
    monkeypatch.setattr(clockwork, "duties", {})
    monkeypatch.setattr(clockwork, "_begun", {})
    yield


def test_a_duty_runs_once_in_its_time_and_again_when_that_has_passed(monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []
    duty("often", every=0)(lambda: ran.append("often"))
    duty("seldom", every=3600)(lambda: ran.append("seldom"))
    assert (run_due(), run_due()) == (["often", "seldom"], ["often"])
    monkeypatch.setitem(clockwork._begun, "seldom", float("-inf"))
    assert run_due() == ["often", "seldom"]
    assert ran == ["often", "seldom", "often", "often", "seldom"]


def test_one_that_fails_is_no_reason_to_leave_the_others_undone(caplog: pytest.LogCaptureFixture) -> None:
    def fails() -> None:
        raise ValueError("as tests go")

    done: list[int] = []
    duty("fails", every=0)(fails)
    duty("works", every=0)(lambda: done.append(1))
    assert run_due() == ["works"]
    assert done == [1]
    assert "The duty “fails” failed" in caplog.text


def test_while_another_driver_is_at_it_nobody_else_is() -> None:
    done: list[int] = []
    watched = duty("watched", every=0)(lambda: done.append(1))
    assert watched is not None
    other = psycopg.connect(**{**connections["default"].get_connection_params(), "cursor_factory": psycopg.Cursor})
    with other:
        key = clockwork.lock_of("watched")
        other.execute("SELECT pg_advisory_lock(%s, %s)", [LOCKS, key])
        assert run_due() == []
        other.execute("SELECT pg_advisory_unlock(%s, %s)", [LOCKS, key])
        other.commit()
        assert run_due() == ["watched"]
    other.close()
    assert done == [1]


def test_inside_a_transaction_no_duty_runs() -> None:
    duty("any", every=0)(lambda: None)
    with everything("a test"), pytest.raises(RuntimeError, match="opens its own transactions"):
        run_due()


def test_the_lock_is_free_again_after_a_failure_that_broke_the_transaction() -> None:
    tries: list[int] = []

    def breaks() -> None:
        tries.append(1)
        with everything("a test"):
            User.objects.create(email="one@x.example")
            User.objects.create(email="one@x.example")

    duty("breaks", every=0)(breaks)
    assert (run_due(), run_due()) == ([], [])
    assert tries == [1, 1]
