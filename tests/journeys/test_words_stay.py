"""What somebody is typing is never wiped: not by the close, by a sign-in that ended, nor by whoever takes the pen."""

import json
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Stack, Tab

pytestmark = pytest.mark.browser

SIGNED_OUT = "Your words are kept on this device. They come back when you sign in, and stay hidden until then."


@dataclass
class Stage:
    """A live meeting of a team of its own: Ada chairs, Lin keeps learning in mind, Sol is scribe."""

    backstage: Backstage
    open_tab: Open
    slug: str
    links: dict[str, str]
    meeting: int

    @property
    def path(self) -> str:
        return f"/t/{self.slug}/m/{self.meeting}/"

    def do(self, what: str, **given: Any) -> Any:
        return self.backstage(what, slug=self.slug, meeting=self.meeting, **given)

    def jotted(self) -> list[str]:
        found: list[str] = self.backstage("jotted", meeting=self.meeting)
        return found

    def enter(self, name: str) -> Tab:
        """Somebody's browser, with the room open and its stream running."""
        tab = self.open_tab()
        tab.page.goto(self.links[name])
        tab.page.goto(self.path)
        expect(tab.page.locator("main[data-state=live]")).to_be_visible()
        return tab

    def sign_in_beside(self, tab: Tab, name: str) -> None:
        """In another tab of the same browser."""
        other = tab.context.new_page()
        other.goto(self.links[name])
        other.close()


@pytest.fixture
def stage(backstage: Backstage, open_tab: Open, request: pytest.FixtureRequest) -> Stage:
    slug = request.node.name.removeprefix("test_").replace("_", "-").replace("[", "-").replace("]", "")[:40]
    links = backstage("team", slug=slug, name=slug.replace("-", " ").capitalize())
    return Stage(backstage, open_tab, slug, links, backstage("meeting", slug=slug))


ROWS = """() => new Promise((yes) => {
  const asked = indexedDB.open("words");
  asked.onsuccess = () => {
    const got = asked.result.transaction("rows").objectStore("rows").getAll();
    got.onsuccess = () => { asked.result.close(); yes(got.result); };
  };
})"""


def rows(page: Page) -> list[dict[str, Any]]:
    """What is kept on this device."""
    found: list[dict[str, Any]] = page.evaluate(ROWS)
    return found


def soon(true: Callable[[], object], within: float = 15) -> None:
    """Wait until it is so."""
    ends = time.monotonic() + within
    while not true():
        assert time.monotonic() < ends, "it never came to be so"
        time.sleep(0.05)


def jot(page: Page) -> Any:
    return page.get_by_label("Jot what you notice")


def keep(page: Page) -> None:
    page.get_by_role("button", name="Keep", exact=True).click()


# --- the close ---


def test_the_close_waits_for_words(stage: Stage) -> None:
    lin, ben, ada = stage.enter("Lin"), stage.enter("Ben"), stage.enter("Ada")
    offer = ben.page.get_by_label("Offer a learning point")
    jot(lin.page).fill("what I was about to keep")
    offer.fill("What I was about to offer")
    stage.do("close")
    expect(ada.page.locator("main[data-live]")).to_have_count(0)  # nothing was being typed here: the meeting's page
    for tab in (lin, ben):
        expect(tab.page.get_by_text("The meeting is closed. Your words are still here.").first).to_be_visible()
        expect(tab.page.get_by_role("link", name="Go to the meeting’s page")).to_have_attribute("href", stage.path)
    expect(jot(lin.page)).to_have_value("what I was about to keep")
    # Nothing more can be offered: that is said, and the words stay.
    ben.page.get_by_role("button", name="Offer to Lin").click()
    expect(ben.page.get_by_text("This meeting is over.")).to_be_visible()
    expect(offer).to_have_value("What I was about to offer")
    expect(ben.page.get_by_role("link", name="Go to the meeting’s page")).to_be_visible()
    # A jotting can still be kept; then nothing holds the page any more.
    keep(lin.page)
    expect(lin.page.locator("main[data-live]")).to_have_count(0)
    assert stage.jotted() == ["what I was about to keep"]
    assert lin.complaints == []


