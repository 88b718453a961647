"""Late thoughts: anyone's until the summary is sent, and nobody's after; nobody sends what they haven't read."""

import uuid
from typing import Any

import pytest

from core.errors import Invalid, KeyReused, NotAllowed, NotFound, NotPossible, Stale
from core.guard import Identifying
from learning.models import Observation, Point
from learning.queries import record_of
from learning.roles import PointState
from learning.services.points import notice
from learning.services.read_back import points_to_read
from learning.services.summary import add_point, move_point, notice_late, reword, send, write_line
from meetings.models import Meeting
from teams.services.members import leave
from tests.cast import Cast, again, client_of, closed, count, do, live, look, verbs
from tests.marks import ROWS

pytestmark = ROWS

GONE = "The summary has gone out, so nothing is added here any more."


def page_of(meeting: Meeting) -> str:
    return f"/t/harbour-street/m/{meeting.pk}/"


def mark(meeting: Meeting) -> str:
    return look(lambda: record_of(meeting).mark)


def test_anyone_adds_a_point_that_is_not_yet_agreed_and_opens_the_next_read_back(cast: Cast) -> None:
    meeting, key = closed(cast), uuid.uuid4()
    late = do(add_point, by=cast.kit, meeting=meeting.pk, text="Ring twice", key=key)
    same = do(add_point, by=cast.kit, meeting=meeting.pk, text="Ring twice", key=key)
    assert (late.pk, late.state, late.raised_by_id) == (same.pk, PointState.RAISED, cast.kit.pk)
    assert verbs(cast.team).count("point added") == 1
    sent = do(send, by=cast.lin, meeting=meeting.pk)
    assert "2. Ring twice\n   Not yet agreed." in again(sent).text
    assert look(lambda: [point.pk for point in points_to_read(live(cast))]) == [late.pk]


def test_anyone_notices_something_which_goes_with_their_name(cast: Cast) -> None:
    meeting, key = closed(cast), uuid.uuid4()
    for _ in range(2):
        do(notice_late, by=cast.kit, meeting=meeting.pk, text="We laughed more than last week", key=key)
    with pytest.raises(KeyReused):
        do(notice_late, by=cast.kit, meeting=meeting.pk, text="Something else", key=key)
    assert (count(Observation), verbs(cast.team).count("noticed")) == (1, 1)
    sent = do(send, by=cast.lin, meeting=meeting.pk)
    assert "Kit noticed: We laughed more than last week" in again(sent).text


def test_all_the_rest_stays_with_whoever_may_send(cast: Cast) -> None:
    meeting = closed(cast, agreed=2)
    late = do(add_point, by=cast.kit, meeting=meeting.pk, text="Ring twice")
    for refused in (
        lambda: do(reword, by=cast.kit, meeting=meeting.pk, point=late.pk, text="x"),
        lambda: do(move_point, by=cast.kit, meeting=meeting.pk, point=late.pk, up=True),
        lambda: do(write_line, by=cast.kit, meeting=meeting.pk, line="x"),
        lambda: do(send, by=cast.kit, meeting=meeting.pk),
    ):
        with pytest.raises(NotAllowed):
            refused()


@pytest.mark.parametrize("add", [add_point, notice_late])
def test_who_and_when_and_what(cast: Cast, add: Any) -> None:
    meeting, under_way = closed(cast), live(cast)
    with pytest.raises(NotPossible):
        do(add, by=cast.kit, meeting=under_way.pk, text="x")
    with pytest.raises(NotFound):
        do(add, by=cast.otto, meeting=meeting.pk, text="x")
    with pytest.raises(Invalid):
        do(add, by=cast.kit, meeting=meeting.pk, text="  ")
    with pytest.raises(Identifying):
        do(add, by=cast.kit, meeting=meeting.pk, text="Ring 020 7946 0958")
    do(leave, by=cast.mo, member=cast.nia)
    with pytest.raises(NotFound):
        do(add, by=cast.nia, meeting=meeting.pk, text="x")
    do(send, by=cast.lin, meeting=meeting.pk)
    with pytest.raises(NotPossible):
        do(add, by=cast.lin, meeting=meeting.pk, text="x")
    assert look(lambda: [point.text for point in Point.objects.filter(meeting=under_way)]) == []


