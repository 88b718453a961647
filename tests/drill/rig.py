"""The rig: the whole product on free ports in a temporary folder, with hands on every process and every wire.

PostgreSQL and Redis (config/embedded.py), web, worker, beat and ticker as the demo starts them, a mail server with faults, and
proxies between (tests/drill/wires.py). What is killed is started again after a pause, as a supervisor would. All that happens,
happens in one thread, by `go`: what is due on the timetable is done, and who died by himself is started again.
"""

import contextlib
import heapq
import itertools
import json
import os
import queue
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from config import embedded
from tests.drill.verdict import Fault, Posted, Row, read_rows
from tests.drill.wires import HOST, Journal, MailServer, Proxy, Weather, Wires

ROOT = Path(__file__).resolve().parents[2]
WITHOUT = (
    *(
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "REDIS_URL",
        "EMAIL_URL",
        "SECRET_KEY",
        "PUBLIC_URL",
        "ALLOWED_HOSTS",
        "PGOPTIONS",
    ),
    *(
        "DEMO",
        "DEMO_DIR",
        "STATIC_STORAGE",
        "STATIC_FROM_SOURCE",
        "STATIC_ROOT",
        "PYTHONPATH",
        "MAKEFLAGS",
        "MAKELEVEL",
        "MFLAGS",
    ),
)


