"""The agenda: numbers of cases, order, and where the meeting is."""

import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError

from core import clock
from core.errors import Invalid, KeyReused, NotFound, NotPossible, Stale
from core.guard import Identifying
from core.scope import everything
from meetings.models import Item, ItemKind, Meeting, Tap, Task
from meetings.queries import agenda_of, slot_of
from meetings.services.agenda import (
    add_item,
    change_item,
    mark_task,
    more_minutes,
    move_item,
    next_item,
    put_off_read_back,
    remove_item,
)
from meetings.services.planning import Line, plan_meeting
from meetings.services.running import begin
from meetings.services.taps import undo
from tests.cast import Cast, again, closed, count, do, items_of, live, look, planned, verbs
from tests.marks import ROWS

pytestmark = ROWS

STARTS = datetime(2031, 3, 4, 10, tzinfo=UTC)


def titles(meeting: Meeting) -> list[str]:
    return [item.title for item in items_of(meeting)]


def test_the_number_of_a_case_never_changes_and_is_never_given_again(cast: Cast) -> None:
    meeting = planned(cast)
    third = do(add_item, by=cast.sol, meeting=meeting.pk, kind=ItemKind.CASE, minutes=10, presenter=cast.sol)
    assert third.case_no == 3
    do(remove_item, by=cast.sol, meeting=meeting.pk, item=third.pk)
    first = items_of(meeting)[1]
    do(remove_item, by=cast.sol, meeting=meeting.pk, item=first.pk)
    fourth = do(add_item, by=cast.kit, meeting=meeting.pk, kind=ItemKind.CASE, minutes=10, presenter=cast.kit)
    do(move_item, by=cast.kit, meeting=meeting.pk, item=fourth.pk, up=True)
    do(move_item, by=cast.kit, meeting=meeting.pk, item=fourth.pk, up=True)
    assert [title for title in titles(meeting) if title.startswith("Case")] == ["Case 4 · Kit", "Case 2 · Mo"]


def test_the_database_itself_refuses_a_case_with_words_and_a_number_twice(cast: Cast) -> None:
    meeting = planned(cast)
    first = items_of(meeting)[1]
    with pytest.raises(IntegrityError, match="a_case_has_no_label"), everything("a test"):
        Item.objects.filter(pk=first.pk).update(label="the boy from Mill Road")
    with pytest.raises(IntegrityError, match="a_case_number_is_used_once"), everything("a test"):
        Item.objects.filter(pk=first.pk).update(case_no=2)


def test_a_new_item_stands_before_the_read_back(cast: Cast) -> None:
    meeting = planned(cast)
    do(add_item, by=cast.nia, meeting=meeting.pk, kind=ItemKind.OTHER, minutes=5, label="  The new rota  ")
    assert titles(meeting) == [
        "Look-back",
        "Case 1 · Ben",
        "Case 2 · Mo",
        "Winter rota · Kit",
        "The new rota",
        "Read-back",
        "Dates",
    ]
    assert [item.position for item in items_of(meeting)] == [1, 2, 3, 4, 5, 6, 7]


def test_after_the_read_back_has_begun_a_new_item_stands_last(cast: Cast) -> None:
    meeting = live(cast)
    for _ in range(4):
        on = agenda_now(meeting)
        do(next_item, by=cast.ada, meeting=meeting.pk, after=on.pk if on else None)
    do(add_item, by=cast.nia, meeting=meeting.pk, kind=ItemKind.OTHER, minutes=5, label="One more")
    assert titles(meeting)[-2:] == ["Dates", "One more"]


def agenda_now(meeting: Meeting) -> Item | None:
    return next((item for item in items_of(meeting) if item.is_now), None)


def test_one_key_is_one_item(cast: Cast) -> None:
    meeting = planned(cast)
    key = uuid.uuid4()
    one = do(add_item, by=cast.nia, meeting=meeting.pk, kind=ItemKind.CASE, minutes=10, presenter=cast.nia, key=key)
    two = do(add_item, by=cast.nia, meeting=meeting.pk, kind=ItemKind.CASE, minutes=10, presenter=cast.nia, key=key)
    assert (one.pk, one.case_no, again(meeting).cases) == (two.pk, 3, 3)
    assert [item.position for item in items_of(meeting)] == [1, 2, 3, 4, 5, 6, 7]
    with pytest.raises(KeyReused):
        do(add_item, by=cast.nia, meeting=meeting.pk, kind=ItemKind.CASE, minutes=20, presenter=cast.nia, key=key)


