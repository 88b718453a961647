"""How this storey's letters are written: the sign-in code and the invitation. Composed from the rows at the moment of sending."""

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _l

from core import clock
from core.mail import Mail, full_address, letter_kind, written
from teams.models import Invitation, Letter
from teams.services.choices import footing
from teams.services.sign_in import CODE_LIFE


@letter_kind(
    "code",
    essential=True,
    secret=True,
    title=_l("Six digits to sign in with"),
    why=_l(
        "You get this because somebody typed your address to sign in. It can’t be turned off: without it you couldn’t come in."
    ),
)
def code(letter: Letter) -> Mail | None:
    """Six digits to sign in with. Pointless once they have expired."""
    if clock.now() > letter.created + CODE_LIFE:
        return None
    return written(
        "teams/email/code",
        {
            **footing(letter),
            "code": letter.data["code"],
            "minutes": int(CODE_LIFE.total_seconds() // 60),
            "link": settings.PUBLIC_URL,
        },
    )


@letter_kind(
    "invitation",
    essential=True,
    secret=True,
    title=_l("An invitation to join a team"),
    why=_l(
        "You get this once, because somebody invited you. It can’t be turned off: without its link you couldn’t join."
    ),
)
def invitation(letter: Letter) -> Mail | None:
    """Somebody is invited to join a team. Pointless once the invitation was taken back, accepted or has expired."""
    asked = Invitation.objects.open().filter(pk=letter.data["invitation"]).select_related("team", "by__user").first()
    if asked is None:
        return None
    by = asked.by.name if asked.by else ""
    with timezone.override(asked.team.zone):
        return written(
            "teams/email/invitation",
            {
                **footing(letter),
                "team": asked.team.name,
                "by": by,
                "until": date_format(timezone.localtime(asked.expires_at), "j F"),
                "link": full_address(reverse("invitation", kwargs={"token": letter.data["token"]})),
            },
            sender_name=_("%(name)s, by Keeping in Mind") % {"name": by} if by else "",
        )


@letter_kind(
    "drill",
    essential=True,
    why=_l(
        "You get this because the person who runs this demo posted it. It can’t be turned off: it tries whether letters arrive."
    ),
)
def drill(letter: Letter) -> Mail | None:
    """A letter to nobody, posted by `manage.py drill_letters` in the demo."""
    return written("teams/email/drill", {**footing(letter), "number": letter.data["number"]})
