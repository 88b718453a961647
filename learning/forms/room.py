"""What people type in the room and in the summary."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from core.forms import Presenters
from learning.models import Point
from teams.models import Membership


def _area(rows: int, **attrs: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attrs})


class JottingForm(forms.Form):
    """A private jotting. The service says when it is too long, and keeps the words."""

    text = forms.CharField(label=_("Jot what you notice"), required=False, strip=False, widget=_area(3))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


class OfferForm(forms.Form):
    """A possible learning point."""

    text = forms.CharField(label=_("Offer a learning point"), required=False, widget=_area(2))
    unnamed = forms.BooleanField(label=_("Without my name"), required=False)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


class RaiseForm(forms.Form):
    """In words that fit any case."""

    text = forms.CharField(label=_("In words that fit any case"), required=False, widget=_area(3))
    kind = forms.ChoiceField(
        choices=[("point", _("A point")), ("noticed", _("I noticed"))],
        required=False,
        initial="point",
        widget=forms.RadioSelect,
    )
    jotting = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


class WordsForm(forms.Form):
    """The pen's fields: only the first is needed to agree."""

    text = forms.CharField(label=_("What we learned"), required=False, widget=_area(2))
    applies = forms.CharField(label=_("When it applies, if it helps"), required=False)
    action = forms.CharField(label=_("What we will do, if anything"), required=False)
    owner = Presenters(
        label=_("Who sees to it"), queryset=Membership.objects.none(), required=False, empty_label=_("Nobody yet")
    )
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)  # of the words that the page showed

    def __init__(self, *args: Any, team_id: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = Membership.objects.present().filter(team_id=team_id).select_related("user")  # type: ignore[attr-defined]

    def words(self) -> tuple[str, str, str, Membership | None]:
        """Text, when it applies, what to do, who sees to it."""
        cleaned = self.cleaned_data
        return cleaned["text"], cleaned["applies"], cleaned["action"], cleaned["owner"]

    @staticmethod
    def now(point: Point) -> dict[str, str | int | None]:
        """What the fields hold for a point as it is."""
        return {"text": point.text, "applies": point.applies, "action": point.action, "owner": point.owner_id}

    def are_on(self, point: Point) -> bool:
        """Whether the point reads so already."""
        text, applies, action, owner = self.words()
        typed = (*(" ".join(words.split()) for words in (text, applies, action)), owner.pk if owner else None)
        return typed == tuple(self.now(point).values())


class OtherViewForm(forms.Form):
    """ "I see it differently": one text."""

    text = forms.CharField(label=_("How you see it"), required=False, widget=_area(2))
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


class MergeForm(forms.Form):
    """Two points in one, in words that fit any case."""

    text = forms.CharField(label=_("In words that fit any case"), required=False, widget=_area(3))
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)


class LineForm(forms.Form):
    """A line in the summary."""

    line = forms.CharField(label=_("A line from you"), required=False, widget=_area(3))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)


class PointForm(forms.Form):
    """A point in the summary: new, or in new words."""

    text = forms.CharField(label=_("What we learned"), required=False, widget=_area(3))
    version = forms.IntegerField(required=False, widget=forms.HiddenInput)
    key = forms.UUIDField(required=False, widget=forms.HiddenInput)
