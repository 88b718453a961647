"""What the outbox would do with letters that were written under a moved clock: such letters are held, so it is reckoned."""

from core import clock, mail
from core.scope import everything, scope
from teams.models import Letter
from teams.services.choices import wanted


def leaves(letter: Letter) -> mail.Mail | None:
    """The letter as it would leave when it is due; None when it would be dropped."""
    with clock.at(letter.due_at), everything("a test"):
        fresh = Letter.objects.select_related("user").get(pk=letter.pk)
        if not wanted(fresh):
            return None
        fresh.address = fresh.user.email if fresh.user else fresh.address
        assert fresh.team_id is not None
        with scope(fresh.team_id):
            return mail.KINDS[fresh.kind].compose(fresh)


def letters(*kinds: str) -> list[Letter]:
    """Those of these kinds, the oldest first."""
    with everything("a test"):
        return list(Letter.objects.filter(kind__in=kinds).select_related("user").order_by("pk"))


def to(*kinds: str) -> list[str]:
    """First names of those to whom letters of these kinds were written."""
    return [letter.user.first_name for letter in letters(*kinds) if letter.user]
