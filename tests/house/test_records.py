"""Every service that writes leaves an `Activity` in the same transaction; one that fails leaves neither."""

import inspect
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from importlib import import_module
from pkgutil import iter_modules
from typing import Any
from uuid import uuid4

import pytest
from django.db import connections

from core import clock
from core.live import quiet
from core.mail import message_id
from core.scope import everything
from learning.management.cast import person
from learning.models import Jotting, Summary
from learning.roles import Outcome, PointState
from learning.services import along, forgetting, offers, other_views, points, prompt, read_back, summary, visits
from meetings.models import ItemKind, Meeting, Series, Step, Tap, Task
from meetings.roles import SeatKind
from meetings.services import agenda, parking, planning, running, seats, series, taps, turns, visitors
from teams.models import Activity, Letter, TeamAgreement
from teams.models.letter import LetterState
from teams.roles import HolderRule, RaiseRule
from teams.services import bounces, choices, feeds, members, sign_in, teams
from teams.services.activity import digest_of
from tests.cast import GENERAL, Cast, Stage, closed, do, items_of, live, look, next_item, raised, stage, visitor
from tests.marks import ROWS
from tests.teams.returned import POSTFIX

pytestmark = ROWS

NOT_RECORDED = {
    "learning.services.jottings.keep_jotting": "private: not even a count of jottings is left on the team’s record",
    "learning.services.jottings.change_jotting": "private",
    "learning.services.jottings.delete_jotting": "private",
    "learning.services.read_back.stop_words": "that the guard stopped somebody's words is nobody else's affair",
    "learning.services.read_back.type_words": "words as they grow: kept as a wording when the pen or the point moves on",
    "learning.services.read_back.points_to_read": "reads",
    "learning.services.points.write_point": "part of raising and of taking an offer, and recorded with them",
    "learning.services.points.keep_wording": "part of others, and itself a record",
    "learning.services.points.ensure_same_words": "asks",
    "learning.services.points.tell_holder": "tells",
    "learning.services.points.tell_about_offer": "tells",
    "learning.services.jottings.pass_on": "private",
    "learning.services.other_views.keep_view": "part of saying a different view, and recorded with it, without a name",
    **{
        f"learning.services.{name}": "part of others, which record it"
        for name in ("read_back.add_turns", "read_back.put_back", "read_back.forget_along")
    },
    **{f"learning.services.slot.{name}_slot": "part of others, and recorded with them" for name in ("shrink", "grow")},
    "learning.services.slot.recaps": "reads",
    "learning.services.read_back.end_with_meeting": "part of the close, which is recorded",
    "learning.services.prompt.prompt_holder": "begins the summary with the close, which is recorded; and letters, rows of the outbox",
    "learning.services.prompt.nobody_asked": "reads",
    "learning.services.digest.first_morning": "reckons",
    "learning.services.digest.is_time": "reckons",
    "learning.services.digest.post_digests": "letters, which are rows of the outbox",
    "learning.services.summary.freeze": "part of the sending, which is recorded",
    "learning.services.words.one_line": "asks the guard",
    "learning.services.visits.lock_visited": "locks",
    "meetings.services.visitors.forget_visitors": "part of forgetting, and recorded with it",
    "meetings.services.notices.goes": "reads",
    "meetings.services.agenda.go_to": "part of starting the read-back, and recorded in it",
    **{
        f"meetings.services.agenda.{name}": "part of undoing, and recorded in it"
        for name in ("give_back", "brought_back", "go_back")
    },
    **{f"meetings.services.agenda.{name}": "reads" for name in ("title_of", "place_for", "following", "remembered")},
    "meetings.services.taps.undoes": "says how a tap is put back",
    "meetings.services.taps.moved_on": "a sentence",
    "meetings.services.taps.is_own": "reads",
    "meetings.services.taps.ensure_last": "reads",
    "meetings.services.taps.tapped": "part of others, which record it",
    "meetings.services.taps.last_tap": "reads",
    "meetings.services.taps.forget_taps": "what nobody can undo any more; what was done stays on the record",
    **{
        f"meetings.services.notices.{name}": "letters, which are rows of the outbox"
        for name in ("standing", "planned", "changed", "cancelled", "reinstated", "dates_changed")
    },
    **{f"meetings.services.cards.{name}": "letters too" for name in ("key_of", "cards_due", "send_card")},
    **{
        f"meetings.services.turns.{name}": "who gets up and who is seated is recorded with the seat"
        for name in ("propose_holder", "propose_anew_among", "propose_next", "excuse", "follow_rule")
    },
    "meetings.services.planning.usual_agenda": "reads",
    "meetings.services.planning.furnish": "part of planning, and recorded with it",
    "meetings.services.planning.write_agenda": "part of planning, and recorded with it",
    "meetings.services.planning.call_off": "part of others, which record it",
    "meetings.services.planning.take_place": "part of others, which record it",
    "meetings.services.planning.tell_anew": "part of others, which record it",
    "teams.services.feeds.my_token": "reckons",
    "teams.services.feeds.team_token": "reckons",
    "teams.services.feeds.find": "reads",
    "meetings.services.locks.lock": "locks",
    "meetings.services.seats.seat": "part of planning and of taking a seat, and recorded in it",
    "meetings.services.seats.get_up": "part of leaving a seat, and recorded in it",
    "meetings.services.running.look_for_holder": "asks the rule; who gets up and who is seated is recorded with the seat",
    "teams.services.activity.record": "the record itself",
    "teams.services.activity.digest_of": "reads",
    "teams.services.members.hash_of": "reads",
    "teams.services.members.find_invitation": "reads",
    "teams.services.sign_in.account_for": "an account without a team; signing in is recorded",
    "teams.services.sign_in.mail_code": "a letter, which is a row of the outbox",
    "teams.services.sign_in.demo_token": "reads",
    "teams.services.sign_in.user_of_demo_token": "reads",
    "teams.services.bounces.fetch_bounces": "reads a mailbox, and each letter that came back is recorded",
    **{
        f"teams.services.choices.{name}": "reads"
        for name in ("wanted", "stop_link", "footing", "choices_of", "always", "choice_in")
    },
    **{
        f"teams.services.driving.{name}": "who is at work, for the health pages: of no team, and nobody’s deed"
        for name in (
            "seen",
            "seen_from_afar",
            "drives",
            "still_here",
            "mail_reached",
            "mail_away",
            "mail_taken",
            "drained",
            "work",
            "takes_nothing",
            "about_itself",
            "refuses_all",
            "about_recipient",
        )
    },
    **{
        f"teams.services.letters.{name}": "the outbox keeps its own record, the attempts"
        for name in (
            "post_letter",
            "drain",
            "claim",
            "hand_over",
            "prepare",
            "freeze",
            "begin_attempt",
            "record_outcome",
        )
    },
}


