"""What anyone adds while a point is being agreed, and when one that came up is taken up."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from core.errors import Invalid
from core.forms import beside
from core.http import as_id, done, is_htmx, page
from learning.forms.room import OtherViewForm
from learning.services import along, other_views, read_back
from learning.views.room import room_context
from meetings.queries import meeting_for
from teams.rules import person_of


def _room(slug: str, pk: int) -> str:
    return reverse("meeting", args=[slug, pk])


def differently(request: HttpRequest, slug: str, pk: int, point: int) -> HttpResponse:
    """I see it differently: the view is kept beside the point, and nobody's name with it."""
    person = person_of(request)
    form = OtherViewForm(request.POST)
    if form.is_valid():
        text, key = form.cleaned_data["text"], form.cleaned_data["key"]
        try:
            other_views.see_differently(by=person.member, meeting=pk, point=point, text=text, key=key)
            return done(request, _room(slug, pk))
        except Invalid as refused:
            beside(form, refused)
    context = room_context(person, meeting_for(person, pk)) | {"view_form": form, "view_point": point}
    template = "learning/parts/differently.html" if is_htmx(request) else "learning/room.html"
    return page(request, template, context, status=422)


def read(request: HttpRequest, slug: str, pk: int, point: int) -> HttpResponse:
    """Read: nobody could tell who."""
    seen = as_id(request.POST.get("version"))
    read_back.tick_read(by=person_of(request).member, meeting=pk, point=point, seen=seen)
    return done(request, _room(slug, pk))


def when(request: HttpRequest, slug: str, pk: int, point: int) -> HttpResponse:
    """A point that came up: now, or later; or, for whoever raised it and took that back, raised once more."""
    member = person_of(request).member
    if request.POST.get("when") == "raise":
        along.raise_again(by=member, meeting=pk, point=point)
    elif request.POST.get("when") == "later":
        along.put_off(by=member, meeting=pk, point=point)
    else:
        along.take_up(by=member, meeting=pk, point=point)
    return done(request, _room(slug, pk))
