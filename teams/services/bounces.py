"""Letters that came back: a mail server took one, and a later one couldn't deliver it and wrote so (RFC 3464).

Whoever sends such a report is believed in one thing only: that the letter whose Message-ID it returns, and which we did send, has not
arrived. Nobody can guess a Message-ID of ours (core.mail.message_id).
"""

import logging
import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from email import message_from_bytes, message_from_string
from email.message import Message

from django.conf import settings
from django.db import InterfaceError, OperationalError

from core import clock
from core.mailbox import Mailbox, Unreadable, unread
from core.scope import everything
from teams.models import Letter
from teams.models.letter import LetterState
from teams.services.activity import record
from teams.services.driving import BOUNCES, seen

log = logging.getLogger(__name__)

LARGEST = 1024 * 1024  # bytes of a report that are looked at
MANY = 20  # ids in one report that are looked up


def take_bounce(raw: bytes) -> Letter | None:
    """Mark the letter that this mail says came back for good, and return it. None for every other mail, and for one taken before.

    A letter that is only late or was handed on hasn't come back, whatever fault is told. One that a server gave up on after days has
    (`failed`), though its last word (4.x.x) was of a fault that may pass. An out-of-office answer is no report.
    """
    report = _read(raw[:LARGEST])
    if report is None:
        return None
    with everything("a letter came back"):
        letter = Letter.objects.select_for_update().filter(message_id__in=report.ids, state=LetterState.SENT).first()
        if letter is None:
            return None
        letter.state, letter.ended_at, letter.refused = LetterState.BOUNCED, clock.now(), report.said
        letter.save(update_fields=["state", "ended_at", "refused"])
        record("mail came back", by=None, team=letter.team_id, subject=f"letter {letter.pk}", kind=letter.kind)
    log.warning("Letter %d came back: %s", letter.pk, report.said)
    return letter


def fetch_bounces() -> int:
    """Take what came back from the mailbox that BOUNCES_URL names. Returns how many letters that were; a failing mailbox is only told."""
    if not settings.BOUNCES_URL:
        return 0
    taken = 0
    try:
        with closing(unread(Mailbox.from_url(settings.BOUNCES_URL))) as mails:
            for raw in mails:
                taken += _take_one(raw)
    except Unreadable as fault:
        log.warning("The mailbox for letters that come back can't be read: %s", fault)
        seen(BOUNCES, str(fault) or "unreadable")
    else:
        seen(BOUNCES)
    return taken


def _take_one(raw: bytes) -> bool:
    try:
        return take_bounce(raw) is not None
    except (OperationalError, InterfaceError):
        raise  # it stays unread, for the next time
    except Exception:
        log.exception("A mail in the mailbox for letters that come back can't be understood")
        return False


# --- what such a mail says -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Report:
    """Which letters may be meant, and why they came back."""

    ids: list[str]
    said: str


A_FAULT = re.compile(r"[45]\.\d{1,3}\.\d{1,3}\b")
AN_ID = re.compile(r"<[0-9a-f]{40}@[^<>\s]{1,150}>")
RETURNED = {
    "message/rfc822",
    "message/global",
    "text/rfc822-headers",
    "message/rfc822-headers",
    "message/global-headers",
}


def _read(raw: bytes) -> _Report | None:
    message = message_from_bytes(raw)
    parts = list(message.walk())
    reports = [part for part in parts if part.get_content_type() == "message/delivery-status"]
    if not reports:
        return _plain(message)
    said = next((why for part in reports for why in _for_good(part)), None)
    if said is None:
        return None
    ids = [found for part in parts if part.get_content_type() in RETURNED for found in _own_id(part)]
    if not ids:  # it was returned as mere text, or not at all: then it may be named anywhere
        ids = AN_ID.findall(raw.decode("latin-1")) + [found for part in parts for found in AN_ID.findall(_text(part))]
    return _about(ids, said)


def _about(ids: list[str], said: str) -> _Report | None:
    ours = [found for found in dict.fromkeys(ids) if AN_ID.fullmatch(found)][:MANY]
    return _Report(ours, said) if ours else None


def _for_good(part: Message) -> Iterator[str]:
    """Why, for each recipient whom the letter will never reach."""
    blocks = part.get_payload()
    for block in blocks if isinstance(blocks, list) else [message_from_string(_text(part))]:
        if not isinstance(block, Message):
            continue
        status = _said(block, "Status")
        if _said(block, "Action").lower() == "failed" and A_FAULT.match(status):
            yield _tidy(_said(block, "Diagnostic-Code").partition(";")[2] or status)


def _own_id(part: Message) -> Iterator[str]:
    """The Message-ID of the letter that this part returns, whole or its headers alone."""
    inner = part.get_payload()
    letter = inner[0] if isinstance(inner, list) and inner else message_from_string(_text(part))
    if isinstance(letter, Message) and (found := _said(letter, "Message-ID")):
        yield found


def _plain(message: Message) -> _Report | None:
    """Exim's older form: words for people, with the addresses in a header and the letter below a line."""
    text = _text(message)
    if not message["X-Failed-Recipients"] or "permanent error" not in " ".join(text.split()):
        return None
    words, _, letter = text.partition("\n------ ")
    ids = AN_ID.findall(letter)
    answer = re.search(r"^\s+(5\d\d[ -].*)$", words, re.MULTILINE) or re.search(r"^ {4,}(\S.*)$", words, re.MULTILINE)
    return _about(ids, _tidy(answer[1] if answer else "It could not be delivered"))


def _said(block: Message, field: str) -> str:
    return " ".join(str(block.get(field, "")).split())


def _text(part: Message) -> str:
    content = part.get_payload(decode=True)
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else ""


def _tidy(said: str) -> str:
    """One line, without what each line of an SMTP answer repeats, and not too long."""
    said = " ".join("".join(letter if letter.isprintable() else " " for letter in said).split())
    again = re.match(r"(5\d\d)[ -](5\.\d{1,3}\.\d{1,3}) ", said)
    if again:
        first = said[: again.end()].replace(f"{again[1]}-", f"{again[1]} ")
        said = first + re.sub(rf"\b{again[1]}[ -]{re.escape(again[2])} ", "", said[again.end() :])
    return said if len(said) <= 300 else said[:299] + "…"
