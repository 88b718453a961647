"""`sign_in_links` (demo only): one line a person, `SIGN-IN Ada http://…`, for those the demo's keeper may want to be."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse

from teams.models import User
from teams.services.sign_in import demo_token

PEOPLE = ("Ada Okafor", "Lin Chen", "Sol Rivera", "Ben Marsh", "Mo Haddad", "Otto Brandt")


class Command(BaseCommand):
    help = "Print signed links that sign the demo's cast in."
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--base", default=settings.PUBLIC_URL, help="where the demo runs, as in http://127.0.0.1:8000"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if not settings.DEMO:
            raise CommandError("Sign-in links exist only in the demo (DEMO=1)", returncode=2)
        cast = {user.name: user for user in User.objects.filter(name__in=PEOPLE).order_by("-pk")}
        for name in PEOPLE:
            if name not in cast:
                raise CommandError(f"The cast isn’t loaded: {name} is missing", returncode=2)
            path = reverse("demo_sign_in", kwargs={"signed": demo_token(cast[name])})
            self.stdout.write(f"SIGN-IN {name.split()[0]} {options['base'].rstrip('/')}{path}")
        self.stdout.flush()
