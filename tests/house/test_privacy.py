"""Every column has one class of privacy, and every class its columns."""

import pytest
from django.apps import apps
from django.db import models

from core.privacy import CLASSES, classes

OURS = [
    model for label in ("core", "teams", "meetings", "learning") for model in apps.get_app_config(label).get_models()
]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model._meta.label)
def test_every_field_has_a_privacy_class_and_nothing_else_has(model: type[models.Model]) -> None:
    fields = {
        field.name
        for field in (*model._meta.concrete_fields, *model._meta.local_many_to_many, *model._meta.many_to_many)
    }
    said: dict[str, str] = getattr(model, "privacy", {})
    assert set(said) == fields
    assert set(said.values()) <= set(CLASSES)


def test_a_jottings_words_are_private_and_a_tokens_hash_is_secret() -> None:
    assert apps.get_model("learning.Jotting").privacy["text"] == "private"
    assert apps.get_model("teams.Invitation").privacy["token_hash"] == "secret"
    assert apps.get_model("teams.User").privacy["email"] == "personal"


def test_one_field_in_two_classes_is_refused() -> None:
    with pytest.raises(ValueError, match="name is technical already"):
        classes(technical="id name", personal="name")
