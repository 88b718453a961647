"""Abstract rows: what is made once however often it is posted, and what people edit."""

import uuid
from typing import Any, Self

from django.db import connection, models
from django.db.models.constants import OnConflict
from django.db.models.sql import InsertQuery
from django.utils.translation import gettext as _

from core.errors import KeyReused, Stale


class Keyed(models.Model):
    """Made by one logical post: the client's key makes a retry or a double click harmless."""

    key = models.UUIDField(default=uuid.uuid4, editable=False)

    class Meta:
        abstract = True

    @classmethod
    def once(cls, *, key: uuid.UUID | None, team_id: int, same: dict[str, Any], **others: Any) -> tuple[Self, bool]:
        """Insert, or find what this key made before. Returns the row and whether it is new.

        `same` must be equal in both posts, else KeyReused: one key never means two things. `others` belong to the first post alone.
        """
        made = cls(key=key or uuid.uuid4(), team_id=team_id, **same, **others)
        # ON CONFLICT DO NOTHING, rather than an error to catch: PostgreSQL writes the statement of an error, words and all, to its log.
        new = _insert_or_nothing(made)
        row = cls._base_manager.filter(key=made.key, team_id=team_id).get()
        if not new and any(getattr(row, name) != value for name, value in same.items()):
            raise KeyReused(_("This form was sent before with other words. Load the page again."))
        return row, new


def _insert_or_nothing(made: models.Model) -> bool:
    """Whether the row was inserted. Django's bulk_create would do it too, but doesn't say."""
    fields = [field for field in made._meta.concrete_fields if not field.primary_key]
    query = InsertQuery(type(made), on_conflict=OnConflict.IGNORE)
    query.insert_values(fields, [made], raw=False)
    compiler = query.get_compiler(connection=connection)
    ((sql, params),) = compiler.as_sql()
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        return bool(cursor.rowcount)


class Versioned(models.Model):
    """Edited by people: an edit names the version it saw."""

    version = models.PositiveIntegerField(default=1)

    class Meta:
        abstract = True

    def step(self, seen: int | None) -> None:
        """Count one edit on. Raises Stale if somebody else's edit came between; `None` from a post that named none."""
        if seen is not None and seen != self.version:
            raise Stale(
                _("Somebody changed this while you were writing. Both are kept: look at it again before you save.")
            )
        self.version += 1
