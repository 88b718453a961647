"""Who hears of dates, by which letter, and what a calendar makes of it."""

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from icalendar import Calendar, Component

from core import clock
from core.live import quiet
from core.scope import everything, scope
from meetings.models import CalledOff, Meeting, Phase, WallCode
from meetings.services import notices, planning, running
from teams.models import Letter, Membership
from teams.models.letter import LetterState
from teams.services.choices import choose
from teams.services.letters import drain
from teams.services.members import leave
from tests.cast import Cast, again, do, look
from tests.marks import ROWS
from tests.postbox import Postbox, Taken, postbox

pytestmark = ROWS

HOST = "learning.example"
LONDON = ZoneInfo("Europe/London")


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox() as box:
        settings.EMAIL_URL = box.url
        settings.PUBLIC_URL = f"https://{HOST}"
        settings.MAIL_FROM = f"Keeping in Mind <mind@{HOST}>"
        yield box


def next_week(hour: int = 10, *, days: int = 7) -> datetime:
    day = (clock.now() + timedelta(days=days)).astimezone(LONDON).date()
    return datetime(day.year, day.month, day.day, hour, tzinfo=LONDON)


def plan(cast: Cast, starts: datetime | None = None, **more: Any) -> Meeting:
    return do(planning.plan_meeting, by=cast.mo, starts=starts or next_week(), **{"place": "Room 2", **more})


def change(cast: Cast, meeting: Meeting, **to: Any) -> Meeting:
    now = again(meeting)
    stays = {"starts": now.starts, "minutes": now.minutes, "place": now.place, "video": now.video}
    return do(planning.change_plan, by=cast.mo, meeting=meeting.pk, **{**stays, **to})


def leaves(box: Postbox, after: timedelta = timedelta(minutes=3), *, everybody: bool = False) -> list[Taken]:
    """What leaves when so long has passed: to Lin and Mo, or to everybody, which takes longer."""
    before = len(box.journal)
    if not everybody:
        look(lambda: Letter.objects.exclude(user__name__in=["Lin Chen", "Mo Haddad"]).delete())
    with clock.at(clock.now() + after):
        while drain():
            pass
    return box.journal[before:]


def to(taken: list[Taken], name: str = "lin") -> Taken:
    """The one letter to this person."""
    (found,) = [letter for letter in taken if letter.to.startswith(f"{name}.") or letter.to.startswith(f"{name}@")]
    return found


def subjects(taken: list[Taken]) -> set[str]:
    return {str(letter.message["Subject"]).strip() for letter in taken}


def waiting(kind: str) -> list[Letter]:
    return look(lambda: list(Letter.objects.filter(kind=kind, state=LetterState.WAITING)))


def spoken(moment: datetime) -> str:
    return f"{moment.astimezone(LONDON):%A %-d %B}"


# --- as a calendar reads it ---


def asked(letter: Taken) -> tuple[str, Calendar]:
    """The method and the calendar that a client finds: in the alternative, in the Content-Type and inside, and in the file."""
    found = [part for part in letter.message.walk() if part.get_content_type() == "text/calendar"]
    assert len(found) == 1
    method = str(found[0].get_param("method"))
    raw = found[0].get_payload(decode=True)
    assert isinstance(raw, bytes)
    calendar = Calendar.from_ical(raw)
    assert isinstance(calendar, Calendar)
    assert str(calendar["METHOD"]) == method
    files = [part.get_payload(decode=True) for part in letter.message.iter_attachments()]
    assert files == [raw]
    return method, calendar


def events(calendar: Calendar) -> list[Component]:
    return list(calendar.walk("VEVENT"))


class Book:
    """Somebody's calendar, as it takes up what comes by mail: by UID, and nothing older than what it has."""

    def __init__(self) -> None:
        self.held: dict[str, tuple[int, datetime, str]] = {}
        self.gone: dict[str, int] = {}

    def take(self, letter: Taken) -> None:
        method, calendar = asked(letter)
        for event in events(calendar):
            uid, sequence = str(event["UID"]), int(str(event["SEQUENCE"]))
            assert sequence > max(self.gone.get(uid, -1), self.held.get(uid, (-1,))[0]), (
                "an old one, which it would ignore"
            )
            if method == "CANCEL":
                assert str(event["STATUS"]) == "CANCELLED"
                self.held.pop(uid, None)
                self.gone[uid] = sequence
            else:
                self.held[uid] = (sequence, event.decoded("DTSTART"), str(event.get("LOCATION", "")))


