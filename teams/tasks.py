"""What the worker does for this storey. Arguments carry no words: what is due stands in the rows."""

import logging
import time
from typing import Any

from celery import shared_task
from celery.signals import after_task_publish, beat_init, worker_ready

from core.clockwork import duty, run_due
from core.patience import NoAnswer
from teams.services.bounces import fetch_bounces
from teams.services.driving import drives, seen_from_afar
from teams.services.letters import drain

log = logging.getLogger(__name__)

AT_MOST = 40.0  # seconds in which letters are begun; the last may take as long again, well within Celery's limit. Beat comes again
PULSE = 5.0  # seconds between two signs of life of an idle worker


@shared_task(name="teams.tasks.drain_letters", ignore_result=True)
def drain_letters() -> None:
    """Hand over every letter that is due. Any number may run at once, and again."""
    drives("worker")
    ends = time.monotonic() + AT_MOST
    while drain(ends=ends) and time.monotonic() < ends:
        pass


@shared_task(name="teams.tasks.keep_time", ignore_result=True)
def keep_time() -> None:
    """Do what the clock asks: each storey's duties (core/clockwork.py), those that are due."""
    drives("worker")
    run_due()
    drives("worker")


@duty("bounces", every=60)
def bounces() -> None:
    """Letters that came back, from the mailbox that BOUNCES_URL names; nothing where it names none."""
    fetch_bounces()


# --- Signs of life (teams/services/driving.py) ---


@shared_task(name="teams.tasks.pulse", ignore_result=True)
def pulse() -> None:
    """A worker is told apart from a dead beat: it sends this to itself, all the way through Redis."""
    drives("worker")


_pulse: list[Any] = []  # the timer's entry: one, however often the worker found its broker again


@worker_ready.connect
def _worker_is_ready(sender: Any, **more: Any) -> None:
    while _pulse:
        sender.timer.cancel(_pulse.pop())
    _pulse.append(sender.timer.call_repeatedly(PULSE, _send_pulse))
    _send_pulse()


def _send_pulse() -> None:
    try:
        pulse.apply_async(retry=False, ignore_result=True, expires=PULSE * 4)
    except Exception as error:
        log.warning("The worker can't reach its own queue: %s", error)


@beat_init.connect
def _this_is_beat(**more: Any) -> None:
    after_task_publish.connect(_beat_has_sent)


def _beat_has_sent(**more: Any) -> None:
    """Beat is alive as long as it can hand tasks over. It says so itself, so that no backlog of its messages can."""
    try:
        seen_from_afar("beat")
    except NoAnswer as silence:
        log.warning("PostgreSQL doesn't answer beat: %s", silence)
