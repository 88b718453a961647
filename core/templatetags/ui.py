"""Tags that every storey's pages share."""

from functools import lru_cache
from typing import Any

from django import template
from django.middleware.csrf import get_token
from django.urls import reverse
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString

from core import live as live_updates
from core.qr import qr_svg

register = template.Library()


@register.simple_tag(takes_context=True)
def live(context: dict[str, Any], name: str) -> SafeString:
    """The fragment `name` of the row in `live`, for `audience` (a member, if nothing is said): what the stream pushes too."""
    return live_updates.render(name, context["live"], context.get("audience", live_updates.MEMBER))


@register.simple_tag(takes_context=True)
def live_position(context: dict[str, Any]) -> str:
    """The revision this page is rendered at, for `data-rev`: the row's in `live`, and the viewer's own (`live_member`, an id)."""
    return live_updates.position(context["live"], context.get("live_member"))


@register.simple_tag
def qr(address: str, label: str, css: str = "") -> SafeString:
    """`address` as a square for a phone's camera; `label` says to those who don't see it where it leads."""
    return qr_svg(address, label, css)


@lru_cache(maxsize=4096)
def _address(name: str, *args: Any) -> SafeString:
    return conditional_escape(reverse(name, args=args))


def _form(context: dict[str, Any], name: str, args: tuple[Any, ...], more: SafeString, *, htmx: bool) -> SafeString:
    address = _address(name, context["team"].slug, *([context["meeting"].pk] if "meeting" in context else []), *args)
    # Not `or ""`: Django's nonce is false until somebody reads it.
    hx = format_html(' hx-post="{}" hx-nonce="{}"', address, str(context.get("csp_nonce", ""))) if htmx else ""
    token = str(
        context.get("csrf_token") or get_token(context["request"])
    )  # the same in all of a page: bytes that repeat are few
    return format_html(
        '<form method="post" action="{}"{}{}><input type="hidden" name="csrfmiddlewaretoken" value="{}">',
        address,
        hx,
        more,
        token,
    )


def _attribute(name: str, value: str | bool) -> SafeString:
    return format_html(' {}="{}"', name, value) if value else SafeString("")


@register.simple_tag(takes_context=True)
def post(context: dict[str, Any], name: str, *args: Any, css: str = "", waits: bool = False) -> SafeString:
    """Opens a plain form that posts to a route of this team (and of this `meeting`, where there is one); the page follows.

    `waits`: it makes a new thing under a key, and without a connection it may wait on the device (words.js).
    """
    return _form(context, name, args, _attribute("class", css) + _attribute("data-waits", waits and "yes"), htmx=False)


@register.simple_tag(takes_context=True)
def tap(
    context: dict[str, Any], name: str, *args: Any, css: str = "", target: str = "", fresh: bool = False
) -> SafeString:
    """Opens such a form that htmx makes faster: the answer repaints nothing (or, on bad input, `target`), the live channel does."""
    swap = _attribute("hx-target", target and f"#{target}") + _attribute("hx-swap", "outerMorph" if target else "none")
    return _form(
        context,
        name,
        args,
        swap + _attribute("id", target) + _attribute("class", css) + _attribute("data-fresh", "yes" if fresh else ""),
        htmx=True,
    )