def test_a_calendar_follows_a_meeting_from_plan_to_after_all(cast: Cast, box: Postbox) -> None:
    book, starts = Book(), next_week()
    meeting = plan(cast, starts)
    new = to(leaves(box))
    book.take(new)
    uid = f"meeting-{meeting.key}@{HOST}"
    assert book.held == {uid: (0, starts, "Room 2")}

    later = starts + timedelta(days=1, hours=2)
    change(cast, meeting, starts=later, place="Room 4")
    book.take(to(leaves(box)))
    assert book.held == {uid: (1, later, "Room 4")}

    do(planning.cancel, by=cast.mo, meeting=meeting.pk)
    book.take(to(leaves(box)))
    assert book.held == {}

    do(planning.reinstate, by=cast.mo, meeting=meeting.pk)
    book.take(to(leaves(box)))
    assert book.held == {uid: (3, later, "Room 4")}


def test_the_server_invites_and_nobody_but_the_reader_is_named(cast: Cast, box: Postbox) -> None:
    plan(cast)
    taken = leaves(box)
    assert len(taken) == 2
    everybody = {member.user.email for member in cast.us.values()}
    for letter in taken:
        method, calendar = asked(letter)
        (event,) = events(calendar)
        assert (method, str(event["ATTENDEE"])) == ("REQUEST", f"mailto:{letter.to}")
        assert (str(event["ORGANIZER"]), str(event["ORGANIZER"].params["CN"])) == (
            f"mailto:mind@{HOST}",
            "Harbour Street outreach",
        )
        assert str(event["SUMMARY"]) == "Harbour Street outreach"
        assert str(event.decoded("DTSTART").tzinfo) == "Europe/London"
        assert calendar.walk("VTIMEZONE")
        said = letter.content.decode()
        assert [address for address in everybody - {letter.to} if address in said] == []


def test_a_new_meeting_is_told_to_each_member_once_and_to_nobody_else(cast: Cast, box: Postbox) -> None:
    plan(cast, starts := next_week())
    assert leaves(box, timedelta(minutes=1), everybody=True) == []
    taken = leaves(box, everybody=True)
    present = look(
        lambda: set(Membership.objects.present().filter(team=cast.team).values_list("user__email", flat=True))
    )
    assert sorted(letter.to for letter in taken) == sorted(present)
    assert subjects(taken) == {f"Harbour Street outreach: a new meeting, {spoken(starts)}"}
    assert "Room 2" in taken[0].text
    assert "Mo planned it." in taken[0].text
    assert leaves(box) == []


def test_what_is_moved_at_once_is_told_as_a_new_meeting(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast, next_week(10))
    change(cast, meeting, starts=next_week(14))
    taken = leaves(box)
    assert subjects(taken) == {f"Harbour Street outreach: a new meeting, {spoken(next_week())}"}
    assert len({letter.to for letter in taken}) == len(taken)
    assert "14:00 to 15:00" in taken[0].text


def test_what_is_called_off_at_once_is_told_to_nobody(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast)
    do(planning.cancel, by=cast.mo, meeting=meeting.pk)
    assert leaves(box) == []


def test_two_changes_make_one_letter_that_says_what_people_knew(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast, was := next_week(10))
    leaves(box)
    change(cast, meeting, starts=next_week(12))
    change(cast, meeting, starts=next_week(15, days=8))
    taken = leaves(box)
    assert subjects(taken) == {
        f"Harbour Street outreach: {spoken(was)} moves to {spoken(next_week(days=8))}",
    }
    text = to(taken).text
    assert f"{spoken(next_week(days=8))}, 15:00 to 16:00" in text
    assert f"It was: {spoken(was)}, 10:00 to 11:00" in text
    assert "12:00" not in text


