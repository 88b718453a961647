"""Our dates: the page, its forms, and the calendars that follow it."""

import uuid
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from icalendar import Calendar

from core import clock
from learning.services.jottings import keep_jotting
from meetings.models import ItemKind, Meeting, Pause, Phase, Series, SeriesLine
from meetings.queries.dates import Often, rule_of
from meetings.roles import SeatKind
from meetings.services import planning, seats, series
from meetings.services.agenda import add_item
from teams.models import Team, User
from teams.services.feeds import my_token, team_token
from teams.services.members import leave
from tests.cast import Cast, again, client_of, count, counted, do, live, look, verbs
from tests.core.test_calendars import Store
from tests.marks import ROWS

pytestmark = ROWS

PAGE = "/t/harbour-street/dates/"


def tuesdays(cast: Cast, **more: Any) -> Series:
    """Every Tuesday at ten from the next one on."""
    today = clock.now().date()
    given = {"rule": rule_of(Often.WEEKLY, 1), "first": today + timedelta(days=1), "at": time(10), "place": "Room 2"}
    return do(series.plan_series, by=cast.mo, **{**given, **more})


def monthly(cast: Cast, **more: Any) -> Series:
    """The same with three dates, where a number of them doesn't matter."""
    return tuesdays(cast, rule=rule_of(Often.FIRST, 1), **more)


def dates(one: Series) -> list[Meeting]:
    return look(lambda: list(Meeting.objects.filter(series=one).order_by("starts")))


def seen(cast: Cast, name: str = "ben", address: str = PAGE) -> str:
    answer = client_of(getattr(cast, name)).get(address)
    assert answer.status_code == 200
    return unescape(answer.content.decode())


def send(cast: Cast, name: str, address: str, **data: Any) -> HttpResponse:
    return client_of(getattr(cast, name)).post(PAGE + address, data)  # type: ignore[return-value]


def words_of(answer: HttpResponse) -> str:
    return unescape(answer.content.decode())


# --- The page ---


def test_a_team_without_dates_is_helped_to_its_first_series(cast: Cast) -> None:
    html = seen(cast)
    assert "No dates yet" in html
    assert f'href="{PAGE}new/"' in html
    assert "<table" not in html


def test_what_is_different_about_a_date_stands_beside_it(cast: Cast) -> None:
    one = tuesdays(cast)
    first, second, third, fourth, *_ = dates(one)
    do(seats.take_seat, by=cast.lin, meeting=first.pk, kind=SeatKind.LEARNING, member=cast.lin)
    moved: dict[str, Any] = {"starts": second.starts + timedelta(days=1), "minutes": 60, "place": "Room 3", "video": ""}
    do(planning.change_plan, by=cast.mo, meeting=second.pk, **moved)
    do(planning.cancel, by=cast.mo, meeting=third.pk)
    fourth_day = fourth.starts.date()
    do(series.pause, by=cast.mo, first=fourth_day, last=fourth_day + timedelta(days=2))
    alone = do(planning.plan_meeting, by=cast.mo, starts=first.starts + timedelta(hours=5))
    html = seen(cast)
    assert "Lin keeps our learning in mind" in html
    assert f"Moved from {second.starts.day} {second.starts:%B}" in html
    assert f'action="/t/harbour-street/m/{third.pk}/reinstate/"' in html
    assert f'action="/t/harbour-street/m/{fourth.pk}/reinstate/"' in html
    assert f'href="/t/harbour-street/m/{alone.pk}/plan/"' in html
    assert html.count("One-off") == 1
    assert "No meetings from" in html
    assert "<strong>Every Tuesday at 10:00</strong>" in html
    assert "You keep our learning in mind" in seen(cast, "lin")


def test_what_a_series_gave_up_is_not_shown_again(cast: Cast) -> None:
    one = monthly(cast)
    last = dates(one)[-1]
    do(series.end_series, by=cast.mo, series=one.pk, first=last.starts.date())
    assert f"/m/{last.pk}/" not in seen(cast)


def test_a_bank_holiday_that_the_team_keeps_stands_beside_its_date(cast: Cast) -> None:
    with clock.at(datetime(2031, 12, 1, 9, tzinfo=UTC)):
        tuesdays(cast, rule=rule_of(Often.WEEKLY, 3))
        assert "Bank holiday: Christmas Day" in seen(cast)


