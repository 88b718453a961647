"""A whole meeting by the keyboard alone, from the sign-in link to the summary; and what the page says aloud meanwhile."""

import re
import time

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open

pytestmark = pytest.mark.browser

SLUG = "by-keyboard"
POINT = "In any case: just jot it down, now or never, until ?"  # every key of the room is in it
OFFERED = "Say who rings whom before we leave the room"
FOCUSED = r"""() => {
  const at = document.activeElement, box = at.getBoundingClientRect(), style = getComputedStyle(at);
  const over = document.elementFromPoint(box.x + box.width / 2, Math.min(box.bottom - 2, box.y + box.height / 2));
  return {
    tag: at.localName, html: at.outerHTML.slice(0, 160),
    words: [at.labels?.[0] || at, at].map((each) => each.textContent.replace(/\s+/g, " ").trim()).join(" "),
    ringed: at.matches(":focus-visible") && style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 1,
    covered: !over || !(at.contains(over) || over.contains(at) || at.labels?.[0]?.contains(over)),
  };
}"""
LIVE = "[aria-live], [role=status], [role=alert], [role=log], output"
LISTENS = """document.addEventListener("DOMContentLoaded", () => {
  const place = document.getElementById("say");
  new MutationObserver(() => {
    if (place.textContent) sessionStorage.heard = JSON.stringify([...JSON.parse(sessionStorage.heard || "[]"), place.textContent]);
  }).observe(place, { childList: true, characterData: true, subtree: true });
});"""


class Hands:
    """Somebody at a keyboard, who looks at nothing but what has the focus."""

    def __init__(self, page: Page) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def write(self, words: str) -> None:
        self.page.keyboard.type(words)

    def at(self) -> str:
        """What has the focus, as a screen reader names it: `button "Begin"`."""
        return self.page.locator("*:focus").aria_snapshot().split("\n")[0].removeprefix("- ")

    def to(self, name: str, key: str = "Tab", within: int = 60) -> None:
        """On and on, until what has the focus has this role and name; each place that is passed is seen, and lies under nothing."""
        passed = []
        for _step in range(within):
            self.press(key)
            found = self.page.evaluate(FOCUSED)
            if found["tag"] == "body":
                continue  # round again, past the browser's own
            assert found["ringed"], f"no ring: {found['html']}"
            assert not found["covered"], f"under something else: {found['html']}"
            passed.append(found["words"])
            if re.search(name.partition('"')[2].strip('"') or name, found["words"]) and re.search(name, self.at()):
                return
        raise AssertionError(f"{name!r} isn't among {passed}")

    def does(self, name: str, key: str = "Enter") -> None:
        self.to(name)
        self.press(key)

    def hears(self, words: str) -> None:
        """The page says so, before anything else happens."""
        ends = time.monotonic() + 5
        while not self.heard() or self.heard()[-1] != words:
            assert time.monotonic() < ends, self.heard()
            self.page.wait_for_timeout(50)

    def heard(self) -> list[str]:
        said: list[str] = self.page.evaluate("JSON.parse(sessionStorage.heard || '[]')")
        return said

    def keeps_the_place(self) -> None:
        """After what was pressed has gone from the page: the next Tab goes on from there, not from the top."""
        for _wait in range(10):
            self.page.wait_for_timeout(100)
            if self.page.evaluate("document.activeElement.localName") != "body":
                return
        raise AssertionError("Nothing has the focus.")


