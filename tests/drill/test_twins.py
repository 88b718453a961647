"""Each safety of the outbox has its sabotage twin: the same small drill, with the safety switched off, must turn red for its reason.

A drainer is a process of its own, forked from here, sabotaged before it starts, and killed by SIGKILL at its worst moment, put to
sleep with a letter in hand, or left alone. The clock is moved instead of waited for. The verdict is that of the long drill.
"""

import contextlib
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connections

from config.celery import app
from core import clock, mail
from core.mail import Mail, letter_kind
from core.scope import everything
from teams.models import Letter, Membership, Team, User
from teams.services import letters
from teams.services.letters import post_letter
from teams.tasks import drain_letters
from tests.drill.sabotaged import SABOTAGES
from tests.drill.verdict import Fault, Posted, Verdict, judge, read_rows
from tests.drill.wires import Planned, mail_server, refused_for_good
from tests.marks import ROWS

pytestmark = [ROWS, pytest.mark.slow]

NUMBER = 12  # of these drill-3 and drill-6 don't exist
SLOW, SLOWER = 20, 21
HANGS, LEAVES = "drill-1@drill.invalid", "ben@left.example"


@letter_kind("twin", essential=True, why="A test.")
def _twin(letter: Letter) -> Mail | None:
    """To a member. Pointless once they have left."""
    present = Membership.objects.present().filter(pk=letter.data["member"]).exists()
    return Mail("Twin", "Hello.\n", "<p>Hello.</p>") if present else None


class Twin:
    """One small drill: what is posted, who drains it and what befalls them."""

    def __init__(self, name: str, folder: Path, settings: Any) -> None:
        self.name, self.settings, self.folder = name, settings, folder
        self.members: dict[str, int] = {}
        self.began = clock.now()
        self.posted, self.faults = Posted(), list[Fault]()
        self.hangs = "hang" if "patience" in name else "dribble" if "deadline" in name else ""
        self.quick = bool(self.hangs) or "celery" in name  # nobody is killed: one reason is enough

    def run(self) -> Verdict:
        plan = {
            LEAVES: ["451 rcpt"],
            "drill-2@drill.invalid": ["451 rcpt", "421 rcpt"],
            "drill-4@drill.invalid": ["reset letter"],
            "drill-5@drill.invalid": ["reset taken"],
            "drill-7@drill.invalid": ["451 letter", "reset middle"],
            "drill-8@drill.invalid": ["421 data"],
            "drill-9@drill.invalid": ["reset rcpt", "451 data"],
        }
        if self.hangs:
            plan[HANGS] = [f"{self.hangs} rcpt"] * 50
        with mail_server(self.folder / "journal.jsonl", Planned(plan), pace=0.02) as self.server:
            self.server.hang = 30.0
            self.settings.EMAIL_URL = f"smtp://127.0.0.1:{self.server.port}"
            self.settings.REDIS_URL = "redis://127.0.0.1:9/0"
            app.conf.update(broker_url=self.settings.REDIS_URL)
            self.post()
            if self.quick:
                self.by_the_clock()
            else:
                self.fire()
            with everything("a drill"), connections["owner"].cursor() as cursor:

                def ask(query: str) -> list[Any]:
                    cursor.execute(query)
                    return list(cursor.fetchall())

                rows = read_rows(ask)
                if self.hangs:  # of this one nothing is asked but that it doesn't keep the others
                    rows = [row for row in rows if row.address != HANGS]
                    self.posted.keys.remove("drill:twin:1")
            return judge(
                rows,
                self.server.journal,
                self.posted,
                now=self.server.journal.now(),
                refuses=refused_for_good,
                faults=self.faults,
            )

    def post(self) -> None:
        with everything("a drill"):
            self.team = Team.objects.create(slug="twin", name="Twin")
            # The first of all is to somebody who leaves between its first try and its second.
            self.to_somebody("leaves between two tries", LEAVES)
            self.to_somebody("left before it is due", "kit@left.example")
            for number in range(1, NUMBER + 1):
                key = f"drill:twin:{number}"
                post_letter("drill", key=key, to=f"drill-{number}@drill.invalid", team=None, number=number)
                self.posted.keys.append(key)
            # Nothing is amiss with these but that somebody is slow; with the second not even that.
            for number, seconds in ((SLOW, 100), (SLOWER, 3600)):
                key, due = f"drill:twin:{number}", self.began + timedelta(seconds=seconds)
                post_letter("drill", key=key, to=f"drill-{number}@drill.invalid", team=None, due=due, number=number)
                self.posted.keys.append(key)
        self.leaves("left before it is due")

    def to_somebody(self, key: str, email: str) -> None:
        user = User.objects.create_user(email, "Ben Marsh")
        self.members[key] = Membership.objects.create(team=self.team, user=user).pk
        due = self.began - timedelta(minutes=1)
        post_letter("twin", key=key, to=user, team=self.team, due=due, member=self.members[key])
        self.posted.keys.append(key)

    def leaves(self, key: str) -> None:
        with everything("a drill"):
            Membership.objects.filter(pk=self.members[key]).update(until=clock.now())
        self.posted.pointless[key] = self.server.journal.now()

    def at(self, seconds: float) -> datetime:
        self.server.journal.shift = seconds
        return self.began + timedelta(seconds=seconds)

    def fire(self) -> None:
        """First those that die, then one that sleeps, then two at once, then whoever the clock sends."""
        began = self.began.timestamp()
        self.faults = [Fault("kills, sleep and the mail server’s moods", began - 10, began + 240)]
        self.wait(self.drainer(self.at(0), Killed("before")))
        self.leaves("leaves between two tries")
        self.wait(self.drainer(self.at(60), Killed("after")))
        self.beside_one_who_is_slow(SLOW, 120, 180)  # its lease is long over: a fault
        self.beside_one_who_is_slow(SLOWER, 3600, 3610)  # its lease holds: none
        self.by_the_clock()

    def beside_one_who_is_slow(self, number: int, at: float, then: float) -> None:
        sleeper = Sleeper(f"drill-{number}@drill.invalid")
        asleep = self.drainer(self.at(at), sleeper)
        sleeper.is_asleep()
        self.wait(self.drainer(self.at(then), Left()))
        sleeper.wake()
        self.wait(asleep)

    def by_the_clock(self) -> None:
        for hour in (3, 6, 9):
            how = ByTheClock(asks=hour == 3) if "celery" in self.name else Left()
            if not self.wait(self.drainer(self.at(3600.0 * hour), how)):
                return  # whoever comes next would hang likewise

    def drainer(self, moment: datetime, how: "How") -> int:
        """A process that drains, as if it were that moment. Returns its id."""
        connections.close_all()
        with warnings.catch_warnings(
            action="ignore", category=DeprecationWarning
        ):  # other threads run; it touches none
            pid = os.fork()
        if pid == 0:
            try:
                if self.hangs:
                    mail.PATIENCE, mail.DEADLINE = 0.6, 1.2
                if self.name in SABOTAGES:
                    SABOTAGES[self.name].patch()
                with clock.at(moment):
                    how.drain()
            finally:
                os._exit(0)
        return pid

    def wait(self, pid: int) -> bool:
        """Until it ends by itself or was killed; one that hangs is killed, and False. The honest have no more time than the sabotaged."""
        ends = time.monotonic() + (6 if self.hangs else 60)
        while os.waitpid(pid, os.WNOHANG) == (0, 0):
            if time.monotonic() > ends:
                os.kill(pid, signal.SIGKILL)
                os.waitpid(pid, 0)
                return False
            time.sleep(0.01)
        return True


