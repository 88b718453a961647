"""How many queries a page takes: as many with one thing on it as with many, and no more than this."""

from collections.abc import Callable

import pytest

from learning.services.jottings import keep_jotting
from learning.services.offers import make_offer
from learning.services.points import notice
from learning.services.summary import send
from meetings.models import ItemKind, Meeting
from meetings.services.agenda import add_item
from meetings.services.planning import Line
from meetings.services.running import tick_attendance
from tests.cast import Cast, again, as_they_come, client_of, closed, counted, do, live, planned, raised
from tests.marks import ROWS

pytestmark = ROWS


def queries(cast: Cast, name: str, address: str) -> int:
    browser = client_of(getattr(cast, name))
    browser.get(address)  # what is only made once is made
    with counted() as number:
        assert browser.get(address).status_code == 200
    return number()


def room(cast: Cast, number: int) -> str:
    meeting = live(cast, agenda=[Line(ItemKind.CASE, 5, presenter=cast.ben.pk), Line(ItemKind.READ_BACK, 5)])
    for each in range(number):
        do(add_item, by=cast.kit, meeting=meeting.pk, kind=ItemKind.CASE, minutes=5, presenter=cast.kit)
        do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=f"Jotting {each}")
        do(make_offer, by=cast.ben, meeting=meeting.pk, text=f"Offer {each}")
        do(notice, by=cast.lin, meeting=meeting.pk, text=f"Noticed {each}")
    raised(cast, meeting, number)
    here = [member.pk for member in (cast.ada, cast.ben, cast.lin, cast.kit)][:number]
    do(tick_attendance, by=cast.ada, meeting=meeting.pk, here=here)
    return f"/t/harbour-street/m/{meeting.pk}/"


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
    "the room of a member": (room, "ben", 24),
    "the room of the holder": (room, "lin", 26),
    "a closed meeting": (closed_page, "ben", 24),
    "the team’s home": (home, "ben", 22),
    "the dashboard": (dashboard, "mo", 18),
}


@pytest.mark.parametrize("page", PAGES)
def test_a_page_takes_as_many_queries_with_three_as_with_one(cast: Cast, page: str) -> None:
    address, name, number = PAGES[page]
    assert [queries(cast, name, address(cast, 1)), queries(cast, name, address(cast, 3))] == [number, number]


def test_the_room_takes_as_many_where_points_are_seen_at_once(cast: Cast) -> None:
    as_they_come(cast)
    assert queries(cast, "ben", room(cast, 1)) == queries(cast, "ben", room(cast, 3)) == 24