def test_the_close_leaves_the_page_of_a_point(stage: Stage) -> None:
    jotting = stage.do("jot", text="calmer at the door")
    lin = stage.enter("Lin")
    lin.page.goto(f"{stage.path}jottings/{jotting}/raise/")
    words = lin.page.get_by_label("In words that fit any case")
    words.fill("A short call the day before helps")
    expect(lin.page.locator("main[data-state=live]")).to_be_visible()
    stage.do("close")
    expect(lin.page.locator("#agenda").get_by_text("Done: Look-back")).to_be_visible()
    expect(words).to_have_value("A short call the day before helps")
    lin.page.get_by_role("button", name="Raise at the read-back").click()
    expect(lin.page.get_by_text("This meeting is over.")).to_be_visible()
    expect(words).to_have_value("A short call the day before helps")


# --- leaving the page ---


def test_a_reload_and_back_bring_the_words_again(stage: Stage) -> None:
    lin = stage.enter("Lin")
    page = lin.page
    jot(page).fill("half a thought")
    page.reload()
    expect(jot(page)).to_have_value("half a thought")
    page.goto("/teams/new/")
    page.get_by_label("Name of the team").fill("Green Lane")
    page.goto(stage.path)
    expect(jot(page)).to_have_value("half a thought")
    page.go_back()
    expect(page.get_by_label("Name of the team")).to_have_value("Green Lane")
    page.go_back()
    expect(jot(page)).to_have_value("half a thought")
    page.go_forward()
    expect(page.get_by_label("Name of the team")).to_have_value("Green Lane")
    assert (stage.jotted(), lin.complaints) == ([], [])


# --- signing in again ---


def end_the_row(stage: Stage, tab: Tab) -> None:
    assert stage.backstage("end_sessions", slug=stage.slug, name="Lin") == 1


def lose_the_cookies(stage: Stage, tab: Tab) -> None:
    tab.context.clear_cookies()


@pytest.mark.parametrize("ends", [end_the_row, lose_the_cookies], ids=["expired", "lost"])
def test_signed_in_again_beside(stage: Stage, ends: Callable[[Stage, Tab], None]) -> None:
    lin = stage.enter("Lin")
    jot(lin.page).fill("still here")
    ends(stage, lin)
    keep(lin.page)
    expect(lin.page.get_by_text(SIGNED_OUT)).to_be_visible()
    expect(jot(lin.page)).to_be_hidden()  # whoever passes by reads nothing
    stage.sign_in_beside(lin, "Lin")
    expect(lin.page.get_by_text(SIGNED_OUT)).to_be_hidden()
    expect(jot(lin.page)).to_be_visible()
    soon(lambda: stage.jotted() == ["still here"])  # it went by itself
    expect(jot(lin.page)).to_have_value("")
    expect(lin.page.locator("main[data-state=live]")).to_be_visible()
    # And the page goes on as before.
    jot(lin.page).fill("and more")
    keep(lin.page)
    expect(jot(lin.page)).to_have_value("")
    soon(lambda: stage.jotted() == ["still here", "and more"])
    assert [words for words in lin.complaints if "40" not in words] == []  # 401 and 403 are named, nothing else is


def test_somebody_else_signed_in_beside(stage: Stage) -> None:
    # On a shared computer: Lin's words are not sent as Ben's, and Lin's page doesn't show what is Ben's.
    lin = stage.enter("Lin")
    jot(lin.page).fill("only Lin’s")
    stage.do("offer", text="Say who rings whom before we leave the room")
    expect(lin.page.get_by_text("Ben offers a point").first).to_be_visible()
    other = lin.context.new_page()
    other.goto(stage.links["Ben"])
    said = lin.page.get_by_text("Somebody else is signed in here now, so nothing was sent.")
    expect(said).to_be_visible()
    expect(jot(lin.page)).to_be_hidden()
    # Ben, on the same pages, meets nothing of it, though it is on this device.
    other.goto(stage.path)
    expect(other.locator("main[data-state=live]")).to_be_visible()
    assert "only Lin’s" not in other.content()
    assert [row["typed"] for row in rows(other)] == [{"text": "only Lin’s"}]
    other.close()
    stage.do("offer", text="Agree beforehand who waits at the gate")
    lin.page.wait_for_timeout(500)
    expect(lin.page.get_by_text("You offered")).to_have_count(0)
    assert stage.jotted() == []
    # Lin again: the words are back, and go when Lin says so.
    stage.sign_in_beside(lin, "Lin")
    expect(said).to_be_hidden()
    expect(jot(lin.page)).to_have_value("only Lin’s")
    keep(lin.page)
    expect(jot(lin.page)).to_have_value("")
    soon(lambda: stage.jotted() == ["only Lin’s"])


