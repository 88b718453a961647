"""What the worker does for this storey, by the clock."""

from celery import shared_task

from core.scope import everything
from learning.services.forgetting import forget


@shared_task(name="learning.tasks.forget_jottings", ignore_result=True)
def forget_jottings() -> None:
    """Jottings are deleted after 14 days, and with them the links from points to items."""
    with everything("the clock"):
        forget()
