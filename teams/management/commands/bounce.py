"""`bounce`: takes one mail from standard input that says a letter came back; for a mail server that hands such mail to a command."""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import InterfaceError, OperationalError

from teams.services.bounces import LARGEST, take_bounce

AGAIN = 75  # EX_TEMPFAIL: a mail server that hears it keeps the mail and comes again


class Command(BaseCommand):
    help = "Read one mail from standard input; if it reports that a letter of ours came back, mark that letter."
    requires_system_checks = ()

    def handle(self, *args: Any, **options: Any) -> None:
        raw = sys.stdin.buffer.read(LARGEST)
        while sys.stdin.buffer.read(LARGEST):
            pass  # a mail server doesn't like a pipe that closes early
        try:
            letter = take_bounce(raw)
        except (OperationalError, InterfaceError) as error:
            raise CommandError("PostgreSQL does not answer: try again later", returncode=AGAIN) from error
        said = "Nothing of ours came back with this mail" if letter is None else f"Letter {letter.pk} came back"
        print(said, file=sys.stderr)
