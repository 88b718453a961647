"""What follows the close: one prompt, one reminder, then whoever may stand in; and nothing once the summary was sent."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import clock
from core.errors import NotAllowed
from core.guard import Identifying
from core.live import quiet
from core.scope import everything
from learning import tasks
from learning.models import Jotting, Observation, Point, Summary
from learning.roles import SETTLED, Outcome, PointState
from learning.rules import may_send
from learning.services.points import raise_point
from learning.services.prompt import ask_to_take_over, nobody_asked
from learning.services.read_back import first_point, start, without_points
from learning.services.summary import add_point, close_and_send, send
from meetings.models import Meeting
from meetings.roles import SeatKind
from meetings.services import running
from meetings.services.running import close
from meetings.services.seats import flag_small, leave_seat, take_seat
from teams.models import Away, Letter, Membership, Team
from teams.models.letter import LetterState
from teams.roles import Usually
from teams.services.choices import choose
from teams.services.members import change_roles, leave
from tests.cast import (
    Cast,
    again,
    client_of,
    closed,
    count,
    counted,
    do,
    gather_cast,
    live,
    look,
    raised,
    settle,
    verbs,
)
from tests.learning.asked import leaves, letters, to
from tests.marks import ROWS

pytestmark = ROWS

LONDON = ZoneInfo("Europe/London")
TUESDAY = datetime(2026, 9, 22, 9, 55, tzinfo=LONDON)  # a meeting of the cast begins five minutes later
WEDNESDAY_8, THURSDAY_8 = datetime(2026, 9, 23, 8, tzinfo=LONDON), datetime(2026, 9, 24, 8, tzinfo=LONDON)


@pytest.fixture
def cast(transactional_db: Any) -> Cast:
    with clock.at(TUESDAY):
        return gather_cast()


@pytest.fixture(autouse=True)
def tuesday(cast: Cast) -> Iterator[None]:
    with clock.at(TUESDAY):
        yield


def on(moment: datetime) -> None:
    """The clock's duties, at that moment."""
    with clock.at(moment):
        tasks.summaries_that_wait()


def summary_of(meeting: Meeting) -> Summary:
    return look(lambda: Summary.objects.get(meeting=meeting))


# --- the prompt and the reminder ---


def test_the_close_begins_the_summary_and_posts_a_prompt_and_one_reminder(cast: Cast) -> None:
    meeting = closed(cast)
    do(close, by=cast.ada, meeting=meeting.pk)  # a second tap
    assert to("prompt", "reminder", "takeover") == ["Lin", "Lin"]
    prompt, reminder = letters("prompt", "reminder")
    assert (prompt.kind, prompt.due_at < clock.now()) == ("prompt", True)
    assert (reminder.kind, reminder.due_at, reminder.essential) == ("reminder", WEDNESDAY_8, True)
    begun = summary_of(meeting)
    assert (begun.edition, begun.ask_leads_at, begun.leads_asked_at) == (1, THURSDAY_8, None)


@pytest.mark.parametrize(
    ("closes", "reminded", "asked"),
    [
        ((2026, 9, 25, 11), (2026, 9, 28, 8), (2026, 9, 29, 8)),  # a Friday
        ((2026, 4, 2, 16), (2026, 4, 7, 8), (2026, 4, 8, 8)),  # Maundy Thursday: Good Friday and Easter Monday are kept
        ((2026, 12, 23, 9), (2026, 12, 24, 8), (2026, 12, 29, 8)),  # Boxing Day falls on a Saturday, kept on Monday
        ((2026, 10, 24, 23), (2026, 10, 26, 8), (2026, 10, 27, 8)),  # the night the clocks go back
        ((2026, 3, 27, 23), (2026, 3, 30, 8), (2026, 3, 31, 8)),  # and forward
    ],
)
def test_working_mornings_are_the_teams_own(
    cast: Cast, closes: tuple[int, int, int, int], reminded: tuple[int, ...], asked: tuple[int, ...]
) -> None:
    with clock.at(datetime(*closes, tzinfo=LONDON)):
        meeting = closed(cast)
    [reminder] = letters("reminder")
    assert reminder.due_at == datetime(*reminded[:4], tzinfo=LONDON)  # type: ignore[arg-type,misc]
    assert summary_of(meeting).ask_leads_at == datetime(*asked[:4], tzinfo=LONDON)  # type: ignore[arg-type,misc]


