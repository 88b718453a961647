"""The demo's supervisor: starts everything on loopback, starts again what dies, and ends everything.

    python -m config.demo run [--port 8000] [--no-cast]     `make demo`
    python -m config.demo reset                             `make demo-reset`
    python -m config.demo manage COMMAND …                  `make manage ARGS='…'`

State lives in `.demo/` (or DEMO_DIR). Standard output carries the SIGN-IN lines and READY, everything else goes to standard error.
What the outside may rely on stands in docs/contracts.md.
"""

import argparse
import contextlib
import ctypes
import fcntl
import gc
import hashlib
import http.client
import io
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import django
from django.core.management import call_command

from config import embedded
from config.embedded import CannotStart

ROOT = Path(__file__).resolve().parent.parent
HOST = "127.0.0.1"
SETTINGS = (  # what a management command must be told as well
    *(
        "DATABASE_URL",
        "DATABASE_OWNER_URL",
        "REDIS_URL",
        "EMAIL_URL",
        "MAIL_FROM",
        "PUBLIC_URL",
        "SECRET_KEY",
        "FOUNDING",
    ),
    "STATIC_ROOT",
)
GRACE = 6.0  # seconds that the web, the worker and the others get to finish what they are at
WORK = 10.0  # seconds that READY waits for somebody to do the work; with a mail server of yours that is away it may never be well
STEADY = 5.0  # a child that lived shorter than this is started again more and more slowly


class Ended(Exception):
    """Somebody asked us to end while we were still starting."""


def say(sentence: str) -> None:
    """Tell whoever watches, on standard error."""
    with contextlib.suppress(OSError):
        print(f"demo: {sentence}", file=sys.stderr, flush=True)


# --- one at a time -----------------------------------------------------------------------------------------------------------


