"""What the clock asks of this storey."""

from core.clockwork import duty, each_alone
from core.scope import everything
from learning.services.digest import is_time, post_digests
from learning.services.forgetting import forget
from learning.services.prompt import ask_to_take_over, nobody_asked
from teams.models import Team


@duty("forget jottings", every=3600)
def forget_jottings() -> None:
    """Jottings are deleted after 14 days, and with them the links from points to items."""
    with everything("the clock"):
        forget()


@duty("summaries that wait", every=60)
def summaries_that_wait() -> None:
    """Whoever may stand in is asked to send a summary that waits for two working days; and others, where who was asked can't."""
    with everything("the clock"):
        found = nobody_asked()
    each_alone(ask_to_take_over, found)


@duty("digests", every=600)
def digests() -> None:
    """On the first working morning of the month each AMBIT lead is told what waits."""
    with everything("the clock"):
        teams = [team.pk for team in Team.objects.order_by("pk") if is_time(team)]
    each_alone(post_digests, [(team, team) for team in teams])
