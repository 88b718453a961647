"""A whole meeting in browsers that run no script: every act is a plain form, and the page follows."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open

pytestmark = pytest.mark.browser

SLUG = "plain-forms"
POINT = "A short call the day before makes a first visit easier to keep"


def press(page: Page, name: str) -> None:
    """The first button of this name that can be seen; the page that follows is a good one."""
    with page.expect_navigation() as going:
        page.get_by_role("button", name=name, exact=True).locator("visible=true").first.click()
    assert going.value is not None
    assert going.value.ok, (name, going.value.status)


def test_a_meeting_by_plain_forms(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug=SLUG, name="Plain Forms")
    meeting = backstage("meeting", slug=SLUG, seated=False, begun=False)
    room = f"/t/{SLUG}/m/{meeting}/"
    tabs = {name: open_tab(java_script_enabled=False) for name in ("Ada", "Lin", "Sol", "Ben")}
    ada, lin, sol, ben = (tab.page for tab in tabs.values())
    for name, tab in tabs.items():
        tab.page.goto(links[name])
        tab.page.goto(room)

    # Seats, begin, who is here.
    expect(lin.get_by_text("Nobody is keeping learning in mind yet").first).to_be_visible()
    press(lin, "I will")
    expect(lin.get_by_text("You keep our learning in mind").first).to_be_visible()
    press(ada, "I’ll chair for now")
    press(sol, "I’ll be scribe")
    expect(sol.get_by_text("Lin keeps our learning in mind").first).to_be_visible()
    press(ada, "Begin")
    expect(ada.locator("#now .what")).to_have_text("Look-back")
    press(ada, "Everyone invited is here")
    expect(ada.get_by_role("checkbox", name="Ben")).to_be_checked()
    ada.get_by_role("checkbox", name="Mo").uncheck()
    press(ada, "Keep who is here")
    expect(ada.get_by_role("checkbox", name="Mo")).not_to_be_checked()

    # The agenda moves on; a case is added from the room.
    press(ada, "Next: Case 1 · Ben")
    expect(ada.locator("#now .what")).to_have_text("Case 1 · Ben")
    before = ada.locator("#agenda li.now .minutes").inner_text()
    press(ada, "5 more minutes")
    assert ada.locator("#agenda li.now .minutes").inner_text() == f"{int(before.split()[0]) + 5} min"
    ada.get_by_label("What the worker wants from this talk").select_option(label="think about engagement")
    press(ada, "Task marked")
    expect(ada.get_by_text("Task marked: think about engagement")).to_be_visible()
    # Meanwhile Ben's page looks again by itself, in a small frame, so that what he types stays.
    frame = ben.frame_locator("iframe.look")
    expect(frame.get_by_text("We begin at")).to_be_visible()
    again = ben.frames[1]
    answer = again.goto(again.url)
    assert answer is not None
    assert answer.headers["refresh"] == "15"
    expect(frame.get_by_text("Now: Case 1 · Ben.")).to_be_visible()
    expect(frame.get_by_text("Lin keeps our learning in mind.")).to_be_visible()
    frame.get_by_role("link", name="Load it again").click()
    expect(ben.locator("#now .what")).to_have_text("Case 1 · Ben")
    expect(frame.get_by_text("Looks again by itself.")).to_be_visible()
    ben.goto(room)
    ben.get_by_role("link", name="Add a case").click()
    ben.get_by_label("Case 2: who brings it").select_option(label="Sol")
    press(ben, "Add")
    expect(ben).to_have_url(re.compile(f"{room}#pane-agenda$"))
    expect(ben.locator("#agenda .name").filter(has_text="Case 2 · Sol")).to_be_visible()

    # Lin jots, edits, raises; the guard stops a number and keeps the words.
    lin.goto(room)
    lin.get_by_label("Jot what you notice").fill("rang first")
    press(lin, "Keep")
    expect(lin.get_by_label("Jot what you notice")).to_have_value("")
    lin.locator("summary", has_text="1 kept").click()
    lin.get_by_role("link", name="Edit").click()
    lin.get_by_label("Your jotting").fill("rang first, calmer at the door")
    press(lin, "Keep")
    lin.locator("summary", has_text="1 kept").click()
    expect(lin.get_by_text("rang first, calmer at the door")).to_be_visible()
    lin.get_by_role("link", name="Raise").click()
    words = lin.get_by_label("In words that fit any case")
    words.fill("Ring 943 476 5919 first")
    with lin.expect_navigation() as going:
        lin.get_by_role("button", name="Raise at the read-back").click()
    assert going.value is not None
    assert going.value.status == 422
    expect(lin.get_by_text("This looks like an NHS number")).to_be_visible()
    expect(words).to_have_value("Ring 943 476 5919 first")
    words.fill(POINT)
    press(lin, "Raise at the read-back")
    expect(lin.get_by_text("Waiting for the read-back")).to_be_visible()

    # Ben offers, with an address at first; Lin takes it.
    offer = ben.get_by_label("Offer a learning point")
    offer.fill("Write to ben.marsh@journey.example")
    with ben.expect_navigation() as going:
        ben.get_by_role("button", name="Offer to Lin").click()
    assert going.value is not None
    assert going.value.status == 422
    expect(offer).to_have_value("Write to ben.marsh@journey.example")
    offer.fill("Say who rings whom before we leave the room")
    press(ben, "Offer to Lin")
    expect(ben.get_by_text("You offered")).to_be_visible()
    lin.goto(room)
    expect(lin.get_by_text("Ben offers a point")).to_be_visible()
    press(lin, "Take it")

    # Pick, read back, the pen's words, agree and park.
    ada.goto(room)
    for title in ("Case 2 · Sol", "Winter rota · Mo", "Read-back"):
        press(ada, f"Next: {title}")
    lin.goto(room)
    lin.get_by_role("link", name="Pick points to read back").click()
    boxes = lin.get_by_role("checkbox")
    expect(boxes).to_have_count(2)
    for index in range(2):
        boxes.nth(index).check()
    with lin.expect_navigation():
        lin.get_by_role("button", name=re.compile("^Read back")).click()
    expect(lin.get_by_role("heading", name="You read back")).to_be_visible()
    ada.goto(room)
    press(ada, "Start with 1")
    sol.goto(room)
    pen = sol.get_by_label("What we learned")
    expect(pen).to_have_value(POINT)
    pen.fill("ring 07700 900123")
    with sol.expect_navigation() as going:
        sol.get_by_role("button", name="Agreed by those here").click()
    assert going.value is not None
    assert going.value.status == 422
    expect(pen).to_have_value("ring 07700 900123")
    pen.fill(f"{POINT}, for most people")
    sol.get_by_label("Who sees to it").select_option(label="Ben")
    press(sol, "Agreed by those here")
    expect(sol.get_by_role("heading", name="Read-back, point 2 of 2")).to_be_visible()
    press(sol, "Park it")
    expect(sol.get_by_role("heading", name="1 agreed, 1 parked")).to_be_visible()

    # Close, compose, reorder, send.
    ada.goto(room)
    press(ada, "Close the meeting")
    expect(ada.get_by_text(f"{POINT}, for most people")).to_be_visible()
    lin.goto(room)
    lin.get_by_role("link", name="Write the summary").click()
    order = lin.locator("ol.points.ruled-rows .words")
    expect(order).to_have_text([f"{POINT}, for most people", "Say who rings whom before we leave the room"])
    with lin.expect_navigation():
        lin.get_by_role("button", name=re.compile("^Down")).first.click()
    expect(order).to_have_text(["Say who rings whom before we leave the room", f"{POINT}, for most people"])
    lin.get_by_label(re.compile("A line from you")).fill("Thank you all.")
    press(lin, "Keep the line")
    expect(lin.locator(".letter")).to_contain_text("Thank you all.")
    press(lin, "Send to 5 people")
    expect(lin.get_by_text(re.compile("Sent to 5"))).to_be_visible()
