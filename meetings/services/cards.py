"""The role card: who keeps learning in mind is told once, at eight in the morning of the working day before."""

from collections.abc import Sequence
from datetime import timedelta
from itertools import chain

from core import clock
from core.workdays import working_morning_before
from meetings.models import Phase, Seat
from meetings.roles import SeatKind
from teams.models import Letter
from teams.models.letter import LetterState
from teams.services.letters import post_letter

AHEAD = timedelta(days=10)  # further than any row of days that nobody works
TOO_LATE = timedelta(hours=1)  # so short before a meeting nobody reads a card any more


def key_of(seat: Seat, sequence: int | None = None) -> str:
    """Of the card that whoever sits here gets for this meeting, however often they sit down. Needs `seat.meeting`.

    A date that was changed has a card of its own, for those whose card for the date before never left.
    """
    moved = seat.meeting.sequence if sequence is None else sequence
    return f"card:meeting-{seat.meeting_id}{f':{moved}' if moved else ''}:member-{seat.member_id}"


def _without(seats: Sequence[Seat]) -> list[Seat]:
    """Those of these seats for which no card was posted; one that was dropped counts for the date alone that it was posted for."""
    keys = {seat.pk: [key_of(seat, sequence) for sequence in range(seat.meeting.sequence + 1)] for seat in seats}
    posted = dict(Letter.objects.filter(key__in=chain.from_iterable(keys.values())).values_list("key", "state"))
    return [
        seat
        for seat in seats
        if key_of(seat) not in posted
        and all(posted.get(key, LetterState.DROPPED) == LetterState.DROPPED for key in keys[seat.pk])
    ]


def cards_due() -> list[tuple[int, int]]:
    """The seats, each with its team, whose card's moment has come and who got none yet. Call inside `everything`.

    Found by what is so now, not by a window of time: whoever takes the seat late is among them on the next round.
    """
    now = clock.now()
    soon = Seat.objects.current().filter(
        kind=SeatKind.LEARNING,
        member__until=None,
        meeting__phase=Phase.PLANNED,
        meeting__starts__gte=now + TOO_LATE,
        meeting__starts__lte=now + AHEAD,
    )
    seats = [
        seat
        for seat in soon.select_related("meeting__team").order_by("meeting__starts", "pk")
        if working_morning_before(seat.meeting.starts, seat.meeting.team.zone, seat.meeting.team.bank_holidays) <= now
    ]
    return [(seat.team_id, seat.pk) for seat in _without(seats)]


def send_card(seat: int) -> None:
    """Post the card of whoever sits here, unless they got up meanwhile. Harmless when repeated."""
    seats = Seat.objects.current().filter(pk=seat).select_for_update(of=("self",))
    found = seats.select_related("member__user", "meeting").first()
    if found is None or not _without([found]):
        return
    post_letter(
        "card",
        key=key_of(found),
        to=found.member.user,
        team=found.team_id,
        meeting=found.meeting_id,
        member=found.member_id,
        sequence=found.meeting.sequence,
    )
