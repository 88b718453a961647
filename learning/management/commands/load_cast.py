"""`load_cast` (demo only): the cast and its fortnight if they aren't there, and a meeting that is due within ten minutes."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from learning.management.cast import due_within_ten_minutes, load


class Command(BaseCommand):
    help = "Load the demo's cast, through the services, and make sure that a meeting is due."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("The cast is loaded only in the demo (DEMO=1)", returncode=2)
        new = load()
        meeting = due_within_ten_minutes()
        if options["verbosity"]:
            self.stderr.write(
                f"The cast is {'loaded' if new else 'there'}; {meeting} begins at {meeting.starts:%H:%M} UTC"
            )
