"""The open streams: a raw ASGI app beside Django that answers `/live/<pk>/` and copies published bytes into bounded queues.

A stream holds no thread and no database connection: one short check in a small pool of threads (who is it, may they, what did
they miss), then only bytes. Order of things, so that nothing falls between page and stream: the queue is opened first, then the
row is read, then what is newer than the browser's position is replayed, then the queue flows. A process that sees a gap, and
every process every few seconds, asks PostgreSQL (one query for all) what the watched rows are at. What goes over the wire:

    event: hello    data: 41.3 1790000000000          where the row stands, and the server's clock (ms)
    event: update   data: 42 agenda phase             the revision and its subjects; then lines of <hx-partial>…
    event: yours    data: 4 offers                    the member's counter and personal subjects, to be fetched
    event: beat     data: 1790000010000
"""

import asyncio
import contextlib
import functools
import json
import logging
import random
import re
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar
from urllib.parse import parse_qs

from django.conf import settings
from django.db import close_old_connections, connections
from django.http import parse_cookie
from django.http.request import split_domain_port, validate_host

from core import live
from core.scope import everything

log = logging.getLogger(__name__)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
T = TypeVar("T")

BEAT = 10.0  # seconds between beats on a stream; the browser comes anew after two and a half
AGE = 600.0  # seconds, give or take a fifth, after which permission is asked again
POLL, POLL_DEAF = 1.5, 1.0  # seconds between questions to PostgreSQL: while Redis is heard, and while it isn't
TOGETHER = 500  # streams that one of them is about, more or less
GRACE = 0.1  # seconds that a message out of order is waited for
QUEUE = 64  # updates a stream may be behind before it is ended: the browser comes back with its position
STUCK = 20.0  # seconds in which an ended stream must have taken its last bytes
PER_PERSON = 12  # open streams of one person in one process
THREADS = 3  # in which PostgreSQL is asked, each with a lasting connection
BATCH = 32  # who wait at the door are let in so many at a time, by one transaction
RESTS = 2  # times as long as that took, while more are waiting
_SLOTS = 40  # beats are spread over the interval

_PATH = re.compile(r"/live/(\d{1,15})/(now/)?")


# --- What travels ---


@dataclass(frozen=True)
class Update:
    """One revision, ready to be copied to every stream of an audience."""

    revision: int
    bare: bytes  # for an audience with nothing to swap
    by_audience: Mapping[str, bytes]
    whole: bool = True  # False: rendered only for these audiences, those that were watching when PostgreSQL was asked


def _event(name: str, *lines: str) -> bytes:
    return f"event: {name}\n{''.join(f'data: {line}\n' for text in lines for line in text.splitlines())}\n".encode()


def _update_event(revision: int, subjects: Iterable[str], html: str = "") -> bytes:
    return _event("update", " ".join((str(revision), *subjects)), html)


def _yours_event(counter: int, subjects: Iterable[str]) -> bytes:
    return _event("yours", " ".join((str(counter), *subjects)))


