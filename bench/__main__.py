"""`make bench`: a demo of its own, rooms full of people, and the floor beside it, case by case; then a table.

    python -m bench [--short] [--cases A,B,C] [--runs 3] [--no-profile] [--no-others]

Everything is on loopback, in bench/results/, and ended at the end. Progress goes to standard error, the table to standard output.
"""

import argparse
import asyncio
import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from bench import floor
from bench.fanout import CASES, Case, Result, many_files, measure, told
from bench.processes import load
from bench.report import table
from config.embedded import free_port

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "bench" / "results"
IDLE = 5.0  # seconds of silence before the first run of a case


def say(sentence: str) -> None:
    print(f"bench: {sentence}", file=sys.stderr, flush=True)


@dataclass
class Rig:
    """A demo that runs, and where it keeps its things."""

    folder: Path
    base: str
    env: dict[str, str]

    @property
    def pids(self) -> dict[str, int]:
        found: dict[str, int] = json.loads((self.folder / "processes.json").read_text())
        return found

    @property
    def servers(self) -> dict[str, list[int]]:
        """Those that a post is the work of."""
        pids = self.pids
        return {"web": [pids["web"]], "postgres": [pids["postgres"]], "redis": [pids["redis"]]}

    @property
    def addresses(self) -> dict[str, str]:
        found: dict[str, str] = json.loads((self.folder / "environment.json").read_text())
        return found

    def manage(self, *words: str) -> None:
        command = [sys.executable, "-m", "config.demo", "manage", *words]
        subprocess.run(command, env=self.env, cwd=ROOT, check=True, stdin=subprocess.DEVNULL)

    def rooms(self, meetings: int, people: int) -> dict[str, Any]:
        """Fresh rooms, as a target."""
        out = self.folder / "target.json"
        self.manage("bench_room", f"--meetings={meetings}", f"--people={people}", f"--out={out}")
        target: dict[str, Any] = json.loads(out.read_text())
        return target

    def connections(self) -> int:
        """How many there are to the database, of all processes together, this question's own not counted."""
        with psycopg.connect(self.addresses["DATABASE_OWNER_URL"]) as line:
            row = line.execute(
                "select count(*) from pg_stat_activity where datname is not null and pid <> pg_backend_pid()"
            ).fetchone()
        assert row is not None
        return int(row[0])


def _ended(process: subprocess.Popen[Any], within: float = 20) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.send_signal(signal.SIGTERM)
    try:
        process.wait(within)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def demo(folder: Path) -> Iterator[Rig]:
    """A demo of our own, from nothing."""
    shutil.rmtree(folder, ignore_errors=True)
    env = {**os.environ, "DEMO_DIR": str(folder), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "config.demo", "run", "--port", "0", "--end-with-parent"]
    process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if line.startswith("READY "):
                yield Rig(folder, line.split()[1], env)
                return
        raise SystemExit("bench: the demo didn’t start")
    finally:
        _ended(process)


@contextlib.contextmanager
def the_floor(rig: Rig) -> Iterator[tuple[str, int]]:
    """The floor on the demo's own PostgreSQL and Redis: its address and its pid."""
    port, known = free_port(), rig.addresses
    env = {**os.environ, "FLOOR_PG": known["DATABASE_OWNER_URL"], "FLOOR_REDIS": known["REDIS_URL"]}
    command = [sys.executable, "-m", "bench.floor", str(port)]
    process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    try:
        process.stdout.readline()
        yield f"http://127.0.0.1:{port}", process.pid
    finally:
        _ended(process, 5)


def fan_out(rig: Rig, case: Case, runs: int) -> list[Result]:
    """Floor and product, one after the other, so often: both have the same quarter of an hour."""
    found = []
    for number in range(runs):
        with the_floor(rig) as (base, pid):
            pids = {"web": [pid], **{name: rig.servers[name] for name in ("postgres", "redis")}}
            found.append(asyncio.run(measure(floor.TARGET, case, pids, base=base)))
        say(told(found[-1]))
        target = rig.rooms(case.meetings, case.people)  # fresh ones: a meeting with a hundred points is no meeting
        time.sleep(1)
        found.append(asyncio.run(measure(target, case, rig.servers, idle=IDLE if number == 0 else 0)))
        say(told(found[-1]))
    return found


