"""Raising and offering: words that fit any case, seen when the team has agreed that they are."""

import uuid

import pytest

from core.errors import Invalid, KeyReused, NotAllowed, NotFound, NotPossible, Stale
from core.guard import Identifying
from core.live import personal
from learning.models import Observation, Offer, Point, Wording
from learning.roles import Fate, PointState
from learning.services.jottings import keep_jotting
from learning.services.offers import leave_for_later, make_offer, take_offer
from learning.services.points import notice, raise_point, reword_waiting, withdraw_point
from learning.services.read_back import start
from meetings.models import WallCode
from meetings.roles import SeatKind
from meetings.rules import wall_token
from meetings.services.running import close
from meetings.services.seats import take_seat
from teams.models import Activity
from tests.cast import Cast, again, as_they_come, client_of, closed, count, do, live, look, overheard, raised
from tests.marks import ROWS

pytestmark = ROWS

TEXT = "A short call the day before makes a first visit easier to keep"
CANARY = "kingfisher"


def wordings(point: Point) -> list[tuple[int, str, bool]]:
    return look(lambda: [(each.n, each.text, each.agreed) for each in Wording.objects.filter(point=point)])


def screen(cast: Cast, name: str, pk: int) -> str:
    return client_of(getattr(cast, name)).get(f"/t/harbour-street/m/{pk}/").content.decode()


def wall(pk: int) -> str:
    code = look(lambda: WallCode.objects.get(meeting=pk).code)
    return client_of(None).get(f"/wall/{wall_token(code)}/").content.decode()


def test_a_raised_point_waits_and_only_the_holder_sees_it(cast: Cast) -> None:
    meeting = live(cast)
    with overheard() as heard:
        point = do(raise_point, by=cast.lin, meeting=meeting.pk, text=f"{TEXT} {CANARY}")
    assert (point.state, wordings(point)) == (PointState.WAITING, [(1, f"{TEXT} {CANARY}", False)])
    assert CANARY in screen(cast, "lin", meeting.pk)
    assert [name for name in ("ben", "ada", "mo") if CANARY in screen(cast, name, meeting.pk)] == []
    assert CANARY not in wall(meeting.pk)
    assert [message for message in heard if CANARY in str(message) or message["rev"]] == []


def test_where_points_come_as_they_come_everybody_sees_it_at_once(cast: Cast) -> None:
    as_they_come(cast)
    meeting = live(cast)
    with overheard() as heard:
        point = do(raise_point, by=cast.lin, meeting=meeting.pk, text=f"{TEXT} {CANARY}")
    assert point.state == PointState.RAISED
    public = [message for message in heard if message["rev"]]
    assert [(message["subjects"], sorted(message["html"])) for message in public] == [(["points"], ["member", "wall"])]
    assert all(CANARY in html for html in public[0]["html"].values())
    assert CANARY in screen(cast, "ben", meeting.pk)
    assert CANARY in wall(meeting.pk)


def test_only_the_holder_raises(cast: Cast) -> None:
    meeting = live(cast)
    for member in (cast.ada, cast.ben, cast.mo, cast.sol):
        with pytest.raises(NotAllowed):
            do(raise_point, by=member, meeting=meeting.pk, text=TEXT)
        with pytest.raises(NotAllowed):
            do(notice, by=member, meeting=meeting.pk, text=TEXT)
    assert (count(Point), count(Observation)) == (0, 0)


def test_a_point_may_be_empty_only_when_it_will_be_said_aloud(cast: Cast) -> None:
    meeting = live(cast)
    with pytest.raises(Invalid) as refused:
        do(raise_point, by=cast.lin, meeting=meeting.pk, text="  ")
    aloud = do(raise_point, by=cast.lin, meeting=meeting.pk, text="not these", aloud=True)
    assert (refused.value.field, aloud.text, wordings(aloud)) == ("text", "", [])


def test_a_point_is_one_line_of_at_most_five_hundred_letters(cast: Cast) -> None:
    meeting = live(cast)
    point = do(raise_point, by=cast.lin, meeting=meeting.pk, text=" one\r\n  two\tthree ")
    assert point.text == "one two three"
    assert len(do(raise_point, by=cast.lin, meeting=meeting.pk, text="x" * 500).text) == 500
    with pytest.raises(Invalid):
        do(raise_point, by=cast.lin, meeting=meeting.pk, text="x" * 501)


