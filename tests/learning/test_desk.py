"""The holder's desk: an order of their own, what is noticed in one tap, and a jotting passed on by hand."""

import uuid

import pytest

from core.errors import NotAllowed, NotFound, NotPossible
from learning.models import Jotting, Observation, Point
from learning.services.jottings import keep_jotting, pass_on
from learning.services.offers import leave_for_later, make_offer, take_offer
from learning.services.points import move_waiting
from learning.services.read_back import start, stop
from meetings.models import Meeting
from meetings.roles import SeatKind
from meetings.services.seats import leave_seat, take_seat
from tests.cast import GENERAL, Cast, again, client_of, count, do, live, look, overheard, raised, verbs
from tests.marks import ROWS

pytestmark = ROWS

CANARY = "calmer at the door: whimbrel"


@pytest.fixture
def room(cast: Cast) -> Meeting:
    return live(cast)


def order(meeting: Meeting) -> list[str]:
    return look(lambda: list(Point.objects.filter(meeting=meeting).values_list("text", flat=True)))


def screen(cast: Cast, name: str, meeting: Meeting) -> str:
    return client_of(cast.us[name]).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()


def test_points_are_read_back_in_the_order_the_holder_set(cast: Cast, room: Meeting) -> None:
    one, two, three = raised(cast, room, 3)
    with overheard() as heard:
        do(move_waiting, by=cast.lin, meeting=room.pk, point=three.pk, up=True)
        do(move_waiting, by=cast.lin, meeting=room.pk, point=one.pk, up=False)
    assert [message for message in heard if message["rev"]] == []
    assert order(room) == [GENERAL[2], GENERAL[0], GENERAL[1]]
    for point, up in ((three, True), (two, False)):  # at either end: nothing moves
        do(move_waiting, by=cast.lin, meeting=room.pk, point=point.pk, up=up)
    do(move_waiting, by=cast.lin, meeting=room.pk, point=two.pk, to=1)  # dragged
    assert order(room) == [GENERAL[1], GENERAL[2], GENERAL[0]]
    assert "points ordered" in verbs(cast.team)
    with pytest.raises(NotAllowed):
        do(move_waiting, by=cast.ben, meeting=room.pk, point=one.pk, up=True)
    do(start, by=cast.ada, meeting=room.pk)
    assert look(lambda: [turn.point_id for turn in room.turns.all()]) == [two.pk, three.pk, one.pk]
    with pytest.raises(NotPossible):
        do(move_waiting, by=cast.lin, meeting=room.pk, point=one.pk, up=True)


def test_the_buttons_do_it_without_scripts(cast: Cast, room: Meeting) -> None:
    one, two = raised(cast, room, 2)
    lin, address = client_of(cast.lin), f"/t/harbour-street/m/{room.pk}/points/"
    assert lin.post(f"{address}{two.pk}/move/", {"to": "up"}).status_code == 303
    assert order(room) == [GENERAL[1], GENERAL[0]]
    assert lin.post(f"{address}{one.pk}/move/", {"to": "1"}).status_code == 303
    assert order(room) == [GENERAL[0], GENERAL[1]]


def test_what_is_noticed_is_one_tap_away_and_needs_no_jotting(cast: Cast, room: Meeting) -> None:
    assert "points/new/?kind=noticed" in screen(cast, "Lin", room)
    assert "points/new/" not in screen(cast, "Ben", room)
    lin, address = client_of(cast.lin), f"/t/harbour-street/m/{room.pk}/points/"
    page = lin.get(f"{address}new/?kind=noticed").content.decode()
    assert ('value="noticed" checked' in page, "Use my words" in page) == (True, False)
    posted = {"text": "We slowed down", "kind": "noticed", "key": str(uuid.uuid4())}
    assert lin.post(address, posted).status_code == 303
    assert (count(Observation), "We slowed down" in screen(cast, "Ben", room)) == (1, False)


def test_the_one_who_offered_sees_what_became_of_it(cast: Cast, room: Meeting) -> None:
    offer = do(make_offer, by=cast.ben, meeting=room.pk, text="Say who rings whom")
    other = do(make_offer, by=cast.kit, meeting=room.pk, text="Ring first")
    assert "You offered" in screen(cast, "Ben", room)
    do(leave_for_later, by=cast.lin, meeting=room.pk, offer=offer.pk)
    assert "You offered; not now, later" in screen(cast, "Ben", room)
    do(take_offer, by=cast.lin, meeting=room.pk, offer=offer.pk)
    assert "You offered, and it was taken" in screen(cast, "Ben", room)
    do(start, by=cast.lin, meeting=room.pk)
    do(stop, by=cast.lin, meeting=room.pk)
    assert "It was taken, and not reached" in screen(cast, "Ben", room)
    assert "It wasn’t brought in this time" in screen(cast, "Kit", room)
    assert again(other).fate == "waits"


def handed_over(cast: Cast, meeting: Meeting) -> Jotting:
    """Lin has jotted, is called out, and Ben stands in."""
    jotting = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=CANARY)
    do(leave_seat, by=cast.sol, meeting=meeting.pk, kind=SeatKind.LEARNING, seen=cast.lin.pk)
    do(take_seat, by=cast.ben, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ben, seen=0)
    return jotting


def test_a_jotting_stays_until_it_is_passed_on_by_hand(cast: Cast, room: Meeting) -> None:
    jotting = handed_over(cast, room)
    assert (CANARY in screen(cast, "Lin", room), CANARY in screen(cast, "Ben", room)) == (True, False)
    lin, address = client_of(cast.lin), f"/t/harbour-street/m/{room.pk}/jottings/{jotting.pk}/pass-on/"
    asked = lin.get(address).content.decode()
    assert ("Pass it on to Ben" in asked, "This can’t be taken back." in asked, CANARY in asked) == (True, True, True)
    with overheard() as heard:
        assert lin.post(address, {"to": str(cast.ben.pk)}).status_code == 303
    assert [message["html"] for message in heard] == [{}]
    assert set(heard[0]["own"]) == {str(cast.lin.pk), str(cast.ben.pk)}
    assert (CANARY in screen(cast, "Lin", room), CANARY in screen(cast, "Ben", room)) == (False, True)
    assert again(jotting).author_id == cast.ben.pk
    with pytest.raises(NotFound):
        do(pass_on, by=cast.lin, meeting=room.pk, jotting=jotting.pk)


def test_it_goes_only_to_whom_the_page_named_and_never_to_oneself(cast: Cast, room: Meeting) -> None:
    jotting = do(keep_jotting, by=cast.lin, meeting=room.pk, text=CANARY)
    with pytest.raises(NotPossible):
        do(pass_on, by=cast.lin, meeting=room.pk, jotting=jotting.pk)
    other = handed_over(cast, room)
    do(take_seat, by=cast.kit, meeting=room.pk, kind=SeatKind.LEARNING, member=cast.kit, seen=cast.ben.pk)
    with pytest.raises(NotPossible):
        do(pass_on, by=cast.lin, meeting=room.pk, jotting=other.pk, to=cast.ben.pk)
    with pytest.raises(NotFound):
        do(pass_on, by=cast.kit, meeting=room.pk, jotting=other.pk)
    assert {again(jotting).author_id, again(other).author_id} == {cast.lin.pk}


def test_no_record_is_left_that_somebody_jotted(cast: Cast, room: Meeting) -> None:
    jotting = handed_over(cast, room)
    before = verbs(cast.team)
    do(pass_on, by=cast.lin, meeting=room.pk, jotting=jotting.pk)
    assert verbs(cast.team) == before
