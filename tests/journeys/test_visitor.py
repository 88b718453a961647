"""A visitor's meeting from the door to the end; and small comforts: a sheet of paper, a phone that stays awake."""

import re
import time

import pytest
from playwright.sync_api import expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open
from tests.journeys.test_words_stay import rows, soon

pytestmark = pytest.mark.browser


def test_vi_comes_sees_what_we_see_offers_a_point_and_is_seen_out(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="visited", name="Visited")
    meeting = backstage("meeting", slug="visited")
    address = backstage("visit_link", slug="visited", meeting=meeting)
    backstage("jot", slug="visited", meeting=meeting, text="zebrafinch, rang first")
    vi, lin, ben = open_tab(width=390, height=844), open_tab(width=390, height=844), open_tab()
    for name, tab in (("Lin", lin), ("Ben", ben)):
        tab.page.goto(links[name])
        tab.page.goto(f"/t/visited/m/{meeting}/")
        expect(tab.page.locator("main[data-state=live]")).to_be_attached()
    vi.page.goto(address)
    vi.page.get_by_label("Your name").fill("Vi Larsen")
    vi.page.get_by_role("button", name="Ask to come in").click()
    expect(vi.page.get_by_role("heading", name="Somebody will let you in")).to_be_visible()
    expect(ben.page.locator("#door")).to_be_empty()
    lin.page.get_by_role("button", name="Let Vi in").click()

    expect(vi.page.locator("main[data-state=live]")).to_be_attached()
    expect(vi.page.locator("#letterhead")).to_contain_text("Lin keeps our learning in mind")
    expect(ben.page.locator("#roll")).to_contain_text("Vi Larsen (visitor)")
    backstage("next_item", slug="visited", meeting=meeting)
    expect(vi.page.locator("#now .what")).to_have_text("Case 1 · Ben")
    vi.page.get_by_label("Offer a learning point").fill("Ring the day before")
    vi.page.get_by_role("button", name="Offer to Lin").click()
    expect(lin.page.locator("#tray")).to_contain_text("Vi (visitor) offers a point")
    expect(vi.page.get_by_text("Your point is offered. Thank you.")).to_be_visible()
    expect(vi.page.get_by_label("Offer a learning point")).to_have_value("")

    lin.page.get_by_role("link", name="People", exact=True).click()
    lin.page.get_by_role("button", name="See Vi out").click()
    began = time.monotonic()
    expect(vi.page.get_by_role("heading", name="This visit is over")).to_be_visible()
    assert time.monotonic() - began < 2
    expect(vi.page.locator("main[data-live]")).to_have_count(0)
    assert not any("zebrafinch" in words for words in vi.heard)
    assert [words for words in vi.complaints if "404" not in words] == []
    assert (lin.complaints, ben.complaints) == ([], [])


def test_a_visitor_without_scripts(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="plain-visit", name="Plain Visit")
    meeting = backstage("meeting", slug="plain-visit")
    address = backstage("visit_link", slug="plain-visit", meeting=meeting)
    vi, ada = open_tab(java_script_enabled=False), open_tab(java_script_enabled=False)
    ada.page.goto(links["Ada"])
    vi.page.goto(address)
    vi.page.get_by_label("Your name").fill("Vi Larsen")
    vi.page.get_by_role("button", name="Ask to come in").click()
    ada.page.goto(f"/t/plain-visit/m/{meeting}/")
    ada.page.get_by_role("button", name="Let Vi in").click()
    expect(vi.page.get_by_label("Offer a learning point")).to_be_visible(
        timeout=15_000
    )  # the page looks again by itself
    vi.page.get_by_label("Offer a learning point").fill("Ring the day before")
    vi.page.get_by_role("button", name="Offer to Lin").click()
    expect(vi.page.get_by_text("Your point is offered. Thank you.")).to_be_visible()
    vi.page.get_by_role("button", name="Leave the meeting").click()
    expect(vi.page.get_by_role("heading", name="This visit is over")).to_be_visible()


