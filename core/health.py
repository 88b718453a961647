"""Is it alive, may it serve, is the work being done: JSON, no sign-in, nothing private."""

from django.conf import settings
from django.db import Error, connection, transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import path
from redis import Redis
from redis.exceptions import RedisError

from core.policy import Anyone, allow


def _answer(because: str = "", **more: object) -> HttpResponse:
    if because:
        return JsonResponse({"ok": False, "because": because, **more}, status=503)
    return JsonResponse({"ok": True, **more})


def live(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return _answer()


def ready(request: HttpRequest) -> HttpResponse:
    """PostgreSQL answers too, so pages can be served. Redis isn't needed for that, and is only told."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        return _answer("PostgreSQL does not answer")
    redis = Redis.from_url(settings.REDIS_URL, socket_timeout=1, socket_connect_timeout=1)
    try:
        haste = bool(redis.ping())
    except RedisError:
        haste = False
    finally:
        redis.close()
    return _answer(redis=haste)


# Outside of ATOMIC_REQUESTS: with PostgreSQL away, that would fail before there is an answer.
urlpatterns = [
    path("live", transaction.non_atomic_requests(allow(Anyone(), live)), name="health_live"),
    path("ready", transaction.non_atomic_requests(allow(Anyone(), ready)), name="health_ready"),
]
