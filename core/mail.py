"""Mail itself: the registry of kinds of letters, how one becomes bytes, and how bytes reach the mail server.

Who gets which letter, and that none is lost, is the outbox's matter (teams/services/letters.py).
"""

import contextlib
import hashlib
import hmac
import re
import smtplib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from functools import cache
from types import TracebackType
from typing import TYPE_CHECKING, Any, Literal, Self, cast
from urllib.parse import parse_qs, unquote, urlsplit

import css_inline
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.template import Context
from django.template.loader import get_template

if TYPE_CHECKING:
    from django_stubs_ext import StrOrPromise
else:
    StrOrPromise = str

# --- kinds of letters ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attachment:
    """A file that goes with a letter; `mime` as in `text/calendar`."""

    name: str
    mime: str
    content: bytes


@dataclass(frozen=True)
class Mail:
    """What a letter says. `html` has its CSS inline already; `sender_name` stands before the server's own address."""

    subject: str
    text: str
    html: str
    sender_name: str = ""
    attachments: tuple[Attachment, ...] = ()
    calendar: "Calendar | None" = None


@dataclass(frozen=True)
class Calendar:
    """A calendar file that goes with a letter, and what it asks of a calendar (RFC 5546): REQUEST, CANCEL or PUBLISH."""

    method: str
    content: bytes


Composer = Callable[[Any], Mail | None]


@dataclass(frozen=True)
class Kind:
    """A kind of letter: how it is composed, whether people may turn it off, whether its data is wiped once it has left."""

    name: str
    compose: Composer
    essential: bool
    secret: bool
    title: StrOrPromise
    why: StrOrPromise
    leads: bool = False


KINDS: dict[str, Kind] = {}


def letter_kind(
    name: str,
    *,
    essential: bool = False,
    secret: bool = False,
    title: StrOrPromise = "",
    why: StrOrPromise = "",
    leads: bool = False,
) -> Callable[[Composer], Composer]:
    """Decorate the composer of one kind: it gets the letter's row and returns a Mail, or None when the letter is pointless by now.

    `secret`: the row's `data` holds a code or a token, which is wiped as soon as the letter has left or is given up. `title`: what
    the preference page calls it; an essential one without a title isn't listed there. `why`: of an essential one, the sentence that
    says why it can't be turned off. `leads`: it goes to AMBIT leads alone. A letter that may be turned off carries its `member` in
    the data.
    """
    if essential != bool(why) or (not essential and not title):
        raise ValueError(f"An essential letter says why it is; one that isn't has a title: {name}")

    def register(compose: Composer) -> Composer:
        if name in KINDS:
            raise ValueError(f"There is a letter of kind {name} already")
        KINDS[name] = Kind(name, compose, essential, secret, title, why, leads)
        return compose

    return register


# --- from templates to bytes ---------------------------------------------------------------------------------------------------


@cache
def _inliner() -> css_inline.CSSInliner:
    return css_inline.CSSInliner(load_remote_stylesheets=False, keep_style_tags=False)


def _plain(template: str, context: dict[str, Any]) -> str:
    # Escaping is for HTML: a subject says "Ada's team", not "Ada&#x27;s team".
    backend = cast(Any, get_template(template))
    said = cast(str, backend.template.render(Context(context, autoescape=False)))
    said = re.sub(r"\n{3,}", "\n\n", said.strip())
    return re.sub(r"\n-- \n+", "\n-- \n", said)


def written(
    name: str, context: Mapping[str, Any], *, sender_name: str = "", attachments: tuple[Attachment, ...] = ()
) -> Mail:
    """The Mail of `<name>.subject.txt`, `<name>.txt` and `<name>.html`, as in `written("teams/email/invitation", {…})`."""
    full = {"home": settings.PUBLIC_URL, **context}
    return Mail(
        subject=" ".join(_plain(f"{name}.subject.txt", full).split()),
        text=_plain(f"{name}.txt", full) + "\n",
        html=_inliner().inline(get_template(f"{name}.html").render(full)),
        sender_name=sender_name,
        attachments=attachments,
    )


def full_address(path: str) -> str:
    """`path` with the server's own name before it: letters are read elsewhere."""
    return f"{settings.PUBLIC_URL}{path}"


def _host() -> str:
    return urlsplit(settings.PUBLIC_URL).hostname or "localhost"


def message_id(key: str) -> str:
    """The Message-ID of the letter with this key: always the same one. It tells nothing, and nobody can guess it."""
    return f"<{hmac.new(settings.SECRET_KEY.encode(), key.encode(), hashlib.sha256).hexdigest()[:40]}@{_host()}>"


def sender() -> str:
    """The bare address that letters come from."""
    return parseaddr(settings.MAIL_FROM)[1]


def _wire(address: str) -> str:
    """The address as every mail server understands it: its domain in the IDNA form. Raises UnicodeError.

    What stands before the @ can't be written otherwise. A server with SMTPUTF8 would take it as it is, but not every one behind it.
    """
    user, _, domain = address.rpartition("@")
    return f"{user.encode('ascii').decode()}@{domain.encode('idna').decode()}"


