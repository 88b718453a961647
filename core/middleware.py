"""What a service refused becomes a page; every answer names its build's safety headers."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

from core.errors import Refused


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
        context = {"sentence": error.sentence, "status": error.status}
        if request.headers.get("HX-Request"):
            return render(request, "components/refusal.html", context, status=error.status)
        return render(request, f"{name}.html", context, status=error.status)