def _summary(cast: Cast, how: str) -> Any:
    """A closed meeting whose summary was sent, or begun again; or the id of a summary that has waited too long."""
    with quiet():
        meeting = closed(cast)
        if how == "late":
            look(lambda: Summary.objects.filter(meeting=meeting).update(ask_leads_at=clock.now()))
            return look(lambda: Summary.objects.get(meeting=meeting).pk)
        do(summary.send, by=cast.lin, meeting=meeting.pk)
        if how == "begun":
            do(summary.begin_again, by=cast.lin, meeting=meeting.pk)
        return meeting


def _came_back(cast: Cast) -> bytes:
    """What a mail server writes of a letter to Kit that was sent."""
    letter = look(
        lambda: Letter.objects.create(
            team=cast.team,
            key="came back",
            kind="prompt",
            address="kit@harbour.example",
            state=LetterState.SENT,
            sent_at=clock.now(),
            message_id=message_id("came back"),
        )
    )
    return (POSTFIX % {"id": letter.message_id, "to": letter.address}).encode()


def _swap(cast: Cast, at: Stage) -> dict[str, Any]:
    """The team takes turns; Lin's is the next, and Kit's the one after."""
    agreed: dict[str, Any] = {"raise_rule": RaiseRule.AT_READ_BACK, "read_back_minutes": 5, "way_out": "Ring."}
    with quiet():
        do(teams.change_agreement, by=cast.mo, holder_rule=HolderRule.ROTATION, **agreed)
        later = do(planning.plan_meeting, by=cast.mo, starts=clock.now() + timedelta(days=8))
        do(seats.take_seat, by=cast.mo, meeting=later.pk, kind=SeatKind.LEARNING, member=cast.kit)
    return {"by": cast.lin, "meeting": at.planned.pk, "other": later.pk, "member": cast.kit.pk}


