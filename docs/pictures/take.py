"""The README's pictures, taken from the demo in a real browser: `make pictures`.

A demo of its own begins (on a free port, forgotten afterwards), the cast meets, and what they see is kept beside this file:
holder.png (the holder's phone), member.png (a member's laptop), wall.png (the shared screen), read-back.png (whoever has the pen).
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect, sync_playwright

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking"]
POINT = "A short call the day before makes a first visit easier to keep"
GROWN = "A short call the day before makes a first visit easier for people to keep"


def main() -> int:
    path = os.environ.get("CHROMIUM")
    if not path:
        sys.stderr.write("make pictures: no Chromium here\n")
        return 1
    with demo() as links, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        story(browser, links)
        browser.close()
    return 0


@contextmanager
def demo() -> Iterator[dict[str, str]]:
    """A demo that begins, each person's link, and its end."""
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "config.demo", "run", "--port", "0"],
            cwd=ROOT,
            env=os.environ | {"DEMO_DIR": str(Path(folder) / "demo")},
            stdout=subprocess.PIPE,
            text=True,
        )
        assert process.stdout is not None
        links = {}
        for line in process.stdout:
            word, _, rest = line.strip().partition(" ")
            if word == "SIGN-IN":
                name, _, link = rest.partition(" ")
                links[name] = link
            if word == "READY":
                break
        try:
            yield links
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)


def story(browser: Browser, links: dict[str, str]) -> None:
    """A meeting, up to the first point of its read-back."""

    def enter(name: str, width: int, height: int) -> Page:
        page = browser.new_context(
            viewport={"width": width, "height": height}, device_scale_factor=1.5 if width < 500 else 1, locale="en-GB"
        ).new_page()
        page.goto(links[name])
        page.get_by_role("link", name="Open the room").click()
        return page

    ada = enter("Ada", 1280, 800)
    ada.get_by_role("button", name="Begin").click()
    expect(ada.locator("main[data-state=live]")).to_be_visible()
    lin, ben, sol = enter("Lin", 412, 915), enter("Ben", 1280, 800), enter("Sol", 1280, 700)
    for _ in range(6):
        if "Case" in ada.locator("#now .what").inner_text():
            break
        ada.get_by_role("button", name=re.compile("^Next:")).first.click()
        ada.wait_for_timeout(700)
    ada.get_by_label("What the worker wants from this talk").select_option(label="think about engagement")
    ada.get_by_role("button", name="Task marked").click()
    for words in ("rang first, calmer at the door", "asked each service what worries them most"):
        lin.get_by_label("Jot what you notice").fill(words)
        lin.get_by_role("button", name="Keep", exact=True).click()
        expect(lin.get_by_label("Jot what you notice")).to_have_value("")
    ben.get_by_label("Offer a learning point").fill("Say who rings whom before we leave the room")
    keep(ben, "member")
    ben.get_by_role("button", name=re.compile("^Offer")).click()
    expect(lin.get_by_text("Ben offers a point").first).to_be_visible()
    keep(lin, "holder")
    code = re.findall(r"[A-Z]{3} ?\d{3}", ben.locator("#pane-agenda").inner_text())[0]
    wall = browser.new_context(viewport={"width": 1920, "height": 1080}).new_page()
    wall.goto(ada.url.split("/t/")[0] + "/wall/")
    wall.get_by_label(re.compile("code", re.IGNORECASE)).fill(code)
    wall.get_by_role("button", name="Show it").click()
    expect(wall.locator("main[data-state=live]")).to_be_visible()
    keep(wall, "wall")
    lin.get_by_text("Show mine").click()
    lin.get_by_role("link", name="Raise").last.click()
    lin.get_by_label("In words that fit any case").fill(POINT)
    lin.get_by_role("button", name=re.compile("^Raise")).click()
    lin.get_by_role("link", name=re.compile("^Pick points")).first.click()
    lin.get_by_role("button", name=re.compile("^Read back")).click()
    lin.get_by_role("button", name="Start with 1").click()
    field = sol.get_by_label("What we learned")
    field.fill(GROWN)
    sol.get_by_label(re.compile("^When it applies")).fill("first visits after a missed one")
    sol.get_by_label(re.compile("^What we will do")).fill("ring the day before")
    sol.get_by_label("Who sees to it").select_option(label="Ben")
    expect(ben.locator("#readback .the-point")).to_have_text(GROWN)
    expect(ben.locator("#readback")).to_contain_text("ring the day before")
    field.focus()
    keep(sol, "read-back")


def keep(page: Page, name: str) -> None:
    page.wait_for_timeout(600)  # fonts, and the last push
    page.screenshot(path=HERE / f"{name}.png")
    sys.stdout.write(f"docs/pictures/{name}.png\n")


if __name__ == "__main__":
    sys.exit(main())