def test_signing_out_takes_all_words_along(stage: Stage) -> None:
    lin = stage.enter("Lin")
    lin.context.set_offline(True)
    jot(lin.page).fill("waits, and will not go")
    keep(lin.page)
    expect(lin.page.get_by_text("1 waiting")).to_be_visible()
    jot(lin.page).fill("half a thought")
    soon(lambda: len(rows(lin.page)) == 2)
    held: list[Route] = []
    lin.context.route("**/jottings/", lambda route: held.append(route))
    lin.context.set_offline(False)
    keep(lin.page)
    lin.page.wait_for_timeout(300)
    assert held
    other = lin.context.new_page()
    other.goto("/sign-out/")
    expect(other.get_by_text("Words on this device that weren’t sent: 2.")).to_be_visible()
    other.get_by_role("button", name="Sign out").click()
    expect(other.get_by_label("E-mail")).to_be_visible()
    expect(jot(lin.page)).to_be_hidden()
    assert rows(other) == []
    for route in held:  # nor do those come back that were on their way
        route.abort()
    lin.context.unroute("**/jottings/")
    lin.page.wait_for_timeout(300)
    assert rows(other) == []
    assert stage.jotted() == []


def test_a_jotting_that_is_gone_does_not_come_back_out_of_the_outbox(stage: Stage) -> None:
    """The server has it, its answer was lost: the page shows it, so it waits no longer, and once deleted it stays so."""
    lin = stage.enter("Lin")

    def lose_the_answer(route: Route) -> None:
        if route.request.method != "POST":
            return route.continue_()
        route.fetch()
        return route.abort()

    lin.context.route("**/jottings/", lose_the_answer)
    jot(lin.page).fill("calmer at the door")
    keep(lin.page)
    expect(lin.page.get_by_text("1 kept").first).to_be_visible()
    soon(lambda: rows(lin.page) == [])
    lin.page.get_by_text("Show mine").click()
    lin.page.get_by_role("link", name="Delete", exact=True).click()
    lin.page.get_by_role("button", name="Delete this jotting").click()
    expect(jot(lin.page)).to_be_visible()
    lin.context.unroute("**/jottings/")
    assert stage.jotted() == []
    lin.page.wait_for_timeout(3500)  # longer than the outbox's first pause
    assert stage.jotted() == []


def test_other_devices_come_back_after_signing_out_on_one(stage: Stage) -> None:
    phone, laptop = stage.enter("Lin"), stage.enter("Lin")
    other = laptop.context.new_page()
    other.goto("/sign-out/")
    other.get_by_role("button", name="Sign out").click()
    expect(laptop.page.locator("main[data-state=signed-out]")).to_be_visible()
    heard = len(laptop.heard)
    stage.do("next_item")
    expect(phone.page.locator("#now .what")).to_have_text("Case 1 · Ben")
    expect(phone.page.locator("main[data-state=live]")).to_be_visible()
    assert "Case 1 · Ben" not in "".join(laptop.heard[heard:])


# --- the pen, and the seat ---


def test_the_pens_words_stay_when_somebody_takes_it(stage: Stage) -> None:
    stage.do("raise_points", texts=["A short call the day before helps"])
    stage.do("say_them")
    stage.do("start_with_one")
    sol, ben = stage.enter("Sol"), stage.enter("Ben")
    words = sol.page.get_by_label("What we learned")
    expect(words).to_be_visible()
    sol.page.route("**/read-back/*/", lambda route: route.abort())  # the line is gone in one direction
    words.fill("A short call the day before helps, and a second one")
    expect(sol.page.get_by_text("No connection just now.").first).to_be_visible()
    ben.page.get_by_role("button", name="Take the pen").click()
    beside = sol.page.locator("#beside")
    expect(beside.get_by_text("Your words. Ben has the pen now.")).to_be_visible()
    expect(beside.get_by_text("A short call the day before helps, and a second one")).to_be_visible()
    expect(words).to_have_count(0)
    expect(ben.page.get_by_label("What we learned")).to_have_value("A short call the day before helps")
    beside.get_by_role("button", name="Put away").click()
    expect(beside.locator(".notice")).to_have_count(0)


