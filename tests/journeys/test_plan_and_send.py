"""At both ends of a meeting, in real browsers: a date that was refused as it was planned, and the summary sent as soon as it is closed."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Stack

pytestmark = pytest.mark.browser

REFUSED = "They could not be sent as they are."


def test_a_refused_date_comes_back_beside_its_field(stack: Stack, backstage: Backstage, open_tab: Open) -> None:
    slug = "refused-date"
    team = backstage("team", slug=slug, name="Refused date")
    plan = f"/t/{slug}/m/{backstage('meeting', slug=slug, begun=False, days=9)}/plan/"
    mo = open_tab().page
    mo.goto(team["Mo"])
    mo.goto(plan)
    day, place = mo.get_by_label("Date", exact=True), mo.get_by_label("Place")
    planned, past = day.input_value(), datetime.now(UTC).date() - timedelta(days=20)
    said = f"{past.day} {past:%B %Y}"

    # The form shows what was typed, and why it can't be. What is said below it stands within the page's margin.
    day.fill(past.isoformat())
    place.fill("Room 9")
    mo.get_by_role("button", name="Keep when and where").click()
    expect(mo.get_by_text("This is in the past.")).to_be_visible()
    expect(day).to_have_value(past.isoformat())
    kept, title = mo.locator("#when-form .kept-line"), mo.locator("h1")
    expect(kept).to_have_text("Kept on this device")
    for width in (1280, 390):
        mo.set_viewport_size({"width": width, "height": 844})
        boxes = kept.bounding_box(), title.bounding_box()
        assert boxes[0] is not None and boxes[1] is not None
        assert boxes[0]["x"] == boxes[1]["x"], width

    # Left and come back to: the field has the meeting's own date, the refused one stands beside it, other words are in theirs.
    mo.goto(f"/t/{slug}/")
    mo.goto(plan)
    notice = mo.locator(".notice").filter(has_text=REFUSED)
    expect(notice.locator(".words")).to_have_text(said)
    expect(day).to_have_value(planned)
    expect(place).to_have_value("Room 9")
    mo.reload()
    expect(notice.locator(".words")).to_have_text(said)
    expect(day).to_have_value(planned)
    expect(place).to_have_value("Room 9")
    notice.get_by_role("button", name="Put them in the field").click()
    expect(day).to_have_value(past.isoformat())
    expect(notice).to_have_count(0)

    # Refused once more, and left alone: then another field is taken, and the date is forgotten with it.
    mo.get_by_role("button", name="Keep when and where").click()
    expect(mo.get_by_text("This is in the past.")).to_be_visible()
    mo.goto(plan)
    expect(notice).to_have_count(1)
    expect(place).to_have_value("Room 9")
    mo.get_by_role("button", name="Keep when and where").click()
    expect(mo.get_by_text("Changed. ")).to_be_visible()
    expect(notice).to_have_count(0)
    assert (day.input_value(), place.input_value()) == (planned, "Room 9")


def test_whoever_kept_learning_in_mind_sends_it_as_soon_as_the_chair_has_closed(
    stack: Stack, backstage: Backstage, open_tab: Open
) -> None:
    slug = "send-it-now"
    team = backstage("team", slug=slug, name="Send it now")
    meeting = backstage("meeting", slug=slug)
    room = f"/t/{slug}/m/{meeting}/"
    ada, lin = open_tab().page, open_tab(width=390, height=844).page
    for page, name in ((ada, "Ada"), (lin, "Lin")):
        page.goto(team[name])
        page.goto(room)
        expect(page.locator("main[data-state=live]")).to_be_visible()
    backstage("close", slug=slug, meeting=meeting)
    expect(lin.get_by_text("The summary hasn’t gone out yet.")).to_be_visible()
    expect(ada.get_by_text("Not sent yet. Lin sends it.")).to_be_visible()
    expect(ada.get_by_role("button", name="Send it now")).to_have_count(0)
    lin.get_by_role("button", name="Send it now").click()
    expect(lin.get_by_text(re.compile("Sent to 5 at"))).to_be_visible()
    stack.letter("ben", "Send it now: what we learned")
