"""Abstract rows: what is made once however often it is posted, and what people edit."""

import uuid
from typing import Any, Self

from django.db import models
from django.utils.translation import gettext as _

from core.errors import KeyReused, Stale
from core.kept import insert_once


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
        new = insert_once(made)
        if new is not None:
            return new, True
        row = cls._base_manager.filter(key=made.key, team_id=team_id).get()
        if any(getattr(row, name) != value for name, value in same.items()):
            raise KeyReused(_("This form was sent before with other words. Load the page again."))
        return row, False


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