def test_a_page_of_dates_takes_as_many_queries_with_many_as_with_few(cast: Cast) -> None:
    browser, numbers = client_of(cast.ben), []
    for make in (monthly, tuesdays):
        make(cast)
        browser.get(PAGE)
        with counted() as number:
            assert browser.get(PAGE).status_code == 200
        numbers.append(number())
    assert numbers == [8, 8]


def test_dates_of_another_team_are_not_among_ours(cast: Cast) -> None:
    given: dict[str, Any] = {
        "rule": rule_of(Often.WEEKLY, 1),
        "first": clock.now().date(),
        "at": time(10),
        "place": "The mill",
    }
    do(series.plan_series, by=cast.otto, **given)
    assert "No dates yet" in seen(cast)


# --- Planning, changing, ending ---


def typed(**more: Any) -> dict[str, Any]:
    first = clock.now().date() + timedelta(days=1)
    return {"often": "weekly", "weekday": "1", "first": first.isoformat(), "at": "10:00", "minutes": "60", **more}


def test_a_series_is_planned_from_its_page_once_however_often_it_is_sent(cast: Cast) -> None:
    assert "From this day on" in seen(cast, address=PAGE + "new/")
    given = typed(place="Room 2", key=str(uuid.uuid4()))
    assert [send(cast, "ben", "new/", **given).status_code for _ in range(2)] == [303, 303]
    assert (count(Series), count(Meeting)) == (1, 13)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"first": "2020-01-07"}, "This day is past"),
        ({"first": "9999-12-31"}, "this century"),
        ({"often": "daily"}, "not one of the available choices"),
        ({"minutes": "2"}, "greater than or equal to 5"),
        ({"place": "Ring 020 7946 0958"}, "phone"),
    ],
)
def test_what_cannot_be_planned_is_said_beside_its_field_and_stays(
    cast: Cast, wrong: dict[str, str], said: str
) -> None:
    answer = send(cast, "ben", "new/", **typed(video="https://meet.example/kept", **wrong))
    assert (answer.status_code, count(Series)) == (422, 0)
    html = words_of(answer)
    assert said in html
    assert "https://meet.example/kept" in html
    assert 'aria-invalid="true"' in html


@pytest.mark.parametrize(
    ("today", "often", "weekday", "expected"),
    [
        (
            "2026-09-21",
            "weekly",
            1,
            ["2026-09-22", "2026-09-29"],
        ),  # from Thursdays to Tuesdays: this week's is still to come
        ("2026-09-23", "weekly", 1, ["2026-09-29", "2026-10-06"]),  # it is past
        ("2026-09-22", "weekly", 1, ["2026-09-29", "2026-10-06"]),  # it is today
        ("2026-09-21", "weekly", 4, ["2026-09-25", "2026-10-02"]),  # a later day of the week
        ("2026-09-21", "fortnightly", 0, ["2026-09-28", "2026-10-12"]),  # Monday is today
        ("2026-09-21", "4", 1, ["2026-09-22", "2026-10-27"]),  # the fourth Tuesday of each month
    ],
)
def test_a_series_that_moves_to_an_earlier_day_keeps_this_weeks_meeting(
    cast: Cast, today: str, often: str, weekday: int, expected: list[str]
) -> None:
    with clock.at(datetime.fromisoformat(f"{today}T09:00:00+00:00")):
        first = date(2026, 9, 24)  # a Thursday
        one = tuesdays(cast, rule=rule_of(Often.WEEKLY, 3), first=first)
        shown = seen(cast, address=f"{PAGE}{one.pk}/change/")
        assert 'value="2026-09-24"' in shown
        given = typed(often=often, weekday=str(weekday), first="2026-09-24", version="1")
        assert send(cast, "ben", f"{one.pk}/change/", **given).status_code == 303
        coming = look(lambda: list(Meeting.objects.filter(phase=Phase.PLANNED).order_by("starts")))
    assert [meeting.starts.date().isoformat() for meeting in coming][:2] == expected


def test_an_address_of_a_calendar_can_be_copied_with_a_button_or_by_hand(cast: Cast) -> None:
    html = seen(cast)
    for what in ("mine", "team"):
        assert f'data-copy="link-{what}"' in html
        assert f'id="link-{what}" type="text" readonly' in html
    assert "js/room.js" in html