@dataclass
class Lock:
    """Only one demo, or one command, has the folder at a time. The kernel lets go of it for a process that was killed."""

    folder: Path
    file: IO[str] | None = None

    @property
    def path(self) -> Path:
        return self.folder / "lock"

    def holder(self) -> tuple[str, int]:
        """What the holder is at ("starting", "running", "ending", "command") and its pid; ("", 0) when unknown."""
        try:
            state, pid = self.path.read_text().split()
        except (OSError, ValueError):
            return "", 0
        return state, int(pid)

    def take(self, state: str) -> bool:
        """Take it and say what for; False when somebody else has it."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o711)
        file = self.path.open("a+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self.file = file
        self.tell(state)
        return True

    def tell(self, state: str) -> None:
        if self.file:
            os.ftruncate(self.file.fileno(), 0)
            os.pwrite(self.file.fileno(), f"{state} {os.getpid()}\n".encode(), 0)

    def let_go(self) -> None:
        if self.file:
            os.ftruncate(self.file.fileno(), 0)
            self.file.close()
            self.file = None


# --- the children ------------------------------------------------------------------------------------------------------------


@dataclass
class Child:
    """One long-lived process: how to start it and end it, and how it fares."""

    name: str
    start: Callable[[], subprocess.Popen[bytes]]
    process: subprocess.Popen[bytes]
    gently: signal.Signals = signal.SIGTERM
    began: float = field(default_factory=time.monotonic)
    quick_deaths: int = 0
    again_at: float | None = None

    def end(self, within: float) -> None:
        embedded.end(self.process, how=self.gently, within=within)


class Demo:
    """Everything that belongs to one demo folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.word = embedded.mark(folder)
        self.lock = Lock(folder)
        self.children: dict[str, Child] = {}
        self.env: dict[str, str] = {}
        self.asked_to_end = 0
        self.admin_url: str | None = None
        self.database = embedded.DATABASE

    # --- signals

    def listen(self) -> None:
        """Hear SIGINT and SIGTERM even where a shell's background job was told to ignore them."""

        def asked(signum: int, _frame: object) -> None:
            self.asked_to_end += 1
            self.lock.tell("ending")

        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(signum, asked)

    def pause(self, seconds: float) -> None:
        """Wait a little; raises Ended as soon as somebody asks us to end."""
        if self.asked_to_end:
            raise Ended
        time.sleep(seconds)
        if self.asked_to_end:
            raise Ended

    def until(self, true: Callable[[], bool], *, within: float, otherwise: str, step: float = 0.03) -> None:
        end = time.monotonic() + within
        while not true():
            if time.monotonic() > end:
                raise CannotStart(otherwise)
            self.pause(step)

    def while_not(self, true: Callable[[], bool], *, within: float, step: float = 0.03) -> None:
        """Wait until it is so, but no longer than that."""
        end = time.monotonic() + within
        while not true() and time.monotonic() < end:
            self.pause(step)

    # --- what was left behind

    def tidy(self) -> None:
        """End the processes of a demo that was killed, recognised by the mark they carry."""
        (self.folder / "processes.json").unlink(missing_ok=True)
        (self.folder / "environment.json").unlink(missing_ok=True)
        left = embedded.end_marked(self.word)
        if left:
            say(f"ended {left} processes that an earlier demo left behind")

    # --- starting one after another

    def python(self, *arguments: str) -> list[str]:
        return [sys.executable, "-X", f"demo={self.word}", *arguments]

    def spawn(
        self, name: str, command: Sequence[str], death: signal.Signals = signal.SIGKILL
    ) -> subprocess.Popen[bytes]:
        log = self.folder / "log" / f"{name}.log"
        return embedded.spawn(command, log=log, death=death, env=self.env, cwd=ROOT)

    def add(self, name: str, command: Sequence[str], before: Callable[[], None] = lambda: None) -> None:
        def start() -> subprocess.Popen[bytes]:
            before()
            return self.spawn(name, command)

        self.children[name] = Child(name, start, start())

    def add_server(self, server: embedded.Server) -> None:
        def start() -> subprocess.Popen[bytes]:
            server.again()
            return server.process

        self.children[server.name] = Child(server.name, start, server.process, gently=server.gently)

    def begin_servers(self) -> "embedded.Server | None":
        """Start PostgreSQL and Redis where none is given, and put their addresses into the environment.

        The addresses are known before the servers answer, so that others may be started meanwhile. Returns PostgreSQL.
        """
        postgres: embedded.Server | None = None
        given = embedded.rows_given(os.environ)
        if not os.environ.get("REDIS_URL"):
            redis = embedded.begin_redis(self.folder / "redis", durable=True)
            self.add_server(redis)
            self.env["REDIS_URL"] = redis.url
        if given.app_url and given.owner_url:
            self.env |= {"DATABASE_URL": given.app_url, "DATABASE_OWNER_URL": given.owner_url}
            return None
        admin_url = given.admin_url
        if admin_url is None:
            postgres = embedded.begin_postgres(self.folder / "postgres", durable=True)
            self.add_server(postgres)
            admin_url = postgres.url
        self.admin_url = admin_url
        self.database = embedded.database_of(admin_url, embedded.DATABASE)
        self.env |= embedded.addresses(admin_url, self.database, self.folder)
        return postgres

    def roles(self, postgres: "embedded.Server | None") -> None:
        """Wait for PostgreSQL, and see to it that the database and its two roles are there."""
        if postgres:
            self.until(
                lambda: postgres.answers() or self.ended_at_once(postgres),
                within=embedded.PATIENCE,
                otherwise=f"PostgreSQL does not answer (see {postgres.log})",
            )
        if self.admin_url:
            embedded.ensure_roles(self.admin_url, self.database, self.folder)

    def ended_at_once(self, server: embedded.Server) -> bool:
        if server.process.poll() is not None:
            raise CannotStart(f"{server.name} ended at once (see {server.log})")
        return False

    def environment(self, base: str) -> dict[str, str]:
        """What every process of this demo is told, except the addresses of the servers."""
        env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            "DEMO": "1",
            "DEMO_DIR": str(self.folder),
            "SECRET_KEY": embedded.kept_secret(self.folder, "django"),
            "ALLOWED_HOSTS": "127.0.0.1,localhost",
            "PUBLIC_URL": base,
            "STATIC_ROOT": str(self.folder / "static"),
        }
        for name in (
            "MAKEFLAGS",
            "MAKELEVEL",
            "MFLAGS",
            "ARGS",
            "PORT",
            "PYTHONPATH",
            "CALLED_FROM",
            "PYTHONDONTWRITEBYTECODE",
        ):
            env.pop(name, None)
        return env

    # --- Django's part: migrate, load the cast, make the links

    def begin_preparing(self, *, base: str, cast: bool) -> "Preparing":
        command = self.python("-m", "config.demo", "prepare", "--base", base, "--static", self.static_print())
        process = subprocess.Popen(
            [*embedded.ends_with_parent(signal.SIGKILL), *command, *([] if cast else ["--no-cast"])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**self.env, "PGOPTIONS": "-c synchronous_commit=off"},
            cwd=ROOT,
            text=True,
            start_new_session=True,
        )
        return Preparing(self, process)

    def static_print(self) -> str:
        """A fingerprint of the static files, so that they are collected only when one has changed."""
        return _fingerprint(path for path in (ROOT / "static").rglob("*") if path.is_file())

    def prepared_print(self, cast: bool) -> str:
        """What the database was prepared with: these migrations, and the cast or not."""
        return f"{_fingerprint(ROOT.glob('*/migrations/*.py'))} {'cast' if cast else 'bare'}"

    @property
    def prepared(self) -> Path:
        return self.folder / "prepared"

    # --- the files others read

    def write_processes(self) -> None:
        pids = {name: child.process.pid for name, child in self.children.items()}
        embedded.write_at_once(self.folder / "processes.json", json.dumps(pids) + "\n")

    def write_environment(self) -> None:
        new = {name: self.env[name] for name in SETTINGS if name in self.env}
        embedded.write_at_once(self.folder / "environment.json", json.dumps(new) + "\n", mode=0o600)

    # --- watching and ending

    def watch(self) -> None:
        """Start again whatever dies, until somebody asks us to end."""
        while True:
            changed = False
            for child in self.children.values():
                if child.again_at is None and child.process.poll() is not None:
                    lived = time.monotonic() - child.began
                    child.quick_deaths = child.quick_deaths + 1 if lived < STEADY else 0
                    wait = min(10.0, 0.25 * 2**child.quick_deaths) if child.quick_deaths > 1 else 0.0
                    child.again_at = time.monotonic() + wait
                    later = f" in {wait:.0f} s" if wait >= 1 else ""
                    say(
                        f"{child.name} (pid {child.process.pid}) ended: {_how(child.process.returncode)}; starting it again{later}"
                    )
                if child.again_at is not None and child.again_at <= time.monotonic():
                    with contextlib.suppress(ProcessLookupError, PermissionError):
                        os.killpg(child.process.pid, signal.SIGKILL)  # what it may have left behind
                    try:
                        child.process = child.start()
                    except (CannotStart, OSError) as error:
                        say(f"{child.name} can't be started: {error}")
                        child.again_at = time.monotonic() + 2
                        continue
                    child.began, child.again_at, changed = time.monotonic(), None, True
                    say(f"{child.name} runs again (pid {child.process.pid})")
            if changed:
                self.write_processes()
            self.pause(0.1)

    def end(self) -> None:
        """End every child: those that use the servers first, then the servers."""
        self.lock.tell("ending")
        servers = [child for name, child in self.children.items() if name in {"postgres", "redis"}]
        others = [child for child in self.children.values() if child not in servers]
        for group, within in ((others, GRACE), (servers, 4.0)):
            for child in group:
                with contextlib.suppress(ProcessLookupError):
                    child.process.send_signal(child.gently)
            until = time.monotonic() + within
            while any(child.process.poll() is None for child in group):
                if time.monotonic() > until or self.asked_to_end > 2:
                    break
                time.sleep(0.05)
            for child in group:
                child.end(0)
        embedded.end_marked(self.word, within=0.5)
        self.children.clear()
        (self.folder / "processes.json").unlink(missing_ok=True)
        (self.folder / "environment.json").unlink(missing_ok=True)
        self.lock.let_go()


