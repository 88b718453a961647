"""Planning a meeting: what it begins with, the seats it proposes, changing and calling it off."""

import random
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError

from core import clock
from core.errors import KeyReused, NotFound, NotPossible, Stale
from core.guard import Identifying
from core.scope import scope
from meetings.forms.plan import MeetingForm
from meetings.models import How, Item, ItemKind, Meeting, Phase, Seat, WallCode
from meetings.services import planning
from meetings.services.planning import Line, cancel, change_plan, plan_meeting, reinstate
from teams.models import Membership
from teams.roles import HolderRule, RaiseRule
from teams.services.teams import change_agreement
from tests.cast import Cast, again, client_of, count, do, items_of, live, look, planned, verbs
from tests.marks import ROWS

pytestmark = ROWS

STARTS = datetime(2031, 3, 4, 10, tzinfo=UTC)


def seats(meeting: Meeting) -> dict[str, tuple[str, str]]:
    return look(
        lambda: {
            seat.kind: (seat.member.first_name, seat.how)
            for seat in Seat.objects.current().filter(meeting=meeting).select_related("member__user")
        }
    )


def lead_rule(cast: Cast) -> None:
    do(
        change_agreement,
        by=cast.mo,
        holder_rule=HolderRule.LEAD,
        raise_rule=RaiseRule.AT_READ_BACK,
        read_back_minutes=7,
        way_out="Ring.",
    )


def test_a_meeting_begins_with_a_look_back_and_has_its_read_back_before_the_last_item(cast: Cast) -> None:
    lead_rule(cast)
    meeting = do(plan_meeting, by=cast.ben, starts=STARTS)
    assert [(item.kind, item.label, item.minutes, item.position) for item in items_of(meeting)] == [
        ("look_back", "", 5, 1),
        ("business", "", 15, 2),
        ("read_back", "", 7, 3),
        ("other", "Dates", 5, 4),
    ]
    assert (meeting.minutes, meeting.phase, meeting.planned_by_id) == (60, Phase.PLANNED, cast.ben.pk)


def test_cases_are_numbered_in_order_and_have_no_words(cast: Cast) -> None:
    agenda = [Line(ItemKind.CASE, 10, "a label that is dropped", cast.ben.pk), Line(ItemKind.CASE, 15)]
    meeting = do(plan_meeting, by=cast.mo, starts=STARTS, agenda=agenda)
    assert [(item.case_no, item.label, item.title) for item in items_of(meeting)] == [
        (1, "", "Case 1 · Ben"),
        (2, "", "Case 2"),
    ]
    assert again(meeting).cases == 2


def test_seats_are_proposed_by_habit_and_by_the_teams_rule(cast: Cast) -> None:
    appointed = do(plan_meeting, by=cast.mo, starts=STARTS)
    assert seats(appointed) == {"chair": ("Ada", How.PROPOSED), "scribe": ("Sol", How.PROPOSED)}
    lead_rule(cast)
    led = do(plan_meeting, by=cast.mo, starts=STARTS)
    assert seats(led) == {
        "chair": ("Ada", How.PROPOSED),
        "scribe": ("Sol", How.PROPOSED),
        "learning": ("Mo", How.PROPOSED),
    }


def test_a_lead_who_usually_chairs_is_not_proposed_as_holder_too(cast: Cast) -> None:
    lead_rule(cast)
    with clock.at(STARTS - timedelta(days=1)):
        look(lambda: Membership.objects.filter(pk=cast.ada.pk).update(usually=""))
        look(lambda: Membership.objects.filter(pk=cast.mo.pk).update(usually="chair"))
        meeting = do(plan_meeting, by=cast.mo, starts=STARTS)
    assert {kind: name for kind, (name, _how) in seats(meeting).items()} == {
        "chair": "Mo",
        "learning": "Rosa",
        "scribe": "Sol",
    }


def test_the_same_post_twice_is_one_meeting_and_another_with_its_key_is_refused(cast: Cast) -> None:
    key = uuid.uuid4()
    one = do(plan_meeting, by=cast.mo, starts=STARTS, key=key)
    two = do(plan_meeting, by=cast.mo, starts=STARTS, key=key)
    assert (one.pk, count(Meeting), count(Item), count(WallCode)) == (two.pk, 1, 4, 1)
    with pytest.raises(KeyReused):
        do(plan_meeting, by=cast.mo, starts=STARTS + timedelta(hours=1), key=key)


