"""Reading a mailbox over IMAP: what nobody has read yet, each marked as read once it was dealt with. Nothing is ever deleted."""

import imaplib
import ssl
import time
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Literal, Self
from urllib.parse import unquote, urlsplit

PATIENCE = 5.0  # seconds for one answer
DEADLINE = 20.0  # seconds for one visit; the next is not far
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
    ends = time.monotonic() + DEADLINE
    try:
        line = _open(mailbox)
        try:
            for number in _numbers(line)[:at_most]:
                if time.monotonic() > ends:
                    break
                raw = _fetch(line, number)
                yield raw
                _sure(line.uid("STORE", number, "+FLAGS.SILENT", "(\\Seen)"))
        finally:
            _close(line)
    except (OSError, imaplib.IMAP4.error, ssl.SSLError) as error:
        raise Unreadable(f"{type(error).__name__}: {error}"[:200]) from error


def _open(mailbox: Mailbox) -> imaplib.IMAP4:
    if mailbox.safety == "tls":
        safe = ssl.create_default_context()
        line: imaplib.IMAP4 = imaplib.IMAP4_SSL(mailbox.host, mailbox.port, ssl_context=safe, timeout=PATIENCE)
    else:
        line = imaplib.IMAP4(mailbox.host, mailbox.port, timeout=PATIENCE)
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
