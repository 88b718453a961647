"""The whole job, as a story: from signing in to the mailed summary, on four screens at once, with a real worker and real SMTP."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.journeys.conftest import Open, Stack, Tab

pytestmark = pytest.mark.browser

QUESTION = "What are the learning points about practice that might be generalisable from this discussion?"
CANARIES = ("zanzibar kingfisher", "marzipan lighthouse", "velvet harpoon")
NAMES = {"Ada": "Ada Okafor", "Lin": "Lin Chen", "Sol": "Sol Rivera", "Ben": "Ben Marsh"}


def address(name: str) -> str:
    return f"{name.lower()}@journey.example"


def sign_in(tab: Tab, stack: Stack, name: str) -> None:
    """By a code sent by mail; the code field sends itself when it is full."""
    page = tab.page
    page.get_by_label("E-mail").fill(address(name))
    page.get_by_role("button", name="Send me a code").click()
    code = re.search(r"\b\d{6}\b", stack.letter(address(name), r"\d{6}|code|digits")["text"])
    assert code
    page.get_by_label("Six digits").press_sequentially(code[0])
    page.wait_for_url(lambda url: "/sign-in/" not in url)


def come_in(tab: Tab, stack: Stack, name: str) -> None:
    """Through the link of the invitation: a look uses nothing up, the button does."""
    link = re.search(r"http\S+/invitation/\S+", stack.letter(address(name), "asks|invit|Join|join|Harbour")["text"])
    assert link
    tab.page.goto(link[0])
    tab.page.get_by_role("link", name="Sign in to come in").click()
    sign_in(tab, stack, name)
    tab.page.get_by_label("Your name").fill(NAMES[name])
    tab.page.get_by_role("button", name="Come in").click()
    expect(tab.page).to_have_url(re.compile("/t/journey-street/$"))


def add_item(page: Page, kind: str, minutes: int, *, label: str = "", who: str = "") -> None:
    page.get_by_role("link", name=f"Add {kind}").click()
    if label:
        page.get_by_label("Item", exact=True).fill(label)
    if who:
        page.get_by_label("Who brings it").select_option(label=who)
    page.get_by_label("Minutes", exact=True).last.fill(str(minutes))
    page.get_by_role("button", name="Add it").click()


def ask(page: Page, seat: str, who: str, opens: str) -> None:
    """Ask somebody to take a seat, on the plan's page."""
    page.locator("summary", has_text=opens).filter(has_text=seat).click()
    page.locator("details[open]").get_by_role("combobox").select_option(label=who)
    page.locator("details[open]").get_by_role("button", name="Done").click()