def _forgotten(cast: Cast) -> int:
    """A meeting that nobody closed, and that ended hours ago."""
    with quiet():
        meeting = live(cast)
    began = clock.now() - timedelta(hours=3)
    look(lambda: Meeting.objects.filter(pk=meeting.pk).update(starts=began, began_at=began))
    return meeting.pk


def _on_a_case(cast: Cast) -> dict[str, int]:
    """A meeting at its first case, of a team that shows the four steps."""
    with quiet():
        meeting = live(cast)
        next_item(cast, meeting)
    look(lambda: TeamAgreement.objects.filter(team=cast.team).update(four_steps=True))
    return {"meeting": meeting.pk, "item": items_of(meeting)[1].pk}


def _to_park(cast: Cast) -> dict[str, int]:
    """An item that goes on the agenda of the next date of the series."""
    with quiet():
        meeting = live(cast)
    return {"meeting": meeting.pk, "item": items_of(meeting)[3].pk}


def _tapped(cast: Cast) -> dict[str, int]:
    """What Ada did just now."""
    with quiet():
        meeting = live(cast)
        next_item(cast, meeting)
    look(
        lambda: Tap.objects.filter(meeting=meeting).update(at=clock.now() + timedelta(minutes=5))
    )  # a slow test isn't too late
    return {"meeting": meeting.pk, "tap": look(lambda: Tap.objects.filter(meeting=meeting)[0].pk)}


def _handed_over(cast: Cast) -> int:
    """A meeting in which Kit stands in for Lin."""
    with quiet():
        meeting = live(cast)
        do(seats.take_seat, by=cast.kit, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.kit)
    return meeting.pk


def _visits(cast: Cast, at: Stage) -> dict[Callable[..., Any], dict[str, Any]]:
    """Somebody at the door and somebody inside, of a team that takes visitors (again)."""
    door, guest = visitor(cast, at.live, "Una Doorley", inside=False), visitor(cast, at.live, "Ugo Innes")
    other = visitor(cast, at.reading, "Uri Elsby")
    return {
        visitors.ask_to_come_in: {"meeting": at.live.pk, "name": "Uma Newby", "key": uuid4()},
        visitors.let_in: {"by": cast.lin, "meeting": at.live.pk, "visitor": door.pk},
        visitors.see_out: {"by": cast.lin, "meeting": at.live.pk, "visitor": guest.pk},
        visitors.go: {"visitor": guest},
        visitors.end_visits: {"meeting": at.live},
        visitors.end_visits_to: {"team": cast.team.pk},
        visits.offer_as_visitor: {"visitor": guest, "text": GENERAL[3]},
        visits.differ_as_visitor: {"visitor": other, "point": at.read.pk, "text": GENERAL[3]},
    }


def _two_waiting(cast: Cast) -> tuple[int, list[int]]:
    """A meeting in which two points wait."""
    with quiet():
        meeting = live(cast)
        return meeting.pk, [point.pk for point in raised(cast, meeting, 2)]


def _came_up(cast: Cast, at: Stage) -> dict[str, Any]:
    """A point of Mill Lane, raised as it came, where nobody chairs."""
    agreed: dict[str, Any] = {"read_back_minutes": 5, "way_out": "Ring.", "raise_rule": RaiseRule.AS_THEY_COME}
    with quiet():
        do(teams.change_agreement, by=cast.otto, holder_rule=HolderRule.APPOINTED, **agreed)
        point = do(points.raise_point, by=cast.tess, meeting=at.elsewhere.pk, text=GENERAL[0])
    return {"by": cast.otto, "meeting": at.elsewhere.pk, "point": point.pk}


def _taken_back(cast: Cast, at: Stage) -> dict[str, Any]:
    """Another, whose raising was undone: it waits with the holder alone."""
    with quiet():
        point = do(points.raise_point, by=cast.tess, meeting=at.elsewhere.pk, text=GENERAL[1])
        tap = look(lambda: Tap.objects.filter(meeting=at.elsewhere, verb="raise")[0])
        do(taps.undo, by=cast.tess, meeting=at.elsewhere.pk, tap=tap.pk)
    return {"by": cast.tess, "meeting": at.elsewhere.pk, "point": point.pk}


