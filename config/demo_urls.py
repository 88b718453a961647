"""Addresses that exist only in the demo: signing in by a link, and reading the letters it sent."""

from django.urls import path

from config import demo_views
from core.policy import Anyone, allow

urlpatterns = [
    path("demo/sign-in/<str:signed>/", allow(Anyone(), demo_views.sign_in), name="demo_sign_in"),
    path("demo/letters/", allow(Anyone(), demo_views.letters), name="demo_letters"),
    path("demo/letters/<int:number>/", allow(Anyone(), demo_views.letter_html), name="demo_letter"),
    path("demo/letters.json", allow(Anyone(), demo_views.letters_json), name="demo_letters_json"),
    path("components/", allow(Anyone(), demo_views.components), name="components"),
    path(
        "components/letters/<slug:letter>.html", allow(Anyone(), demo_views.component_letter), name="component_letter"
    ),
    path(
        "components/letters/<slug:letter>.ics",
        allow(Anyone(), demo_views.component_calendar),
        name="component_calendar",
    ),
]
