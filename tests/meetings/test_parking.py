"""Parking an item: it goes on the next meeting's agenda, and derails this one no longer."""

from datetime import timedelta

import pytest

from core import clock
from core.errors import NotAllowed, NotFound, NotPossible
from learning.services import read_back
from meetings.models import Item, ItemKind, Meeting
from meetings.roles import SeatKind
from meetings.services import agenda, planning, seats
from meetings.services.parking import park
from meetings.services.taps import undo
from tests.cast import (
    Cast,
    again,
    client_of,
    do,
    items_of,
    live,
    look,
    next_item,
    raised,
    verbs,
)
from tests.marks import ROWS
from tests.meetings.test_taps import last, reads, same

pytestmark = ROWS


def next_week(cast: Cast) -> Meeting:
    return do(planning.plan_meeting, by=cast.mo, starts=clock.now() + timedelta(days=7))


def titles(meeting: Meeting) -> list[str]:
    return [item.title for item in items_of(meeting)]


def test_the_case_that_is_on_is_done_here_and_has_that_meetings_own_number(cast: Cast) -> None:
    meeting, there = live(cast), next_week(cast)
    do(agenda.add_item, by=cast.kit, meeting=there.pk, kind=ItemKind.CASE, minutes=5, presenter=cast.kit)
    for _ in range(2):
        next_item(cast, meeting)
    case = items_of(meeting)[2]
    do(park, by=cast.ada, meeting=meeting.pk, item=case.pk)
    assert titles(there) == ["Look-back", "Case 1 · Kit", "Case 2 · Mo", "Business", "Read-back", "Dates"]
    assert [item.is_done for item in items_of(meeting)] == [True, True, True, False, False, False]
    assert items_of(meeting)[3].is_now
    assert (again(case).case_no, again(there).cases, verbs(cast.team)[-1]) == (2, 2, "item parked")


def test_one_still_to_come_leaves_this_agenda_and_keeps_its_label(cast: Cast) -> None:
    meeting, there = live(cast), next_week(cast)
    do(park, by=cast.ada, meeting=meeting.pk, item=items_of(meeting)[3].pk)
    assert "Winter rota · Kit" not in titles(meeting)
    assert titles(there) == ["Look-back", "Business", "Winter rota · Kit", "Read-back", "Dates"]
    assert items_of(meeting)[0].is_now


def test_the_nearest_meeting_that_is_still_planned_gets_it(cast: Cast) -> None:
    later, nearest = next_week(cast), live(cast)
    look(lambda: Meeting.objects.filter(pk=later.pk).update(starts=clock.now() + timedelta(days=14)))
    off, wanted = next_week(cast), next_week(cast)
    do(planning.cancel, by=cast.mo, meeting=off.pk)
    do(park, by=cast.ada, meeting=nearest.pk, item=items_of(nearest)[3].pk)
    assert ["Winter rota · Kit" in titles(each) for each in (off, wanted, later)] == [False, True, False]


def test_with_no_next_meeting_a_sentence_says_so_and_how_to_plan_one(cast: Cast) -> None:
    meeting = live(cast)
    with pytest.raises(NotPossible, match="No next meeting is planned"):
        do(park, by=cast.ada, meeting=meeting.pk, item=items_of(meeting)[3].pk)
    html = client_of(cast.ada).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()
    assert (
        'No next meeting is planned, so there is nowhere to park it yet. <a href="/t/harbour-street/meetings/new/">'
        in html
    )
    assert titles(meeting)[3] == "Winter rota · Kit"


def test_whoever_chairs_parks_or_has_the_pen_or_anybody_where_nobody_chairs(cast: Cast) -> None:
    meeting = live(cast)
    next_week(cast)
    items = items_of(meeting)
    for member in (cast.ben, cast.lin, cast.sol):
        with pytest.raises(NotAllowed, match="Ada has the chair"):
            do(park, by=member, meeting=meeting.pk, item=items[3].pk)
    raised(cast, meeting)
    do(read_back.start, by=cast.lin, meeting=meeting.pk)
    do(park, by=cast.sol, meeting=meeting.pk, item=items[3].pk)
    do(seats.leave_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.CHAIR)
    do(park, by=cast.ben, meeting=meeting.pk, item=items[2].pk)
    assert titles(meeting) == ["Look-back", "Read-back", "Case 1 · Ben", "Dates"]
    with pytest.raises(NotFound):
        do(park, by=cast.otto, meeting=meeting.pk, item=items[5].pk)


def test_what_belongs_to_each_meeting_stays_and_what_is_gone_already_is_harmless(cast: Cast) -> None:
    meeting, there = live(cast), next_week(cast)
    items = items_of(meeting)
    for item in (items[0], items[4]):
        with pytest.raises(NotPossible, match="belongs to each meeting"):
            do(park, by=cast.ada, meeting=meeting.pk, item=item.pk)
    for _ in range(2):
        do(park, by=cast.ada, meeting=meeting.pk, item=items[5].pk)
    assert titles(there).count("Dates") == 2, "its own, and the one that was parked, once"
    next_item(cast, meeting)
    next_item(cast, meeting)
    do(park, by=cast.ada, meeting=meeting.pk, item=items[1].pk)
    assert "Case 1 · Ben" not in titles(there)


def test_parking_is_undone_on_both_agendas(cast: Cast) -> None:
    meeting, there = live(cast), next_week(cast)
    next_item(cast, meeting)
    for index in (1, 2, 3, 5):
        before = (same(meeting), same(there))
        do(park, by=cast.ada, meeting=meeting.pk, item=items_of(meeting)[index].pk)
        assert reads(cast.ada, meeting) == "You parked an item for the next meeting."
        assert (same(meeting), same(there))[0] != before[0]
        do(undo, by=cast.ada, meeting=meeting.pk, tap=last(cast.ada, meeting).pk)
        assert (same(meeting), same(there)) == before


def test_the_last_item_parked_leaves_nothing_on_and_comes_back(cast: Cast) -> None:
    meeting = live(cast)
    next_week(cast)
    for _ in range(5):
        next_item(cast, meeting)
    before = same(meeting)
    do(park, by=cast.ada, meeting=meeting.pk, item=items_of(meeting)[5].pk)
    assert not any(item.is_now for item in items_of(meeting))
    do(undo, by=cast.ada, meeting=meeting.pk, tap=last(cast.ada, meeting).pk)
    assert same(meeting) == before


def test_what_was_changed_there_since_stays_there(cast: Cast) -> None:
    meeting, there = live(cast), next_week(cast)
    do(park, by=cast.ada, meeting=meeting.pk, item=items_of(meeting)[3].pk)
    [parked] = [item for item in items_of(there) if item.label == "Winter rota"]
    do(agenda.change_minutes, by=cast.kit, meeting=there.pk, item=parked.pk, minutes=25)
    with pytest.raises(NotPossible, match="moved on"):
        do(undo, by=cast.ada, meeting=meeting.pk, tap=last(cast.ada, meeting).pk)
    assert look(lambda: Item.objects.filter(label="Winter rota").count()) == 1