def test_from_sign_in_to_the_mailed_summary(stack: Stack, open_tab: Open) -> None:
    # 1. Mo signs in by a code, makes a team, invites the others; they accept.
    mo = open_tab()
    mo.page.goto("/")
    sign_in(mo, stack, "Mo")
    mo.page.get_by_role("link", name="Make a team").click()
    mo.page.get_by_label("Name of the team").fill("Journey Street")
    mo.page.get_by_label("Your own name").fill("Mo Haddad")
    mo.page.get_by_role("button", name="Make the team").click()
    expect(mo.page.get_by_role("heading", name="Welcome. Nothing here yet.")).to_be_visible()
    mo.page.get_by_role("link", name="Invite the team").click()
    for name in NAMES:
        mo.page.get_by_label("E-mail").fill(address(name))
        mo.page.get_by_role("button", name="Send invitation").click()
        expect(mo.page.get_by_text(f"Invitation sent to {address(name)}")).to_be_visible()
    ada, lin, sol, ben = open_tab(), open_tab(width=390, height=844), open_tab(), open_tab()
    for name, tab in (("Ada", ada), ("Lin", lin), ("Sol", sol), ("Ben", ben)):
        come_in(tab, stack, name)
    otto = open_tab()
    otto.page.goto("/")
    sign_in(otto, stack, "Otto")

    # 2. Mo plans a meeting that begins in five minutes; Ada chairs, Lin keeps learning in mind, Sol scribes.
    page = mo.page
    page.goto("/t/journey-street/meetings/new/")
    starts = datetime.now(ZoneInfo("Europe/London")) + timedelta(minutes=5)
    page.get_by_label("Date").fill(f"{starts:%Y-%m-%d}")
    page.get_by_label("From").fill(f"{starts:%H:%M}")
    page.get_by_role("button", name="Plan it").click()
    add_item(page, "a case", 10, who="Ben")
    add_item(page, "a case", 10, who="Mo")
    # Mo is the lead, so the rule proposed Mo; one tap appoints Lin.
    ask(page, "Who keeps our learning in mind", "Lin", "Ask someone else")
    ask(page, "Chair", "Ada", "Change")
    ask(page, "Scribe", "Sol", "Change")
    expect(page.get_by_text("Lin keeps our learning in mind")).to_be_visible()
    assert page.locator(".agenda .name").all_inner_texts() == [
        "Look-back",
        "Case 1 · Ben",
        "Case 2 · Mo",
        "Business",
        "Read-back",
        "Dates",
    ]

    # 3. The room is open on Ada's laptop, Lin's phone, Ben's laptop and the wall.
    room = page.get_by_role("link", name="Back to the room").get_attribute("href")
    assert room
    for tab in (ada, lin, ben, sol):
        tab.page.goto(room)
        expect(tab.page.locator("main[data-state=live]")).to_be_visible()
        expect(tab.page.get_by_role("heading", level=1)).to_have_text(QUESTION)
    wall = open_tab(width=1920, height=1080)
    code = ada.page.locator("#pane-agenda summary strong").inner_text()
    wall.page.goto("/wall/")
    wall.page.get_by_label("The code of the meeting").fill(code.lower())
    wall.page.keyboard.press("Enter")
    expect(wall.page.get_by_role("heading", level=1)).to_have_text(QUESTION)
    expect(wall.page.locator("main[data-state=live]")).to_be_visible()
    for tab in (ada, ben, sol, wall):
        expect(tab.page.get_by_text("Lin keeps our learning in mind").first).to_be_visible()
    expect(lin.page.get_by_text("You keep our learning in mind").first).to_be_visible()

    # 4. Ada begins, moves on, marks a task; every screen follows without reload.
    for tab in (ada, lin, ben, sol, wall):
        tab.page.evaluate("window.neverReloaded = true")
    who_is_here(ada.page)
    ada.page.evaluate("window.neverReloaded = false")  # Begin is a plain form for whoever taps it
    ada.page.get_by_role("button", name="Begin").click()
    expect(ada.page.get_by_role("button", name="Next: Case 1 · Ben")).to_be_visible()
    ada.page.evaluate("window.neverReloaded = true")
    expect(lin.page.get_by_label("Jot what you notice")).to_be_visible()
    expect(ben.page.locator("#now .what")).to_have_text("Look-back")
    ada.page.get_by_role("button", name="Next: Case 1 · Ben").click()
    for tab in (ada, ben, sol):
        expect(tab.page.locator("#now .what")).to_have_text("Case 1 · Ben")
    expect(wall.page.locator("#now")).to_contain_text("Case 1 · Ben")
    ada.page.get_by_label("What the worker wants from this talk").select_option(label="think about engagement")
    ada.page.get_by_role("button", name="Task marked").click()
    expect(ben.page.get_by_text("Task marked: think about engagement")).to_be_visible()

    # 5. Lin jots three times; Ben offers a point, which waits in Lin's tray.
    jot = lin.page.get_by_label("Jot what you notice")
    for words in CANARIES:
        jot.fill(words)
        jot.press("Control+Enter")
        expect(jot).to_have_value("")
    expect(lin.page.get_by_text("3 kept").first).to_be_visible()
    ben.page.get_by_label("Offer a learning point").fill("Say who rings whom before we leave the room")
    ben.page.get_by_role("button", name="Offer to Lin").click()
    expect(lin.page.get_by_text("Ben offers a point").first).to_be_visible()
    expect(ben.page.get_by_text("You offered").first).to_be_visible()

    # 6. Lin puts two in words that fit any case, and takes Ben's. The guard stops an NHS number; the words stay.
    lin.page.get_by_role("button", name="Take it").click()
    expect(lin.page.get_by_text("Waiting for the read-back").first).to_be_visible()
    raise_first(lin.page, "Ring the day before, see 943 476 5919")
    expect(lin.page.get_by_text("This looks like an NHS number")).to_be_visible()
    field = lin.page.get_by_label("In words that fit any case")
    expect(field).to_have_value("Ring the day before, see 943 476 5919")
    field.fill("A short call the day before makes a first visit easier to keep")
    lin.page.get_by_role("button", name="Raise at the read-back").click()
    raise_first(lin.page, "When two services disagree, ask each what worries them most")
    expect(lin.page.get_by_label("Jot what you notice")).to_be_visible()
    for tab in (ada, ben, sol, wall):
        assert "A short call" not in tab.page.content()  # by the default rule, points wait for the read-back

    for title in ("Case 2 · Mo", "Business", "Read-back"):
        ada.page.get_by_role("button", name=f"Next: {title}").click()
    lin.page.locator("#due").get_by_role("link", name="Pick points to read back").click()
    boxes = lin.page.get_by_role("checkbox")
    expect(boxes).to_have_count(3)
    for index in range(3):
        boxes.nth(index).set_checked(True)
    lin.page.get_by_role("button", name=re.compile("Read back")).click()
    for tab in (ada, ben, sol):
        expect(tab.page.get_by_role("heading", name="Lin reads back")).to_be_visible()
    expect(wall.page.get_by_text("Lin reads back")).to_be_visible()
    expect(
        wall.page.locator("#readback").get_by_text("A short call the day before makes a first visit easier to keep")
    ).to_be_visible()
    ada.page.get_by_role("button", name="Start with 1").click()

    # Sol has the pen: everybody sees the words as they grow.
    pen = sol.page.get_by_label("What we learned")
    expect(pen).to_have_value("Say who rings whom before we leave the room")
    pen.press("End")
    pen.press_sequentially(", and write it down")
    for tab in (ada, ben, lin, wall):
        expect(tab.page.locator(".the-point")).to_have_text(
            "Say who rings whom before we leave the room, and write it down"
        )
    sol.page.get_by_label("Who sees to it").select_option(label="Ben")
    sol.page.get_by_role("button", name="Agreed by those here").click()
    expect(ben.page.get_by_role("heading", name="Read-back, point 2 of 3")).to_be_visible()
    expect(pen).to_have_value("A short call the day before makes a first visit easier to keep")
    # Ben takes the pen from Sol, and parks this one.
    ben.page.get_by_role("button", name="Take the pen").click()
    expect(sol.page.get_by_text("Ben has the pen")).to_be_visible()
    ben.page.get_by_role("button", name="Park it").click()
    expect(ben.page.get_by_label("What we learned")).to_have_value(
        "When two services disagree, ask each what worries them most"
    )
    expect(ada.page.get_by_role("heading", name="Read-back, point 3 of 3")).to_be_visible()
    ben.page.get_by_role("button", name="Leave it").click()
    for tab in (ada, sol):
        expect(tab.page.get_by_role("heading", name="1 agreed, 1 parked, 1 left")).to_be_visible()
    for tab in (ada, ben, sol, wall):
        assert tab.page.evaluate("window.neverReloaded") is True

    # 7. Ada closes; Celery sends Lin the prompt, without a jotting and without a point's words.
    expect(ada.page.get_by_role("button", name="Close the meeting")).to_be_visible()
    ada.page.get_by_role("button", name="Close the meeting").first.click()
    expect(ada.page.get_by_role("heading", name="What we learned")).to_be_visible()
    prompt = stack.letter(address("Lin"), "ready to send|to send")
    assert "who rings whom" not in prompt["text"] + prompt["html"]
    link = re.search(r"http\S+/summary/", prompt["text"])
    assert link
    expect(lin.page.get_by_role("heading", name="What we learned")).to_be_visible()  # Lin's phone has followed
    lin.page.goto(link[0])
    lin.page.get_by_label(re.compile("A line from you")).fill("Thank you for staying with the second one.")
    lin.page.get_by_role("button", name="Send to 5 people").click()
    for name in ("Mo", *NAMES):  # Mo was not even there
        letter = stack.letter(address(name), "what we learned")
        assert "Say who rings whom before we leave the room, and write it down" in letter["text"]
        assert "Thank you for staying with the second one." in letter["text"]
    ours = [letter for letter in stack.letters() if letter["to"].endswith("@journey.example")]
    summaries = [letter for letter in ours if "what we learned" in letter["subject"]]
    assert sorted(letter["to"] for letter in summaries) == sorted(address(name) for name in ("Mo", *NAMES))
    assert len({letter["message_id"] for letter in summaries}) == 5

    # Stranger Otto gets nothing by mail but his code, and 404 everywhere.
    assert [
        letter
        for letter in stack.letters()
        if address("Otto") in letter["to"]
        and "code" not in letter["subject"].lower()
        and not re.search(r"\d{6}", letter["text"])
    ] == []
    for path in (
        "/t/journey-street/",
        room,
        "/t/journey-street/people/",
        room + "summary/",
        room + "plan/",
        "/t/journey-street/learning/",
    ):
        answer = otto.page.goto(path)
        assert answer is not None
        assert answer.status == 404, path

    # 8. The meeting's page says what was agreed and to whom the summary went; Mo's page counts it.
    ben.page.goto(room)
    expect(ben.page.get_by_text("Say who rings whom before we leave the room, and write it down")).to_be_visible()
    expect(ben.page.get_by_text(re.compile("Sent to 5"))).to_be_visible()
    mo.page.goto("/t/journey-street/learning/")
    for words in ("1 of 1",):
        assert mo.page.get_by_text(words).count() >= 4  # held, somebody kept learning in mind, read-back, summary

    # Nobody but Lin ever saw a jotting: on no page, in no fragment, on no stream, in no letter.
    for canary in CANARIES:
        assert any(canary in words for words in lin.heard)
        for tab in (mo, ada, sol, ben, wall, otto):
            assert not any(canary in words for words in tab.heard)
        for letter in stack.letters():
            assert canary not in letter["text"] + letter["html"] + letter["subject"]
    # And no screen complained: no violation of the Content-Security-Policy, no error of a script.
    for tab in (mo, ada, lin, sol, ben, wall):
        assert [words for words in tab.complaints if "422" not in words and "404" not in words] == []


def who_is_here(page: Page) -> None:
    """Somebody ticks who is here."""
    page.get_by_role("button", name="Everyone invited is here").click()
    expect(page.get_by_role("checkbox", name="Ben")).to_be_checked()


def raise_first(page: Page, words: str) -> None:
    """Raise the newest jotting, in words that fit any case."""
    page.locator("summary", has_text="kept").click()
    page.get_by_role("link", name="Raise").first.click()
    page.get_by_label("In words that fit any case").fill(words)
    page.get_by_role("button", name="Raise at the read-back").click()
