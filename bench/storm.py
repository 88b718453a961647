"""The reconnect storm: so many tabs on their streams, the web process is told to stop, and all of them come back at once.

    python -m bench.storm --target rooms.json --processes .demo/processes.json [--streams 3000]

Each tab does what static/js/live.js does when its stream ends: another after 0.2–0.6 s; where that is refused, again after
0.45–1.35 s. Beside them a few people load ordinary pages. Told: how each request ended, how soon all were live again, how long a
page took meanwhile, and what a stream costs in memory (the web process before, and with all of them open). The last line is JSON.
"""

import argparse
import asyncio
import json
import os
import random
import signal
import statistics
import string
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

OPEN = 6.0  # seconds in which a stream must have said something, as in live.js
READERS = 4  # people who load pages meanwhile


@dataclass
class Storm:
    """What is asked for, and what came of it."""

    target: dict[str, Any]
    streams: int
    live: set[int] = field(default_factory=set)
    statuses: Counter[str] = field(default_factory=Counter)
    pages: Counter[int] = field(default_factory=Counter)
    took: list[float] = field(default_factory=list)
    answers_at: float = 0.0  # when the first connection was taken after the restart
    signalled: float = 0.0

    def __post_init__(self) -> None:
        known = self.target["known"]
        people = sorted(key for key in known if "-" in key)
        own = [key for key in people if known[key].get("session")]
        unique = {known[key]["session"]: key for key in own}
        self.people = sorted(unique.values())[: self.streams]
        parts = urlsplit(self.target["base"])
        self.host, self.port = parts.hostname or "127.0.0.1", parts.port or 80

    def request(self, key: str, what: str) -> bytes:
        """The bytes of a GET, as this person sends it."""
        known = {**self.target["known"][key.split("-")[0]], **self.target["known"][key]}
        step = self.target[what]
        path, headers = (string.Template(step["path"]), step.get("headers", {}))
        lines = [f"{name}: {string.Template(value).substitute(known)}" for name, value in headers.items()]
        return "\r\n".join(
            (f"GET {path.substitute(known)} HTTP/1.1", f"Host: {self.host}:{self.port}", *lines, "", "")
        ).encode()

    async def tab(self, number: int, key: str) -> None:
        """One stream, for ever."""
        request = self.request(key, "stream")
        while True:
            wait = random.uniform(0.2, 0.6)
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port, limit=2**18)
            except OSError:
                await asyncio.sleep(random.uniform(0.45, 1.35))
                continue
            if self.signalled and not self.answers_at:
                self.answers_at = time.monotonic()
            try:
                writer.write(request)
                async with asyncio.timeout(OPEN):
                    status = (await reader.readuntil(b"\r\n"))[9:12].decode()
                    if status == "200":
                        await reader.readuntil(b"event: hello")
                self.statuses[status] += 1
                if status == "200":
                    self.live.add(number)
                    while await reader.read(65536):
                        pass
            except TimeoutError:
                self.statuses["too late"] += 1
            except (OSError, asyncio.IncompleteReadError):
                self.statuses["broken off"] += 1
                wait = random.uniform(0.45, 1.35)
            finally:
                self.live.discard(number)
                writer.close()
            await asyncio.sleep(wait)

    async def reader(self, key: str) -> None:
        """Somebody who loads the room, again and again."""
        request = self.request(key, "room").replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        while True:
            began = time.monotonic()
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
                writer.write(request)
                answer = await reader.read()
                writer.close()
                if answer:
                    self.pages[int(answer[9:12])] += 1
                    self.took.append(time.monotonic() - began)
            except (OSError, ValueError):
                pass
            await asyncio.sleep(0.05)

    async def all_live(self, within: float) -> bool:
        ends = time.monotonic() + within
        while len(self.live) < len(self.people):
            if time.monotonic() > ends:
                return False
            await asyncio.sleep(0.01)
        return True


def resident(pid: int) -> int:
    """KiB of this process."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmRSS")))


def web(processes: Path) -> int:
    return int(json.loads(processes.read_text())["web"])


async def run(target: dict[str, Any], processes: Path, streams: int) -> dict[str, Any]:
    """One storm."""
    storm = Storm(target, streams)
    warm = asyncio.ensure_future(storm.reader(storm.people[0]))
    await asyncio.sleep(3)
    warm.cancel()
    empty = resident(web(processes))
    tabs = [asyncio.ensure_future(storm.tab(number, key)) for number, key in enumerate(storm.people)]
    if not await storm.all_live(120):
        raise SystemExit(f"only {len(storm.live)} of {len(storm.people)} streams opened: {dict(storm.statuses)}")
    await asyncio.sleep(12)  # a beat of each
    full = resident(web(processes))
    storm.statuses.clear()
    storm.pages.clear()
    storm.took.clear()
    storm.signalled = time.monotonic()
    os.kill(web(processes), signal.SIGTERM)
    while len(storm.live) > len(tabs) // 2:
        await asyncio.sleep(0.01)
    readers = [
        asyncio.ensure_future(storm.reader(key)) for key in storm.people[:: max(1, len(tabs) // READERS)][:READERS]
    ]
    ok = await storm.all_live(60)
    ended = time.monotonic()
    for task in (*tabs, *readers):
        task.cancel()
    await asyncio.gather(*tabs, *readers, return_exceptions=True)
    return {
        "streams": len(tabs),
        "all_live": ok,
        "seconds_after_signal": round(ended - storm.signalled, 2),
        "seconds_after_it_answers": round(ended - storm.answers_at, 2),
        "answers": dict(storm.statuses),
        "pages": dict(storm.pages),
        "page_p95": round(statistics.quantiles(storm.took, n=20)[-1], 3) if len(storm.took) > 1 else None,
        "page_max": round(max(storm.took, default=0), 3),
        "mib_empty": round(empty / 1024, 1),
        "mib_full": round(full / 1024, 1),
        "kib_per_stream": round((full - empty) / len(tabs), 1),
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, required=True, help="what bench_room wrote")
    parser.add_argument("--processes", type=Path, required=True, help="the demo's processes.json")
    parser.add_argument("--streams", type=int, default=3000)
    given = parser.parse_args()
    print(json.dumps(asyncio.run(run(json.loads(given.target.read_text()), given.processes, given.streams))))


if __name__ == "__main__":
    main()
