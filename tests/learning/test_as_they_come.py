"""As they come: a point is worded and agreed when it comes up, or left for the closing slot, which is then a minute's recap."""

import pytest

from core.errors import Invalid, NotAllowed, NotFound, NotPossible
from learning.models import Point, ReadBack, Turn
from learning.queries import reading as reading_of
from learning.queries import record_of, with_learning
from learning.roles import Outcome, PointState
from learning.services.along import put_off, raise_again, take_up
from learning.services.points import raise_point
from learning.services.read_back import (
    first_point,
    points_to_read,
    settle,
    start,
    stop,
    take_pen,
    type_words,
    without_points,
)
from meetings.models import ItemKind, Meeting, Tap
from meetings.roles import SeatKind
from meetings.services.planning import Line
from meetings.services.running import close
from meetings.services.seats import leave_seat
from meetings.services.taps import undo
from teams.models import Membership
from teams.roles import HolderRule, RaiseRule
from teams.services.teams import change_agreement
from tests.cast import (
    GENERAL,
    Cast,
    again,
    as_they_come,
    client_of,
    count,
    do,
    items_of,
    live,
    look,
    overheard,
    raised,
    read_back_of,
)
from tests.marks import ROWS

pytestmark = ROWS


@pytest.fixture
def room(cast: Cast) -> Meeting:
    """A live meeting of a team that has agreed to it: Ada chairs, Lin holds, Sol scribes."""
    as_they_come(cast)
    return live(cast)


def screen(cast: Cast, name: str, meeting: Meeting) -> str:
    return client_of(cast.us[name]).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()


def on_now(meeting: Meeting) -> int:
    return next(item.pk for item in items_of(meeting) if item.is_now)


def slot(meeting: Meeting) -> int:
    """The closing slot's minutes."""
    return next(item.minutes for item in items_of(meeting) if item.is_read_back)


def turns(meeting: Meeting) -> list[tuple[int, str, str]]:
    found = Turn.objects.filter(meeting=meeting).select_related("point")
    return look(lambda: [(turn.position, turn.point.text, turn.outcome) for turn in found])


def now(cast: Cast, meeting: Meeting, point: Point, outcome: PointState = PointState.AGREED) -> None:
    """Taken up by Ada, settled by Sol."""
    do(take_up, by=cast.ada, meeting=meeting.pk, point=point.pk)
    do(settle, by=cast.sol, meeting=meeting.pk, point=point.pk, outcome=outcome)


def undone(meeting: Meeting, by: Membership) -> None:
    tap = look(lambda: Tap.objects.filter(meeting=meeting, by=by, undone_at=None)[0])
    do(undo, by=by, meeting=meeting.pk, tap=tap.pk)


def test_whoever_chairs_sees_now_and_later_and_anybody_while_nobody_chairs(cast: Cast, room: Meeting) -> None:
    raised(cast, room)
    assert [name for name in ("Ada", "Lin", "Sol", "Ben") if "Just raised" in screen(cast, name, room)] == ["Ada"]
    do(leave_seat, by=cast.ada, meeting=room.pk, kind=SeatKind.CHAIR)
    assert [name for name in ("Ada", "Ben") if "Just raised" in screen(cast, name, room)] == ["Ada", "Ben"]


def test_only_whoever_chairs_says_when_and_another_team_finds_nothing(cast: Cast, room: Meeting) -> None:
    [point] = raised(cast, room)
    for service in (take_up, put_off):
        with pytest.raises(NotAllowed) as refused:
            do(service, by=cast.ben, meeting=room.pk, point=point.pk)
        assert refused.value.sentence.startswith("Ada has the chair")
        with pytest.raises(NotFound):
            do(service, by=cast.otto, meeting=room.pk, point=point.pk)
        with pytest.raises(NotFound):
            do(service, by=cast.ada, meeting=room.pk, point=point.pk + 1000)
    do(leave_seat, by=cast.ada, meeting=room.pk, kind=SeatKind.CHAIR)
    do(take_up, by=cast.ben, meeting=room.pk, point=point.pk)


def test_a_team_that_reads_back_all_together_takes_nothing_up(cast: Cast) -> None:
    meeting = live(cast)
    [point] = raised(cast, meeting)
    for service in (take_up, put_off):
        with pytest.raises(NotPossible):
            do(service, by=cast.ada, meeting=meeting.pk, point=point.pk)
    assert "Just raised" not in screen(cast, "Ada", meeting)


