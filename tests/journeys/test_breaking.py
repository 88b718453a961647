"""What breaks in mid-meeting, and what people notice of it: a little later, never lost, never twice, never somebody else's."""

import json
import os
import re
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from playwright.sync_api import Page, Response, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Stack, Tab

pytestmark = pytest.mark.browser

# Each live and each personal piece of a room, without what is inside it and a piece of its own, and without what is made anew for
# each page: tokens, nonces, keys, and what the browser's clock says.
SHOWN = """() => {
  const pieces = "[hx-get][id], [data-rev][id]:not(main)";
  return Object.fromEntries([...document.querySelectorAll(pieces)].map((piece) => {
    const copy = piece.cloneNode(true);
    for (const inner of copy.querySelectorAll(pieces)) inner.replaceWith(`[${inner.id}]`);
    for (const part of [copy, ...copy.querySelectorAll("*")]) {
      for (const name of ["nonce", "hx-nonce", "data-htmx-powered", "data-busy", "open"]) part.removeAttribute(name);
      if (part.matches("[name=csrfmiddlewaretoken], [name=key]")) part.removeAttribute("value");
      if (part.matches("[data-ends], [data-clock], [data-words][hidden]")) part.textContent = "";
      if (part.matches("[data-due]")) part.hidden = false;
      if (part.matches("[data-kept]")) { part.textContent = ""; part.dataset.kept = ""; }
    }
    return [piece.id, copy.outerHTML.replace(/\\s+/g, " ").replace(/> </g, "><")];
  }));
}"""


@dataclass
class Room:
    """One live meeting of a team of its own."""

    backstage: Backstage
    open_tab: Open
    slug: str
    links: dict[str, str]
    meeting: int

    @property
    def path(self) -> str:
        return f"/t/{self.slug}/m/{self.meeting}/"

    def enter(self, name: str, **more: Any) -> Tab:
        """Somebody's browser, with the room open and its stream running."""
        tab = self.open_tab(**more)
        tab.page.goto(self.links[name])
        tab.page.goto(self.path)
        expect(tab.page.locator("main[data-state=live]")).to_be_visible()
        tab.page.evaluate("() => { window.neverReloaded = true; }")
        return tab

    def do(self, what: str, **given: Any) -> Any:
        return self.backstage(what, slug=self.slug, meeting=self.meeting, **given)

    def jotted(self) -> list[str]:
        found: list[str] = self.backstage("jotted", meeting=self.meeting)
        return found


@pytest.fixture
def room(backstage: Backstage, open_tab: Open, request: pytest.FixtureRequest) -> Room:
    slug = request.node.name.removeprefix("test_").replace("_", "-")[:40]
    links = backstage("team", slug=slug, name=slug.replace("-", " ").capitalize())
    return Room(backstage, open_tab, slug, links, backstage("meeting", slug=slug))


def soon(true: Callable[[], object], within: float = 20) -> None:
    """Wait until it is so."""
    ends = time.monotonic() + within
    while not true():
        assert time.monotonic() < ends, "it never came to be so"
        time.sleep(0.05)


def pid_of(stack: Stack, name: str) -> int:
    return int(json.loads((stack.folder / "processes.json").read_text())[name])


def kill(stack: Stack, name: str) -> Callable[[], None]:
    """As the kernel would. What is returned waits until the supervisor has started it again."""
    killed = pid_of(stack, name)
    os.kill(killed, signal.SIGKILL)
    return lambda: soon(lambda: pid_of(stack, name) != killed)


def same_as_fresh(tab: Tab, path: str) -> None:
    """What this page shows is what the same person gets who opens it now."""
    fresh = tab.context.new_page()
    fresh.goto(path)
    expect(fresh.locator("main[data-state=live]")).to_be_visible()
    wanted = fresh.evaluate(SHOWN)
    assert {"agenda", "now", "letterhead", "raised", "readback", "when", "controls", "roll", "desk"} <= wanted.keys()
    fresh.close()
    shown = tab.page.evaluate(SHOWN)
    assert {name: (html, wanted.get(name)) for name, html in shown.items() if html != wanted.get(name)} == {}
    assert shown.keys() == wanted.keys()
    assert tab.page.evaluate("window.neverReloaded") is True


def on(page: Page) -> Any:
    return page.locator("#now .what")


