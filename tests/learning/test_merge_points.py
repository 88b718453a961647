"""Two that wait are made one, in new words: nothing is lost on the way, and whoever offered one sees that it was taken."""

import uuid

import pytest

from core.errors import Invalid, NotAllowed, NotPossible
from core.guard import Identifying
from learning.models import Offer, Point, Wording
from learning.queries import my_offers
from learning.roles import Fate, PointState
from learning.services.offers import make_offer, take_offer
from learning.services.points import merge, withdraw_point
from learning.services.read_back import first_point, settle, start
from meetings.models import Meeting
from tests.cast import (
    GENERAL,
    Cast,
    again,
    as_they_come,
    client_of,
    count,
    do,
    live,
    look,
    overheard,
    person_of,
    raised,
    verbs,
)
from tests.marks import ROWS

pytestmark = ROWS

ONE = "Call the day before, and leave the next step on paper: turnstone"


@pytest.fixture
def room(cast: Cast) -> Meeting:
    return live(cast)


def told(cast: Cast, name: str, meeting: Meeting) -> list[tuple[str, bool]]:
    """What somebody is told of their own offers."""
    return look(lambda: [(each.state, each.merged) for each in my_offers(person_of(cast.us[name]), meeting)])


def waiting(meeting: Meeting) -> list[str]:
    return look(lambda: list(Point.objects.filter(meeting=meeting).values_list("text", flat=True)))


def test_two_points_are_one_in_the_first_ones_place_and_every_wording_of_it_is_kept(cast: Cast, room: Meeting) -> None:
    one, two, three = raised(cast, room, 3)
    with overheard() as heard:
        made = do(merge, by=cast.lin, meeting=room.pk, text=ONE, points=[three.pk, one.pk])
    assert (made.pk, waiting(room)) == (one.pk, [ONE, GENERAL[1]])
    assert [message for message in heard if message["rev"] or "turnstone" in str(message)] == []
    assert look(lambda: [each.text for each in Wording.objects.filter(point=one)]) == [GENERAL[0], ONE]
    assert verbs(cast.team)[-1] == "points merged"
    assert count(Point, pk=two.pk) == 1


def test_an_offer_goes_into_a_point_and_its_offerer_follows_it(cast: Cast, room: Meeting) -> None:
    [point] = raised(cast, room)
    offer = do(make_offer, by=cast.ben, meeting=room.pk, text="Leave the next step on paper")
    do(merge, by=cast.lin, meeting=room.pk, text=ONE, points=[point.pk], offers=[offer.pk])
    assert (again(offer).fate, again(offer).merged_into_id) == (Fate.TAKEN, point.pk)
    assert told(cast, "Ben", room) == [("waiting", True)]
    assert "together with another" in client_of(cast.ben).get(f"/t/harbour-street/m/{room.pk}/").content.decode()
    do(start, by=cast.lin, meeting=room.pk)
    do(first_point, by=cast.lin, meeting=room.pk)
    do(settle, by=cast.sol, meeting=room.pk, point=point.pk, outcome=PointState.PARKED)
    assert told(cast, "Ben", room) == [("parked", True)]
    assert "It was read back, and parked" in client_of(cast.ben).get(f"/t/harbour-street/m/{room.pk}/").content.decode()


def test_two_offers_become_one_point_of_both(cast: Cast, room: Meeting) -> None:
    offers = [do(make_offer, by=by, meeting=room.pk, text=text) for by, text in ((cast.ben, "A"), (cast.kit, "B"))]
    given = {"by": cast.lin, "meeting": room.pk, "text": ONE, "offers": [each.pk for each in offers]}
    made = do(merge, key=uuid.uuid4(), **given)  # type: ignore[arg-type]
    assert do(merge, key=uuid.uuid4(), **given).pk == made.pk  # type: ignore[arg-type]
    assert (count(Point), made.text, made.offer_id) == (1, ONE, offers[0].pk)
    assert [again(each).fate for each in offers] == [Fate.TAKEN, Fate.TAKEN]
    assert told(cast, "Ben", room) == [("waiting", False)]
    assert told(cast, "Kit", room) == [("waiting", True)]


