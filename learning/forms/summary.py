"""What people type when the meeting is over."""

from django import forms
from django.utils.translation import gettext_lazy as _


class LateForm(forms.Form):
    """A late thought: a point, or "I noticed"."""

    text = forms.CharField(
        label=_("In words that fit any case"), required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    kind = forms.ChoiceField(
        choices=[("point", _("A point")), ("noticed", _("I noticed"))],
        required=False,
        initial="point",
        widget=forms.RadioSelect,
    )
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