def test_redis_dies(stack: Stack, room: Room) -> None:
    ada, lin = room.enter("Ada"), room.enter("Lin")
    answers: list[Response] = []
    for tab in (ada, lin):
        tab.page.on("response", lambda answer: answers.append(answer))
    back = kill(stack, "redis")
    ada.page.get_by_role("button", name="Next: Case 1 · Ben").click()
    lin.page.get_by_label("Jot what you notice").fill("the room went on")
    lin.page.get_by_role("button", name="Keep", exact=True).click()
    expect(lin.page.get_by_label("Jot what you notice")).to_have_value("")
    for tab in (ada, lin):
        expect(on(tab.page)).to_have_text("Case 1 · Ben")
    back()
    ada.page.get_by_role("button", name="Next: Winter rota · Mo").click()
    expect(on(lin.page)).to_have_text("Winter rota · Mo")
    assert [answer.url for answer in answers if answer.status >= 500] == []
    assert room.jotted() == ["the room went on"]


def test_the_worker_dies_while_a_letter_is_due(stack: Stack, room: Room) -> None:
    back = kill(stack, "worker")
    room.do("close")
    address = f"lin.chen@{room.slug}.example"
    first = stack.letter(address, "ready to send|to send")
    back()
    room.do("send", line="Thank you.")  # and the worker that was started again does its work
    stack.letter(address, "what we learned")
    assert [
        letter["message_id"] for letter in stack.letters() if "to send" in letter["subject"] and address in letter["to"]
    ] == [first["message_id"]]


def test_the_web_dies_in_mid_meeting(stack: Stack, room: Room) -> None:
    ada, lin = room.enter("Ada"), room.enter("Lin")
    jot = lin.page.get_by_label("Jot what you notice")
    jot.fill("half a thought")
    back = kill(stack, "web")
    room.do("next_item")
    room.do("offer", text="Say who rings whom before we leave the room")
    back()
    for tab in (ada, lin):
        expect(on(tab.page)).to_have_text("Case 1 · Ben", timeout=20_000)
        expect(tab.page.locator("main[data-state=live]")).to_be_visible(timeout=20_000)
    expect(lin.page.get_by_text("Ben offers a point").first).to_be_visible()
    expect(jot).to_have_value("half a thought")
    same_as_fresh(ada, room.path)
    same_as_fresh(lin, room.path)
    lin.page.get_by_role("button", name="Keep", exact=True).click()
    expect(jot).to_have_value("")
    assert room.jotted() == ["half a thought"]


def test_a_phone_without_connection(room: Room) -> None:
    lin = room.enter("Lin", width=390, height=844)
    jot = lin.page.get_by_label("Jot what you notice")
    jot.fill("in the lift")
    lin.context.set_offline(True)
    room.do("next_item")
    room.do("add_case")
    room.do("offer", text="Say who rings whom before we leave the room")
    lin.page.get_by_role("button", name="Keep", exact=True).click()
    expect(lin.page.get_by_text("1 waiting")).to_be_visible()
    expect(jot).to_have_value("")
    jot.fill("on the stairs")
    room.do("next_item")
    lin.context.set_offline(False)
    expect(on(lin.page)).to_have_text("Case 2 · Mo", timeout=20_000)
    expect(lin.page.locator("main[data-state=live]")).to_be_visible()
    expect(lin.page.get_by_text("Ben offers a point").first).to_be_visible()
    expect(lin.page.get_by_text("1 kept").first).to_be_visible(timeout=20_000)  # it went by itself
    expect(jot).to_have_value("on the stairs")
    same_as_fresh(lin, room.path)
    lin.page.get_by_role("button", name="Keep", exact=True).click()
    expect(jot).to_have_value("")
    expect(lin.page.get_by_text("2 kept").first).to_be_visible()
    assert room.jotted() == ["in the lift", "on the stairs"]


TWICE = """async () => {
  const form = document.querySelector("#jot-form");
  const send = () => fetch(form.action, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  return Promise.all([send(), send(), send()]).then((answers) => answers.map((answer) => answer.status));
}"""


