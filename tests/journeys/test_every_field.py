"""What is typed into any field of any page stays until the server has it, whatever breaks: the fields are found by walking the pages."""

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Error, Page, Route

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import FLAGS, Open, Stack
from tests.journeys.fields import Place, pattern, places
from tests.sizes import THOROUGH

pytestmark = pytest.mark.browser

ROWS = """() => new Promise((yes) => {
  const asked = indexedDB.open("words");
  asked.onsuccess = () => {
    const got = asked.result.transaction("rows").objectStore("rows").getAll();
    got.onsuccess = () => { asked.result.close(); yes(got.result); };
  };
})"""
TYPE = """(field, text) => {
  field.value = text;
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}"""
EMPTY = """() => new Promise((yes) => {
  const asked = indexedDB.open("words");
  asked.onsuccess = () => {
    const doing = asked.result.transaction("rows", "readwrite");
    doing.objectStore("rows").clear();
    doing.oncomplete = () => { asked.result.close(); yes(); };
  };
})"""
WHO = ("Lin", "Ada", "Mo", "Sol")
SPECIAL = {"email": "kit.{n}@reed.example", "number": "1{n}", "date": "2031-0{d}-11", "time": "1{d}:25"}


@dataclass
class House:
    """A team with a meeting in each of its states, so that every field stands on some page."""

    slug: str
    links: dict[str, str]
    found: list[Place]
    wrong: list[str]
    rooms: list[int] = field(default_factory=list)


@pytest.fixture(scope="module")
def house(stack: Stack, backstage: Backstage, browser: Any) -> House:
    slug = "every-field"
    links = backstage("team", slug=slug, name="Every field")
    room = backstage("meeting", slug=slug)
    first = backstage("jot", slug=slug, meeting=room, text="calmer at the door")
    backstage("raise_points", slug=slug, meeting=room, texts=["A short call the day before helps"])
    reading = backstage("meeting", slug=slug)
    backstage("raise_points", slug=slug, meeting=reading, texts=["Ask first who else is in the room"])
    backstage("say_them", slug=slug, meeting=reading)
    backstage("start_with_one", slug=slug, meeting=reading)
    closed = backstage("meeting", slug=slug)
    backstage("raise_points", slug=slug, meeting=closed, texts=["Leave the next step on paper"])
    backstage("close", slug=slug, meeting=closed)
    backstage("meeting", slug=slug, begun=False, days=2)
    backstage("series", slug=slug)
    more = [f"/t/{slug}/m/{each}/" for each in (room, reading, closed)]
    more += [f"/t/{slug}/m/{room}/jottings/{first}/", f"/t/{slug}/m/{room}/jottings/{first}/raise/"]
    point = backstage("a_point", meeting=room, state="waiting")
    more += [f"/t/{slug}/m/{room}/points/{point}/", f"/t/{slug}/m/{closed}/summary/?add=1", "/teams/new/", "/you/"]
    found: dict[tuple[str, str], Place] = {}
    wrong: list[str] = []
    began = time.monotonic()
    for who in WHO:
        context = browser.new_context(base_url=stack.base)
        context.request.get(links[who])
        theirs, bad = places(context.request, who, f"{stack.base}/t/{slug}/", [stack.base + each for each in more])
        context.close()
        wrong += bad
        for place in theirs:
            kind = (pattern(place.action), "".join(place.fields))
            if kind not in found or len(place.page) < len(found[kind].page):
                found[kind] = place
    for kind, place in list(found.items()):  # the same form in two places has one draft
        if any(o.action == place.action and set(o.fields) > set(place.fields) for o in found.values()):
            del found[kind]
    print(f"walked in {time.monotonic() - began:.1f} s")
    last = [place for place in found.values() if place.fields == ("text",) and not place.waits][
        -1:
    ]  # where the browser is killed in mid-word
    ordered = sorted(found.values(), key=lambda place: (place in last, WHO.index(place.who)))
    return House(slug, links, ordered, wrong, [room, reading, closed])


def test_the_fields_are_found(house: House) -> None:
    print(*sorted(place.name + " " + ",".join(place.fields) for place in house.found), sep="\n")
    assert house.wrong == []
    assert len(house.found) > 20


# --- every field ---


def words_for(name: str, kind: str, at: int) -> str:
    """Something this field takes, and no other field has."""
    if kind in SPECIAL:
        return SPECIAL[kind].format(n=at % 10, d=at % 9 + 1)
    return f"calmer {name} {at}"


def fill(place: Place, page: Page, at: int) -> dict[str, str]:
    """Types into each field of this form; what now stands there."""
    for name in place.fields:
        typed = place.field(page, name)
        typed.evaluate(TYPE, words_for(name, str(typed.evaluate("field => field.type")), at))
    return place.values(page)


def soon(place: Place, page: Page, wanted: dict[str, str], within: float = 3) -> bool:
    """Whether this is what comes to stand in its fields."""
    ends = time.monotonic() + within
    while place.values(page) != wanted:
        if time.monotonic() > ends:
            return False
        time.sleep(0.02)
    return True


def rows(page: Page) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.evaluate(ROWS)
    return found


def kill_browser(folder: Path) -> None:
    """Every process of this profile at once, as a battery would."""
    own = f"--user-data-dir={folder}".encode()
    pids = [int(each.name) for each in Path("/proc").iterdir() if each.name.isdecimal() and own in _told(each)]
    assert pids
    for pid in pids:
        os.kill(pid, signal.SIGKILL)