def _table(cast: Cast, at: Stage) -> dict[Callable[..., Any], dict[str, Any]]:
    """What each service is called with, so that it writes."""
    items = items_of(at.live)
    agreement = {"holder_rule": HolderRule.LEAD, "raise_rule": RaiseRule.AS_THEY_COME, "read_back_minutes": 6}
    plan = {"starts": clock.now() + timedelta(days=7), "minutes": 45, "place": "", "video": ""}
    again: dict[str, Any] = {"rule": at.series.rule, "first": at.series.first, "at": time(11)}
    unmade = look(lambda: Series.objects.create(team=cast.team, **again))
    day = clock.now().date()
    room, two = _two_waiting(cast)
    came_up = _came_up(cast, at)
    sent, begun, late = (_summary(cast, how) for how in ("sent", "begun", "late"))
    table: dict[Callable[..., Any], dict[str, Any]] = {
        points.raise_point: {"by": cast.lin, "meeting": at.live.pk, "text": GENERAL[1]},
        points.notice: {"by": cast.lin, "meeting": at.live.pk, "text": GENERAL[1]},
        points.reword_waiting: {"by": cast.lin, "meeting": at.live.pk, "point": at.waiting.pk, "text": GENERAL[1]},
        points.move_waiting: {"by": cast.lin, "meeting": room, "point": two[1], "up": True},
        points.merge: {"by": cast.lin, "meeting": room, "points": two, "text": GENERAL[3]},
        along.raise_again: _taken_back(cast, at),
        along.take_up: came_up,
        along.put_off: came_up,
        other_views.see_differently: {
            "by": cast.ben,
            "meeting": at.reading.pk,
            "point": at.read.pk,
            "text": GENERAL[3],
        },
        read_back.tick_read: {"by": cast.ben, "meeting": at.reading.pk, "point": at.read.pk},
        points.withdraw_point: {"by": cast.lin, "meeting": at.live.pk, "point": at.waiting.pk},
        offers.make_offer: {"by": cast.ben, "meeting": at.live.pk, "text": GENERAL[1]},
        offers.take_offer: {"by": cast.lin, "meeting": at.live.pk, "offer": at.offer.pk},
        offers.leave_for_later: {"by": cast.lin, "meeting": at.live.pk, "offer": at.offer.pk},
        read_back.start: {"by": cast.lin, "meeting": at.live.pk},
        read_back.without_points: {"by": cast.lin, "meeting": at.live.pk, "outcome": Outcome.NONE_TODAY},
        read_back.first_point: {"by": cast.lin, "meeting": at.live.pk},
        read_back.take_pen: {"by": cast.ben, "meeting": at.reading.pk},
        read_back.settle: {
            "by": cast.sol,
            "meeting": at.reading.pk,
            "point": at.read.pk,
            "outcome": PointState.AGREED,
        },
        read_back.stop: {"by": cast.sol, "meeting": at.reading.pk},
        summary.write_line: {"by": cast.lin, "meeting": at.closed.pk, "line": "Thank you"},
        summary.move_point: {"by": cast.lin, "meeting": at.closed.pk, "point": at.agreed[0].pk, "up": False},
        summary.add_point: {"by": cast.lin, "meeting": at.closed.pk, "text": GENERAL[3]},
        summary.reword: {"by": cast.lin, "meeting": at.closed.pk, "point": at.agreed[0].pk, "text": GENERAL[3]},
        summary.notice_late: {"by": cast.kit, "meeting": at.closed.pk, "text": GENERAL[3]},
        summary.send: {"by": cast.lin, "meeting": at.closed.pk},
        summary.close_and_send: {"by": cast.lin, "meeting": at.closed.pk},
        summary.begin_again: {"by": cast.lin, "meeting": sent.pk},
        summary.throw_away: {"by": cast.lin, "meeting": begun.pk},
        prompt.ask_to_take_over: {"summary": late},
        prompt.wait_no_longer: {"member": cast.lin.pk, "team": cast.team.pk},
        forgetting.forget: {},
        planning.plan_meeting: {"by": cast.mo, **plan},
        planning.change_plan: {"by": cast.mo, "meeting": at.planned.pk, **plan},
        planning.cancel: {"by": cast.mo, "meeting": at.planned.pk},
        planning.reinstate: {"by": cast.mo, "meeting": at.off.pk},
        series.plan_series: {"by": cast.mo, **again},
        series.change_series: {"by": cast.mo, "series": at.series.pk, **again, "minutes": 45, "place": "", "video": ""},
        series.end_series: {"by": cast.mo, "series": at.series.pk, "first": at.series.first},
        series.make_dates: {"series": unmade.pk},
        series.pause: {"by": cast.mo, "first": at.series.first, "last": at.series.first},
        series.take_pause_back: {"by": cast.mo, "pause": at.pause.pk},
        series.add_line: {"by": cast.mo, "series": at.series.pk, "kind": ItemKind.WRITE_UP, "minutes": 5},
        series.change_line: {"by": cast.mo, "series": at.series.pk, "line": at.line.pk, "minutes": 6},
        series.move_line: {"by": cast.mo, "series": at.series.pk, "line": at.line.pk, "up": True},
        series.remove_line: {"by": cast.mo, "series": at.series.pk, "line": at.line.pk},
        agenda.add_item: {"by": cast.kit, "meeting": at.live.pk, "kind": ItemKind.CASE, "minutes": 5},
        agenda.change_item: {"by": cast.kit, "meeting": at.live.pk, "item": items[2].pk, "minutes": 5},
        agenda.move_item: {"by": cast.kit, "meeting": at.live.pk, "item": items[2].pk, "up": True},
        agenda.remove_item: {"by": cast.kit, "meeting": at.live.pk, "item": items[2].pk},
        agenda.mark_task: {"by": cast.ada, "meeting": at.live.pk, "item": items[0].pk, "task": Task.PLAN},
        agenda.more_minutes: {"by": cast.ada, "meeting": at.live.pk, "item": items[0].pk},
        agenda.put_off_read_back: {"by": cast.ada, "meeting": at.live.pk},
        agenda.next_item: {"by": cast.ada, "meeting": at.live.pk, "after": items[0].pk},
        agenda.change_minutes: {"by": cast.kit, "meeting": at.live.pk, "item": items[2].pk, "minutes": 5},
        agenda.take_step: {"by": cast.ada, **_on_a_case(cast), "step": Step.STATE},
        parking.park: {"by": cast.ada, **_to_park(cast)},
        taps.undo: {"by": cast.ada, **_tapped(cast)},
        running.begin: {"by": cast.ada, "meeting": at.planned.pk},
        running.tick_attendance: {"by": cast.ada, "meeting": at.live.pk, "here": [cast.ada.pk]},
        running.close: {"by": cast.ada, "meeting": at.live.pk},
        running.close_forgotten: {"meeting": _forgotten(cast)},
        seats.take_seat: {"by": cast.ada, "meeting": at.live.pk, "kind": SeatKind.LEARNING, "member": cast.ben},
        seats.leave_seat: {"by": cast.ada, "meeting": at.live.pk, "kind": SeatKind.LEARNING},
        seats.leave_it_with: {"by": cast.lin, "meeting": _handed_over(cast)},
        seats.vacate: {"member": cast.lin.pk, "team": cast.team.pk},
        seats.flag_small: {"by": cast.ada, "meeting": at.live.pk},
        turns.say_yes: {"by": cast.lin, "meeting": at.planned.pk},
        turns.decline: {"by": cast.lin, "meeting": at.planned.pk},
        turns.swap: _swap(cast, at),
        members.invite: {"by": cast.mo, "email": "another@harbour.example"},
        members.invite_again: {"by": cast.mo, "invitation": at.invitation},
        members.withdraw: {"by": cast.mo, "invitation": at.invitation},
        members.accept: {"by": look(lambda: person("New", "harbour")), "token": at.token},
        members.change_roles: {"by": cast.mo, "member": cast.kit, "is_lead": True, "usually": ""},
        members.set_turns: {"by": cast.mo, "member": cast.kit, "takes_turns": False},
        members.go_away: {"by": cast.mo, "member": cast.kit, "first": day, "last": day},
        members.come_back: {"by": cast.mo, "away": at.away.pk},
        members.leave: {"by": cast.mo, "member": cast.kit},
        teams.found_team: {"by": cast.kit.user, "name": "Third team"},
        teams.name_yourself: {"by": cast.kit.user, "name": "Kit Otherwise"},
        teams.keep_bank_holidays: {"by": cast.mo, "whose": "IE"},
        feeds.renew_mine: {"by": cast.kit.user},
        feeds.renew_teams: {"by": cast.mo},
        teams.change_agreement: {"by": cast.mo, "way_out": "", **agreement},
        choices.choose: {"by": cast.kit, "kind": "summary", "wanted": False},
        bounces.take_bounce: {"raw": _came_back(cast)},
        sign_in.note_sign_in: {"user": cast.kit.user, "how": "code"},
        sign_in.note_sign_out: {"user": cast.kit.user},
    }
    return table | _visits(cast, at)


