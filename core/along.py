"""A few rows of another table, read along with a row in one question: what a page always needs beside its subject."""

from collections.abc import Iterable, Mapping
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import JSONField, Model, QuerySet, Subquery


class Along(Subquery):
    """A subquery's rows, whole, as an array of JSON."""

    template = 'ARRAY(SELECT to_jsonb("its_row") FROM (%(subquery)s) "its_row")'
    output_field = ArrayField(JSONField())


def along(rows: QuerySet[Any]) -> Along:
    """These rows, whole and in their order: to `annotate` a query with. Keep them few."""
    return Along(rows)


def read_along[M: Model](model: type[M], found: Iterable[Mapping[str, Any]]) -> list[M]:
    """What came `along`, as rows again."""
    fields = model._meta.concrete_fields
    names = [field.attname for field in fields]
    return [
        model.from_db(None, names, [field.to_python(whole[str(field.column)]) for field in fields]) for whole in found
    ]
