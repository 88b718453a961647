"""The verdict: the mail server's journal held against the rows. Each complaint names the promise that was broken.

What is asserted, line by line:

- `gone`            every key that was printed when letters were posted is a row.
- `lost`            a letter that is said to be sent is in the journal, and the journal says that its sender was told so; none that
                    had a point was dropped.
- `given up`        a letter that is said to be refused was refused with 550 by the journal, to that recipient, and wasn't taken.
- `still waiting`   at the end no letter that is due waits; and whoever doesn't exist isn't tried for ever.
- `doubled`         of a letter's copies, each after the first has an attempt of its own that stayed in doubt and was begun before it;
                    where there was no fault, there is no second copy at all.
- `in doubt`        where there was no fault, no attempt is left in doubt.
- `differs`         all copies of a letter are the same, byte for byte.
- `stray`           every copy has the Message-ID of a letter, and went to that letter's address.
- `pointless`       nothing was sent that had become pointless before it was due (or before that try).
- `late`            lateness, from due to the journal's 250, keeps within its bounds in quiet stretches and after failures.
- `unasked`         every meeting that was closed has its prompt.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.drill.wires import Copy, Journal

NEAR = 60.0  # seconds around a letter in which a fault counts as near it
QUIET, SINGLE, DOUBLE = "quiet", "single failures", "double failures, once both have passed"
BOUNDS = ((QUIET, "p50", 5.0), (QUIET, "p99", 30.0), (SINGLE, "max", 60.0), (DOUBLE, "max", 60.0))


@dataclass(frozen=True)
class Complaint:
    """One broken promise."""

    line: str
    letter: str
    words: str

    def __str__(self) -> str:
        return f"{self.line}: {self.letter} {self.words}"


@dataclass
class Fault:
    """Something that was done to the product, from when to when (seconds since 1970)."""

    name: str
    began: float
    ended: float = math.inf
    stretch: str = ""  # "single", "double" or ""


@dataclass(frozen=True)
class Try:
    """One attempt, as its row tells."""

    started: float
    outcome: str
    note: str


@dataclass(frozen=True)
class Row:
    """One letter, as its row tells."""

    pk: int
    key: str
    kind: str
    address: str
    data: Mapping[str, Any]
    due: float
    state: str
    message_id: str
    tries: tuple[Try, ...] = ()


LETTERS = (
    "SELECT id, key, kind, address, data, extract(epoch FROM due_at), state, message_id FROM teams_letter ORDER BY id"
)
ATTEMPTS = "SELECT letter_id, extract(epoch FROM started_at), outcome, note FROM teams_attempt ORDER BY id"


def read_rows(ask: Callable[[str], Iterable[Sequence[Any]]]) -> list[Row]:
    """All letters with their attempts. `ask` runs a query as a role that sees every row."""
    tries: dict[int, list[Try]] = defaultdict(list)
    for letter, started, outcome, note in ask(ATTEMPTS):
        tries[letter].append(Try(float(started), outcome, note))
    return [
        Row(pk, key, kind, address, data if isinstance(data, dict) else {}, float(due), state, mid, tuple(tries[pk]))
        for pk, key, kind, address, data, due, state, mid in ask(LETTERS)
    ]


@dataclass
class Posted:
    """What was asked of the outbox, told by whoever asked."""

    keys: list[str] = field(default_factory=list)
    pointless: dict[str, float] = field(default_factory=dict)  # by key: since when
    prompts: list[str] = field(default_factory=list)  # what must be there because a meeting was closed


@dataclass
class Verdict:
    """What was found."""

    complaints: list[Complaint]
    counts: dict[str, int]
    lateness: dict[str, dict[str, float]]
    letters: int

    def of(self, line: str) -> list[Complaint]:
        return [each for each in self.complaints if each.line == line]


def judge(
    rows: Sequence[Row],
    journal: Journal,
    posted: Posted,
    *,
    now: float,
    refuses: Callable[[str], bool],
    faults: Sequence[Fault] = (),
    kept_quiet: Sequence[tuple[float, float]] = (),
    bound: Collection[str] = (),
) -> Verdict:
    """Hold the journal against the rows. `kept_quiet`: stretches in which lateness is bound without any fault near.

    `bound`: names of BOUNDS that letters must be found for; one without any would bind nothing.
    """
    court = _Court(journal, posted, now, refuses, faults)
    court.every_letter(rows)
    lateness = court.lateness(rows, kept_quiet, bound)
    return Verdict(court.complaints, dict(sorted(court.counts.items())), lateness, len(rows))


class _Court:
    def __init__(
        self, journal: Journal, posted: Posted, now: float, refuses: Callable[[str], bool], faults: Sequence[Fault]
    ) -> None:
        self.journal, self.posted, self.now, self.refuses, self.faults = journal, posted, now, refuses, faults
        self.complaints: list[Complaint] = []
        self.counts: Counter[str] = Counter()
        self.copies: dict[str, list[Copy]] = defaultdict(list)
        for copy in journal.copies:
            self.copies[copy.message_id].append(copy)

    def complain(self, line: str, letter: str, words: str) -> None:
        self.complaints.append(Complaint(line, letter, words))

    def every_letter(self, rows: Sequence[Row]) -> None:
        known = {row.key for row in rows}
        for key in self.posted.keys:
            if key not in known:
                self.complain("gone", key, "was posted and has no row")
        for key in self.posted.prompts:
            if key not in known:
                self.complain("unasked", key, "its meeting was closed and nobody was asked")
        for row in rows:
            self.one(row)
        owners = {row.message_id: row for row in rows if row.message_id}
        for copy in self.journal.copies:
            owner = owners.get(copy.message_id)
            if owner is None:
                self.complain("stray", copy.message_id, f"to {copy.to} is no letter’s Message-ID")
            elif owner.address != copy.to:
                self.complain("stray", owner.key, f"went to {copy.to}, and is for {owner.address}")

    def one(self, row: Row) -> None:
        copies = self.copies.get(row.message_id, []) if row.message_id else []
        self.counts[row.state] += 1
        self.counts["copies"] += len(copies)
        self.counts["attempts"] += len(row.tries)
        for each in row.tries:
            self.counts[f"attempts {each.outcome}"] += 1
        since = self.posted.pointless.get(row.key)
        if since is not None:
            self.pointless(row, copies, since)
        self.fate(row, copies, had_a_point=since is None)
        self.several(row, copies)

    def pointless(self, row: Row, copies: list[Copy], since: float) -> None:
        leeway = 1.0 if row.due <= since else 0.0  # somebody may have been at it in that very moment
        late = [each.started - since for each in row.tries if each.started > since + leeway]
        for seconds in late:
            self.complain("pointless", row.key, f"was tried {seconds:.1f} s after it had become pointless")
        if not late and any(copy.at > since + 60 for copy in copies):
            self.complain("pointless", row.key, "was sent long after it had become pointless")
        if row.state == "dropped" and not late:
            self.counts["pointless, and not sent"] += 1

    def fate(self, row: Row, copies: list[Copy], *, had_a_point: bool) -> None:
        told = [copy for copy in copies if copy.answered is not None]
        if row.state == "sent":
            if not copies:
                self.complain("lost", row.key, "is said to be sent, and never came")
            elif not told:
                self.complain("lost", row.key, "is said to be sent, and nobody was told that it came")
        elif row.state == "failed":
            if row.address not in self.journal.refused:
                self.complain("given up", row.key, "is given up, and the mail server never refused it for good")
            if copies:
                self.complain("given up", row.key, "is given up, and it came")
        elif row.state == "dropped":
            if had_a_point and row.kind in ("drill", "prompt", "summary", "twin"):
                self.complain("lost", row.key, "was dropped, and it had a point")
        elif row.state == "waiting" and row.due <= self.now:
            self.complain("still waiting", row.key, f"has been due for {self.now - row.due:.0f} s")
        if row.state == "sent" and self.refuses(row.address):
            self.complain("lost", row.key, "is said to be sent, to somebody who doesn’t exist")

    def several(self, row: Row, copies: list[Copy]) -> None:
        if len({copy.digest for copy in copies}) > 1:
            self.complain("differs", row.key, f"came in {len({copy.digest for copy in copies})} versions")
        copies = sorted(copies, key=lambda copy: copy.at)
        doubts = sorted(each.started for each in row.tries if each.outcome == "in_doubt")
        for number, copy in enumerate(copies[1:], start=1):
            explained = sum(started < copy.at for started in doubts)
            if explained < number:
                self.complain("doubled", row.key, f"came {number + 1} times, with {explained} attempts in doubt before")
            else:
                self.counts["extra copies, explained"] += 1
            if self.faults and not self.near(row.due, copy.at):
                self.complain("doubled", row.key, "came again, and there was no fault")
        if doubts and self.faults and not self.near(row.due, doubts[-1] + NEAR):
            self.complain("in doubt", row.key, "was left in doubt, and there was no fault")

    def near(self, due: float, handed: float) -> list[Fault]:
        return [each for each in self.faults if each.began <= handed and each.ended >= due - NEAR]

    # --- lateness

    def lateness(
        self, rows: Sequence[Row], kept_quiet: Sequence[tuple[float, float]], bound: Collection[str]
    ) -> dict[str, dict[str, float]]:
        late: dict[str, list[float]] = defaultdict(list)
        for row in rows:
            told = [copy.answered for copy in self.copies.get(row.message_id, []) if copy.answered is not None]
            if row.state != "sent" or not told or not row.message_id:
                continue
            handed = min(told)
            seconds = max(0.0, handed - row.due)
            near = self.near(row.due, handed)
            late["all"].append(seconds)
            if not near and any(begins <= row.due <= ends for begins, ends in kept_quiet):
                late[QUIET].append(seconds)
            stretches = {each.stretch for each in near}
            if near and stretches == {"single"} and len(near) == 1:
                late[SINGLE].append(seconds)
                late[f"single: {near[0].name}"].append(seconds)
            if stretches == {"double"} and len(near) == 2:
                names = " + ".join(sorted(each.name for each in near))
                after = max(0.0, handed - max([row.due, *(each.ended for each in near)]))
                late["double failures"].append(seconds)
                late[DOUBLE].append(after)
                late[f"double: {names}"].append(seconds)
        found = {name: _figures(sorted(several)) for name, several in late.items()}
        self._bound(found, bound)
        return found

    def _bound(self, found: Mapping[str, Mapping[str, float]], asked: Collection[str]) -> None:
        for name, which, most in BOUNDS:
            if name in found and found[name][which] > most:
                self.complain("late", name, f"{which} is {found[name][which]:.1f} s, and may be {most:.0f} s")
        for name in sorted(set(asked) - set(found)):
            self.complain("late", name, "was to be bound, and no letter was there to show it")


def _figures(several: Sequence[float]) -> dict[str, float]:
    def share(of: float) -> float:
        return several[min(len(several) - 1, math.ceil(of * len(several)) - 1)]

    return {
        "letters": len(several),
        "p50": round(share(0.5), 2),
        "p99": round(share(0.99), 2),
        "max": round(several[-1], 2),
    }


def table(verdict: Verdict) -> str:
    """The figures for people."""
    lines = [f"{'lateness (s, from due to the journal’s 250)':56} {'letters':>7} {'p50':>7} {'p99':>7} {'max':>7}"]
    for name, figures in sorted(verdict.lateness.items(), key=lambda item: (":" in item[0], item[0])):
        lines.append(
            f"{name:56} {figures['letters']:7.0f} {figures['p50']:7.2f} {figures['p99']:7.2f} {figures['max']:7.2f}"
        )
    lines.append("")
    lines += [f"{name:56} {count:7}" for name, count in verdict.counts.items()]
    lines.append("")
    by_line = Counter(each.line for each in verdict.complaints)
    lines += [f"RED  {line}: {count}" for line, count in sorted(by_line.items())] or ["GREEN  nothing to complain of"]
    lines += [f"  {each}" for each in verdict.complaints[:40]]
    return "\n".join(lines)
