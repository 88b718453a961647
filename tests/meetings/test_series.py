"""Meetings that come again: their dates, what moves over when a series changes, pauses, and what each begins with."""

import threading
import uuid
from collections.abc import Callable
from contextvars import copy_context
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.errors import Invalid, NotFound, NotPossible, Stale
from core.guard import Identifying
from core.scope import scope
from meetings.forms.dates import SeriesForm
from meetings.letters import cancelled
from meetings.models import CalledOff, Item, ItemKind, Meeting, Pause, Phase, Seat, Series, SeriesLine, WallCode
from meetings.queries.dates import Often, dates_of, first_from, rule_of
from meetings.roles import SeatKind
from meetings.services import planning, running, seats, series
from meetings.services.agenda import add_item
from meetings.services.planning import Line
from meetings.tasks import dates_of_the_series
from teams.models import Activity, Letter, Membership
from teams.services.activity import record
from teams.services.members import leave
from tests.cast import Cast, again, count, do, items_of, look, verbs
from tests.marks import ROWS

pytestmark = ROWS

TUESDAY, THURSDAY, FRIDAY = 1, 3, 4
NOW = datetime(2031, 9, 1, 12, tzinfo=UTC)  # a Monday
WEEKLY = rule_of(Often.WEEKLY, TUESDAY)


@pytest.fixture(autouse=True)
def september(request: pytest.FixtureRequest) -> Any:
    """The first of September 2031, a Monday; after the cast was gathered."""
    request.getfixturevalue("cast")
    with clock.at(NOW):
        yield


def weekly(cast: Cast, **more: Any) -> Series:
    given = {"rule": WEEKLY, "first": date(2031, 9, 2), "at": time(10), "place": "Room 2", **more}
    return do(series.plan_series, by=cast.mo, **given)


def rows(one: Series, **which: Any) -> list[Meeting]:
    return look(lambda: list(Meeting.objects.filter(series=one, **which).order_by("starts")))


def on(one: Series, day: date) -> Meeting:
    return look(lambda: Meeting.objects.get(series=one, original_date=day))


def days(meetings: list[Meeting]) -> list[str]:
    return [meeting.starts.strftime("%a %d %b") for meeting in meetings]


def fill() -> None:
    dates_of_the_series()


# --- Planning one ---


def test_a_series_has_its_dates_of_thirteen_weeks_each_with_agenda_code_chair_and_scribe(cast: Cast) -> None:
    one = weekly(cast)
    made = rows(one)
    assert days(made) == [f"{date(2031, 9, 2) + timedelta(weeks=week):%a %d %b}" for week in range(13)]
    assert {meeting.place for meeting in made} == {"Room 2"}
    usual = {(SeatKind.CHAIR, cast.ada.pk), (SeatKind.SCRIBE, cast.sol.pk)}
    taken = look(lambda: list(Seat.objects.values_list("meeting", "kind", "member")))
    for meeting in (made[0], made[-1]):
        kinds = [item.kind for item in items_of(meeting)]
        assert kinds == ["look_back", "business", "read_back", "other"]
        assert count(WallCode, meeting=meeting) == 1
        assert {(kind, member) for pk, kind, member in taken if pk == meeting.pk} == usual
    assert verbs(cast.team).count("series planned") == 1


def test_ten_o_clock_stays_ten_o_clock(cast: Cast) -> None:
    """The clocks go back on 26 October 2031."""
    made = rows(weekly(cast))
    hours = {meeting.starts.strftime("%d %b"): meeting.starts.hour for meeting in made}
    assert (hours["21 Oct"], hours["28 Oct"]) == (9, 10)


def test_its_template_is_its_own_and_holds_no_case(cast: Cast) -> None:
    one = weekly(cast, agenda=[Line(ItemKind.BUSINESS, 20, "Rota"), Line(ItemKind.READ_BACK, 10)])
    assert [(item.title, item.minutes) for item in items_of(rows(one)[3])] == [("Rota", 20), ("Read-back", 10)]
    with pytest.raises(Invalid) as refused:
        do(series.add_line, by=cast.ben, series=one.pk, kind=ItemKind.CASE, minutes=10)
    assert refused.value.field == "kind"


