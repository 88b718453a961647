"""What hands do in a hurry: a slow line, a point that moves on under one’s words, a second Enter, a tap on a phone."""

import time

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Tab

pytestmark = pytest.mark.browser

POINTS = ["A short call the day before helps", "Leave the next step on paper"]
SOONER = """{ const later = window.setTimeout;
  window.setTimeout = (what, ms, ...more) => later(what, ms === 15000 ? 2500 : ms, ...more); }"""
FOCUS = """() => { const at = document.activeElement;
  return at === document.body ? "nothing" : at.id || at.textContent.trim(); }"""


def enter(open_tab: Open, links: dict[str, str], name: str, room: str, **given: int) -> Tab:
    tab = open_tab(**given)
    tab.page.goto(links[name])
    tab.page.goto(room)
    expect(tab.page.locator("main[data-state=live]")).to_be_attached()
    return tab


def reading(backstage: Backstage, slug: str, *, begun: bool = True) -> tuple[dict[str, str], int, str]:
    links = backstage("team", slug=slug, name=slug.replace("-", " ").capitalize())
    meeting = backstage("meeting", slug=slug)
    backstage("raise_points", slug=slug, meeting=meeting, texts=POINTS)
    backstage("say_them", slug=slug, meeting=meeting)
    if begun:
        backstage("start_with_one", slug=slug, meeting=meeting)
    return links, meeting, f"/t/{slug}/m/{meeting}/"


def test_a_slow_line_never_makes_ones_own_words_somebody_elses(backstage: Backstage, open_tab: Open) -> None:
    """A form that gets no answer is let go after fifteen seconds (here two and a half): by its own post's time, not by an earlier one's."""
    links, _, room = reading(backstage, "slow-line")
    tab = open_tab()
    tab.page.add_init_script(SOONER)
    tab.page.goto(links["Sol"])
    tab.page.goto(room)
    words = tab.page.get_by_label("What we learned")
    answers: list[int] = []

    def slowly(route: Route) -> None:
        time.sleep(1.5)
        answer = route.fetch()
        answers.append(answer.status)
        route.fulfill(response=answer)

    tab.page.route("**/read-back/*/", slowly)
    words.press("Control+End")
    said = ", and then we ring once more, and the week after that as well"
    tab.page.keyboard.type(said, delay=150)
    expect(words).to_have_value(POINTS[0] + said)
    tab.page.wait_for_timeout(2500)
    assert len(answers) >= 4
    assert set(answers) == {204}


def test_what_one_did_about_a_point_stays_with_it_when_the_next_one_comes(backstage: Backstage, open_tab: Open) -> None:
    links, _, room = reading(backstage, "stays-with-it")
    sol, ben = enter(open_tab, links, "Sol", room), enter(open_tab, links, "Ben", room, width=390, height=844)
    ben.page.get_by_label("Read: nobody could tell who").check()
    expect(sol.page.get_by_text("Ben has read it: nobody could tell who.")).to_be_visible()
    ben.page.get_by_text("I see it differently").click()
    expect(ben.page.get_by_label("How you see it")).to_be_focused()
    ben.page.get_by_label("How you see it").press_sequentially("Not for all")
    # A stop that was put right is no stop any more: nothing says that these words were not kept.
    words = sol.page.get_by_label("What we learned")
    words.fill("Ring 943 476 5919")
    expect(sol.page.locator(".pen .error")).to_be_visible()
    expect(ben.page.locator("#readback").get_by_text("The wording is being changed.")).to_be_visible()
    words.fill("Ring the day before")
    expect(sol.page.locator(".pen .error")).to_have_count(0)
    expect(ben.page.locator("#readback").get_by_text("Ring the day before")).to_be_visible()
    sol.page.get_by_role("button", name="Agreed by those here").click()

    expect(ben.page.get_by_role("heading", name="Read-back, point 2 of 2")).to_be_visible()
    expect(ben.page.get_by_label("Read: nobody could tell who")).not_to_be_checked()
    beside = ben.page.locator("#beside")
    expect(beside.get_by_text("Not for all")).to_be_visible()  # the words aren't lost, nor said of another point
    ben.page.get_by_text("I see it differently").click()
    expect(ben.page.get_by_label("How you see it")).to_have_value("")
    ben.page.keyboard.press("Escape")
    expect(ben.page.get_by_label("How you see it")).to_be_hidden()
    expect(ben.page.get_by_text("I see it differently")).to_be_focused()
    expect(sol.page.get_by_label("What we learned")).to_have_value(POINTS[1])
    expect(sol.page.locator("#beside .notice")).to_have_count(0)
    assert ben.complaints == []


def focus(page: Page) -> str:
    return str(page.evaluate(FOCUS))


def test_a_second_enter_presses_nothing_else(backstage: Backstage, open_tab: Open) -> None:
    links, _, room = reading(backstage, "second-enter", begun=False)
    ada = enter(open_tab, links, "Ada", room).page
    ada.get_by_role("button", name="Start with 1").focus()
    ada.keyboard.press("Enter")
    expect(ada.get_by_role("button", name="Take the pen")).to_be_visible()
    ada.wait_for_timeout(200)
    assert focus(ada) == "pen"  # what it stood in: the next Tab goes on from there
    ada.get_by_role("button", name="Park it").focus()
    ada.keyboard.press("Enter")
    expect(ada.get_by_role("heading", name="Read-back, point 2 of 2")).to_be_visible()
    ada.wait_for_timeout(200)
    assert focus(ada) in ("pen", "Park it")


def test_keep_leaves_the_focus_in_the_box_and_a_link_opens_what_is_folded(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug="in-the-box", name="In the box")
    meeting = backstage("meeting", slug="in-the-box")
    lin = enter(open_tab, links, "Lin", f"/t/in-the-box/m/{meeting}/", width=390, height=844)
    box = lin.page.get_by_label("Jot what you notice")
    box.fill("Calmer at the door")
    lin.page.get_by_role("button", name="Keep", exact=True).click()
    expect(box).to_have_value("")
    expect(box).to_be_focused()
    box.press_sequentially("and the next")
    lin.page.get_by_role("button", name="Keep", exact=True).click()
    expect(lin.page.get_by_text("2 kept")).to_be_visible()
    lin.page.get_by_role("link", name="Hand over").click()
    lin.page.get_by_text("Ask someone to hold it").click()
    lin.page.get_by_role("button", name="Mo", exact=True).click()
    lin.page.get_by_role("link", name="Pass on to Mo, one by one").click()
    expect(lin.page.get_by_text("Calmer at the door")).to_be_visible()
    assert lin.complaints == []
