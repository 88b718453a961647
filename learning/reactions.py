"""What follows here from facts."""

from core.events import reacts_to
from learning.services.prompt import prompt_holder
from learning.services.read_back import end_with_meeting
from meetings.events import MeetingClosed


@reacts_to(MeetingClosed, within=True)
def wind_up(fact: MeetingClosed) -> None:
    """The read-back ends with its meeting."""
    end_with_meeting(fact.meeting)


@reacts_to(MeetingClosed, within=True)
def prompt(fact: MeetingClosed) -> None:
    """Whoever kept learning in mind is asked for the summary: a letter in the very transaction that closes the meeting."""
    prompt_holder(fact.meeting)
