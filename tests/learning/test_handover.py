"""What comes along when the seat changes hands in mid-meeting, and what stays with its author."""

from datetime import timedelta

import pytest

from core import clock
from core.errors import NotAllowed
from core.scope import everything
from learning.models import Jotting
from learning.services.jottings import change_jotting, delete_jotting, keep_jotting
from learning.services.offers import make_offer, take_offer
from learning.services.points import notice, raise_point, reword_waiting
from learning.services.read_back import start
from learning.services.summary import send
from meetings.models import ItemKind, Meeting
from meetings.roles import SeatKind
from meetings.services.planning import Line
from meetings.services.running import close
from meetings.services.seats import leave_seat, take_seat
from teams.models import Letter
from teams.services.letters import freeze
from tests.cast import (
    Cast,
    again,
    client_of,
    count,
    do,
    live,
    look,
    overheard,
    raised,
    read_back_of,
    where_stored,
)
from tests.learning.test_jottings import _everything_shown
from tests.marks import ROWS

pytestmark = ROWS

LEARNING = SeatKind.LEARNING
CANARY = "zebrafinch"


def hand_over(cast: Cast, meeting: Meeting) -> None:
    """Lin is called out, and Ben stands in."""
    do(leave_seat, by=cast.sol, meeting=meeting.pk, kind=LEARNING, seen=cast.lin.pk)
    do(take_seat, by=cast.ben, meeting=meeting.pk, kind=LEARNING, member=cast.ben, seen=0)


def composed(cast: Cast) -> list[Letter]:
    """The team's letters as they would leave now."""
    with everything("a test"):
        return [letter for letter in Letter.objects.filter(team=cast.team) if freeze(letter)]


def page_of(cast: Cast, name: str, meeting: Meeting) -> str:
    return client_of(getattr(cast, name)).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()


def test_no_jotting_reaches_whoever_stands_in_by_any_road(cast: Cast) -> None:
    meeting = live(cast)
    jotting = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=f"{CANARY} was calmer at the door")
    with overheard() as heard:
        hand_over(cast, meeting)
        shown = _everything_shown(cast, meeting, jotting, CANARY)  # Ben holds the seat, and looks everywhere
        do(keep_jotting, by=cast.ben, meeting=meeting.pk, text="my own")
        do(change_jotting, by=cast.lin, meeting=meeting.pk, jotting=jotting.pk, text=f"{CANARY}, rang first")
        do(close, by=cast.ada, meeting=meeting.pk)
        shown += _everything_shown(cast, meeting, jotting, CANARY)
        letters = composed(cast)
        do(send, by=cast.ben, meeting=meeting.pk)
    assert shown == [], "these showed it"
    assert [message for message in heard if CANARY in str(message)] == []
    assert where_stored(CANARY) == ["learning_jotting"]
    letters += composed(cast)
    assert {letter.kind for letter in letters} >= {"prompt", "summary"}
    assert [letter.kind for letter in letters if CANARY.encode() in bytes(letter.frozen or b"")] == []


def test_its_author_still_reads_changes_and_deletes_it_and_nobody_else(cast: Cast) -> None:
    meeting = live(cast)
    one = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=CANARY)
    hand_over(cast, meeting)
    address = f"/t/harbour-street/m/{meeting.pk}/jottings/{one.pk}/"
    assert (CANARY in page_of(cast, "lin", meeting), CANARY in page_of(cast, "ben", meeting)) == (True, False)
    assert client_of(cast.ben).post(address, {"text": "mine now", "version": "1"}).status_code == 404
    client_of(cast.ben).post(f"{address}delete/")
    assert again(one).text == CANARY
    assert client_of(cast.lin).post(address, {"text": "calmer", "version": "1"}).status_code == 303
    assert again(one).text == "calmer"
    with pytest.raises(NotAllowed):
        do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="one more")
    do(delete_jotting, by=cast.lin, meeting=meeting.pk, jotting=one.pk)
    assert count(Jotting) == 0


def test_offers_and_raised_points_come_along(cast: Cast) -> None:
    meeting = live(cast)
    offered = do(make_offer, by=cast.kit, meeting=meeting.pk, text="Keep one list of who answers the phone")
    [waiting] = raised(cast, meeting)
    hand_over(cast, meeting)
    ben, lin = page_of(cast, "ben", meeting), page_of(cast, "lin", meeting)
    assert (offered.text in ben, waiting.text in ben) == (True, True)
    assert (offered.text in lin, waiting.text in lin) == (False, False)
    do(reword_waiting, by=cast.ben, meeting=meeting.pk, point=waiting.pk, text="A call the day before helps")
    do(take_offer, by=cast.ben, meeting=meeting.pk, offer=offered.pk)
    with pytest.raises(NotAllowed):
        do(take_offer, by=cast.lin, meeting=meeting.pk, offer=offered.pk)


