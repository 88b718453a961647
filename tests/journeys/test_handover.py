"""Handover in mid-meeting and what the room does by the clock, in real browsers: with scripts, and by plain forms."""

import re
import time

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open

pytestmark = pytest.mark.browser

SINCE = re.compile(r"Ben keeps learning in mind, since \d\d:\d\d")


def holder(page: Page, words: str | re.Pattern[str]) -> None:
    """What the letterhead says."""
    expect(page.locator("#letterhead .holder")).to_contain_text(words, use_inner_text=True)


def test_lin_is_called_out_ben_holds_it_and_lin_takes_it_back(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="called-out", name="Called Out")
    meeting = backstage("meeting", slug="called-out")
    backstage("jot", slug="called-out", meeting=meeting, text="zebrafinch, rang first")
    room = f"/t/called-out/m/{meeting}/"
    lin, sol, ben, wall = open_tab(width=390, height=844), open_tab(), open_tab(width=390, height=844), open_tab()
    for name, tab in (("Lin", lin), ("Sol", sol), ("Ben", ben)):
        tab.page.goto(links[name])
        tab.page.goto(room)
    wall.page.goto(f"/wall/{backstage('wall_code', meeting=meeting)}/")
    for tab in (lin, sol, ben, wall):
        expect(tab.page.locator("main[data-state=live]")).to_be_attached()
    ben.page.get_by_label("Offer a learning point").fill("Say who rings whom")

    sol.page.get_by_role("link", name="Seats and who is here").click()
    sol.page.get_by_role("button", name="Lin was called out").click()
    for tab in (sol, ben, wall):
        holder(tab.page, "Lin was called out. Nobody is keeping learning in mind now.")
    holder(lin.page, "You were called out. Nobody is keeping learning in mind now.")
    expect(ben.page.get_by_text("Lin’s own jottings stay with Lin")).to_be_visible()

    ben.page.get_by_role("button", name="I’ll hold it").click()
    for tab in (sol, lin, wall):
        holder(tab.page, SINCE)
    holder(ben.page, re.compile(r"You keep learning in mind, since \d\d:\d\d"))
    expect(ben.page.get_by_label("Jot what you notice")).to_be_visible()
    expect(ben.page.get_by_text("Say who rings whom")).to_be_visible()  # what was typed lies beside the page
    expect(ben.page.get_by_role("button", name="I’ll hold it")).to_have_count(0)

    expect(lin.page.get_by_text("One of your jottings isn’t raised. It stays with you.")).to_be_visible()
    lin.page.get_by_role("button", name="Take it back").click()
    holder(lin.page, "You keep our learning in mind")
    for tab in (sol, ben, wall):
        holder(tab.page, "Lin keeps our learning in mind")
    expect(lin.page.get_by_role("button", name="Take it back")).to_have_count(0)

    lin.page.get_by_role("link", name="Hand over").click()
    lin.page.get_by_text("Ask someone to hold it").click()
    lin.page.get_by_role("button", name="Mo", exact=True).click()
    holder(wall.page, re.compile(r"Mo keeps learning in mind, since"))
    lin.page.get_by_role("button", name="Leave it with Mo").click()
    expect(lin.page.get_by_role("button", name="Take it back")).to_have_count(0)
    for tab in (sol, ben, wall):
        assert not any("zebrafinch" in heard for heard in tab.heard)
    for tab in (lin, sol, ben, wall):
        assert tab.complaints == []


def test_the_same_by_plain_forms(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="called-plainly", name="Called Plainly")
    meeting = backstage("meeting", slug="called-plainly")
    room = f"/t/called-plainly/m/{meeting}/"
    lin, sol, ben, kit = (open_tab(java_script_enabled=False).page for _ in range(4))
    for name, page in (("Lin", lin), ("Sol", sol), ("Ben", ben), ("Mo", kit)):
        page.goto(links[name])
        page.goto(room)
    sol.goto(f"{room}#pane-people")
    sol.get_by_role("button", name="Lin was called out").click()
    holder(sol, "Lin was called out. Nobody is keeping learning in mind now.")
    for page in (ben, kit):
        page.goto(room)
        expect(page.get_by_text("Then everyone sees")).to_be_visible()
    ben.get_by_role("button", name="I’ll hold it").click()
    holder(ben, re.compile("You keep learning in mind, since"))
    with kit.expect_navigation() as going:
        kit.get_by_role("button", name="I’ll hold it").click()
    assert going.value is not None
    assert going.value.status == 409
    expect(kit.get_by_text("Ben keeps our learning in mind now.")).to_be_visible()
    lin.goto(room)
    holder(lin, SINCE)
    lin.get_by_role("button", name="Take it back").click()
    holder(lin, "You keep our learning in mind")


def test_what_is_due_appears_without_a_reload_and_never_under_a_finger(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="on-time", name="On Time")
    meeting = backstage("read_back_in", slug="on-time", seconds=14)
    lin, ben, wall = open_tab(width=390, height=844), open_tab(), open_tab()
    began = time.monotonic()
    for name, tab in (("Lin", lin), ("Ben", ben)):
        tab.page.goto(links[name])
        tab.page.goto(f"/t/on-time/m/{meeting}/")
    wall.page.goto(f"/wall/{backstage('wall_code', meeting=meeting)}/")
    due = {
        name: tab.page.get_by_text("Read-back is due").first
        for name, tab in (("lin", lin), ("ben", ben), ("wall", wall))
    }
    expect(lin.page.get_by_text("Pick up to three.")).to_be_visible()  # ten minutes before, and less
    for shown in due.values():
        expect(shown).to_be_hidden()
    jot = lin.page.get_by_label("Jot what you notice")
    while time.monotonic() < began + 14 or not due["ben"].is_visible():
        jot.press_sequentially("ab ", delay=30)
        assert time.monotonic() < began + 40
    jot.press_sequentially("and on ", delay=30)
    expect(due["lin"]).to_be_hidden()
    expect(due["wall"]).to_be_visible()
    expect(due["lin"]).to_be_visible(timeout=10_000)  # as soon as Lin stops
    expect(jot).to_be_focused()
    ben.page.get_by_role("button", name="5 more minutes").click()
    for shown in due.values():
        expect(shown).to_be_hidden()
    expect(ben.page.locator("#agenda .learning .name")).to_contain_text("Read-back at")
    for tab in (lin, ben, wall):
        assert tab.complaints == []


def test_ticks_that_are_made_and_taken_back_quickly_are_all_kept(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="quick-ticks", name="Quick Ticks")
    meeting = backstage("meeting", slug="quick-ticks")
    room = f"/t/quick-ticks/m/{meeting}/#pane-people"
    ada, ben = open_tab(), open_tab()
    for name, tab in (("Ada", ada), ("Ben", ben)):
        tab.page.goto(links[name])
        tab.page.goto(room)
        expect(tab.page.locator("main[data-state=live]")).to_be_attached()

    def box(name: str) -> Locator:
        return ada.page.get_by_role("checkbox", name=name)

    for pause in (
        0.1,
        0.42,
        0.46,
        0.52,
    ):  # before the first tick is on its way, and while what follows from it comes back
        box("Lin").check()
        time.sleep(pause)
        box("Mo").check()
        time.sleep(0.15)
        box("Lin").uncheck()
        for name, ticked in (("Lin", False), ("Mo", True)):
            expect(ben.page.get_by_role("checkbox", name=name)).to_be_checked(checked=ticked)
        box("Mo").uncheck()
        expect(ben.page.get_by_role("checkbox", checked=True)).to_have_count(0)