def test_a_change_that_is_taken_back_at_once_is_told_to_nobody(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast)
    leaves(box)
    change(cast, meeting, starts=next_week(12))
    change(cast, meeting, starts=next_week(10))
    do(planning.cancel, by=cast.mo, meeting=meeting.pk)
    do(planning.reinstate, by=cast.mo, meeting=meeting.pk)
    assert leaves(box) == []


def test_a_change_that_a_cancellation_overtook_comes_back_with_the_meeting(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast, was := next_week(10))
    leaves(box)
    change(cast, meeting, starts=next_week(12))
    do(planning.cancel, by=cast.mo, meeting=meeting.pk)
    do(planning.reinstate, by=cast.mo, meeting=meeting.pk)
    taken = leaves(box)
    assert subjects(taken) == {f"Harbour Street outreach: {spoken(was)} begins at 12:00"}


def test_who_hears_of_a_cancellation_hears_the_day_they_know(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast, was := next_week(10))
    leaves(box)
    change(cast, meeting, starts=next_week(12, days=9))
    do(planning.cancel, by=cast.mo, meeting=meeting.pk)
    taken = leaves(box)
    assert subjects(taken) == {f"Harbour Street outreach: no meeting on {spoken(was)}"}
    assert "The meeting at 10:00 is cancelled." in to(taken).text


def test_another_place_is_told_without_the_outbox_keeping_a_word(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast)
    leaves(box)
    change(cast, meeting, place="The blue room")
    for letter in waiting("changed"):
        assert "Room 2" not in str(letter.data)
        assert "blue" not in str(letter.data)
    taken = leaves(box)
    assert subjects(taken) == {f"Harbour Street outreach: {spoken(next_week())}, another place"}
    assert "The blue room (changed)" in to(taken).text
    assert "It was" not in to(taken).text


def test_a_longer_meeting_is_told(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast)
    leaves(box)
    change(cast, meeting, minutes=90)
    assert subjects(leaves(box)) == {f"Harbour Street outreach: {spoken(next_week())} ends at 11:30"}


@pytest.mark.parametrize("what", ["past", "over", "left", "newer"])
def test_a_letter_about_a_date_that_is_pointless_by_then_stays(what: str, cast: Cast, box: Postbox) -> None:
    meeting = plan(cast)
    leaves(box)
    change(cast, meeting, starts=next_week(12))
    after = timedelta(minutes=3)
    if what == "past":
        after = timedelta(days=8)
    elif what == "over":
        over = {"began_at": clock.now(), "closed_at": clock.now()}
        look(lambda: Meeting.objects.filter(pk=meeting.pk).update(phase=Phase.CLOSED, **over))
    elif what == "left":
        do(leave, by=cast.mo, member=cast.lin)
    else:
        look(lambda: Meeting.objects.filter(pk=meeting.pk).update(sequence=9))
    reached = {letter.to for letter in leaves(box, after)}
    if what == "left":
        assert reached
        assert cast.lin.user.email not in reached
    else:
        assert reached == set()


def test_another_place_is_told_although_somebody_has_begun_by_then(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast, starts := clock.now() + timedelta(minutes=2))
    leaves(box)
    change(cast, meeting, place="Room 4")
    do(running.begin, by=cast.ada, meeting=meeting.pk)
    taken = leaves(box)
    assert subjects(taken) == {f"Harbour Street outreach: {spoken(starts)}, another place"}
    assert "Room 4 (changed)" in to(taken).text


def test_that_it_takes_place_after_all_is_told_although_somebody_has_begun_by_then(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast, clock.now() + timedelta(minutes=2))
    leaves(box)
    do(planning.cancel, by=cast.mo, meeting=meeting.pk)
    leaves(box)
    do(planning.reinstate, by=cast.mo, meeting=meeting.pk)
    do(running.begin, by=cast.ada, meeting=meeting.pk)
    assert {letter.to for letter in leaves(box)} == {cast.lin.user.email, cast.mo.user.email}


