"""What a service refused becomes a page, and so does a form that is older than the sign-in. A deadlock becomes a second try."""

import logging
from collections.abc import Callable
from contextlib import nullcontext

from django.conf import settings
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.translation import gettext as _
from psycopg.errors import DeadlockDetected

from core.errors import Refused
from core.http import came_from, is_htmx
from core.policy import NOBODY, Principal, SignInFirst

log = logging.getLogger(__name__)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A form without the token of this session (settings.CSRF_FAILURE_VIEW): forged, or of a page that is older than the sign-in.

    A page of ours whose person signed in anew, in another tab, is told the new token and sends its form once more; X-Person lets it see
    whether that is still the same person. No other site's page gets here with htmx's header (that needs a preflight, which nobody
    answers), and none could read the answer; that the request came from here is asked all the same.
    """
    if not is_htmx(request):
        typed = words_in(request) if _from_here(request) else []
        response = render(request, "403_csrf.html", {"typed": typed}, status=403)
    elif not _from_here(request):
        response = HttpResponse(status=403)
    else:
        response = _told_anew(request)
    patch_cache_control(response, private=True, no_store=True)
    return response


def _told_anew(request: HttpRequest) -> HttpResponse:
    """The new token, and whose page this is by the policy beside its route: a visitor's page isn't that of whoever signed in in another
    tab. Whoever may not come in here (any more) is told what any post would be told.
    """
    route = request.resolver_match
    who = getattr(route.func, "who", None) if route else None
    try:
        with who.standing(request, **route.kwargs) if who and route else nullcontext(NOBODY) as found:
            principal: Principal = found
    except SignInFirst:
        return HttpResponse(status=401)
    except Refused as error:
        return refusal(request, error)
    whose = principal.whose or str(request.user.pk or "")
    if not whose:
        return HttpResponse(status=401)
    return HttpResponse(status=403, headers={"X-CSRFToken": get_token(request), "X-Person": whose})


def words_in(request: HttpRequest) -> list[str]:
    """What somebody typed into a plain form: a page that refuses it gives the words back."""
    if request.method != "POST" or is_htmx(request):
        return []
    return [text for texts in dict(request.POST.lists()).values() for text in texts if " " in text.strip()]


def _from_here(request: HttpRequest) -> bool:
    """True for what a page of this very origin sent, as its browser says."""
    ours = {f"{request.scheme}://{request.get_host()}", *settings.CSRF_TRUSTED_ORIGINS}
    return (
        request.headers.get("Origin") in ours and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin"
    )


def _too_much(request: HttpRequest) -> HttpResponse | None:
    """413 for a form that Django wouldn't read, in a sentence rather than its bare 400."""
    given = request.headers.get("Content-Length", "")
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if not given.isdecimal() or most is None or int(given) <= most:
        return None
    template = "components/refusal.html" if is_htmx(request) else "400.html"
    sentence = _("This is too much to send in one piece. Go back, and keep it in two.")
    return render(request, template, {"sentence": sentence, "status": 413}, status=413)


class Refusals:
    """Turns a `Refused` that no view caught into its status and a page with its sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = _too_much(request) or self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponseBase | None:
        if isinstance(error, Refused):
            return refusal(request, error)
        return _once_more(request, error)


def _once_more(request: HttpRequest, error: Exception) -> HttpResponseBase | None:
    """Two deeds that waited for each other: PostgreSQL ended one of them after a second, and nothing of it is left. So it is done anew."""
    route, tries = request.resolver_match, 3
    while route and tries and isinstance(error.__cause__, DeadlockDetected):
        log.warning("%s waited for somebody who waited for it; once more", route.view_name)
        tries -= 1
        try:
            with transaction.atomic():
                done: HttpResponseBase = route.func(request, *route.args, **route.kwargs)
                return done
        except Refused as refused:
            return refusal(request, refused)
        except OperationalError as again:
            error = again
    return None


def refusal(request: HttpRequest, error: Refused) -> HttpResponse:
    """The sentence of what a service, or a door, refused."""
    name = error.status if error.status in (403, 404, 409) else 400
    context = {"sentence": error.sentence, "status": error.status, "way_url": came_from(request)}
    context["typed"] = words_in(request)
    template = "components/refusal.html" if is_htmx(request) else f"{name}.html"
    response = render(request, template, context, status=error.status)
    patch_cache_control(response, private=True, no_store=True)  # it may name people
    return response