def test_words_from_before_a_gap_overwrite_nobodys(stage: Stage) -> None:
    # While Sol's laptop was away, Ben had the pen and wrote; on a phone Sol took it back.
    stage.do("raise_points", texts=["A short call the day before helps"])
    stage.do("say_them")
    stage.do("start_with_one")
    sol, phone, ben = stage.enter("Sol"), stage.enter("Sol"), stage.enter("Ben")
    words = sol.page.get_by_label("What we learned")
    sol.context.set_offline(True)
    words.fill("Sol’s words, which nobody has")
    ben.page.get_by_role("button", name="Take the pen").click()
    ben.page.get_by_label("What we learned").fill("What Ben wrote")
    expect(phone.page.locator("#readback").get_by_text("What Ben wrote")).to_be_visible()
    phone.page.get_by_role("button", name="Take the pen").click()
    expect(phone.page.get_by_label("What we learned")).to_have_value("What Ben wrote")
    sol.context.set_offline(False)
    expect(sol.page.locator("form.merging").get_by_text("What Ben wrote")).to_be_visible(timeout=20_000)
    expect(words).to_have_value("Sol’s words, which nobody has")
    sol.page.wait_for_timeout(1_000)  # longer than it takes to send
    expect(phone.page.locator("#readback").get_by_text("Sol’s words")).to_have_count(0)
    # Sol takes Ben's words, adds to them, and keeps them: then all goes on as before.
    sol.page.get_by_role("link", name="Use these").click()
    expect(words).to_have_value("What Ben wrote")
    words.fill("What Ben wrote, and what Sol had")
    sol.page.get_by_role("button", name="Keep what stands above").click()
    expect(sol.page.get_by_role("button", name="Agreed by those here")).to_be_visible()
    expect(sol.page.locator("#readback").get_by_text("What Ben wrote, and what Sol had")).to_have_count(1)
    words.fill("What Ben wrote, and what Sol has")
    expect(sol.page.locator("#readback").get_by_text("and what Sol has")).to_have_count(1)


def test_whoever_lost_the_pen_takes_it_and_both_texts_are_there(stage: Stage) -> None:
    stage.do("raise_points", texts=["A short call the day before helps"])
    stage.do("say_them")
    stage.do("start_with_one")
    sol, ben = stage.enter("Sol"), stage.enter("Ben")
    words = sol.page.get_by_label("What we learned")
    sol.page.route("**/read-back/*/", lambda route: route.abort())
    words.fill("A call the day before, says Sol")
    expect(sol.page.get_by_text("No connection just now.").first).to_be_visible()
    ben.page.get_by_role("button", name="Take the pen").click()
    beside = sol.page.locator("#beside")
    expect(beside.get_by_text("Your words. Ben has the pen now.")).to_be_visible()
    ben.page.get_by_label("What we learned").fill("A call in the morning, says Ben")
    expect(sol.page.locator("#readback").get_by_text("says Ben")).to_be_visible()
    sol.page.unroute("**/read-back/*/")
    beside.get_by_role("button", name="Take the pen and put them in").click()
    # Sol has the pen, and both texts: nobody's have been written over.
    expect(words).to_have_value("A call the day before, says Sol")
    expect(sol.page.locator("form.merging").get_by_text("A call in the morning, says Ben")).to_be_visible()
    expect(beside.locator(".notice")).to_have_count(0)
    expect(ben.page.locator("#readback").get_by_text("A call in the morning, says Ben")).to_be_visible()
    words.fill("A call in the morning or the day before")
    sol.page.get_by_role("button", name="Keep what stands above").click()
    expect(ben.page.locator("#readback").get_by_text("A call in the morning or the day before")).to_be_visible()
    expect(sol.page.get_by_role("button", name="Agreed by those here")).to_be_visible()


