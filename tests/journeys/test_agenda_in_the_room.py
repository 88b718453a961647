"""The agenda in the room, in real browsers: one row more, another order by drag and by buttons, next, undo, park."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open

pytestmark = pytest.mark.browser

WITHIN = 2_000  # ms, in which the other screens follow


def dragged(page: Page, handle: Locator, to: Locator) -> None:
    """By the mouse, in steps."""
    handle.scroll_into_view_if_needed()
    start, end = handle.bounding_box(), to.bounding_box()
    assert start is not None
    assert end is not None
    page.mouse.move(start["x"] + 8, start["y"] + start["height"] / 2)
    page.mouse.down()
    page.mouse.move(start["x"] + 8, end["y"] + 6, steps=8)
    page.mouse.up()


def test_the_agenda_is_arranged_in_the_room_and_others_follow(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="arranged", name="Arranged")
    meeting = backstage("meeting", slug="arranged")
    backstage("meeting", slug="arranged", begun=False, days=7)
    room = f"/t/arranged/m/{meeting}/"
    ada, ben = open_tab(), open_tab(width=390, height=844)
    ada.page.goto(links["Ada"])
    ada.page.goto(room)
    ben.page.goto(links["Ben"])
    ben.page.goto(f"{room}#pane-agenda")
    for tab in (ada, ben):
        expect(tab.page.locator("main[data-state=live]")).to_be_attached()
    page, undo = ada.page, ada.page.locator("#undo")

    # A case in one row: no words. The cursor is in its first field.
    page.get_by_role("link", name="Add a case").click()
    expect(page.get_by_label("Case 2: who brings it")).to_be_focused()
    page.get_by_label("Case 2: who brings it").select_option(label="Sol")
    page.locator("#add-form").get_by_role("button", name="Add").click()
    expect(ben.page.locator("#agenda")).to_contain_text("Case 2 · Sol", timeout=WITHIN)
    expect(page.get_by_label("Case 3: who brings it")).to_be_visible()
    expect(undo).to_contain_text("You added Case 2 · Sol.")

    # By dragging, then by buttons; and Ben, who is typing in a row of his own, keeps what he typed.
    ben.page.get_by_role("link", name="Add an item").click()
    ben.page.get_by_label("What it is").fill("Keys of the")
    page.get_by_role("link", name="Change the order").click()
    rows = page.locator("#order > li")
    dragged(page, rows.filter(has_text="Dates").locator("[data-drag]"), rows.first)
    names = ben.page.locator("#agenda > li:not(.done):not(.now) .name")
    expect(names.first).to_have_text("Dates", timeout=WITHIN)
    expect(undo).to_contain_text("You moved Dates.")
    expect(rows.first).to_contain_text("Dates")
    down = rows.first.get_by_role("button", name="Down")
    down.focus()
    page.keyboard.press("Enter")
    expect(names.first).to_have_text("Case 1 · Ben", timeout=WITHIN)
    expect(rows.nth(1).get_by_role("button", name="Down")).to_be_focused()
    rows.nth(1).get_by_role("button", name="Take it out").click()
    expect(ben.page.locator("#agenda")).not_to_contain_text("Dates", timeout=WITHIN)
    expect(undo).to_contain_text("You took an item out.")
    undo.get_by_role("button", name="Undo").click()
    expect(ben.page.locator("#agenda")).to_contain_text("Dates", timeout=WITHIN)
    expect(ben.page.get_by_label("What it is")).to_have_value("Keys of the")
    ben.page.get_by_label("What it is").press_sequentially(" bus")
    ben.page.locator("#add-form").get_by_role("button", name="Add").click()
    expect(rows.filter(has_text="Keys of the bus")).to_have_count(1, timeout=WITHIN)
    expect(ben.page.get_by_label("What it is")).to_have_value("")

    # Other minutes, kept when the field is left.
    minutes = rows.filter(has_text="Keys of the bus").get_by_role("spinbutton")
    minutes.fill("25")
    minutes.press("Tab")
    bus = ben.page.locator("#agenda > li").filter(has_text="Keys of the bus")
    expect(bus.locator(".minutes")).to_have_text("25 min", timeout=WITHIN + 700)

    # Next, and back; then parked for next week.
    page.get_by_role("button", name="Next: Case 1 · Ben").click()
    expect(ben.page.locator("#agenda > .now .name")).to_have_text("Case 1 · Ben", timeout=WITHIN)
    expect(undo).to_contain_text("You moved on to Case 1 · Ben.")
    undo.get_by_role("button", name="Undo").click()
    expect(ben.page.locator("#agenda > .now .name")).to_have_text("Look-back", timeout=WITHIN)
    page.get_by_text("Park something").click()
    page.locator("details.parking").get_by_role("button", name="Case 2 · Sol").click()
    expect(ben.page.locator("#agenda")).not_to_contain_text("Case 2 · Sol", timeout=WITHIN)
    expect(undo).to_contain_text("You parked an item for the next meeting.")

    # Two quick taps, and both count.
    page.evaluate(
        "() => { const more = document.querySelector('#controls [data-counts]'); more.click(); more.click(); more.click(); }"
    )
    now = ben.page.locator("#agenda > .now .minutes")
    expect(now).to_have_text("20 min", timeout=WITHIN)

    # Undo is being pressed as another tap lands: what was read is what is undone.
    rows.filter(has_text="Dates").get_by_role("button", name="Up").click()
    expect(undo).to_contain_text("You moved Dates.")
    before = names.all_inner_texts()
    undo.get_by_role("button", name="Undo").hover()
    page.mouse.down()
    page.evaluate("() => document.querySelector('#controls [data-counts]').click()")
    expect(now).to_have_text("25 min", timeout=WITHIN)
    expect(undo).to_contain_text("You moved Dates.")
    page.mouse.up()
    expect(undo).to_contain_text("You gave 5 more minutes.")
    expect(now).to_have_text("25 min")
    expect(names.first).not_to_have_text(before[0], timeout=WITHIN)
    assert [tab.complaints for tab in (ada, ben)] == [[], []]


def test_the_holder_drags_what_waits_into_another_order(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="dragged", name="Dragged")
    meeting = backstage("meeting", slug="dragged")
    backstage("raise_points", slug="dragged", meeting=meeting, texts=["One", "Two", "Three"])
    lin = open_tab(width=390, height=844)
    lin.page.goto(links["Lin"])
    lin.page.goto(f"/t/dragged/m/{meeting}/")
    expect(lin.page.locator("main[data-state=live]")).to_be_attached()
    lin.page.locator("#waiting > summary").click()
    rows = lin.page.locator("#waiting li")
    dragged(lin.page, rows.nth(2).locator("[data-drag]"), rows.first)
    expect(rows.first).to_contain_text("Three")
    expect(lin.page.locator("#jottings:not(:has([data-busy])) li").nth(1)).to_contain_text("One")
    down = rows.first.get_by_role("button", name="Down")
    expect(down).to_be_enabled()  # it isn’t the last row any more
    down.focus()
    lin.page.keyboard.press("Enter")
    expect(rows.first).to_contain_text("One")
    expect(rows.nth(1).get_by_role("button", name="Down")).to_be_focused()
    lin.page.reload()
    assert [text.split("\n")[0].strip() for text in rows.locator(".words").all_text_contents()] == [
        "One",
        "Three",
        "Two",
    ]
    assert lin.complaints == []