def test_now_is_worded_and_agreed_there_and_the_meeting_goes_on_with_its_item(cast: Cast, room: Meeting) -> None:
    one, _two = raised(cast, room, 2)
    on = on_now(room)
    with overheard() as heard:
        for _ in range(2):
            do(take_up, by=cast.ada, meeting=room.pk, point=one.pk)
    assert len([message for message in heard if message["rev"]]) == 1
    begun = read_back_of(room)
    assert (begun.outcome, begun.along, begun.at_turn, begun.pen_id) == ("under_way", True, 1, cast.sol.pk)
    assert on_now(room) == on
    html = screen(cast, "Ben", room)
    assert ("As it came up" in html, "Read-back, point" in html) == (True, False)
    do(type_words, by=cast.sol, meeting=room.pk, point=one.pk, text="Worded at once")
    do(settle, by=cast.sol, meeting=room.pk, point=one.pk, outcome=PointState.AGREED)
    assert (again(one).state, again(one).text, on_now(room)) == ("agreed", "Worded at once", on)
    assert (read_back_of(room).outcome, look(lambda: reading_of(room))) == (Outcome.ALONG, None)
    assert "As it came up" not in screen(cast, "Ben", room)
    assert "Just raised" in screen(cast, "Ada", room)  # the other one


def test_one_at_a_time(cast: Cast, room: Meeting) -> None:
    one, two = raised(cast, room, 2)
    do(take_up, by=cast.ada, meeting=room.pk, point=one.pk)
    with pytest.raises(NotPossible):
        do(take_up, by=cast.ada, meeting=room.pk, point=two.pk)
    do(settle, by=cast.sol, meeting=room.pk, point=one.pk, outcome=PointState.LEFT)
    with pytest.raises(NotPossible):
        do(take_up, by=cast.ada, meeting=room.pk, point=one.pk)
    do(take_up, by=cast.ada, meeting=room.pk, point=two.pk)


def test_later_waits_for_the_closing_slot_and_everybody_reads_that(cast: Cast, room: Meeting) -> None:
    [point] = raised(cast, room)
    for _ in range(2):
        do(put_off, by=cast.ada, meeting=room.pk, point=point.pk)
    assert (again(point).later, count(ReadBack)) == (True, 0)
    assert "Just raised" not in screen(cast, "Ada", room)
    assert "Later, at the read-back" in screen(cast, "Ben", room)
    do(start, by=cast.lin, meeting=room.pk)
    assert turns(room) == [(1, GENERAL[0], "")]


def test_the_slot_is_a_minutes_recap_once_all_is_settled_and_grows_when_something_is_raised(
    cast: Cast, room: Meeting
) -> None:
    one, two = raised(cast, room, 2)
    now(cast, room, one)
    assert slot(room) == 5
    now(cast, room, two, PointState.PARKED)
    assert slot(room) == 1
    do(raise_point, by=cast.lin, meeting=room.pk, text=GENERAL[2])
    assert slot(room) == 5


def test_the_recap_says_what_was_agreed_and_ends(cast: Cast, room: Meeting) -> None:
    one, two = raised(cast, room, 2)
    now(cast, room, one)
    now(cast, room, two, PointState.LEFT)
    do(start, by=cast.ben, meeting=room.pk)
    said = screen(cast, "Ben", room)
    assert (GENERAL[0] in said, "Agreed by those here" in said, "That’s all" in said) == (True, True, True)
    assert next(item.is_now for item in items_of(room) if item.is_read_back)
    do(first_point, by=cast.lin, meeting=room.pk)
    over = read_back_of(room)
    assert (over.outcome, over.along, over.ended_at is not None) == (Outcome.POINTS, False, True)
    assert "1 agreed, 1 left" in screen(cast, "Ben", room)


def test_what_is_left_comes_after_what_was_agreed_and_the_numbers_count_on(cast: Cast, room: Meeting) -> None:
    one, two, three = raised(cast, room, 3)
    now(cast, room, two)
    do(put_off, by=cast.ada, meeting=room.pk, point=one.pk)
    do(start, by=cast.lin, meeting=room.pk, picked=[three.pk, one.pk])
    assert [(n, outcome) for n, _text, outcome in turns(room)] == [(1, "agreed"), (2, ""), (3, "")]
    assert "Start with 2" in screen(cast, "Ben", room)
    do(first_point, by=cast.lin, meeting=room.pk)
    assert "Read-back, point 2 of 3" in screen(cast, "Ben", room)
    for point in (three, one):
        do(settle, by=cast.sol, meeting=room.pk, point=point.pk, outcome=PointState.AGREED)
    assert read_back_of(room).outcome == Outcome.POINTS
    assert "3 agreed" in screen(cast, "Ben", room)
    do(close, by=cast.ada, meeting=room.pk)
    assert look(lambda: {point.pk for point in record_of(again(room)).points}) == {one.pk, two.pk, three.pk}


