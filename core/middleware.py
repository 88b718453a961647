"""What a service refused becomes a page; every answer names its build's safety headers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_cache_control, patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme

from core.errors import Refused


def _came_from(request: HttpRequest) -> str:
    """The page of ours whose form or link led here, or nothing."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if ours and page != request.build_absolute_uri() else ""


class Refusals:
    """Turns a `Refused` that no view caught into its status and a page with its sentence."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        patch_vary_headers(response, ["HX-Request"])
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, Refused):
            return None
        name = error.status if error.status in (403, 404, 409) else 400
        context = {"sentence": error.sentence, "status": error.status, "way_url": _came_from(request)}
        template = "components/refusal.html" if request.headers.get("HX-Request") else f"{name}.html"
        response = render(request, template, context, status=error.status)
        patch_cache_control(response, private=True, no_store=True)  # it may name people
        return response