def _fingerprint(paths: Iterable[Path]) -> str:
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(f"{path.relative_to(ROOT)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:32]


def _how(returncode: int | None) -> str:
    if returncode is not None and returncode < 0:
        return f"killed by {signal.Signals(-returncode).name}"
    return f"exit code {returncode}"


class Preparing:
    """The one process that migrates, loads the cast and makes the links; it imports Django while PostgreSQL still starts."""

    def __init__(self, demo: Demo, process: subprocess.Popen[str]) -> None:
        self.demo, self.process, self.lines = demo, process, list[str]()
        assert process.stdout
        os.set_blocking(process.stdout.fileno(), False)
        self.rest = ""

    def go(self) -> None:
        """The database is there now."""
        assert self.process.stdin
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("go\n")
            self.process.stdin.close()

    def hear(self) -> None:
        assert self.process.stdout
        with contextlib.suppress(BlockingIOError):
            heard = os.read(self.process.stdout.fileno(), 65536).decode()
            *whole, self.rest = (self.rest + heard).split("\n")
            self.lines += whole

    def reached(self, line: str) -> bool:
        ended = self.process.poll() is not None
        self.hear()
        if ended and self.process.returncode != 0:
            raise CannotStart("the database could not be prepared: see above")
        return line in self.lines

    def stop(self) -> None:
        if self.process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


def prepare(arguments: argparse.Namespace) -> int:
    """What `Preparing` runs. On standard output: `collected`, `migrated`, the SIGN-IN lines and `prepared`."""
    gc.disable()  # short-lived, and everything that migrating makes would be walked again and again
    out = sys.stdout
    sys.stdout = sys.stderr

    def tell(line: str) -> None:
        print(line, file=out, flush=True)

    django.setup()
    collecting = Collecting(Path(os.environ["DEMO_DIR"]), arguments.static, tell)
    collecting.start()
    if sys.stdin.readline() != "go\n":
        return 1
    call_command("migrate", interactive=False, verbosity=0)
    tell("migrated")
    if not arguments.no_cast:
        call_command("load_cast", verbosity=0)
        links = io.StringIO()
        call_command("sign_in_links", f"--base={arguments.base}", stdout=links)
        tell(links.getvalue().strip())
    collecting.join()
    if not collecting.done:
        return 1
    tell("prepared")
    return 0


class Collecting(threading.Thread):
    """Collects the static files beside everything else, where one has changed; says `collected`."""

    def __init__(self, folder: Path, wanted: str, tell: Callable[[str], None]) -> None:
        super().__init__(name="collecting", daemon=True)
        self.folder, self.wanted, self.tell, self.done = folder, wanted, tell, False

    def run(self) -> None:
        stamp = self.folder / "static.print"
        if not (stamp.exists() and stamp.read_text() == self.wanted and (self.folder / "static").exists()):
            call_command("collectstatic", interactive=False, verbosity=0, clear=True)
            embedded.write_at_once(stamp, self.wanted)
        self.done = True
        self.tell("collected")


# --- run ---------------------------------------------------------------------------------------------------------------------


def choose_port(wanted: int) -> int:
    """The wanted port, or the next one that nobody listens on; 0 lets the system choose."""
    if wanted == 0:
        return embedded.free_port()
    for port in range(wanted, min(wanted + 200, 65536)):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind((HOST, port))
                if port != wanted:
                    say(f"port {wanted} is taken: using {port}")
                return port
    raise CannotStart(f"no free port from {wanted} on")


def answers(port: int, path: str) -> bool:
    """Whether the web is up: an answer that isn't a server's error."""
    connection = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        connection.request("GET", path)
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def end_with_parent() -> None:
    """Get SIGTERM when the process that started us (make) is killed. Linux only; elsewhere nothing happens."""
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(1, int(signal.SIGTERM), 0, 0, 0)  # PR_SET_PDEATHSIG
        if os.getppid() == 1:
            os.kill(os.getpid(), signal.SIGTERM)


def run(arguments: argparse.Namespace) -> int:
    demo = Demo(demo_folder())
    demo.listen()
    if arguments.end_with_parent:
        end_with_parent()
    if not take_turn(demo):
        return 1
    try:
        return _run(demo, arguments)
    except Ended:
        return 0
    except CannotStart as error:
        say(str(error))
        return 1
    finally:
        say("ending")
        demo.end()


def take_turn(demo: Demo) -> bool:
    """Get hold of the folder, waiting for a demo that is ending or a command that is finishing."""
    said = ""
    while not demo.lock.take("starting"):
        state, pid = demo.lock.holder()
        if state in {"starting", "running"}:
            say(f"a demo is running already on {demo.folder} (pid {pid})")
            return False
        if state and state != said:
            said = state
            what = "the demo before this one is ending" if state == "ending" else "a management command is at work"
            say(f"waiting: {what} (pid {pid})")
        try:
            demo.pause(0.1)
        except Ended:
            return False
    return True


def _run(demo: Demo, arguments: argparse.Namespace) -> int:
    began = time.monotonic()
    (demo.folder / "log").mkdir(parents=True, exist_ok=True, mode=0o700)
    demo.tidy()
    port = choose_port(arguments.port)
    base = f"http://{HOST}:{port}"
    demo.env = demo.environment(base)
    mail_port = embedded.free_port()
    demo.env.setdefault("EMAIL_URL", f"smtp://{HOST}:{mail_port}")
    postgres = demo.begin_servers()
    preparing = demo.begin_preparing(base=base, cast=not arguments.no_cast)
    try:
        if not os.environ.get("EMAIL_URL"):
            letters = str(demo.folder / "letters")
            demo.add("mail", demo.python("-m", "config.mailcatcher", "--port", str(mail_port), "--folder", letters))
        demo.roles(postgres)
        preparing.go()
        # The web imports its pages while the database is made; nobody has its address before READY.
        demo.until(
            lambda: preparing.reached("collected"), within=300, otherwise="collecting the static files takes too long"
        )
        demo.add("web", web_command(demo, port))
        demo.until(lambda: preparing.reached("migrated"), within=300, otherwise="migrating takes too long")
        demo.add("ticker", demo.python(str(ROOT / "manage.py"), "ticker"))  # it finds the cast when all of it is there
        demo.until(lambda: preparing.reached("prepared"), within=300, otherwise="loading the cast takes too long")
    finally:
        preparing.stop()
    embedded.write_at_once(demo.prepared, demo.prepared_print(not arguments.no_cast))
    beat_schedule = demo.folder / "beat-schedule"

    def forget_schedule() -> None:
        # A killed beat may leave a file that can't be read, and every timetable entry is a sweep that may come early.
        for path in demo.folder.glob("beat-schedule*"):
            path.unlink()

    celery = demo.python("-m", "celery", "--app", "config.celery:app", "--workdir", str(ROOT), "--quiet")
    quietly = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "INFO")
    demo.add("worker", [*celery, "worker", "--concurrency", "2", "--hostname", f"{demo.word}@%h", *quietly])
    demo.add(
        "beat", [*celery, "beat", "--schedule", str(beat_schedule), "--pidfile=", "--loglevel", "INFO"], forget_schedule
    )
    for name, child in demo.children.items():
        if child.process.poll() is not None and name in {"postgres", "redis"}:
            raise CannotStart(f"{name} ended at once (see {demo.folder / 'log'})")
    web = demo.children["web"]

    def web_is_up() -> bool:
        if web.process.poll() is not None:
            raise CannotStart(f"the web server ended at once (see {demo.folder / 'log' / 'web.log'})")
        return answers(port, "/health/live")

    demo.until(
        web_is_up, within=60, otherwise=f"the web server does not answer (see {demo.folder / 'log' / 'web.log'})"
    )
    demo.while_not(lambda: answers(port, "/health/work"), within=WORK)
    demo.write_environment()
    demo.write_processes()
    for line in preparing.lines:
        if line.startswith("SIGN-IN "):
            print(line, flush=True)
    demo.lock.tell("running")
    say(f"everything runs after {time.monotonic() - began:.1f} s; Ctrl-C ends it")
    print(f"READY {base}", flush=True)
    demo.watch()
    return 0


