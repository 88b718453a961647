"""The end-of-meeting summary prompt."""

from learning.models import Summary
from meetings.models import Seat
from meetings.roles import SeatKind
from teams.services.letters import post_letter


def prompt_holder(meeting: int) -> None:
    """Post the prompt to whoever holds the seat at the close; nobody, if it is empty or the summary was sent. Harmless when repeated."""
    seat = (
        Seat.objects.current().filter(meeting_id=meeting, kind=SeatKind.LEARNING).select_related("member__user").first()
    )
    if seat is None or Summary.objects.filter(meeting_id=meeting, sent_at__isnull=False).exists():
        return
    post_letter(
        "prompt",
        key=f"prompt:meeting-{meeting}:member-{seat.member_id}",
        to=seat.member.user,
        team=seat.team_id,
        meeting=meeting,
        member=seat.member_id,
    )
