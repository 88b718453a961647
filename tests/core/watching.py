"""What the live tests share: a board that people watch, a server of their own, and a browser reduced to its socket."""

import asyncio
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from django.apps.registry import Apps
from django.conf import settings
from django.db import connections, models
from django.template import Context, Template
from django.test import override_settings

from core import live
from core.scope import everything
from core.stream import Streams

WAIT = 8.0  # seconds within which what must come, comes


class Board(live.Live):
    """Something to watch, with its lines. In a registry of its own, so that no house test takes it for the product's."""

    lines = models.JSONField(default=list)

    class Meta:
        apps = Apps()
        app_label = "watched"


gone: set[int] = set()  # members who may not watch any more, as the rows would say

TEMPLATES = {
    "board.html#lines": '<ul id="lines">{% for line in live.lines %}<li>{{ line }}</li>\n{% endfor %}</ul>',
    "board.html#title": '<h1 class="x" id="title">{{ title }}</h1>',
    "board.html#screen": '<p id="screen">{{ live.lines|length }}</p>',
    "board.html#wrong": "<p>no id</p>",
}
NEW_TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                ("django.template.loaders.locmem.Loader", {n.replace("#", "-"): t for n, t in TEMPLATES.items()})
            ]
        },
    }
]


@contextmanager
def board_world(monkeypatch: pytest.MonkeyPatch) -> Iterator[type[Board]]:
    """The table, its fragments and who may watch: members by session "member-17", the wall by token "wall", "stranger" not."""
    fragments: dict[str, live.Fragment] = {}
    monkeypatch.setattr(live, "fragments", fragments)
    monkeypatch.setattr(live, "_admission", [])
    both = (live.MEMBER, live.WALL)
    live.fragment("lines", template="board.html-lines", subjects={"lines"}, audiences=both)(lambda board, audience: {})
    live.fragment("title", template="board.html-title", subjects={"title"})(
        lambda board, audience: {"title": f"{len(board.lines)} for the {audience}"}
    )
    live.fragment("screen", template="board.html-screen", subjects={"lines", "title"}, audiences=(live.WALL,))(
        lambda board, audience: {}
    )
    gone.clear()
    live.register_admission(
        Board,
        lambda asked: [admitted(*each) for each in asked],
        lambda watching: {each for each in watching if each.member in gone},
    )
    owner = connections["owner" if "owner" in settings.DATABASES else "default"]
    with owner.schema_editor() as editor:
        editor.create_model(Board)
    try:
        with override_settings(TEMPLATES=NEW_TEMPLATES):
            yield Board
    finally:
        with owner.schema_editor() as editor:
            editor.delete_model(Board)


def admitted(pk: int, session: str | None, token: str | None) -> live.Admission | live.NotSignedIn | None:
    try:
        return admit(pk, session, token)
    except live.NotSignedIn as nobody:
        return nobody


def admit(pk: int, session: str | None, wall: str | None) -> live.Admission | None:
    if not (session or wall):
        raise live.NotSignedIn
    board = Board._base_manager.filter(pk=pk).first()
    if board is None or session == "stranger" or (wall and wall != "wall"):
        return None
    if wall:
        return live.Admission(board, live.WALL)
    member = int((session or "").split("-")[1])
    return live.Admission(board, live.MEMBER, member=member, user=member + 1000)


def new_board() -> Board:
    with everything("a test"):
        return Board._base_manager.create()


def write(pk: int, line: str, *more: str) -> int:
    """What a service does: lock, write, touch. Returns nothing about revisions; asks for them afterwards."""
    with everything("a test"):
        board = Board._base_manager.select_for_update().get(pk=pk)
        board.lines = [*board.lines, line]
        board.save(update_fields=["lines"])
        live.touch(board, "lines", *more)
    return read(pk).revision


def poke(pk: int, *members: int, subject: str = "offers") -> None:
    with everything("a test"):
        live.touch(Board._base_manager.get(pk=pk), subject, to=members)


def read(pk: int) -> Board:
    with everything("a test"):
        return Board._base_manager.get(pk=pk)


def page(board: Board, audience: str = live.MEMBER) -> str:
    """The fragments as a page includes them, by the tag."""
    names = [f.name for f in live.fragments.values() if audience in f.audiences]
    text = "{% load ui %}" + "".join(f'{{% live "{name}" %}}' for name in names)
    return Template(text).render(Context({"live": board, "audience": audience}))


