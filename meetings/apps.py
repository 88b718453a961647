"""The team comes together."""

from django.apps import AppConfig


class MeetingsConfig(AppConfig):
    name = "meetings"

    def ready(self) -> None:
        import meetings.fragments
        import meetings.letters
        import meetings.reactions
        import meetings.tasks  # noqa: F401