def test_words_that_come_too_late_are_shown_beside_the_others(stage: Stage) -> None:
    # They were on their way when the pen went: the answer holds both texts.
    stage.do("raise_points", texts=["A short call the day before helps"])
    stage.do("say_them")
    stage.do("start_with_one")
    sol, ben = stage.enter("Sol"), stage.enter("Ben")
    held: list[Route] = []
    sol.page.route("**/read-back/*/", lambda route: held.append(route))
    sol.page.get_by_label("What we learned").fill("A call the day before, says Sol")
    sol.page.wait_for_timeout(800)
    ben.page.get_by_role("button", name="Take the pen").click()
    ben.page.get_by_label("What we learned").fill("A call in the morning, says Ben")
    expect(sol.page.locator("#readback").get_by_text("says Ben")).to_be_visible()
    held[0].continue_()
    beside = sol.page.locator("#beside")
    expect(beside.get_by_text("Your words are not kept yet. Ben has the pen now.")).to_be_visible()
    expect(beside.get_by_text("says Sol")).to_be_visible()
    expect(beside.get_by_text("says Ben")).to_be_visible()
    expect(beside.locator(".notice")).to_have_count(1)
    expect(sol.page.locator("#notices")).to_have_text("")  # nothing is said to have gone wrong
    sol.page.unroute("**/read-back/*/")
    beside.get_by_role("button", name="Take the pen and put them in").click()
    expect(sol.page.locator("form.merging").get_by_text("A call in the morning, says Ben")).to_be_visible()
    expect(sol.page.get_by_label("When it applies, if it helps")).to_have_value("")
    assert [words for words in sol.complaints if "40" not in words] == []  # 403 and 409 are named, nothing else is


def test_two_tabs_of_one_pen_show_each_other(stage: Stage) -> None:
    stage.do("raise_points", texts=["A short call the day before helps"])
    stage.do("say_them")
    stage.do("start_with_one")
    laptop, phone = stage.enter("Sol"), stage.enter("Sol")
    phone.page.get_by_label("What we learned").fill("From the phone")
    expect(phone.page.locator("#readback").get_by_text("From the phone")).to_have_count(1)
    laptop.page.get_by_label("What we learned").fill("From the laptop")
    expect(laptop.page.locator("form.merging").get_by_text("From the phone")).to_be_visible()
    expect(laptop.page.get_by_label("What we learned")).to_have_value("From the laptop")
    laptop.page.get_by_role("button", name="Keep what stands above").click()
    expect(phone.page.locator("#readback").get_by_text("From the laptop")).to_have_count(1)
    # And the phone, which shows what it had, is told before it writes over that.
    phone.page.get_by_label("What we learned").fill("From the phone again")
    expect(phone.page.locator("form.merging").get_by_text("From the laptop")).to_be_visible()


def test_words_that_were_sent_are_not_laid_aside(stage: Stage) -> None:
    stage.do("raise_points", texts=["A short call the day before helps", "Ask first who else is in the room"])
    stage.do("say_them")
    stage.do("start_with_one")
    sol = stage.enter("Sol")
    words = sol.page.get_by_label("What we learned")
    words.fill("A short call the day before helps everybody")
    sol.page.get_by_role("button", name="Agreed by those here").click()
    expect(words).to_have_value("Ask first who else is in the room")
    words.fill("Ask first who else is there")
    expect(sol.page.locator("#readback").get_by_text("Ask first who else is there")).to_have_count(1)
    stage.enter("Ben").page.get_by_role("button", name="Take the pen").click()
    expect(words).to_have_count(0)
    sol.page.wait_for_timeout(300)
    expect(sol.page.locator("#beside .notice")).to_have_count(0)


def test_a_jotting_stays_when_somebody_takes_the_seat(stage: Stage) -> None:
    lin, ben = stage.enter("Lin"), stage.enter("Ben")
    jot(lin.page).fill("half a thought")
    ben.page.get_by_role("link", name="Seats and who is here").click()
    ben.page.locator("#roll").get_by_text("Ask someone to hold it").click()
    ben.page.locator("#roll").get_by_role("button", name="Ben", exact=True).click()
    expect(lin.page.locator("#beside").get_by_text("Your words. Ben keeps our learning in mind now.")).to_be_visible()
    expect(lin.page.locator("#beside").get_by_text("half a thought")).to_be_visible()
    expect(lin.page.get_by_label("Offer a learning point")).to_have_value("")


