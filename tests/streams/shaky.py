"""A web process whose ear on Redis is bad: messages are lost, come twice, come late and out of order. And the sabotaged ones.

`python -m tests.streams.shaky PORT`; SHAKY is the share of messages to which something happens, SABOTAGE takes one promise away.
"""

import asyncio
import os
import random
import sys
from collections.abc import Callable
from typing import Any

import uvicorn

from config.asgi import application
from core import live, stream

SHARE = float(os.environ.get("SHAKY", "0"))
_listen = live.listen


async def listen(hear: live.Ear, connected: Callable[[bool], None]) -> None:
    """As Redis tells it, but for some of it."""
    loop = asyncio.get_running_loop()

    def badly(channel: str, body: bytes) -> None:
        if random.random() >= SHARE:
            return hear(channel, body)
        what = random.choice(("lost", "twice", "late", "late", "late and twice"))
        if what == "twice":
            hear(channel, body)
        if "late" in what:
            loop.call_later(random.uniform(0, 0.4), hear, channel, body)
        if "twice" in what:
            loop.call_later(random.uniform(0, 0.4), hear, channel, body)
        return None

    await _listen(badly, connected)


def no_replay() -> None:
    """Nobody was missed anything: what comes while a tab is away is lost to it."""

    def nothing(obj: live.Live, audience: str, member: int | None, *_: object) -> live.Missed:
        return live.Missed(obj.revision, (), "", live.personal(obj, member)[0], ())

    live.missed = nothing  # type: ignore[assignment]


def no_questions() -> None:
    """PostgreSQL is never asked: what Redis lost stays lost."""

    async def never(*_: Any) -> None:
        await asyncio.sleep(10**6)

    stream.Hub.poll = never  # type: ignore[method-assign,assignment]
    stream.Hub.mend = lambda *_: None  # type: ignore[method-assign]


def no_cut() -> None:
    """Who was let in stays in."""
    live.cut = lambda **_: None
    live.lapsed = lambda watching: ()


def slow_end() -> None:
    """Streams don't end when the server is told to stop."""
    stream.Hub.end = lambda self: None  # type: ignore[method-assign]


SABOTAGES = {"": lambda: None, **{each.__name__: each for each in (no_replay, no_questions, no_cut, slow_end)}}


def main() -> None:
    """Serve until somebody ends us."""
    live.listen = listen
    SABOTAGES[os.environ.get("SABOTAGE", "")]()
    uvicorn.run(
        application,
        host="127.0.0.1",
        port=int(sys.argv[1]),
        timeout_graceful_shutdown=3,
        access_log=False,
        log_level="warning",
    )


if __name__ == "__main__":
    main()
