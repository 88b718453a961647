"""Coming in: whose address it is, what a sign-in leaves behind, and the demo's signed links."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.db import IntegrityError, transaction

from core.live import cut
from core.scope import everything
from teams.models import Invitation, User
from teams.services.activity import record
from teams.services.letters import post_letter

CODE_LIFE = timedelta(minutes=10)
DEMO_SALT = "demo.sign-in"


def account_for(email: str) -> User | None:
    """The account of this address; a new one, still without a name, where the address may have one.

    None when it may not: founding is by invitation and nobody has invited it. Whoever asks is never told which.
    """
    known = User.objects.filter(email__iexact=email).first()
    if known is not None:
        return known if known.is_active else None
    with everything("who may come in"):
        if settings.FOUNDING != "open" and not Invitation.objects.open().filter(email__iexact=email).exists():
            return None
    try:
        with transaction.atomic():
            return User.objects.create_user(email)
    except IntegrityError:  # made a moment ago by another request
        return User.objects.filter(email__iexact=email, is_active=True).first()


def mail_code(user: User, code: str) -> None:
    """Put the letter with a sign-in code into the outbox.

    The one letter, with the invitation, whose data holds what is to be said: the code is kept nowhere else that a composer could
    read. It is wiped with the frozen bytes when the letter has left (core.mail: `secret`), and works for ten minutes.
    """
    post_letter("code", key=f"code:user-{user.pk}:{uuid.uuid4().hex}", to=user, team=None, code=code)


def note_sign_in(user: User, *, how: str) -> None:
    """Write down that somebody signed in. `how`: "code" or "demo"."""
    with everything("sign-in"):
        record("signed in", by=user.pk, team=None, subject=f"user {user.pk}", how=how)


def note_sign_out(user: User) -> None:
    """Write down that somebody signed out. Their open streams end; another device of theirs comes back by itself."""
    with everything("sign-out"):
        record("signed out", by=user.pk, team=None, subject=f"user {user.pk}")
        cut(user=user.pk)


def demo_token(user: User) -> str:
    """What a demo's sign-in link carries. It may be used again; the route exists only in the demo."""
    return signing.dumps(user.pk, salt=DEMO_SALT)


def user_of_demo_token(token: str) -> User | None:
    """Whose link it is, if it is one of ours."""
    try:
        return User.objects.filter(pk=signing.loads(token, salt=DEMO_SALT), is_active=True).first()
    except signing.BadSignature:
        return None
