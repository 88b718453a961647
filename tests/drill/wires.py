"""What the drill puts between the product and its servers: proxies that are cut or fall silent, and a mail server with faults.

All of it runs in one loop, in a thread of the drill's own process, which nobody kills. The mail server's journal is the truth
of the drill: what came, when, which bytes, and whether the sender was told that it was taken. A line is written and flushed
before the answer leaves.
"""

import asyncio
import contextlib
import hashlib
import json
import random
import re
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, TypeVar

HOST = "127.0.0.1"
T = TypeVar("T")


class Wires:
    """A loop in a thread. `with Wires() as wires: wires.do(server.open())`."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="wires", daemon=True)

    def __enter__(self) -> "Wires":
        self.thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.do(self._end_all())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(5)
        self.loop.close()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)

    @staticmethod
    async def _end_all() -> None:
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def break_off(writer: asyncio.StreamWriter) -> None:
    """End a connection by a reset, not politely."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


# --- proxies ---------------------------------------------------------------------------------------------------------------------


class Proxy:
    """A door before a server. `silent`: whatever is open stays open, new ones are accepted, and nothing is said. `cut`: all is reset."""

    def __init__(self, wires: Wires, to: int) -> None:
        self.wires, self.to, self.port = wires, to, 0
        self.talking = asyncio.Event()
        self.talking.set()
        self.is_cut = False
        self.open_ones: set[asyncio.StreamWriter] = set()
        wires.do(self._open())

    async def _open(self) -> None:
        server = await asyncio.start_server(self._serve, HOST, 0, backlog=200)
        self.port = int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_cut:
            break_off(writer)
            return
        self.open_ones.add(writer)
        other: asyncio.StreamWriter | None = None
        try:
            await self.talking.wait()
            from_server, other = await asyncio.open_connection(HOST, self.to)
            self.open_ones.add(other)
            both = [
                asyncio.ensure_future(self._pass_on(reader, other)),
                asyncio.ensure_future(self._pass_on(from_server, writer)),
            ]
            try:
                await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for passing in both:
                    passing.cancel()
        except OSError:
            break_off(writer)
        finally:
            for each in (writer, other):
                if each is not None:
                    self.open_ones.discard(each)
                    each.close()

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(65536):
                await self.talking.wait()
                writer.write(data)
                await writer.drain()
            await self.talking.wait()

    def silent(self, silent: bool = True) -> None:
        self.wires.loop.call_soon_threadsafe(self.talking.clear if silent else self.talking.set)

    def cut(self, cut: bool = True) -> None:
        def now() -> None:
            self.is_cut = cut
            for writer in tuple(self.open_ones) if cut else ():
                break_off(writer)

        self.wires.loop.call_soon_threadsafe(now)


# --- the mail server's journal ---------------------------------------------------------------------------------------------------


@dataclass
class Copy:
    """One letter that came in whole and was taken, whether or not its sender could be told."""

    number: int
    at: float
    to: str
    message_id: str
    digest: str
    answered: float | None = None