def test_a_series_changes_from_its_page_and_a_stale_page_is_told(cast: Cast) -> None:
    one = monthly(cast)
    address = f"{one.pk}/change/"
    assert 'value="10:00"' in seen(cast, address=PAGE + address)
    given = typed(often="1", place="Room 4", version="1")
    assert send(cast, "ben", address, **given).status_code == 303
    assert {meeting.place for meeting in look(lambda: list(Meeting.objects.filter(phase=Phase.PLANNED)))} == {"Room 4"}
    new = look(lambda: Series.objects.get(follows=one))
    do(series.add_line, by=cast.mo, series=new.pk, kind=ItemKind.OTHER, minutes=5, label="Thanks")
    stale = send(cast, "kit", f"{new.pk}/change/", **typed(often="1", place="Room 5", version="1"))
    assert stale.status_code == 409
    html = words_of(stale)
    assert ("Room 5" in html, "Room 4" in html) == (True, True)  # what was typed, and what it is now
    assert 'name="version" value="2"' in html
    assert 'aria-current="page"' in html


def test_a_series_ends_from_its_page(cast: Cast) -> None:
    one = monthly(cast)
    wrong = send(cast, "ben", f"{one.pk}/end/", first="2020-01-01", version="1")
    assert (wrong.status_code, "This day is past" in words_of(wrong)) == (422, True)
    last = dates(one)[-1].starts.date()
    assert send(cast, "ben", f"{one.pk}/end/", first=last.isoformat(), version="1").status_code == 303
    assert again(one).until == last - timedelta(days=1)
    late = send(cast, "ben", f"{one.pk}/end/", first=(last + timedelta(days=60)).isoformat())
    assert (late.status_code, "ends before that day" in words_of(late)) == (409, True)


def test_a_series_that_is_over_says_so_and_has_no_forms(cast: Cast) -> None:
    one = monthly(cast)
    look(lambda: Series.objects.filter(pk=one.pk).update(until=clock.now().date() - timedelta(days=2)))
    html = seen(cast, address=f"{PAGE}{one.pk}/change/")
    assert ("This series is over" in html, "<form" in html) == (True, False)


# --- Its agenda ---


def test_the_lines_of_a_series_are_changed_with_plain_forms(cast: Cast) -> None:
    one = monthly(cast)
    base = f"{one.pk}/agenda/"
    assert "30 of 60 minutes" in seen(cast, address=PAGE + base)
    assert "Add it" in seen(cast, address=PAGE + base + "?add")
    line = look(lambda: SeriesLine.objects.filter(series=one)[1])
    assert "Done" in seen(cast, address=f"{PAGE}{base}?line={line.pk}")
    assert send(cast, "ben", base + "add/", kind="other", label="Thanks", minutes="5", version="1").status_code == 303
    wrong = send(cast, "ben", base + "add/", kind="other", label="", minutes="5", version="2")
    assert (wrong.status_code, "Say in a few words" in words_of(wrong)) == (422, True)
    address = f"{base}{line.pk}/"
    assert send(cast, "ben", address, label="Rota", minutes="20", version="2").status_code == 303
    stale = send(cast, "kit", address, label="Holidays", minutes="25", version="2")
    html = words_of(stale)
    assert (stale.status_code, 'data-value="Rota"' in html, 'value="Holidays"' in html) == (409, True, True)
    assert ('data-theirs="minutes" data-value="20"' in html, 'name="version" value="3"' in html) == (True, True)
    assert send(cast, "ben", address + "move/", to="up", version="3").status_code == 303
    assert send(cast, "ben", address + "remove/", version="4").status_code == 303
    kinds = look(lambda: list(SeriesLine.objects.filter(series=one).values_list("kind", flat=True)))
    assert kinds == ["look_back", "other", "read_back", "other"]


# --- Pauses and single dates ---


