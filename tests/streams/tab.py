"""A browser's tab without a browser: `static/js/live.js` and what htmx does for it, told in Python, so that thousands can be tried.

Line for line it does what live.js does (the real one is tried in a real browser, tests/journeys/test_streams.py): it connects, hears,
asks, falls back, hides; it swaps what is pushed, and fetches its own pieces when their subject is told. Where live.js is changed,
this is changed with it. `pace` makes its long waits shorter; what it waits within three seconds stays as it is.
"""

import asyncio
import contextlib
import json
import random
import re
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from time import monotonic
from typing import Any
from urllib.parse import urljoin

import aiohttp

from tests.streams.dom import Element, Page, read

OPEN, SILENT, ASK, AGAIN, TICK = 6.0, 25.0, 4.0, 120.0, 5.0
PIECE_DELAY = 0.03  # as `delay:30ms` beside each piece's trigger


@dataclass
class Tab:
    """One person's tab on one meeting. `port`: that of the door through which all of it goes."""

    name: str
    port: int
    path: str
    cookies: dict[str, str]
    chance: random.Random
    page: Page = field(init=False)
    state: str = "closed"
    heard: float = 0.0
    changed: float = 0.0  # when it last showed something new
    gaps: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)  # answers that nobody should ever get

    def __post_init__(self) -> None:
        self.http: aiohttp.ClientSession | None = None
        self.failures = self.swallowed = 0
        self.over = self.hidden = False
        self.stream: asyncio.Task[None] | None = None
        self.timer: asyncio.Task[None] | None = None
        self.asking: asyncio.Task[bool] | None = None
        self.came = 0  # how often somebody came back to it
        self.missed: set[str] = set()
        self.swaps = asyncio.Lock()
        self.asks = 0
        self.shown_at: dict[str, int] = {}
        self.fetching: dict[str, str] = {}  # piece -> "running" or "again", as htmx queues one
        self.due: dict[str, asyncio.Task[None]] = {}
        self.going: set[asyncio.Task[Any]] = set()
        self.lost_at = 0.0

    # --- the browser

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def spawn(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.ensure_future(work)
        self.going.add(task)
        task.add_done_callback(self.going.discard)

    async def get(self, path: str, *, htmx: bool = False, within: float = 8) -> tuple[int, str, str]:
        """(status, text, where htmx is sent to). Status 0: no answer."""
        headers = {"HX-Request": "true"} if htmx else {}
        try:
            async with self._session().get(
                self.base + path, headers=headers, timeout=aiohttp.ClientTimeout(within), allow_redirects=not htmx
            ) as answer:
                text = await answer.text()
                if answer.status >= 500 and answer.status != 503:
                    self.errors.append(f"{answer.status} {path}")
                return answer.status, text, answer.headers.get("HX-Redirect", "")
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return 0, "", ""

    def _session(self) -> aiohttp.ClientSession:
        if self.http is None or self.http.closed:
            self.http = aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar())
        self.http.headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return self.http

    async def open(self) -> None:
        """The page, and then its stream."""
        while True:
            status, text, _ = await self.get(self.path)
            if status == 200 and " data-live=" in text:  # else it is the way to sign in, and somebody does
                break
            await asyncio.sleep(0.2)
        self.page, self.changed = Page(text), monotonic()
        self.shown_at.clear()
        self.failures = self.swallowed = 0
        self.connect()

    async def close(self) -> None:
        self.over = True
        self.hang()
        tasks = [*self.going, *self.due.values(), *([self.timer] if self.timer else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self.http is not None:
            await self.http.close()

    # --- live.js

    @property
    def rev(self) -> str:
        return self.page.main().attributes["data-rev"]

    @rev.setter
    def rev(self, value: str) -> None:
        self.page.main().attributes["data-rev"] = value

    def address(self, tail: str) -> str:
        path, _, query = self.page.main().attributes["data-live"].partition("?")
        return f"{path}{tail}?rev={self.rev}" + (f"&{query}" if query else "")

    def later(self, work: Callable[[], Any], seconds: float) -> None:
        if self.timer is not None and self.timer is not asyncio.current_task():
            self.timer.cancel()

        async def wait() -> None:
            await asyncio.sleep(seconds)
            self.timer = None
            done = work()
            if asyncio.iscoroutine(done):
                await done

        self.timer = asyncio.ensure_future(wait())

    def stop_timer(self) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def spread(self, seconds: float) -> float:
        return seconds * (0.5 + self.chance.random())

    def tell(self, subject: str) -> None:
        """`live:<subject>` on the body: whoever waits for it fetches itself after a moment."""
        for piece in self.page.pieces():
            if f"live:{subject} " in piece.attributes.get("hx-trigger", "").replace(",", " ") + " ":
                waiting = self.due.pop(piece.id, None)
                if waiting is not None:
                    waiting.cancel()
                self.due[piece.id] = asyncio.ensure_future(self._soon(piece.id))

    async def _soon(self, piece: str) -> None:
        await asyncio.sleep(PIECE_DELAY)
        self.due.pop(piece, None)
        if piece in self.fetching:
            self.fetching[piece] = "again"
            return
        self.fetching[piece] = "running"
        self.spawn(self._fetch(piece))

    async def _fetch(self, name: str) -> None:
        while True:
            piece = self.page.by_id(name)
            if piece is None or "hx-get" not in piece.attributes:
                break
            self.asks += 1
            at, trigger = self.asks, piece.attributes.get("hx-trigger", "")
            status, text, sent_to = await self.get(piece.attributes["hx-get"], htmx=True)
            if not 0 < status < 400:
                self.missed.update(re.findall(r"live:(\w+)", trigger))
            if sent_to:
                self.fetching.pop(name, None)
                self.spawn(self.reload(urljoin(self.path, sent_to)))
                return
            if status == 200 and "<html" not in text and "<body" not in text:
                async with self.swaps:
                    self.swap(text, name, at)
            if self.fetching.get(name) != "again":
                break
            self.fetching[name] = "running"
        self.fetching.pop(name, None)

    async def reload(self, path: str) -> None:
        if self.state == "reloading" or not self.alive:
            return
        self.state = "reloading"
        self.hang()
        self.stop_timer()
        self.path = path
        await self.open()

    def swap(self, html: str, target: str, at: int | None) -> None:
        """The answer's own element in the place of `target`, and each partial in its own. Never an older one than is shown."""
        made = read(html)
        for each in made.children():
            if each.tag == "hx-partial":
                self._put(each.attributes["hx-target"].removeprefix("#"), each.children(), at)
        own = [each for each in made.children() if each.tag != "hx-partial"]
        if target and own:
            self._put(target, own, at)

    def _put(self, target: str, made: list[Element], at: int | None) -> None:
        place = self.page.by_id(target)
        if place is None or not made:
            return
        fragment = Element("#", {})
        fragment.inside = [made[0]]
        made[0].parent = fragment
        for part in [each for each in fragment.all() if each.id]:
            if not self._within(part, fragment):
                continue
            shown, fetched = self.page.by_id(part.id), "data-rev" not in part.attributes
            if fetched:
                older = at is not None and at < self.shown_at.get(part.id, 0)
            else:
                older = bool(shown and int(part.attributes["data-rev"]) < int(shown.attributes.get("data-rev", "0")))
            if shown is not None and older:
                part.put(shown.copy())
            elif at is not None and fetched:
                self.shown_at[part.id] = at
        if place.said() != fragment.children()[0].said():
            self.changed = monotonic()
        place.put(fragment.children()[0])

    @staticmethod
    def _within(part: Element, fragment: Element) -> bool:
        at: Element | None = part
        while at is not None and at is not fragment:
            at = at.parent
        return at is fragment

    async def show(self, revision: int | None, counter: int | None, subjects: list[str], html: str) -> None:
        async with self.swaps:
            shown, own = (int(part) for part in self.rev.split("."))
            if revision is not None and revision <= shown and counter is None:
                return
            if revision is not None and revision > shown and html:
                self.swap(html, "", None)
            self.rev = f"{max(revision or 0, shown)}.{max(counter or 0, own)}"
            for subject in subjects:
                self.tell(subject)

    def well(self) -> None:
        self.heard = monotonic()
        self.failures = 0
        if self.lost_at:
            self.gaps.append(monotonic() - self.lost_at)
            self.lost_at = 0.0
        missed, self.missed = self.missed, set()
        for subject in missed:
            self.tell(subject)

    def lost(self) -> None:
        self.lost_at = self.lost_at or monotonic()

    def hang(self) -> None:
        if self.stream is not None:
            self.stream.cancel()
            self.stream = None

    async def ask(self) -> bool:
        if self.asking is None:
            self.asking = asyncio.ensure_future(self._ask(self.came))
        return await asyncio.shield(self.asking)

    async def _ask(self, came: int) -> bool:
        try:
            return await self._answer(came)
        finally:
            if came == self.came:
                self.asking = None

    async def _answer(self, came: int) -> bool:
        status, text, _ = await self.get(self.address("now/"))
        if status in (401, 404):
            if came != self.came:
                return False
            self.over = True
            self.hang()
            self.state = "signed-out" if status == 401 else "gone"
            return False
        if status != 200:
            self.failures += 1
            self.lost()
            return False
        now = json.loads(text)
        revision, counter = (int(part) for part in now["rev"].split("."))
        await self.show(revision, counter, now["subjects"], now["html"])
        self.well()
        return True

    async def back(self, doubt: bool = False) -> None:
        self.hang()
        if self.timer is not asyncio.current_task():
            self.stop_timer()
        if self.over:
            return
        self.state = "waiting"
        self.lost()
        answered = await self.ask()
        if not self.alive:
            return
        if answered and doubt:
            self.swallowed += 1
        if answered and self.swallowed > 2:
            self.poll()
        else:
            self.later(self.connect, self.spread(0.4 * 3**self.swallowed) if answered else self.patience())

    def patience(self) -> float:
        return self.spread(0.9 if self.failures < 8 else min(0.9 * 1.5 ** (self.failures - 7), 10))

    def poll(self) -> None:
        self.state = "asking"
        until = monotonic() + AGAIN

        async def around() -> None:
            if await self.ask() and monotonic() > until:
                self.connect()
            elif not self.over:
                self.later(around, min(ASK * (1 + self.failures), 15))

        self.later(around, ASK)

    def connect(self) -> None:
        self.hang()
        if self.over or self.hidden:
            return
        self.state = "opening"
        self.stream = asyncio.ensure_future(self._listen())
        self.later(lambda: self.back(True), OPEN)

    async def _listen(self) -> None:
        greeted, mine = False, asyncio.current_task()
        try:
            async with self._session().get(
                self.base + self.address(""), timeout=aiohttp.ClientTimeout(None, sock_connect=OPEN)
            ) as answer:
                if answer.status >= 500 and answer.status != 503:
                    self.errors.append(f"{answer.status} stream")
                if answer.status == 200 and answer.content_type == "text/event-stream":
                    async for name, data in _events(answer.content):
                        if mine is not self.stream:
                            return
                        self.well()
                        greeted = greeted or name == "hello"
                        await self._hear(name, data)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            pass
        if mine is not self.stream:
            return
        self.stream = None
        if not greeted:
            self.spawn(self.back(True))
            return
        self.state = "waiting"
        self.lost()
        self.later(self.connect, self.spread(0.4))

    async def _hear(self, name: str, data: str) -> None:
        if name == "hello":
            self.swallowed = 0
            self.state = "live"
            self.watch()
        elif name == "update":
            first, _, html = data.partition("\n")
            revision, *subjects = first.split(" ")
            await self.show(int(revision), None, subjects, html)
        elif name == "yours":
            counter, *subjects = data.split(" ")
            await self.show(None, int(counter), subjects, "")

    def watch(self) -> None:
        def look() -> Any:
            return self.back() if monotonic() - self.heard > SILENT else self.watch()

        self.later(look, TICK)

    # --- what people do to it

    def hide(self) -> None:
        """Hidden for longer than a tab keeps its stream."""
        self.hidden = True
        self.stop_timer()
        self.hang()
        self.state = "hidden"

    def seen(self) -> None:
        self.hidden = False
        if self.stream is None:
            self.again()

    def again(self) -> None:
        self.over, self.failures, self.asking = False, 0, None
        self.came += 1
        self.spawn(self.back())

    @property
    def alive(self) -> bool:
        return not self.over and not self.hidden


async def _events(content: aiohttp.StreamReader) -> Any:
    name, data, rest = "", list[str](), b""
    async for chunk in content.iter_any():
        rest += chunk
        *lines, rest = rest.split(b"\n")
        for raw in lines:
            line = raw.decode()
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
            elif not line:
                yield name, "\n".join(data)
                name, data = "", []


@contextlib.asynccontextmanager
async def opened(*tabs: Tab) -> Any:
    """All of them open; at the end all of them closed."""
    await asyncio.gather(*(tab.open() for tab in tabs))
    try:
        yield tabs
    finally:
        await asyncio.gather(*(tab.close() for tab in tabs), return_exceptions=True)
