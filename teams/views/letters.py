"""Which letters somebody wants: the page, and the one tap from a letter itself."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt

from core.http import page, see_other
from core.mail import KINDS
from core.scope import everything, scope
from teams.models import Membership, Unwanted, User
from teams.services.choices import choice_in, choose


def mine(request: HttpRequest) -> HttpResponse:
    """Every letter, team by team, with what it is for; those that aren't essential can be turned off."""
    user = request.user
    assert isinstance(user, User)
    if request.method == "POST":
        with everything("a person's own choices"):
            member = Membership.objects.present().filter(user=user, pk=request.POST.get("member") or 0).first()
        if member is not None:
            with scope(member.team_id):
                choose(by=member, kind=request.POST.get("kind", ""), wanted=bool(request.POST.get("wanted")))
            messages.info(request, _("Kept."))
        return see_other(request, reverse("letters_choose"))
    with everything("a person's own choices"):
        members = list(Membership.objects.present().filter(user=user).select_related("team"))
        off = set(Unwanted.objects.filter(member__in=members).values_list("member_id", "kind"))
    teams = [
        (member, [(kind, (member.pk, kind.name) not in off) for kind in KINDS.values() if not kind.essential])
        for member in members
    ]
    return page(request, "teams/letters.html", {"teams": teams})


@csrf_exempt
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """Turn one kind off without signing in (RFC 8058): by POST alone, since mail scanners open every link."""
    member, kind = choice_in(token)
    done = request.method == "POST"
    if done:
        with scope(member.team_id):
            choose(by=member, kind=kind, wanted=False)
    return page(
        request, "teams/letters_stop.html", {"member": member, "kind": KINDS[kind], "done": done, "token": token}
    )
