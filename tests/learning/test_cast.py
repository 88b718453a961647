"""The demo's cast: what its last weeks leave behind, and that a meeting is due at each start."""

import json
from datetime import timedelta

import pytest
from django.core.management import call_command

from core import clock
from learning.management.cast import HARBOUR, due_within_ten_minutes, load, tuesday
from meetings.models import Meeting, Phase, Seat
from meetings.roles import SeatKind
from teams.models import Letter
from teams.models.letter import LetterState
from tests.cast import count, look
from tests.marks import ROWS

pytestmark = ROWS


def test_the_cast_meets_every_tuesday_takes_turns_and_has_a_meeting_due(capsys: pytest.CaptureFixture[str]) -> None:
    assert load()
    assert not load()
    held = Meeting.objects.filter(team__slug=HARBOUR, phase=Phase.CLOSED)
    assert look(lambda: list(held.order_by("starts").values_list("starts", flat=True))) == [
        tuesday(week) for week in range(-9, 0)
    ]
    assert count(Letter, state=LetterState.WAITING) == 0
    call_command("rotation", "--team", HARBOUR)
    told = json.loads(capsys.readouterr().out)
    figures = {row["name"]: (row["attended"], row["held"], row["available"]) for row in told["members"]}
    assert figures == {
        "Ada Okafor": (9, 0, False),
        "Ben Marsh": (9, 1, True),
        "Idris Bello": (9, 1, True),
        "Kit Walsh": (9, 2, True),
        "Lin Chen": (9, 3, True),
        "Mo Haddad": (8, 0, True),
        "Nia Prosser": (7, 1, False),
        "Rosa Lindqvist": (9, 2, True),
        "Sol Rivera": (9, 0, False),
    }
    assert told["proposal"]["name"] == "Mo Haddad"
    assert told["proposal"]["because"].endswith("Ada chairs, Sol is scribe and Nia is away.")
    seats = Seat.objects.current().filter(kind=SeatKind.LEARNING, meeting__starts=tuesday(0))
    assert look(lambda: [seat.member.first_name for seat in seats.select_related("member__user")]) == ["Mo"]

    due = due_within_ten_minutes()
    assert clock.now() < due.starts <= clock.now() + timedelta(minutes=10)
    assert due_within_ten_minutes() == due
    holders = Seat.objects.current().filter(kind=SeatKind.LEARNING, meeting=due).select_related("member__user")
    assert look(lambda: [seat.member.first_name for seat in holders]) == ["Lin"]
