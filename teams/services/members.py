"""Who comes in, in what role, and who leaves."""

import hashlib
import secrets
import uuid
from datetime import date, timedelta

from django.db import transaction
from django.utils.translation import gettext as _

from core import clock
from core.errors import Invalid, NotFound, NotPossible
from core.events import announce
from core.scope import everything
from teams.events import AvailabilityChanged, HolderRuleChanged, MemberLeft
from teams.models import Away, Invitation, Membership, User
from teams.queries import agreement_of
from teams.roles import Act, HolderRule
from teams.rules import ensure
from teams.services.activity import record
from teams.services.letters import post_letter

INVITATION_LASTS = timedelta(days=7)


def hash_of(token: str) -> str:
    """What is kept of a token: its SHA-256, hex."""
    return hashlib.sha256(token.encode()).hexdigest()


@transaction.atomic
def invite(*, by: Membership, email: str, key: uuid.UUID | None = None) -> Invitation:
    """Ask somebody in by mail. Raises Invalid when the address belongs to a member already."""
    ensure(by, Act.INVITE)
    email = email.strip().lower()
    if Membership.objects.present().filter(team_id=by.team_id, user__email__iexact=email).exists():
        raise Invalid("email", _("This person is in the team already."))
    token = secrets.token_urlsafe(32)
    invitation, made = Invitation.once(
        key=key,
        team_id=by.team_id,
        same={"email": email},
        by=by,
        token_hash=hash_of(token),
        expires_at=clock.now() + INVITATION_LASTS,
    )
    if made:
        Invitation.objects.open().filter(team_id=by.team_id, email=email).exclude(pk=invitation.pk).update(
            withdrawn_at=clock.now()
        )
        _send(invitation, token, by)
    return invitation


@transaction.atomic
def invite_again(*, by: Membership, invitation: Invitation) -> Invitation:
    """A fresh link to the same address; the old one stops working. A second tap sends nothing more."""
    ensure(by, Act.INVITE)
    locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
    if not locked.is_open:
        return locked
    withdraw(by=by, invitation=locked)
    return invite(by=by, email=locked.email)


@transaction.atomic
def withdraw(*, by: Membership, invitation: Invitation) -> None:
    """Take an invitation back. Harmless when it was used or taken back before."""
    ensure(by, Act.INVITE)
    taken = Invitation.objects.filter(pk=invitation.pk, accepted_at=None, withdrawn_at=None).update(
        withdrawn_at=clock.now()
    )
    if taken:
        record("invitation taken back", by=by.user_id, team=by.team_id, subject=f"invitation {invitation.pk}")


def _send(invitation: Invitation, token: str, by: Membership) -> None:
    post_letter(
        "invitation",
        key=f"invitation:{invitation.pk}",
        to=invitation.email,
        team=by.team_id,
        invitation=invitation.pk,
        token=token,
    )
    record("invited", by=by.user_id, team=by.team_id, subject=f"invitation {invitation.pk}")


def find_invitation(token: str) -> Invitation:
    """The open invitation of this link. Raises NotFound when it was used, taken back or has expired: which, is not said."""
    with everything("a token says which team"):
        found = Invitation.objects.open().filter(token_hash=hash_of(token)).select_related("team", "by__user").first()
    if found is None:
        raise NotFound(
            _("This invitation was used already, was taken back, or is older than seven days. Ask for a new one.")
        )
    return found


def accept(*, by: User, token: str) -> Membership:
    """Come in. The invitation is used up; accepting twice with one link gives the same membership to the same person."""
    with everything("a token says which team"):
        invitation = (
            Invitation.objects.select_for_update(of=("self",))
            .filter(token_hash=hash_of(token))
            .select_related("team")
            .first()
        )
        if (
            invitation is None
            or invitation.withdrawn_at
            or (invitation.accepted_at is None and invitation.expires_at <= clock.now())
        ):
            raise NotFound(
                _("This invitation was used already, was taken back, or is older than seven days. Ask for a new one.")
            )
        if invitation.email != by.email.lower():
            raise NotPossible(_("This invitation is for another address. Sign in with the address it was sent to."))
        member = Membership.objects.present().filter(team=invitation.team, user=by).first()
        if member is not None:
            return member
        if invitation.accepted_at:
            raise NotFound(
                _("This invitation was used already, was taken back, or is older than seven days. Ask for a new one.")
            )
        invitation.accepted_at = clock.now()
        invitation.save(update_fields=["accepted_at"])
        member = Membership.objects.create(team=invitation.team, user=by)
        record("came in", by=by.pk, team=invitation.team_id, subject=f"member {member.pk}")
    return member


