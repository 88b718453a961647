"""The room in its states, of which most come and go within one page: each by axe, in every scheme and width, and nothing sticks out."""

import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Tab
from tests.journeys.test_screens import AXE, COLOURS, FOUND, POINTS, STICKS_OUT, TAGS
from tests.sizes import THOROUGH

pytestmark = pytest.mark.browser

SLUG = "every-state"
SIZES = [
    "target-size",
    "scrollable-region-focusable",
]  # nor these on anything but the width, which is looked at in full when narrow
SHOTS = os.environ.get("SHOTS")  # a folder for pictures of every state, to look at

# A page of 1280 px at a zoom of 200 % has 640 px of CSS to stand in: it is laid out as a window of 640 px is.
# Every rule is asked of each state once, wide or narrow in turn, and one of the three others of every second; with THOROUGH=1 all of them.
VIEWS: list[tuple[str, int, dict[str, Any], list[str]]] = [
    ("light", 1280, {}, TAGS),
    ("dark", 1280, {"color_scheme": "dark"}, COLOURS),
    ("forced colours", 1280, {"forced_colors": "active"}, COLOURS),
    ("zoomed to 200 %", 640, {}, SIZES),
    ("narrow", 320, {}, TAGS),
]
USUAL = {"color_scheme": "light", "forced_colors": "none", "reduced_motion": "reduce"}  # nothing is half faded in


