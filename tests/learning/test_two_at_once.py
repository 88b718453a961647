"""Two people, or one with two devices, at the same rows in the same moment: both are done, one after the other."""

import threading
import time
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from core import clock
from core.errors import NotPossible, Stale
from core.scope import scope
from learning.models import Jotting
from learning.roles import PointState
from learning.services import read_back
from learning.services.jottings import change_jotting, delete_jotting, keep_jotting
from learning.services.points import raise_point
from learning.services.summary import add_point, reword
from meetings.roles import SeatKind
from meetings.services.agenda import more_minutes
from meetings.services.locks import lock
from meetings.services.planning import plan_meeting
from meetings.services.seats import take_seat
from meetings.services.visitors import ask_to_come_in
from teams.models import Membership
from teams.roles import Usually
from teams.services.members import change_roles, leave
from tests.cast import Cast, again, client_of, closed, count, do, items_of, live, takes_visitors, verbs
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


def test_a_point_that_was_carried_over_is_agreed_and_reworded_at_once(cast: Cast) -> None:
    """It stands on last week's unsent summary and is read back this week: what was agreed is what stays."""
    before = closed(cast)
    late = do(add_point, by=cast.kit, meeting=before.pk, text="Ring twice")
    meeting = live(cast)
    do(read_back.start, by=cast.lin, meeting=meeting.pk)
    do(read_back.first_point, by=cast.lin, meeting=meeting.pk)
    here: dict[str, Any] = {"by": cast.ada, "meeting": meeting.pk, "point": late.pk, "outcome": PointState.AGREED}
    there: dict[str, Any] = {"by": cast.lin, "meeting": before.pk, "point": late.pk, "text": "Ring once"}
    with pytest.raises(NotPossible, match="is being read back in a meeting now"):
        do(reword, **there)
    with pytest.raises(NotPossible, match="settled at a later meeting"):
        both(lambda: read_back.settle(**here), lambda: reword(**there), cast.team.pk)
    assert (again(late).text, again(late).state) == ("Ring twice", PointState.AGREED)


def test_two_leads_change_the_roles_of_one_member(cast: Cast) -> None:
    def change(lead: Membership, usually: Usually) -> Callable[[], None]:
        theirs = again(cast.ben)  # as the page of each of them showed it
        return lambda: change_roles(by=lead, member=theirs, is_lead=False, usually=usually, seen=theirs.version)

    with pytest.raises(Stale):
        both(change(cast.mo, Usually.CHAIR), change(cast.rosa, Usually.SCRIBE), cast.team.pk)
    assert again(cast.ben).usually == Usually.CHAIR


def test_of_two_who_wait_for_each_other_one_is_done_after_the_other(cast: Cast) -> None:
    """Whoever parks locks this meeting, then the next one; whoever leaves locks theirs by their ids. Nobody gets an error."""
    there = do(plan_meeting, by=cast.mo, starts=clock.now() + timedelta(days=7))
    here = live(cast)
    holds, item = threading.Event(), items_of(here)[3]

    def other_way_round() -> None:
        try:
            with scope(cast.team.pk):
                lock(there.pk, by=cast.mo)
                holds.set()
                time.sleep(0.5)  # by now the post holds the one and waits for the other
                lock(here.pk, by=cast.mo)
        finally:
            connection.close()

    thread = threading.Thread(target=other_way_round)
    thread.start()
    assert holds.wait(10)
    answer = client_of(cast.ada).post(f"/t/harbour-street/m/{here.pk}/park/", {"item": item.pk})
    thread.join()
    assert answer.status_code == 303
    assert [row.label for row in items_of(there)].count("Winter rota") == 1
    assert verbs(cast.team).count("item parked") == 1


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
