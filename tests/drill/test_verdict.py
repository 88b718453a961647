"""The verdict’s own bounds: they bind, and they bind something."""

from pathlib import Path

from tests.drill.verdict import QUIET, SINGLE, Fault, Posted, Row, Try, Verdict, judge
from tests.drill.wires import Copy, Journal

TO = "lin@example.org"


def verdict(folder: Path, late: float, *bound: str) -> Verdict:
    """Of one letter, due at 1000 and so late, while one thing failed."""
    journal = Journal(folder / "journal.jsonl")
    journal.copies.append(Copy(1, 1000.0 + late, TO, "<1@x>", "digest", 1000.0 + late))
    row = Row(1, "a:1", "drill", TO, {}, 1000.0, "sent", "<1@x>", (Try(1000.0, "sent", ""),))
    fault = Fault("Redis gone", 990.0, 1020.0, "single")
    return judge(
        [row], journal, Posted(["a:1"]), now=2000.0, refuses=lambda address: False, faults=[fault], bound=bound
    )


def test_a_letter_that_is_late_after_one_failure_is_told(tmp_path: Path) -> None:
    assert verdict(tmp_path, 59, SINGLE).complaints == []
    assert [each.line for each in verdict(tmp_path, 61, SINGLE).complaints] == ["late"]


def test_a_bound_that_binds_no_letter_is_told(tmp_path: Path) -> None:
    assert verdict(tmp_path, 1).complaints == []
    assert [str(each) for each in verdict(tmp_path, 1, SINGLE, QUIET).complaints] == [
        "late: quiet was to be bound, and no letter was there to show it"
    ]
