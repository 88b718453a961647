"""The floor: the least that a server must do to store a point and tell everybody who watches.

A bare asyncio.Protocol on uvloop: one INSERT that is committed, one PUBLISH to Redis, one write to each open stream. No framework, no
sign-in, no rules. It runs beside the product, in the same quarter of an hour, and the product is quoted as a multiple of it.

    FLOOR_PG=postgresql://… FLOOR_REDIS=redis://… python -m bench.floor PORT
"""

import asyncio
import html
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from typing import Any, cast
from urllib.parse import parse_qs

import psycopg
import uvloop
from redis.asyncio import Redis

TABLE = """create table if not exists bench_floor (
    id bigserial primary key, meeting int not null, text text not null, created timestamptz not null default now())"""
INSERT = "insert into bench_floor (meeting, text) values (%s, %s) returning id"
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n: open\n\n"
LINES = 4  # connections to PostgreSQL

TARGET = {
    "name": "floor",
    "post": {"path": "/m/${meeting}/", "form": {"text": "${text}"}},
    "stream": {"path": "/m/${meeting}/"},
}

rooms: dict[int, set[Callable[[bytes], None]]] = defaultdict(set)


def event(number: int, text: str) -> bytes:
    return (
        f'event: points\nid: {number}\ndata: <li id="point-{number}"><p>{html.escape(text)}</p>'
        "<footer>Ann · just now</footer></li>\n\n"
    ).encode()


class Store:
    """A few lasting connections, and one ear."""

    async def open(self) -> None:
        self.lines: asyncio.Queue[psycopg.AsyncConnection[Any]] = asyncio.Queue()
        for _ in range(LINES):
            self.lines.put_nowait(await psycopg.AsyncConnection.connect(os.environ["FLOOR_PG"], autocommit=True))
        line = await self.lines.get()
        await line.execute(TABLE)
        self.lines.put_nowait(line)
        self.redis = Redis.from_url(os.environ["FLOOR_REDIS"])
        self.ear = self.redis.pubsub()
        await self.ear.psubscribe("floor:*")
        self.listening = asyncio.create_task(self.listen())

    async def listen(self) -> None:
        async for message in self.ear.listen():
            if message["type"] == "pmessage":
                for write in tuple(rooms.get(int(message["channel"][6:]), ())):
                    write(message["data"])

    async def keep(self, meeting: int, text: str) -> None:
        line = await self.lines.get()
        try:
            row = await (await line.execute(INSERT, (meeting, text))).fetchone()
        finally:
            self.lines.put_nowait(line)
        assert row is not None
        await self.redis.publish(f"floor:{meeting}", event(row[0], text))


store = Store()


class Server(asyncio.Protocol):
    """GET is a stream, POST a point."""

    def __init__(self) -> None:
        self.heard = b""
        self.meeting: int | None = None
        self.tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.write: Callable[[bytes], None] = cast(asyncio.Transport, transport).write

    def connection_lost(self, error: Exception | None) -> None:
        if self.meeting is not None:
            rooms[self.meeting].discard(self.write)

    def data_received(self, data: bytes) -> None:
        self.heard += data
        head, found, body = self.heard.partition(b"\r\n\r\n")
        if not found:
            return
        method, path, _ = head.split(b"\r\n", 1)[0].split(b" ")
        meeting = int(path.split(b"/")[2])
        if method == b"GET":
            self.heard, self.meeting = b"", meeting
            rooms[meeting].add(self.write)
            self.write(HEAD)
            return
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        if len(body) >= length:
            self.heard = body[length:]
            task = asyncio.ensure_future(self.post(meeting, parse_qs(body[:length].decode())["text"][0]))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    async def post(self, meeting: int, text: str) -> None:
        await store.keep(meeting, text)
        self.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def main() -> None:
    await store.open()
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", int(sys.argv[1]), backlog=4096)
    print("READY", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main())
