"""Handover in mid-meeting, without whoever held the seat: seen everywhere at once, and undone by those whose it is."""

import threading
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from core import clock
from core.clockwork import each_alone
from core.errors import Invalid, NotAllowed, NotFound, NotPossible
from core.live import MEMBER, WALL, personal, render
from core.scope import scope
from meetings.models import Ended, How, Meeting, Seat
from meetings.queries import seats_in
from meetings.queries.seats import holders_missed
from meetings.roles import SeatKind
from meetings.services.planning import plan_meeting
from meetings.services.running import begin, close, look_for_holder, tick_attendance
from meetings.services.seats import flag_small, leave_it_with, leave_seat, take_seat
from meetings.services.turns import decline
from teams.models import Membership
from teams.roles import HolderRule, RaiseRule
from teams.services.members import leave
from teams.services.teams import change_agreement
from tests.cast import Cast, again, client_of, count, do, live, look, overheard, planned, verbs
from tests.marks import ROWS

pytestmark = ROWS

LEARNING = SeatKind.LEARNING


def hold(member: Membership, meeting: Meeting, *, seen: int | None = 0) -> None:
    """ "I'll hold it", from a page that showed an empty seat."""
    do(take_seat, by=member, meeting=meeting.pk, kind=LEARNING, member=member, seen=seen)


def call_out(by: Membership, meeting: Meeting, whom: Membership | None = None) -> None:
    do(leave_seat, by=by, meeting=meeting.pk, kind=LEARNING, seen=whom.pk if whom else None)


def history(meeting: Meeting) -> list[tuple[str, str, str]]:
    """(who, how, how it ended) of those who kept learning in mind, the first first."""
    seats = Seat.objects.filter(meeting=meeting, kind=LEARNING).order_by("pk").select_related("member__user")
    return look(lambda: [(seat.member.first_name, seat.how, seat.ended) for seat in seats])


def line(meeting: Meeting, audience: str = WALL) -> str:
    """The letterhead as the wall shows it, in plain words."""
    html = look(lambda: str(render("letterhead", again(meeting), audience)))
    client_words = html.partition("</svg>")[2].partition("</p>")[0]
    return " ".join("".join(part.partition(">")[2] for part in ("<" + client_words).split("<")).split())


def may_take_back(member: Membership, meeting: Meeting) -> bool:
    return look(lambda: seats_in(again(meeting)).may_take_back(member.pk))


def page_of(member: Membership, meeting: Meeting) -> str:
    return client_of(member).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()


# --- The seat falls empty, and somebody takes it ---


def test_whoever_has_to_go_and_whoever_is_called_out_leave_an_empty_bowl_that_says_so(cast: Cast) -> None:
    meeting = live(cast)
    call_out(cast.sol, meeting, cast.lin)
    assert history(meeting) == [("Lin", How.APPOINTED, Ended.CALLED_OUT)]
    assert "Lin was called out. Nobody is keeping learning in mind now." in line(meeting)
    hold(cast.ben, meeting)
    do(leave_seat, by=cast.ben, meeting=meeting.pk, kind=LEARNING)
    assert history(meeting)[1:] == [("Ben", How.STOOD_IN, Ended.HAD_TO_GO)]
    assert "Ben had to go. Nobody is keeping learning in mind now." in line(meeting)


def test_before_the_meeting_nobody_was_called_out(cast: Cast) -> None:
    meeting = planned(cast)
    call_out(cast.lin, meeting)
    assert history(meeting) == [("Lin", How.APPOINTED, Ended.DECLINED)]
    assert "Nobody is keeping learning in mind yet" in line(meeting)
    do(begin, by=cast.ada, meeting=meeting.pk)
    hold(cast.ben, meeting)
    assert history(meeting)[1:] == [("Ben", How.TAKEN, Ended.NOT)]
    assert "since" not in line(meeting)


def test_a_colleague_who_leaves_the_seat_empty_before_the_meeting_declines_for_nobody(cast: Cast) -> None:
    meeting = planned(cast)
    call_out(cast.sol, meeting, cast.lin)
    assert history(meeting) == [("Lin", How.APPOINTED, Ended.CALLED_OUT)]
    do(decline, by=cast.lin, meeting=meeting.pk)  # from a page that still shows her there: harmless
    assert history(meeting) == [("Lin", How.APPOINTED, Ended.CALLED_OUT)]
    assert "Nobody is keeping learning in mind yet" in line(meeting)
    assert verbs(cast.team).count("seat left") == 1


