"""What every screen says alike of one agenda: when it ends, and where it may be moved."""

import re

import pytest

from core.live import MEMBER, WALL, render
from meetings.models import ItemKind, Meeting
from meetings.services.agenda import add_item
from tests.cast import Cast, again, client_of, do, live, look, next_item, planned
from tests.marks import ROWS

pytestmark = ROWS


def room(meeting: Meeting) -> str:
    return f"/t/harbour-street/m/{meeting.pk}/"


def longer(cast: Cast, meeting: Meeting) -> str:
    """A case too many; when it ends now."""
    do(add_item, by=cast.ada, meeting=meeting.pk, kind=ItemKind.CASE, minutes=30, presenter=None)
    html = look(lambda: render("when", again(meeting), MEMBER))
    found = re.search(r'<span class="late">ends about (\d\d:\d\d)</span>', html)
    assert found, html
    return found[1]


@pytest.mark.parametrize("begun", [False, True], ids=["before", "during"])
def test_a_sum_that_outruns_the_time_is_told_in_amber_on_the_wall_too(cast: Cast, begun: bool) -> None:
    meeting = live(cast) if begun else planned(cast)
    quiet = look(lambda: render("footer", again(meeting), WALL))
    assert "ends about" not in quiet and 'class="late"' not in quiet
    ends = longer(cast, meeting)
    assert f'<span class="late">ends about {ends}</span>' in look(lambda: render("footer", again(meeting), WALL))


def test_after_the_read_back_the_wall_says_the_end_in_a_sentence_of_its_own(cast: Cast) -> None:
    meeting = live(cast)
    for _ in range(5):
        next_item(cast, meeting)
    foot = look(lambda: render("footer", again(meeting), WALL))
    assert re.search(r"<span>Ends \d\d:\d\d</span>", foot), foot


def test_before_it_begins_the_room_says_how_much_too_much_is_planned(cast: Cast) -> None:
    meeting = planned(cast)
    ben = client_of(cast.ben)
    assert "minutes are planned" not in ben.get(room(meeting)).content.decode()
    longer(cast, meeting)
    assert "80 of 60 minutes are planned." in ben.get(room(meeting)).content.decode()


def test_the_first_has_no_up_and_the_last_no_down_and_each_says_why(cast: Cast) -> None:
    meeting = live(cast)
    html = client_of(cast.ada).get(f"{room(meeting)}?open=order").content.decode()
    found = re.findall(
        r'id="order-(up|down)-\d+" (type="button" aria-disabled="true" popovertarget="order-(?:first|last)")?', html
    )
    assert len(found) == 2 * 5
    assert [index for index, (_way, idle) in enumerate(found) if idle] == [0, 9]
    for end in ("first", "last"):
        assert f'id="order-{end}" popover role="status">This one is {end} already.' in html
