"""The shared screen's door: a short code, no sign-in."""

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.http import page, see_other
from core.scope import everything
from meetings.forms.plan import CodeForm
from meetings.models import WallCode
from meetings.rules import tidy_code, wall_token


def enter(request: HttpRequest) -> HttpResponse:
    """Type the code that stands in the room."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        if not ratelimit.consume(request, action="wall"):
            form.add_error("code", _("Too many tries from here. Wait a minute."))
            return page(request, "meetings/wall_enter.html", {"form": form}, status=429)
        code = tidy_code(form.cleaned_data["code"])
        with everything("a code says which meeting"):
            found = WallCode.objects.filter(code=code).select_related("meeting").first()
        if found is not None and found.meeting.is_open:
            return see_other(request, reverse("wall", args=[wall_token(code)]))
        form.add_error(
            "code", _("This code is not in use. Codes work from 15 minutes before a meeting until it closes.")
        )
    return page(request, "meetings/wall_enter.html", {"form": form}, status=422 if form.is_bound else 200)
