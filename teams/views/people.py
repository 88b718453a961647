"""Who belongs to the team, who is asked in, and what each one's part is."""

import uuid
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core import clock
from core.errors import Invalid, NotFound, Stale
from core.forms import beside, merge
from core.http import page, see_other
from core.zones import day_of
from teams.forms.team import AwayForm, InviteForm, NameForm, RolesForm, TurnsForm
from teams.models import Away, Invitation, Membership, User
from teams.queries import away_from, mail_comes_back, open_invitations, people, returned_mail
from teams.roles import Act
from teams.rules import Person, may, person_of
from teams.services import members
from teams.services.teams import name_yourself


def _today(person: Person) -> date:
    return day_of(clock.now(), person.team.zone)


def _page(request: HttpRequest, person: Person, form: InviteForm, *, status: int = 200) -> HttpResponse:
    everybody = people(person)
    may_change = may(person.member, Act.CHANGE_ROLES)
    back = {member.pk for member in mail_comes_back(person)}
    away: dict[int, list[Away]] = {}
    for each in away_from(person, _today(person)):
        away.setdefault(each.member_id, []).append(each)
    return page(
        request,
        "teams/people.html",
        {
            "person": person,
            "team": person.team,
            "here": "team",
            "people": [(member, away.get(member.pk, [])[:1]) for member in everybody],
            "today": _today(person),
            "leads": sum(member.is_lead for member in everybody),
            "invitations": open_invitations(person),
            "form": form,
            "may_change": may_change,
            "back": back if may_change else back & {person.member.pk},  # told to leads, and to each of their own
        },
        status=status,
    )


def list_people(request: HttpRequest, slug: str) -> HttpResponse:
    """The team's people, and a form to ask somebody in."""
    return _page(request, person_of(request), InviteForm(initial={"key": uuid.uuid4()}))


