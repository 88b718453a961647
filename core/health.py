"""Is it alive, may it serve: JSON, no sign-in, nothing private. Whether the work is being done is asked in teams/views/health.py."""

import logging

from django.conf import settings
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from redis import Redis
from redis.exceptions import RedisError

from core.patience import NoAnswer, asking
from core.policy import Anyone, allow

log = logging.getLogger(__name__)

NO_POSTGRESQL = "PostgreSQL does not answer"


def answer(because: str = "", **more: object) -> HttpResponse:
    """200 when well; 503 and why when not."""
    said = {"ok": False, "because": because, **more} if because else {"ok": True, **more}
    return JsonResponse(said, status=503 if because else 200, headers={"Cache-Control": "no-store"})


def live(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return answer()


def ready(request: HttpRequest) -> HttpResponse:
    """PostgreSQL answers too, so pages can be served. Redis isn't needed for that, and is only told."""
    try:
        with asking() as cursor:
            cursor.execute("SELECT 1")
    except NoAnswer as silence:
        log.warning("%s: %s", NO_POSTGRESQL, silence)
        return answer(NO_POSTGRESQL)
    redis = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        haste = bool(redis.ping())
    except RedisError:
        haste = False
    finally:
        redis.close()
    return answer(redis=haste)


# Outside of ATOMIC_REQUESTS: with PostgreSQL away, that would fail before there is an answer.
urlpatterns = [
    path("live", transaction.non_atomic_requests(allow(Anyone(), live)), name="health_live"),
    path("ready", transaction.non_atomic_requests(allow(Anyone(), ready)), name="health_ready"),
]
