"""What somebody is typing is never wiped: not by the close, by a sign-in that ended, nor by whoever takes the pen."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, Route, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Tab

pytestmark = pytest.mark.browser

SIGNED_OUT = "You were signed out. Your words are still here."


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
        expect(tab.page.get_by_text("The meeting is closed. Your words are still here.")).to_be_visible()
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
    expect(jot(lin.page)).to_have_value("still here")
    stage.sign_in_beside(lin, "Lin")
    keep(lin.page)
    expect(jot(lin.page)).to_have_value("")
    expect(lin.page.get_by_text(SIGNED_OUT)).to_be_hidden()
    assert stage.jotted() == ["still here"]
    expect(lin.page.locator("main[data-state=live]")).to_be_visible()
    # And the page goes on as before.
    jot(lin.page).fill("and more")
    keep(lin.page)
    expect(jot(lin.page)).to_have_value("")
    assert stage.jotted() == ["still here", "and more"]
    assert [words for words in lin.complaints if "40" not in words] == []  # 401 and 403 are named, nothing else is


def test_somebody_else_signed_in_beside(stage: Stage) -> None:
    # On a shared computer: Lin's words are not sent as Ben's, and Lin's page doesn't show what is Ben's.
    lin = stage.enter("Lin")
    jot(lin.page).fill("only Lin’s")
    stage.do("offer", text="Say who rings whom before we leave the room")
    expect(lin.page.get_by_text("Ben offers a point")).to_be_visible()
    stage.sign_in_beside(lin, "Ben")
    keep(lin.page)
    said = lin.page.get_by_text("Somebody else is signed in here now, so nothing was sent.")
    expect(said).to_be_visible()
    stage.do("offer", text="Agree beforehand who waits at the gate")
    lin.page.wait_for_timeout(500)
    expect(jot(lin.page)).to_have_value("only Lin’s")
    expect(lin.page.get_by_text("You offered")).to_have_count(0)
    assert stage.jotted() == []
    # Lin again: sent.
    stage.sign_in_beside(lin, "Lin")
    keep(lin.page)
    expect(jot(lin.page)).to_have_value("")
    expect(said).to_be_hidden()
    assert stage.jotted() == ["only Lin’s"]


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
    expect(sol.page.get_by_text("No connection just now.")).to_be_visible()
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
    expect(words).to_have_value("What Ben wrote", timeout=20_000)
    expect(sol.page.locator("#beside").get_by_text("Sol’s words, which nobody has")).to_be_visible()
    sol.page.wait_for_timeout(1_000)  # longer than it takes to send
    expect(phone.page.locator("#readback").get_by_text("Sol’s words")).to_have_count(0)
    expect(words).to_have_value("What Ben wrote")


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