def _name(service: Callable[..., Any]) -> str:
    return f"{service.__module__}.{service.__name__}"


def _services() -> Iterator[str]:
    """Every public function of every services package."""
    for package in ("teams.services", "meetings.services", "learning.services"):
        for module in iter_modules(import_module(package).__path__, f"{package}."):
            found = import_module(module.name)
            for name, value in vars(found).items():
                if inspect.isfunction(value) and value.__module__ == module.name and not name.startswith("_"):
                    yield f"{module.name}.{name}"


@pytest.fixture
def at(cast: Cast) -> Stage:
    found = stage(cast)
    with everything("a test"):
        Jotting.objects.update(at=clock.now() - timedelta(days=20))  # so that there is something to forget
    return found


def _all_rows() -> dict[str, str]:
    """A sum of every table, as the owner."""
    with connections["owner"].cursor() as cursor:
        tables = sorted(connections["owner"].introspection.table_names(cursor))
        cursor.execute(
            " UNION ALL ".join(
                f"SELECT '{name}', coalesce(md5(string_agg(row::text, '|' ORDER BY row::text)), '') FROM {name} row"
                for name in tables
            )
        )
        return dict(cursor.fetchall())


class Undone(Exception):
    """Something that goes wrong after a service has written."""


def test_every_service_stands_in_the_table_or_says_why_not(cast: Cast, at: Stage) -> None:
    assert {_name(service) for service in _table(cast, at)} | set(NOT_RECORDED) == set(_services())