def test_one_read_back_a_meeting(cast: Cast) -> None:
    meeting = planned(cast)
    with pytest.raises(Invalid):
        do(add_item, by=cast.nia, meeting=meeting.pk, kind=ItemKind.READ_BACK, minutes=5)
    with pytest.raises(IntegrityError, match="one_read_back_in_a_meeting"), everything("a test"):
        Item.objects.create(team=cast.team, meeting=meeting, kind=ItemKind.READ_BACK, position=9)


def test_an_item_without_a_name_is_refused_and_one_that_names_somebody_is_stopped(cast: Cast) -> None:
    meeting = planned(cast)
    with pytest.raises(Invalid) as nameless:
        do(add_item, by=cast.nia, meeting=meeting.pk, kind=ItemKind.OTHER, minutes=5, label=" ")
    with pytest.raises(Identifying) as named:
        do(add_item, by=cast.nia, meeting=meeting.pk, kind=ItemKind.OTHER, minutes=5, label="jo@example.org")
    assert (nameless.value.field, named.value.field, len(items_of(meeting))) == ("label", "label", 6)


def test_nobody_of_another_team_presents(cast: Cast) -> None:
    meeting = planned(cast)
    with pytest.raises(Invalid):
        do(add_item, by=cast.nia, meeting=meeting.pk, kind=ItemKind.CASE, minutes=5, presenter=cast.otto)


def test_a_changed_item_counts_its_version_and_a_stale_change_is_refused(cast: Cast) -> None:
    meeting = planned(cast)
    rota = items_of(meeting)[3]
    do(change_item, by=cast.kit, meeting=meeting.pk, item=rota.pk, minutes=20, label="Spring rota", seen=1)
    with pytest.raises(Stale):
        do(change_item, by=cast.nia, meeting=meeting.pk, item=rota.pk, minutes=5, label="No rota", seen=1)
    changed = items_of(meeting)[3]
    assert (changed.label, changed.minutes, changed.version, changed.presenter) == ("Spring rota", 20, 2, None)


def test_a_case_gets_no_words_by_a_change_either(cast: Cast) -> None:
    meeting = planned(cast)
    case = items_of(meeting)[1]
    do(change_item, by=cast.kit, meeting=meeting.pk, item=case.pk, minutes=20, label="about a boy", presenter=cast.kit)
    assert titles(meeting)[1] == "Case 1 · Kit"


def test_items_move_among_what_is_to_come_and_no_further(cast: Cast) -> None:
    meeting = live(cast)
    before = titles(meeting)
    items = items_of(meeting)
    with pytest.raises(NotPossible):
        do(move_item, by=cast.ada, meeting=meeting.pk, item=items[0].pk, up=False)
    do(move_item, by=cast.ada, meeting=meeting.pk, item=items[1].pk, up=True)  # the first to come can't pass what is on
    do(move_item, by=cast.ada, meeting=meeting.pk, item=items[5].pk, up=False)  # the last can't go further
    assert titles(meeting) == before
    do(move_item, by=cast.ada, meeting=meeting.pk, item=items[2].pk, up=True)
    assert titles(meeting)[1:3] == ["Case 2 · Mo", "Case 1 · Ben"]


def test_taking_out_twice_is_harmless_and_what_has_begun_stays(cast: Cast) -> None:
    meeting = live(cast)
    items = items_of(meeting)
    for _ in range(2):
        do(remove_item, by=cast.ada, meeting=meeting.pk, item=items[1].pk)
    do(remove_item, by=cast.ada, meeting=meeting.pk, item=items[0].pk)
    assert [item.pk for item in items_of(meeting)] == [items[0].pk, *(item.pk for item in items[2:])]
    assert verbs(cast.team).count("item taken out") == 1