def test_the_same_post_twice_is_one_series(cast: Cast) -> None:
    key = uuid.uuid4()
    one, two = weekly(cast, key=key), weekly(cast, key=key)
    assert (one.pk, count(Series), count(Meeting, series=one)) == (two.pk, 1, 13)


def test_a_place_that_says_who_somebody_is_stops_the_series(cast: Cast) -> None:
    with pytest.raises(Identifying):
        weekly(cast, place="Ring 020 7946 0958")
    assert (count(Series), count(Meeting)) == (0, 0)


def test_the_duty_keeps_thirteen_weeks_filled_and_is_harmless_when_repeated(cast: Cast) -> None:
    one = weekly(cast)
    fill()
    assert len(rows(one)) == 13
    with clock.at(NOW + timedelta(weeks=2)):
        fill()
        fill()
    assert len(rows(one)) == 15


def test_one_series_that_fails_does_not_stop_the_others(cast: Cast) -> None:
    broken, whole = weekly(cast), weekly(cast, at=time(14))
    look(lambda: Series.objects.filter(pk=broken.pk).update(rule="FREQ=NEVER"))
    with clock.at(NOW + timedelta(weeks=1)):
        fill()
    assert (len(rows(broken)), len(rows(whole))) == (13, 14)


def test_a_series_survives_the_leaving_of_whoever_planned_it(cast: Cast) -> None:
    one = do(series.plan_series, by=cast.ben, rule=WEEKLY, first=date(2031, 9, 2), at=time(10))
    do(leave, by=cast.ben, member=cast.ben)
    with clock.at(NOW + timedelta(weeks=3)):
        fill()
        assert len(rows(one)) == 16
        look(lambda: Membership.objects.filter(pk=cast.ben.pk).update(user=cast.otto.user))  # as if erased
        look(lambda: Series.objects.filter(pk=one.pk).update(planned_by=None))
    with clock.at(NOW + timedelta(weeks=4)):
        fill()
        changed = do(
            series.change_series,
            by=cast.kit,
            series=one.pk,
            first=date(2031, 10, 14),
            rule=WEEKLY,
            at=time(11),
            minutes=60,
            place="",
            video="",
        )
    assert len(rows(one)) + len(rows(changed)) == 17


def test_no_letter_goes_out_for_dates_that_the_clock_makes(cast: Cast) -> None:
    weekly(cast)
    before = count(Letter)
    with clock.at(NOW + timedelta(weeks=2)):
        fill()
    assert count(Letter) == before


def test_a_stranger_finds_no_series(cast: Cast) -> None:
    one = weekly(cast)
    with pytest.raises(NotFound):
        do(series.end_series, by=cast.otto, series=one.pk, first=date(2031, 9, 10))
    with pytest.raises(NotFound):
        do(series.end_series, by=again(cast.vi), series=one.pk, first=date(2031, 9, 10))
    assert again(one).until is None


# --- Single dates ---


def test_a_single_date_is_moved_by_itself(cast: Cast) -> None:
    one = weekly(cast)
    moved = on(one, date(2031, 9, 9))
    to = datetime(2031, 9, 10, 13, tzinfo=UTC)
    do(planning.change_plan, by=cast.ben, meeting=moved.pk, starts=to, minutes=45, place="Room 3", video="", seen=1)
    now = again(moved)
    assert (now.starts, now.apart, now.sequence, now.original_date) == (to, True, 1, date(2031, 9, 9))
    fill()
    assert len(rows(one)) == 13  # nothing is made in its old place


def test_a_date_that_is_skipped_stays_skipped_and_may_take_place_after_all(cast: Cast) -> None:
    one = weekly(cast)
    skipped = on(one, date(2031, 9, 9))
    do(planning.cancel, by=cast.ben, meeting=skipped.pk)
    fill()
    assert (again(skipped).phase, again(skipped).called_off, len(rows(one))) == (Phase.CANCELLED, CalledOff.ALONE, 13)
    for _ in range(2):
        do(planning.reinstate, by=cast.kit, meeting=skipped.pk)
    back = again(skipped)
    assert (back.phase, back.called_off, back.sequence, back.key) == (Phase.PLANNED, "", 2, skipped.key)
    assert (count(WallCode, meeting=back), len(items_of(back))) == (1, 4)
    assert verbs(cast.team).count("meeting takes place after all") == 1