def test_another_zone_and_no_bank_holidays(cast: Cast) -> None:
    look(lambda: Team.objects.filter(pk=cast.team.pk).update(zone="Pacific/Auckland", bank_holidays=""))
    with clock.at(datetime(2026, 4, 2, 20, tzinfo=ZoneInfo("UTC"))):  # Friday morning there
        closed(cast)
    [reminder] = letters("reminder")
    assert reminder.due_at == datetime(2026, 4, 6, 8, tzinfo=ZoneInfo("Pacific/Auckland"))


def test_the_prompt_says_when_it_comes_again_and_who_is_asked_then(cast: Cast) -> None:
    meeting = closed(cast, agreed=2)
    prompt, reminder = (leaves(letter) for letter in letters("prompt", "reminder"))
    assert prompt is not None
    assert reminder is not None
    assert prompt.subject == "Harbour Street outreach: two points are ready to send"
    assert "Today’s meeting is over. Waiting for you: two points the team agreed." in prompt.text
    after = "If it’s still here on Thursday, Mo or Rosa will be asked to send it for you."
    assert f"No time now? We’ll remind you once, tomorrow morning. {after}" in prompt.text
    assert reminder.subject == "Harbour Street outreach: the summary of 22 September waits for you"
    assert "Yesterday’s summary hasn’t gone out yet." in reminder.text
    assert f"We won’t remind you again. No time? {after}" in reminder.text
    for mail in (prompt, reminder):
        for body in (mail.text, mail.html):
            assert f"/t/harbour-street/m/{meeting.pk}/summary/" in body
            assert "They are deleted on 6 October." in body
            assert "You get this because you kept learning in mind." in body


def test_before_a_weekend_the_prompt_names_the_day(cast: Cast) -> None:
    with clock.at(datetime(2026, 9, 25, 11, tzinfo=LONDON)):
        closed(cast)
    prompt = leaves(letters("prompt")[0])
    assert prompt is not None
    assert "We’ll remind you once, on Monday morning. If it’s still here on Tuesday, Mo or Rosa" in prompt.text


def test_no_learning_point_today_leads_to_the_same_prompt(cast: Cast) -> None:
    meeting = live(cast)
    do(without_points, by=cast.lin, meeting=meeting.pk, outcome=Outcome.NONE_TODAY)
    do(close, by=cast.ada, meeting=meeting.pk)
    prompt, reminder = (leaves(letter) for letter in letters("prompt", "reminder"))
    assert prompt is not None
    assert reminder is not None
    assert prompt.subject == "Harbour Street outreach: the summary is ready to send"
    assert "No points this time. That’s fine." in prompt.text
    assert "There were no points. That’s fine: the team still likes to know." in reminder.text


def test_both_are_pointless_once_it_was_sent_or_the_holder_has_left(cast: Cast) -> None:
    meeting = closed(cast)
    do(leave, by=cast.mo, member=cast.lin)
    assert [leaves(letter) for letter in letters("prompt", "reminder")] == [None, None]
    look(lambda: Membership.objects.filter(pk=cast.lin.pk).update(until=None))
    cast.lin.until = None
    assert None not in [leaves(letter) for letter in letters("prompt", "reminder")]
    do(send, by=cast.lin, meeting=meeting.pk)
    assert [leaves(letter) for letter in letters("prompt", "reminder")] == [None, None]


