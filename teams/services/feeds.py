"""The secret links of calendars: one for each person, one for each team. Nothing secret is stored: a link is signed, and counted."""

from dataclasses import dataclass

from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import NotFound
from core.scope import everything
from teams.models import Membership, Team, User
from teams.roles import Act
from teams.rules import ensure
from teams.services.activity import record


@dataclass(frozen=True)
class Feed:
    """What a link opens: the dates of these teams; for one person, or for a whole team (`user` is None)."""

    user: User | None
    teams: tuple[Team, ...]


def _signer() -> Signer:
    return Signer(salt="feed", sep=".")


def my_token(user: User) -> str:
    """What the address of this person's own calendar holds: always the same, until it is renewed."""
    return _signer().sign(f"u{user.pk}-{user.feed_no}")


def team_token(team: Team) -> str:
    """The same for the team's calendar."""
    return _signer().sign(f"t{team.pk}-{team.feed_no}")


def find(token: str) -> Feed:
    """Whose dates a link shows now. Raises NotFound for one we didn't sign, that was renewed since, or of somebody without an account."""
    try:
        said = _signer().unsign(token)
        what, pk, number = said[0], *map(int, said[1:].split("-"))
    except (BadSignature, ValueError, IndexError):
        raise NotFound(_("This calendar’s address is in use no more. Copy the new one from “Our dates”.")) from None
    with everything("a feed's link says whose"):
        if what == "u":
            user = User.objects.filter(pk=pk, feed_no=number, is_active=True).first()
            members = Membership.objects.present().filter(user_id=pk).select_related("team").order_by("team__pk")
            found = Feed(user, tuple(member.team for member in members)) if user else None
        else:
            team = Team.objects.filter(pk=pk, feed_no=number).first()
            found = Feed(None, (team,)) if team else None
    if found is None:
        raise NotFound(_("This calendar’s address is in use no more. Copy the new one from “Our dates”."))
    return found


def renew_mine(*, by: User, seen: int | None = None) -> None:
    """A new link for one's own calendar: the old one shows nothing any more. A second tap from the same page changes nothing."""
    with everything("a person belongs to no team by themselves"):
        user = User.objects.select_for_update().get(pk=by.pk)
        if seen is not None and seen != user.feed_no:
            return
        user.feed_no += 1
        user.save(update_fields=["feed_no"])
        record("calendar link renewed", by=by.pk, team=None, subject=f"user {by.pk}")
    by.feed_no = user.feed_no


@transaction.atomic
def renew_teams(*, by: Membership, seen: int | None = None) -> None:
    """The same for the team's calendar, which all of its members follow: an AMBIT lead's to do."""
    ensure(by, Act.CHANGE_AGREEMENT)
    team = Team.objects.select_for_update(no_key=True).get(pk=by.team_id)
    if seen is not None and seen != team.feed_no:
        return
    team.feed_no += 1
    team.save(update_fields=["feed_no"])
    record("calendar link renewed", by=by.user_id, team=by.team_id, subject=f"team {by.team_id}")