# --- a stream that is refused ---


def test_a_stream_that_is_refused_leads_to_asking(stage: Stage, open_tab: Open) -> None:
    tab = open_tab()
    refused: list[str] = []

    def refuse(route: Route) -> None:
        refused.append(route.request.url)
        route.fulfill(status=429)

    tab.page.route(lambda url: f"/live/{stage.meeting}/?" in url, refuse)
    tab.page.goto(stage.links["Ada"])
    tab.page.goto(stage.path)
    expect(tab.page.locator("main[data-state=asking]")).to_be_visible(timeout=20_000)
    assert len(refused) == 3
    stage.do("next_item")
    expect(tab.page.locator("#now .what")).to_have_text("Case 1 · Ben")
    assert len(refused) == 3


# --- no line, no answer, no, twice ---


def test_half_an_hour_without_a_line(stage: Stage) -> None:
    """Jottings and points wait; a step of the meeting is not done late. All of it arrives, once, in order."""
    tab = stage.open_tab(width=390, height=844)
    tab.page.clock.install()
    tab.page.goto(stage.links["Lin"])
    tab.page.goto(stage.path)
    expect(tab.page.locator("main[data-state=live]")).to_be_visible()
    ben = stage.enter("Ben")
    offer = ben.page.get_by_label("Offer a learning point")
    for each in (tab, ben):
        each.context.set_offline(True)
    for n in (1, 2, 3):
        jot(tab.page).fill(f"thought {n}")
        keep(tab.page)
        expect(jot(tab.page)).to_have_value("")
        expect(tab.page.get_by_text(f"{n} waiting")).to_be_visible()
    offer.fill("Say who rings whom")
    ben.page.get_by_label("Without my name").check()
    ben.page.get_by_role("button", name="Offer to Lin").click()
    expect(ben.page.get_by_text("1 waiting")).to_be_visible()
    ben.page.get_by_text("Ada isn’t here?").click()
    ben.page.get_by_role("button", name="Next: Case 1 · Ben").click()
    expect(ben.page.get_by_text("No connection: that wasn’t done.").first).to_be_visible()
    jot(tab.page).fill("and half a fourth")
    tab.page.clock.fast_forward("30:00")
    expect(tab.page.get_by_text("3 waiting")).to_be_visible()
    assert len(rows(tab.page)) == 4
    for each in (tab, ben):
        each.context.set_offline(False)
    soon(lambda: stage.jotted() == ["thought 1", "thought 2", "thought 3"], 30)
    soon(lambda: stage.backstage("offered", meeting=stage.meeting) == ["Say who rings whom"], 30)
    expect(jot(tab.page)).to_have_value("and half a fourth")
    expect(tab.page.locator("#now .what")).to_have_text("Look-back")
    tab.page.clock.run_for(2_000)
    expect(tab.page.locator("#desk").get_by_text("Kept on this device", exact=True)).to_be_visible()
    keep(tab.page)
    soon(lambda: stage.jotted()[3:] == ["and half a fourth"])


def test_the_server_dies_in_mid_post_and_an_answer_is_lost(stage: Stage, stack: Stack) -> None:
    lin = stage.enter("Lin")
    field, died = jot(lin.page), list[int]()

    def die(route: Route) -> None:
        if not died and route.request.method == "POST":
            died.append(json.loads((stack.folder / "processes.json").read_text())["web"])
            os.kill(died[0], signal.SIGKILL)
        route.continue_()

    lin.page.route("**/jottings/", die)
    field.fill("the server was killed under it")
    keep(lin.page)
    expect(field).to_have_value("", timeout=10_000)
    lin.page.unroute("**/jottings/")
    field.fill("typed meanwhile")
    soon(lambda: stage.jotted() == ["the server was killed under it"], 60)
    expect(field).to_have_value("typed meanwhile")
    swallowed: list[int] = []

    def swallow(route: Route) -> None:
        if swallowed or route.request.method != "POST":  # the piece that shows them has such an address too
            return route.continue_()
        swallowed.append(0)  # a second try may come while the first is still being answered
        swallowed[0] = route.fetch().status
        return route.abort("connectionreset")

    expect(lin.page.locator("main[data-state=live]")).to_be_visible(timeout=20_000)
    lin.page.route("**/jottings/", swallow)
    keep(lin.page)
    expect(field).to_have_value("")
    soon(lambda: rows(lin.page) == [])
    assert swallowed == [204]
    assert stage.jotted() == ["the server was killed under it", "typed meanwhile"]


