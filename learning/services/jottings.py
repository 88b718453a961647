"""Private jottings: no other person's page, stream or letter ever contains one."""

import uuid

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Invalid, NotFound, NotPossible
from core.live import touch
from learning.models import Jotting
from meetings.models import Item, Meeting, Phase
from meetings.roles import Do, SeatKind
from meetings.rules import ensure, ensure_phase, seats_of
from meetings.services.locks import lock
from teams.models import Membership

LONGEST = 2000


def _tidy(text: str) -> str:
    text = text.replace("\r\n", "\n").strip()
    if not text:
        raise Invalid("text", _("Write a word or two first."))
    if len(text) > LONGEST:
        raise Invalid("text", _("This is too long to keep in one piece. Keep it in two."))
    return text


@transaction.atomic
def keep_jotting(*, by: Membership, meeting: int, text: str, key: uuid.UUID | None = None) -> Jotting:
    """Keep a jotting of the holder, stamped with the item that is on. Private ones are not stopped by the guard: they help memory.

    Whoever held the seat at the close may still keep what they were writing: the close doesn't wipe it.
    """
    found = Meeting.objects.filter(pk=meeting, team_id=by.team_id).first()
    if found is None:
        raise NotFound(_("The address may be old, or the page may belong to another team."))
    ensure(by, Do.JOT, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE, Phase.CLOSED)
    item = Item.objects.filter(meeting=found, started_at__isnull=False, ended_at=None).first()
    same = {"meeting_id": found.pk, "author_id": by.pk, "text": _tidy(text)}
    jotting, made = Jotting.once(key=key, team_id=found.team_id, same=same, item=item)
    if made:
        touch(found, "jottings", to=[by.pk])
    return jotting


def _own(by: Membership, meeting: int, jotting: int) -> Jotting:
    found = Jotting.objects.filter(pk=jotting, meeting_id=meeting, author=by).select_for_update().first()
    if found is None:
        raise NotFound(_("This jotting is gone."))
    return found


@transaction.atomic
def change_jotting(*, by: Membership, meeting: int, jotting: int, text: str, seen: int | None = None) -> Jotting:
    """Other words for one's own jotting. Raises Stale when another tab changed it since `seen`."""
    room = lock(meeting, by=by)  # before the jotting, as whoever raises it does: two devices never wait for each other
    found = _own(by, meeting, jotting)
    text = _tidy(text)
    if text != found.text:
        found.step(seen)
        found.text = text
        found.save(update_fields=["text", "version"])
        touch(room, "jottings", to=[by.pk])
    return found


@transaction.atomic
def delete_jotting(*, by: Membership, meeting: int, jotting: int) -> None:
    """One's own jotting, gone for good. Harmless when it is gone."""
    gone = Jotting.objects.filter(pk=jotting, meeting_id=meeting, author=by)
    if not gone.exists():
        return
    found = lock(meeting, by=by)
    if gone.delete()[0]:
        touch(found, "jottings", to=[by.pk])


@transaction.atomic
def pass_on(*, by: Membership, meeting: int, jotting: int, to: int | None = None) -> Jotting:
    """By hand, one jotting of somebody who held the seat, to whoever holds it now: it is theirs then, and can't be taken back.

    `to`: who was said to get it; raises NotPossible when somebody else keeps learning in mind by now.
    """
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.LIVE)
    given = _own(by, meeting, jotting)
    holder = seats_of(found).get(SeatKind.LEARNING)
    if holder is None or holder.pk == by.pk:
        raise NotPossible(_("Nobody else keeps our learning in mind now, so this stays with you."))
    if to is not None and to != holder.pk:
        raise NotPossible(_("%(name)s keeps our learning in mind now. Look once more.") % {"name": holder.first_name})
    given.author = holder
    given.version += 1
    given.save(update_fields=["author", "version"])
    touch(found, "jottings", to=[by.pk, holder.pk])
    return given
