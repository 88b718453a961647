"""Finding a meeting and locking it: how every write of a meeting begins."""

from django.utils.translation import gettext as _

from core.errors import NotFound
from meetings.models import Meeting
from teams.models import Membership


def lock(meeting: int, *, by: Membership) -> Meeting:
    """The meeting, locked until the transaction ends. Raises NotFound when it isn't of the team of `by`."""
    found = Meeting.objects.select_for_update().filter(pk=meeting, team_id=by.team_id).first()
    if found is None or by.until is not None:
        raise NotFound(_("The address may be old, or the page may belong to another team."))
    return found
