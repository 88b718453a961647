"""The team comes together."""

from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "meetings"

    def ready(self) -> None:
        import meetings.fragments
        import meetings.reactions  # noqa: F401
