"""What follows here from facts."""

from core.events import reacts_to
from learning.events import SummarySent
from learning.letters import written_summary
from learning.models import Summary
from learning.services.prompt import prompt_holder, wait_no_longer
from learning.services.read_back import end_with_meeting
from learning.services.summary import freeze
from meetings.events import MeetingClosed
from teams.events import MemberLeft


@reacts_to(MeetingClosed, within=True)
def wind_up(fact: MeetingClosed) -> None:
    """The read-back ends with its meeting."""
    end_with_meeting(fact.meeting)


@reacts_to(SummarySent, within=True)
def keep_as_sent(fact: SummarySent) -> None:
    """What everybody gets is written once, in the transaction that sends it."""
    mail = written_summary(Summary.objects.select_related("meeting__team", "sent_by__user").get(pk=fact.summary))
    freeze(fact.summary, subject=mail.subject, text=mail.text, html=mail.html)


@reacts_to(MeetingClosed, within=True)
def prompt(fact: MeetingClosed) -> None:
    """Whoever kept learning in mind is asked for the summary: a letter in the very transaction that closes the meeting."""
    prompt_holder(fact.meeting)


@reacts_to(MemberLeft, within=True)
def ask_sooner(fact: MemberLeft) -> None:
    """Nobody waits for a summary from somebody who has left."""
    wait_no_longer(fact.member, team=fact.team)
