"""The load generator sees what it is there to see: what is lost, what comes twice, and what another meeting hears."""

import asyncio
import contextlib
from collections.abc import Callable
from urllib.parse import parse_qs

import pytest

from bench.fanout import Case, Result, Target, run

SMALL = Case("small", meetings=2, people=3, rate=20, seconds=0.5)
TARGET = {
    "name": "played",
    "post": {"path": "/${meeting}/", "form": {"text": "${text}"}},
    "stream": {"path": "/${meeting}/"},
}
Spread = Callable[[dict[str, list[asyncio.StreamWriter]], str, bytes], None]


def honest(rooms: dict[str, list[asyncio.StreamWriter]], room: str, event: bytes) -> None:
    for writer in rooms[room]:
        writer.write(event)


def forgets(rooms: dict[str, list[asyncio.StreamWriter]], room: str, event: bytes) -> None:
    for writer in rooms[room][1:]:
        writer.write(event)


def repeats(rooms: dict[str, list[asyncio.StreamWriter]], room: str, event: bytes) -> None:
    honest(rooms, room, event)
    rooms[room][0].write(event)


def gossips(rooms: dict[str, list[asyncio.StreamWriter]], room: str, event: bytes) -> None:
    honest(rooms, room, event)
    rooms["/1/" if room == "/2/" else "/2/"][0].write(event)


def sends_lists(rooms: dict[str, list[asyncio.StreamWriter]], room: str, event: bytes) -> None:
    """Everything so far with each event, as a product may that sends a list whole."""
    said[room] = said.get(room, b"") + event.removesuffix(b"\n\n") + b"\n"
    honest(rooms, room, said[room] + b"\n")


said: dict[str, bytes] = {}


def played(spread: Spread) -> Result:
    """A run against a server of a few lines that spreads events in this way."""
    said.clear()

    async def play() -> Result:
        rooms: dict[str, list[asyncio.StreamWriter]] = {}

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            with contextlib.suppress(asyncio.IncompleteReadError):
                await answer(reader, writer)

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while not reader.at_eof():
                head = await reader.readuntil(b"\r\n\r\n")
                method, room, _ = head.split(b"\r\n", 1)[0].decode().split(" ")
                if method == "GET":
                    rooms.setdefault(room, []).append(writer)
                    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
                    return
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                text = parse_qs((await reader.readexactly(length)).decode())["text"][0]
                spread(rooms, room, f"data: {text}\n\n".encode())
                writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        target = Target(TARGET, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        try:
            return await run(target, SMALL, {}, warm=0.1, rest=0.05, drain=0.5)
        finally:
            await target.close()
            server.close()

    return asyncio.run(play())


def test_what_everybody_gets_once_is_sound() -> None:
    found = played(honest)
    assert (found.sound, found.posts, found.delivered, found.again) == (True, 10, 30, 0)
    assert 0 < found.p50 <= found.p99 <= found.longest < 1000


@pytest.mark.parametrize(("spread", "wrong"), [(forgets, "lost"), (repeats, "doubled"), (gossips, "leaked")])
def test_what_went_wrong_is_counted_by_its_name(spread: Spread, wrong: str) -> None:
    found = played(spread)
    counts = {what: getattr(found, what) for what in ("lost", "doubled", "leaked")}
    assert counts.pop(wrong) >= 10
    assert set(counts.values()) == {0}
    assert not found.sound


def test_a_list_that_is_sent_whole_is_no_double() -> None:
    found = played(sends_lists)
    assert found.sound and found.again > 0