def test_whoever_left_meanwhile_has_no_seat_when_it_takes_place_after_all(cast: Cast) -> None:
    one = weekly(cast)
    skipped = on(one, date(2031, 9, 9))
    do(planning.cancel, by=cast.ben, meeting=skipped.pk)
    do(leave, by=cast.sol, member=cast.sol)
    do(planning.reinstate, by=cast.kit, meeting=skipped.pk)
    now = look(lambda: dict(Seat.objects.current().filter(meeting=skipped).values_list("kind", "member")))
    assert now == {SeatKind.CHAIR: cast.ada.pk}


def test_a_date_that_is_past_does_not_take_place_after_all(cast: Cast) -> None:
    skipped = on(weekly(cast), date(2031, 9, 9))
    do(planning.cancel, by=cast.ben, meeting=skipped.pk)
    with clock.at(NOW + timedelta(days=20)), pytest.raises(NotPossible):
        do(planning.reinstate, by=cast.kit, meeting=skipped.pk)


# --- Changing it from a date on ---


def prefilled(one: Series) -> date:
    """The day from which on the form changes it, if nobody types another."""
    day = SeriesForm.of(look(lambda: Series.objects.select_related("team").get(pk=one.pk)), "").initial["first"]
    assert isinstance(day, date)
    return day


def change(cast: Cast, one: Series, **other: Any) -> Series:
    given = {
        "first": date(2031, 9, 15),
        "rule": one.rule,
        "at": one.at,
        "minutes": one.minutes,
        "place": one.place,
        "video": one.video,
    }
    return do(series.change_series, by=cast.kit, series=one.pk, **{**given, **other})


def test_from_a_date_on_another_day_and_time_with_everything_that_hangs_on_each(cast: Cast) -> None:
    one = weekly(cast)
    third = on(one, date(2031, 9, 16))
    do(add_item, by=cast.ben, meeting=third.pk, kind=ItemKind.CASE, minutes=10, presenter=cast.ben)
    do(seats.take_seat, by=cast.lin, meeting=third.pk, kind=SeatKind.LEARNING, member=cast.lin)
    new = change(cast, one, rule=rule_of(Often.WEEKLY, THURSDAY), at=time(14), seen=1)
    assert days(rows(one)) == ["Tue 02 Sep", "Tue 09 Sep"]
    assert days(rows(new))[:3] == ["Thu 18 Sep", "Thu 25 Sep", "Thu 02 Oct"]
    now = again(third)
    assert (now.series_id, now.original_date, now.key) == (new.pk, date(2031, 9, 18), third.key)
    assert (now.starts, now.sequence) == (datetime(2031, 9, 18, 13, tzinfo=UTC), 1)
    assert "Case 1 · Ben" in [item.title for item in items_of(now)]
    assert count(Seat, meeting=third, kind=SeatKind.LEARNING, member=cast.lin, until=None) == 1
    assert (again(one).until, again(new).follows_id) == (date(2031, 9, 14), one.pk)
    fill()
    assert len(rows(one)) + len(rows(new)) == 13
    assert verbs(cast.team).count("series changed") == 1


def test_dates_that_fit_nowhere_any_more_are_cancelled(cast: Cast) -> None:
    one = weekly(cast)
    new = change(cast, one, rule=rule_of(Often.FORTNIGHTLY, TUESDAY))
    off = rows(one, phase=Phase.CANCELLED)
    assert days(off)[:3] == ["Tue 23 Sep", "Tue 07 Oct", "Tue 21 Oct"]
    assert {(row.called_off, row.sequence) for row in off} == {(CalledOff.SERIES, 1)}
    assert days(rows(new))[:3] == ["Tue 16 Sep", "Tue 30 Sep", "Tue 14 Oct"]
    assert {row.sequence for row in rows(new)} == {0}  # nothing about them changed


def test_the_other_weeks_of_a_fortnightly_one_can_be_had(cast: Cast) -> None:
    one = weekly(cast, rule=rule_of(Often.FORTNIGHTLY, TUESDAY))
    assert days(rows(one))[:2] == ["Tue 02 Sep", "Tue 16 Sep"]
    new = change(cast, one, first=date(2031, 9, 8))
    assert days(rows(new))[:2] == ["Tue 09 Sep", "Tue 23 Sep"]
    assert change(cast, new, first=date(2031, 9, 22)).pk == new.pk  # the same days: nothing to change


