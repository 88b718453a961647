"""Founding a team, and what it agrees."""

import uuid

from django.db import IntegrityError, transaction
from django.utils.text import slugify
from django.utils.translation import gettext as _

from core import guard
from core.errors import Invalid, Stale
from core.events import announce
from core.scope import everything
from teams.events import HolderRuleChanged, VisitorsTurnedOff
from teams.models import Membership, Team, TeamAgreement, User
from teams.roles import Act, BankHolidays
from teams.rules import ensure
from teams.services.activity import record

MOST_WORDS, LONGEST_WORDS = 12, 60  # of a team's own ready words


def found_team(
    *, by: User, name: str, zone: str = "Europe/London", slug: str = "", key: uuid.UUID | None = None
) -> Membership:
    """A new team with `by` as its first AMBIT lead. Returns that membership. Raises Invalid when the name is taken.

    Posted again with the same `key` it founds nothing, and returns the founder's membership.
    """
    with everything("a new team has no scope yet"):
        before = Membership.objects.filter(team__key=key, user=by).select_related("team").first() if key else None
        if before is not None:
            return before
        wanted = slug or slugify(name)[:50]
        if not wanted:
            raise Invalid("name", _("Give the team a name with letters in it."))
        try:
            with transaction.atomic():
                team = Team.objects.create(slug=wanted, name=name.strip(), zone=zone, key=key or uuid.uuid4())
        except IntegrityError:
            raise Invalid(
                "name", _("A team of this name is here already. Add your town or service to yours.")
            ) from None
        TeamAgreement.objects.create(team=team, by=by)
        founder = Membership.objects.create(team=team, user=by, is_lead=True)
        record("team founded", by=by.pk, team=team.pk)
    return founder


def name_yourself(*, by: User, name: str, seen: str | None = None) -> None:
    """How the others will see this person. Raises Stale when it is another by now than the one that was `seen`: in another tab."""
    name = name.strip()
    if name == by.name:
        return
    if seen is not None and seen != by.name:
        raise Stale(_("You changed your name in another tab meanwhile. Look at it again before you keep this one."))
    with everything("a person belongs to no team by themselves"):
        by.name = name
        by.save(update_fields=["name"])
        record("name changed", by=by.pk, team=None, subject=f"user {by.pk}")


@transaction.atomic
def change_agreement(
    *,
    by: Membership,
    holder_rule: str,
    raise_rule: str,
    read_back_minutes: int,
    way_out: str,
    four_steps: bool | None = None,
    visitors: bool | None = None,
    task_words: str | None = None,
    seen: int | None = None,
) -> TeamAgreement:
    """A new version of what the team has agreed; the old ones stay. An AMBIT lead's to do. `None`: as it was.

    Raises Stale when there is a newer version than the one that was `seen` (its id).
    """
    ensure(by, Act.CHANGE_AGREEMENT)
    Team.objects.select_for_update(no_key=True).get(pk=by.team_id)  # no_key: rows that only name the team don't wait
    latest = TeamAgreement.objects.filter(team_id=by.team_id).first()
    wanted: dict[str, object] = {
        "holder_rule": holder_rule,
        "raise_rule": raise_rule,
        "read_back_minutes": read_back_minutes,
        "way_out": way_out.strip(),
    }
    others = {
        "four_steps": four_steps,
        "visitors": visitors,
        "task_words": None if task_words is None else _ready_words(task_words),
    }
    for name, value in others.items():
        wanted[name] = getattr(latest or TeamAgreement(), name) if value is None else value
    if latest and all(getattr(latest, name) == value for name, value in wanted.items()):
        return latest
    if latest and seen is not None and seen != latest.pk:
        raise Stale(
            _("Another lead changed the agreement while you were writing. Look at it again before you keep yours.")
        )
    agreed = TeamAgreement.objects.create(team_id=by.team_id, by=by.user, **wanted)
    record("agreement changed", by=by.user_id, team=by.team_id, subject=f"agreement {agreed.pk}")
    if latest and latest.holder_rule != holder_rule:
        announce(HolderRuleChanged(team=by.team_id, by=by.pk))
    if latest and latest.visitors and not agreed.visitors:
        announce(VisitorsTurnedOff(team=by.team_id))
    return agreed


def _ready_words(typed: str) -> str:
    """A line each, as the page offers them: no empty ones, none twice."""
    lines = list(dict.fromkeys(line.strip() for line in typed.splitlines() if line.strip()))
    guard.check(task_words="\n".join(lines))
    if len(lines) > MOST_WORDS:
        raise Invalid("task_words", _("At most %(n)d lines, so that one can choose at a glance.") % {"n": MOST_WORDS})
    if any(len(line) > LONGEST_WORDS for line in lines):
        raise Invalid("task_words", _("Each line has at most %(n)d characters.") % {"n": LONGEST_WORDS})
    return "\n".join(lines)


@transaction.atomic
def keep_bank_holidays(*, by: Membership, whose: str, seen: str | None = None) -> None:
    """Whose bank holidays the team keeps. An AMBIT lead's to do. Raises Stale when they were others than those `seen`."""
    ensure(by, Act.CHANGE_AGREEMENT)
    team = Team.objects.select_for_update(no_key=True).get(pk=by.team_id)
    if team.bank_holidays == whose:
        return
    if seen is not None and seen != team.bank_holidays:
        raise Stale(_("Another lead changed this while you were looking. Look at it again before you keep yours."))
    team.bank_holidays = BankHolidays(whose)
    team.save(update_fields=["bank_holidays"])
    record("bank holidays changed", by=by.user_id, team=by.team_id, subject=f"team {by.team_id}", whose=whose)