def test_one_key_is_one_point_even_after_its_words_were_changed(cast: Cast) -> None:
    meeting, key = live(cast), uuid.uuid4()
    one = do(raise_point, by=cast.lin, meeting=meeting.pk, text=TEXT, key=key)
    do(reword_waiting, by=cast.lin, meeting=meeting.pk, point=one.pk, text="Better words")
    two = do(raise_point, by=cast.lin, meeting=meeting.pk, text=TEXT, key=key)
    assert (one.pk, two.text, count(Point)) == (two.pk, "Better words", 1)
    with pytest.raises(KeyReused):
        do(raise_point, by=cast.lin, meeting=meeting.pk, text="Other words", key=key)


def test_a_key_reused_by_somebody_else_is_refused(cast: Cast) -> None:
    meeting, key = live(cast), uuid.uuid4()
    do(make_offer, by=cast.ben, meeting=meeting.pk, text=TEXT, key=key)
    with pytest.raises(KeyReused):
        do(make_offer, by=cast.kit, meeting=meeting.pk, text=TEXT, key=key)
    assert count(Offer) == 1


@pytest.mark.parametrize("route", ["points", "offers"])
def test_a_double_post_is_one_row_and_other_words_with_its_key_are_422(cast: Cast, route: str) -> None:
    meeting, key = live(cast), str(uuid.uuid4())
    browser = client_of(cast.lin if route == "points" else cast.ben)
    address = f"/t/harbour-street/m/{meeting.pk}/{route}/"
    answers = [browser.post(address, {"text": words, "key": key}).status_code for words in (TEXT, TEXT, "Other words")]
    assert (answers, count(Point) + count(Offer)) == ([303, 303, 422], 1)


def test_raising_another_persons_jotting_finds_nothing(cast: Cast) -> None:
    meeting = live(cast)
    jotting = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="private")
    do(take_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ben)
    with pytest.raises(NotFound):
        do(raise_point, by=cast.ben, meeting=meeting.pk, text=TEXT, jotting=jotting.pk)


def test_the_point_leads_back_to_its_jottings_item_but_its_page_shows_no_such_thing(cast: Cast) -> None:
    meeting = live(cast)
    jotting = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="private")
    point = do(raise_point, by=cast.lin, meeting=meeting.pk, text=TEXT, jotting=jotting.pk)
    assert point.item_id == jotting.item_id is not None


def test_a_waiting_point_is_reworded_by_version_and_every_wording_is_kept(cast: Cast) -> None:
    meeting = live(cast)
    [point] = raised(cast, meeting)
    do(reword_waiting, by=cast.lin, meeting=meeting.pk, point=point.pk, text="Second", seen=1)
    with pytest.raises(Stale):
        do(reword_waiting, by=cast.lin, meeting=meeting.pk, point=point.pk, text="Third", seen=1)
    assert [(n, text) for n, text, _agreed in wordings(point)] == [(1, TEXT), (2, "Second")]


def test_words_for_a_point_that_never_came_up_are_refused_once_the_meeting_is_over(cast: Cast) -> None:
    """Nobody would ever see them: a point said aloud and never written stands on no page. They stay in their field."""
    meeting = live(cast)
    point = do(raise_point, by=cast.lin, meeting=meeting.pk, text="", aloud=True)
    do(close, by=cast.ada, meeting=meeting.pk)
    address = f"/t/harbour-street/m/{meeting.pk}/points/{point.pk}/"
    refused = client_of(cast.lin).post(address, {"text": "Ring the day before", "version": point.version})
    assert (refused.status_code, "Ring the day before" in refused.content.decode()) == (409, True)
    assert again(point).text == ""


def test_a_point_is_taken_back_only_before_anybody_saw_it(cast: Cast) -> None:
    meeting = live(cast)
    one, two = raised(cast, meeting, 2)
    for _ in range(2):
        do(withdraw_point, by=cast.lin, meeting=meeting.pk, point=one.pk)
    do(start, by=cast.lin, meeting=meeting.pk, picked=[two.pk])
    with pytest.raises(NotPossible):
        do(withdraw_point, by=cast.lin, meeting=meeting.pk, point=two.pk)
    with pytest.raises(NotPossible):
        do(reword_waiting, by=cast.lin, meeting=meeting.pk, point=two.pk, text="Other words")
    assert look(lambda: [point.pk for point in Point.objects.all()]) == [two.pk]


def test_what_was_noticed_is_kept_once_and_is_no_point(cast: Cast) -> None:
    meeting, key = live(cast), uuid.uuid4()
    for _ in range(2):
        do(notice, by=cast.lin, meeting=meeting.pk, text="We slowed down", key=key)
    assert (count(Observation), count(Point)) == (1, 0)


# --- Offers ---