def test_a_monthly_one_moves_over_month_by_month(cast: Cast) -> None:
    one = weekly(cast, rule=rule_of(Often.FIRST, TUESDAY))
    before = {row.original_date.month: row.pk for row in rows(one) if row.original_date}
    new = change(cast, one, rule=rule_of(Often.LAST, FRIDAY), first=date(2031, 10, 1))
    after = {row.original_date.month: row.pk for row in rows(new) if row.original_date}
    assert (after[10], after[11]) == (before[10], before[11])
    assert days(rows(new)) == ["Fri 31 Oct", "Fri 28 Nov"]


def test_a_date_changed_by_itself_stays_as_it_is_and_none_is_made_beside_it(cast: Cast) -> None:
    one = weekly(cast)
    moved, to = on(one, date(2031, 9, 23)), datetime(2031, 9, 24, 8, tzinfo=UTC)
    do(planning.change_plan, by=cast.ben, meeting=moved.pk, starts=to, minutes=30, place="", video="")
    new = change(cast, one, at=time(15))
    assert (again(moved).starts, again(moved).minutes, again(moved).sequence) == (to, 30, 1)
    assert len(rows(one)) + len(rows(new)) == 13


def test_a_skipped_date_stays_skipped_when_the_series_changes(cast: Cast) -> None:
    one = weekly(cast)
    skipped = on(one, date(2031, 9, 23))
    do(planning.cancel, by=cast.ben, meeting=skipped.pk)
    new = change(cast, one, at=time(15))
    assert (again(skipped).phase, again(skipped).series_id) == (Phase.CANCELLED, new.pk)
    assert len(rows(new, phase=Phase.PLANNED)) == 10


def test_what_has_begun_or_is_over_is_never_touched(cast: Cast) -> None:
    one = weekly(cast)
    first, second = rows(one)[:2]
    with clock.at(first.starts):
        do(running.begin, by=cast.ada, meeting=first.pk)
    with clock.at(first.ends):
        do(running.close, by=cast.ada, meeting=first.pk)
    with clock.at(second.starts):
        do(running.begin, by=cast.ada, meeting=second.pk)
        before = again(first), again(second)
        with pytest.raises(Invalid) as refused:
            change(cast, one, first=date(2031, 9, 9), at=time(16))
        assert refused.value.field == "first"
        change(cast, one, first=date(2031, 9, 10), at=time(16))
        do(series.pause, by=cast.kit, first=date(2031, 9, 9), last=date(2031, 9, 30))
        do(series.end_series, by=cast.kit, series=one.pk, first=date(2031, 9, 10))
    for was in before:
        now = again(was)
        assert (now.phase, now.starts, now.series_id, now.sequence) == (was.phase, was.starts, was.series_id, 0)


def test_a_change_twice_is_one_change_and_a_stale_one_is_refused(cast: Cast) -> None:
    one, key = weekly(cast), uuid.uuid4()
    new = change(cast, one, at=time(15), key=key, seen=1)
    assert change(cast, one, at=time(15), key=key, seen=1).pk == new.pk
    do(series.add_line, by=cast.kit, series=new.pk, kind=ItemKind.OTHER, minutes=5, label="Thanks")
    with pytest.raises(Stale):
        change(cast, new, at=time(16), seen=1)
    assert (again(new).at, again(new).until, count(Series)) == (time(15), None, 2)


@pytest.mark.parametrize("first", [date(2031, 8, 31), date(2030, 1, 1)])
def test_no_series_is_changed_or_ended_in_the_past(cast: Cast, first: date) -> None:
    one = weekly(cast)
    with pytest.raises(Invalid):
        change(cast, one, first=first, at=time(15))
    with pytest.raises(Invalid):
        do(series.end_series, by=cast.kit, series=one.pk, first=first)