def test_every_service_that_writes_leaves_a_record_and_one_that_fails_leaves_nothing(cast: Cast, at: Stage) -> None:
    table = _table(cast, at)
    before = _all_rows()
    silent, words = [], []
    for service, given in table.items():
        last = look(lambda: Activity.objects.first())
        assert last is not None
        with pytest.raises(Undone), quiet(), everything("a test"):
            if service is read_back.first_point:
                read_back.start(by=cast.lin, meeting=at.live.pk)
                last = Activity.objects.first()
                assert last is not None
            service(**given)
            new = list(Activity.objects.filter(pk__gt=last.pk))
            if not new:
                silent.append(_name(service))
            words += [str(each.detail) for each in new if any(text in str(each.detail) for text in GENERAL)]
            if any(each.digest != digest_of(each) for each in new):
                silent.append(f"{_name(service)}: digest")
            raise Undone
    assert (silent, words) == ([], [])
    assert _all_rows() == {**before, "teams_user": _all_rows()["teams_user"]}  # the newcomer's account was made before


def test_a_record_that_was_changed_shows(cast: Cast) -> None:
    with everything("a test"):
        one = Activity.objects.filter(team=cast.team)[0]
        assert one.digest == digest_of(one)
        for name, value in (("verb", "x"), ("actor_id", 0), ("team_id", cast.other.pk), ("subject", "x")):
            other = Activity.objects.get(pk=one.pk)
            setattr(other, name, value)
            assert other.digest != digest_of(other)


def test_nothing_that_anybody_wrote_is_in_the_record(cast: Cast, at: Stage) -> None:
    said = look(lambda: " ".join(str(row) for row in Activity.objects.values_list("verb", "subject", "detail")))
    for words in (*GENERAL, at.jotting.text, at.offer.text, "Winter rota", "new@harbour.example"):
        assert words not in said