def test_of_two_who_take_the_chair_at_once_the_second_is_told(cast: Cast) -> None:
    meeting = live(cast)
    address = f"/t/harbour-street/m/{meeting.pk}/seats/chair/"
    form = page_of(cast.ben, meeting).rpartition("Take the chair")[0].rpartition("<form")[2]
    assert f'name="seen" value="{cast.ada.pk}"' in form
    given = {"me": "1", "seen": str(cast.ada.pk)}
    assert client_of(cast.ben).post(address, given).status_code == 303
    late = client_of(cast.kit).post(address, given)
    assert (late.status_code, "Ben chairs now." in late.content.decode()) == (409, True)


def test_the_wall_says_since_when_in_the_teams_own_time(cast: Cast) -> None:
    meeting = live(cast)
    moment = clock.now().replace(second=0, microsecond=0) + timedelta(minutes=4)
    with clock.at(moment):
        call_out(cast.sol, meeting, cast.lin)
        hold(cast.ben, meeting)
    at = moment.astimezone(ZoneInfo(cast.team.zone)).strftime("%H:%M")
    assert line(meeting).endswith(f"Ben keeps learning in mind, since {at}")
    assert f"since {at}" in line(meeting, MEMBER)
    assert "since" not in line(live(cast)), "nobody stood in there"


def test_every_open_page_and_the_wall_are_told_at_once(cast: Cast) -> None:
    meeting = live(cast)
    with overheard() as heard:
        call_out(cast.sol, meeting, cast.lin)
        hold(cast.ben, meeting)
    called_out, held = heard
    assert all("Lin was called out." in called_out["html"][audience] for audience in (MEMBER, WALL))
    assert all("Ben keeps learning in mind" in held["html"][audience] for audience in (MEMBER, WALL))


