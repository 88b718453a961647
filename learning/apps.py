"""What the team makes of its meetings."""

from django.apps import AppConfig


class LearningConfig(AppConfig):
    name = "learning"

    def ready(self) -> None:
        import learning.fragments
        import learning.letters
        import learning.reactions
        import learning.tasks  # noqa: F401