def test_an_offer_waits_in_the_holders_tray_and_nobody_else_sees_it(cast: Cast) -> None:
    meeting = live(cast)
    with overheard() as heard:
        do(make_offer, by=cast.ben, meeting=meeting.pk, text=f"Keep one list {CANARY}")
    assert [name for name in ("lin", "ben", "ada", "mo", "sol") if CANARY in screen(cast, name, meeting.pk)] == [
        "lin",
        "ben",
    ]
    assert CANARY not in wall(meeting.pk)
    [told] = heard
    assert (told["rev"], sorted(told["own"])) == (None, sorted([str(cast.lin.pk), str(cast.ben.pk)]))
    assert CANARY not in str(told)


def test_an_offer_without_a_name_names_nobody_to_the_holder_or_on_the_record(cast: Cast) -> None:
    meeting = live(cast)
    do(make_offer, by=cast.nia, meeting=meeting.pk, text=TEXT, named=False)
    tray = client_of(cast.lin).get(f"/t/harbour-street/m/{meeting.pk}/pieces/tray/").content.decode()
    assert ("Somebody offers a point" in tray, "Nia" in tray) == (True, False)
    do(make_offer, by=cast.ben, meeting=meeting.pk, text="Another")
    offered = look(lambda: list(Activity.objects.filter(verb="offered a point").order_by("pk")))
    assert [activity.actor_id for activity in offered] == [None, cast.ben.user_id]
    assert (
        "Ben offers a point"
        in client_of(cast.lin).get(f"/t/harbour-street/m/{meeting.pk}/pieces/tray/").content.decode()
    )


def test_an_offer_is_taken_once_and_whoever_offered_it_is_told(cast: Cast) -> None:
    meeting = live(cast)
    offer = do(make_offer, by=cast.ben, meeting=meeting.pk, text=TEXT)
    before = personal(again(meeting), cast.ben.pk)[0]
    one = do(take_offer, by=cast.lin, meeting=meeting.pk, offer=offer.pk)
    two = do(take_offer, by=cast.lin, meeting=meeting.pk, offer=offer.pk)
    assert (one.pk, one.text, one.offer_id, count(Point)) == (two.pk, TEXT, offer.pk, 1)
    assert (again(offer).fate, personal(again(meeting), cast.ben.pk)[0]) == (Fate.TAKEN, before + 1)
    assert "You offered, and it was taken" in screen(cast, "ben", meeting.pk)


def test_an_offer_left_for_later_may_still_be_taken_and_a_taken_one_stays_taken(cast: Cast) -> None:
    meeting = live(cast)
    offer = do(make_offer, by=cast.ben, meeting=meeting.pk, text=TEXT)
    do(leave_for_later, by=cast.lin, meeting=meeting.pk, offer=offer.pk)
    assert again(offer).fate == Fate.LATER
    assert "You offered; not now, later" in screen(cast, "ben", meeting.pk)
    do(take_offer, by=cast.lin, meeting=meeting.pk, offer=offer.pk)
    do(leave_for_later, by=cast.lin, meeting=meeting.pk, offer=offer.pk)
    assert again(offer).fate == Fate.TAKEN


def test_only_the_holder_answers_an_offer_and_offers_follow_the_seat(cast: Cast) -> None:
    meeting = live(cast)
    offer = do(make_offer, by=cast.ben, meeting=meeting.pk, text=TEXT)
    for member in (cast.ben, cast.ada, cast.mo):
        with pytest.raises(NotAllowed):
            do(take_offer, by=member, meeting=meeting.pk, offer=offer.pk)
    do(take_seat, by=cast.kit, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.kit)
    assert TEXT in screen(cast, "kit", meeting.pk)
    assert do(take_offer, by=cast.kit, meeting=meeting.pk, offer=offer.pk).raised_by_id == cast.kit.pk


def test_an_offer_that_says_who_somebody_is_stops_before_it_is_kept(cast: Cast) -> None:
    meeting = live(cast)
    with pytest.raises(Identifying):
        do(make_offer, by=cast.ben, meeting=meeting.pk, text="Write to jo@example.org")
    assert count(Offer) == 0


def test_nothing_is_offered_or_raised_when_the_meeting_is_over(cast: Cast) -> None:
    meeting = closed(cast, agreed=0)
    with pytest.raises(NotPossible):
        do(make_offer, by=cast.ben, meeting=meeting.pk, text=TEXT)
    with pytest.raises(NotPossible):
        do(raise_point, by=cast.lin, meeting=meeting.pk, text=TEXT)
    assert (count(Offer), count(Point)) == (0, 0)