@dataclass
class Journal:
    """What the mail server did, in a file that only grows, and in memory for the verdict."""

    path: Path
    shift: float = 0.0  # seconds by which those who are watched have moved their clock
    copies: list[Copy] = field(default_factory=list)
    refused: dict[str, float] = field(default_factory=dict)  # by recipient: when it was last refused for good
    faults: Counter[str] = field(default_factory=Counter)
    tries: Counter[str] = field(default_factory=Counter)  # by recipient
    words: dict[str, bytes] = field(default_factory=dict)  # the last letter to each who isn't of the drill
    file: IO[str] | None = None

    def open(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.file = self.path.open("a")

    def close(self) -> None:
        if self.file is not None:
            self.file.close()

    def now(self) -> float:
        return time.time() + self.shift

    def write(self, what: str, **more: object) -> None:
        assert self.file is not None
        self.file.write(json.dumps({"at": round(self.now(), 6), "what": what, **more}) + "\n")
        self.file.flush()

    def taken(self, to: str, content: bytes) -> Copy:
        found = re.search(rb"^Message-ID:[ \t\r\n]*(\S+)", content, re.MULTILINE | re.IGNORECASE)
        digest = hashlib.sha256(content).hexdigest()
        copy = Copy(len(self.copies) + 1, self.now(), to, found[1].decode() if found else "", digest)
        self.write("taken", number=copy.number, to=to, id=copy.message_id, sha256=digest, size=len(content))
        self.copies.append(copy)
        if not to.endswith("@drill.invalid"):
            self.words[to] = content
        return copy

    def answered(self, copy: Copy) -> None:
        copy.answered = self.now()
        self.write("answered", number=copy.number)

    def refuse(self, to: str) -> None:
        self.refused[to] = self.now()
        self.write("refused", to=to, code=550)

    def fault(self, what: str, to: str = "") -> None:
        self.faults[what] += 1
        self.write("fault", fault=what, to=to)


# --- the mail server's faults ----------------------------------------------------------------------------------------------------

AT_CONNECTION = ("421 greeting", "421 ehlo", "hang greeting")
AT_SENDER = ("421 mail", "reset mail")
AT_LETTER = (  # the share of each, of a hundred letters
    *("421 rcpt", "421 rcpt", "451 rcpt", "451 rcpt", "451 rcpt", "reset rcpt", "hang rcpt"),
    *("421 data", "451 data", "reset data", "reset middle"),
    *("451 letter", "451 letter", "reset letter", "reset letter"),  # after the last dot; the letter isn't taken
    *(
        "reset taken",
        "reset taken",
        "reset taken",
        "hang taken",
    ),  # after the last dot; the letter is taken, nobody is told
    *("slow", "slow"),
)
EVERY_FAULT = tuple(dict.fromkeys((*AT_CONNECTION, *AT_SENDER, *AT_LETTER)))
REFUSED_ONE_OF = 10


def refused_for_good(address: str) -> bool:
    """One of ten recipients of the drill doesn't exist, always the same ones: so it is known who can't get a letter."""
    if not address.endswith("@drill.invalid"):
        return False
    return int(hashlib.sha256(address.encode()).hexdigest(), 16) % REFUSED_ONE_OF == 0


class Weather:
    """Which fault comes next: none in fair weather; else by a seeded random, each kind at least once while the storm begins."""

    def __init__(self, seed: int) -> None:
        self.stormy = False
        self.random = random.Random(seed)
        self.still = {"connection": list(AT_CONNECTION), "sender": list(AT_SENDER), "letter": sorted(set(AT_LETTER))}
        for each in self.still.values():
            self.random.shuffle(each)

    def at(self, where: str, to: str = "") -> str:
        if not self.stormy:
            return ""
        if where == "letter":
            chosen = self.random.choices(["", *AT_LETTER], [80, *([1] * len(AT_LETTER))])[0]
        elif where == "sender":
            chosen = self.random.choices(["", *AT_SENDER], [98, 1, 1])[0]
        else:
            chosen = self.random.choices(["", *AT_CONNECTION], [94, 2, 2, 1])[0]
        if self.still[where] and self.random.random() < 0.5:
            chosen = self.still[where].pop()
        if chosen in self.still[where]:
            self.still[where].remove(chosen)
        return chosen


@dataclass
class Planned:
    """Faults written down beforehand, for a twin: by recipient, the first try first."""

    by_recipient: dict[str, list[str]]

    def at(self, where: str, to: str = "") -> str:
        left = self.by_recipient.get(to) if where == "letter" else None
        return left.pop(0) if left else ""


class _Over(Exception):
    """This connection has ended."""


class MailServer:
    """Takes letters over SMTP into the journal. `chooser.at(where, to)` says which fault comes, if any."""

    def __init__(self, wires: Wires, journal: Journal, chooser: Weather | Planned, *, pace: float = 0.0) -> None:
        self.wires, self.journal, self.chooser, self.pace, self.port = wires, journal, chooser, pace, 0
        self.refuses: Callable[[str], bool] = refused_for_good
        self.hang = 12.0  # longer than anybody waits (core.mail.PATIENCE)
        self.slow = 1.5  # seconds that a slow answer takes, letter by letter
        wires.do(self._open())

    async def _open(self) -> None:
        self.journal.open()
        server = await asyncio.start_server(self._serve, HOST, 0, limit=2**24, backlog=200)
        self.port = int(server.sockets[0].getsockname()[1])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Talk(self, reader, writer).go()
        except (_Over, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()


class _Talk:
    """One connection."""

    def __init__(self, server: MailServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.journal = server.journal
        self.to, self.fault = "", ""

    async def say(self, line: str, *, slowly: bool = False) -> None:
        data = f"{line}\r\n".encode()
        if slowly:
            for byte in data:
                self.writer.write(bytes([byte]))
                await self.writer.drain()
                await asyncio.sleep(self.server.slow / len(data))
            return
        self.writer.write(data)
        await self.writer.drain()

    async def hear(self) -> bytes:
        line = await self.reader.readline()
        if not line.endswith(b"\n"):
            raise _Over
        return line.rstrip(b"\r\n")

    def choose(self, where: str) -> str:
        chosen = self.server.chooser.at(where, self.to)
        if chosen:
            self.journal.fault(chosen, self.to)
        return chosen

    async def strike(self, chosen: str, here: str) -> bool:
        """Do what was chosen for this place. True when an answer was given that refuses."""
        how, _, where = chosen.partition(" ")
        if where != here:
            return False
        if how == "reset":
            break_off(self.writer)
            raise _Over
        if how == "hang":
            await asyncio.sleep(self.server.hang)
            break_off(self.writer)
            raise _Over
        if how == "dribble":  # never late with a byte, and never done
            while True:
                self.writer.write(b"2")
                await self.writer.drain()
                await asyncio.sleep(0.1)
        await self.say(f"{how} not now")
        if how == "421":
            raise _Over
        return True

    async def go(self) -> None:
        chosen = self.choose("connection")
        await self.strike(chosen, "greeting")
        await self.say("220 drill.invalid")
        while True:
            line = await self.hear()
            verb = line[:4].upper()
            if verb in (b"EHLO", b"HELO"):
                await self.strike(chosen, "ehlo")
                await self.say("250 drill.invalid")
            elif verb == b"MAIL":
                self.to = ""
                await self.strike(self.choose("sender"), "mail")
                await self.say("250 go on")
            elif verb == b"RCPT":
                await self._recipient(line)
            elif verb == b"DATA":
                await self._letter()
            elif verb == b"QUIT":
                await self.say("221 bye")
                raise _Over
            else:
                await self.say("250 ok")

    async def _recipient(self, line: bytes) -> None:
        self.to = line.partition(b"<")[2].partition(b">")[0].decode()
        self.journal.tries[self.to] += 1
        if self.server.refuses(self.to):
            self.journal.refuse(self.to)
            await self.say("550 nobody of this name is here")
            return
        self.fault = self.choose("letter")
        if not await self.strike(self.fault, "rcpt"):
            await self.say("250 go on", slowly=self.fault == "slow")

    async def _letter(self) -> None:
        if await self.strike(self.fault, "data"):
            return
        await self.say("354 go on", slowly=self.fault == "slow")
        if self.fault == "reset middle":
            await self.reader.readexactly(200)
            await self.strike(self.fault, "middle")
        whole = await self.reader.readuntil(b"\r\n.\r\n")
        content = whole[:-3].replace(b"\r\n..", b"\r\n.")
        if await self.strike(self.fault, "letter"):
            return
        if self.server.pace:
            await asyncio.sleep(self.server.pace)
        copy = self.journal.taken(self.to, content)
        await self.strike(self.fault, "taken")
        await self.say("250 taken", slowly=self.fault == "slow")
        self.journal.answered(copy)


@contextmanager
def mail_server(path: Path, chooser: Weather | Planned, *, pace: float = 0.0) -> Iterator[MailServer]:
    """A mail server of one's own, for as long as the block lasts."""
    journal = Journal(path)
    with Wires() as wires:
        try:
            yield MailServer(wires, journal, chooser, pace=pace)
        finally:
            journal.close()
