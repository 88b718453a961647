"""What letters about many dates say: which series, what it was and what it is; the days of a pause; where a meeting is."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from icalendar import Calendar

from core import clock
from core.mail import KINDS, Mail
from core.scope import scope
from meetings.models import Meeting, Series
from meetings.queries.dates import Often, rule_of
from meetings.services import planning, series
from meetings.tasks import role_cards
from teams.models import Letter
from teams.roles import HolderRule, RaiseRule
from teams.services.teams import change_agreement
from tests.cast import Cast, again, do, look
from tests.marks import ROWS

pytestmark = ROWS

NOW = datetime(2026, 12, 14, 9, tzinfo=UTC)  # a Monday
TUESDAY, WEDNESDAY, THURSDAY = 1, 2, 3
WEEKLY = rule_of(Often.WEEKLY, TUESDAY)
VIDEO = "https://meet.example/harbour"


@pytest.fixture(autouse=True)
def december(request: pytest.FixtureRequest) -> Any:
    """After the cast was gathered."""
    request.getfixturevalue("cast")
    with clock.at(NOW):
        yield


def weekly(cast: Cast, **more: Any) -> Series:
    given = {"rule": WEEKLY, "first": date(2026, 12, 15), "at": time(10), "place": "Room 2", **more}
    return do(series.plan_series, by=cast.mo, **given)


def change(cast: Cast, one: Series, first: date = date(2027, 1, 12), **other: Any) -> Series:
    stays = {name: getattr(one, name) for name in ("rule", "at", "minutes", "place", "video")}
    return do(series.change_series, by=cast.mo, series=one.pk, first=first, **{**stays, **other})


def row(one: Series, day: date) -> Meeting:
    return look(lambda: Meeting.objects.get(series=one, original_date=day))


def forget() -> None:
    """Everybody has read what came until now."""
    look(lambda: Letter.objects.all().delete())


def read(cast: Cast) -> list[Mail]:
    """What Lin gets now, those letters left out that have become pointless."""
    found = []
    for letter in look(lambda: list(Letter.objects.filter(user=cast.lin.user).order_by("pk"))):
        letter.address = cast.lin.user.email
        with clock.at(clock.now() + timedelta(minutes=3)), scope(cast.team.pk):
            mail = KINDS[letter.kind].compose(letter)
        if mail is not None:
            found.append(mail)
    return found


def letter(cast: Cast) -> Mail:
    (found,) = read(cast)
    return found


def entries(mail: Mail) -> list[Any]:
    assert mail.calendar is not None
    return list(Calendar.from_ical(mail.calendar.content).walk("VEVENT"))


def both(mail: Mail) -> tuple[str, str]:
    return mail.text, mail.html.replace('<span class="together" style="white-space: nowrap;">', "").replace(
        "</span>", ""
    )


# --- a series ---


def test_a_new_series_is_told_by_its_rule(cast: Cast) -> None:
    weekly(cast)
    mail = letter(cast)
    assert mail.subject == "Harbour Street outreach: every Tuesday at 10:00, from 15 December"
    for said in both(mail):
        assert "Mo planned these dates." in said
        assert "Every Tuesday, 10:00 to 11:00" in said
        assert "It was" not in said


def test_a_series_on_another_day_says_what_it_was_and_what_it_is(cast: Cast) -> None:
    one = weekly(cast)
    forget()
    change(cast, one, rule=rule_of(Often.WEEKLY, WEDNESDAY), at=time(11))
    mail = letter(cast)
    assert mail.subject == (
        "Harbour Street outreach: from 12 January every Wednesday at 11:00, not every Tuesday at 10:00"
    )
    for said in both(mail):
        assert "Every Wednesday at 11:00, from 12 January" in said
        assert "Mo changed this series." in said
        assert "Every Wednesday, 11:00 to 12:00" in said
        assert "Every Tuesday, 10:00 to 11:00" in said
        assert "It was" in said
        assert "Wednesday 13 January" in said
    assert "It was: Every Tuesday, 10:00 to 11:00" in mail.text
    assert "(changed)" not in mail.text


@pytest.mark.parametrize(
    ("to", "subject", "says"),
    [
        ({"at": time(15, 30)}, "every Tuesday at 15:30, not at 10:00", "It was: Every Tuesday, 10:00 to 11:00"),
        ({"minutes": 90}, "every Tuesday ends at 11:30, not at 11:00", "It was: Every Tuesday, 10:00 to 11:00"),
        ({"place": "Room 9"}, "every Tuesday at 10:00, another place", "Room 9 (changed)"),
        ({"place": ""}, "every Tuesday at 10:00, no place any more", "No place any more"),
        ({"place": "", "video": VIDEO}, "every Tuesday at 10:00, by video", f"{VIDEO} (changed)"),
        ({"video": VIDEO}, "every Tuesday at 10:00, another video link", f"Room 2\n{VIDEO} (changed)"),
    ],
)
def test_the_one_thing_that_changed_in_a_series_is_said(
    to: dict[str, Any], subject: str, says: str, cast: Cast
) -> None:
    one = weekly(cast)
    forget()
    change(cast, one, **to)
    mail = letter(cast)
    assert mail.subject == f"Harbour Street outreach: from 12 January {subject}"
    assert says in mail.text


def test_a_fortnightly_series_in_the_other_weeks_says_so(cast: Cast) -> None:
    one = weekly(cast, rule=rule_of(Often.FORTNIGHTLY, TUESDAY))
    forget()
    change(cast, one, first=date(2027, 1, 4))
    mail = letter(cast)
    assert mail.subject == "Harbour Street outreach: from 4 January every other Tuesday at 10:00, in the other weeks"
    for said in both(mail):
        assert "It was in the other weeks until now." in said


def test_a_series_that_changes_twice_at_once_says_what_people_knew(cast: Cast) -> None:
    one = weekly(cast)
    forget()
    new = change(cast, one, rule=rule_of(Often.WEEKLY, WEDNESDAY))
    change(cast, new, rule=rule_of(Often.WEEKLY, THURSDAY))
    mail = letter(cast)
    assert mail.subject.endswith("from 12 January every Thursday at 10:00, not every Tuesday at 10:00")
    assert "Wednesday" not in mail.text


def test_a_series_that_is_changed_back_at_once_is_told_to_nobody(cast: Cast) -> None:
    one = weekly(cast)
    forget()
    new = change(cast, one, at=time(15))
    change(cast, new, at=time(10))
    assert read(cast) == []


def test_a_series_that_changes_before_anybody_heard_of_it_is_told_as_new(cast: Cast) -> None:
    one = weekly(cast)
    change(cast, one, first=date(2026, 12, 15), rule=rule_of(Often.FORTNIGHTLY, WEDNESDAY))
    mail = letter(cast)
    assert mail.subject == "Harbour Street outreach: every other Wednesday at 10:00, from 16 December"
    assert "It was" not in mail.text
    assert "Cancelled" not in mail.text


def test_a_series_that_ends_is_named_and_the_others_go_on(cast: Cast) -> None:
    weekly(cast)
    other = weekly(cast, rule=rule_of(Often.FORTNIGHTLY, THURSDAY), at=time(14))
    forget()
    do(series.end_series, by=cast.mo, series=other.pk, first=date(2027, 1, 8))
    mail = letter(cast)
    assert mail.subject == "Harbour Street outreach: every other Thursday at 14:00 ends before 14 January"
    for said in both(mail):
        assert "Every other Thursday at 14:00 ends before 14 January" in said
        assert "Mo ended this series." in said
        assert "Our other series go on." in said
        assert "our dates end" not in said.lower()


def test_the_only_series_ends_without_a_word_of_others(cast: Cast) -> None:
    one = weekly(cast)
    forget()
    do(series.end_series, by=cast.mo, series=one.pk, first=date(2027, 1, 8))
    assert "Our other series" not in letter(cast).text


# --- a pause ---


def test_a_pause_says_the_days_that_were_entered(cast: Cast) -> None:
    weekly(cast)
    forget()
    do(series.pause, by=cast.mo, first=date(2026, 12, 21), last=date(2027, 1, 1))
    mail = letter(cast)
    assert mail.subject == "Harbour Street outreach: no meetings from 21 December to 1 January"
    for said in both(mail):
        assert "No meetings from 21 December to 1 January" in said
        assert "Mo paused our meetings." in said
        assert "Tuesday 22 December" in said
        assert "Tuesday 29 December" in said
        assert "We meet all the same" not in said


def test_a_pause_names_what_takes_place_all_the_same(cast: Cast) -> None:
    one = weekly(cast)
    do(planning.plan_meeting, by=cast.mo, starts=datetime(2026, 12, 23, 14, tzinfo=UTC))
    forget()
    do(series.pause, by=cast.mo, first=date(2026, 12, 21), last=date(2027, 1, 1))
    do(planning.reinstate, by=cast.mo, meeting=row(one, date(2026, 12, 29)).pk)
    mail = letter(cast)
    _before, stays = mail.text.split("We meet all the same:")
    assert "Wednesday 23 December, 14:00 to 15:00" in stays
    assert "Tuesday 29 December, 10:00 to 11:00" in stays
    assert [str(entry["STATUS"]) for entry in entries(mail)] == ["CANCELLED"]


def test_a_pause_that_was_taken_back_gives_its_days_to_no_letter(cast: Cast) -> None:
    """Two pauses overlap: the dates of both stay cancelled when one is taken back."""
    weekly(cast)
    forget()
    first = do(series.pause, by=cast.mo, first=date(2026, 12, 14), last=date(2026, 12, 29))
    do(series.pause, by=cast.mo, first=date(2026, 12, 21), last=date(2027, 1, 1))
    do(series.take_pause_back, by=cast.mo, pause=first.pk)
    said = [mail.subject for mail in read(cast)]
    assert said == ["Harbour Street outreach: no meetings from 22 December to 29 December"]


def test_a_pause_that_is_taken_back_is_told_in_the_words_of_the_pages(cast: Cast) -> None:
    weekly(cast)
    paused = do(series.pause, by=cast.mo, first=date(2026, 12, 21), last=date(2027, 1, 1))
    forget()
    do(series.take_pause_back, by=cast.mo, pause=paused.pk)
    assert "Mo took the pause back." in letter(cast).text


# --- where one meeting is ---


def move(cast: Cast, meeting: Meeting, **to: str) -> Mail:
    forget()
    now = again(meeting)
    stays: dict[str, Any] = {"starts": now.starts, "minutes": now.minutes, "place": now.place, "video": now.video}
    do(planning.change_plan, by=cast.mo, meeting=meeting.pk, **{**stays, **to})
    return letter(cast)


def test_another_video_link_is_not_told_as_another_place(cast: Cast) -> None:
    one = weekly(cast, video="https://meet.example/old")
    mail = move(cast, row(one, date(2026, 12, 22)), video=VIDEO)
    assert mail.subject == "Harbour Street outreach: Tuesday 22 December, another video link"
    assert f"Room 2\n{VIDEO} (changed)" in mail.text
    assert "Room 2 (changed)" not in mail.html
    assert f"{VIDEO}</a> (changed)" in mail.html
    (entry,) = entries(mail)
    assert (str(entry["LOCATION"]), str(entry["DESCRIPTION"])) == ("Room 2", f"By video: {VIDEO}")


def test_a_meeting_that_is_only_by_video_now_marks_both(cast: Cast) -> None:
    one = weekly(cast)
    mail = move(cast, row(one, date(2026, 12, 22)), place="", video=VIDEO)
    assert mail.subject == "Harbour Street outreach: Tuesday 22 December, now by video"
    assert f"No place any more\n{VIDEO} (changed)" in mail.text
    assert f"{VIDEO}</a> (changed)" in mail.html
    (entry,) = entries(mail)
    assert (str(entry["LOCATION"]), "DESCRIPTION" in entry) == (VIDEO, False)


def test_another_link_of_a_meeting_without_a_place_is_marked(cast: Cast) -> None:
    one = weekly(cast, place="", video="https://meet.example/old")
    mail = move(cast, row(one, date(2026, 12, 22)), video=VIDEO)
    assert mail.subject == "Harbour Street outreach: Tuesday 22 December, another video link"
    assert f"{VIDEO} (changed)" in mail.text
    assert "No place" not in mail.text


@pytest.mark.parametrize(
    ("to", "subject", "says"),
    [
        ({"place": ""}, "now by video", "No place any more"),
        ({"video": ""}, "no video link any more", "No video link any more"),
        ({"place": "", "video": ""}, "no place any more", "No place any more\nNo video link any more"),
    ],
)
def test_a_place_or_link_that_is_gone_is_said(to: dict[str, str], subject: str, says: str, cast: Cast) -> None:
    one = weekly(cast, video=VIDEO)
    mail = move(cast, row(one, date(2026, 12, 22)), **to)
    assert mail.subject == f"Harbour Street outreach: Tuesday 22 December, {subject}"
    assert says in mail.text


# --- the role card ---


def card(cast: Cast, meeting: Meeting) -> Mail:
    forget()
    with clock.at(meeting.starts - timedelta(hours=20)):
        role_cards()
        (found,) = look(lambda: list(Letter.objects.filter(kind="card")))
        with scope(cast.team.pk):
            mail = KINDS["card"].compose(found)
    assert mail is not None
    return mail


def rule(cast: Cast, which: HolderRule) -> None:
    agreed: dict[str, Any] = {"raise_rule": RaiseRule.AT_READ_BACK, "read_back_minutes": 5, "way_out": "Ring."}
    do(change_agreement, by=cast.mo, holder_rule=which, **agreed)


def test_a_card_offers_a_swap_where_the_page_does(cast: Cast) -> None:
    rule(cast, HolderRule.ROTATION)
    mail = card(cast, row(weekly(cast), date(2026, 12, 15)))
    for said in both(mail):
        assert "swap with someone" in said


def test_a_card_offers_no_swap_where_there_is_nobody_to_swap_with(cast: Cast) -> None:
    rule(cast, HolderRule.LEAD)
    mail = card(cast, row(weekly(cast), date(2026, 12, 15)))
    for said in both(mail):
        assert "swap" not in said
        assert "ask someone else" in said
