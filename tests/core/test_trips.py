"""What nobody awaits an answer of travels with the next statement: in its order, in its transaction, and never into another one."""

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from core import clock, trips
from core.kept import insert_along
from core.scope import everything, scope
from teams.models import Activity
from teams.services.activity import record
from tests.cast import Cast, client_of, live, look
from tests.marks import ROWS

pytestmark = ROWS


@contextmanager
def sent() -> Iterator[list[str]]:
    """The statements that really left by themselves: each a trip, with all that it took along."""
    found: list[str] = []

    def note(execute: Any, sql: str, *args: Any) -> Any:
        found.append(sql)
        return execute(sql, *args)

    trips.trips()
    with connection.execute_wrapper(note):  # the innermost one
        yield found


def verbs() -> list[str]:
    return look(lambda: list(Activity.objects.filter(subject="trips").order_by("pk").values_list("verb", flat=True)))


def note(verb: str, cast: Cast) -> None:
    record(verb, by=cast.ada.user_id, team=cast.team.pk, subject="trips")


def test_rows_are_there_in_order_and_are_seen_by_the_next_question(cast: Cast) -> None:
    with sent() as statements, scope(cast.team.pk):
        note("first", cast)
        note("second", cast)
        assert statements == []
        assert Activity.objects.filter(subject="trips").count() == 2
        note("third", cast)
    assert [sql.split()[0] for sql in statements] == ["SELECT", "INSERT"]
    assert verbs() == ["first", "second", "third"]


def test_what_is_rolled_back_takes_what_was_held_with_it_and_nothing_else(cast: Cast) -> None:
    with scope(cast.team.pk):
        note("before", cast)
        for ask in (False, True):
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                note("within", cast)
                if ask:
                    assert Activity.objects.filter(verb="within").exists()
                raise ZeroDivisionError
        with transaction.atomic():
            note("after", cast)
    assert verbs() == ["before", "after"]


def test_a_whole_scope_that_fails_leaves_nothing_for_the_next_one(cast: Cast) -> None:
    with pytest.raises(ZeroDivisionError), scope(cast.team.pk):
        note("lost", cast)
        raise ZeroDivisionError
    with sent() as statements, scope(cast.other.pk):
        assert Activity.objects.filter(subject="trips").count() == 0
    assert len(statements) == 1
    assert verbs() == []


def test_a_row_that_is_refused_fails_inside_its_transaction(cast: Cast) -> None:
    """Here or by the statement it travels with: never after it said that all is well."""
    for follow in (False, True):
        with pytest.raises(IntegrityError), scope(cast.team.pk):
            note("good", cast)
            insert_along(Activity(team_id=cast.team.pk, verb="bad", subject="trips", at=clock.now(), digest=None))  # type: ignore[misc]
            if follow:
                Activity.objects.count()
    assert verbs() == []
    note_alone = look(lambda: note("well", cast))
    assert (note_alone, verbs()) == (None, ["well"])


def test_another_teams_row_is_refused_though_a_wider_scope_follows(cast: Cast) -> None:
    """A row travels with the scope it was written in."""
    with pytest.raises(Exception, match="row-level security"), everything("a test"):
        with scope(cast.other.pk):
            insert_along(Activity(team_id=cast.team.pk, verb="foreign", subject="trips", at=clock.now(), digest="x"))
        Activity.objects.count()
    assert verbs() == []


def test_outside_a_scope_nothing_is_held(cast: Cast) -> None:
    with sent() as statements, transaction.atomic():
        trips.execute("SELECT 1", [])
        assert statements == ["SELECT 1"]
    assert trips.trips().held in ([], [("SELECT set_config('app.teams', %s, true)", [""])])


def test_a_point_is_raised_in_few_trips(cast: Cast) -> None:
    """Two to know who it is; the lock, the seats, the agreement; the point; and all the rest with the revision. COMMIT isn't seen here."""
    meeting, browser = live(cast), client_of(cast.lin)
    for _ in range(2):
        with sent() as statements:
            answer = browser.post(
                f"/t/harbour-street/m/{meeting.pk}/points/",
                {"text": "Ring the day before", "key": str(uuid.uuid4())},
                headers={"HX-Request": "true"},
            )
    assert answer.status_code == 200
    told = [" ".join(sql.split()[:2]) for sql in statements]
    assert len(told) == 7, told
