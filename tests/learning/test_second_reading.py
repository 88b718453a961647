"""Read: nobody could tell who. Said of certain words, by somebody who didn't write them."""

import pytest

from core.errors import NotAllowed, NotPossible
from learning.models import Point, Wording
from learning.roles import PointState
from learning.services.read_back import settle, take_pen, tick_read, type_words
from meetings.models import Meeting, Tap
from meetings.services.taps import undo
from tests.cast import Cast, again, client_of, do, look, overheard, reading, verbs
from tests.marks import ROWS

pytestmark = ROWS

LINE = "Ben has read it: nobody could tell who."
BOX = "Read: nobody could tell who"


def screen(cast: Cast, name: str, meeting: Meeting) -> str:
    return client_of(cast.us[name]).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()


def readers(point: Point) -> list[str]:
    """Who read each wording."""
    found = Wording.objects.filter(point=point).select_related("read_by__user").order_by("n")
    return look(lambda: [each.read_by.first_name if each.read_by else "" for each in found])


def test_somebody_else_ticks_it_and_the_pen_is_told(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    assert [name for name in ("Ben", "Ada", "Sol", "Lin") if BOX in screen(cast, name, meeting)] == [
        "Ben",
        "Ada",
        "Lin",
    ]
    with overheard() as heard:
        do(tick_read, by=cast.ben, meeting=meeting.pk, point=point.pk)
    [told] = [message for message in heard if message["rev"]]
    assert (told["subjects"], LINE in told["html"]["member"], "read it" in told["html"]["wall"]) == (
        ["words"],
        True,
        False,
    )
    assert LINE in screen(cast, "Sol", meeting)
    assert verbs(cast.team)[-1] == "wording read"
    do(tick_read, by=cast.kit, meeting=meeting.pk, point=point.pk)  # one is enough
    assert readers(point) == ["Ben"]


def test_whoever_types_or_wrote_the_words_does_not_read_them(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    for member in (cast.sol, cast.lin):  # who has the pen; who raised it in these words
        with pytest.raises(NotAllowed):
            do(tick_read, by=member, meeting=meeting.pk, point=point.pk)
    do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, text="Sol’s own words")
    do(take_pen, by=cast.ben, meeting=meeting.pk)
    with pytest.raises(NotAllowed):
        do(tick_read, by=cast.sol, meeting=meeting.pk, point=point.pk)
    do(tick_read, by=cast.lin, meeting=meeting.pk, point=point.pk)
    assert readers(point) == ["", "Lin"]


def test_who_typed_the_words_is_kept_whoever_settles_them(cast: Cast) -> None:
    """Sol types, Ada parks; it is undone, and Ben takes the pen: the words are still Sol's, who doesn't read them."""
    meeting, [point] = reading(cast)
    do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, text="Sol’s own words")
    do(settle, by=cast.ada, meeting=meeting.pk, point=point.pk, outcome=PointState.PARKED)
    do(undo, by=cast.ada, meeting=meeting.pk, tap=look(lambda: Tap.objects.filter(by=cast.ada)[0].pk))
    do(take_pen, by=cast.ben, meeting=meeting.pk)
    with pytest.raises(NotAllowed):
        do(tick_read, by=cast.sol, meeting=meeting.pk, point=point.pk)
    do(tick_read, by=cast.ada, meeting=meeting.pk, point=point.pk)


def test_changed_words_lose_it_and_only_then_is_it_asked_again(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    do(tick_read, by=cast.ben, meeting=meeting.pk, point=point.pk)
    do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, text=point.text)  # the same once more
    assert LINE in screen(cast, "Sol", meeting)
    with overheard() as heard:
        do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, text=f"{point.text} today")
    assert "has read it" not in str(heard)
    assert "has read it" not in screen(cast, "Kit", meeting)
    do(tick_read, by=cast.kit, meeting=meeting.pk, point=point.pk)
    do(settle, by=cast.sol, meeting=meeting.pk, point=point.pk, outcome=PointState.AGREED)
    assert readers(point) == ["Ben", "Kit"]
    assert look(lambda: [each.agreed for each in Wording.objects.filter(point=point).order_by("n")]) == [False, True]


def test_what_was_read_is_what_was_on_the_screen(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    do(type_words, by=cast.sol, meeting=meeting.pk, point=point.pk, text="Newer words")
    address = f"/t/harbour-street/m/{meeting.pk}/read-back/{point.pk}/read/"
    ben = client_of(cast.ben)
    assert ben.post(address, {"read": "1", "version": str(point.version)}).status_code == 409
    assert readers(point) == [""]
    assert ben.post(address, {"read": "1", "version": str(again(point).version)}).status_code == 303
    assert readers(point) == ["", "Ben"]


def test_agreeing_needs_no_second_reading_and_an_empty_point_has_nothing_to_read(cast: Cast) -> None:
    meeting, [one, two] = reading(cast, 2)
    do(settle, by=cast.sol, meeting=meeting.pk, point=one.pk, outcome=PointState.AGREED)
    assert (again(one).state, readers(one)) == ("agreed", [""])
    do(type_words, by=cast.sol, meeting=meeting.pk, point=two.pk, text="")
    with pytest.raises(NotPossible):
        do(tick_read, by=cast.ben, meeting=meeting.pk, point=two.pk)
    with pytest.raises(NotPossible):
        do(tick_read, by=cast.ben, meeting=meeting.pk, point=one.pk)


def test_it_is_taken_back_within_half_a_minute_by_whoever_said_it(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    do(tick_read, by=cast.ben, meeting=meeting.pk, point=point.pk)
    tap = look(lambda: Tap.objects.filter(by=cast.ben)[0])
    do(undo, by=cast.ben, meeting=meeting.pk, tap=tap.pk)
    assert readers(point) == [""]