def test_a_pause_is_made_and_taken_back_from_the_page(cast: Cast) -> None:
    one = monthly(cast)
    day = dates(one)[1].starts.date()
    wrong = send(cast, "ben", "pauses/add/", first=day.isoformat(), last=(day - timedelta(days=1)).isoformat())
    assert (wrong.status_code, "The last day comes before the first" in words_of(wrong)) == (422, True)
    key = str(uuid.uuid4())
    for _ in range(2):
        given = {"first": day.isoformat(), "last": day.isoformat(), "key": key}
        assert send(cast, "ben", "pauses/add/", **given).status_code == 303
    made = look(lambda: Pause.objects.get())
    assert f"No meetings on Tuesday {day.day} {day:%B}" in seen(cast)
    assert again(dates(one)[1]).phase == Phase.CANCELLED
    for _ in range(2):
        assert send(cast, "kit", f"pauses/{made.pk}/remove/").status_code == 303
    assert (count(Pause), again(dates(one)[1]).phase) == (0, Phase.PLANNED)


def test_the_foot_of_a_plan_tells_its_series_and_skips_one_date(cast: Cast) -> None:
    one = monthly(cast)
    skipped = dates(one)[0]
    html = seen(cast, address=f"/t/harbour-street/m/{skipped.pk}/plan/")
    assert "The first Tuesday of each month." in html
    assert "Skip this date" in html
    browser = client_of(cast.ben)
    answer = browser.post(f"/t/harbour-street/m/{skipped.pk}/cancel/")
    assert (answer.status_code, answer["Location"]) == (303, PAGE)
    assert browser.post(f"/t/harbour-street/m/{skipped.pk}/reinstate/").status_code == 303
    assert again(skipped).phase == Phase.PLANNED
    alone = do(planning.plan_meeting, by=cast.mo, starts=clock.now() + timedelta(days=3))
    html = seen(cast, address=f"/t/harbour-street/m/{alone.pk}/plan/")
    assert ("Cancel this meeting" in html, "of each month" in html) == (True, False)


# --- Bank holidays ---


def test_bank_holidays_are_a_leads_to_change_and_a_stale_page_is_told(cast: Cast) -> None:
    refused = send(cast, "ben", "bank-holidays/", whose="IE", seen="GB-ENG")
    assert (refused.status_code, "Mo" in words_of(refused)) == (403, True)
    assert "Change" not in seen(cast).split("Bank holidays we keep")[1].split("In your calendar")[0]
    assert send(cast, "mo", "bank-holidays/", whose="GB-SCT", seen="GB-ENG").status_code == 303
    stale = send(cast, "rosa", "bank-holidays/", whose="IE", seen="GB-ENG")
    assert (stale.status_code, again(cast.team).bank_holidays) == (409, "GB-SCT")
    assert send(cast, "rosa", "bank-holidays/", whose="", seen="GB-SCT").status_code == 303
    assert send(cast, "rosa", "bank-holidays/", whose="FR").status_code == 422
    assert (again(cast.team).bank_holidays, verbs(cast.team).count("bank holidays changed")) == ("", 2)


# --- Calendars that follow ---


def link(token: str) -> str:
    return f"/calendar/{token}.ics"


def mine(cast: Cast, name: str) -> str:
    return link(my_token(again(getattr(cast, name).user)))


def teams_link(cast: Cast) -> str:
    return link(team_token(again(cast.team)))


def followed(address: str) -> Store:
    answer = Client().get(address)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    store = Store()
    store.follow(answer.content)
    return store


def test_both_links_stand_on_the_page_to_copy_and_to_open(cast: Cast) -> None:
    html = seen(cast, "lin")
    for address in (mine(cast, "lin"), teams_link(cast)):
        assert html.count(address) == 2
    assert html.count('href="webcal://') == 2
    assert mine(cast, "ben") not in html
    assert html.count("Make a new link now") == 1  # the team's is a lead's
    assert seen(cast, "mo").count("Make a new link now") == 2


def test_a_calendar_that_follows_has_every_date_and_keeps_up(cast: Cast) -> None:
    one = monthly(cast)
    first, second, third, *_ = dates(one)
    before = followed(mine(cast, "ben"))
    assert sorted(entry.starts for entry in before.entries.values()) == [row.starts for row in dates(one)]
    moved: dict[str, Any] = {"starts": first.starts + timedelta(hours=2), "minutes": 30, "place": "Room 3", "video": ""}
    do(planning.change_plan, by=cast.mo, meeting=first.pk, **moved)
    do(planning.cancel, by=cast.mo, meeting=second.pk)
    after = followed(mine(cast, "ben"))
    assert before.entries.keys() == after.entries.keys()
    by_start = {entry.starts: entry for entry in after.entries.values()}
    now = by_start[first.starts + timedelta(hours=2)]
    assert (now.where, now.sequence, now.ends - now.starts) == ("Room 3", 1, timedelta(minutes=30))
    assert (by_start[second.starts].cancelled, by_start[third.starts].cancelled) == (True, False)