def _now_ms() -> str:
    return str(time.time_ns() // 1_000_000)


Own = Mapping[int, tuple[int, tuple[str, ...]]]  # member -> their counter, their subjects


@dataclass(eq=False, slots=True)
class Stream:
    """One open browser tab. Thousands of these are open, so each is small: no task but the request's own while nothing happens."""

    pk: int
    revision: int
    counter: int
    send: Send
    audience: str = ""
    member: int | None = None
    watching: live.Watching | None = None  # as whom; None until the check is done
    ended: bool = False
    gone: bool = False  # nobody reads any more
    slot: int = field(default_factory=lambda: random.randrange(_SLOTS))
    expires: float = field(default_factory=lambda: time.monotonic() + AGE * random.uniform(0.8, 1.2))
    early: list[Update | Own] = field(default_factory=list)  # what came before the check was done
    queue: list[bytes] = field(default_factory=list)
    writer: "asyncio.Task[None] | None" = None  # while there is something to write
    task: "asyncio.Task[Any] | None" = None

    @property
    def ready(self) -> bool:
        return self.watching is not None

    def update(self, update: Update) -> None:
        if not self.ready:
            self._wait_for_check(update)
        elif update.revision > self.revision:
            if update.whole or self.audience in update.by_audience:
                self.revision = update.revision
                self.put(update.by_audience.get(self.audience, update.bare))
            else:
                self.end()

    def yours(self, own: Own) -> None:
        if not self.ready:
            self._wait_for_check(own)
        elif self.member is not None and self.member in own:
            counter, subjects = own[self.member]
            if counter > self.counter:
                self.counter = counter
                self.put(_yours_event(counter, subjects))

    def _wait_for_check(self, what: "Update | Own") -> None:
        if len(self.early) >= QUEUE:
            self.end()
        self.early.append(what)

    def settle(self, watching: live.Watching, revision: int, counter: int, first: bytes) -> None:
        """The check is done: from now on bytes flow, beginning with what came meanwhile."""
        self.audience, self.member, self.watching = watching.audience, watching.member, watching
        self.revision, self.counter = revision, counter
        if self.ended:  # meanwhile, when there was nothing yet that could be ended
            self.ended = False
            self.end()
            return
        self.put(first)
        for what in self.early:
            self.update(what) if isinstance(what, Update) else self.yours(what)
        self.early = []

    def put(self, chunk: bytes) -> None:
        if self.ended:
            return
        if len(self.queue) >= QUEUE:  # a slow reader: its memory is bounded, and its position brings the rest
            self.end()
            return
        self.queue.append(chunk)
        self._write_soon()

    def end(self) -> None:
        """The browser comes back by itself. What it doesn't read within STUCK seconds is cut off."""
        if self.ended:
            return
        self.ended = True
        if len(self.queue) >= QUEUE:
            self.queue.clear()
        if self.ready:
            asyncio.get_running_loop().call_later(STUCK, self._cut_off)
            self._write_soon()

    def _cut_off(self) -> None:
        if self.task is not None:
            self.task.cancel()

    def left(self) -> None:
        """Nobody reads any more."""
        self.ended = self.gone = True
        self.queue.clear()

    def _write_soon(self) -> None:
        if self.writer is None and not self.gone:
            # Begun at once: unless the reader is slow it is written when this returns, and the loop has nothing more to do.
            writing = asyncio.Task(self._write(), loop=asyncio.get_running_loop(), eager_start=True)
            self.writer = None if writing.done() else writing

    async def _write(self) -> None:
        """All that waits, and the end after it. A reader that reads slowly makes us wait here, while the queue fills."""
        try:
            while self.queue:
                chunk = self.queue[0] if len(self.queue) == 1 else b"".join(self.queue)
                self.queue.clear()
                await self.send({"type": "http.response.body", "body": chunk, "more_body": True})
            if self.ended and not self.gone:
                await self.send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self.writer = None


class Watched:
    """One row and the streams on it. Revisions leave here in order, without a gap."""

    def __init__(self) -> None:
        self.streams: set[Stream] = set()
        self.revision: int | None = None  # unknown until the first check is done
        self.counters: dict[int, int] = {}
        self.held: dict[int, Update] = {}
        self.asking = False

    def begin(self, revision: int, counters: Mapping[int, int]) -> None:
        if self.revision is None:
            self.revision = revision
            self.counters.update(counters)
            self.flow()

    def update(self, update: Update) -> None:
        if self.revision is None or update.revision > self.revision:
            if len(self.held) >= QUEUE:  # too far behind to wait for what is missing: PostgreSQL has all of it
                self.held.clear()
            self.held[update.revision] = update
            self.flow()

    def flow(self) -> None:
        if self.revision is None:
            return
        while (following := self.held.pop(self.revision + 1, None)) is not None:
            self.revision += 1
            for stream in self.streams:
                stream.update(following)
        self.held = {rev: update for rev, update in self.held.items() if rev > self.revision}

    def yours(self, own: Own) -> bool:
        """False if something of somebody's was missed."""
        whole = True
        for member, (counter, _) in own.items():
            known = self.counters.get(member, 0)
            whole = whole and (self.revision is None or counter <= known + 1)
            if counter == known + 1 or self.revision is None:
                self.counters[member] = max(counter, known)
        if own:
            fresh = {m: what for m, what in own.items() if self.counters.get(m, 0) == what[0]}
            for stream in self.streams:
                stream.yours(fresh)
        return whole

    def jump(self, update: Update | None, revision: int, own: Own) -> None:
        """After a question to PostgreSQL: everything up to `revision` at once."""
        if update is not None and self.revision is not None and revision > self.revision:
            self.revision = revision
            for stream in self.streams:
                stream.update(update)
        for member, (counter, _) in own.items():
            self.counters[member] = max(counter, self.counters.get(member, 0))
        for stream in self.streams:
            stream.yours(own)
        self.flow()


# --- What is asked of PostgreSQL, each in one of a few threads with a lasting connection ---


@dataclass(frozen=True)
class Checked:
    """Somebody may watch, and this is what they missed."""

    admitted: live.Admission
    missed: live.Missed
    counters: Mapping[int, int]


def _counters(changed: Mapping[str, Any]) -> dict[int, int]:
    return {int(key[1:]): int(value) for key, value in changed.items() if key.startswith("@")}


class _Asked(NamedTuple):
    """Somebody at the door, and where their page is at."""

    who: live.Asked
    revision: int
    counter: int


Answer = Checked | live.NotSignedIn | None  # None: a stranger


def _check(all_asked: Sequence[_Asked]) -> list[Answer]:
    """Each in turn, in one transaction; what a whole room missed is rendered once."""
    _, admit = live.admission()
    shared: live.Rendered = {}
    answers: list[Answer] = []
    with everything("who listens"):
        for asked, admitted in zip(all_asked, admit([asked.who for asked in all_asked]), strict=True):
            if not isinstance(admitted, live.Admission):
                answers.append(admitted)
                continue
            row = admitted.live
            missed = live.missed(row, admitted.audience, admitted.member, asked.revision, asked.counter, shared)
            answers.append(Checked(admitted, missed, _counters(row.changed)))
    return answers


def _look(
    pks: Iterable[int], watching: Collection[live.Watching]
) -> tuple[dict[int, tuple[int, dict[int, int]]], Collection[live.Watching]]:
    """Where the watched rows are at, and who may not watch any more."""
    model, _ = live.admission()
    with everything("what the watched rows are at"):
        rows = live.rows_of(model, pks)
        return {row.pk: (row.revision, _counters(row.changed)) for row in rows}, live.lapsed(watching)


def _since(
    pk: int, revision: int, counters: Mapping[int, int], audiences: Iterable[str]
) -> tuple[Update | None, int, Own] | None:
    """What a watched row's streams missed, once for each audience; None if the row is gone."""
    model, _ = live.admission()
    with everything("what was missed after a gap"):
        row = model._base_manager.filter(pk=pk).first()
        if row is None:
            return None
        parts = {audience: live.missed(row, audience, None, revision, 0) for audience in audiences}
        update = None
        if row.revision > revision and parts:
            subjects = next(iter(parts.values())).subjects
            update = Update(
                row.revision,
                _update_event(row.revision, subjects),
                {audience: _update_event(row.revision, part.subjects, part.html) for audience, part in parts.items()},
                whole=False,
            )
        own = {}
        for member, counter in _counters(row.changed).items():
            if counter > (known := counters.get(member, 0)):
                own[member] = counter, live.missed(row, "", member, row.revision, known).own
        return update, row.revision, own


@dataclass(slots=True)
class _Waiting:
    """Somebody at the door."""

    asked: _Asked
    answer: "asyncio.Future[Answer]"
    stream: Stream | None

    def left(self) -> bool:
        return self.answer.done() or (self.stream is not None and self.stream.gone)

    def tell(self, answer: Answer | Exception) -> None:
        if self.answer.done():
            return
        if isinstance(answer, Exception) and not isinstance(answer, live.NotSignedIn):
            self.answer.set_exception(answer)
        else:
            self.answer.set_result(answer)


class Hub:
    """All streams of this process: one ear on Redis, one question to PostgreSQL for all, one beat."""

    def __init__(self) -> None:
        self.watched: dict[int, Watched] = defaultdict(Watched)
        self.slots: list[set[Stream]] = [set() for _ in range(_SLOTS)]
        self.persons: Counter[str] = Counter()
        self.ending = False
        self.ask_now = asyncio.Event()  # Redis was lost or found: something may have been missed
        self.loop = asyncio.get_running_loop()
        self.pool = ThreadPoolExecutor(THREADS, thread_name_prefix="live")
        self.ear: live.Ear = lambda channel, body: self._from_thread(channel, body)
        live.ears.add(self.ear)
        self.hearing = False
        self.heard_redis = False  # ever
        self.waiting: asyncio.Queue[_Waiting] = asyncio.Queue()
        doors = [self.door() for _ in range(THREADS - 1)]  # a thread is left for `poll` and `mend`
        work = (live.listen(self.hear, self.connected), self.poll(), self.beat(), *doors)
        self.tasks = [asyncio.ensure_future(each) for each in work]
        self.mending = set[asyncio.Task[None]]()

    async def ask(self, question: Callable[..., T], *args: Any) -> T:
        def answer() -> T:
            close_old_connections()
            try:
                return question(*args)
            finally:
                close_old_connections()

        return await self.loop.run_in_executor(self.pool, answer)

    # who comes in

    async def check(self, asked: _Asked, stream: Stream | None = None) -> Checked | None:
        """Whether they may watch, and what they missed. Raises NotSignedIn."""
        waiting = _Waiting(asked, self.loop.create_future(), stream)
        self.waiting.put_nowait(waiting)
        answer = await waiting.answer
        if isinstance(answer, live.NotSignedIn):
            raise answer
        return answer

    async def door(self) -> None:
        """Let in those who wait, several at a time; whoever has left meanwhile costs nothing.

        While a crowd stands there, as after a restart, the door rests between: whoever loads a page shall have a turn too.
        """
        while True:
            batch = [await self.waiting.get()]
            while len(batch) < BATCH and not self.waiting.empty():
                batch.append(self.waiting.get_nowait())
            batch = [waiting for waiting in batch if not waiting.left()]
            if batch:
                began = self.loop.time()
                await self._let_in(batch)
                if not self.waiting.empty():
                    await asyncio.sleep(RESTS * (self.loop.time() - began))

    async def _let_in(self, batch: "list[_Waiting]") -> None:
        try:
            answers = await self.ask(_check, [waiting.asked for waiting in batch])
        except Exception as error:
            if len(batch) > 1:  # one of them spoils it: each alone
                for waiting in batch:
                    await self._let_in([waiting])
            else:
                batch[0].tell(error)
        else:
            for waiting, answer in zip(batch, answers, strict=True):
                waiting.tell(answer)

    # who is here

    def join(self, stream: Stream) -> Watched:
        watched = self.watched[stream.pk]
        watched.streams.add(stream)
        self.slots[stream.slot].add(stream)
        return watched

    def leave(self, stream: Stream) -> None:
        stream.left()
        self.slots[stream.slot].discard(stream)
        watched = self.watched[stream.pk]
        watched.streams.discard(stream)
        if not watched.streams:
            del self.watched[stream.pk]

    def streams(self) -> list[Stream]:
        return [stream for watched in self.watched.values() for stream in watched.streams]

    # what is heard

    def _from_thread(self, channel: str, body: bytes) -> None:
        if not self.loop.is_closed():
            self.loop.call_soon_threadsafe(self.hear, channel, body)

    def connected(self, hearing: bool) -> None:
        self.hearing = hearing
        self.heard_redis = self.heard_redis or hearing
        self.ask_now.set()  # either way: ask PostgreSQL now

    def hear(self, channel: str, body: bytes) -> None:
        name = channel.removeprefix("live:")
        if name == "cut":
            who = json.loads(body)
            for stream in self.streams():
                if stream.watching and all(getattr(stream.watching, key) == value for key, value in who.items()):
                    stream.end()
            return
        watched = self.watched.get(int(name)) if name.isdecimal() else None
        if watched is None:
            return
        message = json.loads(body)
        if (revision := message["rev"]) is not None:
            subjects = message["subjects"]
            htmls = message["html"].items()
            by_audience = {audience: _update_event(revision, subjects, html) for audience, html in htmls}
            watched.update(Update(revision, _update_event(revision, subjects), by_audience))
        whole = watched.yours({int(m): (n, tuple(subjects)) for m, (n, subjects) in message["own"].items()})
        if watched.revision is not None and (watched.held or not whole):
            self.loop.call_later(GRACE, self.mend, int(name), not whole)

    # what wasn't heard

    def mend(self, pk: int, surely: bool = False) -> None:
        """Ask PostgreSQL what this row's streams missed, unless it has come meanwhile."""
        watched = self.watched.get(pk)
        if watched and not watched.asking and watched.revision is not None and (watched.held or surely):
            watched.asking = True
            task = asyncio.ensure_future(self._mend(pk, watched))
            self.mending.add(task)
            task.add_done_callback(self.mending.discard)

    async def _mend(self, pk: int, watched: Watched) -> None:
        try:
            audiences = {stream.audience for stream in watched.streams if stream.ready}
            found = await self.ask(_since, pk, watched.revision, dict(watched.counters), audiences)
            if found is None:
                for stream in watched.streams:
                    stream.end()
            else:
                watched.jump(*found)
        except Exception:
            log.exception("Could not ask what was missed; the next poll tries again")
        finally:
            watched.asking = False

    async def poll(self) -> None:
        """Where every watched row is at, once in POLL seconds: in parts, where that is about many, so that no post waits for thousands."""
        while True:
            parts = -(-sum(len(watched.streams) for watched in self.watched.values()) // TOGETHER) or 1
            for part in range(parts):
                at_once = await self._asked_for_now((POLL if self.hearing else POLL_DEAF) / parts)
                known = [pk for pk, watched in self.watched.items() if watched.revision is not None]
                if at_once:
                    await self._ask_where(known)
                    break
                await self._ask_where(known[len(known) * part // parts : len(known) * (part + 1) // parts])

    async def _asked_for_now(self, within: float) -> bool:
        """Whether somebody wants PostgreSQL asked before so many seconds have passed."""
        try:
            await asyncio.wait_for(self.ask_now.wait(), within)
        except TimeoutError:
            return False
        self.ask_now.clear()
        return True

    async def _ask_where(self, known: Sequence[int]) -> None:
        """What these rows are at: who watches them hears what they missed, and whoever may not watch any more is sent away."""
        if not known:
            return
        streams = [stream for pk in known if pk in self.watched for stream in self.watched[pk].streams]
        watching = {stream.watching for stream in streams if stream.watching and not stream.ended}
        try:
            at, lapsed = await self.ask(_look, known, watching)
        except Exception as error:
            log.warning("PostgreSQL did not say what the watched rows are at: %s", error)
            return
        if lapsed:
            for stream in streams:
                if stream.watching in lapsed:
                    stream.end()
        for pk in known:
            watched = self.watched.get(pk)
            if watched is None or watched.revision is None:
                continue
            revision, counters = at.get(pk, (-1, {}))
            if revision < 0 or revision > watched.revision or counters.items() - watched.counters.items():
                self.loop.call_later(GRACE if self.hearing else 0, self._mend_if_behind, pk, revision, counters)

    def _mend_if_behind(self, pk: int, revision: int, counters: Mapping[int, int]) -> None:
        watched = self.watched.get(pk)
        if watched is None or watched.revision is None:
            return
        behind = any(counter > watched.counters.get(member, 0) for member, counter in counters.items())
        self.mend(pk, surely=revision < 0 or revision > watched.revision or behind)

    async def beat(self) -> None:
        turn = 0
        while True:
            await asyncio.sleep(BEAT / _SLOTS)
            turn = (turn + 1) % _SLOTS
            chunk, now = _event("beat", _now_ms()), time.monotonic()
            for stream in tuple(self.slots[turn]):
                if now > stream.expires:
                    stream.end()
                elif stream.ready and not stream.queue:
                    stream.put(chunk)

    # the end

    def end(self) -> None:
        """The server is going: every stream ends now, none begins. Browsers come back to the next process."""
        self.ending = True
        for stream in self.streams():
            stream.end()

    async def close(self) -> None:
        self.end()
        live.ears.discard(self.ear)
        tasks = [*self.tasks, *self.mending]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._hang_up()
        await self.loop.run_in_executor(None, self.pool.shutdown)

    def _hang_up(self) -> None:
        """Each thread closes its own connection; the barrier makes sure that each gets one of the calls."""
        meeting = threading.Barrier(THREADS)

        def hang_up() -> None:
            with contextlib.suppress(threading.BrokenBarrierError):
                meeting.wait(2)
            connections.close_all()

        for _ in range(THREADS):
            self.pool.submit(hang_up)


class Streams:
    """The ASGI app: GET `/live/<pk>/?rev=41.3` is the stream, `/live/<pk>/now/?rev=41.3` the same question answered once.

    `as=wall` and `as=visitor` ask with a cookie of their own in place of the session's. 401: nobody is signed in; 404: not for
    you; 429: too many.
    """

    def __init__(self) -> None:
        self.hub: Hub | None = None

    def start(self) -> None:
        """Begin to listen; called in the running loop."""
        self.hub = self.hub or Hub()

    def end(self) -> None:
        """End the open streams (from the loop's thread)."""
        if self.hub is not None:
            self.hub.end()

    async def close(self) -> None:
        if self.hub is not None:
            await self.hub.close()
            self.hub = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.start()
        hub = self.hub
        found = _PATH.fullmatch(scope["path"])
        if hub is None or found is None or not _known_host(scope):
            return await _answer(send, 404)
        if scope["method"] != "GET":
            return await _answer(send, 405)
        if hub.ending:
            return await _answer(send, 503)
        pk, said = int(found[1]), parse_qs(scope["query_string"].decode("latin-1"))
        revision, counter = _position(said.get("rev", [""])[0])
        asked = _Asked(live.Asked(pk, *_keys(scope, said.get("as", [""])[0])), revision, counter)
        if found[2]:
            return await _now(hub, send, asked)
        person = asked.who.session or f"token {asked.who.token}"
        if hub.persons[person] >= PER_PERSON:
            return await _answer(send, 429)
        hub.persons[person] += 1
        stream = Stream(pk, revision, counter, send, task=asyncio.current_task())
        watched = hub.join(stream)
        opening = asyncio.ensure_future(_open(hub, watched, stream, send, asked))
        try:
            while (await receive())["type"] != "http.disconnect":
                pass
        except asyncio.CancelledError:
            if not stream.ended:
                raise
        finally:
            hub.leave(stream)
            hub.persons[person] -= 1
            if not hub.persons[person]:
                del hub.persons[person]
            opening.cancel()
            if stream.writer is not None:
                stream.writer.cancel()


async def _ask(hub: Hub, send: Send, asked: _Asked, stream: Stream | None = None) -> Checked | None:
    """What the check says, or None once another answer was sent."""
    try:
        checked = await hub.check(asked, stream)
    except live.NotSignedIn:
        await _answer(send, 401)
    except Exception:
        log.exception("Could not check who listens")
        await _answer(send, 503)
    else:
        if checked is not None:
            return checked
        await _answer(send, 404)
    return None


async def _now(hub: Hub, send: Send, asked: _Asked) -> None:
    checked = await _ask(hub, send, asked)
    if checked is not None:
        missed = checked.missed
        body = {
            "rev": f"{missed.revision}.{missed.counter}",
            "subjects": [*missed.subjects, *missed.own],
            "html": missed.html,
            "now": int(_now_ms()),
        }
        await _answer(send, 200, json.dumps(body).encode(), b"application/json")


async def _open(hub: Hub, watched: Watched, stream: Stream, send: Send, asked: _Asked) -> None:
    """From the check to the first bytes; whoever hears the end of it sees to the rest."""
    checked = await _ask(hub, send, asked, stream)
    if checked is None:
        return
    admitted, missed = checked.admitted, checked.missed
    first = _event("hello", f"{missed.revision}.{missed.counter} {_now_ms()}")
    if missed.subjects or missed.revision != asked.revision:
        first += _update_event(missed.revision, missed.subjects, missed.html)
    if missed.own or missed.counter != asked.counter:
        first += _yours_event(missed.counter, missed.own)
    await send(_start(200, b"text/event-stream", (b"x-accel-buffering", b"no")))
    if stream.gone:
        return
    watched.begin(missed.revision, checked.counters)
    watching = live.Watching(
        stream.pk, admitted.audience, admitted.member, admitted.user, admitted.visitor, *asked.who[1:]
    )
    stream.settle(watching, missed.revision, missed.counter, first)


async def _answer(send: Send, status: int, body: bytes = b"", kind: bytes = b"text/plain") -> None:
    await send(_start(status, kind, (b"content-length", str(len(body)).encode()), (b"retry-after", b"5")))
    await send({"type": "http.response.body", "body": body})


def _start(status: int, kind: bytes, *more: tuple[bytes, bytes]) -> dict[str, Any]:
    headers = [
        (b"content-type", kind + b"; charset=utf-8"),
        (b"cache-control", b"no-store, no-transform"),
        (b"x-content-type-options", b"nosniff"),
        (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]
    return {"type": "http.response.start", "status": status, "headers": [*headers, *more]}


def _position(said: str) -> tuple[int, int]:
    """(-1, -1), everything anew, for what isn't a position."""
    found = re.fullmatch(r"(\d{1,15})\.(\d{1,15})", said)
    return (int(found[1]), int(found[2])) if found else (-1, -1)


def _headers(scope: Scope, name: bytes) -> str:
    return "; ".join(value.decode("latin-1") for key, value in scope["headers"] if key == name)


def _keys(scope: Scope, audience: str) -> tuple[str | None, str | None]:
    """The session's key, or the token of a wall or a visitor: a laptop may carry them all, and shows one."""
    cookies = parse_cookie(_headers(scope, b"cookie"))
    if audience == live.WALL:
        return None, cookies.get(getattr(settings, "WALL_COOKIE_NAME", "wall"))
    if audience == live.VISITOR:
        return None, cookies.get(getattr(settings, "VISITOR_COOKIE_NAME", "visitor"), "")
    return cookies.get(settings.SESSION_COOKIE_NAME), None


@functools.cache
def _allowed_hosts() -> list[str]:
    return settings.ALLOWED_HOSTS or ["localhost", "127.0.0.1", "[::1]"]


def _known_host(scope: Scope) -> bool:
    domain, _ = split_domain_port(_headers(scope, b"host"))
    return bool(domain) and validate_host(domain, _allowed_hosts())
