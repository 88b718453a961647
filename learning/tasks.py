"""What the worker does for this storey, by the clock."""

from core.clockwork import duty
from core.scope import everything
from learning.services.forgetting import forget


@duty("forget jottings", every=3600)
def forget_jottings() -> None:
    """Jottings are deleted after 14 days, and with them the links from points to items."""
    with everything("the clock"):
        forget()
