"""Which letters somebody wants: the page, and the one tap from a letter itself."""

from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import patch_cache_control
from django.views.decorators.csrf import csrf_exempt

from core.errors import NotFound
from core.http import as_id, page, see_other
from core.scope import everything, scope
from teams.models import Membership
from teams.queries import memberships_of
from teams.services.choices import Choice, always, choice_in, choices_of, choose
from teams.views.home import user_of


def mine(request: HttpRequest) -> HttpResponse:
    """Every letter, team by team: those that can be turned off, each with its button, and those that always come, with why."""
    user = user_of(request)
    if request.method == "POST":
        member = _own(request)
        with scope(member.team_id):
            choose(by=member, kind=request.POST.get("kind", ""), wanted=bool(request.POST.get("wanted")))
        return see_other(request, f"{reverse('letters_choose')}#team-{member.pk}")
    with everything("a person's own choices"):
        teams = [(member, choices_of(member)) for member in memberships_of(user)]
    return page(request, "teams/letters.html", {"teams": teams, "always": always(), "user": user})


def _own(request: HttpRequest) -> Membership:
    """The membership that the form names. Raises NotFound for one that isn't this person's, or is over."""
    with everything("a person's own choices"):
        found = Membership.objects.present().filter(user=user_of(request), pk=as_id(request.POST.get("member")) or 0)
        member = found.first()
    if member is None:
        raise NotFound("There is no such membership of yours")
    return member


@csrf_exempt
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Turn one kind off without signing in (RFC 8058): by POST alone, since mail scanners open every link. And on again."""
    member, kind = choice_in(token)
    with scope(member.team_id):
        if request.method == "POST":
            choose(by=member, kind=kind, wanted=request.POST.get("again") == "yes")
        choices = choices_of(member, also=kind)
    chosen = next(choice for choice in choices if choice.kind == kind)
    said = _said(member, chosen, choices) | {"done": request.method == "POST"}
    answer = page(request, "teams/letters_stop.html", said)
    patch_cache_control(answer, private=True, no_store=True)
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _said(member: Membership, chosen: Choice, choices: list[Choice]) -> dict[str, object]:
    return {
        "team": member.team,
        "chosen": chosen,
        "still": [choice for choice in choices if choice.wanted and choice.kind != chosen.kind],
        "always": [letter for letter in always() if letter.to_members],
    }
