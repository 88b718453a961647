"""The read-back: picked, said, worded with one pen, settled, carried over; and its other two outcomes."""

import pytest
from django.db import IntegrityError

from core.errors import Invalid, NotAllowed, NotFound, NotPossible
from core.guard import Identifying
from core.scope import everything
from learning.models import Point, ReadBack, Turn, Wording
from learning.queries import lately, record_of, unreached
from learning.queries import raised as raised_in
from learning.queries import reading as reading_of
from learning.roles import Outcome, PointState
from learning.services.offers import make_offer, take_offer
from learning.services.points import raise_point, withdraw_point
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
from meetings.models import Meeting, Tap
from meetings.roles import SeatKind
from meetings.services.running import close
from meetings.services.seats import leave_seat
from meetings.services.taps import undo
from tests.cast import (
    GENERAL,
    Cast,
    again,
    client_of,
    closed,
    count,
    do,
    items_of,
    live,
    look,
    overheard,
    person_of,
    planned,
    raised,
    read_back_of,
    reading,
    verbs,
)
from tests.cast import settle as settled_by_sol
from tests.marks import ROWS

pytestmark = ROWS


def turns(meeting: Meeting) -> list[tuple[int, str, str]]:
    found = Turn.objects.filter(meeting=meeting).select_related("point")
    return look(lambda: [(turn.position, turn.point.text, turn.outcome) for turn in found])


def wordings(point: Point) -> list[tuple[str, str, bool]]:
    found = Wording.objects.filter(point=point).select_related("typed_by__user")
    return look(lambda: [(w.text, w.typed_by.first_name if w.typed_by else "", w.agreed) for w in found])


def test_it_starts_with_the_picked_points_in_the_order_of_the_pick(cast: Cast) -> None:
    meeting = live(cast)
    one, two, three = raised(cast, meeting, 3)
    do(start, by=cast.lin, meeting=meeting.pk, picked=[three.pk, one.pk])
    assert turns(meeting) == [(1, GENERAL[2], ""), (2, GENERAL[0], "")]
    assert [again(point).state for point in (one, two, three)] == ["raised", "waiting", "raised"]
    begun = read_back_of(meeting)
    assert (begun.outcome, begun.at_turn, begun.pen_id, begun.by_id) == ("under_way", 0, cast.sol.pk, cast.lin.pk)


def test_without_a_pick_it_starts_with_the_first_three_and_any_member_may(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting, 4)
    do(start, by=cast.ben, meeting=meeting.pk)
    assert [text for _n, text, _outcome in turns(meeting)] == list(GENERAL[:3])


def test_starting_twice_starts_once(cast: Cast) -> None:
    meeting = live(cast)
    one, two = raised(cast, meeting, 2)
    do(start, by=cast.lin, meeting=meeting.pk, picked=[one.pk])
    do(start, by=cast.ada, meeting=meeting.pk, picked=[two.pk])
    assert turns(meeting) == [(1, GENERAL[0], "")]
    assert verbs(cast.team).count("read-back started") == 1


def test_four_points_and_none_are_refused_and_nothing_has_begun(cast: Cast) -> None:
    meeting = live(cast)
    with pytest.raises(Invalid):
        do(start, by=cast.lin, meeting=meeting.pk)
    four = raised(cast, meeting, 4)
    with pytest.raises(Invalid):
        do(start, by=cast.lin, meeting=meeting.pk, picked=[point.pk for point in four])
    assert (count(ReadBack), count(Turn), count(Point, state="raised")) == (0, 0, 0)


def test_the_meeting_goes_to_its_read_back_item(cast: Cast) -> None:
    meeting, _points = reading(cast)
    assert [(item.kind, item.is_now) for item in items_of(meeting) if item.is_now] == [("read_back", True)]


def test_the_pen_goes_to_the_scribe_else_the_chair_else_whoever_starts(cast: Cast) -> None:
    pens = []
    for empty in ((), (SeatKind.SCRIBE,), (SeatKind.SCRIBE, SeatKind.CHAIR)):
        meeting = live(cast)
        for kind in empty:
            do(leave_seat, by=cast.ada, meeting=meeting.pk, kind=kind)
        raised(cast, meeting)
        do(start, by=cast.ben, meeting=meeting.pk)
        pens.append(read_back_of(meeting).pen_id)
    assert pens == [cast.sol.pk, cast.ada.pk, cast.ben.pk]


