"""What the room says at its edges: points that came from an earlier meeting, jottings that name somebody, a room that is closed."""

import re

import pytest

from core.live import MEMBER, WALL, render
from learning.queries import raised as raised_in
from learning.queries import record_of
from learning.roles import PointState
from learning.services.jottings import keep_jotting
from learning.services.points import raise_point
from learning.services.read_back import first_point, start
from learning.services.summary import move_point
from meetings.models import Meeting
from meetings.services.running import close
from tests.cast import GENERAL, Cast, again, client_of, do, live, look, next_item, raised, settle
from tests.marks import ROWS

pytestmark = ROWS


def room(meeting: Meeting) -> str:
    return f"/t/harbour-street/m/{meeting.pk}/"


def words(html: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", html).split())


@pytest.fixture
def read(cast: Cast) -> Meeting:
    """Read back: one that was carried over, agreed; then two of its own, the second raised read first: parked, and left."""
    before = live(cast)
    [carried] = raised(cast, before)
    do(close, by=cast.ada, meeting=before.pk)
    meeting = live(cast)
    own = [do(raise_point, by=cast.lin, meeting=meeting.pk, text=text) for text in GENERAL[1:3]]
    do(start, by=cast.lin, meeting=meeting.pk, picked=[carried.pk, own[1].pk, own[0].pk])
    do(first_point, by=cast.lin, meeting=meeting.pk)
    settle(cast, meeting, carried)
    settle(cast, meeting, own[1], PointState.PARKED)
    settle(cast, meeting, own[0], PointState.LEFT)
    return meeting


def test_what_was_read_back_is_listed_in_that_order_wherever_it_was_raised(cast: Cast, read: Meeting) -> None:
    assert [point.text for point in look(lambda: raised_in(again(read)))] == [GENERAL[0], GENERAL[2], GENERAL[1]]
    html = client_of(cast.mo).get(room(read)).content.decode()
    listed = words(html.partition('id="raised"')[2].partition("</ol>")[0])
    assert f"1 {GENERAL[0]} Agreed by those here 2 {GENERAL[2]} Parked 3 {GENERAL[1]} Left" in listed
    assert 'data-count="3"' in html


def test_what_is_raised_after_the_read_back_comes_after_it(cast: Cast, read: Meeting) -> None:
    do(raise_point, by=cast.lin, meeting=read.pk, text=GENERAL[3])
    found = [point.text for point in look(lambda: raised_in(again(read)))]
    assert found[:3] == [GENERAL[0], GENERAL[2], GENERAL[1]]


def test_the_record_keeps_the_order_of_the_read_back_until_somebody_puts_it_in_another(
    cast: Cast, read: Meeting
) -> None:
    do(close, by=cast.ada, meeting=read.pk)
    record = look(lambda: record_of(again(read)))
    assert [point.text for point in record.all] == [point.text for point in record.points] == [GENERAL[0], GENERAL[2]]
    do(move_point, by=cast.lin, meeting=read.pk, point=record.all[1].pk, up=True)
    moved = look(lambda: record_of(again(read)))
    assert [point.text for point in moved.all] == [point.text for point in moved.points] == [GENERAL[2], GENERAL[0]]


def test_no_point_is_said_to_be_raised_while_some_wait(cast: Cast) -> None:
    meeting = live(cast)
    do(raise_point, by=cast.lin, meeting=meeting.pk, text=GENERAL[0])
    for name in ("lin", "ben"):
        html = client_of(getattr(cast, name)).get(room(meeting)).content.decode()
        assert "No point is raised yet. That’s fine." in html and "No points yet" not in html


def test_a_jotting_that_names_somebody_is_marked_for_whoever_wrote_it(cast: Cast) -> None:
    meeting = live(cast)
    do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="<b>Rang</b> about 943 476 5919 &\nit was calm")
    marked = '<mark class="may-name"><span class="visually-hidden">May say who it is: </span>943 476 5919</mark>'
    lin = client_of(cast.lin)
    pages = [room(meeting), f"{room(meeting)}pick/"]
    for page in pages:
        html = lin.get(page).content.decode()
        assert f"&lt;b&gt;Rang&lt;/b&gt; about {marked} &amp;<br>it was calm" in html, page
        assert "943 476 5919" not in client_of(cast.ben).get(page).content.decode()
    link = re.search(r'href="([^"]+/raise/[^"]*)"', lin.get(pages[0]).content.decode())
    assert link is not None
    assert marked in lin.get(link[1]).content.decode()


def test_at_the_ends_of_the_points_that_wait_up_and_down_are_not_ready_and_say_why(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting, 3)
    html = client_of(cast.lin).get(room(meeting)).content.decode()
    found = re.findall(
        r'id="waits-(up|down)-\d+" (type="button" aria-disabled="true" popovertarget="waits-(?:first|last)")?', html
    )
    assert [(way, bool(idle)) for way, idle in found] == [
        *[("up", True), ("down", False)],
        *[("up", False), ("down", False)],
        *[("up", False), ("down", True)],
    ]
    assert 'id="waits-first" popover' in html and "This one is first already." in html


def test_a_room_that_stays_open_after_the_close_says_that_it_is_closed(cast: Cast) -> None:
    meeting = live(cast)
    next_item(cast, meeting)
    do(close, by=cast.ada, meeting=meeting.pk)
    now = look(lambda: render("now", again(meeting), MEMBER))
    assert (words(now), " data-closed" in now) == ("The meeting is closed", True)
    head = look(lambda: render("letterhead", again(meeting), MEMBER))
    assert "You kept our learning in mind" in head and "Lin kept our learning in mind" in head
    assert "keep our" not in head and "keeps" not in head and "data-say" not in head
    assert "kept" in look(lambda: render("letterhead", again(meeting), WALL))
