"""What a visitor types at the door."""

from django import forms
from django.utils.translation import gettext_lazy as _


class VisitForm(forms.Form):
    """A name."""

    name = forms.CharField(label=_("Your name"), max_length=200)  # the service says how long it may be, in words
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
