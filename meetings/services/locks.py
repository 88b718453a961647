"""Finding a meeting and locking it: how every write of a meeting begins."""

from django.utils.translation import gettext as _

from core.errors import NotFound
from core.kept import Kept
from meetings.models import Meeting
from teams.models import Membership

_locked = Kept(lambda pk, team: Meeting.objects.select_for_update().filter(pk=pk, team_id=team).order_by())


def lock(meeting: int, *, by: Membership) -> Meeting:
    """The meeting, locked until the transaction ends. Raises NotFound when it isn't of the team of `by`."""
    found: Meeting | None = _locked.first(meeting, by.team_id)
    if found is None or by.until is not None:
        raise NotFound(_("The address may be old, or the page may belong to another team."))
    if Membership.team.is_cached(by):
        found.team = by.team  # it came with whoever asks
    return found
