"""What follows the close until the summary is sent: the prompt, one reminder, and somebody who is asked to stand in."""

from core import clock
from core.workdays import mornings_later, next_working_morning
from learning.models import Summary
from learning.rules import stand_ins, takeover_key
from meetings.models import Meeting, Seat
from meetings.roles import SeatKind
from teams.services.activity import record
from teams.services.letters import post_letter

PATIENCE = 2  # working days; then an AMBIT lead is asked


def prompt_holder(meeting: int) -> None:
    """Begin the summary, and post the prompt and one reminder to whoever holds the seat at the close.

    Nothing is posted when the summary was sent with the close. Nobody holds the seat: nobody is prompted, and whoever may stand in
    is asked on the very next working morning. Harmless when repeated.
    """
    found = Meeting.objects.select_related("team").get(pk=meeting)
    seat = Seat.objects.current().filter(meeting=found, kind=SeatKind.LEARNING).select_related("member__user").first()
    closed, zone, kept = found.closed_at or clock.now(), found.team.zone, found.team.bank_holidays
    summary, _made = Summary.objects.get_or_create(
        team_id=found.team_id,
        meeting=found,
        edition=1,
        defaults={"ask_leads_at": mornings_later(closed, PATIENCE if seat else 1, zone, kept)},
    )
    if seat is None or summary.is_sent:
        return
    morning = next_working_morning(closed, zone, kept)
    for kind, due in (("prompt", None), ("reminder", morning)):
        post_letter(
            kind,
            key=f"{kind}:meeting-{meeting}:member-{seat.member_id}",
            to=seat.member.user,
            team=seat.team_id,
            due=due,
            meeting=meeting,
            member=seat.member_id,
        )


def ask_to_take_over(summary: int) -> None:
    """A summary has waited too long: ask whoever may stand in, once. Harmless when repeated, or when it was sent meanwhile."""
    found = Meeting.objects.select_for_update(of=("self",)).filter(summary=summary).select_related("team").first()
    waiting = Summary.objects.filter(
        pk=summary, sent_at=None, leads_asked_at=None, ask_leads_at__lte=clock.now()
    ).first()
    if found is None or waiting is None:
        return
    waiting.leads_asked_at = clock.now()
    waiting.save(update_fields=["leads_asked_at"])
    asked = stand_ins(found)
    for member in asked:
        post_letter(
            "takeover",
            key=takeover_key(found.pk, member.pk),
            to=member.user,
            team=found.team_id,
            meeting=found.pk,
            member=member.pk,
        )
    record(
        "asked to take the summary over",
        by=None,
        team=found.team_id,
        subject=f"meeting {found.pk}",
        members=[member.pk for member in asked],
    )
