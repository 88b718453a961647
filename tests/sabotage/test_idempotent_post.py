"""The drill posts each thing twice at once, as double clicks and retries do; without the protection it notices."""

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

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

log = logging.getLogger(__name__)
AT_ONCE = 4


def drill(cast: Cast, meeting: Meeting) -> dict[str, tuple[int, int]]:
    """For each thing that several threads post at once with one key: how many rows there are, and how many posts went well.

    If all is well there is one row, and everybody got it as the answer.
    """
    posts: dict[type[models.Model], tuple[Membership, Callable[..., Any], dict[str, Any]]] = {
        Jotting: (cast.lin, keep_jotting, {"text": "calmer at the door"}),
        Offer: (cast.ben, make_offer, {"text": "Keep one list"}),
        Point: (cast.lin, raise_point, {"text": "A short call helps"}),
        Observation: (cast.lin, notice, {"text": "We slowed down"}),
        Item: (cast.kit, add_item, {"kind": ItemKind.CASE, "minutes": 7}),
    }
    found = {}
    for model, (by, service, given) in posts.items():
        answers = _at_once(by, service, {"meeting": meeting.pk, "key": uuid.uuid4(), **given})
        rows = count(model, meeting=meeting, **({"minutes": 7} if model is Item else {}))
        found[model.__name__] = (rows, len(answers))
    return found


def _at_once(by: Membership, service: Callable[..., Any], given: dict[str, Any]) -> list[int]:
    together = threading.Barrier(AT_ONCE)
    answers: list[int] = []

    def post() -> None:
        try:
            with scope(by.team_id):
                together.wait(10)
                row = service(by=by, **given)
            answers.append(row.pk)
        except Exception:
            log.info("A post failed", exc_info=True)
        finally:
            connection.close()

    threads = [threading.Thread(target=post) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return answers


ONE_EACH = dict.fromkeys(("Jotting", "Offer", "Point", "Observation", "Item"), (1, AT_ONCE))


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
            owner.execute(f"TRUNCATE {', '.join(tables)} CASCADE")
            for table, name in tables.items():
                owner.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} UNIQUE (team_id, key)")


def _constraint(model: type[models.Model]) -> str:
    return next(each.name for each in model._meta.constraints if each.name.endswith("_key_once"))


def test_the_drill_notices_that_the_constraint_is_gone(cast: Cast) -> None:
    meeting = live(cast)
    with without_keys():
        found = drill(cast, meeting)
    assert [name for name, seen in found.items() if seen == ONE_EACH[name]] == []


def test_the_drill_notices_that_keys_are_no_longer_looked_at(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def forgetful(cls: Any, /, *, key: Any, team_id: int, same: dict[str, Any], **others: Any) -> tuple[Any, bool]:
        made = cls(key=uuid.uuid4(), team_id=team_id, **same, **others)
        made.save(force_insert=True)
        return made, True

    monkeypatch.setattr(Keyed, "once", classmethod(forgetful))
    assert drill(cast, live(cast)) == dict.fromkeys(ONE_EACH, (AT_ONCE, AT_ONCE))