def test_a_meeting_that_closes_itself_leads_here_too(cast: Cast) -> None:
    meeting = live(cast)
    with clock.at(TUESDAY + timedelta(hours=3)), quiet(), everything("the clock"):
        assert running.close_forgotten(meeting.pk)
    assert to("prompt", "reminder") == ["Lin", "Lin"]
    assert summary_of(meeting).ask_leads_at == THURSDAY_8


def test_nobody_held_the_seat(cast: Cast) -> None:
    """Nobody is prompted, and the leads are asked on the next working morning, since there is nobody to wait for."""
    meeting = closed(cast, agreed=0, holder=None)
    assert (to("prompt", "reminder"), summary_of(meeting).ask_leads_at) == ([], WEDNESDAY_8)
    on(WEDNESDAY_8)
    assert to("takeover") == ["Mo", "Rosa"]
    mail = leaves(letters("takeover")[0])
    assert mail is not None
    assert "Nobody kept learning in mind at that meeting. Would you send it?" in mail.text
    with pytest.raises(NotAllowed) as refused:
        do(send, by=cast.ben, meeting=meeting.pk)
    assert refused.value.sentence == (
        "Nobody kept learning in mind at this meeting, so an AMBIT lead sends the summary, or Ada, who chaired."
    )


# --- the takeover ---


def test_after_two_working_days_the_leads_are_asked_once(cast: Cast) -> None:
    meeting = closed(cast)
    on(THURSDAY_8 - timedelta(seconds=1))
    assert to("takeover") == []
    for hours in (0, 1, 24, 240):
        on(THURSDAY_8 + timedelta(hours=hours))
    assert to("takeover") == ["Mo", "Rosa"]
    asked_at = summary_of(meeting).leads_asked_at
    assert asked_at is not None
    assert asked_at - THURSDAY_8 < timedelta(minutes=1)
    assert verbs(cast.team).count("asked to take the summary over") == 1
    mail = leaves(letters("takeover")[0])
    assert mail is not None
    assert mail.subject == "Harbour Street outreach: the summary of 22 September hasn’t gone out yet"
    assert "Lin kept our learning in mind, and may have no time just now. Would you send it?" in mail.text
    assert "We asked Rosa too, and Lin may still send it. Once one of you has, it’s done." in mail.text
    assert f"/t/harbour-street/m/{meeting.pk}/summary/" in mail.html


def test_what_was_sent_in_time_is_never_asked_for(cast: Cast) -> None:
    meeting = closed(cast)
    do(send, by=cast.lin, meeting=meeting.pk)
    on(THURSDAY_8 + timedelta(days=1))
    assert (to("takeover"), summary_of(meeting).leads_asked_at) == ([], None)


def test_the_question_is_pointless_once_it_was_sent_or_who_was_asked_leads_no_more(cast: Cast) -> None:
    meeting = closed(cast)
    on(THURSDAY_8)
    do(change_roles, by=cast.mo, member=cast.rosa, is_lead=False, usually="")
    mo, rosa = letters("takeover")
    assert leaves(mo) is not None
    assert leaves(rosa) is None
    do(send, by=cast.lin, meeting=meeting.pk)
    assert leaves(mo) is None


def lead(cast: Cast, name: str, is_lead: bool, usually: str = "") -> None:
    do(change_roles, by=cast.mo, member=again(cast.us[name]), is_lead=is_lead, usually=usually)


def away(cast: Cast, *names: str) -> None:
    for name in names:
        look(
            lambda name=name: Away.objects.create(  # type: ignore[misc]
                team=cast.team, member=cast.us[name], first=date(2026, 9, 24), last=date(2026, 9, 30)
            )
        )


def one_for_all(cast: Cast) -> Meeting:
    """Mo, the only lead, chairs and holds the seat, in a small meeting."""
    meeting = live(cast, holder=None)
    do(running.tick_attendance, by=cast.mo, meeting=meeting.pk, here=[cast.mo.pk, cast.ben.pk])
    do(flag_small, by=cast.mo, meeting=meeting.pk)
    for kind in (SeatKind.CHAIR, SeatKind.LEARNING):
        do(take_seat, by=cast.mo, meeting=meeting.pk, kind=kind, member=cast.mo)
    do(close, by=cast.mo, meeting=meeting.pk)
    return again(meeting)