def test_a_meeting_by_keyboard(backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug=SLUG, name="By Keyboard")
    meeting = backstage("meeting", slug=SLUG, seated=False, begun=False)
    tabs = {name: open_tab() for name in ("Ada", "Lin", "Sol", "Ben")}
    tabs["Ben"].context.add_init_script(LISTENS)
    ada, lin, sol, ben = (Hands(tab.page) for tab in tabs.values())
    for name, hands in zip(tabs, (ada, lin, sol, ben), strict=True):
        hands.page.goto(links[name])
        hands.does('link "Open the room"')
        hands.page.wait_for_url(re.compile(f"/m/{meeting}/"))
        expect(hands.page.locator("main[data-state=live]")).to_be_attached()
        assert hands.page.locator(LIVE).count() == 1
    now = ada.page.locator("#now .what")

    # Seats, who is here, begin.
    ada.does("I’ll chair for now")
    ada.keeps_the_place()
    lin.does('button "I will"', "Space")
    lin.keeps_the_place()
    sol.does("I’ll be scribe")
    sol.keeps_the_place()
    expect(ada.page.locator("#roll")).to_contain_text("Sol")
    ada.does("Everyone invited is here")
    expect(ada.page.get_by_role("checkbox", name="Mo")).to_be_checked()
    ada.does('checkbox "Mo"', "Space")
    expect(ada.page.locator("#undo")).to_contain_text("You unticked")
    ada.does('button "Begin"')
    expect(now).to_have_text("Look-back")
    ben.hears("Now: Look-back.")
    expect(lin.page.get_by_label("Jot what you notice")).to_be_visible()

    # On to the first case; five minutes more, undone; the task.
    ada.does("Next: Case 1 · Ben")
    expect(now).to_have_text("Case 1 · Ben")
    expect(ada.page.get_by_role("button", name="Next: Winter rota · Mo")).to_be_visible()
    ada.keeps_the_place()
    ada.does("5 more minutes")
    expect(ada.page.locator("#agenda li.now .minutes")).to_have_text("15 min")
    ada.press("u")
    expect(ada.page.locator("#agenda li.now .minutes")).to_have_text("10 min")
    ada.keeps_the_place()
    ada.to('combobox "What the worker wants')
    ada.press("ArrowDown", "Tab", "Enter")
    expect(ada.page.get_by_text("Task marked:")).to_be_visible()
    ben.hears("Task marked.")
    ada.keeps_the_place()
    ada.to("Add a case|Next:")  # and goes on from there

    # The keys are shown, and can be turned off; then they do nothing, until they are turned on again.
    ada.press("?")
    keys = ada.page.get_by_role("region", name="Keys")
    for said in ("Ctrl Enter", "n Next: Winter rota · Mo", "Show or hide this"):
        expect(keys).to_contain_text(re.compile(said.replace(" ", r"\s*")))
    ada.does('checkbox "Use these keys', "Space")
    ada.press("Escape", "n", "?")
    expect(keys).to_have_count(0)
    ada.does('button "Keys"')
    ada.does('checkbox "Use these keys', "Space")
    ada.press("Escape")
    assert ada.at() == 'button "Keys"'
    expect(now).to_have_text("Case 1 · Ben")

    # Lin jots, and takes what Ben offers; raises one in words that fit any case; puts the two in order.
    lin.press("j")
    lin.write("rang first, calmer")
    lin.press("Control+Enter")
    expect(lin.page.locator("#kept")).to_contain_text("1 kept")
    assert 'textbox "Jot what you notice"' in lin.at()
    ben.press("o")
    ben.write(OFFERED)
    ben.press("Control+Enter")
    expect(ben.page.locator("#tray")).to_contain_text("You offered")
    ben.hears("You offered")
    expect(lin.page.locator("#tray")).to_contain_text("Ben offers a point")
    lin.does('button "Take it"')
    expect(lin.page.locator("#waiting")).to_be_attached()
    lin.keeps_the_place()
    ben.hears("You offered, and it was taken")
    lin.does("1 kept")
    lin.does('link "Raise"')
    expect(lin.page.get_by_label("In words that fit any case")).to_be_focused()
    lin.write(POINT)
    lin.press("Control+Enter")
    expect(lin.page.locator("#waiting")).to_contain_text(re.compile("Waiting.*2"))
    lin.does("Waiting for the read-back")
    lin.does('button "Down ?, point 1"')
    expect(lin.page.locator("#waiting .words").first).to_have_text(POINT)
    lin.keeps_the_place()

    # The read-back: by the one key that moves on, by the strip, and by the pen's own.
    for title in ("Winter rota · Mo", "Read-back"):
        ada.press("n")
        expect(now).to_have_text(title)
        ben.hears({"Read-back": "Read-back is due."}.get(title, f"Now: {title}."))
        expect(ada.page.get_by_role("button", name=f"Next: {title}")).to_have_count(0)
    lin.does("Pick points to read back")
    expect(lin.page.get_by_role("heading", name="Pick up to three")).to_be_visible()
    lin.does('button "Read back these two"')
    expect(ada.page.get_by_role("heading", name="Lin reads back")).to_be_visible()
    ben.hears("Read-back has begun.")
    ada.does('button "Start with 1"')
    expect(ada.page.get_by_role("heading", name="point 1 of 2")).to_be_visible()
    ada.keeps_the_place()
    pen = sol.page.get_by_label("What we learned")
    expect(pen).to_have_value(POINT)
    sol.press("w", "Control+End")
    sol.write(" not")
    expect(ben.page.locator(".the-point")).to_have_text(f"{POINT} not")
    ben.hears("Read-back, point 1 of 2.")
    sol.does('button "Agreed by those here"')
    expect(pen).to_have_value(OFFERED)
    sol.keeps_the_place()
    ben.hears("Read-back, point 2 of 2.")
    ben.does("I see it differently")
    ben.to('textbox "How you see it"')
    ben.write("It may not help every time")
    ben.press("Control+Enter")
    expect(ada.page.locator(".view")).to_contain_text("It may not help every time")
    ben.hears("A different view of point 2 is kept.")
    sol.does('button "Park it"')
    expect(ada.page.get_by_role("heading", name="1 agreed, 1 parked")).to_be_visible()
    ben.hears("Read-back is over, 1 agreed.")
    ada.does('button "Close the meeting"')
    expect(ada.page.get_by_role("heading", name="What we learned")).to_be_visible()

    # The summary.
    expect(lin.page.get_by_role("heading", name="What we learned")).to_be_visible()
    lin.does('link "Write the summary"')
    expect(lin.page.get_by_role("heading", name="As it will be read")).to_be_visible()
    lin.to('textbox "A line from you')
    lin.write("Thank you all.")
    lin.does('button "Send to 5 people"')
    expect(lin.page.get_by_text("Sent to 5").first).to_be_visible()

    # What Ben heard, each thing once: neither letters as they were typed, nor minutes as they went by.
    expect(ben.page.get_by_role("heading", name="What we learned")).to_be_visible()
    assert ben.heard() == [
        "Lin keeps our learning in mind.",
        "Now: Look-back.",
        "Now: Case 1 · Ben.",
        "Task marked.",
        "You offered",
        "You offered, and it was taken",
        "Now: Winter rota · Mo.",
        "Read-back is due.",
        "Read-back has begun.",
        "Read-back, point 1 of 2.",
        "Read-back, point 2 of 2.",
        "A different view of point 2 is kept.",
        "Read-back is over, 1 agreed.",
    ]
    for tab in tabs.values():
        assert tab.complaints == []
