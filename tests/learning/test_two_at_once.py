"""Two people, or one with two devices, at the same rows in the same moment: both are done, one after the other."""

import threading
import uuid
from collections.abc import Callable

from django.db import connection

from core.scope import scope
from learning.models import Jotting
from learning.services.jottings import change_jotting, delete_jotting, keep_jotting
from learning.services.points import raise_point
from meetings.roles import SeatKind
from meetings.services.agenda import more_minutes
from meetings.services.seats import take_seat
from meetings.services.visitors import ask_to_come_in
from teams.services.members import leave
from tests.cast import Cast, again, count, do, items_of, live, takes_visitors
from tests.marks import ROWS

pytestmark = ROWS


def both(first: Callable[[], object], then: Callable[[], object], team: int) -> None:
    """`then` begins when `first` has done its work and hasn't committed yet. Raises what either of them raised."""
    went_wrong: list[BaseException] = []
    begun = threading.Event()

    def other() -> None:
        begun.wait()
        try:
            with scope(team):
                then()
        except BaseException as error:
            went_wrong.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=other)
    thread.start()
    try:
        with scope(team):
            first()
            begun.set()
            thread.join(0.3)
    finally:
        begun.set()
        thread.join()
    if went_wrong:
        raise went_wrong[0]


def test_a_jotting_is_changed_on_one_device_and_raised_on_another(cast: Cast) -> None:
    meeting = live(cast)
    kept = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="calmer at the door")
    both(
        lambda: change_jotting(by=cast.lin, meeting=meeting.pk, jotting=kept.pk, text="calmer at the door, and why"),
        lambda: raise_point(by=cast.lin, meeting=meeting.pk, text="Offer two times", jotting=kept.pk),
        cast.team.pk,
    )
    found = again(kept)
    assert (found.text, found.raised_at is not None) == ("calmer at the door, and why", True)


def test_a_jotting_is_deleted_on_one_device_while_another_raises_it(cast: Cast) -> None:
    meeting = live(cast)
    kept = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="calmer at the door")
    both(
        lambda: raise_point(by=cast.lin, meeting=meeting.pk, text="Offer two times", jotting=kept.pk),
        lambda: delete_jotting(by=cast.lin, meeting=meeting.pk, jotting=kept.pk),
        cast.team.pk,
    )
    assert count(Jotting, pk=kept.pk) == 0


def test_a_seat_is_taken_while_whoever_sat_there_leaves_the_team(cast: Cast) -> None:
    meeting = live(cast)
    both(
        lambda: leave(by=cast.mo, member=cast.lin),
        lambda: take_seat(by=cast.ben, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ben),
        cast.team.pk,
    )


def test_a_lead_takes_a_seat_while_another_lead_leaves_the_team_who_sits_there(cast: Cast) -> None:
    meeting = live(cast)
    do(take_seat, by=cast.rosa, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.rosa)
    both(
        lambda: take_seat(by=cast.mo, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.mo),
        lambda: leave(by=cast.mo, member=cast.rosa),
        cast.team.pk,
    )


def test_the_meeting_goes_on_while_a_lead_says_that_we_take_no_visitors_any_more(cast: Cast) -> None:
    takes_visitors(cast)
    meeting = live(cast)
    with scope(cast.team.pk):
        ask_to_come_in(meeting=meeting.pk, name="Vi Larsen", key=uuid.uuid4())
    both(
        lambda: more_minutes(by=cast.ben, meeting=meeting.pk, item=items_of(meeting)[0].pk),
        lambda: takes_visitors(cast, False),
        cast.team.pk,
    )