def test_next_moves_once_however_many_tap(cast: Cast) -> None:
    meeting = live(cast)
    first, second = items_of(meeting)[:2]
    for tapper in (cast.ada, cast.ben, cast.ada):
        do(next_item, by=tapper, meeting=meeting.pk, after=first.pk)
    now = agenda_now(meeting)
    assert now is not None
    assert now.pk == second.pk
    assert verbs(cast.team).count("next item") == 1
    do(next_item, by=cast.ada, meeting=meeting.pk, after=second.pk)
    assert [item.is_done for item in items_of(meeting)] == [True, True, False, False, False, False]


def test_after_the_last_item_next_stays(cast: Cast) -> None:
    meeting = live(cast, agenda=[Line(ItemKind.OTHER, 5, "One"), Line(ItemKind.OTHER, 5, "Two")])
    one, two = items_of(meeting)
    do(next_item, by=cast.ada, meeting=meeting.pk, after=one.pk)
    do(next_item, by=cast.ada, meeting=meeting.pk, after=two.pk)
    assert [item.is_now for item in items_of(meeting)] == [False, True]


def test_only_one_item_is_on_says_the_database(cast: Cast) -> None:
    meeting = live(cast)
    with pytest.raises(IntegrityError, match="one_item_at_a_time"), everything("a test"):
        Item.objects.filter(pk=items_of(meeting)[3].pk).update(started_at=clock.now())


def test_five_more_minutes_count_once_for_each_page_that_showed_the_old_ones(cast: Cast) -> None:
    meeting = live(cast)
    item = items_of(meeting)[0]
    for tapper in (cast.ada, cast.ben):
        do(more_minutes, by=tapper, meeting=meeting.pk, item=item.pk, seen=1)
    assert (again(item).minutes, again(item).version) == (10, 2)
    do(more_minutes, by=cast.ben, meeting=meeting.pk, item=item.pk, seen=2)
    assert (again(item).minutes, again(item).version) == (15, 3)


def test_ones_own_second_tap_counts_however_quick_and_each_is_undone(cast: Cast) -> None:
    meeting = live(cast)
    item = items_of(meeting)[0]
    for _tap in range(2):  # the page shows version 1 still
        do(more_minutes, by=cast.ada, meeting=meeting.pk, item=item.pk, seen=1)
    assert (again(item).minutes, again(item).version) == (15, 3)
    first, second = look(lambda: list(Tap.objects.filter(meeting=meeting, verb="more minutes").order_by("pk")))
    with pytest.raises(NotPossible):  # the line showed the first: the other is never undone in its place
        do(undo, by=cast.ada, meeting=meeting.pk, tap=first.pk)
    assert again(item).minutes == 15
    for tap, left in ((second, 10), (first, 5)):
        do(undo, by=cast.ada, meeting=meeting.pk, tap=tap.pk)
        assert again(item).minutes == left


def test_a_task_is_marked_in_ready_words_once(cast: Cast) -> None:
    meeting = live(cast)
    item = items_of(meeting)[0]
    for _ in range(2):
        do(mark_task, by=cast.ben, meeting=meeting.pk, item=item.pk, task=Task.ENGAGEMENT)
    assert (again(item).task, verbs(cast.team).count("task marked")) == ("engagement", 1)


def test_taps_for_another_meetings_item_find_nothing(cast: Cast) -> None:
    here, elsewhere = live(cast), planned(cast)
    item = items_of(elsewhere)[0]
    with pytest.raises(NotFound):
        do(mark_task, by=cast.ada, meeting=here.pk, item=item.pk, task=Task.PLAN)
    with pytest.raises(NotFound):
        do(more_minutes, by=cast.ada, meeting=here.pk, item=item.pk)
    with pytest.raises(NotFound):
        do(change_item, by=cast.ada, meeting=here.pk, item=item.pk, minutes=5)


def test_a_closed_meetings_agenda_is_left_alone(cast: Cast) -> None:
    meeting = closed(cast, agreed=0)
    items = items_of(meeting)
    before = [(item.pk, item.minutes, item.position) for item in items]
    with pytest.raises(NotPossible):
        do(add_item, by=cast.ada, meeting=meeting.pk, kind=ItemKind.CASE, minutes=5)
    with pytest.raises(NotPossible):
        do(move_item, by=cast.ada, meeting=meeting.pk, item=items[3].pk, up=True)
    with pytest.raises(NotPossible):
        do(next_item, by=cast.ada, meeting=meeting.pk, after=None)
    assert [(item.pk, item.minutes, item.position) for item in items_of(meeting)] == before


