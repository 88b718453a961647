"""Reading a mailbox over IMAP: what nobody has read yet, each marked as read once it was dealt with. Nothing is ever deleted."""

import contextlib
import imaplib
import socket
import ssl
import threading
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit

PATIENCE = 5.0  # seconds for one answer
DEADLINE = 20.0  # seconds for one visit; the next is not far, so in the last PATIENCE no further mail is begun
LARGEST = 256 * 1024  # bytes that are read of one mail: more than any of our letters with a report round it


class Unreadable(Exception):
    """The mailbox can't be reached, doesn't let us in, or breaks off."""


@dataclass(frozen=True)
class Mailbox:
    """A mailbox, as `imaps://user:password@host/INBOX` says; `imap+tls://` is STARTTLS, and `imap://` nothing."""

    host: str
    port: int
    safety: Literal["none", "starttls", "tls"]
    user: str
    password: str
    folder: str

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Raises Unreadable, in words that hold nothing of the address."""
        schemes: dict[str, tuple[Literal["none", "starttls", "tls"], int]] = {
            "imap": ("none", 143),
            "imap+tls": ("starttls", 143),
            "imaps": ("tls", 993),
        }
        try:
            parts = urlsplit(url)
            safety, port = schemes[parts.scheme]
            number = parts.port or port
        except (KeyError, ValueError):
            raise Unreadable("The mailbox’s address begins with imaps://, imap+tls:// or imap://") from None
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=number,
            safety=safety,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
            folder=unquote(parts.path.strip("/")) or "INBOX",
        )


def unread(mailbox: Mailbox, *, at_most: int = 50) -> Generator[bytes]:
    """Each mail that nobody has read, as bytes; marked as read when the next one is asked for. Raises Unreadable."""
    ends = time.monotonic() + DEADLINE - PATIENCE
    try:
        with _watch() as watched:
            line = _open(mailbox, watched)
            try:
                for number in _numbers(line)[:at_most]:
                    if time.monotonic() > ends:
                        break
                    raw = _fetch(line, number)
                    yield raw
                    _sure(line.uid("STORE", number, "+FLAGS.SILENT", "(\\Seen)"))
            finally:
                _close(line)
    except (OSError, imaplib.IMAP4.error) as error:
        raise Unreadable(f"{type(error).__name__}: {error}"[:200]) from error
    except ValueError as error:  # a password beyond ASCII, and such an error would quote it
        raise Unreadable(f"{type(error).__name__}: the name or the password can’t be sent to this server") from None


@contextlib.contextmanager
def _watch() -> Iterator[list[socket.socket]]:
    """Hang up at the deadline whatever stands in the list: a server that dribbles is never late with a single byte."""
    watched: list[socket.socket] = []

    def hang_up() -> None:
        for each in watched:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(DEADLINE, hang_up)
    timer.daemon = True
    timer.start()
    try:
        yield watched
    finally:
        timer.cancel()
        for each in watched:
            each.close()


class _Line(imaplib.IMAP4):
    """A line that somebody watches from its first byte: the greeting and the handshake may dribble too."""

    def __init__(self, mailbox: Mailbox, watched: list[socket.socket]) -> None:
        self._watched = watched
        self._safe = ssl.create_default_context() if mailbox.safety == "tls" else None
        super().__init__(mailbox.host, mailbox.port, timeout=PATIENCE)

    def _create_socket(self, timeout: float | None) -> socket.socket:
        line = socket.create_connection((self.host, self.port), timeout)
        self._watched.append(line.dup())  # the same line, whatever TLS makes of the first handle
        return line if self._safe is None else self._safe.wrap_socket(line, server_hostname=self.host)


def _open(mailbox: Mailbox, watched: list[socket.socket]) -> imaplib.IMAP4:
    line = _Line(mailbox, watched)
    try:
        if mailbox.safety == "starttls":
            line.starttls(ssl_context=ssl.create_default_context())
        line.login(mailbox.user, mailbox.password)
        folder = mailbox.folder.replace("\\", "\\\\").replace('"', '\\"')
        _sure(line.select(f'"{folder}"'))
    except BaseException:
        _close(line)
        raise
    return line


def _numbers(line: imaplib.IMAP4) -> list[str]:
    found = _sure(line.uid("SEARCH", "UNSEEN"))
    return found[0].decode("ascii").split() if found and isinstance(found[0], bytes) else []


def _fetch(line: imaplib.IMAP4, number: str) -> bytes:
    for part in _sure(line.uid("FETCH", number, f"(BODY.PEEK[]<0.{LARGEST}>)")):
        if isinstance(part, tuple) and isinstance(part[1], bytes):
            return part[1]
    return b""  # it is gone since


def _sure(answer: tuple[str, list[Any]]) -> list[Any]:
    said, data = answer
    if said != "OK":
        raise imaplib.IMAP4.error(f"the mailbox said {said}")
    return data


def _close(line: imaplib.IMAP4) -> None:
    try:
        line.logout()
    except (OSError, imaplib.IMAP4.error):
        pass