def test_of_two_who_hold_it_at_once_the_first_has_it_and_the_other_is_told(cast: Cast) -> None:
    meeting = live(cast)
    call_out(cast.sol, meeting, cast.lin)
    start, said = threading.Barrier(2), dict[str, str]()

    def tap(name: str) -> None:
        start.wait()
        try:
            hold(cast.us[name], meeting)
            said[name] = "has it"
        except NotPossible as refused:
            said[name] = refused.sentence
        finally:
            connection.close()

    threads = [threading.Thread(target=tap, args=[name]) for name in ("Ben", "Kit")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [winner] = [name for name, words in said.items() if words == "has it"]
    [loser] = {"Ben", "Kit"} - {winner}
    assert said[loser] == f"{winner} keeps our learning in mind now."
    assert history(meeting)[1:] == [(winner, How.STOOD_IN, Ended.NOT)]


def test_nobody_is_seated_while_they_leave_the_team(cast: Cast) -> None:
    """Between their leaving and its commit nobody waits for them, and no seat is left with somebody who is gone."""
    meeting = live(cast)
    left, told = threading.Event(), threading.Event()

    def go() -> None:
        try:
            with scope(cast.team.pk):
                leave(by=cast.kit, member=cast.kit)
                left.set()
                told.wait(10)
        finally:
            connection.close()

    leaving = threading.Thread(target=go)
    leaving.start()
    assert left.wait(10)
    with pytest.raises(Invalid, match="Choose somebody who is in the team"):
        do(take_seat, by=cast.lin, meeting=meeting.pk, kind=LEARNING, member=again(cast.kit))
    told.set()
    leaving.join()
    assert [name for name, _, _ in history(meeting)] == ["Lin"]


def test_double_taps_change_nothing_more(cast: Cast) -> None:
    meeting = live(cast)
    for _ in range(2):
        call_out(cast.sol, meeting, cast.lin)
    for _ in range(2):
        hold(cast.ben, meeting)
    for _ in range(2):
        hold(cast.lin, meeting, seen=cast.ben.pk)
    assert [(who, how) for who, how, _ended in history(meeting)] == [
        ("Lin", How.APPOINTED),
        ("Ben", How.STOOD_IN),
        ("Lin", How.BACK),
    ]
    assert verbs(cast.team).count("seat left") == 1


def test_a_late_page_calls_out_nobody_who_sat_down_meanwhile(cast: Cast) -> None:
    meeting = live(cast)
    call_out(cast.sol, meeting, cast.lin)
    hold(cast.ben, meeting)
    call_out(cast.mo, meeting, cast.lin)
    assert history(meeting)[-1] == ("Ben", How.STOOD_IN, Ended.NOT)
    with pytest.raises(NotPossible, match="Ben keeps our learning in mind now"):
        do(take_seat, by=cast.mo, meeting=meeting.pk, kind=LEARNING, member=cast.kit, seen=cast.lin.pk)


def test_the_scribe_gets_up_to_hold_it_and_the_chair_is_told_to_ask_somebody(cast: Cast) -> None:
    meeting = live(cast)
    call_out(cast.ben, meeting, cast.lin)
    with pytest.raises(Invalid):
        hold(cast.ada, meeting)
    hold(cast.sol, meeting)
    assert look(lambda: {kind.value: who.first_name for kind, who in seats_in(meeting).held.items()}) == {
        "chair": "Ada",
        "learning": "Sol",
    }
    assert "You chair, and one person holds one seat" not in page_of(cast.ada, meeting)


def test_a_small_meetings_chair_holds_it_too(cast: Cast) -> None:
    meeting = live(cast)
    do(tick_attendance, by=cast.ada, meeting=meeting.pk, here=[cast.ada.pk, cast.lin.pk, cast.ben.pk])
    do(flag_small, by=cast.ada, meeting=meeting.pk)
    call_out(cast.ada, meeting, cast.lin)
    hold(cast.ada, meeting)
    assert history(meeting)[-1] == ("Ada", How.STOOD_IN, Ended.NOT)


# --- Take it back, or leave it ---


def test_whoever_was_called_out_takes_it_back_and_nobody_asks_it_from_them(cast: Cast) -> None:
    meeting = live(cast)
    assert not may_take_back(cast.lin, meeting)
    call_out(cast.sol, meeting, cast.lin)
    assert not may_take_back(cast.lin, meeting), "there is nobody to take it from"
    hold(cast.ben, meeting)
    assert (may_take_back(cast.lin, meeting), may_take_back(cast.ben, meeting)) == (True, False)
    hold(cast.lin, meeting, seen=cast.ben.pk)
    assert history(meeting) == [
        ("Lin", How.APPOINTED, Ended.CALLED_OUT),
        ("Ben", How.STOOD_IN, Ended.REPLACED),
        ("Lin", How.BACK, Ended.NOT),
    ]
    assert (may_take_back(cast.lin, meeting), may_take_back(cast.ben, meeting)) == (False, False)
    assert "since" not in line(meeting)


def test_or_leaves_it_and_is_asked_no_more(cast: Cast) -> None:
    meeting = live(cast)
    call_out(cast.sol, meeting, cast.lin)
    hold(cast.ben, meeting)
    before = again(meeting)
    for _ in range(2):
        do(leave_it_with, by=cast.lin, meeting=meeting.pk)
    assert history(meeting) == [("Lin", How.APPOINTED, Ended.HANDED_OVER), ("Ben", How.STOOD_IN, Ended.NOT)]
    assert (may_take_back(cast.lin, meeting), verbs(cast.team).count("seat handed over")) == (False, 1)
    assert again(meeting).revision == before.revision, "nobody else’s screen changes"
    assert "seats" in personal(again(meeting), cast.lin.pk)[1]


def test_nobody_else_can_leave_it(cast: Cast) -> None:
    meeting = live(cast)
    call_out(cast.sol, meeting, cast.lin)
    hold(cast.ben, meeting)
    do(leave_it_with, by=cast.kit, meeting=meeting.pk)
    do(leave_it_with, by=cast.ben, meeting=meeting.pk)
    with pytest.raises(NotFound):
        do(leave_it_with, by=cast.otto, meeting=meeting.pk)
    assert history(meeting)[0] == ("Lin", How.APPOINTED, Ended.CALLED_OUT)


def test_who_asked_somebody_for_one_item_may_take_it_back_too(cast: Cast) -> None:
    meeting = live(cast)
    do(take_seat, by=cast.lin, meeting=meeting.pk, kind=LEARNING, member=cast.ben, seen=cast.lin.pk)
    assert history(meeting)[-1] == ("Ben", How.STOOD_IN, Ended.NOT)
    call_out(cast.ada, meeting, cast.ben)
    hold(cast.kit, meeting)
    assert (may_take_back(cast.lin, meeting), may_take_back(cast.ben, meeting)) == (True, True)
    hold(cast.lin, meeting, seen=cast.kit.pk)
    assert (may_take_back(cast.ben, meeting), history(meeting)[-1]) == (False, ("Lin", How.BACK, Ended.NOT))


def test_who_was_swapped_before_the_meeting_is_not_asked(cast: Cast) -> None:
    meeting = planned(cast)
    do(take_seat, by=cast.mo, meeting=meeting.pk, kind=LEARNING, member=cast.ben)
    do(begin, by=cast.ada, meeting=meeting.pk)
    assert not may_take_back(cast.lin, meeting)
    assert "since" not in line(meeting)


def test_who_left_the_team_is_not_asked(cast: Cast) -> None:
    meeting = live(cast)
    do(leave, by=cast.mo, member=cast.lin)
    hold(cast.ben, meeting)
    assert not may_take_back(cast.lin, meeting)
    assert history(meeting) == [("Lin", How.APPOINTED, Ended.LEFT_TEAM), ("Ben", How.STOOD_IN, Ended.NOT)]


def test_after_the_close_nothing_is_handed_over(cast: Cast) -> None:
    meeting = live(cast)
    call_out(cast.sol, meeting, cast.lin)
    hold(cast.ben, meeting)
    do(close, by=cast.ada, meeting=meeting.pk)
    with pytest.raises(NotPossible):
        do(leave_it_with, by=cast.lin, meeting=meeting.pk)
    with pytest.raises(NotPossible):
        hold(cast.lin, meeting, seen=cast.ben.pk)


# --- What each person's page offers, by plain forms ---


def test_the_page_offers_to_each_what_is_theirs(cast: Cast) -> None:
    meeting = live(cast)
    address = f"/t/harbour-street/m/{meeting.pk}/seats/learning/"
    before = {name: page_of(getattr(cast, name), meeting) for name in ("lin", "sol", "ben")}
    assert all("I’ll hold it" not in page and "Take it back" not in page for page in before.values())
    assert ("I have to go" in before["lin"], "I have to go" in before["sol"]) == (True, False)
    assert ("Lin was called out" in before["lin"], "Lin was called out" in before["sol"]) == (False, True)

    client_of(cast.sol).post(address, {"leave": "1", "seen": cast.lin.pk})
    ben = page_of(cast.ben, meeting)
    assert all(words in ben for words in ("I’ll hold it", "Then everyone sees", "Lin’s own jottings stay with Lin"))
    assert "The Scribe’s seat is empty then" in page_of(cast.sol, meeting)
    ada = page_of(cast.ada, meeting)
    assert ("I’ll hold it" in ada, "You chair, and one person holds one seat." in ada) == (False, True)

    client_of(cast.ben).post(address, {"me": "1", "seen": "0"})
    late = client_of(cast.kit).post(address, {"me": "1", "seen": "0"})
    assert (late.status_code, "Ben keeps our learning in mind now." in late.content.decode()) == (409, True)
    lin = page_of(cast.lin, meeting)
    assert all(words in lin for words in ("Take it back", "Leave it with Ben", "Your jottings stay with you."))
    assert all("Take it back" not in page_of(getattr(cast, name), meeting) for name in ("ben", "ada", "sol"))
    client_of(cast.lin).post(address, {"stays": "1"})
    assert "Take it back" not in page_of(cast.lin, meeting)


def test_the_holder_who_presents_is_asked_quietly_and_so_is_the_chair(cast: Cast) -> None:
    meeting = live(cast)
    words = "Ask someone to hold it for this item?"
    assert words not in page_of(cast.lin, meeting)
    item = look(lambda: meeting.items.order_by("position")[0])
    look(lambda: type(item).objects.filter(pk=item.pk).update(presenter=cast.lin))
    assert [words in page_of(getattr(cast, name), meeting) for name in ("lin", "ada", "ben", "mo")] == [
        True,
        True,
        False,
        False,
    ]


# --- Whoever was only proposed, and isn't here ---


def proposed(cast: Cast) -> Meeting:
    """A live meeting for which Mo, the first lead, was proposed by the rule, and said nothing."""
    do(
        change_agreement,
        by=cast.mo,
        holder_rule=HolderRule.LEAD,
        raise_rule=RaiseRule.AT_READ_BACK,
        read_back_minutes=5,
        way_out="Ring.",
    )
    meeting = do(plan_meeting, by=cast.kit, starts=clock.now() + timedelta(minutes=5))
    do(begin, by=cast.ada, meeting=meeting.pk)
    assert history(meeting) == [("Mo", How.PROPOSED, Ended.NOT)]
    return again(meeting)


def sweep() -> None:
    each_alone(look_for_holder, look(holders_missed))


def test_who_was_proposed_and_is_not_among_those_here_is_not_waited_for(cast: Cast) -> None:
    meeting = proposed(cast)
    do(tick_attendance, by=cast.ada, meeting=meeting.pk, here=[cast.ada.pk], was=[])
    sweep()
    assert history(meeting) == [("Mo", How.PROPOSED, Ended.NOT)], "ticks are made one by one: Mo may be the next"
    do(tick_attendance, by=cast.ada, meeting=meeting.pk, here=[cast.rosa.pk, cast.ben.pk], was=[])
    with clock.at(clock.now() + timedelta(minutes=3)):
        sweep()
        sweep()
    assert history(meeting) == [("Mo", How.PROPOSED, Ended.ABSENT), ("Rosa", How.PROPOSED, Ended.NOT)]
    assert may_take_back(cast.mo, meeting), "who comes late all the same"


def test_who_is_said_not_to_be_here_is_not_waited_for_at_all(cast: Cast) -> None:
    meeting = proposed(cast)
    everybody = [member.pk for name, member in cast.us.items() if name != "Vi"]
    do(tick_attendance, by=cast.ada, meeting=meeting.pk, here=everybody, was=[])
    here = [pk for pk in everybody if pk != cast.mo.pk]
    do(tick_attendance, by=cast.ada, meeting=meeting.pk, here=here, was=everybody)
    assert history(meeting) == [("Mo", How.PROPOSED, Ended.ABSENT), ("Rosa", How.PROPOSED, Ended.NOT)]


def test_who_is_here_or_was_asked_keeps_the_seat(cast: Cast) -> None:
    second, first = live(cast), proposed(cast)
    do(tick_attendance, by=cast.ada, meeting=first.pk, here=[cast.mo.pk], was=[])
    do(tick_attendance, by=cast.ada, meeting=second.pk, here=[cast.ben.pk], was=[])
    with clock.at(clock.now() + timedelta(minutes=3)):
        sweep()
    assert [row[0] for row in history(first)] == ["Mo"]
    assert [row[0] for row in history(second)] == ["Lin"]


def test_strangers_hand_over_nothing(cast: Cast) -> None:
    meeting = live(cast)
    with pytest.raises((NotFound, NotAllowed)):
        call_out(cast.otto, meeting, cast.lin)
    with pytest.raises((NotFound, NotAllowed)):
        hold(cast.otto, meeting)
    assert (history(meeting), count(Seat, kind=LEARNING)) == ([("Lin", How.APPOINTED, Ended.NOT)], 1)


def test_whoever_was_followed_in_the_seat_is_offered_no_undo_any_more(cast: Cast) -> None:
    meeting = live(cast)
    hold(cast.mo, meeting, seen=cast.lin.pk)
    assert "You keep our learning in mind.</span>" in page_of(cast.mo, meeting)
    do(take_seat, by=cast.lin, meeting=meeting.pk, kind=LEARNING, member=cast.lin)
    assert "You keep our learning in mind.</span>" not in page_of(cast.mo, meeting)
    assert "You keep our learning in mind.</span>" in page_of(cast.lin, meeting)
