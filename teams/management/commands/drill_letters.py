"""`drill_letters` (demo only): letters to nobody, by the ordinary road, for whoever wants to kill workers meanwhile."""

import json
import uuid
from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core import clock
from core.scope import everything
from teams.services.letters import post_letter


class Command(BaseCommand):
    help = "Post N letters to drill-1@drill.invalid … drill-N@drill.invalid; print their keys as a JSON list."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--count", type=int, required=True, metavar="N")
        parser.add_argument(
            "--spread", type=float, default=0.0, metavar="SECONDS", help="due evenly over so many seconds"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        count, spread = options["count"], options["spread"]
        if not settings.DEMO:
            raise CommandError("Drills exist only in the demo (DEMO=1)", returncode=2)
        if count < 1 or spread < 0:
            raise CommandError("--count is at least 1, and --spread at least 0", returncode=2)
        drill, began = uuid.uuid4().hex[:12], clock.now()
        keys = [f"drill:{drill}:{number}" for number in range(1, count + 1)]
        with everything("a drill"):
            for number, key in enumerate(keys, start=1):
                due = began + timedelta(seconds=spread * (number - 1) / count)
                post_letter("drill", key=key, to=f"drill-{number}@drill.invalid", team=None, due=due, number=number)
        self.stdout.write(json.dumps(keys))
