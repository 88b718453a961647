"""A small IMAP server for the tests: as much of RFC 3501 as a reader of one mailbox speaks, over a real socket."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

WORDS = re.compile(r'"((?:[^"\\]|\\.)*)"|(\([^)]*\))|(\S+)')


@dataclass
class Kept:
    """One mail of the mailbox."""

    content: bytes
    seen: bool = False


@dataclass
class ImapServer:
    """The mailbox, who may in, and where it fails: `fault` names a command and how.

    It answers it with NO, or at it `hang`s, `hang up`s, or `dribble`s: a byte now and then, for six seconds. So it may at its GREETING.
    """

    user: str = "bounces@harbour.example"
    password: str = "s3cret/:@ pass"
    folder: str = "INBOX"
    mails: list[Kept] = field(default_factory=list)
    fault: tuple[str, str] = ("", "")
    heard: list[str] = field(default_factory=list)
    port: int = 0

    def put(self, *contents: bytes) -> None:
        self.mails += [Kept(content) for content in contents]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await _Session(self, reader, writer).go()
        writer.close()


class _Session:
    def __init__(self, server: ImapServer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.server, self.reader, self.writer = server, reader, writer
        self.state = "not authenticated"

    async def say(self, line: str) -> None:
        self.writer.write(f"{line}\r\n".encode())
        await self.writer.drain()

    async def dribble(self) -> None:
        for _ in range(120):
            self.writer.write(b"*")
            await self.writer.drain()
            await asyncio.sleep(0.05)

    async def go(self) -> None:
        if self.server.fault == ("GREETING", "dribble"):
            await self.dribble()
            return
        await self.say("* OK IMAP4rev1 ready")
        while line := (await self.reader.readline()).decode().rstrip("\r\n"):
            tag, _, rest = line.partition(" ")
            words = [
                re.sub(r"\\(.)", r"\1", quoted) if quoted else group or atom
                for quoted, group, atom in WORDS.findall(rest)
            ]
            name = " ".join(words[:2]).upper() if words[0].upper() == "UID" else words[0].upper()
            self.server.heard.append(name)
            where, how = self.server.fault
            if where == name:
                if how == "hang up":
                    return
                if how == "hang":
                    await asyncio.sleep(60)
                if how == "dribble":
                    await self.dribble()
                    return
                await self.say(f"{tag} NO not now")
            elif not await self.do(tag, name, words):
                return

    async def do(self, tag: str, name: str, words: list[str]) -> bool:
        server = self.server
        if name == "CAPABILITY":
            await self.say("* CAPABILITY IMAP4rev1")
        elif name == "LOGIN":
            if words[1:] != [server.user, server.password]:
                await self.say(f"{tag} NO [AUTHENTICATIONFAILED] who are you?")
                return True
            self.state = "authenticated"
        elif name == "LOGOUT":
            await self.say("* BYE")
            await self.say(f"{tag} OK LOGOUT completed")
            return False
        elif self.state == "not authenticated":
            await self.say(f"{tag} BAD sign in first")
            return True
        elif name == "SELECT":
            if words[1] != server.folder:
                await self.say(f"{tag} NO no such mailbox")
                return True
            self.state = "selected"
            await self.say(f"* {len(server.mails)} EXISTS")
        elif self.state != "selected":
            await self.say(f"{tag} BAD select first")
            return True
        elif name == "UID SEARCH":
            assert words[2:] == ["UNSEEN"]
            found = " ".join(str(100 + number) for number, mail in enumerate(server.mails) if not mail.seen)
            await self.say(f"* SEARCH {found}".rstrip())
        elif name == "UID FETCH":
            await self.fetch(int(words[2]), words[3])
        elif name == "UID STORE":
            assert words[3:] == ["+FLAGS.SILENT", "(\\Seen)"]
            server.mails[int(words[2]) - 100].seen = True
        else:
            await self.say(f"{tag} BAD {name} is not for a reader")
            return True
        await self.say(f"{tag} OK {name} completed")
        return True

    async def fetch(self, number: int, what: str) -> None:
        asked = re.fullmatch(r"\(BODY\.PEEK\[\]<0\.(\d+)>\)", what)
        assert asked, f"a reader that looks must not mark: {what}"
        content = self.server.mails[number - 100].content[: int(asked[1])]
        self.writer.write(f"* {number - 99} FETCH (UID {number} BODY[]<0> {{{len(content)}}}\r\n".encode())
        self.writer.write(content)
        await self.say(")")


@contextmanager
def imap_server() -> Iterator[ImapServer]:
    """A mailbox on a free port of loopback, for as long as the block lasts."""
    box, loop, ready = ImapServer(), asyncio.new_event_loop(), threading.Event()

    async def serve() -> None:
        server = await asyncio.start_server(box.serve, "127.0.0.1", 0)
        box.port = int(server.sockets[0].getsockname()[1])
        ready.set()

    def run() -> None:
        loop.create_task(serve())
        loop.run_forever()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run, name="imap", daemon=True)
    thread.start()
    assert ready.wait(5)
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
