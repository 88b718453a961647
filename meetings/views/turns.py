"""What whoever is to keep learning in mind answers, from the plan or from the team's home."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid
from core.http import as_id, see_other
from meetings.queries import meeting_for
from meetings.services import turns
from teams.rules import person_of


def answer(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """I will; not this time; or a swap with somebody whose turn comes later. A look at the plan changes nothing: only this post does."""
    person = person_of(request)
    meeting_for(person, pk)
    said = request.POST.get("answer")
    if said == "yes":
        turns.say_yes(by=person.member, meeting=pk)
    elif said == "not_this_time":
        turns.decline(by=person.member, meeting=pk)
        messages.info(request, _("That’s fine. It isn’t your turn this time."))
    elif said == "swap":
        other, member = as_id(request.POST.get("other")) or 0, as_id(request.POST.get("member")) or 0
        turns.swap(by=person.member, meeting=pk, other=other, member=member)
        messages.info(request, _("Swapped. They see it on their own page."))
    else:
        raise Invalid("answer", _("Say whether you will, or not this time."))
    home = request.POST.get("from") == "home"
    return see_other(
        request, reverse("team_home", args=[slug]) if home else reverse("meeting_plan", args=[slug, pk]) + "#turn"
    )