@transaction.atomic
def change_roles(*, by: Membership, member: Membership, is_lead: bool, usually: str, seen: int | None = None) -> None:
    """Make somebody an AMBIT lead or take that back, and say which seat they usually take. Raises Stale after another's edit."""
    ensure(by, Act.CHANGE_ROLES)
    leads = _leads(by.team_id)
    member.refresh_from_db(
        fields=["is_lead", "usually", "version"], from_queryset=Membership.objects.select_for_update(no_key=True)
    )
    if member.is_lead and not is_lead and [lead.pk for lead in leads] == [member.pk]:
        raise Invalid("is_lead", _("A team needs at least one AMBIT lead. Make somebody else one first."))
    if (member.is_lead, member.usually) == (is_lead, usually):
        return
    member.step(seen)
    was_lead = member.is_lead
    member.is_lead, member.usually = is_lead, usually
    member.save(update_fields=["is_lead", "usually", "version"])
    record(
        "roles changed", by=by.user_id, team=by.team_id, subject=f"member {member.pk}", is_lead=is_lead, usually=usually
    )
    if is_lead != was_lead and agreement_of(by.team_id).holder_rule == HolderRule.LEAD:  # the seats follow
        announce(HolderRuleChanged(team=by.team_id, by=by.pk))


@transaction.atomic
def set_turns(*, by: Membership, member: Membership, takes_turns: bool) -> None:
    """Take turns in keeping the team's learning in mind, or not: one's own choice; an AMBIT lead may say it for somebody else."""
    if by.pk != member.pk:
        ensure(by, Act.CHANGE_ROLES)
    if member.takes_turns == takes_turns:
        return
    member.takes_turns = takes_turns
    member.save(update_fields=["takes_turns"])
    record("turns changed", by=by.user_id, team=by.team_id, subject=f"member {member.pk}", takes_turns=takes_turns)
    announce(AvailabilityChanged(team=by.team_id, member=member.pk))


@transaction.atomic
def go_away(*, by: Membership, member: Membership, first: date, last: date, key: uuid.UUID | None = None) -> Away:
    """Some days on which a member doesn't come. Any of us may say so for any of us; why is asked of nobody."""
    ensure(by, Act.PLAN)
    if last < first:
        raise Invalid("last", _("The last day comes before the first. Choose a later one."))
    same = {"member_id": member.pk, "first": first, "last": last}
    away, made = Away.once(key=key, team_id=by.team_id, same=same, by=by)
    if made:
        record("away", by=by.user_id, team=by.team_id, subject=f"member {member.pk}", away=away.pk)
        announce(AvailabilityChanged(team=by.team_id, member=member.pk))
    return away


@transaction.atomic
def come_back(*, by: Membership, away: int) -> None:
    """Somebody isn't away on those days after all. Harmless when it was taken out before."""
    ensure(by, Act.PLAN)
    found = Away.objects.filter(team_id=by.team_id, pk=away).first()
    if found is None:
        return
    found.delete()
    record("not away", by=by.user_id, team=by.team_id, subject=f"member {found.member_id}", away=away)
    announce(AvailabilityChanged(team=by.team_id, member=found.member_id))


def _leads(team: int) -> list[Membership]:
    """The AMBIT leads, locked against another change of theirs; but not against rows that only name one of them (`no_key`): whoever writes
    such a row may have locked the very meeting that we need next.
    """
    return list(Membership.objects.select_for_update(no_key=True).present().filter(team_id=team, is_lead=True))


@transaction.atomic
def leave(*, by: Membership, member: Membership) -> None:
    """End a membership: one's own, or, as an AMBIT lead, somebody else's. What was agreed stays with the team."""
    if by.pk != member.pk:
        ensure(by, Act.CHANGE_ROLES)
    leads = _leads(member.team_id)
    if [lead.pk for lead in leads] == [member.pk]:
        raise NotPossible(_("A team needs at least one AMBIT lead. Make somebody else one first."))
    member.until = clock.now()
    member.save(update_fields=["until"])
    record("left the team", by=by.user_id, team=member.team_id, subject=f"member {member.pk}")
    announce(MemberLeft(team=member.team_id, member=member.pk))
