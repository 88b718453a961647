"""What the contract tests know of the demo: the two commands, standard output, and files in a folder. Nothing of the code."""

import contextlib
import http.client
import json
import os
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from http.cookiejar import CookieJar
from pathlib import Path
from typing import IO
from urllib.request import HTTPCookieProcessor, ProxyHandler, build_opener

ROOT = Path(__file__).resolve().parent.parent.parent
KEPT = ("PATH", "HOME", "USER", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "UV_CACHE_DIR")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """A clean environment: nothing that the tests' own servers have put there."""
    return {**{name: os.environ[name] for name in KEPT if name in os.environ}, "DEMO_DIR": str(folder), **more}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def make(
    target: str, folder: Path, *, given: str = "", cwd: Path = ROOT, makefile: bool = False, **more: str
) -> subprocess.CompletedProcess[str]:
    """Call make and wait for its end. `makefile`: from another folder, by -f."""
    where = ["-f", str(ROOT / "Makefile")] if makefile else []
    settings = [f"{name}={value}" for name, value in more.items()]
    return subprocess.run(
        ["make", "-s", *where, target, *settings],
        cwd=cwd,
        env=environment(folder),
        input=given,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )


def soon(true: Callable[[], bool], *, within: float) -> bool:
    until = time.monotonic() + within
    while not true():
        if time.monotonic() > until:
            return False
        time.sleep(0.05)
    return True


def alive(pid: int) -> bool:
    """Whether a process runs. A dead one whose parent hasn't noticed doesn't."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


class Demo:
    """A demo that was started as a shell starts a job in the background: with SIGINT ignored."""

    def __init__(self, folder: Path, port: int | None = None, **more: str) -> None:
        self.folder = folder
        self.said: list[str] = []
        self.told: list[str] = []
        self.began = time.monotonic()
        self.process = subprocess.Popen(
            ["make", "-s", "demo", f"PORT={free_port() if port is None else port}"],
            cwd=ROOT,
            env=environment(folder, **more),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
        )
        self.ready = threading.Event()
        self.readers = [
            threading.Thread(target=self._read, args=args, daemon=True)
            for args in ((self.process.stdout, self.said), (self.process.stderr, self.told))
        ]
        for reader in self.readers:
            reader.start()

    def _read(self, stream: IO[str] | None, into: list[str]) -> None:
        for line in stream or ():
            into.append(line.rstrip("\n"))
            if line.startswith("READY "):
                self.ready.set()

    def wait(self, within: float = 120) -> "Demo":
        until = time.monotonic() + within
        while not self.ready.wait(0.1):
            if self.process.poll() is not None or time.monotonic() > until:
                self.kill()
                raise AssertionError("no READY:\n" + "\n".join(self.told[-40:]))
        return self

    @property
    def base(self) -> str:
        return next(line for line in self.said if line.startswith("READY ")).removeprefix("READY ")

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    def processes(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.folder / "processes.json").read_text())
        return found

    def everything(self) -> list[int]:
        """Every process of this machine that belongs to the demo: what it wrote down, and all their descendants."""
        parents: dict[int, int] = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
        found = {self.process.pid, *self.processes().values()}
        while True:
            more = {pid for pid, parent in parents.items() if parent in found} - found
            if not more:
                return sorted(found)
            found |= more

    def get(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()

    def signal(self, how: signal.Signals) -> None:
        os.killpg(self.process.pid, how)

    def end(self, within: float = 15) -> int:
        """Ctrl-C for the whole group; returns make's exit code."""
        with contextlib.suppress(ProcessLookupError):
            self.signal(signal.SIGINT)
        return self.process.wait(within)

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.signal(signal.SIGKILL)
        self.process.wait(5)


def visit(url: str) -> tuple[int, str]:
    """The status and the address at which a fresh browser ends."""
    opener = build_opener(ProxyHandler({}), HTTPCookieProcessor(CookieJar()))
    with opener.open(url, timeout=10) as answer:
        return answer.status, answer.url
