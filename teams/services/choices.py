"""Which letters somebody wants: all but the essential ones can be turned off, from the letter itself or on one page."""

from dataclasses import dataclass
from typing import Any

from django.core import signing
from django.urls import reverse

from core import mail
from core.errors import NotFound
from core.mail import full_address
from core.scope import everything
from teams.models import Letter, Membership, Unwanted
from teams.services.activity import record

SALT = "letters"


def wanted(letter: Letter) -> bool:
    """False when this kind was turned off by whom the letter is for. Essential ones always leave."""
    if letter.essential:
        return True
    return not Unwanted.objects.filter(member_id=letter.data.get("member"), kind=letter.kind).exists()


def stop_link(letter: Letter) -> str:
    """Where one tap turns this kind off for this member; empty for an essential letter."""
    if letter.essential:
        return ""
    token = signing.dumps([letter.data["member"], letter.kind], salt=SALT)
    return full_address(reverse("letters_stop", kwargs={"token": token}))


def footing(letter: Letter) -> dict[str, Any]:
    """What the foot of a letter needs: why it is essential, or where to turn it off; and where to choose."""
    return {
        "essential": str(mail.KINDS[letter.kind].why),
        "stop": stop_link(letter),
        "choose": full_address(reverse("letters_choose")),
    }


@dataclass(frozen=True)
class Choice:
    """One kind of letter that a member may turn off, and whether it comes."""

    kind: str
    title: str
    wanted: bool


def choices_of(member: Membership, *, also: str = "") -> list[Choice]:
    """What this member may choose; what goes to AMBIT leads alone is a lead's to choose (and whoever was one: `also`)."""
    off = set(Unwanted.objects.filter(member=member).values_list("kind", flat=True))
    return [
        Choice(kind.name, str(kind.title), kind.name not in off)
        for kind in mail.KINDS.values()
        if not kind.essential and (member.is_lead or not kind.leads or kind.name == also)
    ]


@dataclass(frozen=True)
class Always:
    """A letter that can't be turned off, and why."""

    title: str
    why: str
    to_members: bool  # rather than to whoever isn't one yet, or signs in


def always() -> list[Always]:
    """The letters that always come, each once: several kinds may be one thing to whoever gets them."""
    kinds = [kind for kind in mail.KINDS.values() if kind.essential and kind.title]
    return list(dict.fromkeys(Always(str(kind.title), str(kind.why), not kind.secret) for kind in kinds))


def choice_in(token: str) -> tuple[Membership, str]:
    """Who turns which kind off with this link. Raises NotFound for a link we didn't sign, or of somebody who has left."""
    try:
        member, kind = signing.loads(token, salt=SALT)
    except (signing.BadSignature, ValueError, TypeError):
        raise NotFound("This link isn’t one of ours") from None
    with everything("a link says who"):
        found = Membership.objects.present().filter(pk=member).select_related("user", "team").first()
    if found is None or kind not in mail.KINDS or mail.KINDS[kind].essential:
        raise NotFound("This link leads nowhere any more")
    return found, kind


def choose(*, by: Membership, kind: str, wanted: bool) -> None:
    """Turn a kind of letter on or off. Harmless when repeated. Raises NotFound for a kind that can't be turned off."""
    if kind not in mail.KINDS or mail.KINDS[kind].essential:
        raise NotFound("This kind of letter can’t be turned off")
    if wanted:
        changed = Unwanted.objects.filter(member=by, kind=kind).delete()[0]
    else:
        had = Unwanted.objects.filter(member=by, kind=kind).exists()
        Unwanted.objects.bulk_create([Unwanted(team_id=by.team_id, member=by, kind=kind)], ignore_conflicts=True)
        changed = not had
    if changed:
        record(
            "letters on" if wanted else "letters off",
            by=by.user_id,
            team=by.team_id,
            subject=f"member {by.pk}",
            kind=kind,
        )
