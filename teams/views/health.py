"""Is the work being done that nobody clicks: JSON, no sign-in, nothing private. What that means stands in teams/services/driving.py."""

import logging
from dataclasses import asdict

from django.http import HttpRequest, HttpResponse

from core.health import NO_POSTGRESQL, answer
from core.patience import NoAnswer
from teams.services import driving

log = logging.getLogger(__name__)


def work(request: HttpRequest) -> HttpResponse:
    """Letters leave and the clock is kept. Told within about three seconds, whatever is broken, and without Redis."""
    try:
        found = driving.work()
    except NoAnswer as silence:
        log.warning("%s: %s", NO_POSTGRESQL, silence)
        return answer(NO_POSTGRESQL)
    return answer(
        found.because,
        oldest_due_seconds=found.oldest_due_seconds,
        drivers={name: asdict(pulse) for name, pulse in found.drivers.items()},
        notes=found.notes,
    )