def web_command(demo: Demo, port: int) -> list[str]:
    server = ("-m", "uvicorn", "config.asgi:application", "--host", HOST, "--port", str(port))
    return demo.python(*server, "--timeout-graceful-shutdown", "3", "--no-access-log", "--log-level", "warning")


# --- manage ------------------------------------------------------------------------------------------------------------------


def where_make_was_called() -> Path:
    """The folder from which relative paths are taken. After `make -C`, our own is not where somebody typed `make`."""
    here = Path.cwd()
    try:
        words = Path(f"/proc/{os.getppid()}/cmdline").read_bytes().decode().split("\0")
    except OSError:
        return here
    if not words[0].endswith("make"):
        return here
    if not any(word.startswith(("-C", "--directory")) for word in words):
        return here
    typed = Path(os.environ.get("CALLED_FROM", ""))
    return typed if typed.is_absolute() and typed.is_dir() else here


def manage(arguments: argparse.Namespace) -> int:
    """Run a management command on the running demo's database, or on one that is started for it alone."""
    words = arguments.words or shlex.split(os.environ.get("ARGS", ""))
    demo = Demo(demo_folder())
    command = [sys.executable, str(ROOT / "manage.py"), *words]
    said = False
    while not demo.lock.take("command"):
        state, _ = demo.lock.holder()
        if state == "running":
            with contextlib.suppress(OSError, ValueError):
                known = json.loads((demo.folder / "environment.json").read_text())
                env = {**demo.environment(known["PUBLIC_URL"]), **known}
                os.chdir(where_make_was_called())
                os.execve(sys.executable, command, env)
        if not said and state:
            said = True
            say("waiting: the demo is " + ("at another command" if state == "command" else state))
        time.sleep(0.1)
    demo.listen()
    try:
        return _manage_alone(demo, command)
    except Ended:
        return 130
    except CannotStart as error:
        say(str(error))
        return 1
    finally:
        demo.end()


