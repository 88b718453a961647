"""What the worker does for this storey. Arguments carry no words: what is due stands in the rows."""

import time

from celery import shared_task

from core.clockwork import run_due
from teams.services.letters import drain

AT_MOST = 60.0  # seconds; beat comes again


@shared_task(name="teams.tasks.drain_letters", ignore_result=True)
def drain_letters() -> None:
    """Hand over every letter that is due. Any number may run at once, and again."""
    ends = time.monotonic() + AT_MOST
    while drain() and time.monotonic() < ends:
        pass


@shared_task(name="teams.tasks.keep_time", ignore_result=True)
def keep_time() -> None:
    """Do what the clock asks: each storey's duties (core/clockwork.py), those that are due."""
    run_due()
