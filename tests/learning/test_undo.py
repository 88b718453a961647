"""What can be undone of a read-back, and that it is then as if it had never been."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.errors import NotPossible
from learning.models import Point, ReadBack, Turn, Wording
from learning.roles import Outcome, PointState
from learning.services.other_views import see_differently
from learning.services.points import raise_point
from learning.services.read_back import first_point, settle, start, stop, take_pen, type_words, without_points
from meetings.models import Item, Meeting, Tap
from meetings.services.agenda import next_item
from meetings.services.taps import undo
from teams.models import Membership
from tests.cast import Cast, again, as_they_come, client_of, do, items_of, live, look, raised, read_back_of, reading
from tests.marks import ROWS

pytestmark = ROWS


def standing(meeting: Meeting) -> Any:
    """All that a read-back moves."""
    return look(
        lambda: (
            list(ReadBack.objects.filter(meeting=meeting).values("outcome", "pen", "along", "at_turn")),
            list(Turn.objects.filter(meeting=meeting).values("point", "position", "outcome", "recorded_by", "at")),
            list(
                Point.objects.filter(meeting=meeting)
                .order_by("pk")
                .values("state", "settled_at", "position", "later", "text")
            ),
            list(Item.objects.filter(meeting=meeting).values("pk", "position", "minutes", "started_at", "ended_at")),
            list(Wording.objects.filter(point__meeting=meeting, agreed=True).values("point", "n")),
        )
    )


def last_tap(meeting: Meeting, by: Membership) -> Tap:
    return look(lambda: Tap.objects.filter(meeting=meeting, by=by, undone_at=None)[0])


def undone(meeting: Meeting, by: Membership) -> None:
    do(undo, by=by, meeting=meeting.pk, tap=last_tap(meeting, by).pk)


def test_the_start_is_undone_and_the_points_wait_again(cast: Cast) -> None:
    meeting = live(cast)
    points = raised(cast, meeting, 3)
    do(next_item, by=cast.ada, meeting=meeting.pk, after=items_of(meeting)[0].pk)
    before = standing(meeting)
    do(start, by=cast.lin, meeting=meeting.pk, picked=[points[2].pk, points[0].pk])
    assert standing(meeting) != before
    assert (
        "You started the read-back." in client_of(cast.lin).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()
    )
    undone(meeting, cast.lin)
    assert standing(meeting) == before


def test_the_start_stays_once_the_first_point_is_being_agreed(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting)
    do(start, by=cast.lin, meeting=meeting.pk)
    do(first_point, by=cast.ada, meeting=meeting.pk)
    before = standing(meeting)
    with pytest.raises(NotPossible):
        undone(meeting, cast.lin)
    assert standing(meeting) == before


def test_the_start_stays_where_the_meeting_went_on_to_another_item(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting)
    do(start, by=cast.lin, meeting=meeting.pk)
    on = next(item for item in items_of(meeting) if item.is_now)
    do(next_item, by=cast.ada, meeting=meeting.pk, after=on.pk)
    with pytest.raises(NotPossible):
        undone(meeting, cast.lin)
    assert read_back_of(meeting).is_under_way


@pytest.mark.parametrize("begun", ["not at all", "said", "at a point", "no time"])
@pytest.mark.parametrize("outcome", [Outcome.NONE_TODAY, Outcome.NO_TIME])
def test_no_learning_point_and_no_time_are_undone(cast: Cast, begun: str, outcome: Outcome) -> None:
    meeting = live(cast)
    raised(cast, meeting, 2)
    if begun in ("said", "at a point"):
        do(start, by=cast.lin, meeting=meeting.pk)
    if begun == "at a point":
        do(first_point, by=cast.lin, meeting=meeting.pk)
    if begun == "no time":
        do(without_points, by=cast.ada, meeting=meeting.pk, outcome=Outcome.NO_TIME)
    before = standing(meeting)
    do(without_points, by=cast.ben, meeting=meeting.pk, outcome=outcome)
    undone(meeting, cast.ben)
    assert standing(meeting) == before


@pytest.mark.parametrize("outcome", [PointState.AGREED, PointState.TWO_VIEWS, PointState.PARKED, PointState.LEFT])
@pytest.mark.parametrize("number", [1, 2])
def test_an_outcome_is_undone_with_its_turn_and_its_place(cast: Cast, outcome: PointState, number: int) -> None:
    meeting, points = reading(cast, number)
    do(see_differently, by=cast.ben, meeting=meeting.pk, point=points[0].pk, text="Not always")
    before = standing(meeting)
    do(settle, by=cast.sol, meeting=meeting.pk, point=points[0].pk, outcome=outcome)
    undone(meeting, cast.sol)
    assert standing(meeting) == before
    assert read_back_of(meeting).ended_at is None
    do(settle, by=cast.sol, meeting=meeting.pk, point=points[0].pk, outcome=outcome)


def test_undoing_an_outcome_loses_no_word(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    words = ("Newer words", "always", "write it", cast.ben)
    do(settle, by=cast.sol, meeting=meeting.pk, point=point.pk, outcome=PointState.AGREED, words=words)
    undone(meeting, cast.sol)
    now = again(point)
    assert (now.state, now.text, now.applies, now.action, now.owner_id) == ("raised", *words[:3], cast.ben.pk)


def test_only_the_last_outcome_is_undone(cast: Cast) -> None:
    meeting, [one, two] = reading(cast, 2)
    do(settle, by=cast.sol, meeting=meeting.pk, point=one.pk, outcome=PointState.AGREED)
    do(settle, by=cast.ada, meeting=meeting.pk, point=two.pk, outcome=PointState.PARKED)
    before = standing(meeting)
    with pytest.raises(NotPossible):
        undone(meeting, cast.sol)
    assert standing(meeting) == before
    undone(meeting, cast.ada)
    undone(meeting, cast.sol)
    assert [again(point).state for point in (one, two)] == ["raised", "raised"]


def test_half_a_minute_later_an_outcome_stays(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    do(settle, by=cast.sol, meeting=meeting.pk, point=point.pk, outcome=PointState.AGREED)
    with clock.at(clock.now() + timedelta(seconds=31)), pytest.raises(NotPossible):
        undone(meeting, cast.sol)
    assert again(point).state == "agreed"


def _first(cast: Cast, meeting: Meeting, points: list[Point]) -> None:
    do(first_point, by=cast.ben, meeting=meeting.pk)


def _pen(cast: Cast, meeting: Meeting, points: list[Point]) -> None:
    do(take_pen, by=cast.ben, meeting=meeting.pk)


def _stop(cast: Cast, meeting: Meeting, points: list[Point]) -> None:
    do(stop, by=cast.ben, meeting=meeting.pk)


@pytest.mark.parametrize("tap", [_first, _pen, _stop])
def test_the_lesser_taps_are_undone(cast: Cast, tap: Callable[[Cast, Meeting, list[Point]], None]) -> None:
    meeting = live(cast)
    points = raised(cast, meeting, 2)
    do(start, by=cast.lin, meeting=meeting.pk)
    if tap is not _first:
        do(first_point, by=cast.lin, meeting=meeting.pk)
    before = standing(meeting)
    tap(cast, meeting, points)
    assert standing(meeting) != before
    undone(meeting, cast.ben)
    assert standing(meeting) == before


def test_the_pen_is_not_given_back_once_somebody_else_has_it(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    do(take_pen, by=cast.ben, meeting=meeting.pk)
    do(take_pen, by=cast.kit, meeting=meeting.pk)
    do(type_words, by=cast.kit, meeting=meeting.pk, point=point.pk, text="Kit’s words")
    with pytest.raises(NotPossible):
        undone(meeting, cast.ben)
    assert read_back_of(meeting).pen_id == cast.kit.pk


def test_a_point_raised_for_all_to_see_waits_with_its_words_when_undone(cast: Cast) -> None:
    as_they_come(cast)
    meeting = live(cast)
    point = do(raise_point, by=cast.lin, meeting=meeting.pk, text="Too early: sandpiper")
    undone(meeting, cast.lin)
    assert (again(point).state, again(point).text) == ("waiting", "Too early: sandpiper")
    address = f"/t/harbour-street/m/{meeting.pk}/"
    assert "sandpiper" in client_of(cast.lin).get(address).content.decode()
    assert "sandpiper" not in client_of(cast.ben).get(address).content.decode()


def test_an_older_taking_of_the_pen_is_not_undone_once_it_was_taken_anew(cast: Cast) -> None:
    meeting, _ = reading(cast)
    do(take_pen, by=cast.ben, meeting=meeting.pk)
    shown = last_tap(meeting, cast.ben)
    do(take_pen, by=cast.kit, meeting=meeting.pk)
    do(take_pen, by=cast.ben, meeting=meeting.pk)
    with pytest.raises(NotPossible):
        do(undo, by=cast.ben, meeting=meeting.pk, tap=shown.pk)
    undone(meeting, cast.ben)
    assert read_back_of(meeting).pen_id == cast.kit.pk
