"""The drill posts each thing twice at once, as double clicks and retries do; without the protection it notices."""

import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast as as_type

import pytest
from django.db import connection, connections, models

from core.base import Keyed
from core.scope import scope
from learning.models import Jotting, Observation, Offer, Point
from learning.services.jottings import keep_jotting
from learning.services.offers import make_offer
from learning.services.points import notice, raise_point
from meetings.models import Item, ItemKind, Meeting
from meetings.services.agenda import add_item
from teams.models import Membership
from tests.cast import Cast, count, live
from tests.marks import ROWS

pytestmark = ROWS

AT_ONCE = 4


def drill(cast: Cast, meeting: Meeting) -> dict[str, int]:
    """How many rows there are of each thing that was posted by several threads at once with one key. One each, if all is well."""
    posts: dict[type[models.Model], tuple[Membership, Callable[..., Any], dict[str, Any]]] = {
        Jotting: (cast.lin, keep_jotting, {"text": "calmer at the door"}),
        Offer: (cast.ben, make_offer, {"text": "Keep one list"}),
        Point: (cast.lin, raise_point, {"text": "A short call helps"}),
        Observation: (cast.lin, notice, {"text": "We slowed down"}),
        Item: (cast.kit, add_item, {"kind": ItemKind.CASE, "minutes": 7}),
    }
    rows = {}
    for model, (by, service, given) in posts.items():
        _at_once(by, service, {"meeting": meeting.pk, "key": uuid.uuid4(), **given})
        rows[model.__name__] = count(model, meeting=meeting, **({"minutes": 7} if model is Item else {}))
    return rows


def _at_once(by: Membership, service: Callable[..., Any], given: dict[str, Any]) -> None:
    together = threading.Barrier(AT_ONCE)

    def post() -> None:
        try:
            with scope(by.team_id):
                together.wait(10)
                service(by=by, **given)
        finally:
            connection.close()

    threads = [threading.Thread(target=post) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)


ONE_EACH = {"Jotting": 1, "Offer": 1, "Point": 1, "Observation": 1, "Item": 1}


def test_posts_that_come_twice_at_once_are_one_row_each(cast: Cast) -> None:
    assert drill(cast, live(cast)) == ONE_EACH


@contextmanager
def without_keys() -> Iterator[None]:
    """The database no longer minds that one key comes twice."""
    tables = {model._meta.db_table: _constraint(model) for model in (Jotting, Offer, Point, Observation, Item)}
    with connections["owner"].cursor() as owner:
        for table, name in tables.items():
            owner.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        with connections["owner"].cursor() as owner:
            for table, name in tables.items():
                owner.execute(f"DELETE FROM {table}" if table != Item._meta.db_table else "SELECT 1")
                owner.execute(f"DELETE FROM {table} WHERE id NOT IN (SELECT min(id) FROM {table} GROUP BY team_id, key)")
                owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (team_id, key)")


def _constraint(model: type[models.Model]) -> str:
    return next(each.name for each in model._meta.constraints if each.name.endswith("_key_once"))


def test_the_drill_notices_that_the_constraint_is_gone(cast: Cast) -> None:
    meeting = live(cast)
    with without_keys():
        assert drill(cast, meeting) == dict.fromkeys(ONE_EACH, AT_ONCE)


def test_the_drill_notices_that_keys_are_no_longer_looked_at(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(cls: type[Keyed], *, key: Any, team_id: int, same: dict[str, Any], **others: Any) -> tuple[Any, bool]:
        made = as_type(Any, cls)(key=uuid.uuid4(), team_id=team_id, **same, **others)
        made.save(force_insert=True)
        return made, True

    monkeypatch.setattr(Keyed, "once", classmethod(forgetful))
    found = drill(cast, live(cast))
    assert found != ONE_EACH
    assert min(found.values()) > 1
