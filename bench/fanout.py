"""How soon, how surely and how dearly a point that is raised reaches everybody who watches.

M meetings of P people each hold one live stream open. Points of 120 characters are posted at a fixed rate, to one meeting after the
other, whether or not the server keeps up (an open loop). Each carries a mark of its own. Latency runs from just before its POST leaves
until a stream has delivered the whole event that holds the mark.

    python -m bench.fanout --target FILE --case C --pid web=4711 --pid stores=4712,4713

`lost`: deliveries missing some seconds after the last post. `doubled`: one and the same event twice on one stream. `leaked`: a mark of
another meeting. `late`: how late the generator itself was. `again`: a mark in a later event too, where a list is sent whole: no error.
"""

import argparse
import asyncio
import gc
import json
import random
import re
import resource
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import quote, urlsplit

import aiohttp
from yarl import URL

from bench.processes import costs, load, machine

MARK = re.compile(rb"fo(\d+)m(\d+)s(\d+)z")  # run, meeting, number
WORDS = " we learned that small steps with quick feedback beat large plans and late surprises" * 9
LENGTH = 120  # characters of a point
DRAIN = 5.0  # seconds in which the last deliveries must have come
AT_ONCE = 50  # streams that are opened at a time
now = time.perf_counter


@dataclass(frozen=True)
class Case:
    """So many meetings of so many people, posts a second, and for how long."""

    name: str
    meetings: int
    people: int
    rate: float
    seconds: float = 30

    @property
    def streams(self) -> int:
        return self.meetings * self.people


CASES = {
    case.name: case
    for case in (Case("A", 1, 12, 1), Case("B", 30, 10, 10), Case("C", 300, 10, 30), Case("P3", 1000, 10, 30))
}


@dataclass
class Result:
    """What one run came to."""

    target: str
    case: str
    streams: int
    rate: float
    posts: int = 0
    failed: int = 0
    expected: int = 0
    delivered: int = 0
    lost: int = 0
    doubled: int = 0
    leaked: int = 0
    again: int = 0
    dropped: int = 0  # streams that ended meanwhile
    p50: float = 0  # milliseconds, these and the next
    p95: float = 0
    p99: float = 0
    longest: float = 0
    post_p50: float = 0
    post_p99: float = 0
    late_p99: float = 0
    opened_in: float = 0  # seconds that opening all streams took
    kilobytes: float = 0  # that an event with a mark has, on average
    cpu: dict[str, float] = field(default_factory=dict)  # seconds, by label
    cpu_per_1000: float = 0  # of all labels, per 1,000 deliveries
    idle_cpu: dict[str, float] = field(default_factory=dict)  # cores, with all streams open and nobody posting
    mib: dict[str, float] = field(default_factory=dict)
    kib_a_stream: dict[str, float] = field(default_factory=dict)
    others: float = 0  # cores that were busy with none of this: the machine's noise
    load: str = ""
    first_error: str = ""

    @property
    def sound(self) -> bool:
        """Everything that was posted arrived once, and nowhere else."""
        return not (self.failed or self.lost or self.doubled or self.leaked or self.dropped)


class Ledger:
    """What was posted, and what each stream has seen of it."""

    def __init__(self) -> None:
        self.run = random.randrange(100_000, 999_999)
        self.number = 0
        self.left: dict[tuple[int, int], float] = {}  # (meeting, number) -> when its POST left
        self.late: list[float] = []
        self.took: list[float] = []
        self.leaked = self.doubled = self.again = self.size = 0
        self.counting = False

    def words(self, meeting: int) -> tuple[int, str]:
        self.number += 1
        return self.number, f"fo{self.run}m{meeting}s{self.number}z{WORDS}"[:LENGTH]

    def leaves(self, meeting: int, number: int, due: float) -> None:
        if self.counting:
            moment = now()
            self.late.append(moment - due)
            self.left[meeting, number] = moment