def test_the_first_point_comes_when_the_holder_has_said_them_and_a_second_tap_stays(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting, 2)
    do(start, by=cast.lin, meeting=meeting.pk)
    for _ in range(2):
        do(first_point, by=cast.lin, meeting=meeting.pk)
    assert read_back_of(meeting).at_turn == 1


def test_only_the_pen_types_and_everybody_sees_the_words_at_once(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    with pytest.raises(NotAllowed) as refused:
        do(type_words, by=cast.lin, meeting=meeting.pk, point=point.pk, text="Mine")
    assert refused.value.sentence.startswith("Sol has the pen.")
    with overheard() as heard:
        do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, text="A call the day before kingfisher")
    [told] = heard
    assert (told["subjects"], "kingfisher" in told["html"]["member"], "kingfisher" in told["html"]["wall"]) == (
        ["words"],
        True,
        True,
    )
    assert again(point).text == "A call the day before kingfisher"


def test_anyone_takes_the_pen_and_the_words_so_far_are_kept_as_a_wording(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, text="Sol’s words")
    for _ in range(2):
        do(take_pen, by=cast.ben, meeting=meeting.pk)
    with pytest.raises(NotAllowed):
        do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, text="Late")
    do(type_words, by=cast.ben, meeting=meeting.pk, point=point.pk, text="Ben’s words", owner=cast.kit)
    do(settle, by=cast.ben, meeting=meeting.pk, point=point.pk, outcome=PointState.AGREED)
    assert wordings(point) == [(GENERAL[0], "Lin", False), ("Sol’s words", "Sol", False), ("Ben’s words", "Ben", True)]
    assert again(point).owner_id == cast.kit.pk
    assert verbs(cast.team).count("pen taken") == 1


def test_words_that_say_who_somebody_is_stop_and_the_last_ones_stand(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    for field in ("text", "applies", "action"):
        words = {"text": "Fine", field: "NHS 943 476 5919"}
        with overheard() as heard, pytest.raises(Identifying) as refused:
            do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, **words)  # type: ignore[arg-type]
        assert (refused.value.field, heard) == (field, [])
    assert again(point).text == GENERAL[0]


def test_agreed_parked_and_left_are_recorded_and_the_next_point_comes(cast: Cast) -> None:
    meeting, points = reading(cast, 3)
    for number, (point, outcome) in enumerate(
        zip(points, (PointState.AGREED, PointState.PARKED, PointState.LEFT), strict=True), start=1
    ):
        assert read_back_of(meeting).at_turn == number
        do(settle, by=cast.sol, meeting=meeting.pk, point=point.pk, outcome=outcome)
    assert [outcome for _n, _text, outcome in turns(meeting)] == ["agreed", "parked", "left"]
    assert [again(point).state for point in points] == ["agreed", "parked", "left"]
    assert all(again(point).settled_at for point in points)
    over = read_back_of(meeting)
    assert (over.outcome, over.ended_at is not None) == (Outcome.POINTS, True)
    assert [agreed for _text, _by, agreed in wordings(points[0])] == [True]
    found = look(lambda: reading_of(meeting))
    assert found is not None
    assert look(lambda: (found.agreed, found.parked, found.left, found.turn)) == (1, 1, 1, None)


def test_a_second_tap_settles_nothing_else(cast: Cast) -> None:
    meeting, [one, two] = reading(cast, 2)
    settled_by_sol(cast, meeting, one)
    with pytest.raises(NotPossible):
        do(settle, by=cast.ada, meeting=meeting.pk, point=one.pk, outcome=PointState.LEFT)
    assert [again(point).state for point in (one, two)] == ["agreed", "raised"]