def test_the_lead_was_the_holder_so_another_lead_is_asked(cast: Cast) -> None:
    closed(cast, holder="Mo")
    on(THURSDAY_8)
    assert to("takeover") == ["Rosa"]


def test_the_only_lead_was_the_holder_so_the_chair_is_asked_and_may_send(cast: Cast) -> None:
    lead(cast, "Rosa", is_lead=False)
    meeting = closed(cast, holder="Mo")
    with pytest.raises(NotAllowed) as refused:
        do(send, by=cast.ben, meeting=meeting.pk)
    assert refused.value.sentence == (
        "Mo kept our learning in mind and sends the summary. An AMBIT lead may too, or Ada, who chaired."
    )
    on(THURSDAY_8)
    assert to("takeover") == ["Ada"]
    mail = leaves(letters("takeover")[0])
    assert mail is not None
    assert "Mo may still send it. Then there is nothing left to do." in mail.text
    lead(cast, "Rosa", is_lead=True)  # whoever was asked may send it, whatever comes later
    do(send, by=cast.ada, meeting=meeting.pk)
    assert summary_of(meeting).sent_by_id == cast.ada.pk


def test_the_other_lead_is_away_so_the_chair_is_asked(cast: Cast) -> None:
    closed(cast, holder="Mo")
    away(cast, "Rosa")
    on(THURSDAY_8)
    assert to("takeover") == ["Ada"]


def test_one_lead_is_away_so_the_other_is_asked(cast: Cast) -> None:
    closed(cast)
    away(cast, "Rosa")
    on(THURSDAY_8)
    assert to("takeover") == ["Mo"]


def test_all_are_away_so_the_leads_find_it_when_they_come_back(cast: Cast) -> None:
    closed(cast)
    away(cast, "Mo", "Rosa", "Ada")
    on(THURSDAY_8)
    assert to("takeover") == ["Mo", "Rosa"]


def test_the_chair_has_left_and_nobody_else_is_there_so_the_holder_is_asked_once_more(cast: Cast) -> None:
    lead(cast, "Rosa", is_lead=False)
    closed(cast, holder="Mo")
    do(leave, by=cast.mo, member=cast.ada)
    on(THURSDAY_8)
    assert to("takeover") == ["Mo"]
    mail = leaves(letters("takeover")[0])
    assert mail is not None
    assert "Nobody else can send it, so it waits for you once more." in mail.text
    assert "Write the summary:" in mail.text


def test_the_only_lead_held_the_seat_and_chaired(cast: Cast) -> None:
    lead(cast, "Rosa", is_lead=False)
    one_for_all(cast)
    on(THURSDAY_8)
    assert to("takeover") == ["Mo"]


def test_the_holder_has_left_the_team_so_nobody_waits_for_them(cast: Cast) -> None:
    meeting, sent = closed(cast), closed(cast)
    do(send, by=cast.lin, meeting=sent.pk)
    do(leave, by=cast.mo, member=cast.kit)
    assert summary_of(meeting).ask_leads_at == THURSDAY_8
    do(leave, by=cast.mo, member=cast.lin)
    assert (summary_of(meeting).ask_leads_at, summary_of(sent).ask_leads_at) == (WEDNESDAY_8, THURSDAY_8)
    on(WEDNESDAY_8)
    assert to("takeover") == ["Mo", "Rosa"]
    mail = leaves(letters("takeover")[0])
    assert mail is not None
    for body in (mail.text, mail.html):
        assert "Lin kept our learning in mind and has left the team. Would you send it?" in body
        assert "We asked Rosa too. Once one of you has sent it, it’s done." in body
        assert "Lin may" not in body
    left = "Lin kept our learning in mind and has left the team, so an AMBIT lead sends the summary."
    with pytest.raises(NotAllowed) as refused:
        do(send, by=cast.ben, meeting=meeting.pk)
    assert refused.value.sentence == left
    html = client_of(cast.ben).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()
    assert ("has left the team, so an AMBIT lead sends it." in html, "Lin sends it" in html) == (True, False)