def test_a_second_point_brings_its_own_offer_along_and_taking_it_back_frees_both(cast: Cast, room: Meeting) -> None:
    [point] = raised(cast, room)
    offer = do(make_offer, by=cast.ben, meeting=room.pk, text="Leave the next step on paper")
    taken = do(take_offer, by=cast.lin, meeting=room.pk, offer=offer.pk)
    do(merge, by=cast.lin, meeting=room.pk, text=ONE, points=[point.pk, taken.pk])
    assert told(cast, "Ben", room) == [("waiting", True)]
    do(withdraw_point, by=cast.lin, meeting=room.pk, point=point.pk)
    assert (again(offer).fate, again(offer).merged_into_id, count(Point)) == (Fate.WAITS, None, 0)


def test_the_same_form_sent_twice_merges_once(cast: Cast, room: Meeting) -> None:
    one, two, _three = raised(cast, room, 3)
    for _ in range(2):
        assert do(merge, by=cast.lin, meeting=room.pk, text=ONE, points=[one.pk, two.pk]).pk == one.pk
    with pytest.raises(NotPossible):
        do(merge, by=cast.lin, meeting=room.pk, text="Other words", points=[one.pk, two.pk])
    assert waiting(room) == [ONE, GENERAL[2]]


def test_two_it_is_and_words_that_fit_any_case(cast: Cast, room: Meeting) -> None:
    one, two, three = (each.pk for each in raised(cast, room, 3))
    for picked in ([], [one], [one, one], [one, two, three]):
        with pytest.raises(Invalid):
            do(merge, by=cast.lin, meeting=room.pk, text=ONE, points=picked)
    with pytest.raises(Invalid):
        do(merge, by=cast.lin, meeting=room.pk, text=" ", points=[one, two])
    with pytest.raises(Identifying):
        do(merge, by=cast.lin, meeting=room.pk, text="NHS 943 476 5919", points=[one, two])
    with pytest.raises(NotAllowed):
        do(merge, by=cast.ben, meeting=room.pk, text=ONE, points=[one, two])
    assert count(Point) == 3


def test_what_is_with_the_team_or_elsewhere_is_not_merged(cast: Cast, room: Meeting) -> None:
    one, two = raised(cast, room, 2)
    [elsewhere] = raised(cast, live(cast))
    with pytest.raises(NotPossible):
        do(merge, by=cast.lin, meeting=room.pk, text=ONE, points=[one.pk, elsewhere.pk])
    do(start, by=cast.lin, meeting=room.pk, picked=[one.pk])
    with pytest.raises(NotPossible):
        do(merge, by=cast.lin, meeting=room.pk, text=ONE, points=[one.pk, two.pk])
    assert (count(Point), again(two).text) == (3, GENERAL[1])


def test_where_points_come_as_they_come_two_offers_are_seen_as_one(cast: Cast) -> None:
    as_they_come(cast)
    meeting = live(cast)
    offers = [do(make_offer, by=cast.ben, meeting=meeting.pk, text=text).pk for text in ("A", "B")]
    with overheard() as heard:
        made = do(merge, by=cast.lin, meeting=meeting.pk, text=ONE, offers=offers)
    assert again(made).state == "raised"
    assert "turnstone" in str([message["html"] for message in heard if message["rev"]])


def test_the_page_shows_both_above_an_empty_field_and_both_at_a_tap(cast: Cast, room: Meeting) -> None:
    one, _two = raised(cast, room, 2)
    offer = do(make_offer, by=cast.ben, meeting=room.pk, text="Leave the next step on paper", named=False)
    lin, address = client_of(cast.lin), f"/t/harbour-street/m/{room.pk}/points/merge/"
    chosen = f"{address}?point={one.pk}&offer={offer.pk}"
    page = lin.get(chosen).content.decode()
    assert (GENERAL[0] in page, offer.text in page, "Ben" in page.split("pane-now")[1].split("pane-points")[0]) == (
        True,
        True,
        False,
    )
    assert "></textarea>" in page
    both = lin.get(f"{chosen}&words=both").content.decode()
    assert f"{GENERAL[0]}. {offer.text}</textarea>" in both
    assert "Pick two." in lin.get(f"{address}?point={one.pk}").content.decode()
    posted = {"point": str(one.pk), "offer": str(offer.pk), "text": "NHS 943 476 5919"}
    refused = lin.post(address, posted)
    assert (refused.status_code, "943 476 5919" in refused.content.decode(), count(Offer, fate="taken")) == (
        422,
        True,
        0,
    )
    assert lin.post(address, {**posted, "text": ONE}).status_code == 303
    late = lin.post(address, {**posted, "text": "Other words: knot"})
    assert (late.status_code, "Other words: knot" in late.content.decode()) == (409, True)