def test_new_meetings_may_be_turned_off_and_changes_may_not(cast: Cast, box: Postbox) -> None:
    do(choose, by=cast.lin, kind="planned", wanted=False)
    meeting = plan(cast)
    taken = leaves(box)
    assert cast.lin.user.email not in {letter.to for letter in taken}
    assert all(letter.message["List-Unsubscribe"] for letter in taken)
    change(cast, meeting, starts=next_week(12))
    changed = to(leaves(box))
    assert changed.message["List-Unsubscribe"] is None
    assert "It can’t be turned off" in changed.text


# --- many dates ---


@quiet()
def series(cast: Cast, number: int = 3) -> list[Meeting]:
    """So many planned dates, of which nobody was told by a letter of its own."""
    found = [plan(cast, next_week(days=7 * week)) for week in range(1, number + 1)]
    look(lambda: Letter.objects.filter(team=cast.team).delete())
    return found


def called_off(meetings: list[Meeting], phase: Phase) -> list[Meeting]:
    why = CalledOff.PAUSE if phase == Phase.CANCELLED else CalledOff.NOT
    for meeting in meetings:
        meeting.phase, meeting.called_off, meeting.sequence = phase, why, meeting.sequence + 1
        look(meeting.save)
        look(lambda meeting=meeting: WallCode.objects.filter(meeting=meeting).delete())  # type: ignore[misc]
    return meetings


def tell(cast: Cast, meetings: list[Meeting], what: notices.What) -> None:
    with scope(cast.team.pk):
        notices.dates_changed(cast.team.pk, meetings, what=what, by=cast.mo)


def test_many_dates_are_one_letter_to_each(cast: Cast, box: Postbox) -> None:
    meetings = series(cast)
    tell(cast, called_off(meetings[1:], Phase.CANCELLED), "pause")
    taken = leaves(box, everybody=True)
    present = look(lambda: Membership.objects.present().filter(team=cast.team).count())
    assert len(taken) == len({letter.to for letter in taken}) == present
    letter = to(taken)
    method, calendar = asked(letter)
    assert method == "PUBLISH"
    assert {str(event["UID"]) for event in events(calendar)} == {f"meeting-{m.key}@{HOST}" for m in meetings[1:]}
    assert {str(event["STATUS"]) for event in events(calendar)} == {"CANCELLED"}
    assert [event for event in events(calendar) if event.get("ATTENDEE")] == []
    assert "Mo paused our meetings." in letter.text
    assert [spoken(m.starts) in letter.text for m in meetings] == [False, True, True]


def test_a_pause_that_is_taken_back_at_once_is_told_to_nobody(cast: Cast, box: Postbox) -> None:
    meetings = series(cast)
    tell(cast, called_off(meetings, Phase.CANCELLED), "pause")
    tell(cast, called_off(meetings, Phase.PLANNED), "resumed")
    assert leaves(box) == []


def test_a_pause_that_is_taken_back_later_is_told(cast: Cast, box: Postbox) -> None:
    meetings = series(cast)
    tell(cast, called_off(meetings, Phase.CANCELLED), "pause")
    leaves(box)
    tell(cast, called_off(meetings, Phase.PLANNED), "resumed")
    taken = leaves(box)
    assert subjects(taken) == {"Harbour Street outreach: dates that take place after all"}
    assert {str(event["SEQUENCE"]) for event in events(asked(taken[0])[1])} == {"2"}


def test_of_many_dates_those_that_changed_again_are_left_to_their_own_letter(cast: Cast, box: Postbox) -> None:
    first, second, third = series(cast)
    tell(cast, [first, second, third], "series")
    change(cast, second, starts=next_week(16, days=14))
    taken = [letter for letter in leaves(box) if letter.to == cast.lin.user.email]
    assert len(taken) == 2
    many = next(letter for letter in taken if "our dates" in str(letter.message["Subject"]))
    assert [spoken(m.starts) in many.text for m in (first, second, third)] == [True, False, True]
    own = next(letter for letter in taken if letter is not many)
    assert "16:00 to 17:00" in own.text


