"""`ticker`: drains the outbox and does what the clock asks, every few seconds, without Celery or Redis, for as long as it runs."""

import logging
import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand
from django.db import InterfaceError, OperationalError, connection

from core.clockwork import run_due
from teams.services.driving import drives
from teams.services.letters import drain

log = logging.getLogger(__name__)


class Command(BaseCommand):
    help = "Hand over letters that are due, and do what the clock asks, every few seconds, with PostgreSQL alone."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--every", type=float, default=4.0, metavar="SECONDS")
        parser.add_argument("--once", action="store_true", help="drain what is due, then end")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["once"]:
            drives("ticker")
            run_due()
            while drain():
                pass
            return
        end = threading.Event()
        for stop in (signal.SIGTERM, signal.SIGINT):
            signal.signal(stop, lambda *_: end.set())
        while not end.is_set():
            try:
                drives("ticker")
                run_due()
                drives("ticker")  # a duty may have taken its time
                while drain() and not end.is_set():
                    pass
            except (OperationalError, InterfaceError) as error:
                log.warning(
                    "The database is away: %s", str(error).splitlines()[0] if str(error) else type(error).__name__
                )
                connection.close()
            except Exception:
                log.exception("A round failed")
                connection.close()
            end.wait(options["every"])
