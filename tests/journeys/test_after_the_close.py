"""After the close, in real browsers: late thoughts on the meeting's page, a second version, and sending with the close."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Stack, Tab

pytestmark = pytest.mark.browser

POINT = "A short call the day before makes a first visit easier to keep"


def come_in(tab: Tab, link: str) -> Page:
    tab.page.goto(link)
    return tab.page


def letters(stack: Stack, subject: str) -> list[str]:
    """Whom letters with such a subject have reached."""
    return [each["to"] for each in stack.letters() if re.search(subject, each["subject"])]


def test_late_thoughts_and_a_second_version(stack: Stack, backstage: Backstage, open_tab: Open) -> None:
    slug = "late-thoughts"
    team = backstage("team", slug=slug, name="Late thoughts")
    meeting = backstage("meeting", slug=slug)
    backstage("raise_points", slug=slug, meeting=meeting, texts=[POINT])
    backstage("close", slug=slug, meeting=meeting)
    address = f"/t/{slug}/m/{meeting}/"
    prompt = stack.letter("lin", "Late thoughts: the summary is ready to send")
    assert "We’ll remind you once" in prompt["text"]

    # 1. Lin looks at the summary; meanwhile Ben, on a phone, adds a thought on the meeting's page. The guard stops a number.
    lin, ben = come_in(open_tab(), team["Lin"]), come_in(open_tab(width=390, height=844), team["Ben"])
    lin.goto(f"{address}summary/")
    expect(lin.get_by_role("button", name="Send to 5 people")).to_be_visible()
    ben.goto(address)
    ben.get_by_text("Add a late thought").click()
    words = ben.get_by_label("In words that fit any case")
    words.fill("Ring 020 7946 0958")
    ben.get_by_role("button", name="Add it").click()
    expect(ben.get_by_text("This looks like a phone number")).to_be_visible()
    expect(words).to_have_value("Ring 020 7946 0958")
    words.fill("Say at the door how long you can stay")
    ben.get_by_role("button", name="Add it").click()
    expect(ben.get_by_text("Added. It goes with the summary.")).to_be_visible()
    expect(ben.get_by_text("Say at the door how long you can stay")).to_be_visible()

    # 2. Lin hasn't seen it, so it isn't sent yet; a second look, and it is.
    lin.get_by_label(re.compile("A line from you")).fill("Thank you all.")
    lin.get_by_role("button", name="Send to 5 people").click()
    expect(lin.get_by_text("Something was added or changed since you looked.")).to_be_visible()
    expect(lin.get_by_text("Say at the door how long you can stay").first).to_be_visible()
    expect(lin.get_by_label(re.compile("A line from you"))).to_have_value("Thank you all.")
    assert letters(stack, "Late thoughts: what we learned") == []
    lin.get_by_role("button", name="Send to 5 people").click()
    expect(lin.get_by_text(re.compile("Sent to 5 at"))).to_be_visible()
    letter = stack.letter("ben", "Late thoughts: what we learned")
    assert "2. Say at the door how long you can stay\n   Not yet agreed." in letter["text"]
    ben.reload()
    expect(ben.get_by_text("The summary has gone out, so nothing is added here any more.")).to_be_visible()

    # 3. A second version, begun by a double click, thrown away, begun again, changed and sent.
    lin.get_by_role("link", name="Read it as it was sent").click()
    lin.get_by_role("button", name="Send it again, changed").dblclick()
    expect(lin.get_by_text("This is the second version. Sent, it replaces the one of")).to_be_visible()
    lin.get_by_role("button", name="Don’t send it").click()
    expect(lin.get_by_text("The new version isn’t sent. The one before stands.")).to_be_visible()
    lin.goto(f"{address}summary/sent/1/")
    lin.get_by_role("button", name="Send it again, changed").click()
    lin.get_by_label(re.compile("A line from you")).fill("Sorry, this is the right one.")
    lin.get_by_role("button", name="Send to 5 people").click()
    expect(lin.get_by_role("link", name="The first version")).to_be_visible()
    again = stack.letter("ben", "Late thoughts: what we learned, .*second version")
    assert re.match(r"This is the second version\. It replaces the one sent on \d+ \w+, \d\d:\d\d\.", again["text"])
    assert "Sorry, this is the right one." in again["text"]
    assert again["message_id"] != letter["message_id"]
    ben.reload()
    ben.get_by_role("link", name="The second version").click()
    expect(ben.get_by_text("Sorry, this is the right one.")).to_be_visible()
    expect(ben.get_by_text("Ada, Ben, Lin, Mo and Sol.")).to_be_visible()
    ben.get_by_role("link", name="The first version").click()
    expect(ben.get_by_text("Thank you all.")).to_be_visible()


def test_sent_with_the_close_nobody_is_prompted(stack: Stack, backstage: Backstage, open_tab: Open) -> None:
    slug = "sent-at-once"
    team = backstage("team", slug=slug, name="Sent at once")
    meeting = backstage("meeting", slug=slug)
    backstage("raise_points", slug=slug, meeting=meeting, texts=[POINT])
    for deed in ("say_them", "start_with_one"):
        backstage(deed, slug=slug, meeting=meeting)
    backstage("settle_all", slug=slug, meeting=meeting, outcomes=["agreed"])
    tab = open_tab()
    mo, both = come_in(tab, team["Mo"]), "Close, and send the summary now"
    mo.goto(f"/t/{slug}/m/{meeting}/")
    expect(mo.get_by_role("heading", name="1 agreed")).to_be_visible()
    expect(mo.get_by_role("button", name=both)).to_have_count(0)  # Ada chairs
    backstage("take_chair", slug=slug, meeting=meeting, name="Mo")
    mo.get_by_role("button", name=both).first.click()
    expect(mo.get_by_text("Sent to 5 at")).to_be_visible()  # the page says so for good; a notice passes
    expect(mo.get_by_text(re.compile("Sent to 5 at"))).to_be_visible()
    assert POINT in stack.letter("sol", "Sent at once: what we learned")["text"]
    assert letters(stack, "Sent at once.*to send") == []
    assert tab.complaints == []
