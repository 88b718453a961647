"""May this person? One question for services (`ensure`) and templates (`may`); and who stands in a team's doorway."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from core.errors import NotAllowed, NotFound
from core.policy import Principal, Request, SignInFirst, Who, principal_of
from teams.models import Membership, Team, User
from teams.roles import LEAD_MAY, MEMBER_MAY, Act


@dataclass(frozen=True)
class Person(Principal):
    """A member in the doorway of one of their teams."""

    user: User = None  # type: ignore[assignment]
    team: Team = None  # type: ignore[assignment]
    member: Membership = None  # type: ignore[assignment]


class Member(Who):
    """Somebody who belongs to the team named in the address now. Everybody else gets 404, never 403."""

    name = "member"

    def admit(self, request: Request, **route: Any) -> Person:
        user = request.user
        if not isinstance(user, User):
            raise SignInFirst
        found = Membership.objects.present().filter(team__slug=route["slug"], user=user).select_related("team").first()
        if found is None:
            raise NotFound(_("The address may be old, or the page may belong to another team."))
        found.user = user
        return Person("person", (found.team_id,), user.pk, found.pk, None, found.team.zone, user, found.team, found)


def is_member(user: int, team: int) -> bool:
    """Whether this user belongs to this team now."""
    return Membership.objects.present().filter(user_id=user, team_id=team).exists()


def user_of_session(session_key: str) -> User | None:
    """Whose session this is, as Django's own middleware would find out; None for one that has ended. For doors beside Django's."""
    session = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
    pk = session.get(SESSION_KEY)
    user = User.objects.filter(pk=pk, is_active=True).first() if pk else None
    if user is None or not constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash()):
        return None
    return user


def person_of(request: Request) -> Person:
    """The member who came in by `allow(Member(), …)`."""
    principal = principal_of(request)
    if not isinstance(principal, Person):
        raise NotFound("This route is not a member's")
    return principal


def may(member: Membership, act: Act) -> bool:
    """Whether a present member may do this in the member's own team."""
    return member.until is None and act in (LEAD_MAY if member.is_lead else MEMBER_MAY)


def ensure(member: Membership, act: Act) -> None:
    """Raises NotAllowed with a sentence that says who may."""
    if may(member, act):
        return
    leads = ", ".join(
        lead.first_name
        for lead in Membership.objects.present().filter(team_id=member.team_id, is_lead=True).select_related("user")
    )
    raise NotAllowed(
        _("Only an AMBIT lead can change this. Ask %(leads)s.") % {"leads": leads or _("whoever founded the team")}
    )
