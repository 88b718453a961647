"""`bench_room` (demo only): rooms full of signed-in people, and a file that tells a load generator how to post and to listen."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core.live import quiet
from learning.management.crowd import gather, target


class Command(BaseCommand):
    help = "Make M teams of P signed-in people, each in a live meeting, and write how to post to it and listen to FILE."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--meetings", type=int, required=True, metavar="M")
        parser.add_argument("--people", type=int, required=True, metavar="P")
        parser.add_argument("--out", type=Path, required=True, metavar="FILE")

    def handle(self, *args: Any, **options: Any) -> None:
        meetings, people, out = options["meetings"], options["people"], options["out"]
        if not settings.DEMO:
            raise CommandError("Such rooms exist only in the demo (DEMO=1)", returncode=2)
        if meetings < 1 or people < 1:
            raise CommandError("--meetings and --people are at least 1", returncode=2)
        if not out.parent.is_dir() or out.is_dir():
            raise CommandError(f"{out} can’t be written: there is no such folder, or it is one", returncode=2)
        with quiet():
            rooms = gather(meetings, people)
        try:
            out.touch(mode=0o600)  # whoever has the file is signed in
            out.write_text(json.dumps(target(rooms, settings.PUBLIC_URL), indent=1) + "\n")
        except OSError as error:
            raise CommandError(f"{out} can’t be written: {error.strerror}", returncode=2) from error
        self.stderr.write(f"{meetings} meetings of {people} people are in {out}")
