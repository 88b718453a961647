"""Beginning, who is here, closing; the room's opening hours and the wall's code."""

from datetime import timedelta

import pytest
from django.db import IntegrityError

from core import clock
from core.errors import NotAllowed, NotFound, NotPossible
from core.live import WALL, NotSignedIn
from core.scope import everything
from meetings.models import Attendance, Meeting, Phase, Seat, WallCode
from meetings.queries import here, spoken_code
from meetings.roles import SeatKind
from meetings.rules import admit_listener, tidy_code, wall_token
from meetings.services.planning import cancel
from meetings.services.running import begin, close, tick_attendance
from meetings.services.seats import leave_seat
from teams.services.members import leave
from tests.cast import Cast, again, client_of, closed, count, do, items_of, live, look, planned, verbs
from tests.marks import ROWS

pytestmark = ROWS


def test_any_member_begins_and_the_first_item_is_on(cast: Cast) -> None:
    meeting = planned(cast)
    for member in (cast.nia, cast.ben):
        do(begin, by=member, meeting=meeting.pk)
    begun = again(meeting)
    assert (begun.phase, begun.began_at is not None, begun.version) == (Phase.LIVE, True, 1)
    assert [item.is_now for item in items_of(meeting)] == [True, False, False, False, False, False]
    assert verbs(cast.team).count("meeting began") == 1


def test_the_room_opens_a_quarter_of_an_hour_early_and_not_sooner(cast: Cast) -> None:
    meeting = planned(cast)
    with clock.at(meeting.starts - timedelta(minutes=15, seconds=5)):
        early = meeting.is_open
        with pytest.raises(NotPossible):
            do(begin, by=cast.ada, meeting=meeting.pk)
    with clock.at(meeting.starts - timedelta(minutes=15)):
        punctual = meeting.is_open
        do(begin, by=cast.ada, meeting=meeting.pk)
    assert (early, punctual, again(meeting).phase) == (False, True, Phase.LIVE)


def test_a_cancelled_meeting_does_not_begin_and_a_closed_one_not_again(cast: Cast) -> None:
    off = planned(cast)
    do(cancel, by=cast.mo, meeting=off.pk)
    for meeting in (off, closed(cast, agreed=0)):
        phase = again(meeting).phase
        with pytest.raises(NotPossible):
            do(begin, by=cast.ada, meeting=meeting.pk)
        assert again(meeting).phase == phase


def test_who_is_here_is_exactly_who_was_ticked(cast: Cast) -> None:
    meeting = live(cast)
    do(tick_attendance, by=cast.sol, meeting=meeting.pk, here=[cast.ada.pk, cast.ben.pk, cast.otto.pk, cast.vi.pk])
    assert [member.first_name for member in look(lambda: here(meeting))] == ["Ada", "Ben"]
    do(tick_attendance, by=cast.ben, meeting=meeting.pk, here=[cast.ben.pk, cast.lin.pk])
    found = look(lambda: {(row.member_id, row.recorded_by_id) for row in Attendance.objects.filter(meeting=meeting)})
    assert found == {(cast.ben.pk, cast.sol.pk), (cast.lin.pk, cast.ben.pk)}


def test_the_same_ticks_again_change_nothing(cast: Cast) -> None:
    meeting = live(cast)
    for _ in range(2):
        do(tick_attendance, by=cast.sol, meeting=meeting.pk, here=[cast.ada.pk])
    assert (count(Attendance), verbs(cast.team).count("attendance ticked")) == (1, 1)


def test_a_late_page_unticks_nobody_whom_it_did_not_show_as_ticked(cast: Cast) -> None:
    meeting = live(cast)
    address = f"/t/harbour-street/m/{meeting.pk}/attendance/"
    client_of(cast.sol).post(address, {"here": [cast.ada.pk, cast.ben.pk]})
    client_of(cast.kit).post(address, {"here": [cast.lin.pk]})  # a page that was drawn before Sol's ticks
    assert [member.first_name for member in look(lambda: here(meeting))] == ["Ada", "Ben", "Lin"]
    client_of(cast.kit).post(address, {"here": [cast.lin.pk, cast.mo.pk], "was": [cast.lin.pk, cast.ada.pk]})
    assert [member.first_name for member in look(lambda: here(meeting))] == ["Ben", "Lin", "Mo"]
    html = client_of(cast.ben).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()
    shown = {pk: f'name="was" value="{pk}">' in html for pk in (cast.ben.pk, cast.ada.pk)}
    assert shown == {cast.ben.pk: True, cast.ada.pk: False}, "of Ada’s the page says that it wasn’t ticked"
    client_of(cast.kit).post(address, {"everyone": "1", "here": [], "was": [cast.ben.pk]})
    assert count(Attendance, meeting=meeting) == 9


def test_who_was_here_may_be_put_right_after_the_close(cast: Cast) -> None:
    meeting = closed(cast, agreed=0)
    do(tick_attendance, by=cast.sol, meeting=meeting.pk, here=[cast.ada.pk])
    assert [member.first_name for member in look(lambda: here(meeting))] == ["Ada"]