def test_the_browser_is_closed_on_words_that_wait(stage: Stage) -> None:
    """The next page of the same person sends them, from wherever."""
    lin = stage.enter("Lin")
    lin.context.set_offline(True)
    jot(lin.page).fill("on the bus")
    keep(lin.page)
    expect(lin.page.get_by_text("1 waiting")).to_be_visible()
    lin.page.close()
    lin.context.set_offline(False)
    other = lin.context.new_page()
    other.goto(f"/t/{stage.slug}/people/")
    soon(lambda: stage.jotted() == ["on the bus"])
    soon(lambda: rows(other) == [])


def test_what_the_server_refuses_late_comes_back_to_be_mended(stage: Stage) -> None:
    ben = stage.enter("Ben")
    offer = ben.page.get_by_label("Offer a learning point")
    ben.context.set_offline(True)
    offer.fill("Ring the day before, see 999 000 0018")
    ben.page.get_by_label("Without my name").check()
    ben.page.get_by_role("button", name="Offer to Lin").click()
    expect(ben.page.get_by_text("1 waiting")).to_be_visible()
    ben.context.set_offline(False)
    expect(offer).to_have_value("Ring the day before, see 999 000 0018", timeout=20_000)
    assert stage.backstage("offered", meeting=stage.meeting) == []
    ben.page.reload()
    expect(offer).to_have_value("Ring the day before, see 999 000 0018")
    expect(ben.page.get_by_label("Without my name")).to_be_checked()
    # At once, with a line: the sentence beside the field, the words in it, before and after a reload.
    ben.page.get_by_role("button", name="Offer to Lin").click()
    expect(ben.page.get_by_text("NHS number")).to_be_visible()
    expect(offer).to_have_value("Ring the day before, see 999 000 0018")
    ben.page.reload()
    expect(offer).to_have_value("Ring the day before, see 999 000 0018")
    offer.fill("Ring the day before")
    ben.page.get_by_role("button", name="Offer to Lin").click()
    expect(offer).to_have_value("")
    soon(lambda: rows(ben.page) == [])
    assert stage.backstage("offered", meeting=stage.meeting) == ["Ring the day before"]


def test_a_point_that_is_raised_waits_too(stage: Stage) -> None:
    jotting = stage.do("jot", text="calmer at the door")
    lin = stage.enter("Lin")
    lin.page.goto(f"{stage.path}jottings/{jotting}/raise/")
    words = lin.page.get_by_label("In words that fit any case")
    words.fill("A short call the day before helps, see 999 000 0018")
    lin.page.get_by_role("button", name="Raise at the read-back").click()
    expect(lin.page.get_by_text("NHS number")).to_be_visible()
    expect(words).to_have_value("A short call the day before helps, see 999 000 0018")
    words.fill("A short call the day before helps")
    lin.context.set_offline(True)
    lin.page.get_by_role("button", name="Raise at the read-back").click()
    expect(lin.page.get_by_text("1 waiting")).to_be_visible()
    expect(words).to_have_value("")
    lin.context.set_offline(False)
    soon(lambda: rows(lin.page) == [], 30)
    assert stage.backstage("a_point", meeting=stage.meeting, state="waiting")
    lin.page.goto(f"{stage.path}jottings/{jotting}/raise/")
    lin.page.wait_for_timeout(300)
    expect(lin.page.get_by_label("In words that fit any case")).to_have_value("")


