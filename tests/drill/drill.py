"""The drill itself: quiet, one failure after another, two at once, Redis gone for long, and fire; then the verdict."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import combinations
from typing import Any

from tests.drill.rig import KILLED, SINGLES, Rig
from tests.drill.verdict import DOUBLE, QUIET, SINGLE, Verdict, judge
from tests.drill.visitors import Visitors
from tests.drill.wires import refused_for_good

SLUG = "drill-lane"


@dataclass
class Drill:
    """One drill on a rig that runs. `tell` hears how it goes."""

    rig: Rig
    tell: Callable[[str], None]
    quiet_ones: list[tuple[float, float]] = field(default_factory=list)
    bound: set[str] = field(default_factory=set)  # whose lateness the verdict must find
    team: dict[str, Any] = field(default_factory=dict)
    visitors: Visitors | None = None

    def gather(self) -> None:
        self.team = self.rig.stage.now("team", slug=SLUG)

    # --- stretches

    def quiet(self, seconds: float, letters: int) -> None:
        """Nothing happens but letters: lateness as it is on an ordinary day."""
        began = time.time()
        self.bound.add(QUIET)
        self.rig.letters(letters, seconds * 0.8)
        self.rig.meeting_closed(SLUG)
        self.rig.go(seconds)
        self.quiet_ones.append((began, time.time()))

    def single(self, name: str, seconds: float, letters: int, *, holds: float) -> None:
        """One failure in the midst of a heap of letters, others due after it; and time to get over it."""
        self.tell(f"single: {name}")
        self.bound.add(SINGLE)
        self.heap(letters, seconds)
        self.rig.do(name, holds, "single")
        self.rig.go(seconds)

    def double(self, pair: tuple[str, str], seconds: float, letters: int, *, holds: float) -> None:
        """Two failures at once, likewise."""
        self.tell(f"double: {' + '.join(pair)}")
        self.bound.add(DOUBLE)
        self.heap(letters, seconds)
        for name in pair:
            self.rig.do(name, holds, "double")
        self.rig.go(seconds)

    def heap(self, letters: int, seconds: float) -> None:
        """So many letters due at once, as many over the time to come; returns when the mail server has taken some of the heap.

        Whoever is struck now has letters in hand, under its lease.
        """
        self.rig.letters(letters, seconds * 0.7)
        self.rig.go(10, lambda: not self.rig.stage.busy)
        self.rig.mail.pace = 0.15
        self.rig.later(6, partial(setattr, self.rig.mail, "pace", self.rig.pace))
        self.rig.letters(letters, 0)
        before = len(self.rig.journal.copies)
        self.rig.go(8, lambda: not self.rig.stage.busy and len(self.rig.journal.copies) > before + 4)

    def fire(self, seconds: float, letters: int, *, kills: int, postgres: int, redis: int) -> None:
        """Everything at once: the mail server has its moods, workers die every few seconds, and now and then all else."""
        rig, chance = self.rig, self.rig.random
        storm = rig.storm()
        batches = max(1, letters // 150)
        for number in range(batches):
            count = letters // batches
            spread = 0.0 if number % 4 == 3 else seconds / batches
            rig.later(seconds * 0.95 * number / batches, partial(rig.letters, count, spread))
        for number in range(kills):
            at = seconds * (number + chance.random()) / kills
            whole = number % 8 == 7  # the worker itself, with all its children
            rig.later(at, partial(rig.insist, "worker killed" if whole else "worker’s child killed", 0.5))
        for number in range(postgres):
            rig.later(seconds * (number + 0.3) / postgres, partial(rig.insist, "PostgreSQL killed", 1.0))
        for number in range(redis):
            rig.later(seconds * (number + 0.8) / redis, partial(rig.insist, "Redis gone", 3 + 3 * chance.random()))
        others = [name for name in SINGLES if name not in ("worker killed", "PostgreSQL killed", "Redis gone")]
        for number in range(max(len(others), int(seconds / 8))):
            name = others[number % len(others)]
            at = seconds * (number + 0.5) / max(len(others), int(seconds / 8))
            rig.later(at, partial(rig.insist, name, 1.5 + 3 * chance.random()))
        meetings = max(2, int(seconds / 30))
        for number in range(meetings):
            at = seconds * 0.8 * number / meetings
            for what in (rig.meeting_closed, rig.leaver, rig.sent_meanwhile, rig.called_off):
                rig.later(at, partial(what, SLUG))
        rig.go(seconds)
        rig.go(60, lambda: rig.is_quiet() and not any(rig.weather.still.values()))
        rig.calm(storm)

    def without_redis(self, seconds: float, letters: int) -> None:
        """Redis is gone for long. People go on working, and letters leave.

        Before the fire, not after it: a letter within NEAR of a storm is bound by nothing.
        """
        self.tell(f"Redis is gone for {seconds:.0f} s")
        self.bound.add(SINGLE)
        meeting = self.rig.stage.now("meeting", slug=SLUG)["meeting"]
        self.visitors = Visitors(self.rig, self.team, SLUG, meeting)
        self.visitors.come_in()
        self.rig.letters(letters, seconds * 0.9)
        self.rig.do("Redis gone", seconds, "single")
        self.rig.go(1)
        self.visitors.begin()
        self.rig.go(max(1.0, seconds - 3))
        self.visitors.end()
        self.rig.go(10, lambda: self.rig.is_free("Redis"))

    def settle(self, most: float) -> bool:
        """Until nothing that is due waits."""
        self.tell("settling")
        return self.rig.go(most, self.rig.settled)

    def verdict(self) -> Verdict:
        return judge(
            self.rig.rows(),
            self.rig.journal,
            self.rig.posted,
            now=time.time(),
            refuses=refused_for_good,
            faults=self.rig.faults,
            kept_quiet=self.quiet_ones,
            bound=self.bound,
        )


def pairs() -> list[tuple[str, str]]:
    """Twenty pairs: what drives letters against each other and against what they need, dead and silent."""
    heads = [
        (f"{a} {x}", f"{b} {y}")
        for a, b in combinations(KILLED, 2)
        for x, y in (("killed", "killed"), ("silent", "killed"))
    ]
    mixed = [
        ("worker killed", "PostgreSQL killed"),
        ("worker silent", "Redis gone"),
        ("ticker killed", "Redis gone"),
        ("ticker silent", "PostgreSQL silent"),
        ("PostgreSQL killed", "Redis gone"),
        ("worker killed", "mail server gone"),
        ("PostgreSQL killed", "mail server silent"),
        ("beat killed", "Redis silent"),
    ]
    return [*heads, *mixed]