def test_a_holder_who_leaves_late_moves_nothing_back(cast: Cast) -> None:
    meeting = closed(cast)
    with clock.at(THURSDAY_8 - timedelta(hours=1)):
        do(leave, by=cast.mo, member=cast.lin)
    assert summary_of(meeting).ask_leads_at == THURSDAY_8


def finish(state: LetterState, *names: str) -> None:
    """So the questions to these people ended."""
    moment = {"sent_at": clock.now()} if state == LetterState.SENT else {"ended_at": clock.now()}
    with everything("a test"):
        Letter.objects.filter(kind="takeover", user__name__in=names).update(state=state, **moment)


def test_who_was_asked_can_not_any_more_so_somebody_else_is(cast: Cast) -> None:
    """Mo alone is asked, and leads no more before the letter goes."""
    lead(cast, "Rosa", is_lead=False)
    closed(cast)
    on(THURSDAY_8)
    assert to("takeover") == ["Mo"]
    lead(cast, "Rosa", is_lead=True)
    lead(cast, "Mo", is_lead=False)
    on(THURSDAY_8 + timedelta(minutes=1))
    assert to("takeover") == ["Mo"]  # the letter isn't dropped yet
    finish(LetterState.DROPPED, "Mo Haddad")
    for minutes in (2, 3, 4):
        on(THURSDAY_8 + timedelta(minutes=minutes))
    assert to("takeover") == ["Mo", "Rosa"]
    assert verbs(cast.team).count("asked to take the summary over") == 2
    finish(LetterState.DROPPED, "Rosa Lindqvist")
    on(THURSDAY_8 + timedelta(days=40))  # nobody is asked for ever
    on(THURSDAY_8 + timedelta(minutes=5))  # nor twice
    assert to("takeover") == ["Mo", "Rosa"]


def test_who_was_asked_has_left_so_somebody_else_is(cast: Cast) -> None:
    lead(cast, "Rosa", is_lead=False)
    closed(cast)
    on(THURSDAY_8)
    finish(LetterState.SENT, "Mo Haddad")
    lead(cast, "Rosa", is_lead=True)
    on(THURSDAY_8 + timedelta(minutes=1))
    assert to("takeover") == ["Mo"]
    do(leave, by=cast.rosa, member=cast.mo)
    on(THURSDAY_8 + timedelta(minutes=2))
    assert to("takeover") == ["Mo", "Rosa"]


def test_to_look_for_summaries_that_wait_is_one_query(cast: Cast) -> None:
    for _ in range(2):
        closed(cast)
    on(THURSDAY_8)
    with clock.at(THURSDAY_8 + timedelta(hours=1)), everything("a test"), counted() as number:
        assert nobody_asked() == []
    assert number() == 1


def test_what_is_counted_is_what_the_page_shows(cast: Cast) -> None:
    """A point carried over and agreed here is; one without words isn't, nor, as agreed, one that was settled later."""
    before = live(cast)
    [carried] = raised(cast, before)
    do(close, by=cast.ada, meeting=before.pk)
    meeting = live(cast)
    do(raise_point, by=cast.lin, meeting=meeting.pk, text="", aloud=True)  # Lin will say this one
    do(start, by=cast.lin, meeting=meeting.pk, picked=[carried.pk])
    do(first_point, by=cast.lin, meeting=meeting.pk)
    settle(cast, meeting, carried)
    do(close, by=cast.ada, meeting=meeting.pk)
    on(THURSDAY_8)
    for kind, head in (("prompt", "Waiting for you: "), ("reminder", "Waiting for you: "), ("takeover", "Waiting: ")):
        for letter in letters(kind):
            mail = leaves(letter)
            assert mail is not None
            if letter.data["meeting"] == meeting.pk:
                assert f"{head}one point the team agreed." in mail.text
                assert kind != "prompt" or mail.subject.endswith("one point is ready to send")
            else:
                assert f"{head}one point that wasn’t reached." in mail.text
                assert kind != "prompt" or mail.subject.endswith("the summary is ready to send")


