"""A form field that several storeys use."""

from typing import Any

from django import forms

from core.errors import Refused


class Presenters(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Somebody of the team, by first name."""

    def label_from_instance(self, obj: Any) -> str:
        """The first name, as the others say it."""
        return str(obj.first_name)


def beside(form: forms.Form, refused: Refused) -> None:
    """What a service refused, said beside its field; above them all, where the form has no such field."""
    field = getattr(refused, "field", None)
    form.add_error(field if field in form.fields else None, refused.sentence)
