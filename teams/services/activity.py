"""Writing down what happened."""

import hashlib
import hmac
import json
from typing import Any

from django.conf import settings

from core import clock
from core.kept import insert_along
from teams.models import Activity


def digest_of(activity: Activity) -> str:
    """The keyed digest of what a row says (HMAC-SHA256, hex). Changes when any of its columns was changed."""
    said = json.dumps(
        [
            activity.team_id,
            activity.actor_id,
            activity.verb,
            activity.subject,
            activity.detail,
            activity.at.isoformat(),
        ],
        sort_keys=True,
    )
    return hmac.new(settings.SECRET_KEY.encode(), said.encode(), hashlib.sha256).hexdigest()


def record(verb: str, *, by: int | None, team: int | None, subject: str = "", **detail: Any) -> None:
    """Write one activity in the transaction that is open. `by`: a user's id; `detail`: ids, numbers and states, never words."""
    activity = Activity(team_id=team, actor_id=by, verb=verb, subject=subject, detail=detail, at=clock.now())
    activity.digest = digest_of(activity)
    insert_along(activity)
