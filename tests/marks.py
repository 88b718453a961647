"""Marks that several test files use."""

import pytest

# Real transactions, as in production: rows are committed, reactions fire, the app's role is held by row-level security.
ROWS = pytest.mark.django_db(transaction=True, databases=["default", "owner"])
