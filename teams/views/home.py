"""Where somebody lands, founds a team, and says their name."""

import uuid

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid, NotFound, Stale
from core.forms import beside, merge
from core.http import page, see_other
from core.scope import everything
from teams.forms.team import NameForm, TeamForm
from teams.models import User
from teams.queries import memberships_of, teams_of
from teams.services.teams import found_team, name_yourself


def user_of(request: HttpRequest) -> User:
    """The signed-in person. Raises NotFound where the policy let nobody in particular through."""
    if not isinstance(request.user, User):
        raise NotFound("Nobody is signed in")
    return request.user


def home(request: HttpRequest) -> HttpResponse:
    """To the one team somebody has; else a choice of teams, or the first day."""
    user = user_of(request)
    with everything("whose teams are these"):
        teams = teams_of(user)
        if len(teams) == 1:
            return see_other(request, reverse("team_home", args=[teams[0].slug]))
        return page(
            request, "teams/home.html", {"teams": teams, "may_found": settings.FOUNDING == "open", "user": user}
        )


def new_team(request: HttpRequest) -> HttpResponse:
    """Found a team, and be its first AMBIT lead."""
    user = user_of(request)
    if settings.FOUNDING != "open":
        raise NotFound(_("New teams are made by whoever runs this server."))
    form = TeamForm(request.POST or None, initial={"your_name": user.name, "key": uuid.uuid4()})
    if request.method == "POST" and form.is_valid():
        try:
            name_yourself(by=user, name=form.cleaned_data["your_name"])
            values = {name: form.cleaned_data[name] for name in ("name", "zone", "key")}
            member = found_team(by=user, **values)
            return see_other(request, reverse("team_home", args=[member.team.slug]))
        except Invalid as refused:
            beside(form, refused)
    return page(request, "teams/new.html", {"form": form}, status=422 if form.is_bound else 200)


def you(request: HttpRequest) -> HttpResponse:
    """Your name, and signing out."""
    user = user_of(request)
    form = NameForm(request.POST or None, initial={"name": user.name, "seen": user.name})
    status = 422
    if request.method == "POST" and form.is_valid():
        seen = form.cleaned_data["seen"] if "seen" in request.POST else None
        try:
            name_yourself(by=user, name=form.cleaned_data["name"], seen=seen)
            return see_other(request, reverse("home"))
        except Stale as refused:
            merge(form, refused, now={"name": user.name}, seen={"seen": user.name})
            status = refused.status
    with everything("whose teams are these"):
        members = memberships_of(user)
    context = {"form": form, "members": members}
    return page(request, "teams/you.html", context, status=status if form.is_bound else 200)