class Stream(asyncio.Protocol):
    """One GET whose answer never ends, read event by event."""

    def __init__(self, head: bytes, meeting: int, ledger: Ledger) -> None:
        self.head, self.meeting, self.ledger = head, meeting, ledger
        self.raw, self.body = b"", b""
        self.chunked = False
        self.seen: set[int] = set()
        self.events: set[int] = set()  # hashes of events with a mark
        loop = asyncio.get_running_loop()
        self.opened: asyncio.Future[None] = loop.create_future()
        self.closed = False
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        transport.write(self.head)

    def connection_lost(self, error: Exception | None) -> None:
        self.closed = True
        if not self.opened.done():
            self.opened.set_exception(error or ConnectionError("closed before it began"))

    def data_received(self, data: bytes) -> None:
        self.raw += data
        if not self.opened.done():
            head, found, rest = self.raw.partition(b"\r\n\r\n")
            if not found:
                return
            if head.split(b" ", 2)[1] != b"200":
                self.opened.set_exception(ConnectionError(head.split(b"\r\n")[0].decode()))
                return
            self.raw, self.chunked = rest, b"transfer-encoding: chunked" in head.lower()
            self.opened.set_result(None)
        if self.chunked:
            self._unchunk()
        else:
            self.body, self.raw = self.body + self.raw, b""
        *events, self.body = self.body.split(b"\n\n")
        for event in events:
            self._event(event)

    def _unchunk(self) -> None:
        while (end := self.raw.find(b"\r\n")) >= 0:
            size = int(self.raw[:end].partition(b";")[0], 16)
            if len(self.raw) < end + size + 4:
                return
            self.body += self.raw[end + 2 : end + 2 + size]
            self.raw = self.raw[end + size + 4 :]
            if not size:
                self.closed = True
                return

    def _event(self, event: bytes) -> None:
        if b"fo" not in event:
            return
        moment, ledger = now(), self.ledger
        found = {(int(m), int(n)) for run, m, n in MARK.findall(event) if int(run) == ledger.run}
        counted = [each for each in found if each in ledger.left or each[0] != self.meeting]
        if not counted:
            return
        ledger.size += len(event)
        ledger.doubled += hash(event) in self.events
        self.events.add(hash(event))
        for meeting, number in counted:
            if meeting != self.meeting:
                ledger.leaked += 1
            elif number in self.seen:
                ledger.again += 1
            else:
                self.seen.add(number)
                ledger.took.append(moment - ledger.left[meeting, number])


def fill(value: Any, names: Mapping[str, str]) -> Any:
    """`${name}` in every string of a JSON value."""
    if isinstance(value, str):
        return Template(value).safe_substitute(names)
    if isinstance(value, dict):
        return {key: fill(each, names) for key, each in value.items()}
    return value


class Target:
    """A server, as a target file describes it (README.md)."""

    def __init__(self, spec: Mapping[str, Any], base: str = "") -> None:
        self.spec, self.base = spec, base or spec["base"]
        self.session: aiohttp.ClientSession | None = None

    def names(self, meeting: int, person: int) -> dict[str, str]:
        known = self.spec.get("known", {})
        mine = {**known.get(str(meeting), {}), **known.get(f"{meeting}-{person}", {})}
        return {"meeting": str(meeting), "participant": str(person), **mine}

    def path(self, template: str, names: Mapping[str, str]) -> str:
        return str(fill(template, {name: quote(text, safe="") for name, text in names.items()}))

    async def listen(self, meeting: int, person: int, ledger: Ledger) -> Stream:
        names, spec = self.names(meeting, person), self.spec["stream"]
        place = urlsplit(self.base)
        headers = {"Host": place.netloc, "Accept": "text/event-stream", **fill(spec.get("headers", {}), names)}
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"GET {self.path(spec['path'], names)} HTTP/1.1\r\n{lines}\r\n".encode()
        loop = asyncio.get_running_loop()
        _, stream = await loop.create_connection(
            lambda: Stream(head, meeting, ledger), place.hostname or "", place.port or 80
        )
        await asyncio.wait_for(stream.opened, 60)
        return stream

    async def post(self, meeting: int, text: str, leaves: Callable[[], None]) -> None:
        if self.session is None:
            self.session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0), cookie_jar=aiohttp.DummyCookieJar()
            )
        names, spec = {**self.names(meeting, 0), "text": text}, self.spec["post"]
        url = URL(self.base + self.path(spec["path"], names), encoded=True)
        headers, form = fill(spec.get("headers", {}), names), fill(spec["form"], names)
        leaves()
        async with self.session.post(url, data=form, headers=headers, allow_redirects=False) as answer:
            await answer.read()
            if answer.status not in spec.get("ok", (200, 201, 202, 204, 303)):
                raise ConnectionError(f"POST {url.path}: {answer.status}")

    async def close(self) -> None:
        if self.session is not None:
            await self.session.close()


