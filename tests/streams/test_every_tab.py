"""R5: whatever is cut, hidden, lost or restarted, within three seconds of quiet every tab shows what a fresh page shows.

Rooms run beside each other, in each a tab of the Chair, of whoever holds the seat, of the Scribe, of two more members, and the wall.
Steps are drawn by hypothesis and taken at once; then everything is well again, and the clock runs. THOROUGH=1: ten thousand
disturbances.
"""

import asyncio
import os
import random
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyFailure

from tests.sizes import size
from tests.streams.dom import Page
from tests.streams.house import NAMES, WORDS, House, Room, running_house
from tests.streams.tab import Tab

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")

QUIET = 3.0  # seconds after which every tab shows what is
ROOMS, STEPS = size(3, 6), size(24, 50)  # so many rooms, so many steps in each at a time
DISTURBANCES = size(90, 10_000)

DISTURB = ("cut", "cut", "cut", "silence", "slow", "hide", "hide", "expire", "reload")
POSTS = ("tap", "tap", "tap", "next", "jot", "jot", "offer", "raise", "read", "first", "words", "pen", "seat", "roll")
HOUSE = ("redis", "restart")

EVERYTHING = (*POSTS, *DISTURB * 2, "house" if DISTURBANCES > 1000 else "redis")


step = st.tuples(
    st.sampled_from(EVERYTHING), st.integers(0, 5), st.integers(0, 2**32)
)  # what, in whose tab, and chance
scripts = st.lists(st.lists(step, min_size=STEPS, max_size=STEPS), min_size=ROOMS, max_size=ROOMS)


