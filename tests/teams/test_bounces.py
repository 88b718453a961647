"""Letters that came back: what is believed, what isn't, and the two roads by which such mail arrives."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from django.conf import settings as configured
from django.db import connection
from django.db.utils import OperationalError

from core import clock, mailbox
from core.clockwork import duties
from core.mail import Mail, letter_kind
from core.scope import everything
from teams.models import Activity, Driver, Letter
from teams.models.letter import LetterState
from teams.services import bounces, driving
from teams.services.activity import digest_of
from teams.services.bounces import fetch_bounces, take_bounce
from teams.services.driving import BOUNCES
from teams.services.letters import drain, post_letter
from tests.cast import Cast
from tests.imap import ImapServer, imap_server
from tests.marks import ROWS
from tests.postbox import postbox
from tests.teams.returned import CAME_BACK, HARMLESS, LONG, POSTFIX

pytestmark = ROWS


@letter_kind("bounced test", essential=True, why="A test.")
def _test(letter: Letter) -> Mail | None:
    return Mail("A letter", "A letter.\n", "<p>A letter.</p>")


@pytest.fixture(autouse=True)
def _a_process_that_has_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "_told", driving._Told())


@pytest.fixture
def sent(cast: Cast, settings: Any) -> Letter:
    """A letter to Lin that a real mail server took."""
    with postbox() as box:
        settings.EMAIL_URL = box.url
        with everything("a test"):
            post_letter("bounced test", key="bounced:1", to=cast.lin.user, team=cast.team)
        drain()
        [taken] = box.journal
    letter = now("bounced:1")
    assert (letter.state, letter.message_id) == (LetterState.SENT, taken.message_id)
    return letter


def now(key: str) -> Letter:
    with everything("a test"):
        return Letter.objects.get(key=key)


def filled(report: str, letter: Letter, **other: str) -> bytes:
    return (report % {"id": letter.message_id, "to": letter.address, **other}).encode()


@pytest.mark.parametrize("server", CAME_BACK)
def test_a_letter_that_came_back_is_known_whoever_reports_it(sent: Letter, server: str) -> None:
    report, why = CAME_BACK[server]
    taken = take_bounce(filled(report, sent))
    assert taken is not None
    letter = now(sent.key)
    assert (letter.state, letter.refused) == (LetterState.BOUNCED, why % {"to": sent.address})
    assert letter.sent_at == sent.sent_at
    assert letter.ended_at is not None
    assert (clock.now() - letter.ended_at).total_seconds() < 10
    assert take_bounce(filled(report, sent)) is None, "the second time it says nothing new"
    with everything("a test"):
        [row] = Activity.objects.filter(verb="mail came back")
    assert (row.team_id, row.actor_id, row.subject) == (sent.team_id, None, f"letter {sent.pk}")
    assert row.digest == digest_of(row)
    assert sent.address not in str(row.detail)


@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("what", HARMLESS)
def test_whatever_is_no_such_report_changes_nothing(sent: Letter, what: str, line_end: str) -> None:
    report = HARMLESS[what]
    raw = filled(report, sent) if "%(" in report else report.encode()
    assert take_bounce(raw.replace(b"\n", line_end.encode())) is None
    assert now(sent.key) == sent
    assert now(sent.key).state == LetterState.SENT


def test_a_forged_report_with_an_id_that_we_never_gave_changes_nothing(sent: Letter) -> None:
    for forged in (f"<{'a' * 40}@127.0.0.1>", "<x@y>", "", "<\x00>", sent.message_id.upper()):
        assert take_bounce(filled(POSTFIX, sent, id=forged)) is None
    assert now(sent.key).state == LetterState.SENT


@pytest.mark.parametrize("state", [LetterState.WAITING, LetterState.FAILED, LetterState.DROPPED, LetterState.HELD])
def test_only_what_was_sent_can_come_back(sent: Letter, state: LetterState) -> None:
    with everything("a test"):
        Letter.objects.filter(pk=sent.pk).update(state=state, sent_at=None)
    assert take_bounce(filled(POSTFIX, sent)) is None
    assert now(sent.key).state == state


def test_a_long_and_dirty_diagnosis_is_tidied(sent: Letter) -> None:
    assert take_bounce(filled(LONG, sent)) is not None
    said = now(sent.key).refused
    assert len(said) == 300
    assert said.startswith("550 5.1.1 <") and said.endswith("…")
    assert said.isprintable()


def test_lines_of_the_wire_make_no_difference(sent: Letter) -> None:
    assert take_bounce(filled(POSTFIX, sent).replace(b"\n", b"\r\n")) is not None


def test_two_reports_at_once_are_one(sent: Letter) -> None:
    assert [take_bounce(filled(POSTFIX, sent)) is None for _ in range(3)] == [False, True, True]


# --- By a mail server's pipe ---


def piped(raw: bytes, **more: str) -> subprocess.CompletedProcess[bytes]:
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    return subprocess.run(
        [sys.executable, "manage.py", "bounce"],
        input=raw,
        capture_output=True,
        check=False,
        cwd=configured.BASE_DIR,
        env={**os.environ, "DATABASE_URL": url, "LOG_LEVEL": "ERROR", **more},
    )


def test_the_command_takes_one_from_standard_input(sent: Letter) -> None:
    done = piped(filled(POSTFIX, sent))
    assert (done.returncode, done.stdout) == (0, b"")
    assert done.stderr.decode().strip() == f"Letter {sent.pk} came back"
    assert now(sent.key).state == LetterState.BOUNCED
    harmless = piped(filled(HARMLESS["an out-of-office answer"], sent))
    assert (harmless.returncode, harmless.stdout) == (0, b"")
    assert harmless.stderr.decode().strip() == "Nothing of ours came back with this mail"


def test_the_command_asks_the_mail_server_to_come_again_while_the_database_is_away(sent: Letter) -> None:
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:9/{NAME}".format(**connection.settings_dict)
    done = piped(filled(POSTFIX, sent), DATABASE_URL=url)
    assert done.returncode == 75, "a mail server knows it as: not now"
    assert b"try again later" in done.stderr


# --- By a mailbox ---


@pytest.fixture
def imap(settings: Any) -> Iterator[ImapServer]:
    with imap_server() as server:
        settings.BOUNCES_URL = url_of(server)
        yield server


def url_of(server: ImapServer, **other: str) -> str:
    user, password = (quote(other.get(name, getattr(server, name)), safe="") for name in ("user", "password"))
    return f"imap://{user}:{password}@127.0.0.1:{server.port}/{quote(server.folder)}"


def note() -> str:
    return Driver.objects.get(name=BOUNCES).note


def test_the_mailbox_is_read_and_marked_and_nothing_is_deleted(imap: ImapServer, sent: Letter) -> None:
    imap.put(filled(HARMLESS["an out-of-office answer"], sent), filled(POSTFIX, sent).replace(b"\n", b"\r\n"), b"\x00")
    assert fetch_bounces() == 1
    assert now(sent.key).state == LetterState.BOUNCED
    assert [mail.seen for mail in imap.mails] == [True, True, True]
    assert imap.heard[-1] == "LOGOUT"
    assert not {"EXPUNGE", "UID EXPUNGE", "CLOSE", "UID MOVE"} & set(imap.heard)
    imap.heard.clear()
    assert fetch_bounces() == 0
    assert "UID FETCH" not in imap.heard, "what is marked isn't read again"
    assert note() == ""


def test_it_is_the_clock_that_has_it_read(imap: ImapServer, sent: Letter) -> None:
    imap.put(filled(POSTFIX, sent))
    assert duties["bounces"].every == 60
    duties["bounces"].run()
    assert now(sent.key).state == LetterState.BOUNCED


def test_where_no_mailbox_is_named_nothing_is_asked(settings: Any) -> None:
    settings.BOUNCES_URL = ""
    assert fetch_bounces() == 0
    assert not Driver.objects.filter(name=BOUNCES).exists()


def test_a_folder_with_a_space_and_many_mails_take_several_visits(
    imap: ImapServer, sent: Letter, settings: Any
) -> None:
    imap.folder = 'Came "back" today'
    settings.BOUNCES_URL = url_of(imap)
    imap.put(*[b"Subject: nothing\n\n"] * 60, filled(POSTFIX, sent))
    assert [fetch_bounces(), fetch_bounces()] == [0, 1]


@pytest.mark.parametrize("where", ["LOGIN", "SELECT", "UID SEARCH", "UID FETCH", "UID STORE"])
@pytest.mark.parametrize("how", ["no", "hang up"])
def test_a_mailbox_that_fails_anywhere_is_only_told(
    imap: ImapServer, sent: Letter, where: str, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    imap.put(filled(POSTFIX, sent))
    imap.fault = (where, how)
    fetch_bounces()
    assert note() != ""
    assert "s3cret" not in caplog.text + note()
    assert not imap.mails[0].seen
    imap.fault = ("", "")
    fetch_bounces()
    assert (note(), imap.mails[0].seen, now(sent.key).state) == ("", True, LetterState.BOUNCED)


def test_a_mailbox_that_hangs_is_left_soon(imap: ImapServer, sent: Letter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mailbox, "PATIENCE", 0.3)
    imap.put(filled(POSTFIX, sent))
    imap.fault = ("UID SEARCH", "hang")
    began = time.monotonic()
    assert fetch_bounces() == 0
    assert time.monotonic() - began < 3
    assert "TimeoutError" in note()


@pytest.mark.parametrize("where", ["GREETING", "LOGIN", "UID SEARCH", "UID FETCH"])
def test_a_mailbox_that_dribbles_is_left_at_the_deadline(
    imap: ImapServer, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """It is never late with a single byte."""
    monkeypatch.setattr(mailbox, "PATIENCE", 0.3)
    monkeypatch.setattr(mailbox, "DEADLINE", 0.8)
    imap.put(b"Subject: nothing\n\n")
    imap.fault = (where, "dribble")
    began = time.monotonic()
    assert fetch_bounces() == 0
    assert 0.6 < time.monotonic() - began < 3
    assert note() != ""


def test_a_password_that_cannot_be_sent_is_told_and_not_quoted(
    imap: ImapServer, settings: Any, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BOUNCES_URL = f"imap://bounces%40harbour.example:gr%C3%BC%C3%9Fe@127.0.0.1:{imap.port}/INBOX"
    assert fetch_bounces() == 0
    assert note().startswith("UnicodeEncodeError")
    assert "grüße" not in caplog.text
    assert "xfc" not in caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "imap://127.0.0.1:9",
        "pop3://user:s3cret@host",
        "imaps://user:s3cret@host:x",
        "nonsense",
        "imap://[",
        "imaps://127.0.0.1:9/",
    ],
)
def test_an_address_that_leads_nowhere_is_told_without_its_password(
    settings: Any, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    settings.BOUNCES_URL = url
    assert fetch_bounces() == 0
    assert note() != ""
    assert "s3cret" not in caplog.text + note()


def test_a_wrong_password_is_told(imap: ImapServer, settings: Any) -> None:
    settings.BOUNCES_URL = url_of(imap, password="wrong")
    fetch_bounces()
    assert "AUTHENTICATIONFAILED" in note()


def test_a_mail_that_nobody_understands_stops_no_other(
    imap: ImapServer, sent: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = bounces.take_bounce

    def stumbling(raw: bytes) -> Letter | None:
        if raw.startswith(b"Stumble"):
            raise LookupError("a charset that nobody knows")
        return honest(raw)

    monkeypatch.setattr(bounces, "take_bounce", stumbling)
    imap.put(b"Stumble: here\n\n", filled(POSTFIX, sent))
    assert fetch_bounces() == 1
    assert [mail.seen for mail in imap.mails] == [True, True]


def test_with_the_database_away_a_mail_stays_unread(
    imap: ImapServer, sent: Letter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(raw: bytes) -> Letter | None:
        raise OperationalError("gone")

    monkeypatch.setattr(bounces, "take_bounce", away)
    imap.put(filled(POSTFIX, sent))
    with pytest.raises(OperationalError):
        fetch_bounces()
    assert not imap.mails[0].seen