def test_whoever_chairs_closes_and_nobody_else_before_the_booked_end(cast: Cast) -> None:
    meeting = live(cast)
    for member in (cast.lin, cast.sol, cast.mo, cast.ben):
        with pytest.raises(NotAllowed) as refused:
            do(close, by=member, meeting=meeting.pk)
        assert refused.value.sentence.startswith("Ada has the chair.")
    assert again(meeting).phase == Phase.LIVE
    for _ in range(2):
        do(close, by=cast.ada, meeting=meeting.pk)
    over = again(meeting)
    assert (over.phase, over.closed_at is not None) == (Phase.CLOSED, True)
    assert [item.is_now for item in items_of(meeting)] == [False] * 6
    assert verbs(cast.team).count("meeting closed") == 1


def test_after_the_booked_end_anybody_closes(cast: Cast) -> None:
    meeting = live(cast)
    with clock.at(meeting.ends - timedelta(seconds=5)), pytest.raises(NotAllowed):
        do(close, by=cast.ben, meeting=meeting.pk)
    with clock.at(meeting.ends):
        do(close, by=cast.ben, meeting=meeting.pk)
    assert again(meeting).phase == Phase.CLOSED


def test_with_an_empty_chair_anybody_closes(cast: Cast) -> None:
    meeting = live(cast)
    do(leave_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.CHAIR)
    do(close, by=cast.ben, meeting=meeting.pk)
    assert again(meeting).phase == Phase.CLOSED


def test_a_meeting_that_never_began_is_not_closed(cast: Cast) -> None:
    meeting = planned(cast)
    with pytest.raises(NotPossible):
        do(close, by=cast.ada, meeting=meeting.pk)


def test_closed_has_a_moment_says_the_database(cast: Cast) -> None:
    meeting = live(cast)
    with pytest.raises(IntegrityError, match="meeting_closed_has_closed_at"), everything("a test"):
        Meeting.objects.filter(pk=meeting.pk).update(phase=Phase.CLOSED)


# --- Watching, and the wall ---


def admitted(meeting: Meeting, *, session: str | None = None, code: str | None = None) -> tuple[str, int | None] | None:
    found = look(lambda: admit_listener(meeting.pk, session, code and wall_token(tidy_code(code))))
    return (found.audience, found.member) if found else None


def test_members_may_watch_and_strangers_and_former_members_may_not(cast: Cast) -> None:
    meeting = live(cast)
    keys = {name: client_of(getattr(cast, name)).session.session_key for name in ("ben", "otto", "vi")}
    assert admitted(meeting, session=keys["ben"]) == ("member", cast.ben.pk)
    assert admitted(meeting, session=keys["otto"]) is None
    assert admitted(meeting, session=keys["vi"]) is None
    with pytest.raises(NotSignedIn):
        admitted(meeting, session="no such session")
    with pytest.raises(NotSignedIn):
        admitted(meeting)
    do(leave, by=cast.ben, member=cast.ben)
    assert admitted(meeting, session=keys["ben"]) is None


def test_a_walls_code_is_three_letters_and_three_digits_and_may_be_typed_as_said(cast: Cast) -> None:
    meeting = planned(cast)
    said = look(lambda: spoken_code(meeting))
    assert (len(said), said[:3].isalpha(), said[3], said[4:].isdecimal()) == (7, True, " ", True)
    assert set(said) & set("IO01") == set()
    assert tidy_code(f" {said.lower()} ") == look(lambda: WallCode.objects.get(meeting=meeting).code)


def test_the_wall_opens_by_its_own_code_and_dies_at_the_close(cast: Cast) -> None:
    meeting, other = live(cast), live(cast)
    code, others = look(lambda: spoken_code(meeting)), look(lambda: spoken_code(other))
    assert admitted(meeting, code=code) == (WALL, None)
    assert admitted(meeting, code=others) is None
    assert client_of(None).get(f"/wall/{wall_token(code.replace(' ', ''))}/").status_code == 200
    do(close, by=cast.ada, meeting=meeting.pk)
    assert admitted(meeting, code=code) is None
    assert client_of(None).get(f"/wall/{wall_token(code.replace(' ', ''))}/").status_code == 404
    assert look(lambda: spoken_code(meeting)) == ""


def test_a_code_works_only_from_when_the_room_opens(cast: Cast) -> None:
    meeting = planned(cast)
    code = look(lambda: spoken_code(meeting))
    with clock.at(meeting.starts - timedelta(minutes=20)):
        assert admitted(meeting, code=code) is None
        assert client_of(None).post("/wall/", {"code": code}).status_code == 422
    answer = client_of(None).post("/wall/", {"code": code.lower()})
    assert (answer.status_code, answer["Location"]) == (303, f"/wall/{wall_token(code.replace(' ', ''))}/")


def test_codes_are_guessed_at_no_more_than_twenty_times_a_minute(cast: Cast) -> None:
    nobody = client_of(None)
    answers = [nobody.post("/wall/", {"code": "ABC 222"}).status_code for _ in range(22)]
    assert answers == [422] * 20 + [429] * 2


def test_a_stranger_finds_nothing_to_begin_tick_or_close(cast: Cast) -> None:
    meeting = live(cast)
    for outsider in (cast.otto, again(cast.vi)):
        with pytest.raises(NotFound):
            do(begin, by=outsider, meeting=meeting.pk)
        with pytest.raises(NotFound):
            do(tick_attendance, by=outsider, meeting=meeting.pk, here=[])
        with pytest.raises(NotFound):
            do(close, by=outsider, meeting=meeting.pk)
    assert count(Seat, meeting=meeting, until=None) == 3
