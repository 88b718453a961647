"""What is typed to sign in: an address, what one is using, six digits. allauth's own forms below hold the rate limits."""

from typing import Any

from allauth.account.forms import ConfirmLoginCodeForm, RequestLoginCodeForm
from django import forms
from django.db import models
from django.utils.translation import gettext_lazy as _


class Device(models.TextChoices):
    """What somebody is using: it decides how long they stay signed in."""

    OWN = "own", _("My own phone or laptop")
    SHARED = "shared", _("A shared computer")


class AddressForm(RequestLoginCodeForm):
    """The first page: to whom the code goes."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        error_messages={"required": _("Type your e-mail address."), "invalid": _("That isn’t a whole e-mail address.")},
        widget=forms.EmailInput(attrs={"autocomplete": "email", "autocapitalize": "none", "spellcheck": "false"}),
    )
    device = forms.ChoiceField(
        label=_("What are you using?"), choices=Device.choices, initial=Device.OWN, required=False
    )

    def clean_device(self) -> str:
        return self.cleaned_data["device"] or Device.OWN


class CodeForm(ConfirmLoginCodeForm):
    """The second page: the code itself."""

    code = forms.CharField(
        label=_("Six digits"),
        max_length=40,
        error_messages={"required": _("Type the six digits from the mail.")},
        widget=forms.TextInput(
            attrs={"autocomplete": "one-time-code", "inputmode": "numeric", "autocapitalize": "none"}
        ),
    )

    def clean_code(self) -> Any:
        # People paste what stands around the digits too.
        self.cleaned_data["code"] = "".join(letter for letter in self.cleaned_data["code"] if letter.isdigit())
        return super().clean_code()