@pytest.mark.parametrize(
    "rule",
    [rule_of(Often.FORTNIGHTLY, TUESDAY), rule_of(Often.FORTNIGHTLY, FRIDAY), rule_of(Often.LAST, FRIDAY), WEEKLY],
)
def test_the_form_of_a_series_goes_on_in_the_same_weeks_whenever_it_is_opened(cast: Cast, rule: str) -> None:
    one = weekly(cast, rule=rule)
    for ahead in range(35):
        with clock.at(NOW + timedelta(days=ahead)):
            tomorrow = max(clock.now().date() + timedelta(days=1), one.first)
            day = prefilled(one)
            new = Series(rule=rule, first=first_from(rule, day))
            until = tomorrow + timedelta(days=90)
            assert dates_of(new, tomorrow, until) == dates_of(one, tomorrow, until)


def test_another_place_for_a_fortnightly_one_calls_nothing_off(cast: Cast) -> None:
    one = weekly(cast, rule=rule_of(Often.FORTNIGHTLY, TUESDAY))
    with clock.at(datetime(2031, 9, 3, 12, tzinfo=UTC)):
        change(cast, one, first=prefilled(one), place="Room 3")
    assert count(Meeting, phase=Phase.CANCELLED) == 0
    assert count(Meeting, place="Room 3") == 6


def test_a_date_that_was_called_off_just_now_is_still_told_when_its_series_changes(cast: Cast) -> None:
    one = weekly(cast)
    skipped = on(one, date(2031, 9, 23))
    do(planning.cancel, by=cast.ben, meeting=skipped.pk)
    letter = look(lambda: Letter.objects.filter(kind="cancelled", data__meeting=skipped.pk).earliest("pk"))
    change(cast, one, at=time(15))
    now = again(skipped)
    assert now.starts.hour == 14  # it moved with the others
    with scope(cast.team.pk):
        assert cancelled(letter) is not None


def test_a_move_of_the_series_is_told_to_calendars(cast: Cast) -> None:
    one = weekly(cast)
    kept, moved = on(one, date(2031, 9, 9)), on(one, date(2031, 9, 23))
    with clock.at(NOW + timedelta(hours=1)):
        change(cast, one, at=time(15))
    assert again(kept).told_at == kept.told_at
    assert again(moved).told_at >= NOW + timedelta(hours=1) > moved.told_at


def test_a_date_put_back_by_hand_in_a_pause_stays_when_the_series_changes(cast: Cast) -> None:
    one = weekly(cast)
    do(series.pause, by=cast.kit, **CHRISTMAS)
    wanted = on(one, date(2031, 10, 7))
    do(planning.reinstate, by=cast.mo, meeting=wanted.pk)
    new = change(cast, one, at=time(15))
    assert (again(wanted).phase, again(wanted).series_id) == (Phase.PLANNED, new.pk)
    assert on(new, date(2031, 10, 14)).called_off == CalledOff.PAUSE


def test_nothing_is_written_down_when_no_date_was_made(cast: Cast) -> None:
    one = weekly(cast, rule=rule_of(Often.WEEKLY, 0), first=NOW.date())  # today's is past
    assert days(rows(one))[0] == "Mon 08 Sep"
    before = verbs(cast.team)
    fill()
    assert (verbs(cast.team), before.count("dates made")) == (before, 1)


# --- Two at once ---


def meanwhile(work: Callable[[], object]) -> threading.Thread:
    """Somebody else does this at the same (moved) time. Call it outside of any scope; then start it inside one."""
    context = copy_context()

    def run() -> None:
        try:
            context.run(work)
        finally:
            connection.close()

    return threading.Thread(target=run)


def held_up(thread: threading.Thread) -> bool:
    thread.start()
    thread.join(0.5)
    return thread.is_alive()


def test_a_series_that_is_planned_while_a_pause_is_entered_knows_the_pause(cast: Cast) -> None:
    other = meanwhile(lambda: weekly(cast))
    with scope(cast.team.pk):
        series.pause(by=cast.kit, **CHRISTMAS)
        waited = held_up(other)
    other.join(20)
    off = look(lambda: list(Meeting.objects.filter(called_off=CalledOff.PAUSE).order_by("starts")))
    assert (waited, days(off)) == (True, ["Tue 07 Oct", "Tue 14 Oct"])


