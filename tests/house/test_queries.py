"""How many queries a page takes: as many with one thing on it as with many, and no more than this."""

from collections.abc import Callable
from copy import copy
from uuid import uuid4

import pytest
from django.db.models import Model
from django.db.models.base import ModelState

from core.live import quiet
from core.scope import everything
from learning.services import read_back
from learning.services.jottings import keep_jotting
from learning.services.offers import make_offer
from learning.services.points import notice, raise_point
from learning.services.summary import send
from learning.urls import PieceConverter
from meetings.models import ItemKind, Meeting
from meetings.services.planning import Line
from meetings.services.running import tick_attendance
from tests.cast import Cast, again, as_they_come, client_of, closed, counted, do, live, planned
from tests.marks import ROWS

pytestmark = ROWS


def queries(cast: Cast, name: str, address: str) -> int:
    browser = client_of(getattr(cast, name))
    with counted() as number:
        assert browser.get(address).status_code == 200
    return number()


def closed_page(cast: Cast, number: int) -> str:
    meeting = closed(cast, agreed=number)
    do(send, by=cast.lin, meeting=meeting.pk)
    return f"/t/harbour-street/m/{meeting.pk}/"


def home(cast: Cast, number: int) -> str:
    for _ in range(number):
        closed(cast)
        planned(cast)
    return "/t/harbour-street/"


def dashboard(cast: Cast, number: int) -> str:
    for _ in range(number):
        _sent(cast, closed(cast))
    return "/t/harbour-street/learning/"


def _sent(cast: Cast, meeting: Meeting) -> None:
    do(send, by=cast.lin, meeting=again(meeting).pk)


PAGES: dict[str, tuple[Callable[[Cast, int], str], str, int]] = {
    "a closed meeting": (closed_page, "ben", 18),
    "the team’s home": (home, "ben", 13),
    "the dashboard": (dashboard, "mo", 9),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_takes_as_many_queries_with_three_as_with_one(cast: Cast, page: str) -> None:
    address, name, number = PAGES[page]
    assert [queries(cast, name, address(cast, 1)), queries(cast, name, address(cast, 3))] == [number, number]


# --- The room: BEGIN and COMMIT are counted too ---

ROOM = 12  # the most, whoever looks, and whenever
PIECE = 9  # the most for one of its personal pieces


def long_agenda(cast: Cast, number: int) -> list[Line]:
    return [*(Line(ItemKind.CASE, 5, presenter=cast.ben.pk) for _ in range(number)), Line(ItemKind.READ_BACK, 5)]


def before(cast: Cast, number: int) -> Meeting:
    return planned(cast, agenda=long_agenda(cast, number))


def under_way(cast: Cast, number: int) -> Meeting:
    """Something in every place: jottings, offers, points, what was noticed; who is here is ticked, and three of us have tapped."""
    meeting = live(cast, agenda=long_agenda(cast, number))
    with quiet():
        first: list[Model] = [
            do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="calmer at the door"),
            do(make_offer, by=cast.ben, meeting=meeting.pk, text="Keep one list of who answers the phone"),
            do(notice, by=cast.lin, meeting=meeting.pk, text="We slowed down and thought better for it"),
            do(
                raise_point,
                by=cast.lin,
                meeting=meeting.pk,
                text="A short call the day before makes a first visit easier to keep",
            ),
        ]
        do(tick_attendance, by=cast.ben, meeting=meeting.pk, here=[cast.ada.pk, cast.lin.pk, cast.ben.pk])
        do(tick_attendance, by=cast.lin, meeting=meeting.pk, here=[cast.ada.pk, cast.lin.pk])
        do(tick_attendance, by=cast.ada, meeting=meeting.pk, here=[cast.ada.pk, cast.lin.pk, cast.sol.pk])
    with everything("so many more of each, at once"):
        for row in first:
            type(row)._base_manager.bulk_create(copied(row) for _ in range(1, number))
    return meeting


def copied(row: Model) -> Model:
    again = copy(row)
    again.pk, again.key, again._state = None, uuid4(), ModelState()  # type: ignore[attr-defined]
    return again


def at_the_list(cast: Cast, number: int) -> Meeting:
    meeting = under_way(cast, number)
    with quiet():
        do(read_back.start, by=cast.lin, meeting=meeting.pk)
    return meeting


def at_a_point(cast: Cast, number: int) -> Meeting:
    meeting = at_the_list(cast, number)
    with quiet():
        do(read_back.first_point, by=cast.lin, meeting=meeting.pk)  # Sol has the pen
    return meeting


def stopped(cast: Cast, number: int) -> Meeting:
    meeting = at_a_point(cast, number)
    with quiet():
        do(read_back.stop, by=cast.sol, meeting=meeting.pk)
    return meeting


PIECES = PieceConverter.regex.split("|")
STATES = (before, under_way, at_the_list, at_a_point, stopped)
SEATS = {"Lin": "keeps learning in mind", "Ada": "chairs", "Sol": "scribe", "Ben": "no seat"}


def asked_for(cast: Cast, name: str, meeting: Meeting, piece: str = "") -> int:
    return queries(cast, name.lower(), f"/t/harbour-street/m/{meeting.pk}/{f'pieces/{piece}/' if piece else ''}")


@pytest.mark.parametrize("state", STATES)
def test_the_room_takes_as_many_queries_with_fifty_items_as_with_one_and_few(
    cast: Cast, state: Callable[[Cast, int], Meeting]
) -> None:
    one, fifty = state(cast, 1), state(cast, 50)
    asked = {name: (asked_for(cast, name, one), asked_for(cast, name, fifty)) for name in SEATS}
    assert {name: numbers for name, numbers in asked.items() if numbers[0] != numbers[1] or numbers[1] > ROOM} == {}, (
        asked
    )


def test_the_room_takes_few_where_points_are_seen_at_once(cast: Cast) -> None:
    as_they_come(cast)
    one, fifty = under_way(cast, 1), under_way(cast, 50)
    asked = {name: (asked_for(cast, name, one), asked_for(cast, name, fifty)) for name in SEATS}
    assert {name: numbers for name, numbers in asked.items() if numbers[0] != numbers[1] or numbers[1] > ROOM} == {}, (
        asked
    )


@pytest.mark.parametrize("state", [under_way, at_a_point])
def test_a_piece_of_the_room_takes_few(cast: Cast, state: Callable[[Cast, int], Meeting]) -> None:
    meeting = state(cast, 3)
    asked = {(name, piece): asked_for(cast, name, meeting, piece) for name in SEATS for piece in PIECES}
    assert {which: number for which, number in asked.items() if number > (ROOM if which[1] == "room" else PIECE)} == {}