def _told(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def profile(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "profile"


def test_a_killed_browser_loses_no_word(house: House, stack: Stack, profile: Path, browser: Any) -> None:
    """Each person in turn, in one browser; it is killed in mid-word. Nobody meets another's words."""
    began = time.monotonic()
    typed: dict[Place, dict[str, str]] = {}
    context = _profile(browser.browser_type, profile, stack.base)
    page = context.new_page()
    last = ""
    tried = house.found if THOROUGH else house.found[::-2][::-1]  # the others meet a refusal below
    for at, place in enumerate(tried):
        if place.who != last:
            last = place.who
            page.goto(house.links[last])
        page.goto(place.page)
        theirs = {text for other, told in typed.items() for text in told.values() if other.who != last}
        assert not {text for text in theirs if text.startswith("calmer") and text in page.content()}, place.name
        typed[place] = fill(place, page, at)
    written = time.monotonic() - began
    words = "and then nobody rang the other service for a week"
    field, before = place.field(page, place.fields[0]), typed[place][place.fields[0]]
    field.focus()
    page.keyboard.press("End")
    started = time.monotonic()
    for letter in words:
        page.keyboard.type(letter)
        time.sleep(0.02)
    pace = (time.monotonic() - started) / len(words)
    kill_browser(profile)
    began = time.monotonic()
    context = _profile(browser.browser_type, profile, stack.base)
    page = context.new_page()
    lost, last = [], ""
    for place, wanted in typed.items():
        if place.who != last:
            last = place.who
            page.goto(house.links[last])
        page.goto(place.page)
        if place is house.found[-1]:
            full = before + words
            soon(place, page, wanted | {place.fields[0]: full}, 1)
            shown = place.values(page)[place.fields[0]]
            assert shown and full.startswith(shown)
            missing = len(full) - len(shown)
            print(f"the last field: {missing} of {len(words)} letters missing, {missing * pace:.2f} s of typing")
            assert missing * pace <= 0.5
        elif not soon(place, page, wanted):
            lost.append((place.name, wanted, place.values(page)))
    context.close()
    forms, fields = len(typed), sum(map(len, typed.values()))
    print(
        f"{forms} forms, {fields} fields: written in {written:.1f} s, found again in {time.monotonic() - began:.1f} s"
    )
    assert lost == []


# --- every form, and an answer that doesn't come or says no ---

SIGNED_OUT = "signed out"


def lose_it(route: Route) -> None:
    """The server has it, and nobody hears so."""
    with contextlib.suppress(Error):  # whoever asked may have left meanwhile
        route.fetch(max_redirects=0)
        route.abort("connectionreset")


ANSWERS: dict[str, Callable[[Route], None]] = {
    "no line": lambda route: route.abort("internetdisconnected"),
    "an answer that is lost": lose_it,
    "500": lambda route: route.fulfill(status=500, body="<html><body>Something went wrong</body></html>"),
    "503": lambda route: route.fulfill(status=503, headers={"Retry-After": "1"}, body="busy"),
    "429": lambda route: route.fulfill(status=429, body="slowly"),
    "413": lambda route: route.fulfill(status=413, body="<html><body>too much</body></html>"),
    "409": lambda route: route.fulfill(status=409, body="<html><body>moved on</body></html>"),
    "403": lambda route: route.fulfill(status=403, body="<html><body>older than the sign-in</body></html>"),
    SIGNED_OUT: lambda route: (
        route.fulfill(status=401)
        if route.request.headers.get("hx-request")
        else route.fulfill(status=302, headers={"Location": "/sign-in/"})
    ),
}


def test_no_answer_and_no_refusal_loses_a_word(house: House, stack: Stack, open_tab: Open) -> None:
    tabs: dict[str, Page] = {}
    lost, tried = [], 0
    forms = house.found if THOROUGH else house.found[-2::-2]
    for at, place in enumerate(forms):
        if place.who not in tabs:
            tabs[place.who] = open_tab().page
            tabs[place.who].goto(house.links[place.who])
        page = tabs[place.who]
        for turn, (name, answer) in enumerate(ANSWERS.items()):
            if not THOROUGH and turn != at % len(ANSWERS):
                continue
            tried += 1
            met: list[str] = []
            page.goto(place.page)
            page.route(place.action, _instead(answer, met))  # the pen's words go by themselves
            wanted = fill(place, page, at + 100 + turn)
            place.form(page).evaluate("form => { form.noValidate = true; form.requestSubmit(); }")
            ends = time.monotonic() + 5
            while not met and time.monotonic() < ends:
                page.wait_for_timeout(20)
            page.wait_for_timeout(150)
            page.unroute(place.action)
            page.goto(place.page)
            kept = [row for row in rows(page) if row["kind"] == "post" and row["typed"] == wanted]
            if not met or not (kept or soon(place, page, wanted) or _stored(place, page, name)):
                lost.append((place.name, name, bool(met), wanted, place.values(page), rows(page)))
            page.evaluate(EMPTY)
    print(f"{tried} answers to {len(forms)} forms")
    assert lost == []


def _instead(answer: Callable[[Route], None], met: list[str]) -> Callable[[Route], None]:
    """This answer to every POST; the addresses of those that came are added to `met`."""

    def handle(route: Route) -> None:
        if route.request.method == "POST":
            met.append(route.request.url)
            answer(route)
        else:
            route.fallback()

    return handle


def _stored(place: Place, page: Page, name: str) -> bool:
    """Whether it went through after all: the answer was lost, or what waited was sent meanwhile."""
    return (place.waits or name == "an answer that is lost") and not rows(page)


def _profile(kind: Any, folder: Path, base: str) -> BrowserContext:
    context: BrowserContext = kind.launch_persistent_context(
        folder, executable_path=os.environ["CHROMIUM"], args=FLAGS, base_url=base, locale="en-GB"
    )
    context.set_default_timeout(10_000)
    return context