def test_a_double_click_and_a_form_posted_twice(room: Room) -> None:
    lin = room.enter("Lin")
    jot = lin.page.get_by_label("Jot what you notice")
    jot.fill("once is enough")
    lin.page.get_by_role("button", name="Keep", exact=True).dblclick()
    expect(jot).to_have_value("")
    jot.fill("three posts of one form")
    assert lin.page.evaluate(TWICE) == [200, 200, 200]
    expect(lin.page.get_by_text("2 kept").first).to_be_visible()
    assert room.jotted() == ["once is enough", "three posts of one form"]


def test_somebody_is_taken_out(room: Room) -> None:
    ben = room.enter("Ben")
    room.backstage("take_out", slug=room.slug, name="Ben")
    expect(ben.page.locator("main[data-state=gone]")).to_be_visible(timeout=2_000)
    expect(ben.page.get_by_text("This page isn’t open to you any more.")).to_be_visible()
    answer = ben.page.goto(room.path)
    assert answer is not None
    assert answer.status == 404


def test_a_session_ends(room: Room) -> None:
    # It ran out: the next post says so, and the words stay.
    lin = room.enter("Lin")
    jot = lin.page.get_by_label("Jot what you notice")
    jot.fill("still here")
    assert room.backstage("end_sessions", slug=room.slug, name="Lin") == 1
    lin.page.get_by_role("button", name="Keep", exact=True).click()
    expect(lin.page.get_by_role("heading", name="You were signed out")).to_be_visible()
    expect(jot).to_be_hidden()
    assert room.jotted() == []
    # Signed in again in another tab, the words go.
    other = lin.context.new_page()
    other.goto(room.links["Lin"])
    other.close()
    expect(lin.page.get_by_text("1 kept").first).to_be_visible()
    expect(jot).to_have_value("")
    assert room.jotted() == ["still here"]


def test_somebody_else_signs_in_on_the_same_computer(room: Room) -> None:
    ben = room.enter("Ben")
    offer = ben.page.get_by_label("Offer a learning point")
    offer.fill("In nobody else’s name")
    other = ben.context.new_page()
    other.goto(room.links["Sol"])
    other.close()
    expect(ben.page.get_by_text(re.compile("Somebody else is signed in here now"))).to_be_visible()
    expect(offer).to_be_hidden()
    expect(offer).to_have_value("In nobody else’s name")
    assert room.backstage("offered", meeting=room.meeting) == []


def test_somebody_signs_out_in_another_tab(room: Room) -> None:
    ada = room.enter("Ada")
    other = ada.context.new_page()
    other.goto("/sign-out/")
    other.get_by_role("button", name="Sign out").click()
    expect(ada.page.locator("main[data-state=signed-out]")).to_be_visible()
    expect(ada.page.get_by_role("heading", name="You were signed out")).to_be_visible()


def test_two_tabs_change_the_same_item(backstage: Backstage, open_tab: Open) -> None:
    slug = "two-tabs"
    links = backstage("team", slug=slug, name="Two tabs")
    meeting = backstage("meeting", slug=slug, begun=False, days=7)
    [rota] = [pk for pk, title, _, _ in backstage("items", meeting=meeting) if title.startswith("Winter rota")]
    mo, ada = open_tab(), open_tab()
    for name, tab in (("Mo", mo), ("Ada", ada)):
        tab.page.goto(links[name])
        tab.page.goto(f"/t/{slug}/m/{meeting}/plan/?item={rota}")
    mo.page.get_by_label("Item", exact=True).fill("Spring rota")
    mo.page.get_by_role("button", name="Done").last.click()
    expect(mo.page.get_by_text("Spring rota · Mo", exact=True)).to_be_visible()
    field = ada.page.get_by_label("Item", exact=True)
    field.fill("Summer rota")
    with ada.page.expect_navigation() as going:
        ada.page.get_by_role("button", name="Done").last.click()
    assert going.value is not None
    assert going.value.status == 409
    expect(ada.page.get_by_text(re.compile("Somebody changed this while you were writing"))).to_be_visible()
    expect(ada.page.get_by_role("group", name="As it stands now").get_by_text("Spring rota")).to_be_visible()
    expect(field).to_have_value("Summer rota")
    assert [rota, "Spring rota · Mo", 15, "Spring rota"] in backstage("items", meeting=meeting)
    # Having seen both, Ada may decide.
    ada.page.get_by_role("button", name="Done").last.click()
    expect(ada.page.get_by_text("Summer rota · Mo", exact=True)).to_be_visible()
