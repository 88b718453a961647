"""What process trees cost, by label: CPU seconds and resident memory, from /proc."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Cost:
    """Of one tree, up to a moment."""

    cpu: float
    rss: int


def _all() -> dict[int, tuple[int, Cost]]:
    """Of every process of the machine: its parent, and what it and its dead children have cost."""
    found = {}
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                stat = Path(entry.path, "stat").read_text()
            except OSError:
                continue
            parts = stat[stat.rindex(")") + 2 :].split()
            cpu = sum(map(int, parts[11:15])) / _TICKS
            found[int(entry.name)] = int(parts[1]), Cost(cpu, int(parts[21]) * _PAGE)
    return found


def costs(roots: Mapping[str, Sequence[int]]) -> dict[str, Cost]:
    """Of the trees that grow from these processes. Raises ProcessLookupError for one that is gone."""
    known, result = _all(), {}
    for label, pids in roots.items():
        tree = set(pids) & known.keys()
        if len(tree) < len(pids):
            raise ProcessLookupError(f"{label}: one of {list(pids)} is gone")
        while more := {pid for pid, (parent, _) in known.items() if parent in tree} - tree:
            tree |= more
        result[label] = Cost(sum(known[pid][1].cpu for pid in tree), sum(known[pid][1].rss for pid in tree))
    return result


def machine() -> float:
    """Busy CPU seconds of the whole machine."""
    fields = [int(part) for part in Path("/proc/stat").read_text().split("\n")[0].split()[1:9]]
    return (sum(fields) - fields[3] - fields[4]) / _TICKS


def load() -> str:
    """The load average, to be quoted beside every figure."""
    return "/".join(f"{each:.2f}" for each in os.getloadavg())