async def some_at_once[T](jobs: Iterable[Callable[[], Any]]) -> list[Any]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(job: Callable[[], Any]) -> Any:
        async with gate:
            return await job()

    return await asyncio.gather(*(one(job) for job in jobs))


def percentile(values: Sequence[float], share: float) -> float:
    """Nearest rank of sorted seconds, in milliseconds."""
    if not values:
        return float("nan")
    return round(values[min(len(values) - 1, max(0, -int(-len(values) * share // 1) - 1))] * 1000, 2)


async def run(
    target: Target,
    case: Case,
    pids: Mapping[str, Sequence[int]],
    *,
    warm: float = 2,
    idle: float = 0,
    rest: float = 1,
    drain: float = DRAIN,
    begins: Callable[[], None] = lambda: None,
) -> Result:
    """One run: open, warm up, rest, post, drain."""
    ledger, result = Ledger(), Result(str(target.spec.get("name", "")), case.name, case.streams, case.rate)
    bare, began = costs(pids), now()
    meetings, people = range(1, case.meetings + 1), range(1, case.people + 1)
    streams: list[Stream] = await some_at_once(
        [lambda m=m, p=p: target.listen(m, p, ledger) for m in meetings for p in people]  # type: ignore[misc]
    )
    result.opened_in = round(now() - began, 2)
    posting: set[asyncio.Task[None]] = set()
    answered: list[float] = []

    async def post(meeting: int, due: float) -> None:
        number, text = ledger.words(meeting)
        left = now()
        try:
            await target.post(meeting, text, lambda: ledger.leaves(meeting, number, due))
        except Exception as error:
            result.failed += 1
            result.first_error = result.first_error or f"{error!r}"[:300]
        else:
            if ledger.counting:
                answered.append(now() - left)

    async def post_for(seconds: float) -> int:
        start, count = now() + 0.02, max(1, round(case.rate * seconds))
        for number in range(count):
            due = start + number / case.rate
            await asyncio.sleep(due - now())
            task = asyncio.create_task(post(number % case.meetings + 1, due))
            posting.add(task)
            task.add_done_callback(posting.discard)
        return count

    await asyncio.sleep(rest)
    await post_for(warm)
    await asyncio.sleep(rest)
    gc.collect()
    gc.freeze()
    if idle:
        before = costs(pids)
        await asyncio.sleep(idle)
        result.idle_cpu = {at: round((cost.cpu - before[at].cpu) / idle, 3) for at, cost in costs(pids).items()}
    ledger.counting = True
    begins()
    before, busy, own, at = costs(pids), machine(), time.process_time(), now()
    result.posts = await post_for(case.seconds)
    result.expected = result.posts * case.people
    until = now() + drain
    while (posting or len(ledger.took) < result.expected) and now() < until:
        await asyncio.sleep(0.02)
    result.failed += len(posting)
    for task in tuple(posting):
        task.cancel()
    span, after = now() - at, costs(pids)
    result.cpu = {label: round(cost.cpu - before[label].cpu, 2) for label, cost in after.items()}
    spent = sum(result.cpu.values())
    result.others = round((machine() - busy - (time.process_time() - own) - spent) / span, 2)
    await asyncio.sleep(0.3)  # for what comes twice
    gc.unfreeze()
    took = sorted(ledger.took)
    result.delivered, result.lost = len(took), result.expected - len(took)
    result.doubled, result.leaked, result.again = ledger.doubled, ledger.leaked, ledger.again
    result.dropped = sum(stream.closed for stream in streams)
    result.p50, result.p95, result.p99, result.longest = (percentile(took, share) for share in (0.5, 0.95, 0.99, 1))
    result.post_p50, result.post_p99 = (percentile(sorted(answered), share) for share in (0.5, 0.99))
    result.late_p99 = percentile(sorted(ledger.late), 0.99)
    result.cpu_per_1000 = round(spent / max(1, len(took)) * 1000, 3)
    result.kilobytes = round(ledger.size / max(1, len(took)) / 1024, 2)
    result.mib = {label: round(cost.rss / 2**20, 1) for label, cost in after.items()}
    result.kib_a_stream = {
        label: round((cost.rss - bare[label].rss) / 1024 / case.streams, 1) for label, cost in after.items()
    }
    result.load = load()
    for stream in streams:
        if stream.transport is not None:
            stream.transport.abort()
    await asyncio.sleep(0.1)
    return result


async def measure(
    spec: Mapping[str, Any],
    case: Case,
    pids: Mapping[str, Sequence[int]],
    *,
    base: str = "",
    idle: float = 0,
    begins: Callable[[], None] = lambda: None,
) -> Result:
    """One run against the server of a target file."""
    target = Target(spec, base)
    try:
        return await run(target, case, pids, idle=idle, begins=begins)
    finally:
        await target.close()


def told(result: Result) -> str:
    """A result in one line."""
    cpu = " ".join(f"{label} {seconds:g}" for label, seconds in result.cpu.items())
    mib = " ".join(f"{label} {size:.0f}" for label, size in result.mib.items())
    return (
        f"{result.target} {result.case}: {result.streams} streams, {result.rate:g} posts/s | "
        f"p50 {result.p50} p95 {result.p95} p99 {result.p99} longest {result.longest} ms | "
        f"{result.delivered}/{result.expected} lost {result.lost} doubled {result.doubled} leaked {result.leaked} "
        f"dropped {result.dropped} failed {result.failed} | post p50 {result.post_p50} p99 {result.post_p99} ms | "
        f"CPU per 1,000 {result.cpu_per_1000} s ({cpu}) | MiB {mib} | KiB a stream {result.kib_a_stream} | "
        f"opened in {result.opened_in} s | late p99 {result.late_p99} ms | others {result.others} cores | "
        f"load {result.load}"
        + (f" | idle {result.idle_cpu} cores" if result.idle_cpu else "")
        + (f" | first error: {result.first_error}" if result.first_error else "")
    )


def many_files() -> None:
    """As many open files as the machine lets us have: each stream is one."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--base", default="", help="instead of the target's")
    parser.add_argument("--case", choices=CASES, default="A")
    for name, kind in (("meetings", int), ("people", int), ("rate", float), ("seconds", float)):
        parser.add_argument(f"--{name}", type=kind)
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--idle", type=float, default=0, help="seconds of silence whose CPU is measured")
    parser.add_argument("--pid", action="append", default=[], metavar="LABEL=PID[,PID]")
    parser.add_argument("--out", type=Path, help="append each result as a line of JSON")
    asked = parser.parse_args()
    many_files()
    changes = {name: getattr(asked, name) for name in ("meetings", "people", "rate", "seconds")}
    case = replace(CASES[asked.case], **{name: value for name, value in changes.items() if value is not None})
    pids = {label: [int(pid) for pid in each.split(",")] for label, _, each in (p.partition("=") for p in asked.pid)}
    sound = True
    for _ in range(asked.runs):
        result = asyncio.run(
            measure(json.loads(asked.target.read_text()), case, pids, base=asked.base, idle=asked.idle)
        )
        print(told(result), flush=True)
        sound = sound and result.sound
        if asked.out:
            with asked.out.open("a") as file:
                file.write(json.dumps(asdict(result)) + "\n")
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
