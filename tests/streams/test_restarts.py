"""R7: the web is restarted in running meetings, as a deploy does it: no word is lost, nobody waits long, the old process goes soon.

A post that gets no answer, or 503, is sent again with its own UUID, as the page's outbox does; what was answered is never sent twice.
"""

import asyncio
import os
import random
import time
import uuid
from pathlib import Path

import pytest

from core.scope import everything
from learning.models import Jotting
from tests.sizes import size
from tests.streams.house import NAMES, House, Room, running_house
from tests.streams.tab import Tab, opened

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

RESTARTS = size(2, 20)
GAP, GONE = 5.0, 10.0


async def type_on(room: Room, lin: Tab, over: asyncio.Event) -> list[str]:
    """Lin jots all the while; each jotting is sent until the server has said that it has it."""
    said = list[str]()
    while not over.is_set():
        key, words = str(uuid.UUID(int=room.chance.getrandbits(128), version=4)), f"so much is kept {len(said)}"
        while await room.post(lin, "jottings/", text=words, key=key) not in (200, 204, 303):
            await asyncio.sleep(0.1)
        said.append(words)
        await asyncio.sleep(0.1)
    return said


async def restarts(
    house: House, rooms: list[Room], tabs: list[Tab], number: int
) -> tuple[list[float], list[list[str]]]:
    """How long each old process took to go; and what was typed meanwhile in each room."""
    async with opened(*tabs):
        over, went = asyncio.Event(), []
        lins = [tab for tab in tabs if tab.name.endswith("Lin")]
        typing = [asyncio.ensure_future(type_on(*each, over)) for each in zip(rooms, lins, strict=True)]
        await asyncio.sleep(1)
        for _ in range(number):
            went.append(await asyncio.to_thread(house.stop))
            house.start()
            ends = time.monotonic() + 30
            while not all(tab.state == "live" for tab in tabs):
                assert time.monotonic() < ends, [(tab.name, tab.state) for tab in tabs]
                await asyncio.sleep(0.02)
            await asyncio.sleep(0.5)
        over.set()
        said = await asyncio.gather(*typing)
        await asyncio.sleep(1)
        assert not [error for tab in tabs for error in tab.errors]
        return went, list(said)


def the_drill(log: Path, number: int, sabotage: str = "") -> tuple[float, float]:
    """The longest gap of any tab, and the longest that an old process took."""
    with running_house(log, sabotage=sabotage) as house:
        rooms = [Room(house, f"room-{n}", chance=random.Random(n)) for n in range(2)]
        for room in rooms:
            room.found()
        tabs = [room.tab(name) for room in rooms for name in (*NAMES, "wall")]
        work = restarts(house, rooms, tabs, number)
        went, said = asyncio.run_coroutine_threadsafe(work, house.wires.loop).result(60 * number + 60)
        for room, words in zip(rooms, said, strict=True):
            with everything("a test looks"):
                kept = list(Jotting.objects.filter(meeting=room.meeting).order_by("pk").values_list("text", flat=True))
            assert kept == words
            assert len(words) > number
        for tab in tabs:
            if tab.name.endswith("Lin"):
                texts = [e.text() for e in tab.page.body.all() if "jotting" in e.attributes.get("class", "").split()]
                assert len(texts) == len(said[0 if "room-0" in tab.name else 1])
        return max(gap for tab in tabs for gap in tab.gaps), max(went)


def test_restarts_in_running_meetings_lose_nothing_and_are_short(tmp_path: Path) -> None:
    gap, went = the_drill(tmp_path / "web.log", RESTARTS)
    print(f"{RESTARTS} restarts: longest gap {gap:.2f} s, the old process gone after {went:.2f} s at most")
    busy = max(1.0, os.getloadavg()[0] / (os.cpu_count() or 1))  # the machine has other things to do
    assert went <= GONE * busy
    assert gap <= GAP * busy


def test_the_drill_notices_streams_that_do_not_end(tmp_path: Path) -> None:
    # Without our end of the streams the server waits for them as long as it is allowed to.
    _, went = the_drill(tmp_path / "web.log", 1, sabotage="slow_end")
    assert went > 2.5