class Stage:
    """The rooms with their open tabs, and what was done to them."""

    def __init__(self, house: House, rooms: list[Room]) -> None:
        self.house, self.rooms = house, rooms
        self.tabs: dict[str, list[Tab]] = {}
        self.tally: Counter[str] = Counter()
        self.statuses: Counter[int] = Counter()
        self.slowest = 0.0
        self.house_is_busy, self.few = asyncio.Lock(), asyncio.Semaphore(4)

    def run(self, script: list[list[tuple[str, int, int]]]) -> None:
        future = asyncio.run_coroutine_threadsafe(self._run(script), self.house.wires.loop)
        future.result(300)

    async def _run(self, script: list[list[tuple[str, int, int]]]) -> None:
        for room in self.rooms:
            if room.slug not in self.tabs:
                self.tabs[room.slug] = [room.tab(name) for name in (*NAMES, "wall")]
                await asyncio.gather(*(tab.open() for tab in self.tabs[room.slug]))
        await asyncio.gather(*(self._in(room, steps) for room, steps in zip(self.rooms, script, strict=True)))
        if not await asyncio.to_thread(self.house.ready):
            await asyncio.to_thread(self.house.wait_until_ready)
        began = time.monotonic()
        took = await asyncio.gather(
            *(self.equals_fresh(room, tab, began) for room in self.rooms for tab in self.tabs[room.slug])
        )
        self.slowest = max(self.slowest, *took)
        errors = [error for tabs in self.tabs.values() for tab in tabs for error in tab.errors]
        assert not errors, errors
        assert not [status for status in self.statuses if status >= 500 and status != 503], self.statuses

    async def _in(self, room: Room, steps: list[tuple[str, int, int]]) -> None:
        after: list[asyncio.Task[None]] = []
        for what, whose, number in steps:
            tab = self.tabs[room.slug][whose]
            if what == "house":
                what = "restart" if number % 40 == 0 else "redis" if number % 4 == 0 else "cut"
            if what in DISTURB or what in HOUSE:
                self.tally[what] += 1
                end = getattr(self, f"_{what}")(room, tab, random.Random(number))
                after.append(asyncio.ensure_future(end))
            else:
                self.statuses[await self.act(room, what, tab, number)] += 1
            await asyncio.sleep(number % 60 / 1000)
        await asyncio.gather(*after)

    # --- what happens to a tab; each returns when all is well again

    async def _cut(self, room: Room, tab: Tab, chance: random.Random) -> None:
        door = room.doors[tab.name.split()[-1]]
        door.cut()
        await asyncio.sleep(chance.choice((0, 0.05, 0.6)))
        door.cut(False)

    async def _silence(self, room: Room, tab: Tab, chance: random.Random) -> None:
        door = room.doors[tab.name.split()[-1]]
        door.silent()
        await asyncio.sleep(chance.uniform(0.05, 1.0))
        door.silent(False)

    async def _slow(self, room: Room, tab: Tab, chance: random.Random) -> None:
        for _ in range(4):
            await self._silence(room, tab, random.Random(0))
            await asyncio.sleep(0.01)

    async def _hide(self, room: Room, tab: Tab, chance: random.Random) -> None:
        tab.hide()
        await asyncio.sleep(chance.uniform(0.05, 1.0))
        tab.seen()

    async def _reload(self, room: Room, tab: Tab, chance: random.Random) -> None:
        await tab.reload(tab.path)

    async def _expire(self, room: Room, tab: Tab, chance: random.Random) -> None:
        """The session ends; after a while the same person signs in again, and comes back to this tab."""
        data = self.house.end_session(tab.cookies["session"]) if "session" in tab.cookies else None
        if data is None:
            return
        await asyncio.sleep(chance.uniform(0.05, 1.0))
        tab.cookies["session"] = self.house.sign_in(data)
        tab.again()

    async def _redis(self, room: Room, tab: Tab, chance: random.Random) -> None:
        async with self.house_is_busy:
            self.house.redis.cut()
            await asyncio.sleep(chance.uniform(0.1, 1.0))
            self.house.redis.cut(False)

    async def _restart(self, room: Room, tab: Tab, chance: random.Random) -> None:
        async with self.house_is_busy:
            await asyncio.to_thread(self.house.stop)
            self.house.start()
            await asyncio.to_thread(self.house.wait_until_ready)

    # --- what people do

    async def act(self, room: Room, what: str, tab: Tab, number: int) -> int:
        ada, lin, sol, ben, mo, _ = self.tabs[room.slug]
        words = f"{WORDS[number % len(WORDS)]} {number % 997}"
        do: dict[str, Callable[[], Awaitable[int]]] = {
            "tap": lambda: room.tap(tab if tab.name.split()[-1] != "wall" else ben, number),
            "next": lambda: room.post(ada, "next/", after=_now(ada)),
            "jot": lambda: room.post(lin, "jottings/", text=words),
            "offer": lambda: room.post((ben, mo)[number % 2], "offers/", text=words),
            "raise": lambda: room.post(lin, "points/", text=words, kind="point"),
            "read": lambda: room.post(lin, "read-back/"),
            "first": lambda: room.post(lin, "read-back/first/"),
            "words": lambda: room.tap(sol, number),
            "pen": lambda: room.post((sol, ben)[number % 2], "read-back/pen/"),
            "seat": lambda: room.post(
                (ben, mo, lin)[number % 3], f"seats/{('learning', 'scribe', 'chair')[number % 7 % 3]}/", me="1"
            ),
            "roll": lambda: room.tap(ada, number),
        }
        return await do[what]()

    # --- the promise

    async def equals_fresh(self, room: Room, tab: Tab, began: float) -> float:
        """Seconds until this tab showed what a fresh page of the same person shows; AssertionError if that was too late or never."""
        patience = QUIET * max(
            1.0, os.getloadavg()[0] / (os.cpu_count() or 1)
        )  # of a machine that has other things to do
        fresh = await self.fresh(tab)
        while True:
            shown, wanted = tab.page.shown(), fresh.shown()
            if shown == wanted:
                took = max(0.0, tab.changed - began)
                assert took <= patience, f"{tab.name} was {took:.1f} s late"
                return took
            if time.monotonic() - began > patience + 1:
                fresh = await self.fresh(tab)  # a minute may have passed
                wanted = fresh.shown()
                differ = {
                    name: _difference(shown.get(name, ""), wanted.get(name, ""))
                    for name in shown.keys() | wanted.keys()
                    if shown.get(name) != wanted.get(name)
                }
                assert not differ, (
                    f"{tab.name}, {tab.state}, at {tab.rev}, fresh {fresh.main().attributes['data-rev']}: {differ}"
                )
                return patience
            await asyncio.sleep(0.05)

    async def fresh(self, tab: Tab) -> Page:
        beside = Tab(f"{tab.name}, fresh", self.house.port, tab.path, tab.cookies, tab.chance)
        for _ in range(3):  # a slow machine is no failure of this page
            async with self.few:
                status, html, _ = await beside.get(tab.path, within=20)
            if status:
                break
        assert beside.http is not None
        await beside.http.close()
        assert status == 200, (tab.name, tab.path, status)
        return Page(html)

    def close(self) -> None:
        tabs = [tab for tabs in self.tabs.values() for tab in tabs]
        self.tabs.clear()

        async def all_of_them() -> None:
            await asyncio.gather(*(tab.close() for tab in tabs))

        asyncio.run_coroutine_threadsafe(all_of_them(), self.house.wires.loop).result(20)

    def meet_again(self) -> None:
        """Meetings grow; after a while each room has a new one."""
        self.close()
        for room in self.rooms:
            room.meet()

    @property
    def disturbed(self) -> int:
        return sum(self.tally.values())


