"""The outbox under fire, in short: the whole product, killed and silenced by a fixed seed, and the mail server's journal as judge.

The long one is `make drill`. That this one can turn red is shown by tests/drill/test_twins.py.
"""

import os
from pathlib import Path

import pytest

from tests.drill.drill import Drill
from tests.drill.rig import SINGLES, running_rig
from tests.drill.verdict import QUIET, SINGLE, table
from tests.drill.wires import EVERY_FAULT

pytestmark = pytest.mark.slow
SEED = 4


def test_nothing_is_lost_and_nothing_is_doubled_whatever_dies(tmp_path: Path) -> None:
    keep = Path(os.environ["DRILL_KEEP"]) if "DRILL_KEEP" in os.environ else None
    with running_rig(seed=SEED, pace=0.01, keep=keep) as rig:
        drill = Drill(rig, print)
        drill.gather()
        drill.quiet(8, 40)
        drill.without_redis(15, 40)
        assert drill.settle(60)  # what is late must not slip into the fire, where nothing binds it
        drill.fire(30, 150, kills=14, postgres=2, redis=2)
        settled = drill.settle(90)
        verdict = drill.verdict()
        assert drill.visitors is not None
        print(table(verdict), drill.visitors.findings.figures(), rig.tally, rig.journal.faults, sep="\n")
        print(rig.by_themselves, rig.stage.failures, sep="\n")
        assert [str(each) for each in verdict.complaints] == []
        assert settled
        assert rig.stage.failures == []
        # It was a drill: every fault came, copies were made, and some letters lost their point in time.
        assert drill.visitors.findings.complaints() == []
        assert set(SINGLES) <= set(rig.tally)
        assert set(EVERY_FAULT) <= set(rig.journal.faults)
        assert verdict.counts["extra copies, explained"] >= 1
        assert verdict.counts["failed"] >= 5
        assert verdict.counts["pointless, and not sent"] >= 3
        assert verdict.lateness[QUIET]["letters"] >= 20
        assert verdict.lateness[SINGLE]["letters"] >= 20
