"""`identifiers [--team SLUG]`: what the guard finds in each line of standard input, as one JSON object a line."""

import json
import sys
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from core import guard
from core.scope import everything
from teams.models import Team


class Command(BaseCommand):
    help = "Read lines, and say for each what would identify a person: offsets count code points, half open."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", metavar="SLUG", help="whose words these would be")

    def handle(self, *args: Any, **options: Any) -> None:
        slug = options["team"]
        if slug is not None:
            with everything("a command of the keeper's"):
                if not Team.objects.filter(slug=slug).exists():
                    raise CommandError(f"There is no team {slug}", returncode=2)
        for line in sys.stdin:
            self.stdout.write(json.dumps(verdict(line.rstrip("\n"))))


def verdict(line: str) -> dict[str, Any]:
    """What the guard says of one line: hard when something must not be stored, soft when something is to be checked."""
    found = guard.find(line)
    word = "hard" if any(each.hard for each in found) else "soft" if found else "clean"
    return {"verdict": word, "found": [{"kind": each.kind, "start": each.start, "end": each.end} for each in found]}
