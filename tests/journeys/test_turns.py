"""Whose turn it is, as a story: Ben can't, swaps with Mo, who can't either; and at last Lin says yes."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Tab

pytestmark = pytest.mark.browser


def card(page: Page) -> str:
    """What the card of the seat says."""
    return " ".join(page.locator("#turn").inner_text().split())


def test_a_turn_is_swapped_declined_and_taken(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="turn-street", name="Turn Street")
    nearest, later = backstage("take_turns", slug="turn-street")
    home, plan = "/t/turn-street/", f"/t/turn-street/m/{nearest}/plan/"
    tabs: dict[str, Tab] = {}
    for name in ("Ben", "Mo", "Lin"):
        tabs[name] = open_tab(width=320 if name == "Mo" else 1280)
        tabs[name].page.goto(links[name])
    ben, mo, lin = (tabs[name].page for name in ("Ben", "Mo", "Lin"))

    # It is Ben's turn: his home says so, and the plan says why. The others read it by his name.
    ben.goto(home)
    expect(ben.get_by_text("It’s your turn to keep our learning in mind")).to_be_visible()
    ben.get_by_role("link", name="Look at it").click()
    expect(ben).to_have_url(re.compile(f"{plan}#turn$"))
    said = "Your turn to keep our learning in mind You haven’t done it in the last 2 meetings you came to. Mo did in 1 of 2, Lin in 1 of 2."
    assert card(ben).startswith(f"{said} Ada chairs and Sol is scribe. I will Not this time Swap with Mo, ")
    lin.goto(plan)
    assert card(lin).startswith("Ben’s turn to keep our learning in mind Ben did it in none of 2 meetings")
    expect(lin.get_by_role("button", name="I will instead")).to_be_visible()
    expect(lin.get_by_role("button", name="Not this time")).to_have_count(0)

    # Ben swaps with Mo, by keyboard alone.
    ben.get_by_role("button", name="I will").focus()
    for _ in range(2):
        ben.keyboard.press("Tab")
    ben.keyboard.press("Enter")
    expect(ben.locator("#turn")).to_contain_text("You swapped with Mo.")
    ben.goto(f"/t/turn-street/m/{later}/plan/")
    assert card(ben).startswith("You keep our learning in mind")

    # Mo sees it on a narrow phone, and says: not this time. Nobody asks why.
    mo.goto(home)
    row = mo.get_by_role("listitem").filter(has_text="Ben swapped with you.")
    expect(row).to_be_visible()
    assert mo.evaluate("document.documentElement.scrollWidth") <= 320
    row.get_by_role("button", name="Not this time").click()
    expect(mo.get_by_text("That’s fine. It isn’t your turn this time.")).to_be_visible()
    expect(row).to_have_count(0)

    # So it is Lin's; she will.
    lin.reload()
    assert card(lin).startswith(
        "Your turn to keep our learning in mind You did it in 1 of the last 2 meetings you came to."
    )
    assert "Mo and Ben can’t this time" in card(lin) or "Ben and Mo can’t this time" in card(lin)
    lin.get_by_role("button", name="I will").click()
    expect(lin.locator("#turn").get_by_text("You keep our learning in mind")).to_be_visible()
    expect(lin.get_by_role("button", name="I will")).to_have_count(0)
    mo.goto(plan)
    assert card(mo).startswith("Lin keeps our learning in mind")
    assert mo.evaluate("document.documentElement.scrollWidth") <= 320
    assert [complaint for tab in tabs.values() for complaint in tab.complaints] == []
