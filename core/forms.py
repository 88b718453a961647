"""A form field that several storeys use."""

from typing import Any

from django import forms


class Presenters(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Somebody of the team, by first name."""

    def label_from_instance(self, obj: Any) -> str:
        """The first name, as the others say it."""
        return str(obj.first_name)
