"""The page's own stream client, in a real browser: cuts, hides and sleeps by chance; proxies that swallow or refuse streams."""

import random
import time
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Tab
from tests.journeys.test_breaking import SHOWN, Room, on
from tests.sizes import size

pytestmark = pytest.mark.browser

QUIET = 3.0
HIDDEN = """(hidden) => {
  Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
  document.dispatchEvent(new Event("visibilitychange"));
}"""


@pytest.fixture
def room(backstage: Backstage, open_tab: Open, request: pytest.FixtureRequest) -> Room:
    slug = request.node.name.partition("[")[0].removeprefix("test_").replace("_", "-")[:40]
    links = backstage("team", slug=slug, name=slug.replace("-", " ").capitalize())
    return Room(backstage, open_tab, slug, links, backstage("meeting", slug=slug))


def differs(tab: Tab, path: str) -> dict[str, Any]:
    """What this page shows and a fresh one doesn't, or the other way round."""
    fresh = tab.context.new_page()
    fresh.goto(path)
    expect(fresh.locator("main[data-state=live]")).to_be_visible()
    wanted = fresh.evaluate(SHOWN)
    fresh.close()
    shown = tab.page.evaluate(SHOWN)
    names = shown.keys() | wanted.keys()
    return {name: (shown.get(name), wanted.get(name)) for name in names if shown.get(name) != wanted.get(name)}


def equals_fresh(tab: Tab, path: str) -> None:
    ends = time.monotonic() + 3 * QUIET  # a fresh page in a browser takes its own time
    while found := differs(tab, path):
        assert time.monotonic() < ends, found
        time.sleep(0.2)


def test_cuts_and_hides_by_chance(room: Room) -> None:
    chance = random.Random(5)
    tabs = [room.enter(name) for name in ("Ada", "Lin", "Ben")]
    away: list[Tab] = []
    for number in range(size(12, 120)):
        tab = chance.choice(tabs)
        what = chance.choice(("cut", "cut", "hide", "back", "back"))
        if what == "cut" and tab not in away:
            tab.context.set_offline(True)
            away.append(tab)
        elif what == "hide":
            tab.page.evaluate(HIDDEN, True)
            tab.page.evaluate(HIDDEN, False)
        elif away:
            away.pop().context.set_offline(False)
        deed = chance.choice(("offer", "jot", "next_item", "add_case"))
        if deed in ("offer", "jot"):
            room.do(deed, text=f"Say who rings whom before we leave the room {number}")
        elif number < 8 or deed == "add_case":
            room.do(deed)
        if number % 12 == 11:
            for each in away:
                each.context.set_offline(False)
            away.clear()
            for each in tabs:
                expect(each.page.locator("main[data-state=live]")).to_be_visible(timeout=20_000)
                equals_fresh(each, room.path)
    assert all(tab.page.evaluate("window.neverReloaded") is True for tab in tabs)


def test_a_proxy_that_refuses_streams_is_got_round_by_asking(room: Room) -> None:
    ben = room.enter("Ben")
    ben.page.route("**/live/*/?rev=*", lambda route: route.fulfill(status=502, body="Bad gateway"))
    ben.page.reload()
    expect(ben.page.locator("main[data-state=asking]")).to_be_visible(timeout=20_000)
    room.do("next_item")
    expect(on(ben.page)).to_have_text("Case 1 · Ben", timeout=6_000)


def test_a_proxy_that_swallows_streams_is_got_round_by_asking(room: Room) -> None:
    ben = room.enter("Ben")
    swallowed: list[Route] = []
    ben.page.route("**/live/*/?rev=*", lambda route: swallowed.append(route))  # taken, and never answered
    ben.page.clock.install()
    ben.page.reload()
    asking = ben.page.locator("main[data-state=asking]")
    for _ in range(120):  # three times six seconds and what lies between, in its clock
        if asking.count():
            break
        ben.page.clock.run_for(500)
    expect(asking).to_be_visible()
    assert len(swallowed) >= 3
    room.do("next_item")
    ben.page.clock.run_for(4_100)
    expect(on(ben.page)).to_have_text("Case 1 · Ben", timeout=3_000)


def test_an_answer_to_the_session_before_does_not_sign_anybody_out(room: Room) -> None:
    """Signed in anew and back here, while a question of before is still under way: its 401 comes late, and means nothing any more."""
    ben = room.enter("Ben")
    late: list[Route] = []
    ben.page.route("**/live/*/now/*", lambda route: route.continue_() if late else late.append(route))
    ben.page.evaluate("window.dispatchEvent(new Event('online'))")
    while not late:
        ben.page.wait_for_timeout(20)
    ben.page.evaluate("window.dispatchEvent(new Event('online'))")
    ben.page.wait_for_timeout(300)
    late[0].fulfill(status=401)
    expect(ben.page.locator("main[data-state=live]")).to_be_visible(timeout=10_000)
    expect(ben.page.get_by_text("You were signed out")).to_be_hidden()
    room.do("next_item")
    expect(on(ben.page)).to_have_text("Case 1 · Ben", timeout=6_000)


def test_a_hidden_tab_gives_its_connection_back_and_is_up_to_date_when_it_is_seen(room: Room) -> None:
    ben = room.enter("Ben")
    ben.page.clock.install()
    ben.page.evaluate(HIDDEN, True)
    ben.page.clock.run_for(29_000)
    expect(ben.page.locator("main[data-state=live]")).to_be_visible()
    ben.page.clock.run_for(2_000)
    expect(ben.page.locator("main[data-state=hidden]")).to_be_visible()
    room.do("next_item")
    ben.page.evaluate(HIDDEN, False)
    expect(on(ben.page)).to_have_text("Case 1 · Ben", timeout=3_000)
    ben.page.clock.run_for(2_000)
    expect(ben.page.locator("main[data-state=live]")).to_be_visible()


def test_a_phone_that_slept_does_not_trust_its_stream(room: Room) -> None:
    ben = room.enter("Ben")
    ben.page.clock.install()
    ben.page.reload()
    expect(ben.page.locator("main[data-state=live]")).to_be_visible()
    asked = _asked(ben.page)
    ben.page.clock.fast_forward(15_000)  # one jump, as a sleeping machine's clock makes
    ben.page.clock.run_for(6_000)
    expect(ben.page.locator("main[data-state=live]")).to_be_visible()
    assert len(asked) >= 1


def test_a_server_that_sends_the_session_away_says_so_by_itself(room: Room) -> None:
    ben = room.enter("Ben")
    room.backstage("end_sessions", slug=room.slug, name="Ben")  # behind everybody's back: nothing is published
    expect(ben.page.locator("main[data-state=signed-out]")).to_be_visible(timeout=6_000)
    expect(ben.page.get_by_role("heading", name="You were signed out")).to_be_visible()
    other = ben.context.new_page()
    other.goto(room.links["Ben"])
    other.close()
    room.do("next_item")
    ben.page.evaluate(HIDDEN, False)
    expect(on(ben.page)).to_have_text("Case 1 · Ben", timeout=3_000)
    expect(ben.page.locator("main[data-state=live]")).to_be_visible()
    equals_fresh(ben, room.path)


def _asked(page: Page) -> list[str]:
    found: list[str] = []
    page.on("request", lambda request: found.append(request.url) if "/now/" in request.url else None)
    return found