class Server:
    """One web process: the stream app in uvicorn, in a thread, with a loop of its own."""

    def __init__(self) -> None:
        self.streams = Streams()
        self.config = uvicorn.Config(
            self.app,
            host="127.0.0.1",
            port=0,
            log_level="warning",
            lifespan="on",
            interface="asgi3",
            timeout_graceful_shutdown=3,
        )
        self.server = uvicorn.Server(self.config)
        self.socket = self.config.bind_socket()
        self.port = int(self.socket.getsockname()[1])
        self.thread = threading.Thread(target=lambda: asyncio.run(self.server.serve([self.socket])))

    async def app(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self.streams.start()
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.streams.close()
            await send({"type": "lifespan.shutdown.complete"})
        else:
            await self.streams(scope, receive, send)

    def __enter__(self) -> "Server":
        self.thread.start()
        until(lambda: self.server.started)
        assert self.streams.hub
        until(lambda: self.streams.hub and self.streams.hub.heard_redis)
        return self

    def __exit__(self, *_: object) -> None:
        hub = self.streams.hub
        if hub:
            hub.loop.call_soon_threadsafe(self.streams.end)
        self.server.should_exit = True
        self.thread.join(10)
        assert not self.thread.is_alive(), "the server hangs"

    def get(self, path: str, session: str = "", *, wall: str = "", host: str = "127.0.0.1") -> "Answer":
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        cookies = [f"{settings.SESSION_COOKIE_NAME}={session}"] * bool(session) + [f"wall={wall}"] * bool(wall)
        client.request("GET", path, headers={"Cookie": "; ".join(cookies), "Host": host})
        response = client.getresponse()
        answer = Answer(response.status, response.read().decode(), dict(response.getheaders()))
        client.close()
        return answer

    def now(self, pk: int, rev: str, session: str) -> dict[str, Any]:
        answer = self.get(f"/live/{pk}/now/?rev={rev}", session)
        assert answer.status == 200, answer
        found: dict[str, Any] = json.loads(answer.text)
        return found

    def watch(self, pk: int, rev: str = "", session: str = "member-17", *, wall: str = "") -> "Tab":
        return Tab(self.port, f"/live/{pk}/?rev={rev}" + ("&as=wall" if wall else ""), session, wall)


@dataclass
class Answer:
    status: int
    text: str
    headers: dict[str, str]


class Tab:
    """An open stream, read on a thread of its own: `events` is [(name, data), …]."""

    def __init__(self, port: int, path: str, session: str, wall: str = "") -> None:
        self.events: list[tuple[str, str]] = []
        self.text = ""
        self.ended = threading.Event()
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        cookie = f"wall={wall}" if wall else f"{settings.SESSION_COOKIE_NAME}={session}"
        self.socket.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nCookie: {cookie}\r\n\r\n".encode())
        self.thread = threading.Thread(target=self._read, daemon=True)
        self.thread.start()

    def _read(self) -> None:
        try:
            response = http.client.HTTPResponse(self.socket)
            response.begin()
            self.status = response.status
            name, data = "", list[str]()
            for raw in response:
                line = raw.decode().rstrip("\n")
                self.text += line + "\n"
                if line.startswith("event: "):
                    name = line[7:]
                elif line.startswith("data: "):
                    data.append(line[6:])
                elif not line:
                    self.events.append((name, "\n".join(data)))
                    name, data = "", []
        except (OSError, ValueError, http.client.HTTPException, AttributeError):
            pass
        finally:
            self.ended.set()

    def of(self, name: str) -> list[str]:
        return [data for kind, data in self.events if kind == name]

    def wait(self, text: str, within: float = WAIT) -> float:
        """Until this text has come; returns the seconds it took."""
        start = time.monotonic()
        until(lambda: text in self.text, within)
        return time.monotonic() - start

    def position(self) -> str:
        """What a browser would name when it comes back."""
        hello = self.of("hello")[0].split()[0]
        updates, own = self.of("update"), self.of("yours")
        revision = updates[-1].split()[0] if updates else hello.split(".")[0]
        return f"{revision}.{own[-1].split()[0] if own else hello.split('.')[1]}"

    def close(self) -> None:
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()
        self.thread.join(5)

    def __enter__(self) -> "Tab":
        until(lambda: bool(self.events) or self.ended.is_set())
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def until(so: Any, within: float = WAIT) -> None:
    """Wait until it is so; AssertionError if it isn't in time."""
    end = time.monotonic() + within
    while not so():
        assert time.monotonic() < end, "it didn't come"
        time.sleep(0.01)