def test_nobody_sends_what_they_have_not_read(cast: Cast) -> None:
    meeting = closed(cast)
    seen = mark(meeting)
    do(add_point, by=cast.kit, meeting=meeting.pk, text="Ring twice")
    with pytest.raises(Stale):
        do(send, by=cast.lin, meeting=meeting.pk, shown=seen)
    seen = mark(meeting)
    do(notice_late, by=cast.kit, meeting=meeting.pk, text="We laughed")
    with pytest.raises(Stale):
        do(send, by=cast.lin, meeting=meeting.pk, shown=seen)
    assert do(send, by=cast.lin, meeting=meeting.pk, shown=mark(meeting)).is_sent
    assert do(send, by=cast.lin, meeting=meeting.pk, shown=seen).is_sent  # a second tap of an old page


# --- on the page ---


def test_the_form_is_there_until_it_is_sent_and_says_so_after(cast: Cast) -> None:
    meeting, kit = closed(cast), client_of(cast.kit)
    html = kit.get(page_of(meeting)).content.decode()
    assert ("Add a late thought" in html, GONE in html) == (True, False)
    for kind, text in (("point", "Ring twice"), ("noticed", "We laughed")):
        answer = kit.post(f"{page_of(meeting)}summary/add/", {"text": text, "kind": kind})
        assert (answer.status_code, answer["Location"]) == (303, page_of(meeting))
    html = kit.get(page_of(meeting)).content.decode()
    assert "Ring twice" in html
    assert "Not yet agreed. It opens the next read-back." in html
    assert "You noticed" in html
    do(send, by=cast.lin, meeting=meeting.pk)
    html = kit.get(page_of(meeting)).content.decode()
    assert ("Add a late thought" in html, GONE in html) == (False, True)


def test_what_was_typed_stays_beside_what_is_wrong_with_it(cast: Cast) -> None:
    meeting, kit = closed(cast), client_of(cast.kit)
    answer = kit.post(f"{page_of(meeting)}summary/add/", {"text": "Ring 020 7946 0958", "kind": "noticed"})
    html = answer.content.decode()
    assert (answer.status_code, "Ring 020 7946 0958</textarea>" in html) == (422, True)
    assert "This looks like a phone number" in html
    assert 'value="noticed" checked' in html
    do(send, by=cast.lin, meeting=meeting.pk)
    answer = kit.post(f"{page_of(meeting)}summary/add/", {"text": "Ring twice"})
    html = answer.content.decode()
    assert (answer.status_code, "Ring twice</textarea>" in html) == (409, True)
    assert "Your thought isn’t lost: offer it next time." in html


@pytest.mark.parametrize("data", [{"text": "Ring twice"}, {"text": "Ring twice", "kind": "other"}])
def test_while_the_meeting_goes_on_the_words_stay_in_sight_and_nothing_else_is_shown(
    cast: Cast, data: dict[str, str]
) -> None:
    meeting = live(cast)
    do(notice, by=cast.lin, meeting=meeting.pk, text="heron noticed")
    answer = client_of(cast.kit).post(f"{page_of(meeting)}summary/add/", data)
    html = answer.content.decode()
    assert (answer.status_code, "Ring twice</textarea>" in html, "heron" in html) == (409, True, False)
    assert "The summary is written when the meeting is closed." in html
    assert count(Point, meeting=meeting) == 0


def test_from_the_compose_page_back_to_it(cast: Cast) -> None:
    meeting, lin = closed(cast), client_of(cast.lin)
    data = {"text": "Ring twice", "from": "compose"}
    assert lin.post(f"{page_of(meeting)}summary/add/", data)["Location"] == f"{page_of(meeting)}summary/"
    assert client_of(cast.kit).post(f"{page_of(meeting)}summary/add/", data)["Location"] == page_of(meeting)
    assert "Added after the meeting." in lin.get(f"{page_of(meeting)}summary/").content.decode()
    answer = lin.post(f"{page_of(meeting)}summary/add/", {"text": "", "from": "compose"})
    assert (answer.status_code, "A line from you" in answer.content.decode()) == (422, True)


def test_the_sender_is_shown_what_came_meanwhile_and_the_line_is_kept(cast: Cast) -> None:
    meeting, lin = closed(cast), client_of(cast.lin)
    address = f"{page_of(meeting)}summary/"
    page = lin.get(address)
    form = {"line": "Thank you", "send": "1", "shown": page.context["record"].mark, "edition": "1", "version": "1"}
    do(add_point, by=cast.kit, meeting=meeting.pk, text="Ring twice")
    answer = lin.post(address, form)
    html = answer.content.decode()
    assert (answer.status_code, "Something was added or changed since you looked." in html) == (409, True)
    assert "Ring twice" in html
    assert ">Thank you</textarea>" in html
    form |= {"shown": answer.context["record"].mark, "version": "2"}
    assert lin.post(address, form)["Location"] == page_of(meeting)