def test_a_pause_that_is_entered_while_a_series_is_planned_knows_its_dates(cast: Cast) -> None:
    other = meanwhile(lambda: do(series.pause, by=cast.kit, **CHRISTMAS))
    with scope(cast.team.pk):
        series.plan_series(by=cast.mo, rule=WEEKLY, first=date(2031, 9, 2), at=time(10))
        waited = held_up(other)
    other.join(20)
    off = look(lambda: list(Meeting.objects.filter(called_off=CalledOff.PAUSE).order_by("starts")))
    assert (waited, days(off)) == (True, ["Tue 07 Oct", "Tue 14 Oct"])


def test_whoever_holds_a_series_may_write_while_a_pause_waits_for_it(cast: Cast) -> None:
    one = weekly(cast)
    other = meanwhile(lambda: do(series.pause, by=cast.kit, **CHRISTMAS))
    with scope(cast.team.pk):
        Series.objects.select_for_update().get(pk=one.pk)
        assert held_up(other)
        record("meeting planned", by=None, team=cast.team.pk, subject="a row that refers to the team")
    other.join(20)
    assert count(Pause) == 1


def test_several_meetings_are_locked_in_one_order(cast: Cast) -> None:
    one = weekly(cast)
    with CaptureQueriesContext(connection) as seen:
        made = do(series.pause, by=cast.kit, **CHRISTMAS)
        do(series.take_pause_back, by=cast.kit, pause=made.pk)
        new = change(cast, one, at=time(15))
        do(series.end_series, by=cast.kit, series=new.pk, first=date(2031, 10, 1))
    said = [query["sql"] for query in seen.captured_queries]
    locks = [
        sql for sql in said if sql.startswith("SELECT") and "FOR UPDATE" in sql and ' FROM "meetings_meeting"' in sql
    ]
    several = [sql for sql in locks if '"meetings_meeting"."id" =' not in sql.partition(" WHERE ")[2]]
    assert len(several) >= 4
    assert [sql for sql in several if 'ORDER BY "meetings_meeting"."id" ASC' not in sql] == []


# --- Ending it ---


def test_a_series_ends_and_its_later_dates_are_cancelled_at_once(cast: Cast) -> None:
    one = weekly(cast)
    kept, late = on(one, date(2031, 9, 30)), on(one, date(2031, 9, 16))
    for moved, day in ((kept, 10), (late, 25)):
        starts = datetime(2031, 9, day, 9, tzinfo=UTC)
        do(planning.change_plan, by=cast.ben, meeting=moved.pk, starts=starts, minutes=60, place="", video="")
    for _ in range(2):
        do(series.end_series, by=cast.kit, series=one.pk, first=date(2031, 9, 17), seen=1)
    assert days(rows(one, phase=Phase.PLANNED)) == ["Tue 02 Sep", "Tue 09 Sep", "Wed 10 Sep"]
    assert again(late).called_off == CalledOff.SERIES  # it was moved beyond the end
    with clock.at(NOW + timedelta(weeks=8)):
        fill()
    assert len(rows(one)) == 13
    assert verbs(cast.team).count("series ended") == 1
    with pytest.raises(NotPossible):
        do(series.end_series, by=cast.kit, series=one.pk, first=date(2031, 10, 17))


# --- Pauses ---

CHRISTMAS: dict[str, Any] = {"first": date(2031, 10, 6), "last": date(2031, 10, 14)}


def test_a_pause_calls_off_what_falls_into_it_and_gives_it_back(cast: Cast) -> None:
    one = weekly(cast)
    moved_in, out = on(one, date(2031, 9, 30)), on(one, date(2031, 10, 14))
    for moved, day in ((moved_in, date(2031, 10, 8)), (out, date(2031, 10, 15))):
        starts = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)
        do(planning.change_plan, by=cast.ben, meeting=moved.pk, starts=starts, minutes=60, place="", video="")
    alone = do(planning.plan_meeting, by=cast.mo, starts=datetime(2031, 10, 9, 9, tzinfo=UTC))
    skipped = on(one, date(2031, 10, 7))
    made = do(series.pause, by=cast.kit, **CHRISTMAS)
    off = rows(one, called_off=CalledOff.PAUSE)
    assert [row.pk for row in off] == [skipped.pk, moved_in.pk]
    assert (again(alone).phase, again(out).phase) == (Phase.PLANNED, Phase.PLANNED)
    for _ in range(2):
        do(series.take_pause_back, by=cast.ben, pause=made.pk)
    assert {(again(row).phase, again(row).sequence) for row in off} == {(Phase.PLANNED, 2), (Phase.PLANNED, 3)}
    assert verbs(cast.team).count("pause taken back") == 1


