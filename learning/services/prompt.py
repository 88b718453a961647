"""What follows the close until the summary is sent: the prompt, one reminder, and somebody who is asked to stand in."""

from django.db.models import CharField, Exists, OuterRef, Q, Value
from django.db.models.functions import Concat

from core import clock
from core.workdays import mornings_later, next_working_morning
from learning.models import Summary
from learning.queries import RECENT
from learning.rules import stand_ins, takeover_key
from meetings.models import Meeting, Seat
from meetings.roles import SeatKind
from teams.models import Letter, Membership
from teams.models.letter import LetterState
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


def wait_no_longer(member: int, *, team: int) -> None:
    """Whoever kept learning in mind has left: what they haven't sent is asked of somebody else on the next working morning.

    Inside the leaving's transaction.
    """
    held = Seat.objects.current().filter(kind=SeatKind.LEARNING, member=member)
    waiting = Summary.objects.filter(
        team=team, sent_at=None, leads_asked_at=None, ask_leads_at__isnull=False, meeting__in=held.values("meeting")
    )
    for summary in waiting.select_related("meeting__team").order_by("pk"):
        kept_by = summary.meeting.team
        morning = next_working_morning(clock.now(), kept_by.zone, kept_by.bank_holidays)
        if summary.ask_leads_at and morning < summary.ask_leads_at:
            summary.ask_leads_at = morning
            summary.save(update_fields=["ask_leads_at"])
            record("summary waits for nobody", by=None, team=team, subject=f"meeting {summary.meeting_id}")


# What becomes of a letter that somebody can still act upon.
REACHES = (LetterState.WAITING, LetterState.SENT, LetterState.HELD, LetterState.BOUNCED)


def nobody_asked() -> list[tuple[int, int]]:
    """The summaries, each with its team, that somebody is to be asked for: their time has come, or whoever was asked can't.

    Whoever was asked and has left, or whose letter was dropped because they lead no more, can't. Inside `everything`.
    """
    now = clock.now()
    key = Concat(
        Value("takeover:meeting-"),
        OuterRef(OuterRef("meeting_id")),
        Value(":member-"),
        OuterRef("pk"),
        output_field=CharField(),
    )  # as `takeover_key` says it
    reached = Membership.objects.present().filter(
        Exists(Letter.objects.filter(key=key, state__in=REACHES)), team=OuterRef("team")
    )
    asked_in_vain = Q(leads_asked_at__gt=now - RECENT) & ~Exists(reached)
    late = Summary.objects.filter(Q(leads_asked_at=None, ask_leads_at__lte=now) | asked_in_vain, sent_at=None)
    return list(late.order_by("ask_leads_at", "pk").values_list("team", "pk"))


def ask_to_take_over(summary: int) -> None:
    """A summary has waited too long: ask whoever may stand in, each once. Harmless when repeated, or when it was sent meanwhile."""
    found = Meeting.objects.select_for_update(of=("self",)).filter(summary=summary).select_related("team").first()
    waiting = Summary.objects.filter(pk=summary, sent_at=None, ask_leads_at__lte=clock.now()).first()
    if found is None or waiting is None:
        return
    if waiting.leads_asked_at is None:
        waiting.leads_asked_at = clock.now()
        waiting.save(update_fields=["leads_asked_at"])
    may = {takeover_key(found.pk, member.pk): member for member in stand_ins(found)}
    before = set(Letter.objects.filter(key__in=may).values_list("key", flat=True))
    asked = [member for key, member in may.items() if key not in before]
    if not asked:
        return
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
