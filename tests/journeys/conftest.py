"""A whole demo of one's own for the journeys: real PostgreSQL, Redis, web, worker, beat, ticker and SMTP; and browsers."""

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, expect, sync_playwright

from tests.journeys.backstage import Backstage

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-quic"]

expect.set_options(timeout=10_000)  # a story that says how quickly something comes gives a time of its own
LONGEST = ("every_field", "words_stay", "states", "screens", "whole_job", "handover", "visitor", "breaking")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest of these files first, so that no worker is left alone with one at the end."""
    ours = [at for at, item in enumerate(items) if "/journeys/" in item.nodeid]
    ranks = {f"test_{name}.py": rank for rank, name in enumerate(LONGEST)}
    ordered = sorted((items[at] for at in ours), key=lambda item: ranks.get(item.path.name, len(ranks)))
    for at, item in zip(ours, ordered, strict=True):
        items[at] = item


@dataclass(frozen=True)
class Stack:
    """The running product."""

    base: str
    folder: Path
    links: dict[str, str]

    def letters(self) -> list[dict[str, Any]]:
        """What the SMTP server took, the newest first."""
        with urllib.request.urlopen(f"{self.base}/demo/letters.json") as answer:
            found: list[dict[str, Any]] = json.load(answer)
        return found

    def letter(self, to: str, subject: str, *, within: float = 30) -> dict[str, Any]:
        """The newest letter to this address whose subject matches; waits for it."""
        ends = time.monotonic() + within
        while True:
            for letter in self.letters():
                if to in letter["to"] and re.search(subject, letter["subject"]):
                    return letter
            assert time.monotonic() < ends, (
                f"No letter to {to} with {subject!r}: {[x['subject'] for x in self.letters()]}"
            )
            time.sleep(0.2)


def _start(folder: Path, *more: str) -> tuple[subprocess.Popen[str], Stack]:
    without = (
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "REDIS_URL",
        "EMAIL_URL",
        "SECRET_KEY",
        "STATIC_STORAGE",
        "STATIC_FROM_SOURCE",
        "DEMO",
    )
    environ = {name: value for name, value in os.environ.items() if name not in without} | {"DEMO_DIR": str(folder)}
    log = (folder.parent / "demo.log").open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "config.demo", "run", "--port", "0", *more],
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=log,
        text=True,
    )
    assert process.stdout is not None
    links: dict[str, str] = {}
    for line in process.stdout:
        word, _, rest = line.strip().partition(" ")
        if word == "SIGN-IN":
            name, _, link = rest.partition(" ")
            links[name] = link
        if word == "READY":
            return process, Stack(rest, folder, links)
    process.wait()
    raise AssertionError((folder.parent / "demo.log").read_text())


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """One for all journeys, without the cast: each journey makes its own team."""
    process, running = _start(tmp_path_factory.mktemp("journey") / "demo", "--no-cast")
    yield running
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=20) == 0


@pytest.fixture(scope="session")
def backstage(stack: Stack) -> Iterator[Backstage]:
    """Teams and meetings in no time, for journeys that are about something else."""
    behind = Backstage(stack.folder)
    yield behind
    behind.end()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium, as `make test` found it."""
    path = os.environ.get("CHROMIUM")
    if not path:
        pytest.skip("no Chromium here")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield running
        running.close()


@dataclass
class Tab:
    """One person's browser, with everything it said to its console and everything that came over the wire."""

    page: Page
    context: BrowserContext
    complaints: list[str]
    heard: list[str]


Open = Callable[..., Tab]


@pytest.fixture
def open_tab(browser: Browser, stack: Stack, request: pytest.FixtureRequest) -> Iterator[Open]:
    """`open_tab(width=390)`: a browser of one's own. When the story fails, each one's last sight is kept in test-results/."""
    tabs: list[Tab] = []

    def opener(*, width: int = 1280, height: int = 860, **more: Any) -> Tab:
        context = browser.new_context(
            viewport={"width": width, "height": height}, base_url=stack.base, locale="en-GB", **more
        )
        context.set_default_timeout(10_000)
        page = context.new_page()
        page.get_by_text = page.locator("body > :not(#say)").get_by_text  # type: ignore[method-assign]  # what is seen
        tab = Tab(page, context, [], [])
        page.on("console", lambda message: _complain(tab, message))
        page.on("pageerror", lambda error: tab.complaints.append(str(error)))
        page.on("response", lambda response: _hear(tab, response))
        session = context.new_cdp_session(page)
        session.send("Network.enable")
        session.on("Network.eventSourceMessageReceived", lambda event: tab.heard.append(event["data"]))
        tabs.append(tab)
        return tab

    before = request.session.testsfailed
    yield opener
    for number, tab in enumerate(tabs):
        if request.session.testsfailed > before:
            tab.page.screenshot(path=ROOT / "test-results" / f"{request.node.name}-{number}.png")
        tab.context.close()


def _complain(tab: Tab, message: ConsoleMessage) -> None:
    if message.type == "error":
        tab.complaints.append(message.text)


def _hear(tab: Tab, response: Any) -> None:
    kind = response.headers.get("content-type", "")
    if kind.startswith(("text/html", "application/json")) and response.request.resource_type in (
        "document",
        "fetch",
        "xhr",
    ):
        try:
            tab.heard.append(response.text())
        except Exception:  # a redirect has no body; a page that was left keeps none
            return