def test_what_was_skipped_before_a_pause_stays_skipped_after_it(cast: Cast) -> None:
    one = weekly(cast)
    skipped = on(one, date(2031, 10, 7))
    do(planning.cancel, by=cast.ben, meeting=skipped.pk)
    made = do(series.pause, by=cast.kit, **CHRISTMAS)
    do(series.take_pause_back, by=cast.ben, pause=made.pk)
    assert (again(skipped).phase, again(on(one, date(2031, 10, 14))).phase) == (Phase.CANCELLED, Phase.PLANNED)


def test_of_two_pauses_each_holds_alone(cast: Cast) -> None:
    one = weekly(cast)
    first = do(series.pause, by=cast.kit, **CHRISTMAS)
    do(series.pause, by=cast.kit, first=date(2031, 10, 14), last=date(2031, 10, 20))
    do(series.take_pause_back, by=cast.kit, pause=first.pk)
    assert days(rows(one, called_off=CalledOff.PAUSE)) == ["Tue 14 Oct"]


def test_dates_that_are_made_later_respect_a_pause_and_come_back_with_its_end(cast: Cast) -> None:
    one = weekly(cast)
    made = do(series.pause, by=cast.kit, first=date(2031, 12, 8), last=date(2031, 12, 12))
    with clock.at(NOW + timedelta(weeks=3)):
        fill()
        off = on(one, date(2031, 12, 9))
        assert (off.phase, off.called_off, off.sequence) == (Phase.CANCELLED, CalledOff.PAUSE, 0)
        do(series.take_pause_back, by=cast.kit, pause=made.pk)
    assert (again(off).phase, count(WallCode, meeting=off)) == (Phase.PLANNED, 1)


def test_a_series_that_changes_in_a_pause_pauses_on_its_new_days(cast: Cast) -> None:
    one = weekly(cast)
    made = do(series.pause, by=cast.kit, first=date(2031, 10, 6), last=date(2031, 10, 8))  # a Tuesday, no Thursday
    do(series.pause, by=cast.kit, first=date(2031, 10, 16), last=date(2031, 10, 16))  # a Thursday
    new = change(cast, one, rule=rule_of(Often.WEEKLY, THURSDAY))
    assert days(rows(new, called_off=CalledOff.PAUSE)) == ["Thu 16 Oct"]
    assert on(new, date(2031, 10, 9)).phase == Phase.PLANNED
    do(series.take_pause_back, by=cast.kit, pause=made.pk)
    assert len(rows(new)) + len(rows(one)) == 13


def test_a_pause_taken_back_does_not_bring_back_what_its_series_gave_up(cast: Cast) -> None:
    one = weekly(cast)
    made = do(series.pause, by=cast.kit, **CHRISTMAS)
    do(series.end_series, by=cast.kit, series=one.pk, first=date(2031, 10, 1))
    do(series.take_pause_back, by=cast.kit, pause=made.pk)
    assert days(rows(one, phase=Phase.PLANNED))[-1] == "Tue 30 Sep"


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2031, 10, 6), date(2031, 10, 5)),
        (date(2031, 8, 1), date(2031, 8, 31)),
        (date(2031, 10, 6), date(2033, 10, 6)),
    ],
)
def test_a_pause_that_makes_no_sense_is_refused(cast: Cast, first: date, last: date) -> None:
    with pytest.raises(Invalid) as refused:
        do(series.pause, by=cast.kit, first=first, last=last)
    assert (refused.value.field, count(Pause)) == ("last", 0)


def test_one_letter_tells_of_a_pause_however_many_dates_it_calls_off(cast: Cast) -> None:
    weekly(cast)
    before = count(Letter)
    do(series.pause, by=cast.kit, first=date(2031, 9, 3), last=date(2031, 11, 30))
    present = look(lambda: Membership.objects.present().filter(team=cast.team).count())
    assert count(Letter) - before <= present


