"""The shared screen's door: a short code, no sign-in."""

from allauth.core import ratelimit
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import NotFound
from core.http import page, see_other
from core.qr import qr_svg
from core.scope import everything
from meetings.forms.plan import CodeForm
from meetings.fragments import wall_address
from meetings.models import WallCode
from meetings.queries import meeting_for, spoken_code
from meetings.rules import tidy_code, wall_token
from teams.rules import person_of


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


def code_picture(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """The shared screen's address for a camera, as a picture that the room fetches only when somebody folds it out."""
    code = spoken_code(meeting_for(person_of(request), pk))
    if not code:
        raise NotFound(_("This code is not in use. Codes end with their meeting."))
    address = wall_address(code)["address"]
    return HttpResponse(qr_svg(address, _("Opens the shared screen of this meeting")), content_type="image/svg+xml")
