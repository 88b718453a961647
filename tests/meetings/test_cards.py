"""The role card: to whom it goes, when, and what it says."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.live import quiet
from core.mail import KINDS, Mail
from core.scope import scope
from meetings.models import Ended, Item, ItemKind, Meeting, Seat
from meetings.roles import SeatKind
from meetings.services import planning, seats
from meetings.services.cards import send_card
from meetings.tasks import role_cards
from teams.models import Letter, Team
from teams.models.letter import LetterState
from teams.services.members import leave
from tests.cast import Cast, again, do, lines, look
from tests.marks import ROWS

pytestmark = ROWS

QUESTION = "What are the learning points about practice that might be generalisable from this discussion?"
LINE = "While we all do the work, one of us keeps in mind that we also need to learn about it."
TUESDAY = datetime(2026, 9, 29, 9, tzinfo=UTC)  # 10:00 in London
MONDAY_AT_EIGHT = datetime(2026, 9, 28, 7, tzinfo=UTC)


@quiet()
def meeting_on(cast: Cast, starts: datetime = TUESDAY, holder: str | None = "Ben") -> Meeting:
    with clock.at(starts - timedelta(days=14)):
        meeting = do(planning.plan_meeting, by=cast.mo, starts=starts, agenda=lines(cast))
        if holder is not None:
            sit(cast, meeting, holder)
    return meeting


def sit(cast: Cast, meeting: Meeting, name: str) -> None:
    do(seats.take_seat, by=cast.mo, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.us[name])


def cards() -> list[Letter]:
    return look(lambda: list(Letter.objects.filter(kind="card").order_by("pk").select_related("user", "team")))


def swept(moment: datetime) -> list[str]:
    """To whom cards were posted by this moment."""
    with clock.at(moment):
        role_cards()
    return [str(letter.user) for letter in cards()]


def composed(letter: Letter, moment: datetime) -> Mail | None:
    with clock.at(moment), scope(letter.team_id or 0):
        return KINDS["card"].compose(letter)


def card_of(cast: Cast, moment: datetime = MONDAY_AT_EIGHT) -> Mail:
    swept(moment)
    mail = composed(cards()[-1], moment)
    assert mail is not None
    return mail


def test_the_holder_gets_it_once_at_eight_on_the_working_morning_before(cast: Cast) -> None:
    meeting_on(cast)
    assert swept(MONDAY_AT_EIGHT - timedelta(minutes=1)) == []
    assert swept(MONDAY_AT_EIGHT + timedelta(seconds=1)) == ["Ben Marsh"]
    assert cards()[0].user_id == cast.ben.user_id
    swept(MONDAY_AT_EIGHT + timedelta(hours=5))
    assert len(cards()) == 1


@pytest.mark.parametrize(
    ("starts", "morning", "keeps"),
    [
        # a Monday: on the Friday before
        (datetime(2026, 9, 28, 9, tzinfo=UTC), datetime(2026, 9, 25, 7, tzinfo=UTC), "GB-ENG"),
        # the Tuesday after the late summer bank holiday in England, and in Scotland, where it is none
        (datetime(2026, 9, 1, 9, tzinfo=UTC), datetime(2026, 8, 28, 7, tzinfo=UTC), "GB-ENG"),
        (datetime(2026, 9, 1, 9, tzinfo=UTC), datetime(2026, 8, 31, 7, tzinfo=UTC), "GB-SCT"),
        # the day after the clocks went back: eight by the team's own clock
        (datetime(2026, 10, 26, 10, tzinfo=UTC), datetime(2026, 10, 23, 7, tzinfo=UTC), "GB-ENG"),
        (datetime(2026, 10, 27, 10, tzinfo=UTC), datetime(2026, 10, 26, 8, tzinfo=UTC), "GB-ENG"),
    ],
)
def test_working_mornings_are_the_teams_own(starts: datetime, morning: datetime, keeps: str, cast: Cast) -> None:
    look(lambda: Team.objects.filter(pk=cast.team.pk).update(bank_holidays=keeps))
    meeting_on(cast, starts)
    assert swept(morning - timedelta(minutes=1)) == []
    assert len(swept(morning + timedelta(seconds=1))) == 1


def test_who_takes_the_seat_later_that_day_still_gets_it(cast: Cast) -> None:
    meeting = meeting_on(cast, holder=None)
    assert swept(MONDAY_AT_EIGHT + timedelta(hours=1)) == []
    sit(cast, meeting, "Kit")
    assert swept(MONDAY_AT_EIGHT + timedelta(hours=2)) == ["Kit Walsh"]
    sit(cast, meeting, "Ben")
    swept(MONDAY_AT_EIGHT + timedelta(hours=3))
    assert [letter.user_id for letter in cards()] == [cast.kit.user_id, cast.ben.user_id]


def test_who_takes_the_seat_within_the_last_hour_gets_none(cast: Cast) -> None:
    meeting = meeting_on(cast, holder=None)
    sit(cast, meeting, "Kit")
    assert swept(TUESDAY - timedelta(minutes=59)) == []


def test_a_card_that_comes_too_late_is_pointless(cast: Cast) -> None:
    meeting_on(cast)
    swept(MONDAY_AT_EIGHT)
    (letter,) = cards()
    assert composed(letter, TUESDAY - timedelta(minutes=61)) is not None
    assert composed(letter, TUESDAY - timedelta(minutes=59)) is None


@pytest.mark.parametrize("what", ["swapped", "got up", "cancelled", "left"])
def test_a_card_is_pointless_for_who_no_longer_has_the_seat(what: str, cast: Cast) -> None:
    meeting = meeting_on(cast)
    swept(MONDAY_AT_EIGHT)
    (letter,) = cards()
    with clock.at(MONDAY_AT_EIGHT + timedelta(minutes=1)):
        if what == "swapped":
            sit(cast, meeting, "Kit")
        elif what == "got up":
            look(
                lambda: (
                    Seat.objects.current()
                    .filter(meeting=meeting, kind=SeatKind.LEARNING)
                    .update(until=clock.now(), ended=Ended.DECLINED)
                )
            )
        elif what == "cancelled":
            do(planning.cancel, by=cast.mo, meeting=meeting.pk)
        else:
            do(leave, by=cast.mo, member=cast.ben)
    assert composed(letter, MONDAY_AT_EIGHT + timedelta(minutes=2)) is None


def test_it_says_the_line_the_question_and_when_to_read_back(cast: Cast, settings: Any) -> None:
    settings.PUBLIC_URL = "https://learning.example"
    meeting = meeting_on(cast)
    mail = card_of(cast)
    assert mail.subject == "Harbour Street outreach: your turn tomorrow"
    plan = f"https://learning.example/t/harbour-street/m/{meeting.pk}/plan/"
    for body in (mail.text, mail.html):
        assert f"{LINE} Tomorrow that’s you, Ben." in body
        assert QUESTION in body
        assert "Tuesday 29 September, 10:00" in body
        assert "At about 10:40 you read back up to three points" in body  # 5 + 10 + 10 + 15 minutes
        assert body.count("Team Learning Support Worker") == 1
        assert "TLSW" not in body
        assert "You needn’t say why" in body
        assert f"{plan}#turn" in body
        assert "You get this because it’s your turn." in body
    assert f'href="{plan}"' in mail.html


def test_it_says_the_day_as_people_do(cast: Cast) -> None:
    meeting = meeting_on(cast, TUESDAY - timedelta(days=1))
    friday = datetime(2026, 9, 25, 7, tzinfo=UTC)
    mail = card_of(cast, friday)
    assert mail.subject == "Harbour Street outreach: your turn on Monday"
    assert "On Monday that’s you, Ben." in mail.text
    look(lambda: Item.objects.filter(meeting=meeting, kind=ItemKind.READ_BACK).delete())
    later = composed(cards()[0], TUESDAY - timedelta(days=1, hours=2))
    assert later is not None
    assert later.subject == "Harbour Street outreach: your turn today"
    assert "Towards the end you read back up to three points" in later.text


def test_its_date_is_a_file_that_asks_nothing_of_a_calendar(cast: Cast) -> None:
    meeting_on(cast)
    calendar = card_of(cast).calendar
    assert calendar is not None
    assert calendar.method == "PUBLISH"
    assert b"DESCRIPTION:You keep our learning in mind." in calendar.content
    assert b"ATTENDEE" not in calendar.content


# --- a meeting that moves ---


def move(cast: Cast, meeting: Meeting, moment: datetime, starts: datetime) -> None:
    now = again(meeting)
    stays: dict[str, Any] = {"minutes": now.minutes, "place": now.place, "video": now.video}
    with clock.at(moment):
        do(planning.change_plan, by=cast.mo, meeting=meeting.pk, starts=starts, **stays)


def became(letter: Letter, state: LetterState) -> None:
    ended = {"sent_at": clock.now()} if state == LetterState.SENT else {"ended_at": clock.now()}
    look(lambda: Letter.objects.filter(pk=letter.pk).update(state=state, **ended))


THURSDAY, WEDNESDAY_AT_EIGHT = TUESDAY + timedelta(days=2), MONDAY_AT_EIGHT + timedelta(days=2)


def test_a_card_written_down_with_a_date_that_is_no_more_is_dropped_and_another_follows(cast: Cast) -> None:
    meeting = meeting_on(cast)
    swept(MONDAY_AT_EIGHT)
    (letter,) = cards()
    letter.frozen = b"Tuesday 29 September, 10:00"  # and the mail server was away
    assert composed(letter, MONDAY_AT_EIGHT) is not None
    move(cast, meeting, MONDAY_AT_EIGHT + timedelta(minutes=2), THURSDAY)
    assert composed(letter, MONDAY_AT_EIGHT + timedelta(minutes=5)) is None
    became(letter, LetterState.DROPPED)
    assert swept(MONDAY_AT_EIGHT + timedelta(hours=1)) == ["Ben Marsh"]  # not before its morning
    for minutes in (1, 2):
        assert swept(WEDNESDAY_AT_EIGHT + timedelta(minutes=minutes)) == ["Ben Marsh"] * 2
    again_told = composed(cards()[1], WEDNESDAY_AT_EIGHT + timedelta(minutes=3))
    assert again_told is not None
    assert "Thursday 1 October, 10:00" in again_told.text


def test_a_card_that_was_not_written_down_yet_tells_the_new_date(cast: Cast) -> None:
    meeting = meeting_on(cast)
    swept(MONDAY_AT_EIGHT)
    move(cast, meeting, MONDAY_AT_EIGHT + timedelta(minutes=2), THURSDAY)
    told = composed(cards()[0], MONDAY_AT_EIGHT + timedelta(minutes=5))
    assert told is not None
    assert "Thursday 1 October, 10:00" in told.text
    assert "Tuesday" not in told.text


@pytest.mark.parametrize("state", [LetterState.SENT, LetterState.FAILED, LetterState.BOUNCED])
def test_a_card_that_has_left_is_the_only_one_wherever_the_meeting_moves(cast: Cast, state: LetterState) -> None:
    meeting = meeting_on(cast)
    swept(MONDAY_AT_EIGHT)
    (letter,) = cards()
    became(letter, LetterState.SENT)
    if state != LetterState.SENT:
        kept = {"sent_at": None} if state == LetterState.FAILED else {}
        look(lambda: Letter.objects.filter(pk=letter.pk).update(state=state, ended_at=clock.now(), **kept))
    move(cast, meeting, MONDAY_AT_EIGHT + timedelta(minutes=2), THURSDAY)
    assert swept(WEDNESDAY_AT_EIGHT + timedelta(minutes=1)) == ["Ben Marsh"]
    seat = look(lambda: Seat.objects.current().get(meeting=meeting, kind=SeatKind.LEARNING))
    with clock.at(WEDNESDAY_AT_EIGHT), scope(cast.team.pk):
        send_card(seat.pk)  # by another driver, which looked earlier
    assert len(cards()) == 1