def _manage_alone(demo: Demo, command: Sequence[str]) -> int:
    (demo.folder / "log").mkdir(parents=True, exist_ok=True, mode=0o700)
    demo.tidy()
    base = f"http://{HOST}:8000"
    demo.env = demo.environment(base)
    demo.env.setdefault("EMAIL_URL", f"smtp://{HOST}:9")  # nobody listens: letters wait until the demo runs
    postgres = demo.begin_servers()
    cast = not os.environ.get("DEMO_NO_CAST")
    new = not (demo.prepared.exists() and demo.prepared.read_text() == demo.prepared_print(cast))
    preparing = demo.begin_preparing(base=base, cast=cast) if new else None
    try:
        demo.roles(postgres)
        if preparing:
            say("preparing the demo's database")
            preparing.go()
            demo.until(lambda: preparing.reached("prepared"), within=300, otherwise="loading the cast takes too long")
    finally:
        if preparing:
            preparing.stop()
    if new:
        embedded.write_at_once(demo.prepared, demo.prepared_print(cast))
    process = subprocess.Popen(command, env=demo.env, cwd=where_make_was_called())
    while process.poll() is None:
        if demo.asked_to_end:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(5)
            process.kill()
        time.sleep(0.02)
    return process.returncode if process.returncode >= 0 else 128 - process.returncode


