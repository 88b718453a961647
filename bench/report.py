"""The bench's table: medians of the runs of each case, the product as a multiple of the floor."""

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import Any

from bench.fanout import Result

FLOOR = "floor"


def middle(results: Sequence[Result], of: Callable[[Result], float]) -> float:
    return median([of(result) for result in results]) if results else float("nan")


def _row(case: str, name: str, runs: Sequence[Result], beside: Sequence[Result]) -> str:
    p50, p99 = middle(runs, lambda run: run.p50), middle(runs, lambda run: run.p99)
    cpu = middle(runs, lambda run: run.cpu_per_1000)
    times = ""
    if beside:
        floors = middle(beside, lambda run: run.p50), middle(beside, lambda run: run.p99)
        times = f"{p50 / floors[0]:.2f} / {p99 / floors[1]:.2f}"
    delivered, expected = sum(run.delivered for run in runs), sum(run.expected for run in runs)
    wrong = [sum(getattr(run, what) for run in runs) for what in ("lost", "doubled", "leaked", "dropped", "failed")]
    cells = [
        case,
        name,
        str(len(runs)),
        f"{p50:.1f} / {p99:.1f}",
        times,
        f"{delivered} of {expected}",
        " ".join(map(str, wrong)),
        f"{cpu:.2f}",
        f"{middle(runs, lambda run: run.mib.get('web', 0)):.0f}",
        f"{max(run.kib_a_stream.get('web', 0) for run in runs):.0f}",
        f"{middle(runs, lambda run: run.opened_in):.1f}",
        f"{middle(runs, lambda run: run.others):.2f}",
    ]
    return f"| {' | '.join(cells)} |"


HEADS = (
    "case",
    "server",
    "runs",
    "p50 / p99 ms",
    "times the floor",
    "delivered",
    "lost doubled leaked dropped failed",
    "CPU s per 1,000",
    "web MiB",
    "KiB a stream",
    "opened in s",
    "others’ cores",
)


def table(results: Sequence[Result], report: Mapping[str, Any]) -> str:
    """In Markdown."""
    lines = [f"| {' | '.join(HEADS)} |", f"|{'---|' * len(HEADS)}"]
    for case in dict.fromkeys(result.case for result in results):
        of_case = [result for result in results if result.case == case]
        floors = [result for result in of_case if result.target == FLOOR]
        for name in dict.fromkeys(result.target for result in of_case):
            runs = [result for result in of_case if result.target == name]
            lines.append(_row(case, name, runs, floors if name != FLOOR else []))
    idle = next((result.idle_cpu for result in reversed(results) if result.idle_cpu), {})
    lines += [
        "",
        f"Medians of the runs. Load {report.get('load before', '')} before, {report.get('load after', '')} after. "
        f"Connections to the database, of all processes: {report.get('connections', '?')}. "
        f"With the last case’s streams open and nobody posting: {idle} cores.",
        "",
    ]
    if "profile" in report:
        lines += _profile(report["profile"])
    for name in ("pages", "storm"):
        if name in report:
            lines += [f"**{name}**", "", str(report[name]).strip(), ""]
    return "\n".join(lines)


def _profile(said: Mapping[str, Any]) -> list[str]:
    """Where the web process's CPU went, in milliseconds a post."""
    posts, all_of_it = said["posts"], sum(seconds for _, seconds in said["layers"])
    lines = [f"CPU of the web process, {said['cpu'] / posts * 1000:.1f} ms a post while it was looked at:", ""]
    lines += [
        f"- {seconds / posts * 1000:.2f} ms ({seconds / all_of_it:.0%}) {name}" for name, seconds in said["layers"]
    ]
    ours = [each for each in said["within"] if each[0].split("/")[0] in ("core", "teams", "meetings", "learning")]
    lines += ["", "Of it within functions of ours:", ""]
    lines += [f"- {seconds / posts * 1000:.2f} ms `{at}`" for at, seconds in ours[:20]]
    return [*lines, ""]