def test_two_tabs_each_keep_their_own(stage: Stage) -> None:
    lin = stage.enter("Lin")
    other = lin.context.new_page()
    other.goto(stage.path)
    jot(lin.page).fill("in the first")
    jot(other).fill("in the second")
    soon(lambda: len(rows(other)) == 2)
    other.reload()
    expect(jot(other)).to_have_value("in the second")
    expect(jot(lin.page)).to_have_value("in the first")
    lin.page.close()
    other.reload()
    # One field, two thoughts: both are shown.
    soon(lambda: {"in the first", "in the second"} <= set(told(other)))
    other.get_by_role("button", name="Put away").click()
    soon(lambda: len(rows(other)) == 1)
    keep(other)
    soon(lambda: len(stage.jotted()) == 1)


def told(page: Page) -> list[str]:
    """What stands in the box and beside the page."""
    return [jot(page).input_value(), *page.locator("#beside .words").all_inner_texts()]


def test_newer_words_of_the_server_stand_beside_ones_own(stage: Stage) -> None:
    jotting = stage.do("jot", text="calmer at the door")
    lin, phone = stage.enter("Lin"), stage.enter("Lin")
    address = f"{stage.path}jottings/{jotting}/"
    lin.page.goto(address)
    words = lin.page.get_by_label("Your jotting")
    words.fill("calmer at the door, as she said")
    soon(lambda: rows(lin.page))
    phone.page.goto(address)
    phone.page.get_by_label("Your jotting").fill("calm from the first minute")
    phone.page.get_by_role("button", name="Keep", exact=True).click()
    expect(jot(phone.page)).to_be_visible()
    lin.page.reload()
    expect(words).to_have_value("calm from the first minute")
    beside = lin.page.locator(".notices")
    expect(beside.get_by_text("Your words from")).to_be_visible()
    expect(beside.get_by_text("calmer at the door, as she said")).to_be_visible()
    beside.get_by_role("button", name="Put them in the field").click()
    expect(words).to_have_value("calmer at the door, as she said")
    lin.page.get_by_role("button", name="Keep", exact=True).click()
    expect(jot(lin.page)).to_be_visible()
    assert stage.jotted() == ["calmer at the door, as she said"]
    soon(lambda: rows(lin.page) == [])


def test_a_plain_form_of_an_ended_session_and_one_that_is_older_than_the_sign_in(stage: Stage) -> None:
    mo = stage.open_tab()
    mo.page.goto(stage.links["Mo"])
    address = f"/t/{stage.slug}/agreement/change/"
    mo.page.goto(address)
    way_out = mo.page.locator("[name=way_out]")
    way_out.fill("Ring the duty desk")
    soon(lambda: rows(mo.page))
    stage.backstage("end_sessions", slug=stage.slug, name="Mo")
    save = mo.page.locator("form:has([name=way_out]) button").last
    save.click()
    expect(mo.page.get_by_label("E-mail")).to_be_visible()
    assert "Ring the duty desk" not in mo.page.content()
    mo.page.goto(stage.links["Mo"])
    mo.page.goto(address)
    expect(way_out).to_have_value("Ring the duty desk")
    stage.sign_in_beside(mo, "Mo")  # the page's token is an old one now
    save.click()
    expect(mo.page.get_by_text("This page was open for a long time")).to_be_visible()
    mo.page.go_back()
    expect(way_out).to_have_value("Ring the duty desk")
    save.click()
    expect(mo.page.get_by_text("Ring the duty desk")).to_be_visible()
    soon(lambda: rows(mo.page) == [])
    # Two weeks later nothing is left of what nobody sent.
    mo.page.goto(address)
    way_out.fill("Something else")
    soon(lambda: rows(mo.page))
    mo.page.evaluate(OLDER)
    mo.page.reload()
    soon(lambda: rows(mo.page) == [])
    expect(way_out).to_have_value("Ring the duty desk")


OLDER = """() => new Promise((yes) => {
  const asked = indexedDB.open("words");
  asked.onsuccess = () => {
    const doing = asked.result.transaction("rows", "readwrite"), store = doing.objectStore("rows");
    store.getAll().onsuccess = (got) => { for (const row of got.target.result) store.put({ ...row, at: row.at - 15 * 86400000 }); };
    doing.oncomplete = () => { asked.result.close(); yes(); };
  };
})"""
