"""A meeting that nobody closed closes by itself, with all that follows from a close."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from core import clock, clockwork
from core.clockwork import run_due
from core.live import WALL
from core.scope import scope
from learning.services.read_back import start
from meetings.models import Meeting, Phase
from meetings.services.locks import lock
from meetings.services.running import begin, close_forgotten, tick_attendance
from meetings.tasks import meetings_that_nobody_closed
from teams.models import Activity, Letter
from tests.cast import (
    Cast,
    again,
    client_of,
    closed,
    count,
    do,
    items_of,
    live,
    look,
    overheard,
    planned,
    raised,
    read_back_of,
    stage,
)
from tests.marks import ROWS

pytestmark = ROWS

MINUTE = timedelta(minutes=1)


def is_over(meeting: Meeting, at: datetime) -> bool:
    """Whether it is closed after the clock looked at this moment."""
    with clock.at(at):
        meetings_that_nobody_closed()
    return again(meeting).phase == Phase.CLOSED


def touch(cast: Cast, meeting: Meeting, at: datetime) -> None:
    """Somebody does something in it."""
    with clock.at(at):
        here = [cast.ben.pk] if at.minute % 2 else []
        do(tick_attendance, by=cast.ben, meeting=meeting.pk, here=[cast.kit.pk, *here])
    assert again(meeting).touched_at is not None


def test_sixty_minutes_after_its_booked_end_it_closes_whoever_is_still_at_it(cast: Cast) -> None:
    meeting = live(cast)
    for minutes in (20, 45, 58):
        touch(cast, meeting, meeting.ends + minutes * MINUTE)
        assert not is_over(meeting, meeting.ends + minutes * MINUTE)
    assert not is_over(meeting, meeting.ends + timedelta(minutes=59, seconds=55))
    assert is_over(meeting, meeting.ends + 60 * MINUTE)


def test_one_that_began_after_its_booked_end_has_its_hour_all_the_same(cast: Cast) -> None:
    meeting = planned(cast)
    late = meeting.ends + 65 * MINUTE
    with clock.at(late):
        do(begin, by=cast.ada, meeting=meeting.pk)
    for minutes in (1, 25, 50):
        touch(cast, meeting, late + minutes * MINUTE)
        assert not is_over(meeting, late + minutes * MINUTE)
    assert is_over(meeting, late + 61 * MINUTE)


def test_after_its_booked_end_it_closes_when_nobody_has_touched_it_for_thirty_minutes(cast: Cast) -> None:
    meeting = live(cast)
    touch(cast, meeting, meeting.ends - 10 * MINUTE)
    assert not is_over(meeting, meeting.ends + 19 * MINUTE)
    assert is_over(meeting, meeting.ends + 21 * MINUTE)


def test_however_quiet_it_is_it_does_not_close_before_its_booked_end(cast: Cast) -> None:
    meeting = live(cast)
    assert not is_over(meeting, meeting.ends - timedelta(seconds=5))
    assert is_over(meeting, meeting.ends)


def test_it_closes_as_by_hand_but_for_nobody_and_says_so(cast: Cast) -> None:
    meeting = live(cast)
    [point] = raised(cast, meeting)
    do(start, by=cast.lin, meeting=meeting.pk)
    moment = (meeting.ends + 61 * MINUTE).replace(second=0, microsecond=0)
    with overheard() as heard:
        assert is_over(meeting, moment)
    over = again(meeting)
    assert over.closed_at is not None
    assert (over.closed_by_id, moment <= over.closed_at < moment + MINUTE) == (None, True)
    assert [item.is_now for item in items_of(meeting)] == [False] * 6
    assert (read_back_of(meeting).outcome, again(point).state) == ("points", "raised")
    last = look(lambda: Activity.objects.filter(verb="meeting closed").get())
    assert (last.actor_id, last.team_id) == (None, cast.team.pk)
    assert count(Letter, kind="prompt") == 1
    told = [message for message in heard if message["channel"] == f"live:{meeting.pk}"]
    assert any("phase" in message["subjects"] for message in told)
    assert any(message["channel"] == "live:cut" and message.get("audience") == WALL for message in heard)
    at = over.closed_at.astimezone(ZoneInfo(cast.team.zone)).strftime("%H:%M")
    page = client_of(cast.ben).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()
    assert f"It closed by itself at {at}." in page
    assert (
        "by itself" not in client_of(cast.ben).get(f"/t/harbour-street/m/{closed(cast, agreed=0).pk}/").content.decode()
    )


def test_once_is_enough(cast: Cast) -> None:
    meeting = live(cast)
    assert is_over(meeting, meeting.ends + 61 * MINUTE)
    before = again(meeting)
    assert is_over(meeting, meeting.ends + 90 * MINUTE)
    with clock.at(meeting.ends + 90 * MINUTE), scope(cast.team.pk):
        assert close_forgotten(meeting.pk) is False
    assert (again(meeting).closed_at, again(meeting).revision) == (before.closed_at, before.revision)
    assert (count(Letter, kind="prompt"), count(Activity, verb="meeting closed")) == (1, 1)


def test_what_never_began_or_was_called_off_or_belongs_to_somebody_who_is_still_at_it_stays(cast: Cast) -> None:
    at = stage(cast)
    waiting = planned(cast)
    moment = max(each.ends for each in (at.live, at.reading, at.elsewhere, waiting)) + 10 * MINUTE
    with clock.at(moment - MINUTE):
        do(tick_attendance, by=cast.otto, meeting=at.elsewhere.pk, here=[cast.tess.pk])
    assert is_over(at.live, moment)
    assert [again(each).phase for each in (at.elsewhere, waiting, at.reading)] == ["live", "planned", "closed"]


@pytest.fixture
def busy(cast: Cast) -> Iterator[Meeting]:
    """A meeting that somebody is writing to just now, on a connection of their own."""
    meeting = live(cast)
    locked, done = threading.Event(), threading.Event()

    def write() -> None:
        with scope(cast.team.pk):
            lock(meeting.pk, by=cast.ada)
            locked.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=write)
    thread.start()
    assert locked.wait(10)
    yield meeting
    done.set()
    thread.join()


def test_a_meeting_that_is_busy_is_left_for_the_next_round(busy: Meeting) -> None:
    assert not is_over(busy, busy.ends + 61 * MINUTE)


def test_one_that_cannot_be_closed_holds_up_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other = live(cast), live(cast)

    def fails(meeting: int) -> bool:
        if meeting == one.pk:
            raise ValueError("as tests go")
        return close_forgotten(meeting)

    monkeypatch.setattr("meetings.tasks.close_forgotten", fails)
    assert is_over(other, other.ends + 61 * MINUTE)
    assert again(one).is_live


def test_whoever_drives_the_clock_closes_it_the_ticker_alone_too(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clockwork, "_begun", {})
    meeting = live(cast)
    with clock.at(meeting.ends + 61 * MINUTE):
        assert "meetings that nobody closed" in run_due()
    assert again(meeting).phase == Phase.CLOSED
