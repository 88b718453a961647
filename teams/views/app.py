"""What a phone needs to keep us among its own: a name, a mark, and where to begin. No service worker: nothing private stays behind."""

from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext as _


def manifest(request: HttpRequest) -> JsonResponse:
    """The web app manifest."""
    described = {
        "id": "/",
        "name": _("Keeping in Mind"),
        "short_name": _("In Mind"),
        "description": _("Keeps a team’s learning in mind while it works."),
        "lang": "en-GB",
        "start_url": reverse("home"),
        "scope": "/",
        "display": "minimal-ui",
        "background_color": "#FAF7F0",
        "theme_color": "#FAF7F0",
        "icons": [
            {"src": static("icons/bowl.svg"), "sizes": "any", "type": "image/svg+xml", "purpose": "any maskable"},
            *(
                {
                    "src": static(f"icons/bowl-{side}.png"),
                    "sizes": f"{side}x{side}",
                    "type": "image/png",
                    "purpose": "any maskable",
                }
                for side in (192, 512)
            ),
        ],
    }
    return JsonResponse(described, content_type="application/manifest+json")
