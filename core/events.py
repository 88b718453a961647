"""Facts: a service announces what happened, and the storeys above react without being known below.

Two moments to react. `within=True` runs at once, inside the causing transaction, and is for what must be saved with its
cause or not at all (a letter in the outbox): if it fails, so does the cause. All others run after commit, each alone: one that
fails is logged and never stops another.
"""

import logging
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import transaction

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that has happened. Carries ids, not rows."""


Reaction = Callable[[Any], None]

_within: dict[type[Fact], list[Reaction]] = defaultdict(list)
_after: dict[type[Fact], list[Reaction]] = defaultdict(list)


def reacts_to[F: Fact](kind: type[F], *, within: bool = False) -> Callable[[Callable[[F], None]], Callable[[F], None]]:
    """Register a reaction to `kind`; see the module for what `within` means."""

    def register(reaction: Callable[[F], None]) -> Callable[[F], None]:
        (_within if within else _after)[kind].append(reaction)
        return reaction

    return register


def announce(fact: Fact) -> None:
    """Tell everybody who reacts to facts of this kind. Call it last in a service, inside its transaction."""
    for reaction in _within[type(fact)]:
        reaction(fact)
    if _after[type(fact)]:
        transaction.on_commit(lambda: _tell(fact), robust=True)


def _tell(fact: Fact) -> None:
    for reaction in _after[type(fact)]:
        try:
            reaction(fact)
        except Exception:
            log.exception("The reaction %s to %s failed", reaction.__qualname__, type(fact).__name__)
