"""Answers: a page rendered inside its view, a redirect after a post, one partial for htmx."""

import json
from typing import Any

from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """`template` (or one `template#partial` of it) rendered now, while the scope is open."""
    return render(request, template, context, status=status)


def is_htmx(request: HttpRequest) -> bool:
    """True for a request that htmx made."""
    return request.headers.get("HX-Request") == "true"


def see_other(request: HttpRequest, address: str) -> HttpResponse:
    """After a post: go and look at `address`. 303 for a browser; for htmx its own header, so that the whole page follows."""
    if is_htmx(request):
        response = HttpResponse(status=200)
        response["HX-Redirect"] = address
        return response
    response = HttpResponse(status=303)
    response["Location"] = address
    return response


def done(request: HttpRequest, address: str, *, tell: dict[str, Any] | None = None, html: str = "") -> HttpResponse:
    """After a post inside the room: htmx stays where it is (the live channel repaints), a plain form goes back to `address`.

    `html` is swapped by htmx where the form says; without it htmx swaps nothing. `tell` is dispatched as DOM events.
    """
    if not is_htmx(request):
        return see_other(request, address)
    for _message in get_messages(request):
        pass  # a message for the next page would turn up late
    response = HttpResponse(html) if html else HttpResponse(status=204)
    if tell:
        response["HX-Trigger"] = json.dumps(tell)
    return response