def test_the_former_holder_is_told_how_many_jottings_are_not_raised(cast: Cast) -> None:
    meeting = live(cast)
    one, two, _three, _four = (
        do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=f"number {number}") for number in range(4)
    )
    do(raise_point, by=cast.lin, meeting=meeting.pk, text="A short call helps", jotting=one.pk)
    do(notice, by=cast.lin, meeting=meeting.pk, text="We slowed down", jotting=two.pk)
    hand_over(cast, meeting)
    words = "2 of your jottings aren’t raised. They stay with you."
    assert words in page_of(cast, "lin", meeting)
    assert all("of your jottings" not in page_of(cast, name, meeting) for name in ("ben", "ada", "sol"))


def test_whoever_stands_in_at_the_close_gets_the_prompt(cast: Cast) -> None:
    meeting = live(cast)
    hand_over(cast, meeting)
    do(close, by=cast.ada, meeting=meeting.pk)
    [letter] = look(lambda: list(Letter.objects.filter(kind="prompt")))
    assert letter.data["member"] == cast.ben.pk


# --- The prompt in the room reckons with the clock ---


def strips(cast: Cast, name: str, meeting: Meeting) -> dict[str, bool]:
    """Which strips this person's page has, and whether each is to be seen at once."""
    html = page_of(cast, name, meeting)
    found = {}
    for kind in ("due", "early"):
        _before, is_there, rest = html.partition(f'class="strip {kind}"')
        if is_there:
            found[kind] = "hidden" not in rest.partition(">")[0]
    return found


def test_ten_minutes_before_the_holder_is_asked_to_pick_and_the_chair_told_and_nobody_else(cast: Cast) -> None:
    meeting = live(cast, agenda=[Line(ItemKind.BUSINESS, 30, "Rota"), Line(ItemKind.READ_BACK, 5)])
    began = again(meeting).began_at
    assert began is not None
    with clock.at(began + timedelta(minutes=19)):
        early = {name: strips(cast, name, meeting) for name in ("lin", "ada", "ben")}
    with clock.at(began + timedelta(minutes=22)):
        near = {name: strips(cast, name, meeting) for name in ("lin", "ada", "ben")}
        lin, ada = page_of(cast, "lin", meeting), page_of(cast, "ada", meeting)
    with clock.at(began + timedelta(minutes=30)):
        due = {name: strips(cast, name, meeting) for name in ("lin", "ada", "ben")}
    hidden = {"due": False, "early": False}
    assert early == {"lin": hidden, "ada": hidden, "ben": {"due": False}}
    assert near == {"lin": {"due": False, "early": True}, "ada": {"due": False, "early": True}, "ben": {"due": False}}
    assert due == {"lin": {"due": True, "early": False}, "ada": {"due": True, "early": False}, "ben": {"due": True}}
    assert ("Pick up to three." in lin, "Pick up to three." in ada) == (True, False)
    assert "Read-back in 8 min" in ada


def test_short_is_a_read_back_of_one_point_and_five_more_minutes_put_it_off(cast: Cast) -> None:
    meeting = live(cast, agenda=[Line(ItemKind.BUSINESS, 30, "Rota"), Line(ItemKind.READ_BACK, 5)])
    raised(cast, meeting, 2)
    began, room = again(meeting).began_at, f"/t/harbour-street/m/{meeting.pk}/"
    assert began is not None
    with clock.at(began + timedelta(minutes=31)):
        client_of(cast.ben).post(f"{room}more-minutes/", {"before": "read_back", "version": "1"})
        client_of(cast.kit).post(f"{room}more-minutes/", {"before": "read_back", "version": "1"})
        assert strips(cast, "ben", meeting) == {"due": False}
    with clock.at(began + timedelta(minutes=37)):
        assert strips(cast, "ben", meeting) == {"due": True}
        client_of(cast.ben).post(f"{room}read-back/", {"short": "1"})
        assert strips(cast, "ben", meeting) == {}
    read = look(lambda: list(read_back_of(meeting).meeting.turns.values_list("position", flat=True)))
    assert read == [1]


def test_with_nothing_to_read_back_the_strip_leads_to_what_can_be_done_instead(cast: Cast) -> None:
    meeting = live(cast)
    room = f"/t/harbour-street/m/{meeting.pk}/"
    answer = client_of(cast.ben).post(f"{room}read-back/", {"short": "1"}, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["HX-Redirect"]) == (200, f"{room}pick/")
    plain = client_of(cast.ben).post(f"{room}read-back/", {"short": "1"})
    assert (plain.status_code, "No learning point today" in plain.content.decode()) == (422, True)


def test_the_wall_says_that_it_is_due_and_no_more_once_it_has_begun(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting)
    with overheard() as heard:
        do(start, by=cast.lin, meeting=meeting.pk)
    [told] = heard
    assert 'id="strip"' in told["html"]["wall"]
    assert "Read-back is due" not in told["html"]["wall"]
    assert 'id="strip"' not in told["html"]["member"]
