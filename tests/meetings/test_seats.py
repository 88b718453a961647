"""Who sits where: one person, one current seat, unless the meeting is flagged small."""

import pytest
from django.db import IntegrityError

from core.errors import Invalid, NotFound, NotPossible
from core.scope import everything
from meetings.models import How, Meeting, Seat
from meetings.roles import SeatKind
from meetings.rules import seats_of
from meetings.services.running import tick_attendance
from meetings.services.seats import flag_small, leave_seat, take_seat
from tests.cast import Cast, again, closed, count, do, live, look, planned, verbs
from tests.marks import ROWS

pytestmark = ROWS


def names(meeting: Meeting) -> dict[str, str]:
    return look(lambda: {kind.value: holder.first_name for kind, holder in seats_of(meeting).items()})


def history(meeting: Meeting, kind: SeatKind) -> list[tuple[str, str, str, bool]]:
    """(who, how, by whom, whether it is over), the first first."""
    found = Seat.objects.filter(meeting=meeting, kind=kind).order_by("pk").select_related("member__user", "by__user")
    return look(
        lambda: [
            (seat.member.first_name, seat.how, seat.by.first_name if seat.by else "", seat.until is not None)
            for seat in found
        ]
    )


def test_every_change_of_a_seat_keeps_who_and_how_and_by_whom(cast: Cast) -> None:
    meeting = live(cast)
    do(take_seat, by=cast.ben, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ben)
    do(leave_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.LEARNING)
    do(take_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.kit)
    assert history(meeting, SeatKind.LEARNING) == [
        ("Lin", How.APPOINTED, "Mo", True),
        ("Ben", How.STOOD_IN, "Ben", True),
        ("Kit", How.STOOD_IN, "Ada", False),
    ]


def test_one_person_in_two_seats_is_refused_with_a_sentence(cast: Cast) -> None:
    meeting = live(cast)
    with pytest.raises(Invalid) as refused:
        do(take_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ada)
    assert refused.value.sentence == "Ada has another seat already: Chair. One person holds one seat."
    assert names(meeting) == {"chair": "Ada", "learning": "Lin", "scribe": "Sol"}


def test_one_person_in_two_seats_is_refused_by_the_database_too(cast: Cast) -> None:
    meeting = live(cast, holder=None)
    with pytest.raises(IntegrityError, match="nobody_holds_two_seats"), everything("a test"):
        Seat.objects.create(
            team=cast.team, meeting=meeting, kind=SeatKind.LEARNING, member=cast.ada, how=How.TAKEN, by=cast.ada
        )


def test_two_people_in_one_seat_are_refused_by_the_database(cast: Cast) -> None:
    meeting = live(cast)
    with pytest.raises(IntegrityError, match="one_open_seat_of_a_kind"), everything("a test"):
        Seat.objects.create(
            team=cast.team, meeting=meeting, kind=SeatKind.LEARNING, member=cast.ben, how=How.TAKEN, by=cast.ben
        )


def test_a_small_meeting_lets_one_person_hold_two_seats_and_says_so(cast: Cast) -> None:
    meeting = live(cast)
    do(tick_attendance, by=cast.ada, meeting=meeting.pk, here=[cast.ada.pk, cast.lin.pk, cast.ben.pk, cast.sol.pk])
    for _ in range(2):
        do(flag_small, by=cast.ben, meeting=meeting.pk)
    do(take_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ada)
    assert names(meeting) == {"chair": "Ada", "learning": "Ada", "scribe": "Sol"}
    assert (again(meeting).small, verbs(cast.team).count("flagged small")) == (True, 1)
    assert count(Seat, meeting=meeting, until=None, small=True) == 1


def test_five_people_are_not_a_small_meeting(cast: Cast) -> None:
    meeting = live(cast)
    here = [cast.ada.pk, cast.lin.pk, cast.ben.pk, cast.sol.pk, cast.mo.pk]
    do(tick_attendance, by=cast.ada, meeting=meeting.pk, here=here)
    with pytest.raises(NotPossible):
        do(flag_small, by=cast.ben, meeting=meeting.pk)
    assert again(meeting).small is False


def test_sitting_down_where_one_sits_changes_nothing(cast: Cast) -> None:
    meeting = live(cast)
    before, revision = history(meeting, SeatKind.LEARNING), again(meeting).revision
    do(take_seat, by=cast.lin, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.lin)
    assert (history(meeting, SeatKind.LEARNING), again(meeting).revision) == (before, revision)


def test_getting_up_twice_is_harmless(cast: Cast) -> None:
    meeting = live(cast)
    for _ in range(2):
        do(leave_seat, by=cast.lin, meeting=meeting.pk, kind=SeatKind.LEARNING)
    assert (names(meeting), verbs(cast.team).count("seat left")) == ({"chair": "Ada", "scribe": "Sol"}, 1)


def test_nobody_from_outside_is_given_a_seat(cast: Cast) -> None:
    meeting = live(cast)
    for outsider in (cast.otto, again(cast.vi)):
        with pytest.raises(Invalid):
            do(take_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.LEARNING, member=outsider)
        with pytest.raises(NotFound):
            do(take_seat, by=outsider, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ben)
    assert names(meeting)["learning"] == "Lin"


def test_seats_of_a_closed_meeting_stay_as_they_were(cast: Cast) -> None:
    meeting = closed(cast, agreed=0)
    with pytest.raises(NotPossible):
        do(take_seat, by=cast.ben, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ben)
    with pytest.raises(NotPossible):
        do(leave_seat, by=cast.ben, meeting=meeting.pk, kind=SeatKind.LEARNING)
    assert names(meeting) == {"chair": "Ada", "learning": "Lin", "scribe": "Sol"}


def test_a_seat_in_one_meeting_is_none_in_another(cast: Cast) -> None:
    one, other = live(cast), planned(cast, holder="Ben")
    assert (names(one)["learning"], names(other)["learning"]) == ("Lin", "Ben")
