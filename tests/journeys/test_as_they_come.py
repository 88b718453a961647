"""As they come, in two real browsers: a point is taken up, read, seen differently and agreed; another waits for the recap."""

import pytest
from playwright.sync_api import expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open

pytestmark = pytest.mark.browser

FIRST = "A short call the day before makes a first visit easier to keep"
SECOND = "Keep one list of who answers the phone"


def test_a_point_is_agreed_as_it_comes_and_another_waits_for_the_recap(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="as-they-come", name="As They Come")
    meeting = backstage("meeting", slug="as-they-come")
    backstage("agree_as_they_come", slug="as-they-come")
    room = f"/t/as-they-come/m/{meeting}/"
    ada, sol = open_tab(), open_tab(width=390, height=844)
    for name, tab in (("Ada", ada), ("Sol", sol)):
        tab.page.goto(links[name])
        tab.page.goto(room)
        expect(tab.page.locator("main[data-state=live]")).to_be_attached()
    backstage("raise_points", slug="as-they-come", meeting=meeting, texts=[FIRST, SECOND])
    came = ada.page.locator("#come")
    expect(came.get_by_text(FIRST)).to_be_visible()  # without a reload
    expect(sol.page.locator("#come")).to_be_hidden()
    expect(ada.page.locator("#raised")).to_be_hidden()  # she reads them once

    came.get_by_role("button", name="Now").first.click()
    for tab in (ada, sol):
        expect(tab.page.get_by_role("heading", name="As it came up")).to_be_visible()
    ada.page.get_by_label("Read: nobody could tell who").check()
    expect(sol.page.get_by_text("Ada has read it: nobody could tell who.")).to_be_visible()
    expect(ada.page.get_by_label("Read: nobody could tell who")).to_be_hidden()
    sol.page.get_by_label("What we learned").fill(f"{FIRST}, and safer")
    expect(ada.page.locator("#readback").get_by_text(f"{FIRST}, and safer")).to_be_visible()
    expect(sol.page.get_by_text("Ada has read it")).to_be_hidden()  # other words: it is asked again
    expect(ada.page.get_by_label("Read: nobody could tell who")).to_be_visible()

    ada.page.get_by_text("I see it differently").click()
    ada.page.get_by_label("How you see it").fill("With some people, a letter")
    ada.page.get_by_role("button", name="Keep this view").click()
    for tab in (ada, sol):
        expect(tab.page.get_by_text("With some people, a letter").filter(visible=True)).to_have_count(1)
    expect(ada.page.get_by_label("How you see it")).to_be_hidden()
    expect(sol.page.get_by_role("button", name="Two views: keep both")).to_be_visible()
    expect(sol.page.get_by_label("What we learned")).to_have_value(f"{FIRST}, and safer")
    sol.page.get_by_role("button", name="Agreed by those here").click()
    expect(ada.page.get_by_role("heading", name="As it came up")).to_be_hidden()
    expect(ada.page.locator("#now").get_by_text("Look-back")).to_be_visible()  # the meeting is where it was

    came.get_by_role("button", name="Later").click()
    expect(came.locator(".words")).to_have_count(0)
    expect(ada.page.locator("#raised").get_by_text("Later, at the read-back")).to_be_visible()
    backstage("say_them", slug="as-they-come", meeting=meeting)
    for tab in (ada, sol):
        expect(tab.page.locator("#readback").get_by_text("Agreed by those here")).to_be_visible()
    sol.page.get_by_role("button", name="Start with 2").click()
    expect(ada.page.get_by_role("heading", name="Read-back, point 2 of 2")).to_be_visible()
    sol.page.get_by_role("button", name="Park it").click()
    for tab in (ada, sol):
        expect(tab.page.get_by_text("1 agreed, 1 parked")).to_be_visible()
    expect(sol.page.get_by_text("You parked point 2.").first).to_be_visible()
    sol.page.get_by_role("button", name="Undo").click()
    expect(ada.page.get_by_role("heading", name="Read-back, point 2 of 2")).to_be_visible()
    sol.page.get_by_text("Say why").click()
    sol.page.get_by_label("Why we leave it").fill("We do it already")
    sol.page.get_by_role("button", name="Leave it, with this").click()
    expect(ada.page.get_by_text("1 agreed, 1 left")).to_be_visible()
    for tab in (ada, sol):
        assert tab.complaints == []
