"""The health of the work that nobody clicks: told rightly in each state the rows can tell of, and with real things really broken."""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection, connections
from django.template import TemplateSyntaxError
from django.test import Client

from config.embedded import free_port, start_redis
from core import clock, mail
from core.health import NO_POSTGRESQL
from core.scope import everything
from teams.models import Attempt, Driver, Letter
from teams.models.letter import LetterState, Outcome
from teams.services import driving
from teams.services.driving import (
    AWAY,
    BOUNCES,
    MAIL_AWAY,
    MAILBOX,
    NOBODY_DRIVES,
    REFUSES_ALL,
    TAKEN,
    TAKES_NOTHING,
    UNCOMPOSED,
    UNTRIED,
    about_itself,
)
from teams.services.letters import drain, post_letter
from tests.drill.wires import Proxy, Wires
from tests.marks import ROWS
from tests.postbox import Postbox, postbox

pytestmark = ROWS

WELL = ""


@pytest.fixture(autouse=True)
def _a_process_that_has_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "_told", driving._Told())


def told() -> dict[str, Any]:
    """What the address says, as a monitor reads it."""
    answer = Client().get("/health/work")
    said: dict[str, Any] = answer.json()
    assert said["ok"] is (answer.status_code == 200) is ("because" not in said)
    assert answer.status_code in (200, 503)
    return said


def because() -> str:
    return str(told().get("because", WELL))


# --- The table: rows as a fault leaves them, and what must be said of them ---


EVERYBODY = {"worker": 3.0, "beat": 4.0, "ticker": 1.0}


@dataclass(frozen=True)
class L:
    """A letter: due so many seconds ago (before now: negative), first tried so many seconds ago, and what the server said last."""

    due: float
    first: float | None = None
    said: str = ""
    to: str = "lin@example.org"
    state: LetterState = LetterState.WAITING
    ended: float | None = None  # how many seconds ago it was refused for good


@dataclass(frozen=True)
class Scene:
    """What is broken, the rows it leaves, and the verdict. `alive`: who is told to be alive."""

    what: str
    expected: str
    seen: dict[str, float] = field(default_factory=lambda: dict(EVERYBODY))  # how many seconds ago
    letters: Sequence[L] = ()
    alive: tuple[str, ...] = ("worker", "beat", "ticker")
    oldest: float = 0.0


BUSY, GREY = "451 4.3.0 queue file write error", "451 4.7.1 Greylisted, try again in 300 seconds"
NO_WORDS = "It couldn’t be composed (LookupError)"


def refused_for_good(who: str, ago: float, said: str = "554 no thanks") -> L:
    return L(ago + 5, ago, said, f"{who}@example.org", LetterState.FAILED, ago)


NOBODY, NO_SUCH = "550 5.1.1 nobody of that name", "550 No such user here"


