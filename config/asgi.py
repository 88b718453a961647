"""The server's one entry: `/live/…` is answered here in the loop, everything else by Django, as WSGI in a fixed few threads.

Why: stock ASGI costs a dozen thread hand-offs a request, and a connection a request; fixed threads keep theirs
(docs/decisions/0003-live-updates.md).
"""

import asyncio
import gc
import signal
import threading
from types import FrameType
from typing import Any, cast

from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.urls import get_resolver

from config.wsgi import application as django  # first: it sets Django up, which core.stream needs
from core.stream import Receive, Scope, Send, Streams

pages: Any = WSGIMiddleware(cast(Any, django), workers=settings.WEB_THREADS)
health: Any = WSGIMiddleware(cast(Any, django), workers=2)  # threads of its own: pages that hang mustn't silence it
streams = Streams()


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """ASGI."""
    if scope["type"] == "lifespan":
        await _lifespan(receive, send)
    elif scope["type"] == "http" and scope["path"].startswith("/live/"):
        await streams(scope, receive, send)
    elif scope["type"] == "http" and scope["path"].startswith("/health/"):
        await health(scope, receive, send)
    else:
        await pages(scope, receive, send)


async def _lifespan(receive: Receive, send: Send) -> None:
    await receive()
    get_resolver().url_patterns  # noqa: B018  (imports every view now, not in somebody's first request)
    streams.start()
    _end_streams_when_told()
    gc.collect()
    gc.freeze()  # what is loaded now stays: the collector need not walk it (p99 300 ms to 29 ms at 3,000 streams in an early trial)
    gc.set_threshold(20_000, 50, 1000)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await streams.close()
    await send({"type": "lifespan.shutdown.complete"})


def _end_streams_when_told() -> None:
    """On SIGTERM and SIGINT end the streams first: the server waits for open answers before it says that it shuts down."""
    if threading.current_thread() is not threading.main_thread():
        return
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        servers = signal.getsignal(number)
        if not callable(servers):
            continue

        def told(number: int, frame: FrameType | None, servers: Any = servers) -> None:
            loop.call_soon_threadsafe(streams.end)
            servers(number, frame)

        signal.signal(number, told)
