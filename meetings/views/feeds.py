"""Calendars that follow: one address for each person and each team, which a calendar program asks every now and then."""

import hashlib
from contextlib import nullcontext

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date
from django.utils.translation import gettext as _

from core.calendars import calendar_file
from core.policy import Principal
from core.scope import scope
from meetings.queries.dates import events_for
from teams.services.feeds import find


def calendar(request: HttpRequest, token: str) -> HttpResponse:
    """The dates that this link shows now."""
    feed = find(token)
    ids = tuple(team.pk for team in feed.teams)
    with scope(*ids) if ids else nullcontext():
        principal = Principal("person", ids)
        events = events_for(principal, whose=feed.user.pk if feed.user else None) if ids else []
    name = _("Our meetings") if feed.user else feed.teams[0].name
    content = calendar_file(events, name=name)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'inline; filename="meetings.ics"'
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response["ETag"] = etag
    changed = max((int(event.stamp.timestamp()) for event in events), default=None)
    if changed is not None:
        response["Last-Modified"] = http_date(changed)
    patch_cache_control(response, private=True, no_cache=True)
    return get_conditional_response(request, etag=etag, last_modified=None, response=response) or response
