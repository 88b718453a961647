"""Founding a team, asking people in, roles, days away, the agreement."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core import clock
from core.zones import day_of
from teams.models import Team, TeamAgreement
from teams.roles import HolderRule, RaiseRule, Usually

COMMON_ZONES = [
    "Europe/London",
    "Europe/Dublin",
    "Europe/Berlin",
    "Europe/Amsterdam",
    "Europe/Oslo",
    "Europe/Madrid",
    "UTC",
]


class TeamForm(forms.Form):
    """A new team."""

    name = forms.CharField(label=_("Name of the team"), max_length=80)
    your_name = forms.CharField(label=_("Your own name"), max_length=80)
    zone = forms.ChoiceField(
        label=_("Time zone"), choices=[(zone, zone) for zone in COMMON_ZONES], initial="Europe/London"
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


class NameForm(forms.Form):
    """How the others see you."""

    name = forms.CharField(label=_("Your name"), max_length=80)
    seen = forms.CharField(max_length=80, required=False, widget=forms.HiddenInput)  # the name that the page showed


class InviteForm(forms.Form):
    """One address."""

    email = forms.EmailField(label=_("E-mail"), max_length=254)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


class RolesForm(forms.Form):
    """One member's part in the team."""

    is_lead = forms.BooleanField(label=_("AMBIT lead"), required=False)
    usually = forms.ChoiceField(label=_("In meetings"), choices=Usually.choices, required=False)
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class AwayForm(forms.Form):
    """Some days on which somebody doesn't come, in the team's own time."""

    first = forms.DateField(label=_("First day away"), widget=forms.DateInput(attrs={"type": "date"}))
    last = forms.DateField(label=_("Last day away"), widget=forms.DateInput(attrs={"type": "date"}))
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, team: Team, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = day_of(clock.now(), team.zone)

    def clean_last(self) -> date:
        day: date = self.cleaned_data["last"]
        if day < self.today:
            raise forms.ValidationError(_("These days are past."))
        if day > self.today + timedelta(days=730):
            raise forms.ValidationError(_("Choose a day in the next two years."))
        return day


class TurnsForm(forms.Form):
    """Whether somebody takes turns."""

    takes_turns = forms.ChoiceField(
        label=_("Keeping our learning in mind"),
        choices=[("yes", _("Takes turns")), ("no", _("Doesn’t take turns"))],
        widget=forms.RadioSelect,
    )


class YesNo(forms.TypedChoiceField):
    """One of two sentences. Not asked in an older form: None, and all stays as it was."""

    def __init__(self, *, yes: Any, no: Any, **more: Any) -> None:
        super().__init__(
            choices=[("True", yes), ("False", no)],
            coerce=lambda value: value == "True",
            empty_value=None,
            required=False,
            widget=forms.RadioSelect,
            **more,
        )


class AgreementForm(forms.Form):
    """What the team has agreed."""

    holder_rule = forms.ChoiceField(
        label=_("Who keeps our learning in mind"), choices=HolderRule.choices, widget=forms.RadioSelect
    )
    raise_rule = forms.ChoiceField(
        label=_("When points are raised"), choices=RaiseRule.choices, widget=forms.RadioSelect
    )
    read_back_minutes = forms.IntegerField(label=_("Minutes for the read-back"), min_value=1, max_value=30)
    four_steps = YesNo(
        label=_("The four steps of a case discussion"), yes=_("Shown while we talk about a case."), no=_("Not shown.")
    )
    task_words = forms.CharField(
        label=_("Ready words for “Task marked”"),
        max_length=800,
        required=False,
        widget=forms.Textarea(attrs={"rows": 6}),
    )
    visitors = YesNo(
        label=_("Visitors"),
        yes=_("May come to one meeting by its link, when one of us lets them in."),
        no=_("Nobody comes by a link."),
    )
    way_out = forms.CharField(
        label=_("Incidents and safeguarding: where to report"),
        max_length=300,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)  # the id of the version it was filled from

    @classmethod
    def of(cls, agreement: TeamAgreement) -> "AgreementForm":
        """Filled with what is agreed now."""
        names = (name for name in cls.base_fields if name != "version")
        return cls(initial={name: getattr(agreement, name) for name in names} | {"version": agreement.pk})
