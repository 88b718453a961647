"""What the team has agreed about its learning."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from core.errors import Invalid, Stale
from core.forms import beside, merge
from core.http import page, see_other
from teams.forms.team import AgreementForm
from teams.queries import agreements_of
from teams.roles import Act
from teams.rules import ensure, may, person_of
from teams.services.teams import change_agreement


def agreement(request: HttpRequest, slug: str) -> HttpResponse:
    """Every member reads it; an AMBIT lead may change it."""
    person = person_of(request)
    versions = agreements_of(person.team.pk)
    context = {
        "person": person,
        "team": person.team,
        "here": "team",
        "agreement": versions[0],
        "versions": versions,
        "may_change": may(person.member, Act.CHANGE_AGREEMENT),
    }
    return page(request, "teams/agreement.html", context)


def role(request: HttpRequest, slug: str) -> HttpResponse:
    """What it is to keep the team's learning in mind: what, who, when, and why there is such a role at all."""
    person = person_of(request)
    found = agreements_of(person.team.pk)[0]
    context = {"person": person, "team": person.team, "here": "team", "agreement": found}
    return page(request, "teams/role.html", context)


def change(request: HttpRequest, slug: str) -> HttpResponse:
    """The form behind "Change"."""
    person = person_of(request)
    ensure(person.member, Act.CHANGE_AGREEMENT)
    form = (
        AgreementForm(request.POST) if request.method == "POST" else AgreementForm.of(agreements_of(person.team.pk)[0])
    )
    status = 422
    if request.method == "POST" and form.is_valid():
        values = {name: form.cleaned_data[name] for name in form.fields if name != "version"}
        try:
            change_agreement(by=person.member, seen=form.cleaned_data["version"], **values)
        except Stale as refused:
            now = agreements_of(person.team.pk)[0]
            merge(form, refused, version=now.pk, now={name: getattr(now, name) for name in values})
            status = 409
        except Invalid as refused:
            beside(form, refused)
        else:
            messages.info(request, _("Kept. Every version stays on the record."))
            return see_other(request, reverse("agreement", args=[slug]))
    context = {"person": person, "team": person.team, "here": "team", "form": form}
    return page(request, "teams/agreement_change.html", context, status=status if form.is_bound else 200)
