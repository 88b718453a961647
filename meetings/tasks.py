"""What the clock asks of this storey."""

from datetime import timedelta

from core import clock
from core.clockwork import duty, each_alone
from core.scope import everything
from meetings.models import Meeting, Series
from meetings.queries.seats import holders_missed
from meetings.queries.turns import teams_to_settle
from meetings.services.cards import cards_due, send_card
from meetings.services.running import close_forgotten, look_for_holder
from meetings.services.series import make_dates
from meetings.services.taps import forget_taps
from meetings.services.turns import propose_next


@duty("role cards", every=60)
def role_cards() -> None:
    """Whoever keeps learning in mind next is told so on the working morning before."""
    with everything("the clock"):
        due = cards_due()
    each_alone(send_card, due)


@duty("proposals", every=60)
def proposals() -> None:
    """Each team's nearest meeting has whom the team's rule proposes, where nobody keeps learning in mind yet."""
    with everything("the clock"):
        teams = teams_to_settle()
    each_alone(propose_next, [(team, team) for team in teams])


@duty("dates of the series", every=3600)
def dates_of_the_series() -> None:
    """The dates of the next 13 weeks are there, whoever planned the series."""
    yesterday = clock.now().date() - timedelta(days=1)  # it may still be today somewhere
    with everything("the clock"):
        going = list(Series.objects.going_on(yesterday).values_list("team", "pk"))
    each_alone(make_dates, going)


@duty("meetings that nobody closed", every=30)
def meetings_that_nobody_closed() -> None:
    """A meeting that everybody has left closes by itself, with all that follows from a close."""
    with everything("the clock"):
        forgotten = list(Meeting.objects.forgotten().order_by("starts").values_list("team", "pk"))
    each_alone(close_forgotten, forgotten)


@duty("holders who are not here", every=30)
def holders_who_are_not_here() -> None:
    """Who is here was ticked, and whoever was only proposed to keep learning in mind isn't among them."""
    with everything("the clock"):
        missed = holders_missed()
    each_alone(look_for_holder, missed)


@duty("taps that are past", every=600)
def taps_that_are_past() -> None:
    """What can't be undone any more is kept no longer."""
    with everything("the clock"):
        forget_taps()