def test_the_recap_alone_may_be_chosen_and_the_rest_is_carried_over(cast: Cast, room: Meeting) -> None:
    one, two = raised(cast, room, 2)
    with pytest.raises(Invalid):
        do(start, by=cast.lin, meeting=room.pk, picked=[])
    now(cast, room, one)
    assert (
        "Only what we agreed, once more"
        in client_of(cast.lin).get(f"/t/harbour-street/m/{room.pk}/pick/").content.decode()
    )
    do(start, by=cast.lin, meeting=room.pk, picked=[])
    do(first_point, by=cast.lin, meeting=room.pk)
    do(close, by=cast.ada, meeting=room.pk)
    assert look(lambda: [point.pk for point in points_to_read(live(cast))]) == [two.pk]


@pytest.mark.parametrize("how", ["agreed and closed", "no time for the recap", "taken up and closed", "nothing"])
def test_points_agreed_as_they_came_count_as_a_read_back_held(cast: Cast, room: Meeting, how: str) -> None:
    one, two = raised(cast, room, 2)
    if how in ("agreed and closed", "no time for the recap"):
        now(cast, room, one)
    if how == "no time for the recap":
        with pytest.raises(NotPossible):
            do(without_points, by=cast.ben, meeting=room.pk, outcome=Outcome.NONE_TODAY)
        do(without_points, by=cast.ben, meeting=room.pk, outcome=Outcome.NO_TIME)
    if how == "taken up and closed":  # before it was settled: nothing was agreed
        do(take_up, by=cast.ada, meeting=room.pk, point=two.pk)
    do(close, by=cast.ada, meeting=room.pk)
    held = look(lambda: with_learning(Meeting.objects.filter(pk=room.pk)).get().read_back_held)  # type: ignore[attr-defined]
    assert held is (how in ("agreed and closed", "no time for the recap"))
    assert look(lambda: list(ReadBack.objects.filter(outcome__in=[Outcome.ALONG, Outcome.UNDER_WAY]))) == []


def test_leaving_a_point_that_was_taken_up_leaves_it_for_later(cast: Cast, room: Meeting) -> None:
    one, two = raised(cast, room, 2)
    do(take_up, by=cast.ada, meeting=room.pk, point=one.pk)
    do(stop, by=cast.ada, meeting=room.pk)
    assert (count(ReadBack), turns(room), again(one).later) == (0, [], True)
    now(cast, room, two)
    do(take_up, by=cast.ada, meeting=room.pk, point=one.pk)
    do(stop, by=cast.ada, meeting=room.pk)
    assert (read_back_of(room).outcome, turns(room)) == (Outcome.ALONG, [(1, GENERAL[1], "agreed")])


def test_anyone_takes_the_pen_of_a_point_that_came_up(cast: Cast, room: Meeting) -> None:
    [point] = raised(cast, room)
    do(take_up, by=cast.ada, meeting=room.pk, point=point.pk)
    do(take_pen, by=cast.ben, meeting=room.pk)
    do(settle, by=cast.ben, meeting=room.pk, point=point.pk, outcome=PointState.AGREED)
    assert again(point).state == "agreed"


def test_once_the_read_back_was_held_nothing_is_taken_up(cast: Cast, room: Meeting) -> None:
    one, two = raised(cast, room, 2)
    now(cast, room, one)
    do(start, by=cast.lin, meeting=room.pk, picked=[])
    do(first_point, by=cast.lin, meeting=room.pk)
    with pytest.raises(NotPossible):
        do(take_up, by=cast.ada, meeting=room.pk, point=two.pk)


def test_now_later_and_an_outcome_are_undone(cast: Cast, room: Meeting) -> None:
    [point] = raised(cast, room)
    do(take_up, by=cast.ada, meeting=room.pk, point=point.pk)
    undone(room, cast.ada)
    assert (count(ReadBack), turns(room), again(point).state) == (0, [], "raised")
    do(put_off, by=cast.ada, meeting=room.pk, point=point.pk)
    undone(room, cast.ada)
    assert again(point).later is False
    now(cast, room, point)
    assert slot(room) == 1
    undone(room, cast.sol)
    back = read_back_of(room)
    assert (back.outcome, back.along, back.at_turn, slot(room), again(point).state) == (
        "under_way",
        True,
        1,
        5,
        "raised",
    )
    with pytest.raises(NotPossible):
        do(settle, by=cast.sol, meeting=room.pk, point=point.pk + 1, outcome=PointState.AGREED)
    do(settle, by=cast.sol, meeting=room.pk, point=point.pk, outcome=PointState.AGREED)
    with pytest.raises(NotPossible):
        undone(room, cast.ada)  # "now" is long past


def test_the_start_of_the_recap_is_undone(cast: Cast, room: Meeting) -> None:
    [point] = raised(cast, room)
    now(cast, room, point)
    on = on_now(room)
    do(start, by=cast.ben, meeting=room.pk)
    undone(room, cast.ben)
    assert (read_back_of(room).outcome, turns(room), on_now(room)) == (Outcome.ALONG, [(1, GENERAL[0], "agreed")], on)


