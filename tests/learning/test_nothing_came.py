"""What is said where no point came of a meeting: one thing on its page, where its summary is written, and in the letter."""

import pytest

from learning.models import Summary
from learning.queries import record_of
from learning.roles import Outcome
from learning.services.read_back import without_points
from learning.services.summary import add_point, notice_late, send, write_line
from meetings.models import Meeting
from meetings.roles import SeatKind
from meetings.services.running import close
from meetings.services.seats import leave_seat
from teams.models import Letter
from tests.cast import Cast, again, client_of, closed, count, do, items_of, live, look, next_item
from tests.marks import ROWS

pytestmark = ROWS

FINE = "No learning point today. That’s fine."
NOTHING = "No point came of this meeting."
LATE = "Ask who else should hear this before we end"


def words(meeting: Meeting, end: str = "", name: str = "lin", cast: Cast | None = None) -> str:
    assert cast is not None
    html = client_of(getattr(cast, name)).get(f"/t/harbour-street/m/{meeting.pk}/{end}").content.decode()
    return " ".join(html.split())


def sides(cast: Cast, meeting: Meeting) -> tuple[str, str]:
    """The page on which it is written: what is left of the letter, and the letter as it will be read."""
    left, right = words(meeting, "summary/", cast=cast).split('<article class="sheet letter"')
    return left, right.split("</article>")[0]


def ended(cast: Cast, outcome: Outcome | None) -> Meeting:
    meeting = live(cast)
    if outcome is not None:
        do(without_points, by=cast.ada, meeting=meeting.pk, outcome=outcome)
    do(close, by=cast.ada, meeting=meeting.pk)
    return again(meeting)


@pytest.mark.parametrize(
    ("outcome", "said", "never", "why"),
    [
        (Outcome.NONE_TODAY, FINE, NOTHING, ""),
        (Outcome.NO_TIME, NOTHING, FINE, "There was no time for the read-back."),
        (None, NOTHING, FINE, "No read-back this time."),
    ],
)
def test_all_three_say_the_same_and_what_nobody_said_is_said_nowhere(
    cast: Cast, outcome: Outcome | None, said: str, never: str, why: str
) -> None:
    meeting = ended(cast, outcome)
    left, letter = sides(cast, meeting)
    page = words(meeting, cast=cast)
    sent = again(do(send, by=cast.lin, meeting=meeting.pk))
    for shown in (left, letter, page, sent.text, sent.html):
        assert said in shown
        assert never not in shown
    assert why in page


def test_a_late_thought_leaves_the_outcome_said_and_stands_below_it(cast: Cast) -> None:
    meeting = ended(cast, Outcome.NONE_TODAY)
    do(add_point, by=cast.kit, meeting=meeting.pk, text=LATE)
    left, letter = sides(cast, meeting)
    page = words(meeting, cast=cast)
    sent = again(do(send, by=cast.lin, meeting=meeting.pk))
    for shown in (left, letter, page, sent.text, sent.html):
        assert -1 < shown.index(FINE) < shown.index(LATE) < shown.index("Not yet agreed.")
    assert "Added after the meeting." in left
    assert "No learning point today. That’s fine.\n\nNot read back, or added since:\n\n1. Ask who else" in sent.text


def test_a_late_thought_where_nobody_read_back_is_no_point_that_came_of_it(cast: Cast) -> None:
    meeting = ended(cast, None)
    do(add_point, by=cast.kit, meeting=meeting.pk, text=LATE)
    left, letter = sides(cast, meeting)
    assert [NOTHING in shown or FINE in shown for shown in (left, letter, words(meeting, cast=cast))] == [False] * 3


def test_the_preview_is_what_is_sent(cast: Cast) -> None:
    meeting = closed(cast, agreed=2)
    do(notice_late, by=cast.ben, meeting=meeting.pk, text="We laughed more than last week")
    do(add_point, by=cast.kit, meeting=meeting.pk, text=LATE)
    do(write_line, by=cast.lin, meeting=meeting.pk, line="Thank you all")
    _left, before = sides(cast, again(meeting))
    assert count(Summary, sent_by=cast.lin) == 0, "looking keeps nothing"
    stored = again(do(send, by=cast.lin, meeting=meeting.pk))
    assert count(Letter, kind="summary") == 9
    _left, after = sides(cast, again(meeting))
    assert before == after
    for line in (
        "What we learned on",
        "Lin kept our learning in mind.",
        LATE,
        "Ben noticed:",
        "Thank you all",
        f"m/{meeting.pk}/",
    ):
        assert line in before
    assert "You get this because you are in Harbour Street outreach." in before
    assert stored.subject in before


# --- Sent at once, where it is closed ---


def test_a_chair_who_may_not_send_is_told_who_can_as_soon_as_it_is_closed(cast: Cast) -> None:
    meeting = live(cast)  # and nobody reads back: else the same buttons are the pen's (learning/room/pen.html)
    for _ in items_of(meeting)[1:]:
        next_item(cast, meeting)
    told, both = "Lin can send the summary as soon as it is closed.", "Close, and send the summary now"
    shown = words(meeting, name="ada", cast=cast)
    assert (told in shown, both in shown) == (True, False)
    do(leave_seat, by=cast.lin, meeting=meeting.pk, kind=SeatKind.LEARNING)
    shown = words(meeting, name="ada", cast=cast)
    assert (told in shown, both in shown) == (False, True), "where nobody holds the seat the Chair sends it"


def test_the_holder_may_send_it_at_once_from_the_page_to_which_the_close_leads(cast: Cast) -> None:
    meeting = closed(cast)
    shown = {name: "Send it now" in words(meeting, name=name, cast=cast) for name in ("lin", "mo", "ada", "kit")}
    assert shown == {"lin": True, "mo": False, "ada": False, "kit": False}
    address, mark = f"/t/harbour-street/m/{meeting.pk}/", look(lambda: record_of(meeting).mark)
    do(add_point, by=cast.kit, meeting=meeting.pk, text=LATE)
    lin = client_of(cast.lin)
    assert lin.post(f"{address}summary/send/", {"edition": 1, "shown": mark}).status_code == 409, (
        "not what she hasn’t read"
    )
    mark = look(lambda: record_of(meeting).mark)
    assert f'name="shown" value="{mark}"' in words(meeting, cast=cast)
    assert lin.post(f"{address}summary/send/", {"edition": 1, "shown": mark}).status_code == 303
    assert count(Letter, kind="summary") == 9
    assert "Send it now" not in words(meeting, cast=cast)
