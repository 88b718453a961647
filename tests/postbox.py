"""A real SMTP server for the tests: it takes letters into a journal, and fails where it is told to."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from aiosmtpd.controller import Controller

HANG_UP = "hang up"
logging.getLogger("mail.log").setLevel(logging.WARNING)  # aiosmtpd tells each word it hears


@dataclass(frozen=True)
class Taken:
    """One letter that the server took, whether or not it could say so."""

    to: str
    content: bytes

    @property
    def message(self) -> EmailMessage:
        return message_from_bytes(self.content, policy=default)

    @property
    def message_id(self) -> str:
        return str(self.message["Message-ID"])

    @property
    def text(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")

    @property
    def html(self) -> str:
        body = self.message.get_body(("html",))
        assert body is not None
        return str(body.get_content()).replace("\r\n", "\n")


@dataclass
class Postbox:
    """The journal, and two places to fail: when the recipient is named, and when the letter has come.

    `at_recipient(address)` may return an answer such as `550 no`. `at_letter(address, content)` too, before the letter is taken;
    with HANG_UP the letter *is* taken and the line breaks before the answer.
    """

    journal: list[Taken] = field(default_factory=list)
    at_recipient: Callable[[str], str | None] = lambda address: None
    at_letter: Callable[[str, bytes], str | None] = lambda address, content: None
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: list[str]) -> str:
        answer = self.at_recipient(address)
        if answer is None:
            envelope.rcpt_tos.append(address)
        return answer or "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        address, content = envelope.rcpt_tos[0], bytes(envelope.content)
        assert len(envelope.rcpt_tos) == 1
        answer = self.at_letter(address, content)
        if answer is None or answer == HANG_UP:
            with self.lock:
                self.journal.append(Taken(address, content))
        if answer == HANG_UP:
            server.transport.abort()
        return answer or "250 OK"

    def to(self, address: str) -> list[Taken]:
        with self.lock:
            return [taken for taken in self.journal if taken.to == address]


class AnyPort(Controller):
    """aiosmtpd's controller looks for itself at the port it was given, which doesn't do for "any free one"."""

    def _trigger_server(self) -> None:
        server: Any = self.server
        self.port = server.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]


@contextmanager
def postbox() -> Iterator[Postbox]:
    """A server on a free port of loopback, for as long as the block lasts."""
    box = Postbox()
    server = AnyPort(box, hostname="127.0.0.1", port=0, ready_timeout=10)
    server.start()
    try:
        box.url = f"smtp://127.0.0.1:{server.port}"
        yield box
    finally:
        server.stop()