def test_without_a_read_back_on_the_agenda_points_are_agreed_all_the_same(cast: Cast) -> None:
    as_they_come(cast)
    meeting = live(cast, agenda=[Line(ItemKind.BUSINESS, 20, "Rota")])
    [point] = raised(cast, meeting)
    now(cast, meeting, point)
    do(close, by=cast.ada, meeting=meeting.pk)
    assert read_back_of(meeting).outcome == Outcome.POINTS


@pytest.mark.parametrize("chosen", [None, "both"])
def test_the_last_outcome_of_the_closing_slot_is_undone(cast: Cast, room: Meeting, chosen: str | None) -> None:
    one, two = raised(cast, room, 2)
    now(cast, room, one)
    do(put_off, by=cast.ada, meeting=room.pk, point=two.pk)
    do(start, by=cast.lin, meeting=room.pk, picked=[two.pk] if chosen else None)
    do(first_point, by=cast.sol, meeting=room.pk)
    do(settle, by=cast.sol, meeting=room.pk, point=two.pk, outcome=PointState.PARKED, words=("New", "", "", None))
    undone(room, cast.sol)
    back = read_back_of(room)
    assert (back.outcome, back.along, back.at_turn, again(two).state) == ("under_way", False, 2, "raised")


def test_a_point_whose_raising_was_undone_is_raised_again_and_offered_after_the_item(cast: Cast, room: Meeting) -> None:
    point = do(raise_point, by=cast.lin, meeting=room.pk, text=GENERAL[0])
    undone(room, cast.lin)
    assert ("Just raised" in screen(cast, "Ada", room), 'value="raise"' in screen(cast, "Lin", room)) == (False, True)
    assert 'value="raise"' not in screen(cast, "Ada", room)
    address = f"/t/harbour-street/m/{room.pk}/points/{point.pk}/when/"
    for _tap in range(2):
        assert client_of(cast.lin).post(address, {"when": "raise"}).status_code == 303
    said = screen(cast, "Ada", room)
    assert ("Just raised" in said, again(point).state, again(point).later) == (True, "raised", False)
    assert count(Point) == 1
    undone(room, cast.lin)
    assert again(point).state == "waiting"
    do(raise_again, by=cast.lin, meeting=room.pk, point=point.pk)
    now(cast, room, point)
    assert again(point).state == "agreed"


def test_what_is_raised_again_gives_the_closing_slot_its_minutes_back(cast: Cast, room: Meeting) -> None:
    [one] = raised(cast, room)
    undone(room, cast.lin)
    other = do(raise_point, by=cast.lin, meeting=room.pk, text=GENERAL[1])
    undone(room, cast.lin)
    do(raise_again, by=cast.lin, meeting=room.pk, point=other.pk)
    look(lambda: Point.objects.filter(pk=one.pk).delete())
    now(cast, room, other)
    assert slot(room) == 1
    last = do(raise_point, by=cast.lin, meeting=room.pk, text=GENERAL[2])
    assert slot(room) == 5
    undone(room, cast.lin)
    look(lambda: room.items.filter(kind=ItemKind.READ_BACK).update(minutes=1))
    do(raise_again, by=cast.lin, meeting=room.pk, point=last.pk)
    assert slot(room) == 5


def test_only_the_holder_raises_again_and_only_as_they_come(cast: Cast, room: Meeting) -> None:
    [point] = raised(cast, room)
    undone(room, cast.lin)
    with pytest.raises(NotAllowed):
        do(raise_again, by=cast.ada, meeting=room.pk, point=point.pk)
    with pytest.raises(NotFound):
        do(raise_again, by=cast.lin, meeting=room.pk, point=point.pk + 1000)
    together = live(cast)
    do(
        change_agreement,
        by=cast.mo,
        holder_rule=HolderRule.APPOINTED,
        raise_rule=RaiseRule.AT_READ_BACK,
        read_back_minutes=5,
        way_out="Ring.",
    )
    [waits] = raised(cast, together)
    with pytest.raises(NotPossible):
        do(raise_again, by=cast.lin, meeting=together.pk, point=waits.pk)
    assert again(waits).state == "waiting"
    assert 'value="raise"' not in screen(cast, "Lin", together)


def test_whoever_chairs_reads_a_point_that_just_came_up_once(cast: Cast, room: Meeting) -> None:
    """It is marked in the list of all, so that the page's style shows it once, where Now and Later are."""
    one, two = raised(cast, room, 2)
    now(cast, room, one)
    with overheard() as heard:
        do(put_off, by=cast.ada, meeting=room.pk, point=two.pk)
    assert [str(message).count('class="coming"') for message in heard if "raised" in str(message)] != []
    assert 'class="coming"' not in screen(cast, "Ada", room)
    raised(cast, room)
    said = screen(cast, "Ada", room)
    assert said.count('<li class="coming">') == 1