CLOSING, FULL = "421 4.3.2 closing", "452 4.2.2 mailbox full"
SCENES = (
    Scene("nothing at all is broken, and nothing is due", WELL),
    Scene("a letter has just become due", WELL, letters=[L(2)], oldest=2),
    Scene("letters are due later", WELL, letters=[L(-30), L(-86400)]),
    Scene("letters from before a restore are held", WELL, letters=[L(9000, state=LetterState.HELD)]),
    Scene("letters were sent, dropped, refused long ago", WELL, letters=[L(900, state=LetterState.DROPPED)]),
    Scene("nothing was ever started", NOBODY_DRIVES, seen={}, alive=()),
    Scene(
        "worker, beat and ticker died a minute ago",
        NOBODY_DRIVES,
        seen={"worker": 60, "beat": 60, "ticker": 60},
        alive=(),
    ),
    Scene(
        "all died half a minute ago: not known yet, and nothing is late",
        WELL,
        seen={"worker": 30, "beat": 30, "ticker": 30},
    ),
    Scene("the ticker died", WELL, seen={"worker": 3, "beat": 4, "ticker": 70}, alive=("worker", "beat")),
    Scene("the worker died", WELL, seen={"worker": 70, "beat": 4, "ticker": 1}, alive=("beat", "ticker")),
    Scene("beat died", WELL, seen={"worker": 5, "beat": 70, "ticker": 1}, alive=("worker", "ticker")),
    Scene("Redis is gone, so worker and beat are cut off", WELL, {"ticker": 1, "worker": 300}, alive=("ticker",)),
    Scene(
        "beat and ticker died: the worker only does what is hurried", NOBODY_DRIVES, {"worker": 1}, alive=("worker",)
    ),
    Scene("worker and ticker died: beat speaks to nobody", NOBODY_DRIVES, {"beat": 1, "ticker": 50}, alive=("beat",)),
    Scene("drivers live, and nobody takes a letter up", UNTRIED, letters=[L(61), L(5)], oldest=61),
    Scene("… for 59 seconds", WELL, letters=[L(58)], oldest=58),
    Scene(
        "the mail server has been away for two minutes",
        MAIL_AWAY,
        seen={**EVERYBODY, AWAY: 120, TAKEN: 500},
        letters=[L(121)],
        oldest=121,
    ),
    Scene("… for 20 seconds", WELL, seen={**EVERYBODY, AWAY: 20}, letters=[L(21)], oldest=21),
    Scene(
        "… for two minutes, for a letter that was tried once",
        MAIL_AWAY,
        seen={**EVERYBODY, AWAY: 120},
        letters=[L(300, 299, GREY)],
        oldest=300,
    ),
    Scene("… and nothing waits any more", WELL, seen={**EVERYBODY, AWAY: 9000}),
    Scene("… and what waits has only just become due", WELL, seen={**EVERYBODY, AWAY: 9000}, letters=[L(3)], oldest=3),
    Scene(
        "the mail server says 421 to all",
        TAKES_NOTHING,
        seen={**EVERYBODY, TAKEN: 4000},
        letters=[L(80, 79, CLOSING), L(70, 70, CLOSING, "sol@example.org")],
        oldest=80,
    ),
    Scene(
        "the mail server says 421 to the only letter there is",
        TAKES_NOTHING,
        seen={**EVERYBODY, TAKEN: 4000},
        letters=[L(80, 79, CLOSING)],
        oldest=80,
    ),
    Scene(
        "it never took one, and its disk is full",
        TAKES_NOTHING,
        letters=[L(80, 79, "452 4.3.1 insufficient storage")],
        oldest=80,
    ),
    Scene(
        "it broke amid ten letters: five were taken, five were not",
        TAKES_NOTHING,
        seen={**EVERYBODY, TAKEN: 80},
        letters=[L(81, 79.9 - n / 10, BUSY, f"person-{n}@example.org") for n in range(5)],
        oldest=81,
    ),
    Scene(
        "it hangs after each letter",
        TAKES_NOTHING,
        letters=[L(90, 85, "TimeoutError: timed out"), L(90, 76, "TimeoutError: timed out", "sol@example.org")],
        oldest=90,
    ),
    Scene(
        "it greylists everybody, and took none before",
        TAKES_NOTHING,
        seen={**EVERYBODY, TAKEN: 4000},
        letters=[L(80, 79, GREY), L(80, 78, GREY, "sol@example.org")],
        oldest=80,
    ),
    Scene(
        "it says 421 to all, for 20 seconds so far",
        WELL,
        seen={**EVERYBODY, TAKEN: 30},
        letters=[L(20, 19, CLOSING), L(20, 18, CLOSING, "sol@example.org")],
        oldest=20,
    ),
    Scene(
        "one letter is greylisted while others leave",
        WELL,
        seen={**EVERYBODY, TAKEN: 20},
        letters=[L(600, 599, GREY)],
        oldest=600,
    ),
    Scene(
        "one letter is put off, without saying why, in the same breath in which nine leave",
        WELL,
        seen={**EVERYBODY, TAKEN: 600},
        letters=[L(600, 599, "451 try again later")],
        oldest=600,
    ),
    Scene(
        "one letter is greylisted, alone in a quiet hour",
        WELL,
        seen={**EVERYBODY, TAKEN: 4000},
        letters=[L(600, 599, GREY)],
        oldest=600,
    ),
    Scene(
        "somebody's mailbox has been full for a day",
        WELL,
        seen={**EVERYBODY, TAKEN: 90000},
        letters=[L(86400, 86399, FULL)],
        oldest=86400,
    ),
    Scene(
        "a letter can't be composed; others leave",
        UNCOMPOSED,
        seen={**EVERYBODY, TAKEN: 20},
        letters=[L(900, None, NO_WORDS)],
        oldest=900,
    ),
    Scene("… for 50 seconds so far", WELL, {**EVERYBODY, TAKEN: 20}, [L(50, None, NO_WORDS)], oldest=50),
    Scene("no letter can be composed", UNCOMPOSED, letters=[L(61 + n, None, NO_WORDS) for n in range(9)], oldest=69),
    Scene(
        "one was put off, and when it is tried again it can't be composed any more",
        UNCOMPOSED,
        seen={**EVERYBODY, TAKEN: 20},
        letters=[L(900, 899, NO_WORDS)],
        oldest=900,
    ),
    Scene(
        "the mail server refuses everybody for good",
        REFUSES_ALL,
        seen={**EVERYBODY, TAKEN: 4000},
        letters=[refused_for_good("lin", 10), refused_for_good("sol", 5)],
    ),
    Scene("… and has never taken any", REFUSES_ALL, letters=[refused_for_good("lin", 10), refused_for_good("sol", 5)]),
    Scene(
        "… and was taken up with another since",
        WELL,
        seen={**EVERYBODY, TAKEN: 7},
        letters=[refused_for_good("lin", 10), refused_for_good("sol", 5)],
    ),
    Scene(
        "… over an hour ago",
        WELL,
        letters=[refused_for_good("lin", 3700), refused_for_good("sol", 3605)],
    ),
    Scene(
        "two addresses were mistyped, in an hour in which nothing else is sent",
        WELL,
        seen={**EVERYBODY, TAKEN: 1800},
        letters=[refused_for_good("lin.typo", 10, NOBODY), refused_for_good("sol.typo", 5, NO_SUCH)],
    ),
    Scene(
        "… and one more is refused in words that aren't about it",
        WELL,
        letters=[
            refused_for_good("lin.typo", 10, NOBODY),
            refused_for_good("sol.typo", 8, NOBODY),
            refused_for_good("mo", 5),
        ],
    ),
    Scene(
        "the mail server knows none of five people",
        REFUSES_ALL,
        letters=[refused_for_good(f"person-{n}", 5, NOBODY) for n in range(5)],
    ),
    Scene(
        "one person's address doesn't exist, for two letters",
        WELL,
        letters=[refused_for_good("lin", 10), refused_for_good("lin", 5)],
    ),
    Scene(
        "two letters were given up without any word from the mail server",
        WELL,
        letters=[L(9, None, "No address", f"{n}@x", LetterState.FAILED, 5) for n in range(2)],
    ),
    Scene(
        "the mail server is away and nobody drives",
        NOBODY_DRIVES,
        seen={AWAY: 300, "ticker": 200},
        letters=[L(300)],
        alive=(),
        oldest=300,
    ),
)


