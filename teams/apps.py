"""Who is here, and in what role."""

from django.apps import AppConfig


class TeamsConfig(AppConfig):
    name = "teams"

    def ready(self) -> None:
        import teams.letters
        import teams.reactions  # noqa: F401