# --- Times ---


def minutes_of(meeting: Meeting) -> list[int]:
    """When each item begins, in minutes after the booked beginning."""
    found = look(lambda: agenda_of(again(meeting)))
    return [round((row.at - STARTS).total_seconds() / 60) for row in found.rows]


def test_a_planned_agenda_follows_from_the_booked_beginning(cast: Cast) -> None:
    meeting = do(plan_meeting, by=cast.mo, starts=STARTS, minutes=35)
    agenda = look(lambda: agenda_of(again(meeting)))
    assert minutes_of(meeting) == [0, 5, 20, 25]
    assert (agenda.minutes, agenda.ends, agenda.booked, agenda.is_late) == (
        30,
        STARTS + timedelta(minutes=30),
        STARTS + timedelta(minutes=35),
        False,
    )


def test_what_has_run_moves_what_is_to_come_and_the_end(cast: Cast) -> None:
    with clock.at(STARTS - timedelta(minutes=10)):
        meeting = do(plan_meeting, by=cast.mo, starts=STARTS, minutes=35)
    with clock.at(STARTS + timedelta(minutes=2)):
        do(begin, by=cast.ada, meeting=meeting.pk)
    assert minutes_of(meeting) == [2, 7, 22, 27]
    with clock.at(STARTS + timedelta(minutes=11)):
        do(next_item, by=cast.ada, meeting=meeting.pk, after=items_of(meeting)[0].pk)
    assert minutes_of(meeting) == [2, 11, 26, 31]
    agenda = look(lambda: agenda_of(again(meeting)))
    assert (round((agenda.ends - STARTS).total_seconds() / 60), agenda.is_late) == (36, True)


def test_a_minute_over_is_late_and_less_is_not(cast: Cast) -> None:
    meeting = do(plan_meeting, by=cast.mo, starts=STARTS, minutes=30)
    assert look(lambda: agenda_of(again(meeting))).is_late is False
    item = items_of(meeting)[0]
    do(change_item, by=cast.mo, meeting=meeting.pk, item=item.pk, minutes=6)
    assert look(lambda: agenda_of(again(meeting))).is_late is True


def test_the_agenda_says_the_same_whenever_it_is_looked_at(cast: Cast) -> None:
    meeting = live(cast)
    before = look(lambda: agenda_of(again(meeting)))
    with clock.at(clock.now() + timedelta(minutes=40)):
        later = look(lambda: agenda_of(again(meeting)))
    assert [(row.item.pk, row.at, row.until) for row in before.rows] == [
        (row.item.pk, row.at, row.until) for row in later.rows
    ]
    assert (before.ends, count(Item)) == (later.ends, 6)


def test_now_and_next_and_the_read_back_are_found(cast: Cast) -> None:
    meeting = live(cast)
    agenda = look(lambda: agenda_of(again(meeting)))
    assert agenda.now is not None
    assert agenda.next is not None
    assert agenda.read_back is not None
    assert (agenda.now.item.position, agenda.next.item.position, agenda.read_back.item.position) == (1, 2, 5)


# --- When the read-back is due ---


def due(meeting: Meeting) -> float | None:
    """In minutes after the booked beginning."""
    at = look(lambda: agenda_of(again(meeting)).read_back_at)
    return None if at is None else (at - STARTS).total_seconds() / 60


@pytest.mark.parametrize(
    ("booked", "moment"),
    [
        (60, 20),  # the agenda comes to it after a look-back of 5 and business of 15
        (30, 20),
        (25, 15),  # 25, less 5 for dates, less its own 5
        (10, 0),  # never before the meeting itself
    ],
)
def test_the_read_back_is_due_when_the_agenda_comes_to_it_or_sooner_so_that_all_ends_in_time(
    cast: Cast, booked: int, moment: int
) -> None:
    assert due(do(plan_meeting, by=cast.mo, starts=STARTS, minutes=booked)) == moment


