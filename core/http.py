"""Answers: a page rendered inside its view, a redirect after a post, one partial for htmx."""

import re
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.messages import get_messages
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

_MARK = re.compile(r"[0-9a-f-]{36}")


def page(request: HttpRequest, template: str, context: dict[str, Any], *, status: int = 200) -> HttpResponse:
    """`template` (or one `template#partial` of it) rendered now, while the scope is open."""
    return render(request, template, context, status=status)


def came_from(request: HttpRequest) -> str:
    """The page of ours whose form or link led here, or nothing."""
    page = request.headers.get("Referer", "")
    ours = url_has_allowed_host_and_scheme(page, {request.get_host()}, require_https=request.is_secure())
    return page if ours and page != request.build_absolute_uri() else ""


def is_htmx(request: HttpRequest) -> bool:
    """True for a request that htmx made."""
    return bool(getattr(request, "htmx", False))


def see_other(request: HttpRequest, address: str) -> HttpResponse:
    """After a post: go and look at `address`. 303 for a browser; for htmx its own header, so that the whole page follows."""
    if is_htmx(request):
        response = HttpResponse(status=200)
        response["HX-Redirect"] = address
        return response
    response = HttpResponse(status=303)
    response["Location"] = address
    return response


def done(request: HttpRequest, address: str) -> HttpResponse:
    """After a post inside the room: htmx stays where it is (the live channel repaints), a plain form goes back to `address`."""
    if not is_htmx(request):
        return see_other(request, address)
    for _message in get_messages(request):
        pass  # a message for the next page would turn up late
    return HttpResponse(status=204)


def tell_kept(request: HttpRequest, response: HttpResponseBase) -> None:
    """A plain form's draft (words.js) learns by a short cookie of its mark that its words were taken: they needn't be kept any more."""
    mark = request.POST.get("draft", "") if request.method == "POST" and response.status_code == 303 else ""
    if _MARK.fullmatch(mark):
        response.set_cookie(f"kept-{mark}", "1", max_age=600, secure=settings.SECURE, samesite="Lax")


def as_id(text: str | None) -> int | None:
    """The id that somebody's address or form names, or None for anything else, however long."""
    return int(text) if text and text.isdecimal() and len(text) < 18 else None


def as_ids(texts: Iterable[str]) -> list[int]:
    """The ids among these, in order."""
    return [number for number in map(as_id, texts) if number is not None]
