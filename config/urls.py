"""Every address. A policy stands beside each route (tests/house demands it)."""

from django.conf import settings
from django.urls import include, path

urlpatterns = [
    path("", include("learning.urls")),
    path("", include("meetings.urls")),
    path("", include("teams.urls")),
    path("health/", include("core.health")),
]

if settings.DEMO:
    urlpatterns.append(path("", include("config.demo_urls")))