def test_another_teams_meeting_may_have_the_same_key(cast: Cast) -> None:
    key = uuid.uuid4()
    do(plan_meeting, by=cast.mo, starts=STARTS, key=key)
    do(plan_meeting, by=cast.otto, starts=STARTS + timedelta(hours=1), key=key)
    assert count(Meeting) == 2


def test_a_label_that_says_who_somebody_is_stops_the_whole_plan(cast: Cast) -> None:
    with pytest.raises(Identifying) as refused:
        do(plan_meeting, by=cast.mo, starts=STARTS, agenda=[Line(ItemKind.OTHER, 5, "Ring 020 7946 0958")])
    assert (refused.value.field, count(Meeting), count(Item)) == ("label", 0, 0)


def test_a_changed_plan_counts_its_version_and_a_stale_one_is_refused(cast: Cast) -> None:
    meeting = planned(cast)
    changed = do(
        change_plan, by=cast.ben, meeting=meeting.pk, starts=STARTS, minutes=45, place="Room 3", video="", seen=1
    )
    assert (changed.version, changed.minutes, changed.place) == (2, 45, "Room 3")
    with pytest.raises(Stale):
        do(change_plan, by=cast.mo, meeting=meeting.pk, starts=STARTS, minutes=30, place="", video="", seen=1)
    assert again(meeting).minutes == 45


def test_a_stale_plan_that_says_what_stands_already_is_harmless(cast: Cast) -> None:
    meeting = planned(cast)
    for _ in range(2):
        do(change_plan, by=cast.ben, meeting=meeting.pk, starts=STARTS, minutes=45, place="", video="", seen=1)
    assert again(meeting).version == 2


def test_a_meeting_is_called_off_once_and_only_before_it_begins(cast: Cast) -> None:
    meeting = planned(cast)
    for _ in range(2):
        do(cancel, by=cast.ben, meeting=meeting.pk)
    assert (again(meeting).phase, count(WallCode)) == (Phase.CANCELLED, 0)
    assert verbs(cast.team).count("meeting cancelled") == 1
    begun = live(cast)
    with pytest.raises(NotPossible):
        do(cancel, by=cast.ben, meeting=begun.pk)


def test_a_stranger_finds_no_meeting_to_change(cast: Cast) -> None:
    meeting = planned(cast)
    with pytest.raises(NotFound):
        do(cancel, by=cast.otto, meeting=meeting.pk)
    with pytest.raises(NotFound):
        do(cancel, by=again(cast.vi), meeting=meeting.pk)
    assert again(meeting).phase == Phase.PLANNED


@pytest.mark.parametrize(
    ("day", "utc"),
    [
        (date(2031, 3, 28), 10),  # winter time
        (date(2031, 3, 30), 9),  # the very day the clocks go forward
        (date(2031, 10, 24), 9),  # summer time
        (date(2031, 10, 27), 10),  # after they went back
    ],
)
def test_ten_in_the_morning_is_ten_in_the_morning_across_a_clock_change(cast: Cast, day: date, utc: int) -> None:
    typed = {"day": day.isoformat(), "at": "10:00", "minutes": "60"}
    form = MeetingForm(typed, team=cast.team)
    assert form.is_valid(), form.errors
    assert form.cleaned_data["starts"].astimezone(UTC) == datetime.combine(day, time(utc), UTC)
    meeting = do(plan_meeting, by=cast.mo, **form.values())
    assert again(meeting).starts == datetime.combine(day, time(utc), UTC)
    shown = MeetingForm.of(look(lambda: Meeting.objects.select_related("team").get(pk=meeting.pk)))
    assert (shown.initial["day"], shown.initial["at"]) == (day, time(10))


def test_the_length_of_a_meeting_across_the_change_is_its_minutes(cast: Cast) -> None:
    london = ZoneInfo("Europe/London")
    meeting = do(plan_meeting, by=cast.mo, starts=datetime(2031, 3, 30, 0, 30, tzinfo=london), minutes=60)
    assert again(meeting).ends == datetime(2031, 3, 30, 1, 30, tzinfo=UTC)
    assert again(meeting).ends.astimezone(london).time() == time(2, 30)


def test_a_meeting_in_the_past_is_not_planned(cast: Cast) -> None:
    form = MeetingForm({"day": "2020-01-07", "at": "10:00", "minutes": "60"}, team=cast.team)
    assert (form.is_valid(), list(form.errors)) == (False, ["day"])


# --- when clocks go back on 26 October 2031, London shows 01:30 twice; on 30 March it never does ---

