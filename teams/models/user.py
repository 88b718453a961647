"""A person with an account. Belongs to no team by itself."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from core import clock
from core.privacy import classes


class UserManager(BaseUserManager["User"]):
    """Makes and finds people by e-mail, whatever its case."""

    def create_user(self, email: str, name: str = "", password: str | None = None, **more: Any) -> "User":
        user = self.model(email=email.strip().lower(), name=name.strip(), **more)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, name: str = "", password: str | None = None, **more: Any) -> "User":
        return self.create_user(email, name, password, is_staff=True, is_superuser=True, **more)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Signed in by e-mail."""

    email = models.EmailField(_("e-mail"), max_length=254)
    name = models.CharField(_("name"), max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    feed_no = models.PositiveIntegerField(default=1)  # counts how often the secret link of their calendar was renewed
    joined = models.DateTimeField(default=clock.now, editable=False)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    privacy = classes(
        technical="id is_active is_staff is_superuser feed_no joined last_login groups user_permissions",
        personal="email name",
        secret="password",
    )

    class Meta:
        constraints = [models.UniqueConstraint(Lower("email"), name="one_user_per_address")]

    def __str__(self) -> str:
        return self.name or self.email

    @property
    def first_name(self) -> str:
        """What the others call this person: the first word of the name, or the address before the @."""
        return self.name.split()[0] if self.name.split() else self.email.split("@")[0]