def _difference(one: str, other: str) -> tuple[str, str]:
    """Where the two part."""
    at = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
    return one[max(0, at - 60) : at + 120], other[max(0, at - 60) : at + 120]


def _now(tab: Tab) -> str:
    found = [e for e in tab.page.body.all() if e.attributes.get("name") == "after"]
    return found[0].attributes.get("value", "") if found else ""


@pytest.fixture
def stage(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Stage]:
    sabotage = getattr(request, "param", "")
    with running_house(tmp_path / "web.log", shaky=0.25, sabotage=sabotage) as house:
        rooms = [Room(house, f"room-{n}", as_they_come=n % 2 == 1, chance=random.Random(n)) for n in range(ROOMS)]
        for room in rooms:
            room.found()
        made = Stage(house, rooms)
        yield made
        made.close()


def the_drill(stage: Stage, disturbances: int) -> None:
    """Examples until so many disturbances have been survived."""
    examples = 0

    @settings(
        max_examples=-(-disturbances // round(ROOMS * STEPS * 0.5)),
        deadline=None,
        database=None,
        phases=(Phase.generate,),
        derandomize=True,
        suppress_health_check=list(HealthCheck),
        report_multiple_bugs=False,
    )
    @given(script=scripts)
    def survived(script: Any) -> None:
        nonlocal examples
        examples += 1
        if examples % 6 == 0:
            stage.meet_again()
        stage.run(script)
        print(examples, stage.disturbed, f"{stage.slowest:.2f} s", flush=True)

    try:
        survived()
    except FlakyFailure as flaky:  # not all chance here is Hypothesis’s: the second time it may go well
        raise flaky.exceptions[0] from None


def test_every_tab_equals_a_fresh_page(stage: Stage) -> None:
    the_drill(stage, DISTURBANCES)
    print(
        f"{stage.disturbed} disturbances {dict(stage.tally)}, posts {dict(stage.statuses)}, slowest {stage.slowest:.2f} s"
    )
    assert stage.statuses[204] > stage.disturbed / 20, stage.statuses


# Each where it is needed: who comes back must be told what they missed; who stayed depends on Redis, unless somebody asks.
@pytest.mark.parametrize(
    ("stage", "mix"),
    [("no_replay", (*POSTS, *("cut", "hide") * 7)), ("no_questions", (*POSTS, "redis"))],
    indirect=["stage"],
)
def test_the_drill_notices_what_is_taken_away(stage: Stage, mix: Sequence[str]) -> None:
    chance = random.Random(8)
    with pytest.raises(AssertionError, match=r"at .*, fresh"):
        for _ in range(12):  # it ends at the first tab that is wrong
            stage.run(
                [
                    [(chance.choice(mix), chance.randrange(6), chance.getrandbits(32)) for _ in range(STEPS)]
                    for _ in range(ROOMS)
                ]
            )
            print(stage.disturbed, dict(stage.statuses), flush=True)