def profile(rig: Rig, case: Case) -> dict[str, Any]:
    """Where the web process's CPU goes in a case: measured on another one, which looks at itself (sampled.py)."""
    port, out = free_port(), RESULTS / "profile.json"
    out.unlink(missing_ok=True)
    env = {**rig.env, **rig.addresses, "DEMO": "1", "DJANGO_SETTINGS_MODULE": "config.settings"}
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.sampled", str(port), str(out)], env=env, cwd=ROOT, stdin=subprocess.DEVNULL
    )
    try:
        target = rig.rooms(case.meetings, case.people)
        time.sleep(3)
        base = f"http://127.0.0.1:{port}"

        def begins() -> None:
            process.send_signal(signal.SIGUSR1)

        result = asyncio.run(measure(target, case, {"web": [process.pid]}, base=base, begins=begins))
    finally:
        _ended(process)
    say(told(result))
    found: dict[str, Any] = json.loads(out.read_text())
    return {**found, "posts": result.posts, "cpu": result.cpu["web"]}


def others(rig: Rig, *, short: bool) -> dict[str, Any]:
    """What the other parts of the bench say, each a process of its own. The storm comes last: it ends the web process."""
    rig.rooms(*((30, 10) if short else (300, 10)))
    files = ["--target", str(rig.folder / "target.json"), "--processes", str(rig.folder / "processes.json")]
    parts = {
        "pages": ["--base", rig.base, "--out", str(RESULTS / "pages.json"), *(["--times", "30"] if short else [])],
        "storm": [*files, "--streams", "300" if short else "3000"],
    }
    said = {}
    for name, words in parts.items():
        if not (ROOT / "bench" / f"{name}.py").exists():
            continue
        say(f"{name} …")
        command = [sys.executable, "-m", f"bench.{name}", *words]
        ended = subprocess.run(
            command, env=rig.env, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=False
        )
        said[name] = ended.stdout if ended.returncode == 0 else f"{ended.stdout}\nended with {ended.returncode}"
    return said


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="bench", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--cases", default="A,B,C", help="some of " + ",".join(CASES))
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--short", action="store_true", help="one run of ten seconds a case")
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--no-profile", action="store_true", help="don’t look where the CPU goes")
    parser.add_argument("--no-others", action="store_true", help="neither pages nor the storm")
    asked = parser.parse_args(words)
    many_files()
    RESULTS.mkdir(parents=True, exist_ok=True)
    seconds, runs = (10.0, 1) if asked.short else (30.0, asked.runs)
    cases = [replace(CASES[name], seconds=asked.seconds or seconds) for name in asked.cases.split(",")]
    results: list[Result] = []
    report: dict[str, Any] = {"at": time.strftime("%Y-%m-%d %H:%M"), "load before": load(), "command": " ".join(words)}
    with demo(RESULTS / "demo") as rig:
        for case in cases:
            results += fan_out(rig, case, runs)
            report["connections"] = max(report.get("connections", 0), rig.connections())
        report["load after"] = load()
        print(table(results, report), file=sys.stderr, flush=True)
        if not asked.no_profile:
            report["profile"] = profile(rig, replace(cases[-1], seconds=min(10.0, cases[-1].seconds)))
        if not asked.no_others:
            report |= others(rig, short=asked.short)
    report["runs"] = [asdict(result) for result in results]
    (RESULTS / "bench.json").write_text(json.dumps(report, indent=1) + "\n")
    text = table(results, report)
    (RESULTS / "bench.md").write_text(text)
    print(text, flush=True)
    return 0 if all(result.sound for result in results) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