@dataclass
class Child:
    """One long-lived process of the product."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes]
    down: bool = False  # by our hand, for a while
    asleep: bool = False
    deaths: int = 0


@dataclass(order=True)
class Entry:
    at: float
    number: int
    do: Callable[[], object] = field(compare=False)


class Stage:
    """The process that posts letters and moves meetings; it is asked from a thread, again and again while PostgreSQL is away."""

    def __init__(self, env: dict[str, str], log: Path) -> None:
        self.log = log
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [*embedded.ends_with_parent(signal.SIGKILL), sys.executable, "-c", SERVE],
                cwd=ROOT,
                env=env,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=out,
                text=True,
                start_new_session=True,
            )
        self.asked: queue.Queue[Callable[[], None] | None] = queue.Queue()
        self.failures: list[str] = []
        self.thread = threading.Thread(target=self._work, name="stage", daemon=True)
        self.thread.start()

    def soon(self, todo: Callable[[], None]) -> None:
        """Let the thread do this, after what was asked before."""
        self.asked.put(todo)

    @property
    def busy(self) -> bool:
        return self.asked.unfinished_tasks > 0

    def _work(self) -> None:
        while (todo := self.asked.get()) is not None:
            try:
                todo()
            except Exception as error:
                self.failures.append(f"{type(error).__name__}: {error}")
            finally:
                self.asked.task_done()

    def ask(self, what: str, **given: Any) -> Any:
        """In the thread: ask until PostgreSQL answers."""
        assert self.process.stdin and self.process.stdout
        while True:
            self.process.stdin.write(json.dumps([what, given]) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"the stage has ended: {self.log.read_text()[-2000:]}")
            answer = json.loads(line)
            if "done" in answer:
                return answer["done"]
            if "failed" in answer:
                raise RuntimeError(f"{what}: {answer['failed']}")
            time.sleep(0.5)

    def now(self, what: str, **given: Any) -> Any:
        """From the main thread: ask, and wait for the answer."""
        told: queue.Queue[Any] = queue.Queue()

        def todo() -> None:
            try:
                told.put((True, self.ask(what, **given)))
            except Exception as error:
                told.put((False, error))

        self.soon(todo)
        well, answer = told.get(timeout=120)
        if not well:
            raise answer
        return answer

    def end(self) -> None:
        self.asked.put(None)
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()


class Rig:
    """Everything that runs. `with running_rig(seed=1) as rig: rig.go(60)`."""

    def __init__(self, folder: Path, *, seed: int, pace: float = 0.02, sabotage: str = "") -> None:
        self.folder, self.seed, self.sabotage = folder, seed, sabotage
        self.random = random.Random(seed)
        self.pace = pace
        self.word = embedded.mark(folder)
        self.children: dict[str, Child] = {}
        self.timetable: list[Entry] = []
        self.numbers = itertools.count()
        self.faults: list[Fault] = []
        self.posted = Posted()
        self.tally: dict[str, int] = {}
        self.by_themselves: list[str] = []
        self.closing = contextlib.ExitStack()
        self.env: dict[str, str] = {}
        self.held: set[str] = set()  # PostgreSQL, Redis, the mail server: what is done to them just now

    # --- start and end

    def start(self) -> None:
        (self.folder / "log").mkdir(parents=True, exist_ok=True)
        self.redis = embedded.begin_redis(self.folder / "redis", durable=True)
        self.closing.callback(self.redis.stop)
        self.postgres = embedded.begin_postgres(self.folder / "postgres", durable=True)
        self.closing.callback(self.postgres.stop)
        self.wires = self.closing.enter_context(Wires())
        self.journal = Journal(self.folder / "journal.jsonl")
        self.closing.callback(self.journal.close)
        self.weather = Weather(self.seed)
        self.mail = MailServer(self.wires, self.journal, self.weather, pace=self.pace)
        ports = {
            name: urlsplit(server.url).port or 0 for name, server in (("pg", self.postgres), ("redis", self.redis))
        }
        self.proxies = {
            "PostgreSQL": Proxy(self.wires, ports["pg"]),
            "Redis": Proxy(self.wires, ports["redis"]),
            "mail server": Proxy(self.wires, self.mail.port),
        }
        self.port = embedded.free_port()
        self.base = f"http://{HOST}:{self.port}"
        self.database = embedded.addresses(self.postgres.url, embedded.DATABASE, self.folder)
        self.env = {name: value for name, value in os.environ.items() if name not in WITHOUT} | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            "DEMO": "1",
            "DEMO_DIR": str(self.folder),
            "SECRET_KEY": embedded.kept_secret(self.folder, "django"),
            "PUBLIC_URL": self.base,
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
            "STATIC_FROM_SOURCE": "1",
            "STATIC_ROOT": str(self.folder / "static"),
            "REDIS_URL": through(self.proxies["Redis"], self.redis.url),
            "EMAIL_URL": f"smtp://{HOST}:{self.proxies['mail server'].port}",
            **{name: through(self.proxies["PostgreSQL"], url) for name, url in self.database.items()},
        }
        self.postgres.wait_until_it_answers()
        embedded.ensure_roles(self.postgres.url, embedded.DATABASE, self.folder)
        self.stage = Stage({**self.env, **self.database}, self.folder / "log" / "stage.log")
        self.closing.callback(self.stage.end)
        self.migrate()
        self.add("web", "-m", "uvicorn", "config.asgi:application", "--host", HOST, "--port", str(self.port), *WEB)
        self.add("worker", *self.drainer("worker"), "--concurrency", "2", "--hostname", f"{self.word}@%h", *QUIETLY)
        self.add(
            "beat",
            *CELERY,
            "beat",
            "--schedule",
            str(self.folder / "beat-schedule"),
            "--pidfile=",
            "--loglevel",
            "INFO",
        )
        self.add("ticker", *self.drainer("ticker"))
        ends = time.monotonic() + 60
        while not self.answers("/health/live"):
            if time.monotonic() > ends:
                raise RuntimeError(f"the web does not answer: {self.log('web')}")
            time.sleep(0.1)

    def drainer(self, which: str) -> list[str]:
        if self.sabotage:
            return ["-c", SABOTAGED, self.sabotage, which]
        return [*CELERY, "worker"] if which == "worker" else [str(ROOT / "manage.py"), "ticker"]

    def migrate(self) -> None:
        env = {**self.env, **self.database, "PGOPTIONS": "-c synchronous_commit=off"}
        command = [sys.executable, str(ROOT / "manage.py"), "migrate", "--verbosity", "0"]
        done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"migrate failed: {done.stderr[-3000:]}")

    def add(self, name: str, *arguments: str) -> None:
        command = [sys.executable, "-X", f"drill={self.word}", *arguments]
        self.children[name] = Child(name, command, self.spawn(name, command))

    def spawn(self, name: str, command: Sequence[str]) -> subprocess.Popen[bytes]:
        if name == "beat":
            for path in self.folder.glob("beat-schedule*"):
                path.unlink()
        return embedded.spawn(command, log=self.folder / "log" / f"{name}.log", env=self.env, cwd=ROOT)

    def end(self) -> None:
        """End all of it, whatever state it is in; nothing is left."""
        for child in self.children.values():
            self.signal(child, signal.SIGKILL)
        for child in self.children.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.process.wait(5)
        for proxy in getattr(self, "proxies", {}).values():
            proxy.silent(False)
        self.closing.close()
        embedded.end_marked(self.word, within=1)

    def log(self, name: str) -> str:
        path = self.folder / "log" / f"{name}.log"
        return path.read_text(errors="replace")[-3000:] if path.exists() else ""

    def answers(self, path: str) -> bool:
        try:
            with urllib.request.urlopen(self.base + path, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    # --- the timetable

    def later(self, seconds: float, do: Callable[[], object]) -> None:
        heapq.heappush(self.timetable, Entry(time.monotonic() + seconds, next(self.numbers), do))

    def go(self, seconds: float, until: Callable[[], bool] = lambda: False) -> bool:
        """Let things happen for so long, or until this is so (asked four times a second). Returns whether it was."""
        ends, ask_at = time.monotonic() + seconds, 0.0
        while (moment := time.monotonic()) < ends:
            while self.timetable and self.timetable[0].at <= moment:
                heapq.heappop(self.timetable).do()
            for child in self.children.values():
                if not child.down and child.process.poll() is not None:
                    self.by_themselves.append(f"{child.name} ended by itself ({child.process.returncode})")
                    self.start_again(child)
            if moment >= ask_at:
                if until():
                    return True
                ask_at = moment + 0.25
            time.sleep(0.02)
        return until()

    # --- hands on processes

    def signal(self, child: Child, signum: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.process.pid, signum)

    def start_again(self, child: Child) -> None:
        self.signal(child, signal.SIGKILL)  # what it may have left behind
        child.process.wait()
        child.process, child.down, child.asleep = self.spawn(child.name, child.command), False, False

    def count(self, what: str) -> None:
        self.tally[what] = self.tally.get(what, 0) + 1

    def note(self, name: str, stretch: str = "") -> Fault:
        fault = Fault(name, time.time(), stretch=stretch)
        self.faults.append(fault)
        self.count(name)
        return fault

    def is_free(self, what: str) -> bool:
        """Whether nothing is done to this one now."""
        if what in self.children:
            return not (self.children[what].down or self.children[what].asleep)
        return what not in self.held

    def is_quiet(self) -> bool:
        """Whether nothing is on the timetable, and all that runs runs."""
        return not self.timetable and not self.held and all(self.is_free(name) for name in self.children)

    def kill(self, name: str, pause: float, stretch: str = "") -> Fault | None:
        """kill -9 of a process with all its children; it is started again after a pause."""
        if not self.is_free(name):
            return None
        child, fault = self.children[name], self.note(f"{name} killed", stretch)
        child.down = True
        self.signal(child, signal.SIGKILL)
        child.process.wait()

        def again() -> None:
            self.start_again(child)
            fault.ended = time.time()

        self.later(pause, again)
        return fault

    def kill_one_child(self, stretch: str = "") -> Fault | None:
        """kill -9 of one of the worker's processes that drain; the worker makes another."""
        if not self.is_free("worker"):
            return None
        parent = self.children["worker"].process.pid
        with contextlib.suppress(OSError):
            pids = Path(f"/proc/{parent}/task/{parent}/children").read_text().split()
            if pids:
                os.kill(int(self.random.choice(pids)), signal.SIGKILL)
                fault = self.note("worker’s child killed", stretch)
                fault.ended = time.time()
                return fault
        return None

    def silence(self, name: str, seconds: float, stretch: str = "") -> Fault | None:
        """SIGSTOP, and SIGCONT after a while; or a wire that says nothing."""
        if not self.is_free(name):
            return None
        fault = self.note(f"{name} silent", stretch)
        if name in self.children:
            child = self.children[name]
            child.asleep = True
            self.signal(child, signal.SIGSTOP)
        else:
            self.held.add(name)
            self.proxies[name].silent()

        def over() -> None:
            if name in self.children:
                self.signal(self.children[name], signal.SIGCONT)
                self.children[name].asleep = False
            else:
                self.proxies[name].silent(False)
                self.held.discard(name)
            fault.ended = time.time()

        self.later(seconds, over)
        return fault

    def take_away(self, name: str, seconds: float, stretch: str = "") -> Fault | None:
        """kill -9 of PostgreSQL or Redis, or the line to the mail server cut; it is back after a while."""
        if not self.is_free(name):
            return None
        fault = self.note(f"{name} killed" if name == "PostgreSQL" else f"{name} gone", stretch)
        self.held.add(name)
        if name == "mail server":
            self.proxies[name].cut()
        else:
            server = self.server(name)
            server.process.kill()
            server.process.wait()

        def back() -> None:
            if name == "mail server":
                self.proxies[name].cut(False)
            else:
                self.server(name).again()
            self.held.discard(name)
            fault.ended = time.time()

        self.later(seconds, back)
        return fault

    def server(self, name: str) -> embedded.Server:
        return self.postgres if name == "PostgreSQL" else self.redis

    def storm(self) -> Fault:
        """From now on the mail server has its faults."""
        self.weather.stormy = True
        return self.note("the mail server’s moods")

    def calm(self, storm: Fault) -> None:
        self.weather.stormy = False
        storm.ended = time.time()

    def do(self, name: str, seconds: float, stretch: str = "") -> Fault | None:
        """A fault by its name, as in SINGLES."""
        what, _, how = name.rpartition(" ")
        if name == "worker’s child killed":
            return self.kill_one_child(stretch)
        if how == "silent":
            return self.silence(what, seconds, stretch)
        if what in self.children:
            return self.kill(what, seconds, stretch)
        return self.take_away(what, seconds, stretch)

    def insist(self, name: str, seconds: float, tries: int = 30) -> None:
        """As `do`; where something else is done to that one just now, again in a little while."""
        if self.do(name, seconds) is None and tries:
            self.later(0.7, partial(self.insist, name, seconds, tries - 1))

    # --- what is posted

    def letters(self, count: int, spread: float) -> None:
        def todo() -> None:
            self.posted.keys += self.stage.ask("letters", count=count, spread=spread)["keys"]

        self.stage.soon(todo)

    def meeting_closed(self, slug: str) -> None:
        def todo() -> None:
            told = self.stage.ask("close", slug=slug)
            prompts = told["prompts"] or [f"the prompt of meeting {told['meeting']}"]
            self.posted.prompts += prompts
            self.posted.keys += prompts

        self.stage.soon(todo)

    def leaver(self, slug: str) -> None:
        """Somebody comes in, gets a letter that is due in a little while, and leaves before that."""
        name = f"Vi {self.random.randrange(10**6):06d}"

        def todo() -> None:
            self.stage.ask("joins", slug=slug, name=name)
            key = self.stage.ask("prompt", slug=slug, name=name)["key"]
            self.pointless([key], self.stage.ask("leaves", slug=slug, name=name))

        self.stage.soon(todo)

    def sent_meanwhile(self, slug: str) -> None:
        """A reminder is due in a little while, and the summary is sent before that."""

        def todo() -> None:
            told = self.stage.ask("prompt", slug=slug, name="Lin")
            since = self.stage.ask("send_summary", slug=slug, meeting=told["meeting"])
            self.pointless([told["key"], *told["others"]], since)

        self.stage.soon(todo)

    def called_off(self, slug: str) -> None:
        """A date is planned, and called off before anybody hears of it."""

        def todo() -> None:
            told = self.stage.ask("called_off", slug=slug)
            self.pointless(told["keys"], told["since"])

        self.stage.soon(todo)

    def pointless(self, keys: Sequence[str], since: float) -> None:
        for key in keys:
            self.posted.keys.append(key)
            self.posted.pointless[key] = since

    def settled(self) -> bool:
        """Nothing that is due waits any more."""
        return not self.stage.busy and self.stage.now("waiting") == 0

    def rows(self) -> list[Row]:
        url = embedded.with_database(self.postgres.url, embedded.DATABASE)
        with psycopg.connect(url, autocommit=True) as connection:
            return read_rows(lambda query: connection.execute(query))