FIRST_HALF_PAST = datetime(2031, 10, 26, 0, 30, tzinfo=UTC)
SECOND_HALF_PAST = datetime(2031, 10, 26, 1, 30, tzinfo=UTC)


def typed(day: str = "2031-10-26", at: str = "01:30", **more: str) -> dict[str, str]:
    return {"day": day, "at": at, "minutes": "60", **more}


@pytest.mark.parametrize(
    ("day", "utc"), [("2031-10-26", FIRST_HALF_PAST), ("2031-03-30", datetime(2031, 3, 30, 1, 30, tzinfo=UTC))]
)
def test_a_double_click_at_a_time_that_is_skipped_or_comes_twice_is_one_meeting(
    cast: Cast, day: str, utc: datetime
) -> None:
    post = typed(day, key=str(uuid.uuid4()))
    answers = [client_of(cast.ben).post("/t/harbour-street/meetings/new/", post) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [303, 303]
    assert look(lambda: list(Meeting.objects.values_list("starts", flat=True))) == [utc]


def test_the_second_half_past_one_stays_the_second_when_something_else_changes(cast: Cast) -> None:
    meeting = do(plan_meeting, by=cast.mo, starts=SECOND_HALF_PAST)
    page = f"/t/harbour-street/m/{meeting.pk}/plan/"
    assert client_of(cast.ben).post(page, typed(version="1")).status_code == 303
    assert (again(meeting).version, again(meeting).starts) == (1, SECOND_HALF_PAST)  # nothing has changed
    assert client_of(cast.ben).post(page, typed(place="Room 3", version="1")).status_code == 303
    now = again(meeting)
    assert (now.place, now.starts) == ("Room 3", SECOND_HALF_PAST)
    assert client_of(cast.ben).post(page, typed(at="01:45", version="2")).status_code == 303
    assert again(meeting).starts == FIRST_HALF_PAST + timedelta(minutes=15)


def test_whoever_changes_when_or_where_reads_that_everyone_gets_a_mail(cast: Cast) -> None:
    meeting = do(plan_meeting, by=cast.mo, starts=STARTS)
    page = f"/t/harbour-street/m/{meeting.pk}/plan/"
    ben = client_of(cast.ben)
    told = "If you change it, everyone in the team gets a mail about it in two minutes."
    assert told in ben.get(page).content.decode()
    form = typed("2031-03-04", "10:00", version="1")
    ben.post(page, form)
    same = ben.get(page).content.decode()
    assert "Kept." in same
    assert "gets one mail" not in same
    ben.post(page, {**form, "place": "Room 9"})
    assert "Changed. Everyone in the team gets one mail about it." in ben.get(page).content.decode()


def test_calendars_are_told_anew_whenever_the_plan_changes(cast: Cast) -> None:
    meeting = do(plan_meeting, by=cast.mo, starts=STARTS)
    told = [again(meeting).told_at]
    changes: dict[str, object] = {"starts": STARTS, "minutes": 45, "place": "", "video": ""}
    do(change_plan, by=cast.mo, meeting=meeting.pk, **changes)  # type: ignore[arg-type]
    told.append(again(meeting).told_at)
    for service in (cancel, reinstate):
        do(service, by=cast.mo, meeting=meeting.pk)
        told.append(again(meeting).told_at)
    assert told == sorted(set(told))
    assert len(told) == again(meeting).sequence + 1 == 4


# --- The wall's code ---


def dealt(monkeypatch: pytest.MonkeyPatch, *codes: str) -> Iterator[str]:
    """The wall's codes come in this order; the test fails when they run out."""
    left = iter(codes)

    class Dealer(random.Random):
        def choices(self, population: object, *_more: object, k: int = 1, **_others: object) -> list[str]:  # type: ignore[override]
            return list(next(left)) if k == 3 else []

    monkeypatch.setattr(random, "SystemRandom", Dealer)
    return left


def test_a_code_that_another_teams_wall_has_is_dealt_again(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    dealt(monkeypatch, "ABC", "234", "ABC", "234", "DEF", "567")
    do(plan_meeting, by=cast.otto, starts=STARTS)
    ours = do(plan_meeting, by=cast.mo, starts=STARTS)
    assert look(lambda: WallCode.objects.get(meeting=ours).code) == "DEF567"


def test_a_code_that_cannot_be_kept_for_another_reason_is_an_error(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = planned(cast)
    left = dealt(monkeypatch, "ABC", "234", "DEF", "567")
    with scope(cast.team.pk), pytest.raises(IntegrityError):
        planning._give_code(meeting)  # it has one
    assert list(left) == ["DEF", "567"]