def test_vi_leaves_with_every_word_and_may_come_back(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="come-and-go", name="Come and go")
    meeting = backstage("meeting", slug="come-and-go")
    vi, lin = open_tab(), open_tab(java_script_enabled=False)
    vi.page.goto(backstage("visit_link", slug="come-and-go", meeting=meeting))
    vi.page.get_by_label("Your name").fill("Vi Larsen")
    vi.page.get_by_role("button", name="Ask to come in").click()
    lin.page.goto(links["Lin"])
    lin.page.goto(f"/t/come-and-go/m/{meeting}/")
    lin.page.get_by_role("button", name="Let Vi in").click()
    vi.page.get_by_label("Offer a learning point").fill("Ring the day before")
    soon(lambda: rows(vi.page))
    vi.page.get_by_role("button", name="Leave the meeting").click()
    expect(vi.page.get_by_text("Thank you for coming")).to_be_visible()
    assert rows(vi.page) == []  # nobody could ever send them: whoever came by this browser is nobody now
    vi.page.get_by_role("link", name="Ask to come in again").click()
    expect(vi.page.get_by_label("Your name")).to_have_value("")
    assert [words for words in vi.complaints if "404" not in words] == []


def test_an_ordinary_agenda_is_one_sheet_of_paper(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="paper", name="Paper")
    meeting = backstage("meeting", slug="paper", begun=False)
    page = open_tab().page
    page.goto(links["Ben"])
    page.goto(f"/t/paper/m/{meeting}/plan/")
    page.get_by_role("link", name="On paper").click()
    expect(page.get_by_role("heading", name="What are the learning points about practice")).to_be_visible()
    printed = page.pdf(format="A4", prefer_css_page_size=True)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1


AWAKE = """
window.asked = 0; window.released = 0;
Object.defineProperty(navigator, "wakeLock", { value: { request: async () => {
  window.asked += 1;
  const lock = new EventTarget();
  lock.release = async () => { window.released += 1; lock.dispatchEvent(new Event("release")); };
  window.lock = lock;
  return lock;
} } });
"""


def test_the_holders_phone_stays_awake_unless_they_say_otherwise(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="awake", name="Awake")
    meeting = backstage("meeting", slug="awake")
    lin, ben, old = open_tab(width=390, height=844), open_tab(), open_tab(width=390, height=844)
    lin.context.add_init_script(AWAKE)
    ben.context.add_init_script(AWAKE)
    old.context.add_init_script("delete Navigator.prototype.wakeLock")
    for name, tab in (("Lin", lin), ("Ben", ben), ("Lin", old)):
        tab.page.goto(links[name])
        tab.page.goto(f"/t/awake/m/{meeting}/")
        expect(tab.page.locator("main[data-state=live]")).to_be_attached()
    switch = lin.page.get_by_label("This screen stays awake")
    expect(switch).to_be_checked()
    assert lin.page.evaluate("[asked, released]") == [1, 0]
    lin.page.evaluate("lock.dispatchEvent(new Event('release'))")  # the phone was put away, and is taken out again
    lin.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert lin.page.evaluate("asked") == 2
    switch.uncheck()
    assert lin.page.evaluate("released") == 1
    lin.page.reload()
    expect(lin.page.get_by_label("This screen stays awake")).not_to_be_checked()
    assert lin.page.evaluate("asked") == 0
    assert ben.page.evaluate("asked") == 0  # holds no seat
    expect(old.page.get_by_text("This screen stays awake")).to_be_hidden()
    assert (lin.complaints, old.complaints) == ([], [])


def test_the_question_stays_above_a_phones_keyboard(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="keyboard", name="Keyboard")
    meeting = backstage("meeting", slug="keyboard")
    page = open_tab(width=390, height=844).page
    page.goto(links["Lin"])
    page.goto(f"/t/keyboard/m/{meeting}/")
    page.set_viewport_size({"width": 390, "height": 544})
    page.get_by_label("Jot what you notice").click()
    page.keyboard.type("rang first " * 12)
    for shown in (
        page.locator(".question"),
        page.get_by_label("Jot what you notice"),
        page.get_by_role("button", name="Keep", exact=True),
    ):
        box = shown.bounding_box()
        assert box is not None and box["y"] >= 0 and box["y"] + box["height"] <= 544