SERVE = "import django; django.setup(); from tests.drill.stage import serve; serve()"
SABOTAGED = "import django, sys; django.setup(); from tests.drill.sabotaged import main; sys.exit(main(sys.argv[1:]))"
CELERY = ["-m", "celery", "--app", "config.celery:app", "--workdir", str(ROOT), "--quiet"]
QUIETLY = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO"]
WEB = ["--timeout-graceful-shutdown", "3", "--no-access-log", "--log-level", "warning"]
KILLED = ("worker", "beat", "ticker", "web")
SINGLES = (
    *(f"{name} killed" for name in KILLED),
    *(f"{name} silent" for name in KILLED),
    *("PostgreSQL killed", "PostgreSQL silent", "Redis gone", "Redis silent"),
    *("mail server gone", "mail server silent"),
)


def through(proxy: Proxy, url: str) -> str:
    """The same address, by way of the proxy."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{proxy.port}"))


@contextlib.contextmanager
def running_rig(*, seed: int, pace: float = 0.02, sabotage: str = "", keep: Path | None = None) -> Iterator[Rig]:
    """A rig that runs; at the end of the block nothing of it is left. `keep`: where its logs and its journal are put."""
    folder = Path(tempfile.mkdtemp(prefix="kim-drill-"))
    folder.chmod(0o711)  # PostgreSQL runs as somebody else when we are root
    rig = Rig(folder, seed=seed, pace=pace, sabotage=sabotage)
    try:
        rig.start()
        yield rig
    finally:
        rig.end()
        if keep is not None:
            keep.mkdir(parents=True, exist_ok=True)
            with contextlib.suppress(OSError):
                shutil.copytree(folder / "log", keep / "log", dirs_exist_ok=True)
                shutil.copy(folder / "journal.jsonl", keep / "journal.jsonl")
        shutil.rmtree(folder, ignore_errors=True)