# --- What each begins with ---


def test_a_change_of_the_lines_reaches_the_dates_whose_agenda_nobody_has_touched(cast: Cast) -> None:
    one = weekly(cast)
    first, second = rows(one)[:2]
    do(add_item, by=cast.ben, meeting=first.pk, kind=ItemKind.CASE, minutes=10)
    changed = do(
        series.add_line, by=cast.kit, series=one.pk, kind=ItemKind.WRITE_UP, minutes=10, label="Our page", seen=1
    )
    assert [item.title for item in items_of(second)] == ["Look-back", "Business", "Our page", "Read-back", "Dates"]
    assert "Our page" not in [item.title for item in items_of(first)]
    lines = look(lambda: list(SeriesLine.objects.filter(series=one)))
    do(series.change_line, by=cast.kit, series=one.pk, line=lines[2].pk, minutes=15, label="Our pages", seen=2)
    do(series.move_line, by=cast.kit, series=one.pk, line=lines[2].pk, up=True, seen=3)
    do(series.remove_line, by=cast.kit, series=one.pk, line=lines[0].pk, seen=4)
    do(series.remove_line, by=cast.kit, series=one.pk, line=lines[0].pk, seen=4)  # a second tap
    assert [(item.title, item.minutes) for item in items_of(second)] == [
        ("Our pages", 15),
        ("Business", 15),
        ("Read-back", 5),
        ("Dates", 5),
    ]
    assert (again(one).version, again(changed).version) == (5, 5)
    assert verbs(cast.team).count("agenda of the series changed") == 4


def test_lines_that_somebody_else_changed_meanwhile_are_not_overwritten(cast: Cast) -> None:
    one = weekly(cast)
    line = look(lambda: SeriesLine.objects.filter(series=one)[1])
    do(series.change_line, by=cast.kit, series=one.pk, line=line.pk, minutes=20, seen=1)
    with pytest.raises(Stale):
        do(series.change_line, by=cast.ben, series=one.pk, line=line.pk, minutes=30, seen=1)
    twice: dict[str, Any] = {
        "by": cast.ben,
        "series": one.pk,
        "kind": ItemKind.OTHER,
        "minutes": 5,
        "label": "Thanks",
        "seen": 2,
        "key": uuid4(),
    }
    for _ in range(2):
        do(series.add_line, **twice)
    assert count(SeriesLine, series=one) == 5
    with pytest.raises(Stale):  # a second one that is meant, from a page that is older, is nobody's second click
        do(series.add_line, **(twice | {"key": uuid4()}))


def test_a_line_that_says_who_somebody_is_is_refused_and_a_second_read_back_too(cast: Cast) -> None:
    one = weekly(cast)
    with pytest.raises(Identifying):
        do(series.add_line, by=cast.kit, series=one.pk, kind=ItemKind.OTHER, minutes=5, label="Ring 020 7946 0958")
    with pytest.raises(Invalid):
        do(series.add_line, by=cast.kit, series=one.pk, kind=ItemKind.READ_BACK, minutes=5)
    with pytest.raises(Invalid):
        do(series.add_line, by=cast.kit, series=one.pk, kind=ItemKind.OTHER, minutes=5, label=" ")
    assert count(SeriesLine, series=one) == 4


def test_nothing_that_anybody_wrote_is_on_the_record_of_a_series(cast: Cast) -> None:
    one = weekly(cast, place="The secret cellar")
    do(series.add_line, by=cast.kit, series=one.pk, kind=ItemKind.OTHER, minutes=5, label="Thanks to everybody")
    said = look(lambda: " ".join(str(row) for row in Activity.objects.values_list("verb", "subject", "detail")))
    assert "cellar" not in said
    assert "Thanks" not in said
    assert count(Item, label="Thanks to everybody") == 13


def test_two_that_make_dates_at_once_make_each_once(cast: Cast) -> None:
    """The rows themselves refuse a second one, whoever forgets the lock."""
    one = weekly(cast)
    day = rows(one)[0].original_date
    with pytest.raises(Exception, match="a_date_of_a_series_once"), scope(cast.team.pk):
        Meeting.objects.create(team=cast.team, starts=NOW, series=one, original_date=day)