def play(scene: Scene) -> dict[str, Any]:
    """The rows of this scene alone, and what is said of them."""
    now = clock.now()

    def ago(seconds: float) -> datetime:
        return now - timedelta(seconds=seconds)

    with everything("a test"):
        Letter.objects.all().delete()
        Driver.objects.all().delete()
        Driver.objects.bulk_create(
            Driver(name=name, seen_at=ago(seconds), note="away" if name == AWAY else "")
            for name, seconds in scene.seen.items()
        )
        for number, each in enumerate(scene.letters):
            letter = Letter.objects.create(
                team=None,
                key=f"scene:{number}",
                kind="drill",
                address=each.to,
                due_at=ago(each.due),
                state=each.state,
                tries=1 if each.said else 0,
                refused=each.said,
                message_id="" if each.first is None else f"<{number}@example.org>",
                ended_at=None if each.ended is None else ago(each.ended),
            )
            if each.first is not None:
                Attempt.objects.create(
                    letter=letter,
                    team=None,
                    started_at=ago(each.first),
                    outcome=Outcome.TEMPORARY if each.ended is None else Outcome.PERMANENT,
                    note=each.said,
                )
    return told()


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.what)
def test_it_is_told_how_the_work_stands(scene: Scene) -> None:
    said = play(scene)
    assert said.get("because", WELL) == scene.expected
    assert tuple(name for name, pulse in said["drivers"].items() if pulse["alive"]) == scene.alive
    assert said["oldest_due_seconds"] == pytest.approx(scene.oldest, abs=2)
    assert set(said["drivers"]) == set(driving.DRIVERS)


