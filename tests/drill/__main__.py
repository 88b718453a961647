"""The long drill: `make drill`, or `python -m tests.drill --minutes 12 --seed 7 --letters 1500`.

At its full length it reaches figure R2: 10,000 letters, 500 worker kills, 20 PostgreSQL kills, 20 Redis outages of which one lasts
ten minutes, a mail server that is at fault with a fifth of the letters; and R3: 14 single and 20 double failures. Shorter ones have
less of each. `--only quiet,singles,doubles,redis,fire` leaves stretches out. Exit code 1 when anything is red.
"""

import argparse
import json
import signal
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.drill.drill import Drill, pairs
from tests.drill.rig import SINGLES, Rig, running_rig
from tests.drill.verdict import Verdict, table

RESULTS = Path(__file__).resolve().parent / "results"
STRETCHES = ("quiet", "singles", "doubles", "redis", "fire")
# What the full drill has, and how long its stretches last (seconds).
FULL = {"minutes": 100, "letters": 10_000, "worker": 500, "PostgreSQL": 20, "Redis": 19}  # and the one of ten minutes
QUIET, AFTER, FIRE, REDIS, SETTLE = 120.0, 62.0, 1500.0, 600.0, 900.0


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="drill", description=__doc__)
    parser.add_argument("--minutes", type=float, default=FULL["minutes"], help="about how long")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--letters", type=int, default=0, help="0: as many as go with the minutes")
    parser.add_argument("--only", default=",".join(STRETCHES))
    parser.add_argument("--failures", default="", help="only the single and double failures of these words")
    parser.add_argument("--sabotage", default="", help="one safety of the drainers switched off")
    asked = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    began = datetime.now(UTC)
    keep = RESULTS / f"{began:%Y%m%d-%H%M%S}-seed-{asked.seed}{'-' + asked.sabotage if asked.sabotage else ''}"
    try:
        with running_rig(seed=asked.seed, sabotage=asked.sabotage, keep=keep) as rig:
            return run(rig, asked, keep, began)
    except KeyboardInterrupt:
        print("drill: stopped; nothing runs any more", file=sys.stderr)
        return 130


def run(rig: Rig, asked: argparse.Namespace, keep: Path, began: datetime) -> int:
    start = time.monotonic()

    def tell(sentence: str) -> None:
        print(f"{time.monotonic() - start:6.0f} s  {sentence}", flush=True)

    part = min(1.0, asked.minutes / FULL["minutes"])
    letters = asked.letters or max(200, int(FULL["letters"] * part))
    stretches = asked.only.split(",")
    drill = Drill(rig, tell)
    drill.gather()
    words = asked.failures.split(",") if asked.failures else [""]
    singles = [name for name in SINGLES if any(word in name for word in words)]
    doubles = [pair for pair in pairs() if any(word in " + ".join(pair) for word in words)]
    rig.random.shuffle(singles)
    rig.random.shuffle(doubles)
    singles, doubles = singles[: max(1, round(len(singles) * part))], doubles[: max(1, round(len(doubles) * part))]
    if "quiet" in stretches:
        tell("quiet")
        drill.quiet(max(60.0, QUIET * part), max(60, letters // 40))
    each = 30
    if "singles" in stretches:
        for number, name in enumerate(singles):
            drill.single(name, holds(name, number) + AFTER, each, holds=holds(name, number))
    if "doubles" in stretches:
        for number, pair in enumerate(doubles):
            longer = max(holds(name, number) for name in pair)
            drill.double(pair, longer + AFTER, each, holds=longer)
    if "redis" in stretches:
        drill.without_redis(max(60.0, REDIS * part), max(50, letters // 10))
        drill.settle(SETTLE)  # what is late must not slip into the fire, where nothing binds it
    left = max(100, letters - len(rig.posted.keys))
    if "fire" in stretches:
        seconds = FIRE * part if asked.letters == 0 else max(FIRE * part, left / 7)
        tell(f"fire: {left} letters in {seconds:.0f} s")
        drill.fire(
            seconds,
            left,
            kills=max(5, round(FULL["worker"] * part)),
            postgres=max(1, round(FULL["PostgreSQL"] * part)),
            redis=max(1, round(FULL["Redis"] * part)),
        )
    settled = drill.settle(SETTLE)
    verdict = drill.verdict()
    met = drill.visitors.findings if drill.visitors else None
    wrong = (met.complaints() if met else []) + rig.stage.failures + ([] if settled else ["it didn’t settle"])
    found = figures(rig, verdict, asked, began, time.monotonic() - start) | {"visitors": met.figures() if met else None}
    found["wrong"] = wrong
    keep.mkdir(parents=True, exist_ok=True)
    (keep / "drill.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    print(table(verdict))
    print(
        json.dumps(
            {name: found[name] for name in ("faults", "mail server", "visitors", "by themselves")},
            indent=2,
            ensure_ascii=False,
        )
    )
    for each_wrong in wrong:
        print(f"RED  {each_wrong}")
    print(
        f"drill: {'RED' if verdict.complaints or wrong else 'GREEN'} after {found['seconds']:.0f} s; {keep / 'drill.json'}"
    )
    return 1 if verdict.complaints or wrong else 0


def holds(name: str, number: int) -> float:
    """How long a single failure lasts: what is dead is up again soon; what is silent may be so for longer than a lease lasts."""
    if name.endswith("killed"):
        return 3.0
    if name in ("worker silent", "ticker silent", "beat silent"):
        return 58.0 if number % 2 else 12.0
    return 10.0


def figures(rig: Rig, verdict: Verdict, asked: argparse.Namespace, began: datetime, seconds: float) -> dict[str, Any]:
    return {
        "began": began.isoformat(timespec="seconds"),
        "seconds": round(seconds, 1),
        "asked": vars(asked),
        "letters": verdict.letters,
        "counts": verdict.counts,
        "lateness": verdict.lateness,
        "faults": dict(sorted(rig.tally.items())),
        "worker kills": sum(
            count for name, count in rig.tally.items() if name.startswith("worker") and "killed" in name
        ),
        "mail server": dict(sorted(rig.journal.faults.items())),
        "tries": sum(rig.journal.tries.values()),
        "by themselves": rig.by_themselves,
        "complaints": [str(each) for each in verdict.complaints],
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