def test_many_dates_that_are_all_past_are_no_letter(cast: Cast, box: Postbox) -> None:
    tell(cast, series(cast), "series")
    assert leaves(box, timedelta(days=40)) == []


def test_a_date_that_takes_place_after_all_before_its_pause_was_told_is_told_to_nobody(
    cast: Cast, box: Postbox
) -> None:
    meetings = series(cast)
    tell(cast, called_off(meetings, Phase.CANCELLED), "pause")
    do(planning.reinstate, by=cast.mo, meeting=meetings[0].pk)
    taken = leaves(box)
    assert subjects(taken) == {
        f"Harbour Street outreach: no meetings from {meetings[1].starts:%-d %B} to {meetings[2].starts:%-d %B}"
    }


# --- when the mail server dies half-way ---


def some_leave(box: Postbox, number: int = 3) -> set[str]:
    """Letters leave for so many, then the mail server dies. Returns to whom."""
    before = len(box.journal)
    with clock.at(clock.now() + timedelta(minutes=3)):
        assert drain(limit=number) == number
    return {letter.to for letter in box.journal[before:]}


def reached(box: Postbox) -> dict[str, list[str]]:
    """Kind → to whom letters of that kind leave now."""
    found: dict[str, list[str]] = {}
    now = look(lambda: set(Letter.objects.filter(state=LetterState.WAITING).values_list("pk", flat=True)))
    leaves(box, everybody=True)
    sent = look(
        lambda: list(
            Letter.objects.filter(pk__in=now, state=LetterState.SENT).values_list("kind", "user__email").order_by("pk")
        )
    )
    for kind, email in sent:
        found.setdefault(kind, []).append(email)
    return found


def present(cast: Cast) -> set[str]:
    return look(lambda: set(Membership.objects.present().filter(team=cast.team).values_list("user__email", flat=True)))


def test_a_cancellation_reaches_those_who_heard_of_the_meeting_and_nobody_else(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast)
    heard = some_leave(box)
    do(planning.cancel, by=cast.mo, meeting=meeting.pk)
    found = reached(box)
    assert {kind: set(to_) for kind, to_ in found.items()} == {"cancelled": heard}
    assert len(found["cancelled"]) == len(heard) == 3


def test_a_move_is_a_change_to_those_who_heard_and_a_new_meeting_to_the_others(cast: Cast, box: Postbox) -> None:
    meeting = plan(cast)
    heard = some_leave(box)
    change(cast, meeting, starts=next_week(14))
    found = reached(box)
    assert {kind: set(to_) for kind, to_ in found.items()} == {"changed": heard, "planned": present(cast) - heard}
    assert sum(map(len, found.values())) == len(present(cast))


def test_of_a_pause_that_is_taken_back_hears_whoever_heard_of_it(cast: Cast, box: Postbox) -> None:
    meetings = series(cast)
    tell(cast, called_off(meetings, Phase.CANCELLED), "pause")
    heard = some_leave(box)
    do(planning.reinstate, by=cast.mo, meeting=meetings[0].pk)
    tell(cast, called_off(meetings[1:], Phase.PLANNED), "resumed")
    found = reached(box)
    assert {kind: set(to_) for kind, to_ in found.items()} == {"reinstated": heard, "dates": heard}


def test_a_letter_that_is_being_written_is_waited_for(cast: Cast, box: Postbox) -> None:
    """The drainer freezes Lin's letter while the meeting is called off: she must hear of that."""
    meeting = plan(cast)

    def work() -> None:
        do(planning.cancel, by=cast.mo, meeting=meeting.pk)
        connection.close()

    thread = threading.Thread(target=work)
    with everything("a drainer"):
        letter = Letter.objects.select_for_update().get(kind="planned", user=cast.lin.user)
        thread.start()
        thread.join(0.5)
        assert thread.is_alive()
        letter.frozen, letter.message_id = b"as it was", "<1@learning.example>"
        letter.save(update_fields=["frozen", "message_id"])
    thread.join(5)
    assert [letter.data["member"] for letter in waiting("cancelled")] == [cast.lin.pk]
