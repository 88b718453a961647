"""Behind the scenes of a journey: teams and meetings made by the services, on the database of the demo that runs.

A process of its own, since the tests' own Django has another database. What it does is committed and published as any door's
work is: open browsers see it. What it can do stands in tests/journeys/deeds.py.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
SERVE = "import django; django.setup(); from tests.journeys.deeds import serve; serve()"


class Backstage:
    """`backstage("next_item", slug="reed-lane", meeting=12)` calls that function of deeds.py, and returns what it returned."""

    def __init__(self, folder: Path) -> None:
        known = json.loads((folder / "environment.json").read_text())
        self.log = folder / "log" / "backstage.log"
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-c", SERVE],
                cwd=ROOT,
                env={
                    **os.environ,
                    **known,
                    "DJANGO_SETTINGS_MODULE": "config.settings",
                    "DEMO": "1",
                    "DEMO_DIR": str(folder),
                    "STATIC_STORAGE": "django.contrib.staticfiles.storage.StaticFilesStorage",
                },
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
            )

    def __call__(self, what: str, **given: Any) -> Any:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps([what, given]) + "\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, self.log.read_text()
        answer = json.loads(line)
        assert "failed" not in answer, answer["failed"]
        return answer["done"]

    def end(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(timeout=10)