# --- reset -------------------------------------------------------------------------------------------------------------------


def reset(_arguments: argparse.Namespace) -> int:
    demo = Demo(demo_folder())
    while not demo.lock.take("command"):
        state, pid = demo.lock.holder()
        if state in {"starting", "running", "command"}:
            what = "a management command is at work" if state == "command" else "a demo is running"
            say(f"{what} on {demo.folder} (pid {pid}): end it first")
            return 1
        time.sleep(0.1)
    embedded.end_marked(demo.word)
    for part in ("postgres/data", "redis"):
        embedded.end_marked(embedded.mark(demo.folder / part), gently=signal.SIGQUIT)
    for entry in demo.folder.iterdir():
        if entry == demo.lock.path:
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()
    demo.lock.let_go()
    say(f"{demo.folder} is empty")
    return 0


# --- the door ----------------------------------------------------------------------------------------------------------------


def demo_folder() -> Path:
    return Path(os.environ.get("DEMO_DIR") or ROOT / ".demo").resolve()


def port_number(word: str) -> int:
    number = int(word)
    if not 0 <= number <= 65535:
        raise ValueError
    return number


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="demo", description="The demo of Keeping in Mind, on this machine only.")
    doors = parser.add_subparsers(required=True)
    run_parser = doors.add_parser("run", help="start everything")
    run_parser.add_argument("--port", type=port_number, default=8000, help="0: any free one")
    run_parser.add_argument("--no-cast", action="store_true", help="an empty database, no SIGN-IN lines")
    run_parser.add_argument(
        "--end-with-parent", action="store_true", help="end when the process that started this one is killed"
    )
    run_parser.set_defaults(door=run)
    manage_parser = doors.add_parser("manage", help="a management command on the demo's database")
    manage_parser.add_argument("words", nargs=argparse.REMAINDER)
    manage_parser.set_defaults(door=manage)
    doors.add_parser("reset", help="empty the demo's folder").set_defaults(door=reset)
    prepare_parser = doors.add_parser("prepare")
    prepare_parser.add_argument("--base", required=True)
    prepare_parser.add_argument("--static", required=True)
    prepare_parser.add_argument("--no-cast", action="store_true")
    prepare_parser.set_defaults(door=prepare)
    asked = parser.parse_args(arguments)
    done: int = asked.door(asked)
    return done


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