def _address(address: str, name: str = "") -> Address:
    user, _, domain = _wire(address).rpartition("@")
    return Address(display_name=" ".join(name.split()), username=user, domain=domain)


def build(mail: Mail, *, to: str, key: str, moment: datetime, stop: str = "") -> bytes:
    """The whole letter as it goes over the wire. Raises Permanent when `to` is no address.

    `stop`: the address at which one POST turns this kind off (RFC 8058); empty for essential letters.
    """
    try:
        validate_email(to)
        recipient = _address(to)
        message = EmailMessage(policy=SMTP)
        message["To"] = recipient
    except UnicodeError as error:
        raise Permanent(NOT_ASCII) from error
    except (ValidationError, ValueError, IndexError) as error:
        raise Permanent("This isn't an e-mail address") from error
    own_name, own = parseaddr(settings.MAIL_FROM)
    message["From"] = _address(own, mail.sender_name or own_name)
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(moment)
    message["Message-ID"] = message_id(key)
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no out-of-office answers
    message["X-Auto-Response-Suppress"] = "All"
    message.set_content(mail.text, cte="quoted-printable")
    message.add_alternative(mail.html, subtype="html", cte="quoted-printable")
    if mail.calendar is not None:
        _add_calendar(message, mail.calendar)
    for attachment in mail.attachments:
        main, _, sub = attachment.mime.partition("/")
        message.add_attachment(attachment.content, maintype=main, subtype=sub, filename=attachment.name)
    # Python would write an address as long as this one as encoded words, in which no mail program finds it.
    one_click = f"List-Unsubscribe: <{stop}>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" if stop else ""
    return one_click.encode("ascii") + message.as_bytes()


def _add_calendar(message: EmailMessage, calendar: Calendar) -> None:
    """What asks something of a calendar is an alternative, which most take up by themselves, and a file for the others.

    What is only published is a file: no calendar takes it up unasked, and Outlook would show it twice.
    """
    said = calendar.content.decode()
    if calendar.method == "PUBLISH":
        published = {"method": "PUBLISH"}
        message.add_attachment(said, subtype="calendar", filename="dates.ics", cte="base64", params=published)
        return
    message.add_alternative(said, subtype="calendar", cte="base64", params={"method": calendar.method})
    message.add_attachment(
        calendar.content, maintype="application", subtype="ics", filename="meeting.ics", cte="base64"
    )


# --- to the mail server --------------------------------------------------------------------------------------------------------


class MailFault(Exception):
    """A delivery that didn't end well."""


class Unreachable(MailFault):
    """There is no talking to the mail server now: nothing was tried, and it isn't this letter's fault."""


class Temporary(MailFault):
    """The server didn't take it this time (4xx, or the line broke before the letter)."""


class Permanent(MailFault):
    """The server will never take it (5xx)."""


class InDoubt(MailFault):
    """The line broke between the letter and the server's answer: it may have been taken."""


NOT_ASCII = "Not every mail server understands this address: before the @ are letters beyond a to z"

PATIENCE = 8.0  # seconds for one answer (Django's SMTP default is none at all)
DEADLINE = 40.0  # seconds for one whole letter; the outbox's lease is longer


@dataclass(frozen=True)
class Server:
    """Where letters go, as EMAIL_URL says: `smtp://`, `smtp+tls://` (STARTTLS), `smtps://`, with user:password@ if need be."""

    host: str
    port: int
    safety: Literal["none", "starttls", "tls"] = "none"
    user: str = ""
    password: str = ""

    @classmethod
    def from_url(cls, url: str) -> Self:
        parts = urlsplit(url)
        schemes: dict[str, tuple[Literal["none", "starttls", "tls"], int]] = {
            "smtp": ("none", 25),
            "smtp+tls": ("starttls", 587),
            "smtps": ("tls", 465),
        }
        if parts.scheme not in schemes:
            raise ValueError("EMAIL_URL begins with smtp://, smtp+tls:// or smtps://")
        safety, port = schemes[parts.scheme]
        if parse_qs(parts.query).get("tls") == ["True"] or parse_qs(parts.query).get("tls") == ["1"]:
            safety = "starttls"
        return cls(
            host=parts.hostname or "127.0.0.1",
            port=parts.port or port,
            safety=safety,
            user=unquote(parts.username or ""),
            password=unquote(parts.password or ""),
        )


def _said(code: int, words: bytes) -> str:
    return f"{code} {words.decode('utf-8', 'replace')}"[:300]


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:300]


@contextlib.contextmanager
def _until(ends: float, line: smtplib.SMTP) -> Iterator[None]:
    """Hang up at that moment: a server that dribbles is never late with a single byte, and could hold a letter for ever."""

    def hang_up() -> None:
        if line.sock is not None:
            with contextlib.suppress(OSError):
                line.sock.shutdown(socket.SHUT_RDWR)

    watch = threading.Timer(max(0.0, ends - time.monotonic()), hang_up)
    watch.daemon = True
    watch.start()
    try:
        yield
    finally:
        watch.cancel()