def test_whoever_has_neither_seat_nor_pen_settles_nothing(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    for member in (cast.ben, cast.mo, cast.lin):
        with pytest.raises(NotAllowed):
            do(settle, by=member, meeting=meeting.pk, point=point.pk, outcome=PointState.AGREED)
    with pytest.raises(NotFound):
        do(settle, by=cast.otto, meeting=meeting.pk, point=point.pk, outcome=PointState.AGREED)
    with pytest.raises(NotAllowed):  # the last words are the pen's alone, whoever may settle
        do(
            settle,
            by=cast.ada,
            meeting=meeting.pk,
            point=point.pk,
            outcome=PointState.AGREED,
            words=("Ada’s", "", "", None),
        )
    assert again(point).state == PointState.RAISED


def test_a_point_without_words_is_not_agreed(cast: Cast) -> None:
    meeting = live(cast)
    aloud = do(raise_point, by=cast.lin, meeting=meeting.pk, text="", aloud=True)
    do(start, by=cast.lin, meeting=meeting.pk, picked=[aloud.pk])
    do(first_point, by=cast.lin, meeting=meeting.pk)
    with pytest.raises(Invalid) as refused:
        do(settle, by=cast.sol, meeting=meeting.pk, point=aloud.pk, outcome=PointState.AGREED)
    assert refused.value.field == "text"
    words = ("Said and now written", "always", "write it", cast.ben)
    do(settle, by=cast.sol, meeting=meeting.pk, point=aloud.pk, outcome=PointState.AGREED, words=words)
    agreed = again(aloud)
    assert (agreed.state, agreed.text, agreed.applies, agreed.action, agreed.owner_id) == (
        "agreed",
        *words[:3],
        cast.ben.pk,
    )
    with pytest.raises(IntegrityError, match="agreed_points_have_words"), everything("a test"):
        Point.objects.filter(pk=aloud.pk).update(text="")


def test_nobody_of_another_team_sees_to_a_point(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    with pytest.raises(Invalid) as refused:
        do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, text="x", owner=cast.otto)
    assert refused.value.field == "owner"


def test_stopping_ends_it_and_what_was_not_reached_opens_the_next_one(cast: Cast) -> None:
    meeting, [one, two, three] = reading(cast, 3)
    settled_by_sol(cast, meeting, one)
    for _ in range(2):
        do(stop, by=cast.ben, meeting=meeting.pk)
    assert read_back_of(meeting).outcome == Outcome.POINTS
    assert look(lambda: [point.pk for point in unreached(meeting)]) == [two.pk, three.pk]
    do(close, by=cast.ada, meeting=meeting.pk)

    later = live(cast, holder="Ben")
    [new] = [do(raise_point, by=cast.ben, meeting=later.pk, text=GENERAL[3])]
    assert look(lambda: [point.pk for point in points_to_read(later)]) == [two.pk, three.pk, new.pk]
    do(start, by=cast.ben, meeting=later.pk)
    do(first_point, by=cast.ben, meeting=later.pk)
    settled_by_sol(cast, later, two)
    assert (again(two).state, again(two).meeting_id) == ("agreed", meeting.pk)  # a point stays where it was raised
    assert [outcome for _n, _text, outcome in turns(meeting)] == ["agreed", "", ""]
    assert [outcome for _n, _text, outcome in turns(later)] == ["agreed", "", ""]
    assert look(lambda: [point.pk for point in record_of(later).points]) == [two.pk]
    assert look(lambda: [point.pk for point in record_of(meeting).points]) == [one.pk]


def test_what_is_raised_after_it_is_counted_among_what_is_carried_over_on_every_screen(cast: Cast) -> None:
    meeting, [one, _two] = reading(cast, 2)

    def shown() -> tuple[int, int]:
        found = Meeting.objects.get(pk=meeting.pk)
        return found.changed["readback"], len(unreached(found, reading_of(found)))

    settled_by_sol(cast, meeting, one)
    do(stop, by=cast.ben, meeting=meeting.pk)
    before, number = look(shown)
    late = do(raise_point, by=cast.lin, meeting=meeting.pk, text=GENERAL[3])
    raised, more = look(shown)
    assert (raised > before, more) == (True, number + 1)
    do(withdraw_point, by=cast.lin, meeting=meeting.pk, point=late.pk)
    taken, fewer = look(shown)
    assert (taken > raised, fewer) == (True, number)


def test_closing_ends_a_read_back_under_way_and_raises_what_waited(cast: Cast) -> None:
    meeting = live(cast)
    one, two = raised(cast, meeting, 2)
    aloud = do(raise_point, by=cast.lin, meeting=meeting.pk, text="", aloud=True)
    do(start, by=cast.lin, meeting=meeting.pk, picked=[one.pk])
    do(close, by=cast.ada, meeting=meeting.pk)
    over = read_back_of(meeting)
    assert (over.outcome, over.ended_at is not None) == (Outcome.POINTS, True)
    assert [again(point).state for point in (one, two, aloud)] == ["raised", "raised", "waiting"]


def test_no_learning_point_today_is_one_tap_and_whole(cast: Cast) -> None:
    meeting = live(cast)
    do(without_points, by=cast.ben, meeting=meeting.pk, outcome=Outcome.NONE_TODAY)
    said = read_back_of(meeting)
    assert (said.outcome, said.ended_at is not None, said.pen_id, count(Turn)) == ("none_today", True, None, 0)
    assert "No learning point today" in client_of(cast.ada).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()


def test_it_may_be_said_instead_of_a_read_back_just_begun_but_not_once_a_point_is_settled(cast: Cast) -> None:
    meeting, [one, two] = reading(cast, 2)
    do(without_points, by=cast.lin, meeting=meeting.pk, outcome=Outcome.NONE_TODAY)
    assert (read_back_of(meeting).outcome, turns(meeting)) == ("none_today", [])
    assert [again(point).state for point in (one, two)] == ["raised", "raised"]
    do(start, by=cast.lin, meeting=meeting.pk)
    do(first_point, by=cast.lin, meeting=meeting.pk)
    settled_by_sol(cast, meeting, one)
    with pytest.raises(NotPossible):
        do(without_points, by=cast.lin, meeting=meeting.pk, outcome=Outcome.NO_TIME)
    assert read_back_of(meeting).outcome == Outcome.UNDER_WAY


def test_no_time_today_may_still_become_a_read_back(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting)
    do(without_points, by=cast.lin, meeting=meeting.pk, outcome=Outcome.NO_TIME)
    assert read_back_of(meeting).outcome == "no_time"
    do(start, by=cast.lin, meeting=meeting.pk)
    assert (read_back_of(meeting).outcome, read_back_of(meeting).ended_at) == ("under_way", None)


def test_before_and_after_the_meeting_there_is_no_read_back(cast: Cast) -> None:
    for meeting in (planned(cast), closed(cast, agreed=0)):
        with pytest.raises(NotPossible):
            do(start, by=cast.lin, meeting=meeting.pk)
        with pytest.raises(NotPossible):
            do(without_points, by=cast.lin, meeting=meeting.pk, outcome=Outcome.NONE_TODAY)
        with pytest.raises(NotPossible):
            do(take_pen, by=cast.lin, meeting=meeting.pk)
    assert count(ReadBack) == 0


def test_a_read_back_that_is_over_takes_no_words(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    settled_by_sol(cast, meeting, point)
    with pytest.raises(NotPossible):
        do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, text="Late words")
    assert again(point).text == GENERAL[0]


def test_what_the_room_sees_begins_with_what_was_raised(cast: Cast) -> None:
    meeting = live(cast)
    one, _two = raised(cast, meeting, 2)
    assert look(lambda: raised_in(again(meeting))) == []
    do(start, by=cast.lin, meeting=meeting.pk, picked=[one.pk])
    assert look(lambda: [point.pk for point in raised_in(again(meeting))]) == [one.pk]


def test_only_agreed_points_are_what_the_team_learned_lately(cast: Cast) -> None:
    meeting, points = reading(cast, 3)
    settled_by_sol(cast, meeting, points[0])
    settled_by_sol(cast, meeting, points[1], PointState.PARKED)
    assert look(lambda: [point.pk for point in lately(person_of(cast.ben))]) == [points[0].pk]


def test_a_reason_for_leaving_a_point_is_kept_for_whoever_offered_it_and_undone_with_it(cast: Cast) -> None:
    meeting = live(cast)
    offer = do(make_offer, by=cast.ben, meeting=meeting.pk, text="Ring first")
    point = do(take_offer, by=cast.lin, meeting=meeting.pk, offer=offer.pk)
    do(start, by=cast.lin, meeting=meeting.pk)
    do(first_point, by=cast.lin, meeting=meeting.pk)
    address = f"/t/harbour-street/m/{meeting.pk}/read-back/{point.pk}/"
    stopped = client_of(cast.sol).post(
        address, {"outcome": "left", "reason": "999 123 4570"}, headers={"HX-Request": "true"}
    )
    assert (stopped.status_code, "<html" in stopped.content.decode(), again(point).state) == (422, False, "raised")
    assert client_of(cast.sol).post(address, {"outcome": "left", "reason": "We do it: plover"}).status_code == 303
    room = client_of(cast.ben).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()
    assert "read back, and left: We do it: plover" in room
    tap = look(lambda: Tap.objects.filter(meeting=meeting, verb="settle")[0])
    do(undo, by=cast.sol, meeting=meeting.pk, tap=tap.pk)
    assert look(lambda: Turn.objects.get(meeting=meeting).reason) == ""
    do(settle, by=cast.sol, meeting=meeting.pk, point=point.pk, outcome=PointState.AGREED, reason="of no other outcome")
    assert look(lambda: Turn.objects.get(meeting=meeting).reason) == ""
    do(close, by=cast.ada, meeting=meeting.pk)
    page = client_of(cast.ben).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()
    assert ("What became of what you offered" in page, "It was read back, and agreed" in page) == (True, True)
    assert (
        "What became of what you offered"
        not in client_of(cast.kit).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()
    )