def test_a_late_beginning_takes_nothing_from_the_read_back(cast: Cast) -> None:
    with clock.at(STARTS - timedelta(minutes=10)):
        meeting = do(plan_meeting, by=cast.mo, starts=STARTS, minutes=35)
    with clock.at(STARTS + timedelta(minutes=18)):
        do(begin, by=cast.ada, meeting=meeting.pk)
    assert due(meeting) == 25
    for _ in range(2):
        on = items_of(meeting)[0]
        do(more_minutes, by=cast.ada, meeting=meeting.pk, item=on.pk)
    assert due(meeting) == 25, "what is given to an item is not taken from the read-back"


def test_five_more_minutes_count_from_now_and_once_however_many_tap(cast: Cast) -> None:
    with clock.at(STARTS - timedelta(minutes=10)):
        meeting = do(plan_meeting, by=cast.mo, starts=STARTS, minutes=30)
    with clock.at(STARTS):
        do(begin, by=cast.ada, meeting=meeting.pk)
    version = items_of(meeting)[2].version
    with clock.at(STARTS + timedelta(minutes=21)):
        for member in (cast.ada, cast.ben):
            do(put_off_read_back, by=member, meeting=meeting.pk, seen=version)
    moment = due(meeting)
    assert moment is not None
    assert 26 <= moment < 26.2
    agenda = look(lambda: agenda_of(again(meeting)))
    assert (agenda.is_late, items_of(meeting)[0].minutes) == (True, 26)
    with clock.at(STARTS + timedelta(minutes=27)):
        do(put_off_read_back, by=cast.ben, meeting=meeting.pk)
        on = items_of(meeting)[0]
        do(next_item, by=cast.ada, meeting=meeting.pk, after=on.pk)
    assert 32 <= (due(meeting) or 0) < 32.2
    assert verbs(cast.team).count("read-back put off") == 2


def test_ones_own_second_tap_puts_the_read_back_off_twice_and_each_is_undone(cast: Cast) -> None:
    with clock.at(STARTS - timedelta(minutes=10)):
        meeting = do(plan_meeting, by=cast.mo, starts=STARTS, minutes=30)
    with clock.at(STARTS):
        do(begin, by=cast.ada, meeting=meeting.pk)
    version = items_of(meeting)[2].version
    with clock.at(STARTS + timedelta(minutes=21)):
        before = (due(meeting), items_of(meeting)[0].minutes)
        for _tap in range(2):
            do(put_off_read_back, by=cast.ada, meeting=meeting.pk, seen=version)
        assert 31 <= (due(meeting) or 0) < 31.2
        for _tap in range(2):
            last = look(lambda: Tap.objects.filter(meeting=meeting, undone_at=None)[0])
            do(undo, by=cast.ada, meeting=meeting.pk, tap=last.pk)
        assert (due(meeting), items_of(meeting)[0].minutes) == before


def test_a_read_back_that_has_begun_is_put_off_no_more(cast: Cast) -> None:
    meeting = live(cast)
    for _ in range(4):
        on = agenda_now(meeting)
        do(next_item, by=cast.ada, meeting=meeting.pk, after=on.pk if on else None)
    do(put_off_read_back, by=cast.ada, meeting=meeting.pk)
    assert items_of(meeting)[4].put_off_until is None
    without = live(cast, agenda=[Line(ItemKind.BUSINESS, 15, "Rota")])
    do(put_off_read_back, by=cast.ada, meeting=without.pk)
    assert (due(without), verbs(cast.team).count("read-back put off")) == (None, 0)


def test_the_slot_is_near_ten_minutes_before_and_due_at_its_moment(cast: Cast) -> None:
    agenda = look(lambda: agenda_of(do(plan_meeting, by=cast.mo, starts=STARTS, minutes=60)))
    seen = []
    for before in (timedelta(minutes=10, seconds=1), timedelta(minutes=10), timedelta(minutes=3), timedelta()):
        slot = slot_of(agenda, STARTS + timedelta(minutes=20) - before)
        assert slot is not None
        seen.append((slot.minutes, slot.is_near, slot.is_due))
    assert seen == [(10, False, False), (10, True, False), (3, True, False), (1, True, True)]