class Post:
    """One connection to the mail server, opened when first needed, for one letter or several."""

    def __init__(self, server: Server | None = None) -> None:
        self.server = server or Server.from_url(settings.EMAIL_URL)
        self.line: smtplib.SMTP | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.line is not None and kind is None:
            try:
                self.line.quit()
            except (OSError, smtplib.SMTPException):
                pass
        self.close()

    def close(self) -> None:
        if self.line is not None:
            self.line.close()
            self.line = None

    def open(self, ends: float | None = None) -> None:
        """Connect, unless a line is open; until `ends` at most, by time.monotonic(). Raises Unreachable."""
        if self.line is not None:
            return
        ends = time.monotonic() + DEADLINE if ends is None else ends
        server = self.server
        # smtplib would look up this machine's full name, which can take seconds without a name server.
        host = "localhost" if _host()[0].isdigit() or ":" in _host() else _host()
        if server.safety == "tls":
            safe = ssl.create_default_context()
            line: smtplib.SMTP = smtplib.SMTP_SSL(local_hostname=host, timeout=PATIENCE, context=safe)
        else:
            line = smtplib.SMTP(local_hostname=host, timeout=PATIENCE)
        line._host = server.host  # type: ignore[attr-defined]  # the name that a certificate is held against
        try:
            with _until(ends, line):
                code, words = line.connect(server.host, server.port)
                if code != 220:
                    raise smtplib.SMTPConnectError(code, words)
                line.ehlo_or_helo_if_needed()
                if server.safety == "starttls":
                    line.starttls(context=ssl.create_default_context())
                    line.ehlo_or_helo_if_needed()
                if server.user:
                    line.login(server.user, server.password)
        except (OSError, smtplib.SMTPException) as error:
            line.close()
            raise Unreachable(_told(error)) from error
        self.line = line

    def send(self, letter: bytes, to: str) -> None:
        """Hand over one letter. Returns when the server took it; raises Unreachable, Temporary, Permanent or InDoubt."""
        ends = time.monotonic() + DEADLINE
        fresh = self.line is None
        self.open(ends)
        with _until(ends, self._line()):
            taken = self._send(letter, to, ends, fresh=fresh)
        if not taken:  # the server had hung up since the letter before: once more, on a fresh line
            self.open(ends)
            with _until(ends, self._line()):
                self._send(letter, to, ends, fresh=True)

    def _send(self, letter: bytes, to: str, ends: float, *, fresh: bool) -> bool:
        """Whether it was taken; False when a line that isn't fresh had been closed meanwhile."""
        try:
            self._answer(ends, "mail", sender())
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self.close()
            if fresh:
                raise Temporary(_told(error)) from error
            return False
        try:
            self._answer(ends, "rcpt", to)
        except UnicodeError as error:
            self._reset()
            raise Permanent(NOT_ASCII) from error
        except (OSError, smtplib.SMTPServerDisconnected) as error:
            self.close()
            raise Temporary(_told(error)) from error
        try:
            self._patience(ends)
            code, words = self._line().data(letter)
        except smtplib.SMTPDataError as error:  # the server didn't want to hear it
            self.close()
            raise self._fault(error.smtp_code, error.smtp_error) from error
        except (OSError, smtplib.SMTPException) as error:
            self.close()
            raise InDoubt(_told(error)) from error
        if code != 250:
            self._reset()
            raise self._fault(code, words)
        return True

    def _line(self) -> smtplib.SMTP:
        if self.line is None:
            raise Temporary("The line broke")
        return self.line

    def _patience(self, ends: float) -> None:
        sock = self._line().sock
        if sock is not None:
            sock.settimeout(max(0.1, min(PATIENCE, ends - time.monotonic())))

    def _answer(self, ends: float, command: Literal["mail", "rcpt"], address: str) -> None:
        self._patience(ends)
        line = self._line()
        plain = _wire(address)
        code, words = line.mail(plain) if command == "mail" else line.rcpt(plain)
        if code not in (250, 251):
            self._reset()
            # Refusing the sender is not about this letter: that waits until somebody has mended it.
            raise Temporary(_said(code, words)) if command == "mail" else self._fault(code, words)

    def _reset(self) -> None:
        try:
            self._line().rset()
        except (OSError, smtplib.SMTPException, Temporary):
            self.close()

    @staticmethod
    def _fault(code: int, words: bytes | str) -> MailFault:
        words = words.encode() if isinstance(words, str) else words
        # Who we are and what we may is not about this letter either.
        about_us = code in (530, 535) or words.startswith(b"5.7.")
        return Permanent(_said(code, words)) if 500 <= code < 600 and not about_us else Temporary(_said(code, words))