def test_the_chair_may_not_send_while_a_lead_is_there(cast: Cast) -> None:
    meeting = closed(cast)
    assert not look(lambda: may_send(cast.ada, meeting))
    on(THURSDAY_8)
    assert not look(lambda: may_send(cast.ada, meeting))


def test_one_that_fails_stops_no_other(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = closed(cast), closed(cast)

    def fails(summary: int) -> None:
        ask_to_take_over(summary)
        if summary == summary_of(first).pk:
            raise ZeroDivisionError

    monkeypatch.setattr(tasks, "ask_to_take_over", fails)
    on(THURSDAY_8)
    assert {letter.data["meeting"] for letter in letters("takeover")} == {second.pk}  # the first's were undone with it
    monkeypatch.setattr(tasks, "ask_to_take_over", ask_to_take_over)
    on(THURSDAY_8 + timedelta(minutes=1))
    assert {letter.data["meeting"] for letter in letters("takeover")} == {first.pk, second.pk}


# --- send the summary now ---


def test_sent_with_the_close_nobody_is_prompted_reminded_or_asked(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting)
    do(take_seat, by=cast.mo, meeting=meeting.pk, kind=SeatKind.CHAIR, member=cast.mo)
    for _ in range(2):
        do(close_and_send, by=cast.mo, meeting=meeting.pk)
    on(THURSDAY_8 + timedelta(days=7))
    assert to("prompt", "reminder", "takeover") == []
    went = summary_of(meeting)
    assert (again(meeting).phase, went.sent_by_id, len(letters("summary"))) == ("closed", cast.mo.pk, 9)
    assert "Not yet agreed." in went.text  # what waited was raised by the close, before it was written down


def test_whoever_may_not_send_closes_nothing_and_whoever_may_not_close_sends_nothing(cast: Cast) -> None:
    meeting = live(cast)
    for member in (cast.ada, cast.lin, cast.rosa):  # the Chair; the holder and a lead, before the booked end
        with pytest.raises(NotAllowed):
            do(close_and_send, by=member, meeting=meeting.pk)
    assert (again(meeting).phase, letters("summary"), count(Summary)) == ("live", [], 0)
    with clock.at(TUESDAY + timedelta(minutes=70)):
        do(close_and_send, by=cast.lin, meeting=meeting.pk)
    assert (again(meeting).phase, len(letters("summary"))) == ("closed", 9)


def test_what_the_guard_stops_leaves_the_meeting_open(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting)
    look(lambda: Point.objects.filter(meeting=meeting).update(text="Ring 020 7946 0958"))  # from before the guard
    with clock.at(TUESDAY + timedelta(minutes=70)), pytest.raises(Identifying):
        do(close_and_send, by=cast.lin, meeting=meeting.pk)
    assert (again(meeting).phase, letters("summary", "prompt"), count(Summary)) == ("live", [], 0)


def test_after_a_close_the_same_button_only_sends(cast: Cast) -> None:
    meeting = closed(cast)
    do(close_and_send, by=cast.lin, meeting=meeting.pk)
    assert len(letters("summary")) == 9
    assert [leaves(letter) for letter in letters("prompt", "reminder")] == [None, None]


def test_the_button_stands_beside_close_for_whoever_may_do_both(cast: Cast) -> None:
    meeting = live(cast)
    look(lambda: meeting.items.all().delete())
    words = "Close, and send the summary now"

    def shown(member: Membership) -> tuple[bool, bool]:
        html = client_of(member).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()
        return "Close the meeting" in html, words in html

    assert (shown(cast.ada), shown(cast.mo)) == ((True, False), (False, False))
    do(leave_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.CHAIR)
    assert shown(cast.mo) == (True, True)


# --- the digest ---

OCTOBER = datetime(2026, 10, 1, 8, tzinfo=LONDON)


def digests(moment: datetime) -> None:
    with clock.at(moment):
        tasks.digests()


def test_a_lead_is_told_once_a_month_what_waits_if_anything_does(cast: Cast) -> None:
    meeting = closed(cast)
    digests(OCTOBER - timedelta(seconds=1))
    assert to("digest") == []
    for hours in (0, 1, 24):
        digests(OCTOBER + timedelta(hours=hours))
    assert sorted(to("digest")) == ["Mo", "Otto", "Rosa"]
    by_name = {letter.user.first_name: leaves(letter) for letter in letters("digest") if letter.user}
    assert by_name["Otto"] is None  # nothing waits at Mill Lane
    mail = by_name["Mo"]
    assert mail is not None
    assert mail.subject == "Harbour Street outreach: one thing waits for you"
    assert "The summary of 22 September hasn’t gone out yet." in mail.text
    assert f"/t/harbour-street/m/{meeting.pk}/summary/" in mail.html
    assert "Stop these:" in mail.text
    do(send, by=cast.lin, meeting=meeting.pk)
    assert [leaves(letter) for letter in letters("digest")] == [None, None, None]


def test_the_first_working_morning_is_not_always_the_first(cast: Cast) -> None:
    digests(datetime(2026, 11, 1, 12, tzinfo=LONDON))  # a Sunday
    assert to("digest") == []
    digests(datetime(2026, 11, 2, 8, tzinfo=LONDON))
    assert [letter.due_at.date() for letter in letters("digest")] == [date(2026, 11, 2)] * 3
    digests(datetime(2027, 1, 1, 12, tzinfo=LONDON))  # New Year’s Day, and then a weekend
    digests(datetime(2027, 1, 3, 12, tzinfo=LONDON))
    assert len(letters("digest")) == 3
    digests(datetime(2027, 1, 4, 8, tzinfo=LONDON))
    assert len(letters("digest")) == 6


def test_whoever_became_a_lead_later_or_nobody_ran_the_clock_for_a_week_gets_none_that_month(cast: Cast) -> None:
    digests(OCTOBER + timedelta(days=8))
    assert to("digest") == []


def test_a_lead_who_wants_none_or_leads_no_more_gets_none(cast: Cast) -> None:
    closed(cast)
    digests(OCTOBER)
    with everything("a test"):
        choose(by=cast.mo, kind="digest", wanted=False)
    do(change_roles, by=cast.mo, member=again(cast.rosa), is_lead=False, usually=Usually.NOTHING)
    assert [leaves(letter) for letter in letters("digest")] == [None, None, None]


def test_no_letter_holds_a_jotting_or_the_words_of_a_point(cast: Cast) -> None:
    meeting = closed(cast)
    with everything("a test"):
        Jotting.objects.create(team=cast.team, meeting=meeting, author=cast.lin, text="heron jotted")
        Observation.objects.create(team=cast.team, meeting=meeting, by=cast.kit, text="heron noticed")
        for number, state in enumerate(PointState):
            settled = clock.now() if state in SETTLED else None
            Point.objects.create(
                team=cast.team,
                meeting=meeting,
                state=state,
                text=f"heron {number}",
                settled_at=settled,
                position=number,
            )
    do(add_point, by=cast.kit, meeting=meeting.pk, text="heron late")
    on(THURSDAY_8)
    digests(OCTOBER)
    kinds = set()
    for letter in letters("prompt", "reminder", "takeover", "digest"):
        mail = leaves(letter)
        if mail is not None:
            kinds.add(letter.kind)
            assert "heron" not in mail.subject + mail.text + mail.html
            assert "one thing somebody noticed" in mail.text or letter.kind == "digest"
    assert kinds == {"prompt", "reminder", "takeover", "digest"}
    assert count(Letter, kind="summary") == 0