def test_a_feed_holds_no_case_no_name_and_no_agenda(cast: Cast) -> None:
    video = "https://meet.example/harbour-tuesday"
    one = monthly(cast, video=video)
    first = dates(one)[0]
    do(add_item, by=cast.ben, meeting=first.pk, kind=ItemKind.CASE, minutes=10, presenter=cast.ben)
    do(add_item, by=cast.ben, meeting=first.pk, kind=ItemKind.OTHER, minutes=10, label="Winter rota")
    do(seats.take_seat, by=cast.lin, meeting=first.pk, kind=SeatKind.LEARNING, member=cast.lin)
    for address in (mine(cast, "ben"), mine(cast, "lin"), teams_link(cast)):
        said = Client().get(address).content.decode().replace("\r\n ", "")
        for words in ("Case", "Winter", "Ben", "Lin", "Ada", "Sol", "rota", "@harbour", "Read-back"):
            assert words not in said
        assert f"/t/harbour-street/m/{first.pk}/" in said
    assert video not in Client().get(teams_link(cast)).content.decode().replace("\r\n ", "")
    assert video in Client().get(mine(cast, "ben")).content.decode().replace("\r\n ", "")  # beside the place


def test_only_whoever_keeps_learning_in_mind_is_told_so_in_their_own_calendar(cast: Cast) -> None:
    first = dates(monthly(cast))[0]
    do(seats.take_seat, by=cast.lin, meeting=first.pk, kind=SeatKind.LEARNING, member=cast.lin)
    told = {who: [e.about for e in followed(mine(cast, who)).entries.values()] for who in ("lin", "ben")}
    assert told["lin"].count("You keep our learning in mind.") == 1
    assert set(told["ben"]) == {""}
    assert {entry.about for entry in followed(teams_link(cast)).entries.values()} == {""}
    do(seats.take_seat, by=cast.ben, meeting=first.pk, kind=SeatKind.LEARNING, member=cast.ben)
    assert {entry.about for entry in followed(mine(cast, "lin")).entries.values()} == {""}


def test_what_no_calendar_ever_knew_is_not_told_and_the_past_ends_after_four_weeks(cast: Cast) -> None:
    day = clock.now().date() + timedelta(days=30)
    do(series.pause, by=cast.mo, first=day, last=day + timedelta(days=31))
    one = monthly(cast)
    off = [row for row in dates(one) if row.phase == Phase.CANCELLED]
    assert off
    assert len(followed(mine(cast, "ben")).entries) == len(dates(one)) - len(off)
    for weeks in (3, 5):
        do(planning.plan_meeting, by=cast.mo, starts=clock.now() - timedelta(weeks=weeks))
    past = [entry.starts for entry in followed(mine(cast, "ben")).entries.values() if entry.starts < clock.now()]
    assert [(clock.now() - starts).days for starts in past] == [21]


def test_nothing_is_sent_again_that_has_not_changed(cast: Cast) -> None:
    one = monthly(cast)
    first = Client().get(mine(cast, "ben"))
    assert set(first["Cache-Control"].split(", ")) == {"private", "no-cache"}
    again_ = Client().get(mine(cast, "ben"), headers={"If-None-Match": first["ETag"]})
    assert (again_.status_code, again_.content) == (304, b"")
    assert "Last-Modified" in first
    do(planning.cancel, by=cast.mo, meeting=dates(one)[0].pk)
    assert Client().get(mine(cast, "ben"), headers={"If-None-Match": first["ETag"]}).status_code == 200


