"""May this person? One question for services (`ensure`) and templates (`may`); and who stands in a team's doorway."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.db import connection
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _

from core import clock
from core.errors import NotAllowed, NotFound
from core.kept import Kept
from core.policy import Principal, Request, SignInFirst, Who, principal_of
from teams.models import Membership, Team, User
from teams.roles import LEAD_MAY, MEMBER_MAY, Act


@dataclass(frozen=True)
class Person(Principal):
    """A member in the doorway of one of their teams."""

    user: User = None  # type: ignore[assignment]
    team: Team = None  # type: ignore[assignment]
    member: Membership = None  # type: ignore[assignment]


_member = Kept(
    lambda slug, user: (
        Membership.objects.present().filter(team__slug=slug, user=user).select_related("team", "user").order_by()[:1]
    )
)


class Member(Who):
    """Somebody who belongs to the team named in the address now. Everybody else gets 404, never 403."""

    name = "member"

    def admit(self, request: Request, **route: Any) -> Person:
        # Who, where and whose team in one question; Django's own way for the rest.
        claimed = request.session.get(SESSION_KEY)
        found = _member.first(route["slug"], int(claimed)) if claimed else None
        if found is None or not _proves(request.session, found.user):
            user = request.user
            if not isinstance(user, User):
                raise SignInFirst
            found = _member.first(route["slug"], user.pk)
        if found is None:
            raise NotFound(_("The address may be old, or the page may belong to another team."))
        user, team = found.user, found.team
        request.user = user
        return Person("person", (team.pk,), user.pk, found.pk, None, team.zone, user, team, found)


def is_member(user: int, team: int) -> bool:
    """Whether this user belongs to this team now."""
    return Membership.objects.present().filter(user_id=user, team_id=team).exists()


def users_of_sessions(keys: Iterable[str]) -> dict[str, User]:
    """Whose each of these sessions is, as Django's own middleware would find out; none for one that has ended. Two queries, however
    many. For doors beside Django's.
    """
    rows = _sessions().filter(session_key__in=set(keys), expire_date__gt=clock.now())
    sessions = {row.session_key: row.get_decoded() for row in rows}
    pks = {session[SESSION_KEY] for session in sessions.values() if SESSION_KEY in session}
    users = {str(user.pk): user for user in User.objects.filter(pk__in=pks)}
    found = {key: (session, users.get(session.get(SESSION_KEY, ""))) for key, session in sessions.items()}
    return {key: user for key, (session, user) in found.items() if user is not None and _proves(session, user)}


def _proves(session: Mapping[str, Any] | SessionBase, user: User) -> bool:
    """Whether this session signs this user in, as Django's own middleware would see it."""
    known = session.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
    return (
        known
        and user.is_active
        and constant_time_compare(session.get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())
    )


# Asked every second or two of everybody whose stream is open: so the thousands go as one value, and only the few come back. LIMIT, so
# that PostgreSQL looks each up by its key: joined, it would read the whole table each time, and ask row-level security of every row.
_ENDED = """
    SELECT asked.key FROM unnest(%s::text[]) AS asked(key) LEFT JOIN LATERAL (
        SELECT true AS stands FROM django_session s WHERE s.session_key = asked.key AND s.expire_date > %s LIMIT 1
    ) found ON true WHERE found.stands IS NULL
"""
_GONE = """
    SELECT asked.id FROM unnest(%s::bigint[]) AS asked(id) LEFT JOIN LATERAL (
        SELECT true AS stands FROM teams_membership m JOIN teams_user u ON u.id = m.user_id
        WHERE m.id = asked.id AND m.until IS NULL AND u.is_active LIMIT 1
    ) found ON true WHERE found.stands IS NULL
"""


def sessions_ended(keys: Iterable[str]) -> set[str]:
    """Those of these sessions that have ended. One query, however many."""
    return _among(_ENDED, list(set(keys)), clock.now())


def members_gone(members: Iterable[int]) -> set[int]:
    """Those of these memberships that have ended, or whose account was closed. One query, however many."""
    return _among(_GONE, list(set(members)))


def _among(sql: str, asked: list[Any], *more: Any) -> set[Any]:
    if not asked:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(sql, [asked, *more])
        return {row[0] for row in cursor.fetchall()}


def _sessions() -> Any:
    return import_module(settings.SESSION_ENGINE).SessionStore.get_model_class().objects


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