def anything_wrong() -> bool:
    """Whether of any scene something wrong is told."""
    return any(play(scene).get("because", WELL) != scene.expected for scene in SCENES)


@pytest.mark.parametrize(
    ("seam", "without"),
    [
        ("ALIVE_FOR", timedelta(days=99)),
        ("BEARABLE", timedelta(days=99)),
        ("BEARABLE", timedelta(0)),
        ("SAME_BREATH", timedelta(0)),
        ("takes_nothing", lambda *anything: False),
        ("takes_nothing", lambda put_off, taken, now: bool(put_off)),
        ("about_itself", lambda said: True),
        ("about_itself", lambda said: False),
        ("AWAY", "nobody writes this"),
        ("LATELY", timedelta(0)),
        ("LATELY", timedelta(days=99)),
        ("NO_WORDS", "nobody writes this"),
    ],
)
def test_without_any_part_of_the_verdict_the_table_turns_red(
    monkeypatch: pytest.MonkeyPatch, seam: str, without: Any
) -> None:
    monkeypatch.setattr(driving, seam, without)
    assert anything_wrong()


@pytest.mark.parametrize(
    ("said", "of_itself"),
    [
        ("421 4.3.2 Service shutting down", True),
        ("451 later", True),
        ("451 4.3.0 queue file write error", True),
        ("452 4.3.1 Insufficient system storage", True),
        ("454 4.7.0 Temporary authentication failure", True),
        ("550 5.7.1 This sender may not", True),
        ("ConnectionResetError: [Errno 104] Connection reset by peer", True),
        ("450 4.2.0 <lin@example.org>: Recipient address rejected: Greylisted", False),
        ("450-4.1.2 Domain not found\n450 try later", False),
        ("451 4.7.1 Greylisting in action, please come back later", False),
        ("451 Temporarily grey-listed", False),
        ("452 4.2.2 The email account that you tried to reach is over quota", False),
        ("It couldn’t be composed (KeyError)", False),
    ],
)
def test_a_server_that_speaks_of_itself_is_told_from_one_that_speaks_of_a_letter(said: str, of_itself: bool) -> None:
    assert about_itself(said) is of_itself


def test_nothing_private_is_told() -> None:
    said = play(Scene("", "", {**EVERYBODY, AWAY: 300}, [L(300, 299, "451 no, lin@example.org!", "lin@example.org")]))
    assert "example" not in json.dumps(said)
    assert set(said) == {"ok", "because", "oldest_due_seconds", "drivers", "notes"}
    assert Client().get("/health/work").headers["Cache-Control"] == "no-store"