def test_a_jotting_leaves_no_trace_in_any_calendar(cast: Cast) -> None:
    """Whoever finds a link must not see when somebody writes something down."""
    meeting = live(cast)
    addresses = (mine(cast, "lin"), mine(cast, "ben"), teams_link(cast))
    with clock.at(clock.now() + timedelta(minutes=5)):
        before = [Client().get(address) for address in addresses]
    with clock.at(clock.now() + timedelta(minutes=10)):
        do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="calmer at the door, rang first")
        after = [Client().get(address) for address in addresses]
    assert [answer.content for answer in after] == [answer.content for answer in before]
    assert [dict(answer.headers) for answer in after] == [dict(answer.headers) for answer in before]
    assert "Last-Modified" in before[0]


def test_a_feed_takes_few_queries(cast: Cast) -> None:
    tuesdays(cast)
    browser, address = Client(), mine(cast, "ben")
    with counted() as number:
        browser.get(address)
    assert number() <= 14


def test_whoever_left_sees_that_team_no_more_and_whoever_is_gone_sees_nothing(cast: Cast) -> None:
    monthly(cast)
    address = mine(cast, "ben")
    assert followed(address).entries
    do(leave, by=cast.ben, member=cast.ben)
    assert followed(address).entries == {}
    look(lambda: User.objects.filter(pk=cast.ben.user_id).update(is_active=False))
    assert Client().get(address).status_code == 404


def test_a_person_of_two_teams_follows_both(cast: Cast) -> None:
    monthly(cast)
    do(planning.plan_meeting, by=cast.otto, starts=clock.now() + timedelta(days=3))
    look(lambda: cast.other.members.create(user=cast.ben.user))
    titles = {entry.title for entry in followed(mine(cast, "ben")).entries.values()}
    assert titles == {"Harbour Street outreach", "Mill Lane"}
    assert {entry.title for entry in followed(teams_link(cast)).entries.values()} == {"Harbour Street outreach"}


def test_a_new_link_stops_the_old_one_at_once_and_a_second_tap_changes_nothing(cast: Cast) -> None:
    old = mine(cast, "ben")
    for _ in range(2):
        assert send(cast, "ben", "calendar/", what="mine", number="1").status_code == 303
    assert Client().get(old).status_code == 404
    assert followed(mine(cast, "ben")) is not None
    assert again(cast.ben.user).feed_no == 2


def test_the_teams_link_is_a_leads_to_renew(cast: Cast) -> None:
    old = teams_link(cast)
    assert send(cast, "ben", "calendar/", what="team", number="1").status_code == 403
    assert Client().get(old).status_code == 200
    assert send(cast, "mo", "calendar/", what="team", number="1").status_code == 303
    assert (Client().get(old).status_code, Client().get(teams_link(cast)).status_code) == (404, 200)
    assert verbs(cast.team).count("calendar link renewed") == 1
    assert send(cast, "mo", "calendar/", what="another").status_code == 422


@pytest.mark.parametrize(
    "wrong", ["", "x", "u1-1", "u1-1.", "t1", "u1-1.AAAA", "u-.x", "u1-1~2.x", "u999999999999999999999-1.x"]
)
def test_a_link_that_was_made_up_shows_nothing(cast: Cast, wrong: str) -> None:
    assert Client().get(f"/calendar/{wrong}.ics").status_code == 404


def test_a_signed_link_of_another_kind_or_number_shows_nothing(cast: Cast) -> None:
    good = my_token(cast.ben.user)
    said, signature = good.split(".", 1)
    for other in (f"t{cast.ben.user_id}-1", f"u{cast.ben.user_id}-2", f"u{cast.mo.user_id}-1"):
        assert Client().get(link(f"{other}.{signature}")).status_code == 404
    assert said == f"u{cast.ben.user_id}-1"
    assert Client().get(link(good)).status_code == 200


def test_nothing_secret_is_stored_for_a_link(cast: Cast) -> None:
    """The number that is counted, and nothing else."""
    assert {field.name for field in User._meta.get_fields() if "feed" in field.name} == {"feed_no"}
    assert {field.name for field in Team._meta.get_fields() if "feed" in field.name} == {"feed_no"}


def test_a_client_that_asks_only_for_the_head_gets_it(cast: Cast) -> None:
    monthly(cast)
    answer = Client().head(mine(cast, "ben"))
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    file = Calendar.from_ical(Client().get(mine(cast, "ben")).content)
    assert [str(zone["tzid"]) for zone in file.walk("VTIMEZONE")] == ["Europe/London"]
