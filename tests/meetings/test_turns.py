"""Whose turn it is, from the rows: the ledger, the proposal and its reason, and what whoever is proposed may answer."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from core import clock
from core.errors import Invalid, NotAllowed, NotPossible
from core.scope import scope
from learning.services.jottings import keep_jotting
from meetings.models import Attendance, Ended, How, Meeting, Phase, Seat
from meetings.queries.turns import Turn, ledger_of, share_of, turn_of, turns_waiting
from meetings.roles import SeatKind
from meetings.services.planning import cancel, change_plan, plan_meeting, reinstate
from meetings.services.running import begin, close, tick_attendance
from meetings.services.seats import leave_seat, take_seat
from meetings.services.turns import decline, propose_anew_among, say_yes, swap
from meetings.tasks import proposals
from teams.models import Away, Membership, Team
from teams.roles import HolderRule, RaiseRule
from teams.services.members import change_roles, come_back, go_away, leave, set_turns
from teams.services.teams import change_agreement
from tests.cast import Cast, again, client_of, count, counted, do, look, verbs
from tests.marks import ROWS

pytestmark = ROWS

LEARNING = SeatKind.LEARNING
EVERYBODY = ("Mo", "Rosa", "Ada", "Lin", "Sol", "Ben", "Idris", "Kit", "Nia")


def rule(cast: Cast, which: HolderRule = HolderRule.ROTATION) -> None:
    agreed: dict[str, Any] = {"raise_rule": RaiseRule.AT_READ_BACK, "read_back_minutes": 5, "way_out": "Ring."}
    do(change_agreement, by=cast.mo, holder_rule=which, **agreed)


@pytest.fixture
def turns(cast: Cast) -> Cast:
    """The cast, who take turns."""
    rule(cast)
    return cast


def met(cast: Cast, days: int, holder: str | None, here: Iterable[str] = EVERYBODY, **more: Any) -> Meeting:
    """A meeting that was held so many days ago, as rows."""
    began = clock.now() - timedelta(days=days)

    def rows() -> Meeting:
        times = {"starts": began, "began_at": began, "closed_at": began + timedelta(hours=1)}
        found = Meeting.objects.create(team=cast.team, **{**times, "phase": Phase.CLOSED, **more})
        if holder:
            sat(cast, found, holder)
        Attendance.objects.bulk_create(
            Attendance(team=cast.team, meeting=found, member=cast.us[name], recorded_by=cast.sol) for name in here
        )
        return found

    return look(rows)


def sat(cast: Cast, meeting: Meeting, name: str, **more: Any) -> Seat:
    at = {"since": meeting.starts - timedelta(days=1), "how": How.PROPOSED, **more}
    return Seat.objects.create(team=cast.team, meeting=meeting, kind=LEARNING, member=cast.us[name], **at)


def ahead(cast: Cast, days: int = 7) -> Meeting:
    """A meeting that is planned for so many days from now."""
    at = (clock.now() + timedelta(days=days)).replace(hour=10, minute=0, second=0, microsecond=0)
    return again(do(plan_meeting, by=cast.mo, starts=at))


def holder(meeting: Meeting) -> tuple[str, str] | None:
    """(who, how)."""
    found = Seat.objects.current().filter(meeting=meeting, kind=LEARNING).select_related("member__user")
    return look(lambda: next(((seat.member.first_name, seat.how) for seat in found), None))


def history(meeting: Meeting) -> list[tuple[str, str, str]]:
    """(who, how, how it ended), the first first."""
    found = Seat.objects.filter(meeting=meeting, kind=LEARNING).order_by("pk").select_related("member__user")
    return look(lambda: [(seat.member.first_name, seat.how, seat.ended) for seat in found])


def figures(cast: Cast) -> dict[str, tuple[int, int]]:
    """(attended, held) by first name."""
    ledger = look(lambda: ledger_of(cast.team.pk, clock.now(), all_figures=True))
    return {ledger.name(each.member): (each.attended, each.held) for each in ledger.standings}


def new(cast: Cast) -> list[str]:
    ledger = look(lambda: ledger_of(cast.team.pk, clock.now()))
    return [ledger.name(each.member) for each in ledger.standings if each.candidate.new]


def shown(reader: Membership, meeting: Meeting) -> Turn:
    return look(lambda: turn_of(reader, Meeting.objects.select_related("team").get(pk=meeting.pk)))


def after(reader: Membership, meeting: Meeting) -> list[str]:
    return [each.member.first_name for each in shown(reader, meeting).after]


def away(cast: Cast, name: str, meeting: Meeting, by: str | None = None) -> Away:
    day = meeting.starts.date()
    return do(go_away, by=cast.us[by or name], member=cast.us[name], first=day, last=day)


# --- The ledger ---


def test_the_ledger_counts_what_people_recorded_and_nothing_else(turns: Cast) -> None:
    met(turns, 8, "Ben", here=("Ben", "Kit", "Lin"))
    met(turns, 15, "Kit", here=("Ben", "Lin"))  # Kit sat there, and nobody ticked Kit
    met(turns, 400, "Ben")  # more than twelve months ago
    met(turns, 20, "Ben", phase=Phase.CANCELLED, called_off="alone", closed_at=None)
    changed = met(turns, 22, None, here=("Ben", "Kit", "Lin", "Idris", "Nia"))
    long_before, before = changed.starts - timedelta(days=3), changed.starts - timedelta(hours=1)
    within = changed.starts + timedelta(minutes=20)

    def rows() -> None:
        sat(turns, changed, "Idris", since=long_before, until=before, ended=Ended.DECLINED)
        sat(turns, changed, "Nia", since=before, until=within, ended=Ended.ABSENT)
        sat(turns, changed, "Ben", since=within, until=within + timedelta(minutes=9), ended=Ended.HAD_TO_GO)
        sat(turns, changed, "Lin", since=within + timedelta(minutes=9), how=How.STOOD_IN)

    look(rows)
    found = figures(turns)
    assert {name: found[name] for name in ("Ben", "Kit", "Lin", "Idris", "Nia", "Mo")} == {
        "Ben": (3, 2),
        "Kit": (2, 0),
        "Lin": (3, 1),
        "Idris": (1, 0),
        "Nia": (1, 0),
        "Mo": (0, 0),
    }


def test_somebody_is_new_until_they_were_ticked_once_or_belonged_when_no_list_was_made(turns: Cast) -> None:
    assert len(new(turns)) == 9  # a team that never met
    met(turns, 500, None, here=("Ben",))  # however long ago
    met(turns, 8, "Kit", here=("Ben", "Lin"))
    assert set(new(turns)) == {"Mo", "Rosa", "Ada", "Sol", "Idris", "Kit", "Nia"}
    look(lambda: Membership.objects.filter(pk=turns.nia.pk).update(since=clock.now() - timedelta(days=1)))
    met(turns, 2, "Kit", here=())
    assert new(turns) == ["Nia"]


# --- The proposal ---


def test_a_new_meeting_has_whose_turn_it_is_and_later_ones_nobody_yet(turns: Cast) -> None:
    for week, name in enumerate(("Ben", "Kit", "Lin", "Rosa", "Mo")):
        met(turns, 7 * week + 7, name)
    nearest, later, _last = ahead(turns), ahead(turns, 14), ahead(turns, 21)
    assert (holder(nearest), holder(later)) == (("Idris", How.PROPOSED), None)
    assert after(turns.mo, nearest) == ["Nia", "Mo"]
    assert shown(turns.mo, later).likely == turns.nia


def test_a_team_that_never_met_falls_back_on_its_first_lead_who_can(turns: Cast) -> None:
    meeting = ahead(turns)
    assert holder(meeting) == ("Mo", How.PROPOSED)
    assert shown(turns.ben, meeting).because == "We haven’t met yet, so it falls to one of our AMBIT leads."


def test_where_somebody_is_asked_each_time_nobody_is_proposed(cast: Cast) -> None:
    met(cast, 7, "Ben")
    assert holder(ahead(cast)) is None
    proposals()
    assert count(Seat, kind=LEARNING, until=None, meeting__phase=Phase.PLANNED) == 0


def test_by_the_rule_of_the_lead_every_meeting_has_the_first_lead_who_comes(cast: Cast) -> None:
    rule(cast, HolderRule.LEAD)
    first = ahead(cast)
    do(
        go_away,
        by=cast.mo,
        member=cast.mo,
        first=first.starts.date() + timedelta(days=7),
        last=first.starts.date() + timedelta(days=7),
    )
    later = ahead(cast, 14)
    assert (holder(first), holder(later)) == (("Mo", How.PROPOSED), ("Rosa", How.PROPOSED))
    assert shown(cast.ben, later).because == "By our agreement it is one of our AMBIT leads. Mo is away."


def picture(cast: Cast) -> Meeting:
    """As on the plan of 29 September: Ben came to nine and did it in none, Idris in 1 of 8, Kit in 2 of 9."""
    others = {"Mo", "Rosa", "Ada", "Lin", "Sol", "Nia"}
    did = ("Kit", "Idris", "Lin", "Kit", "Mo", "Lin", "Lin", "Mo", "Rosa")
    for number, name in enumerate(did):
        here = others | {"Ben", "Idris", "Kit"} - ({"Idris"} if number == 0 else set())
        met(cast, 7 * (len(did) - number), name, here=here if number > 4 else here - {"Rosa"})
    nia: dict[str, Any] = {"first": clock.now().date(), "last": (clock.now() + timedelta(days=8)).date()}
    do(go_away, by=cast.ben, member=cast.nia, **nia)
    return ahead(cast)


def test_the_reason_is_told_in_counts_to_whoever_is_proposed_and_to_the_others(turns: Cast) -> None:
    meeting = picture(turns)
    ahead(turns, 14), ahead(turns, 21)
    assert holder(meeting) == ("Ben", How.PROPOSED)
    assert shown(turns.ben, meeting).because == (
        "You haven’t done it in the last 9 meetings you came to. Idris did in 1 of 8, Kit in 2 of 9. "
        "Ada chairs, Sol is scribe and Nia is away."
    )
    assert shown(turns.kit, meeting).because == (
        "Ben did it in none of 9 meetings, Idris in 1 of 8, Kit in 2 of 9. Ada chairs, Sol is scribe and Nia is away."
    )
    assert after(turns.ben, meeting) == ["Nia", "Ben"]


@pytest.mark.parametrize(
    ("past", "told"),
    [
        (["Kit", "Ben"], "Kit did it in 1 of 2 meetings, Ben in 1 of 2. Kit did it longer ago than Ben."),
        ([None, None], "Ben did it in none of 2 meetings, Kit in none of 2. Ben joined before Kit."),
    ],
)
def test_what_decides_among_equals_is_told(turns: Cast, past: list[str | None], told: str) -> None:
    for number, name in enumerate(past):
        met(turns, 20 - number, name, here=("Ben", "Kit"))
    meeting = ahead(turns)
    assert shown(turns.lin, meeting).because.startswith(told + " Ada chairs")


def test_a_team_that_makes_no_lists_goes_by_whoever_did_it_longest_ago(turns: Cast) -> None:
    for days, name in ((60, "Mo"), (50, "Rosa"), (40, "Lin"), (30, "Kit"), (20, "Idris"), (15, "Nia"), (10, "Ben")):
        met(turns, days, name, here=())
    meeting = ahead(turns)
    assert holder(meeting) is not None and holder(meeting)[0] == "Mo"  # type: ignore[index]
    assert "so it goes to whoever did it longest ago." in shown(turns.ben, meeting).because


def test_without_lists_whoever_never_did_it_is_not_said_to_have_done_it_longest_ago(turns: Cast) -> None:
    for number, name in enumerate(("Mo", "Rosa", "Lin", "Kit", "Idris")):
        met(turns, 60 - number, name, here=())
    first = ahead(turns)
    assert holder(first) is not None and holder(first)[0] == "Ben"  # type: ignore[index]
    told = shown(turns.kit, first).because
    assert "so it goes to whoever joined first of those who haven’t done it in the last 12 months." in told
    assert "longest ago" not in told
    away(turns, "Nia", first)
    assert "so it goes to whoever hasn’t done it in the last 12 months." in shown(turns.kit, first).because


def test_one_tap_appoints_under_every_rule(turns: Cast) -> None:
    meeting = picture(turns)
    do(take_seat, by=turns.kit, meeting=meeting.pk, kind=LEARNING, member=turns.kit)
    assert history(meeting) == [("Ben", How.PROPOSED, Ended.REPLACED), ("Kit", How.TAKEN, "")]
    assert shown(turns.ben, meeting).because == ""


# --- What whoever is proposed may answer ---


def test_not_this_time_passes_it_on_at_once_and_comes_to_the_leads_at_last(turns: Cast) -> None:
    met(turns, 7, "Lin", here=("Ben", "Kit", "Ada"))
    meeting = ahead(turns)
    for name in ("Ben", "Kit", "Mo", "Rosa"):
        assert holder(meeting) == (name, How.PROPOSED)
        for _ in range(2):
            do(decline, by=turns.us[name], meeting=meeting.pk)
    assert holder(meeting) is None
    proposals()
    assert holder(meeting) is None  # nobody is asked again
    assert [ended for _who, _how, ended in history(meeting)] == [Ended.DECLINED] * 4
    assert "It falls" not in shown(turns.lin, meeting).because


def test_somebody_else_s_turn_is_theirs_to_answer(turns: Cast) -> None:
    meeting = picture(turns)
    for answer in (say_yes, decline):
        with pytest.raises(NotAllowed) as refused:
            do(answer, by=turns.kit, meeting=meeting.pk)
        assert refused.value.sentence == "Ben keeps our learning in mind. Only Ben can do this."
    with pytest.raises(NotAllowed):
        do(swap, by=turns.kit, meeting=meeting.pk, other=meeting.pk, member=turns.ben.pk)
    assert holder(meeting) == ("Ben", How.PROPOSED)


def test_whoever_says_yes_keeps_it_and_whoever_says_nothing_too(turns: Cast) -> None:
    meeting = picture(turns)
    for _ in range(2):
        do(say_yes, by=turns.ben, meeting=meeting.pk)
    assert verbs(turns.team).count("said yes to a turn") == 1
    assert look(lambda: turns_waiting(turns.ben)) == []
    proposals()
    assert holder(meeting) == ("Ben", How.PROPOSED)


def test_not_this_time_is_said_before_the_meeting_begins(turns: Cast) -> None:
    meeting = picture(turns)
    with clock.at(meeting.starts):
        do(begin, by=turns.ada, meeting=meeting.pk)
        with pytest.raises(NotPossible):
            do(decline, by=turns.ben, meeting=meeting.pk)


def test_two_people_swap_and_the_other_may_still_say_not_this_time(turns: Cast) -> None:
    meeting, _nias, bens = picture(turns), ahead(turns, 14), None
    offered = shown(turns.ben, meeting).swap
    assert offered is None  # Nia, who comes next, is away this time; and the one after is Ben's own
    later = ahead(turns, 21)
    do(take_seat, by=turns.mo, meeting=later.pk, kind=LEARNING, member=turns.kit)
    offered = shown(turns.ben, meeting).swap
    assert offered is not None
    assert (offered.member, offered.meeting, bens) == (turns.kit, later, None)
    for _ in range(2):
        do(swap, by=turns.ben, meeting=meeting.pk, other=later.pk, member=turns.kit.pk)
    assert (holder(meeting), holder(later)) == (("Kit", How.SWAPPED), ("Ben", How.SWAPPED))
    assert history(later)[0] == ("Kit", How.APPOINTED, Ended.SWAPPED)
    assert [seat.meeting for seat in look(lambda: turns_waiting(turns.kit))] == [meeting]
    assert look(lambda: turns_waiting(turns.ben)) == []
    do(decline, by=turns.kit, meeting=meeting.pk)
    assert (holder(meeting), holder(later)) == (("Idris", How.PROPOSED), ("Ben", How.SWAPPED))


def test_a_swap_with_somebody_whose_turn_it_is_no_more_is_refused(turns: Cast) -> None:
    meeting, later = picture(turns), ahead(turns, 14)
    do(take_seat, by=turns.mo, meeting=later.pk, kind=LEARNING, member=turns.kit)
    do(take_seat, by=turns.mo, meeting=later.pk, kind=LEARNING, member=turns.idris)
    with pytest.raises(NotPossible):
        do(swap, by=turns.ben, meeting=meeting.pk, other=later.pk, member=turns.kit.pk)
    assert (holder(meeting), holder(later)) == (("Ben", How.PROPOSED), ("Idris", How.APPOINTED))


# --- Away, opted out, gone ---


def test_whoever_is_away_that_day_isnt_waited_for_where_they_were_only_proposed(turns: Cast) -> None:
    meeting = picture(turns)
    gone = away(turns, "Ben", meeting, by="Kit")
    assert history(meeting) == [("Ben", How.PROPOSED, Ended.AWAY), ("Idris", How.PROPOSED, "")]
    do(say_yes, by=turns.idris, meeting=meeting.pk)
    away(turns, "Idris", meeting)
    assert holder(meeting) == ("Idris", How.PROPOSED)  # said yes: it is theirs to give back
    assert shown(turns.ben, meeting).away
    do(come_back, by=turns.ben, away=gone.pk)
    assert holder(meeting) == ("Idris", How.PROPOSED)
    assert count(Away, member=turns.ben) == 0


def test_the_usual_chair_who_is_away_isnt_waited_for_either(turns: Cast) -> None:
    meeting = ahead(turns)
    away(turns, "Ada", meeting)
    assert count(Seat, meeting=meeting, kind=SeatKind.CHAIR, until=None) == 0
    assert count(Seat, meeting=ahead(turns, 7), kind=SeatKind.CHAIR) == 0
    assert count(Seat, meeting=ahead(turns, 8), kind=SeatKind.CHAIR, until=None) == 1


def test_whoever_takes_turns_no_longer_gives_the_next_one_back(turns: Cast) -> None:
    meeting = picture(turns)
    do(set_turns, by=turns.ben, member=turns.ben, takes_turns=False)
    assert holder(meeting) == ("Idris", How.PROPOSED)
    with pytest.raises(NotAllowed):
        do(set_turns, by=turns.ben, member=turns.kit, takes_turns=False)
    do(set_turns, by=turns.mo, member=turns.kit, takes_turns=False)
    assert "Ben and Kit don’t take turns" in shown(turns.lin, meeting).because


def test_whoever_leaves_the_team_leaves_the_turn_to_the_next(turns: Cast) -> None:
    meeting = picture(turns)
    do(leave, by=turns.ben, member=turns.ben)
    assert history(meeting) == [("Ben", How.PROPOSED, Ended.LEFT_TEAM), ("Idris", How.PROPOSED, "")]


def test_days_away_end_after_they_begin_and_are_counted_once(turns: Cast) -> None:
    day = clock.now().date()
    with pytest.raises(Invalid) as refused:
        do(go_away, by=turns.ben, member=turns.nia, first=day, last=day - timedelta(days=1))
    assert refused.value.field == "last"
    key = {"key": Away().key}
    for _ in range(2):
        do(go_away, by=turns.ben, member=turns.nia, first=day, last=day, **key)
    assert (count(Away), verbs(turns.team).count("away")) == (1, 1)


def test_a_day_is_a_day_of_the_teams_own_zone(turns: Cast) -> None:
    look(lambda: Team.objects.filter(pk=turns.team.pk).update(zone="Pacific/Auckland"))
    met(turns, 7, "Kit", here=("Ben", "Kit"))
    at = datetime(clock.now().year + 1, 6, 10, 21, tzinfo=UTC)  # the morning of the eleventh there
    day = at.date() + timedelta(days=1)
    do(go_away, by=turns.ben, member=turns.ben, first=day, last=day)
    assert holder(again(do(plan_meeting, by=turns.mo, starts=at))) == ("Kit", How.PROPOSED)


# --- Without a click ---


def test_as_one_meeting_closes_the_next_has_its_proposal(turns: Cast) -> None:
    met(turns, 7, "Kit", here=("Ben", "Kit"))
    meeting = ahead(turns, 1)
    later = ahead(turns, 8)
    with clock.at(meeting.starts):
        do(begin, by=turns.ada, meeting=meeting.pk)
        assert (holder(meeting), holder(later)) == (("Ben", How.PROPOSED), None)
        do(close, by=turns.ada, meeting=meeting.pk)
    assert holder(later) is not None


def test_while_a_meeting_goes_on_nobody_gets_the_next_turn_and_then_it_isnt_the_same_person(turns: Cast) -> None:
    met(turns, 7, "Kit", here=("Ben", "Idris", "Kit"))
    meeting, later = ahead(turns, 1), ahead(turns, 8)
    with clock.at(meeting.starts):
        do(begin, by=turns.ada, meeting=meeting.pk)
        do(tick_attendance, by=turns.ada, meeting=meeting.pk, here=[turns.ben.pk, turns.idris.pk, turns.kit.pk])
        proposals()
        assert (holder(meeting), holder(later)) == (("Ben", How.PROPOSED), None)
        likely = shown(turns.ada, later).likely
        assert likely is not None and likely.first_name == "Idris", "it is foretold as if Ben had held it today"
        do(close, by=turns.ada, meeting=meeting.pk)
        assert holder(later) == ("Idris", How.PROPOSED)


def test_a_date_that_takes_place_after_all_leaves_nobody_with_two_turns(turns: Cast) -> None:
    met(turns, 7, "Kit", here=("Ben", "Idris", "Kit"))
    meeting, later = ahead(turns, 1), ahead(turns, 8)
    do(cancel, by=turns.mo, meeting=meeting.pk)
    proposals()
    assert holder(later) == ("Ben", How.PROPOSED)
    do(reinstate, by=turns.mo, meeting=meeting.pk)
    proposals()
    assert (holder(meeting), holder(later)) == (("Ben", How.PROPOSED), None)
    proposals()
    assert len(history(later)) == 1


def test_a_meeting_that_nobody_began_keeps_nobody_from_the_next_turn(turns: Cast) -> None:
    met(turns, 7, "Kit", here=("Ben", "Kit"))
    missed, later = ahead(turns, 1), ahead(turns, 2)
    with clock.at(missed.ends + timedelta(minutes=1)):
        proposals()
        assert holder(later) == ("Ben", How.PROPOSED)
    assert missed.phase == Phase.PLANNED


def test_who_is_a_lead_no_longer_leaves_what_was_only_proposed_to_the_next_lead(cast: Cast) -> None:
    rule(cast, HolderRule.LEAD)
    meeting = ahead(cast)
    assert holder(meeting) == ("Mo", How.PROPOSED)
    do(change_roles, by=cast.rosa, member=cast.mo, is_lead=False, usually="")
    assert holder(meeting) == ("Rosa", How.PROPOSED)


def test_a_swap_that_somebody_else_made_is_no_reason_to_wait_for_who_is_away(turns: Cast) -> None:
    meeting, _nias, later = picture(turns), ahead(turns, 14), ahead(turns, 21)
    do(take_seat, by=turns.mo, meeting=later.pk, kind=LEARNING, member=turns.kit)
    do(swap, by=turns.ben, meeting=meeting.pk, other=later.pk, member=turns.kit.pk)
    away(turns, "Kit", meeting, by="Mo")
    assert history(meeting)[1] == ("Kit", How.SWAPPED, Ended.AWAY)
    assert holder(meeting) == ("Idris", How.PROPOSED)


def test_an_empty_seat_of_the_nearest_meeting_is_filled_by_the_clock(turns: Cast) -> None:
    meeting = picture(turns)
    look(lambda: Seat.objects.filter(kind=LEARNING, meeting=meeting).delete())
    proposals()
    assert holder(meeting) == ("Ben", How.PROPOSED)
    do(leave_seat, by=turns.mo, meeting=meeting.pk, kind=LEARNING)
    proposals()
    assert holder(meeting) == ("Idris", How.PROPOSED)  # never again whom somebody took out


def test_a_meeting_that_was_moved_to_a_day_on_which_the_holder_is_away_has_another(turns: Cast) -> None:
    meeting = picture(turns)
    to = meeting.starts + timedelta(days=1)
    do(go_away, by=turns.ben, member=turns.ben, first=to.date(), last=to.date())
    assert holder(meeting) == ("Ben", How.PROPOSED)
    do(change_plan, by=turns.mo, meeting=meeting.pk, starts=to, minutes=60, place="", video="")
    proposals()
    assert history(meeting)[0] == ("Ben", How.PROPOSED, Ended.AWAY)


def test_another_rule_holds_from_now_on_for_all_who_were_only_proposed(cast: Cast) -> None:
    rule(cast, HolderRule.LEAD)
    met(cast, 7, "Mo")
    first, second, third = ahead(cast, 7), ahead(cast, 14), ahead(cast, 21)
    do(say_yes, by=cast.mo, meeting=third.pk)
    rule(cast, HolderRule.ROTATION)
    assert [holder(each) for each in (first, second, third)] == [("Rosa", "proposed"), None, ("Mo", "proposed")]
    rule(cast, HolderRule.LEAD)
    assert [holder(each) for each in (first, second, third)] == [("Mo", "proposed")] * 3
    rule(cast, HolderRule.APPOINTED)
    assert [holder(each) for each in (first, second, third)] == [None, None, ("Mo", "proposed")]


# --- Once it has begun ---


def anew(cast: Cast, meeting: Meeting, *here: str) -> str | None:
    with scope(cast.team.pk):
        found = propose_anew_among(Meeting.objects.get(pk=meeting.pk), {cast.us[name].pk for name in here}, by=cast.ada)
        return found.member.first_name if found else None


def begun(cast: Cast) -> Meeting:
    meeting = picture(cast)
    look(lambda: Meeting.objects.filter(pk=meeting.pk).update(phase=Phase.LIVE, began_at=clock.now()))
    return again(meeting)


def test_whoever_was_only_proposed_and_isnt_here_is_followed_by_the_next_of_those_here(turns: Cast) -> None:
    meeting = begun(turns)
    assert anew(turns, meeting) is None  # no list yet
    assert anew(turns, meeting, "Ben", "Kit") is None
    assert anew(turns, meeting, "Kit", "Lin", "Ada") == "Kit"
    assert history(meeting) == [("Ben", How.PROPOSED, Ended.ABSENT), ("Kit", How.PROPOSED, "")]


@pytest.mark.parametrize("did", ["said yes", "jotted", "was asked"])
def test_whoever_said_yes_or_does_it_or_was_asked_stays(turns: Cast, did: str) -> None:
    meeting = begun(turns)
    if did == "said yes":
        do(say_yes, by=turns.ben, meeting=meeting.pk)
    elif did == "jotted":
        do(keep_jotting, by=turns.ben, meeting=meeting.pk, text="by video, calmer")
    else:
        look(lambda: Seat.objects.filter(meeting=meeting, kind=LEARNING).update(how=How.APPOINTED))
    assert anew(turns, meeting, "Kit", "Lin", "Ada") is None
    assert look(lambda: Seat.objects.current().get(meeting=meeting, kind=LEARNING)).member_id == turns.ben.pk


def test_where_nobody_of_those_here_can_the_seat_stays_empty(turns: Cast) -> None:
    meeting = begun(turns)
    assert anew(turns, meeting, "Ada", "Sol") is None
    assert holder(meeting) is None


# --- Share this role? ---


def test_after_eight_in_a_row_leads_and_whoever_did_it_are_asked_to_share_it(cast: Cast) -> None:
    for week in range(7):
        met(cast, 70 - 7 * week, "Lin")
    assert look(lambda: share_of(cast.lin)) is None
    met(cast, 1, "Lin")
    lin, mo = look(lambda: share_of(cast.lin)), look(lambda: share_of(cast.mo))
    assert lin and (lin.yours, lin.lead, lin.turns) == (True, False, False)
    assert mo and (mo.yours, mo.lead, mo.member) == (False, True, cast.lin)
    assert look(lambda: share_of(cast.ben)) is None
    met(cast, 0, "Ben")
    assert look(lambda: share_of(cast.lin)) is None


# --- On the pages ---


def words(browser: Any, address: str) -> str:
    """The page as it is read."""
    answer = browser.get(address)
    assert answer.status_code == 200
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", answer.content.decode())).split())


def test_the_plan_says_whose_turn_it_is_to_each_in_their_own_words(turns: Cast) -> None:
    meeting = picture(turns)
    ahead(turns, 14)
    plan = f"/t/harbour-street/m/{meeting.pk}/plan/"
    ben, kit = words(client_of(turns.ben), plan), words(client_of(turns.kit), plan)
    assert "Your turn to keep our learning in mind You haven’t done it in the last 9 meetings you came to." in ben
    assert "I will Not this time" in ben
    assert "Ben’s turn to keep our learning in mind" in kit
    assert "I will instead Ask someone else" in kit
    assert "Not this time" not in kit
    assert "After that: Nia" in kit


def test_a_look_at_the_plan_answers_nothing_and_a_post_does(turns: Cast) -> None:
    meeting = picture(turns)
    ben, address = client_of(turns.ben), f"/t/harbour-street/m/{meeting.pk}/turn/"
    assert ben.get(address, {"answer": "not_this_time"}).status_code == 405
    assert holder(meeting) == ("Ben", How.PROPOSED)
    answer = ben.post(address, {"answer": "not_this_time"})
    assert (answer.status_code, answer["Location"]) == (303, f"/t/harbour-street/m/{meeting.pk}/plan/#turn")
    assert holder(meeting) == ("Idris", How.PROPOSED)
    assert ben.post(address, {"answer": "perhaps"}).status_code == 422


def test_home_tells_of_a_turn_until_it_is_answered_and_of_a_swap(turns: Cast) -> None:
    meeting, later = picture(turns), ahead(turns, 14)
    do(take_seat, by=turns.mo, meeting=later.pk, kind=LEARNING, member=turns.kit)
    home = "/t/harbour-street/"
    assert "It’s your turn to keep our learning in mind" in words(client_of(turns.ben), home)
    assert "your turn" not in words(client_of(turns.kit), home)
    do(swap, by=turns.ben, meeting=meeting.pk, other=later.pk, member=turns.kit.pk)
    assert "Ben swapped with you. You keep our learning in mind on" in words(client_of(turns.kit), home)
    assert "Waiting for you" not in words(client_of(turns.ben), home)
    posted = client_of(turns.kit).post(
        f"/t/harbour-street/m/{meeting.pk}/turn/", {"answer": "not_this_time", "from": "home"}
    )
    assert posted["Location"] == home
    assert "Ben swapped" not in words(client_of(turns.kit), home)


def test_the_plan_takes_as_many_queries_with_many_meetings_as_with_few(turns: Cast) -> None:
    ben, found = client_of(turns.ben), []
    for number in (1, 6):
        for each in range(number):
            met(turns, 7 * each + 1, "Kit")
            ahead(turns, 30 + each)
        meeting = ahead(turns, 8 - number)
        address = f"/t/harbour-street/m/{meeting.pk}/plan/"
        ben.get(address)
        with counted() as queries:
            assert ben.get(address).status_code == 200
        found.append(queries())
    assert found[0] == found[1] <= 28, found


def test_anybody_says_when_somebody_is_away_and_the_page_of_people_tells(turns: Cast) -> None:
    ben, nia = client_of(turns.ben), f"/t/harbour-street/people/{turns.nia.pk}/"
    today = clock.now().date()
    wrong = ben.post(nia + "away/", {"first": today.isoformat(), "last": (today - timedelta(days=3)).isoformat()})
    assert wrong.status_code == 422
    assert (today - timedelta(days=3)).isoformat() in wrong.content.decode()  # what was typed stays
    last = today + timedelta(days=5)
    assert ben.post(nia + "away/", {"first": today.isoformat(), "last": last.isoformat()}).status_code == 303
    said = f"Away until {last.day} {last:%B}."
    assert said in words(ben, "/t/harbour-street/people/")
    assert "Said by Ben." in words(client_of(turns.kit), nia)
    gone = look(lambda: Away.objects.get())
    assert ben.post(f"{nia}away/{gone.pk}/remove/").status_code == 303
    assert said not in words(ben, "/t/harbour-street/people/")


def test_taking_turns_is_ones_own_choice_and_said_without_shame(turns: Cast) -> None:
    ben, kit = client_of(turns.ben), f"/t/harbour-street/people/{turns.kit.pk}/turns/"
    assert ben.post(kit, {"takes_turns": "no"}).status_code == 403
    assert client_of(turns.kit).post(kit, {"takes_turns": "maybe"}).status_code == 422
    assert client_of(turns.kit).post(kit, {"takes_turns": "no"}).status_code == 303
    assert again(turns.kit).takes_turns is False
    assert "Doesn’t take turns." in words(ben, "/t/harbour-street/people/")


def test_the_agreement_offers_to_take_turns(cast: Cast) -> None:
    mo, address = client_of(cast.mo), "/t/harbour-street/agreement/change/"
    assert "We take turns. If nobody can, one of our AMBIT leads does." in words(mo, address)
    mo.post(address, {"holder_rule": "rotation", "raise_rule": "read_back", "read_back_minutes": "5"})
    assert "We take turns." in words(mo, "/t/harbour-street/agreement/")


def test_everyone_invited_leaves_out_who_is_away(turns: Cast) -> None:
    meeting = ahead(turns)
    away(turns, "Nia", meeting)
    client_of(turns.ada).post(f"/t/harbour-street/m/{meeting.pk}/attendance/", {"everyone": "1"})
    here = look(lambda: set(Attendance.objects.filter(meeting=meeting).values_list("member__user__name", flat=True)))
    assert len(here) == 8
    assert "Nia Prosser" not in here


# --- `manage.py rotation`, as a stranger would call it ---


def told(capsys: pytest.CaptureFixture[str], *more: str) -> Any:
    call_command("rotation", "--team", "harbour-street", *more)
    return json.loads(capsys.readouterr().out)


def test_the_command_prints_the_figures_the_proposal_and_who_comes_next(
    turns: Cast, capsys: pytest.CaptureFixture[str]
) -> None:
    do(set_turns, by=turns.lin, member=turns.lin, takes_turns=False)
    meeting = picture(turns)
    found = told(capsys)
    assert set(found) == {"members", "proposal", "next"}
    rows = {row.pop("name"): row for row in found["members"]}
    assert list(rows) == sorted(rows)
    assert rows["Ben Marsh"] == {"attended": 9, "held": 0, "available": True, "opted_out": False}
    assert rows["Idris Bello"] == {"attended": 8, "held": 1, "available": True, "opted_out": False}
    assert rows["Lin Chen"] == {"attended": 9, "held": 3, "available": False, "opted_out": True}
    assert [rows[name]["available"] for name in ("Nia Prosser", "Ada Okafor", "Sol Rivera")] == [False] * 3
    assert found["proposal"] == {"name": "Ben Marsh", "because": shown(turns.mo, meeting).because}
    assert found["next"] == ["Nia Prosser", "Ben Marsh", "Idris Bello"]
    do(decline, by=turns.ben, meeting=meeting.pk)
    assert told(capsys)["proposal"]["name"] == "Idris Bello"


def test_the_command_reckons_for_any_day(turns: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    meeting = picture(turns)
    away(turns, "Ben", meeting)
    day = meeting.starts.date()
    assert told(capsys, "--on", day.isoformat())["proposal"]["name"] == "Idris Bello"
    assert told(capsys, "--on", (day + timedelta(days=1)).isoformat())["proposal"]["name"] == "Ben Marsh"
    long_ago = told(capsys, "--on", "2020-02-29")
    assert {row["attended"] for row in long_ago["members"]} == {0}
    assert long_ago["proposal"]["name"] == "Mo Haddad"


def test_the_command_prints_figures_whatever_the_rule(cast: Cast, capsys: pytest.CaptureFixture[str]) -> None:
    met(cast, 7, "Ben")
    found = told(capsys)
    assert (found["proposal"], found["next"]) == (None, [])
    assert {row["name"]: row["held"] for row in found["members"]}["Ben Marsh"] == 1
    rule(cast, HolderRule.LEAD)
    found = told(capsys)
    assert (found["proposal"]["name"], found["next"]) == ("Mo Haddad", ["Mo Haddad"] * 3)


@pytest.mark.parametrize(
    "more",
    [
        ["--team", "nowhere"],
        ["--team", "harbour-street", "--on", "tomorrow"],
        ["--team", "harbour-street", "--on", "9999-12-31"],
    ],
)
def test_an_unknown_team_or_a_bad_date_says_so_and_ends_with_2(cast: Cast, more: list[str]) -> None:
    with pytest.raises(CommandError) as refused:
        call_command("rotation", *more)
    assert refused.value.returncode == 2


def test_a_stranger_gets_json_on_standard_output_and_sentences_on_standard_error(cast: Cast) -> None:
    database = connection.settings_dict
    url = "postgresql://{USER}:{PASSWORD}@{HOST}:{PORT}/{NAME}".format(**database)

    def ask(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "manage.py", "rotation", *more],
            env={**os.environ, "DATABASE_URL": url},
            capture_output=True,
            text=True,
            check=False,
        )

    well, wrong = ask("--team", "mill-lane"), ask("--team", "nowhere")
    assert (well.returncode, [row["name"] for row in json.loads(well.stdout)["members"]]) == (
        0,
        ["Jo Field", "Otto Brandt", "Tess Day"],
    )
    assert (wrong.returncode, wrong.stdout, "nowhere" in wrong.stderr) == (2, "", True)