class Watch:
    """What is wrong with the states that were looked at."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.turn = 0

    def __call__(self, tab: Tab, state: str) -> None:
        self.turn += 1
        self.wrong += [f"{state}: {said}" for said in _look(tab.page, state, self.turn)]
        self.wrong += [f"{state}: {said}" for said in tab.complaints if not re.search(r"status of 4(22|09|04)", said)]
        tab.complaints.clear()


def _look(page: Page, state: str, turn: int) -> Iterator[str]:
    was = page.viewport_size
    assert was is not None
    if page.evaluate("typeof axe") == "undefined":
        page.evaluate(AXE.read_text())
    first, *others, last = VIEWS
    share = [(first, last)[turn % 2]] + ([others[turn // 2 % 3]] if turn % 2 else [])
    for name, width, media, rules in VIEWS if THOROUGH else share:
        page.emulate_media(**{**USUAL, **media})
        page.set_viewport_size({"width": width, "height": 3000})  # so tall that no bar lies over anything
        if width < 1280 and not media:
            yield from (f"{name}, sticks out: {part}" for part in page.evaluate(STICKS_OUT))
        yield from (f"{name}, {found}" for found in page.evaluate(FOUND, rules))
        if SHOTS:
            page.set_viewport_size({"width": width, "height": 860 if width > 400 else 700})
            page.screenshot(
                path=f"{SHOTS}/{re.sub(r'\W+', '-', state)}-{re.sub(r'\W+', '-', name)}.png", full_page=True
            )
    page.emulate_media(**USUAL)  # type: ignore[arg-type]
    page.set_viewport_size(was)


def unfold(page: Page) -> None:
    """Everything that folds, opened; and what a script shows, shown."""
    page.evaluate("() => document.querySelectorAll('main details').forEach((each) => { each.open = true; })")


NOTICES = """() => {
  keeping.notice("signed-out");
  for (const template of document.querySelectorAll("template[id^=notice-]")) {
    document.getElementById("notices").append(template.content.cloneNode(true));
  }
}"""
ELSEWHERE = """async ([which, words]) => {  // the same form, sent from another place meanwhile
  const form = document.querySelector(which), sent = new FormData(form);
  sent.set("text", words);
  await fetch(form.getAttribute("action"), { method: "POST", body: sent });
}"""


def two_texts(page: Page, which: str, words: str) -> None:
    """Somebody wrote elsewhere meanwhile: this page still has the version before that."""
    page.evaluate(ELSEWHERE, [which, "What was written elsewhere"])
    page.locator(f"{which} textarea").press_sequentially(words)


@pytest.fixture
def watch() -> Iterator[Watch]:
    watching = Watch()
    yield watching
    assert not watching.wrong, "\n".join(watching.wrong)


def test_a_meeting_in_all_its_states(backstage: Backstage, open_tab: Open, watch: Watch) -> None:
    links = backstage("team", slug=SLUG, name="Every state of the room")
    meeting = backstage("meeting", slug=SLUG, seated=False, begun=False)
    door = backstage("visit_link", slug=SLUG, meeting=meeting)
    room = f"/t/{SLUG}/m/{meeting}/"
    ada, lin, sol, ben, vi, wall = (open_tab() for _ in range(6))
    for name, tab in (("Ada", ada), ("Lin", lin), ("Sol", sol), ("Ben", ben)):
        tab.page.goto(links[name])
        tab.page.goto(room)

    # Before the start, with empty seats; then, by what the stream brings, with all taken.
    watch(ben, "before the start")
    for tab, button in ((lin, "I will"), (ada, "I’ll chair for now"), (sol, "I’ll be scribe")):
        tab.page.get_by_role("button", name=button).first.click()
        expect(tab.page.locator("#undo")).to_contain_text("Undo")
    expect(ben.page.locator("#roll")).to_contain_text("Sol")
    watch(ben, "seats were taken meanwhile")
    vi.page.goto(door)
    watch(vi, "a visitor’s door")
    vi.page.get_by_label("Your name").fill("Vi Larsen")
    vi.page.get_by_role("button", name="Ask to come in").click()
    watch(vi, "a visitor waits")
    expect(ada.page.locator("#door")).to_contain_text("Vi Larsen asks")
    watch(ada, "somebody at the door")
    ada.page.get_by_role("button", name="Let Vi in").click()
    expect(ada.page.locator("#undo")).to_contain_text("You let Vi in")
    ada.page.get_by_role("button", name="Begin").click()
    expect(ada.page.get_by_role("button", name="Next: Case 1 · Ben")).to_be_visible()
    wall.page.goto(f"/wall/{backstage('wall_code', meeting=meeting)}/")
    expect(lin.page.get_by_label("Jot what you notice")).to_be_visible()
    watch(wall, "the wall")

    # It goes on: what the chair may fold out; undo; the keys.
    ada.page.get_by_role("button", name="Next: Case 1 · Ben").click()
    expect(ada.page.locator("#undo")).to_contain_text("You moved on")
    unfold(ada.page)
    watch(ada, "going on, the chair, all folded out, with Undo")
    ada.page.locator("body").press("?")
    expect(ada.page.get_by_role("region", name="Keys")).to_be_visible()
    watch(ada, "the keys")
    ada.page.keyboard.press("Escape")
    for link in ("Add a case", "Change the order"):
        ada.page.get_by_role("link", name=link).click()
        expect(ada.page.get_by_role("link", name="Done", exact=True)).to_be_visible()
        watch(ada, link)
    ada.page.get_by_role("link", name="Done", exact=True).click()
    ada.page.goto(room + "#pane-people")
    unfold(ada.page)
    watch(ada, "seats and who is here")
    ada.page.goto(room)

    # The one who keeps learning in mind: jottings, a tray, what waits; raising, and a hard stop; picking, merging.
    for text in ("rang first", "calmer at the door"):
        jotting = backstage("jot", slug=SLUG, meeting=meeting, text=text)
    for tab in (ben, vi):
        tab.page.get_by_label("Offer a learning point").fill("Say who rings whom before we leave the room")
        tab.page.get_by_role("button", name="Offer to Lin").click()
    expect(lin.page.locator("#tray")).to_contain_text("Vi (visitor) offers a point")
    expect(vi.page.get_by_text("Your point is offered")).to_be_visible()
    backstage("raise_points", slug=SLUG, meeting=meeting, texts=POINTS)
    backstage("notice", slug=SLUG, meeting=meeting, text="We slowed down and thought better for it")
    expect(lin.page.locator("#noticed")).to_be_attached()
    unfold(lin.page)
    watch(lin, "the holder’s desk, all folded out")
    watch(ben, "a member who has offered")
    watch(vi, "a visitor who has offered")
    lin.page.goto(f"{room}jottings/{jotting}/raise/")
    watch(lin, "raising")
    lin.page.get_by_label("In words that fit any case").fill("Ring the day before, see 943 476 5919")
    lin.page.get_by_role("button", name="Raise at the read-back").click()
    expect(lin.page.get_by_text("This looks like an NHS number")).to_be_visible()
    unfold(lin.page)
    watch(lin, "a hard stop")
    lin.page.goto(room + "points/merge/")
    watch(lin, "merging")
    lin.page.goto(room + "pick/")
    watch(lin, "picking")
    lin.page.goto(f"{room}jottings/{jotting}/")
    two_texts(lin.page, "main form", ", they said")
    lin.page.get_by_role("button", name="Keep").click()
    expect(lin.page.locator(".theirs")).to_be_visible()
    watch(lin, "two texts for one place")
    lin.page.goto(room)
    ben.page.get_by_label("Offer a learning point").fill("See 943 476 5919")
    ben.page.get_by_role("button", name="Offer to Lin").click()
    expect(ben.page.get_by_text("This looks like an NHS number")).to_be_visible()
    watch(ben, "an offer that is stopped")

    # What is said among the notices.
    ben.page.get_by_label("Offer a learning point").fill("")
    ben.page.evaluate(NOTICES)
    watch(ben, "every notice, signed out")
    ben.page.reload()
    lin.page.evaluate("""() => {
      for (const name of ["notice-unsent", "notice-pen", "notice-closed"]) {
        const shown = keeping.beside(name);
        if (shown.querySelector("q")) shown.querySelector("q").textContent = "words that nobody has yet";
      }
      const line = document.getElementById("offline");
      line.textContent = line.dataset.words.replace("%s", "10:31");
      line.hidden = false;
    }""")
    watch(lin, "words that nobody has yet")
    lin.page.reload()

    # The read-back is due; it is said; a point with the pen and without, and with a view; stopped there.
    for _ in range(2):
        backstage("next_item", slug=SLUG, meeting=meeting)
    for tab, name in ((ada, "the chair"), (lin, "the holder")):
        expect(tab.page.locator(".strip.due")).to_be_visible()
        watch(tab, f"due, {name}")
    backstage("say_them", slug=SLUG, meeting=meeting)
    for tab, name in ((ada, "the chair"), (wall, "the wall")):
        expect(tab.page.locator(".readback-list")).to_be_visible()
        watch(tab, f"said, {name}")
    backstage("start_with_one", slug=SLUG, meeting=meeting)
    backstage("differ", slug=SLUG, meeting=meeting, text="It made the second visit harder")
    for tab, name in ((sol, "with the pen"), (ada, "the chair"), (vi, "a visitor"), (wall, "the wall")):
        expect(tab.page.locator(".view >> visible=true")).to_contain_text("It made the second visit harder")
        unfold(tab.page)
        watch(tab, f"a point with two views, {name}")
    two_texts(sol.page, "form.pen", ", and say so")
    expect(sol.page.locator("form.merging")).to_be_visible()
    watch(sol, "two texts for one point")
    sol.page.reload()
    sol.page.get_by_role("button", name="Agreed by those here").click()
    expect(ada.page.get_by_role("heading", name="point 2 of")).to_be_visible()
    ada.page.get_by_role("button", name="Stop here").click()
    for tab, name in ((ada, "the chair, all folded out"), (ben, "a member"), (vi, "a visitor"), (wall, "the wall")):
        expect(tab.page.locator("#readback[data-state=over]")).to_contain_text("Not reached")
        unfold(tab.page)
        watch(tab, f"read back, {name}")
    backstage("close", slug=SLUG, meeting=meeting)
    for tab, name in ((ben, "a member"), (vi, "a visitor")):
        expect(tab.page.locator("main[data-live]")).to_have_count(0)
        unfold(tab.page)
        watch(tab, f"closed, {name}")
    expect(wall.page.get_by_text("This meeting is closed")).to_be_visible()
    watch(wall, "closed, the wall")
    ben.page.goto(room + "paper/")
    watch(ben, "on paper")


def test_points_that_are_agreed_as_they_come(backstage: Backstage, open_tab: Open, watch: Watch) -> None:
    slug = "states-that-come"
    links = backstage("team", slug=slug, name="As they come")
    backstage("agree_as_they_come", slug=slug)
    meeting = backstage("meeting", slug=slug)
    ada, ben = open_tab(), open_tab()
    for name, tab in (("Ada", ada), ("Ben", ben)):
        tab.page.goto(links[name])
        tab.page.goto(f"/t/{slug}/m/{meeting}/")
        expect(tab.page.locator("main[data-state=live]")).to_be_attached()
    backstage("raise_points", slug=slug, meeting=meeting, texts=POINTS)
    for tab in (ada, ben):
        expect(tab.page.locator("main")).to_contain_text(POINTS[1])
    watch(ada, "now or later, the chair")
    ada.page.get_by_role("button", name="Later").first.click()
    expect(ben.page.locator("#raised")).to_contain_text("Later, at the read-back")
    watch(ben, "one is for later")
    ada.page.get_by_role("button", name="Now").first.click()
    expect(ben.page.get_by_role("heading", name="As it came up")).to_be_visible()
    watch(ada, "one is agreed as it came up")