def invite(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask somebody in by mail."""
    person = person_of(request)
    form = InviteForm(request.POST)
    if form.is_valid():
        try:
            members.invite(by=person.member, **form.cleaned_data)
            messages.info(request, _("Invitation sent to %(email)s.") % {"email": form.cleaned_data["email"]})
            return see_other(request, reverse("people", args=[slug]))
        except Invalid as refused:
            beside(form, refused)
    return _page(request, person, form, status=422)


def _invitation(person: Person, pk: int) -> Invitation:
    found = Invitation.objects.visible_to(person).filter(pk=pk).first()
    if found is None:
        raise NotFound(_("The address may be old, or the page may belong to another team."))
    return found


def invite_again(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """A fresh link to the same address."""
    person = person_of(request)
    again = members.invite_again(by=person.member, invitation=_invitation(person, pk))
    messages.info(request, _("Invitation sent to %(email)s.") % {"email": again.email})
    return see_other(request, reverse("people", args=[slug]))


def withdraw(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take an invitation back."""
    person = person_of(request)
    members.withdraw(by=person.member, invitation=_invitation(person, pk))
    messages.info(request, _("Taken back. The link no longer works."))
    return see_other(request, reverse("people", args=[slug]))


def _member(person: Person, pk: int) -> Membership:
    found = Membership.objects.visible_to(person).present().filter(pk=pk).select_related("user").first()
    if found is None:
        raise NotFound(_("The address may be old, or the page may belong to another team."))
    return found


def member(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One member's part in the team: an AMBIT lead's to change. When they are away, anybody may say."""
    person = person_of(request)
    found = _member(person, pk)
    form = _roles(found, request)
    if request.method == "POST" and form.is_valid():
        try:
            values = form.cleaned_data
            members.change_roles(
                by=person.member,
                member=found,
                is_lead=values["is_lead"],
                usually=values["usually"],
                seen=values["version"],
            )
            return see_other(request, reverse("people", args=[slug]))
        except Stale as refused:
            found = _member(person, pk)
            merge(form, refused, version=found.version, now={"is_lead": found.is_lead, "usually": found.usually})
            return _member_page(request, person, found, form=form, status=refused.status)
        except Invalid as refused:
            beside(form, refused)
            return _member_page(request, person, found, form=form, status=refused.status)
    return _member_page(request, person, found, form=form, status=422 if form.is_bound else 200)


def _roles(member: Membership, request: HttpRequest | None = None) -> RolesForm:
    initial = {"is_lead": member.is_lead, "usually": member.usually, "version": member.version}
    return RolesForm(request.POST if request and request.method == "POST" else None, initial=initial)


def _member_page(
    request: HttpRequest,
    person: Person,
    member: Membership,
    *,
    form: RolesForm | None = None,
    away_form: AwayForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """The page, with whichever form is being filled in."""
    may_change, own = may(person.member, Act.CHANGE_ROLES), member.pk == person.member_id
    context = {
        "person": person,
        "team": person.team,
        "here": "team",
        "member": member,
        "form": form or _roles(member),
        "away": [each for each in away_from(person, _today(person)) if each.member_id == member.pk],
        "today": _today(person),
        "away_form": away_form or AwayForm(initial={"key": uuid.uuid4()}, team=person.team),
        "turns_form": TurnsForm(initial={"takes_turns": "yes" if member.takes_turns else "no"}),
        "own": own,
        "may_change": may_change,
        "may_say_turns": may_change or own,
        "returned": returned_mail(person, member) if may_change or own else None,
    }
    return page(request, "teams/member.html", context, status=status)


def go_away(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Somebody doesn't come on some days. Any of us may say so."""
    person = person_of(request)
    found = _member(person, pk)
    form = AwayForm(request.POST, team=person.team)
    if form.is_valid():
        try:
            members.go_away(by=person.member, member=found, **form.cleaned_data)
            return see_other(request, reverse("member", args=[slug, pk]) + "#away")
        except Invalid as refused:
            beside(form, refused)
    return _member_page(request, person, found, away_form=form, status=422)


def come_back(request: HttpRequest, slug: str, pk: int, away: int) -> HttpResponse:
    """They do come on those days."""
    person = person_of(request)
    _member(person, pk)
    members.come_back(by=person.member, away=away)
    return see_other(request, reverse("member", args=[slug, pk]) + "#away")


def turns(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Whether somebody takes turns in keeping the team's learning in mind."""
    person = person_of(request)
    found = _member(person, pk)
    form = TurnsForm(request.POST)
    if not form.is_valid():
        raise Invalid("takes_turns", _("Choose one of the two."))
    members.set_turns(by=person.member, member=found, takes_turns=form.cleaned_data["takes_turns"] == "yes")
    messages.info(request, _("Kept."))
    return see_other(request, reverse("member", args=[slug, pk]) + "#turns")


def leave(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """End a membership."""
    person = person_of(request)
    found = _member(person, pk)
    members.leave(by=person.member, member=found)
    if found.pk == person.member_id:
        return see_other(request, reverse("home"))
    messages.info(request, _("%(name)s is no longer in the team.") % {"name": found.first_name})
    return see_other(request, reverse("people", args=[slug]))


def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind an invitation's link. Opening it uses nothing up: only the post accepts (mail scanners open links)."""
    found = members.find_invitation(token) if request.method == "GET" else None
    user = request.user if isinstance(request.user, User) else None
    if request.method == "POST" and user:
        form = NameForm(request.POST)
        if user.name or form.is_valid():
            if not user.name:
                name_yourself(by=user, name=form.cleaned_data["name"])
            accepted = members.accept(by=user, token=token)
            return see_other(request, reverse("team_home", args=[accepted.team.slug]))
        found = members.find_invitation(token)
        return page(request, "teams/invitation.html", {"invitation": found, "form": form, "user": user}, status=422)
    if found is None:
        return see_other(request, reverse("account_login") + f"?next={request.path}")
    other = user is not None and user.email.lower() != found.email
    return page(
        request, "teams/invitation.html", {"invitation": found, "form": NameForm(), "user": user, "other": other}
    )