def test_a_mailbox_that_fails_is_a_note_and_no_alarm(settings: Any) -> None:
    settings.BOUNCES_URL = "imap://127.0.0.1:9"
    drive()
    driving.seen(BOUNCES, "ConnectionRefusedError")
    assert (told()["ok"], told()["notes"]) == (True, [MAILBOX])
    driving.seen(BOUNCES)
    assert told()["notes"] == []


# --- Real things, really broken ---


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox() as box:
        settings.EMAIL_URL = box.url
        yield box


def drive() -> None:
    """One round of the ticker, in this process."""
    driving._told.at = None
    call_command("ticker", once=True)


def post(number: int) -> None:
    with everything("a test"):
        post_letter("drill", key=f"work:{number}", to=f"person-{number}@example.org", team=None, number=number)


def later(seconds: float) -> Any:
    return clock.at(clock.now() + timedelta(seconds=seconds))


def surroundings(**more: str) -> dict[str, str]:
    """For a process of its own that works on this test's database."""
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**connection.settings_dict)
    return {**os.environ, "DATABASE_URL": url, **more}


@contextlib.contextmanager
def running(*command: str, **more: str) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, *command],
        env=surroundings(**more),
        cwd=Path(__file__).resolve().parents[2],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def until(so: Callable[[], bool], seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not so():
        assert time.monotonic() < ends, "it never came to that"
        time.sleep(0.1)


def alive(name: str) -> bool:
    return bool(told()["drivers"][name]["alive"])


def test_with_nobody_running_letters_wait_and_it_is_told_within_a_minute(box: Postbox) -> None:
    drive()
    post(1)
    assert because() == WELL
    with later(44):
        assert because() == WELL
    with later(61):
        assert because() == NOBODY_DRIVES
        assert told()["oldest_due_seconds"] == pytest.approx(61, abs=2)
        drive()
        assert because() == WELL
    assert len(box.journal) == 1


def test_a_driver_that_forgets_to_be_seen_turns_it_red(box: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driving, "seen", lambda name, note="": None)
    post(1)
    drive()
    assert len(box.journal) == 1, "the sabotage is to do the work in silence"
    assert because() == NOBODY_DRIVES


def test_a_mail_server_that_is_away_is_told_after_a_minute_and_forgotten_when_it_is_back(settings: Any) -> None:
    post(1)
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    drive()
    assert because() == WELL
    with later(30):
        drive()
        assert because() == WELL
    with later(65):
        drive()
        assert because() == MAIL_AWAY
    with postbox() as box, later(75):
        settings.EMAIL_URL = box.url
        drive()
        assert because() == WELL
        assert len(box.journal) == 1
        assert not Driver.objects.filter(name=AWAY).exists()


def test_without_the_note_that_the_mail_server_is_away_the_reason_is_wrong(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driving, "mail_away", lambda words: None)
    post(1)
    settings.EMAIL_URL = "smtp://127.0.0.1:9"
    with later(65):
        drive()
        assert because() == UNTRIED


@pytest.mark.parametrize("answer", ["421 4.3.2 closing", "451 4.3.0 not now"])
def test_a_mail_server_that_takes_nothing_is_told_after_a_minute(box: Postbox, answer: str) -> None:
    post(1)
    drive()
    box.at_recipient = lambda address: answer
    for number in (2, 3):
        post(number)
    drive()
    with later(40):
        drive()
        assert because() == WELL
    with later(80):
        drive()
        assert because() == TAKES_NOTHING
    box.at_recipient = lambda address: None
    with later(300):
        drive()
        assert because() == WELL
    assert len(box.journal) == 3


def test_letters_without_words_are_told_after_a_minute(box: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a broken template: nobody's letter can be composed, and none was ever frozen."""

    def broken(letter: Letter) -> mail.Mail | None:
        raise TemplateSyntaxError("as after a careless edit")

    with monkeypatch.context() as patch:
        patch.setitem(mail.KINDS, "drill", replace(mail.KINDS["drill"], compose=broken))
        post(1)
        post(2)
        drive()
        assert because() == WELL
        for seconds in (20, 65):
            with later(seconds):
                drive()
                assert because() == (UNCOMPOSED if seconds > 60 else WELL)
    with later(150):
        drive()
        assert because() == WELL
    assert len(box.journal) == 2


def test_a_mail_server_that_refuses_everybody_for_good_is_told_at_once(box: Postbox) -> None:
    """As where it won't relay, and says so in words that don't tell it from a wrong address."""
    post(1)
    drive()
    box.at_recipient = lambda address: "554 no thanks"
    post(2)
    drive()
    assert because() == WELL, "of one person it isn't known"
    post(3)
    drive()
    assert because() == REFUSES_ALL
    assert told()["oldest_due_seconds"] == 0
    box.at_recipient = lambda address: None
    post(4)
    drive()
    assert because() == WELL


@pytest.mark.parametrize("where", ["at_recipient", "at_letter"])
def test_a_mail_server_that_refuses_us_and_not_the_letter_is_told_and_loses_none(box: Postbox, where: str) -> None:
    setattr(box, where, lambda *of: "554 5.7.1 Relay access denied")
    post(1)
    post(2)
    drive()
    with later(65):
        drive()
        assert because() == TAKES_NOTHING
    setattr(box, where, lambda *of: None)
    with later(150):
        drive()
        assert because() == WELL
    assert len(box.journal) == 2


def test_one_letter_that_is_put_off_while_others_leave_is_no_alarm(box: Postbox) -> None:
    box.at_recipient = lambda address: "451 please try later" if address.startswith("person-4@") else None
    for number in range(5):
        post(number)
    for seconds in (0, 20, 60, 120):
        with later(seconds):
            drive()
            assert because() == WELL
    assert len(box.journal) == 4
    assert told()["oldest_due_seconds"] > 0


def test_with_redis_killed_the_ticker_works_on_and_all_is_well(box: Postbox, settings: Any, tmp_path: Path) -> None:
    redis = start_redis(tmp_path / "redis", durable=False)
    settings.REDIS_URL = redis.url
    try:
        with running("manage.py", "ticker", "--every", "0.2", EMAIL_URL=box.url, REDIS_URL=redis.url):
            until(lambda: alive("ticker"))
            redis.process.kill()
            post(1)
            until(lambda: len(box.journal) == 1)
            assert because() == WELL
            assert [alive(name) for name in driving.DRIVERS] == [False, False, True]
            assert Client().get("/health/ready").json() == {"ok": True, "redis": False}
    finally:
        redis.stop()


def test_where_postgresql_refuses_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(connection.settings_dict, "PORT", "9")
    for address in ("work", "ready"):
        answer = Client().get(f"/health/{address}")
        assert (answer.status_code, answer.json()) == (503, {"ok": False, "because": NO_POSTGRESQL})
    assert Client().get("/health/live").json() == {"ok": True}


def test_where_postgresql_is_stopped_it_is_said_within_three_seconds() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone() or [0]
    parent = next(
        (int(line.split()[1]) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if "PPid" in line), 0
    )
    drive()
    os.kill(parent, signal.SIGSTOP)
    try:
        began = time.monotonic()
        assert because() == NO_POSTGRESQL
        assert time.monotonic() - began < 3.5
    finally:
        os.kill(parent, signal.SIGCONT)
    until(lambda: because() == WELL, 5)


def test_a_table_that_is_locked_is_no_reason_to_hang() -> None:
    drive()
    with connections["owner"].cursor() as cursor:
        cursor.execute("BEGIN; LOCK TABLE teams_letter")
        try:
            began = time.monotonic()
            assert because() == NO_POSTGRESQL
            assert time.monotonic() - began < 3.5
        finally:
            cursor.execute("ROLLBACK")
    assert because() == WELL


def test_the_web_says_so_although_all_its_threads_hang_with_a_silent_postgresql() -> None:
    """A real server, and a wire to PostgreSQL that falls silent: nothing is refused, nothing is answered."""
    database, port = connection.settings_dict, free_port()

    def ask(path: str, within: float = 10) -> tuple[int, dict[str, Any]]:
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=within)
        try:
            line.request("GET", path, headers={"Cookie": "session=nobody-knows-this-one"})
            answer = line.getresponse()
            return answer.status, json.loads(answer.read() or b"{}") if path.startswith("/health") else {}
        finally:
            line.close()

    def is_up() -> bool:
        with contextlib.suppress(OSError):
            return ask("/health/ready")[0] == 200
        return False

    with Wires() as wires:
        proxy = Proxy(wires, int(database["PORT"]))
        url = surroundings()["DATABASE_URL"].replace(f":{database['PORT']}/", f":{proxy.port}/")
        command = ["-m", "uvicorn", "config.asgi:application", "--port", str(port), "--log-level", "error"]
        with running(*command, DATABASE_URL=url, WEB_THREADS="2"):
            until(is_up)
            drive()
            assert ask("/health/work")[0] == 200
            assert ask("/you/")[0] == 302, "this page asks PostgreSQL who that is"
            proxy.silent()
            time.sleep(0.2)
            hanging = [http.client.HTTPConnection("127.0.0.1", port, timeout=30) for _ in range(3)]
            for each in hanging:
                each.request("GET", "/you/", headers={"Cookie": "session=nobody-knows-this-one"})
            began = time.monotonic()
            assert ask("/health/work") == (503, {"ok": False, "because": NO_POSTGRESQL})
            assert time.monotonic() - began < 3.5
            assert ask("/health/live")[0] == 200
            proxy.silent(False)
            assert [each.getresponse().status for each in hanging] == [302, 302, 302]
            assert ask("/health/work")[0] == 200


@pytest.mark.slow
def test_worker_and_beat_are_told_apart_whichever_of_them_dies(
    box: Postbox, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Real ones, on a Redis of their own; nothing else drives."""
    redis = start_redis(tmp_path / "redis", durable=False)
    celery = ["-m", "celery", "--app", "config.celery:app"]
    quietly = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--concurrency", "1"]
    where = {"EMAIL_URL": box.url, "REDIS_URL": redis.url}
    monkeypatch.setattr(driving, "ALIVE_FOR", timedelta(seconds=9))  # so as not to wait so long
    try:
        with (
            running(*celery, "worker", *quietly, **where) as worker,
            running(*celery, "beat", "--schedule", str(tmp_path / "beat"), "--pidfile=", **where) as beat,
        ):
            until(lambda: alive("worker") and alive("beat"), 40)
            assert because() == WELL, "without a ticker, beat and a worker are enough"
            post(1)
            until(lambda: len(box.journal) == 1)
            os.killpg(beat.pid, signal.SIGSTOP)
            until(lambda: not alive("beat"))
            assert alive("worker")
            assert because() == NOBODY_DRIVES
            os.killpg(worker.pid, signal.SIGSTOP)
            os.killpg(beat.pid, signal.SIGCONT)
            until(lambda: alive("beat") and not alive("worker"))
            assert because() == NOBODY_DRIVES
    finally:
        redis.stop()


def test_a_long_round_is_seen_all_the_while(box: Postbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """A drain of many slow letters marks its driver between them."""
    marks: list[float] = []
    monkeypatch.setattr(driving, "seen", lambda name, note="": marks.append(time.monotonic()))
    for number in range(5):
        post(number)
    driving.drives("worker")
    drain()
    assert len(marks) >= 6


def test_a_pulse_costs_one_statement_and_not_often(django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        driving.seen("ticker")
        driving.seen("ticker")
    with django_assert_num_queries(1):
        driving.seen("ticker", "something new")
    driving._told.at = {"ticker": (time.monotonic() - driving.OFTEN - 0.1, "something new")}
    with django_assert_num_queries(1):
        driving.seen("ticker", "something new")
    assert Driver.objects.get().note == "something new"
