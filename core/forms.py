"""A form field that several storeys use, and what stands beside a form that was refused."""

from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django import forms
from django.utils.formats import date_format, time_format
from django.utils.translation import gettext as _

from core.errors import Refused, Stale


class Presenters(forms.ModelChoiceField):  # type: ignore[type-arg]
    """Somebody of the team, by first name."""

    def label_from_instance(self, obj: Any) -> str:
        """The first name, as the others say it."""
        return str(obj.first_name)


def beside(form: forms.Form, refused: Refused) -> None:
    """What a service refused, said beside its field; above them all, where the form has no such field."""
    field = getattr(refused, "field", None)
    form.add_error(field if field in form.fields else None, refused.sentence)


@dataclass(frozen=True)
class Theirs:
    """What one field of a form holds by now, by somebody else's hand (components/theirs.html)."""

    name: str
    label: str
    words: str  # as people read it
    value: str  # as the field takes it


def merge(
    form: forms.Form,
    refused: Stale,
    *,
    now: dict[str, Any],
    version: int | None = None,
    seen: dict[str, str] | None = None,
) -> None:
    """Two people wrote: what was typed stays in the fields, and what stands there by now beside them, for a person to merge.

    `now`: the fields' values as they are. The form's own `version` (or what else says what was `seen`) becomes that of what is shown,
    so that a second save goes through.
    """
    form.add_error(None, refused.sentence)
    shown = seen or {"version": str(version or "")}
    typed = dict(form.data.items())  # of a QueryDict: each field’s last value
    form.data = typed | {form.add_prefix(name): value for name, value in shown.items()}
    form.theirs = [  # type: ignore[attr-defined]
        Theirs(name, str(form[name].label), _said(form.fields[name], value), _value(value))
        for name, value in now.items()
        if form.cleaned_data.get(name) != value and _value(form[name].value()) != _value(value)
    ]


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else ""
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return "" if value is None else str(value)


def _said(field: forms.Field, value: Any) -> str:
    if isinstance(value, bool):
        return _("Yes") if value else _("No")
    if isinstance(value, date):
        return date_format(value, "l j F")
    if isinstance(value, time):
        return time_format(value, "H:i")
    choices = {str(key): str(label) for key, label in getattr(field, "choices", [])}
    return choices.get(_value(value)) or _value(value) or _("Nothing")
