"""Sessions in PostgreSQL, as Django keeps them; only that finding one, at every click, is a question compiled once (core.kept)."""

from typing import Any

from django.contrib.sessions.backends import db
from django.utils import timezone

from core.kept import Kept

_session = Kept(lambda key: db.SessionStore.get_model_class().objects.filter(session_key=key).order_by())


class SessionStore(db.SessionStore):
    """See the module."""

    def _get_session_from_db(self) -> Any:
        found = _session.first(str(self.session_key)) if self.session_key else None
        if found is None or found.expire_date <= timezone.now():
            self._session_key = None
            return None
        return found