class How:
    """What a drainer does, and what befalls it."""

    def drain(self) -> None:
        raise NotImplementedError


class Left(How):
    def drain(self) -> None:
        while letters.drain():
            pass


class Killed(How):
    """Killed at its second letter: before that is sent, or when it was taken and nothing is written down yet."""

    def __init__(self, where: str) -> None:
        self.where, self.sent = where, 0

    def drain(self) -> None:
        send = mail.Post.send

        def dying(post: mail.Post, letter: bytes, to: str) -> None:
            self.sent += 1
            if self.where == "before" and self.sent == 2:
                os.kill(os.getpid(), signal.SIGKILL)
            send(post, letter, to)
            if self.where == "after" and self.sent >= 2:
                os.kill(os.getpid(), signal.SIGKILL)

        mail.Post.send = dying  # type: ignore[method-assign,assignment]
        letters.drain()


class Sleeper(How):
    """Falls asleep over one letter, its attempt written down and nothing sent, until it is woken."""

    def __init__(self, over: str) -> None:
        self.over = over
        self.told, self.tells = os.pipe()
        self.woken, self.wakes = os.pipe()

    def drain(self) -> None:
        send = mail.Post.send

        def sleeping(post: mail.Post, letter: bytes, to: str) -> None:
            if to == self.over:
                mail.Post.send = send  # type: ignore[method-assign]
                os.write(self.tells, b".")
                os.read(self.woken, 1)
                post.close()
            send(post, letter, to)

        mail.Post.send = sleeping  # type: ignore[method-assign,assignment]
        letters.drain()

    def is_asleep(self) -> None:
        os.set_blocking(self.told, False)
        ends = time.monotonic() + 20
        while time.monotonic() < ends:
            try:
                os.read(self.told, 1)
                return
            except BlockingIOError:
                time.sleep(0.01)

    def wake(self) -> None:
        os.write(self.wakes, b".")
        for end in (self.told, self.tells, self.woken, self.wakes):
            os.close(end)


class ByTheClock(How):
    """As with Redis gone: the worker can't be asked, and the ticker comes by."""

    def __init__(self, *, asks: bool) -> None:
        self.asks = asks

    def drain(self) -> None:
        if self.asks:
            with contextlib.suppress(
                Exception
            ):  # the broker is away, and no worker listens: whatever the library makes of it
                drain_letters.apply_async(retry=False, ignore_result=True)
        call_command("ticker", once=True)


@pytest.fixture
def twin(transactional_db: Any, tmp_path: Path, settings: Any) -> Iterator[Callable[[str], Verdict]]:
    broker = app.conf.broker_url
    yield lambda name: Twin(name, tmp_path, settings).run()
    app.conf.update(broker_url=broker)


@pytest.mark.parametrize("name", ["", "patience", "a deadline", "celery and the ticker"])
def test_with_every_safety_nothing_is_amiss(twin: Callable[[str], Verdict], name: str) -> None:
    verdict = twin(name)
    assert [str(each) for each in verdict.complaints] == []
    least = 1 if name else 2
    assert verdict.counts["extra copies, explained"] >= least, "it is too gentle to prove anything"
    assert verdict.counts["pointless, and not sent"] == least
    assert verdict.counts["failed"] == 2


@pytest.mark.parametrize("name", SABOTAGES)
def test_without_a_safety_it_turns_red_for_its_reason(twin: Callable[[str], Verdict], name: str) -> None:
    verdict = twin(name)
    assert verdict.of(SABOTAGES[name].line), [str(each) for each in verdict.complaints]
