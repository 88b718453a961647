"""Undo: what somebody moved for everybody can be put back for half a minute, by whoever moved it."""

from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.errors import NotAllowed, NotFound, NotPossible
from core.scope import everything
from learning.services.jottings import keep_jotting
from meetings.models import Attendance, Ended, Item, ItemKind, Meeting, Phase, Seat, Step, Tap, Task
from meetings.queries import agenda_of, meeting_for
from meetings.roles import SeatKind
from meetings.services import agenda, running, seats
from meetings.services.taps import last_tap, undo
from meetings.tasks import taps_that_are_past
from teams.models import Activity, Membership, TeamAgreement
from tests.cast import (
    Cast,
    again,
    client_of,
    count,
    do,
    items_of,
    look,
    next_item,
    overheard,
    person_of,
    planned,
    verbs,
)
from tests.cast import (
    live as begun,
)
from tests.marks import ROWS

pytestmark = ROWS


def last(member: Membership, meeting: Meeting) -> Tap:
    return look(lambda: Tap.objects.filter(meeting=meeting, by=member, undone_at=None)[0])


def live(cast: Cast) -> Meeting:
    """A live meeting that began a while ago."""
    meeting = begun(cast)
    look(lambda: Tap.objects.filter(meeting=meeting).delete())
    return meeting


def undone(member: Membership, meeting: Meeting) -> None:
    """Take back the last thing this member did."""
    do(undo, by=member, meeting=meeting.pk, tap=last(member, meeting).pk)


def reads(member: Membership, meeting: Meeting) -> str | None:
    """What the member reads beside Undo."""
    principal = person_of(member)
    found = look(lambda: last_tap(meeting_for(principal, meeting.pk), member.pk))
    return found.says if found else None


def on(meeting: Meeting) -> Item | None:
    return next((item for item in items_of(meeting) if item.is_now), None)


def order(meeting: Meeting) -> list[str]:
    return [item.title for item in items_of(meeting)]


AGENDA = ["Look-back", "Case 1 · Ben", "Case 2 · Mo", "Winter rota · Kit", "Read-back", "Dates"]


# --- Who, and until when ---


def test_next_is_undone_by_whoever_tapped_and_the_times_are_as_they_were(cast: Cast) -> None:
    meeting = live(cast)
    before = look(lambda: agenda_of(again(meeting)).rows)
    do(agenda.next_item, by=cast.ada, meeting=meeting.pk, after=items_of(meeting)[0].pk)
    assert reads(cast.ada, meeting) == "You moved on to Case 1 · Ben."
    assert reads(cast.ben, meeting) is None
    with overheard() as heard:
        undone(cast.ada, meeting)
    after = look(lambda: agenda_of(again(meeting)).rows)
    assert [(row.item.pk, row.at, row.until) for row in after] == [(row.item.pk, row.at, row.until) for row in before]
    assert "agenda" in [subject for each in heard for subject in each.get("subjects", [])]
    assert verbs(cast.team)[-1] == "tap undone"
    assert reads(cast.ada, meeting) is None


def test_nobody_else_undoes_it_and_a_stranger_finds_nothing(cast: Cast) -> None:
    meeting = live(cast)
    next_item(cast, meeting)
    tap = last(cast.ada, meeting).pk
    with pytest.raises(NotAllowed, match="Only Ada can undo this"):
        do(undo, by=cast.ben, meeting=meeting.pk, tap=tap)
    for outsider in (cast.otto, again(cast.vi)):
        with pytest.raises(NotFound):
            do(undo, by=outsider, meeting=meeting.pk, tap=tap)
    assert on(meeting) == items_of(meeting)[1]


def test_half_a_minute_and_not_a_second_longer(cast: Cast) -> None:
    meeting = live(cast)
    next_item(cast, meeting)
    tapped = last(cast.ada, meeting).at
    with clock.at(tapped + timedelta(seconds=30, milliseconds=1)):
        assert reads(cast.ada, meeting) is None
        with pytest.raises(NotPossible, match="half a minute"):
            undone(cast.ada, meeting)
    with clock.at(tapped + timedelta(seconds=29)):
        undone(cast.ada, meeting)
    assert on(meeting) == items_of(meeting)[0]


def test_a_second_undo_is_harmless(cast: Cast) -> None:
    meeting = live(cast)
    next_item(cast, meeting)
    tap = last(cast.ada, meeting).pk
    for _ in range(2):
        do(undo, by=cast.ada, meeting=meeting.pk, tap=tap)
    assert (on(meeting), verbs(cast.team).count("tap undone")) == (items_of(meeting)[0], 1)


def test_two_taps_are_undone_the_last_first(cast: Cast) -> None:
    meeting = live(cast)
    for _ in range(2):
        next_item(cast, meeting)
    for title in ("Case 2 · Mo", "Case 1 · Ben"):
        assert reads(cast.ada, meeting) == f"You moved on to {title}."
        undone(cast.ada, meeting)
    assert (on(meeting), reads(cast.ada, meeting)) == (items_of(meeting)[0], None)


def test_where_the_meeting_has_moved_on_a_sentence_says_so(cast: Cast) -> None:
    meeting = live(cast)
    next_item(cast, meeting)
    tap = last(cast.ada, meeting).pk
    do(agenda.next_item, by=cast.ben, meeting=meeting.pk, after=items_of(meeting)[1].pk)
    answer = client_of(cast.ada).post(f"/t/harbour-street/m/{meeting.pk}/undo/{tap}/", headers={"HX-Request": "true"})
    assert (answer.status_code, "has moved on since" in answer.content.decode()) == (409, True)
    assert on(meeting) == items_of(meeting)[2]
    assert last(cast.ada, meeting).undone_at is None


def test_nothing_is_undone_once_the_meeting_is_over(cast: Cast) -> None:
    meeting = live(cast)
    next_item(cast, meeting)
    do(running.close, by=cast.ada, meeting=meeting.pk)
    with pytest.raises(NotPossible):
        undone(cast.ada, meeting)


def test_taps_are_gone_an_hour_later(cast: Cast) -> None:
    meeting = live(cast)
    next_item(cast, meeting)
    with clock.at(clock.now() + timedelta(minutes=50)):
        taps_that_are_past()
        assert count(Tap, meeting=meeting) > 0
    with clock.at(clock.now() + timedelta(minutes=61)):
        taps_that_are_past()
    assert count(Tap) == 0


def test_without_scripts_the_line_is_on_the_page_and_goes(cast: Cast) -> None:
    meeting = live(cast)
    ada, room = client_of(cast.ada), f"/t/harbour-street/m/{meeting.pk}/"
    ada.post(f"{room}next/", {"after": items_of(meeting)[0].pk})
    tap = last(cast.ada, meeting)
    assert "You moved on to Case 1 · Ben." in ada.get(room).content.decode()
    assert "You moved on" not in client_of(cast.ben).get(room).content.decode()
    with clock.at(tap.at + timedelta(seconds=31)):
        assert "You moved on" not in ada.get(room).content.decode()
    answer = ada.post(f"{room}undo/{tap.pk}/")
    assert (answer.status_code, answer["Location"], on(meeting)) == (303, room, items_of(meeting)[0])
    assert "You moved on" not in ada.get(room).content.decode()


# --- Each thing that others see ---


def same(meeting: Meeting) -> tuple[Any, ...]:
    """Everything of a meeting that others see, but for versions."""

    def said() -> tuple[Any, ...]:
        names = (
            "pk",
            "kind",
            "case_no",
            "label",
            "presenter_id",
            "minutes",
            "task",
            "at_step",
            "started_at",
            "ended_at",
        )
        row = Meeting.objects.get(pk=meeting.pk)
        items = Item.objects.filter(meeting=meeting)
        return (
            [tuple(getattr(item, name) for name in (*names, "put_off_until")) for item in items],
            list(Seat.objects.filter(meeting=meeting).values_list("kind", "member", "how", "until", "ended", "small")),
            sorted(Attendance.objects.filter(meeting=meeting).values_list("member", flat=True)),
            (row.phase, row.began_at, row.small, row.cases),
        )

    return look(said)


def deeds(cast: Cast, meeting: Meeting) -> dict[str, tuple[Membership, Any, dict[str, Any]]]:
    """Who does what, so that each verb is tapped."""
    items = items_of(meeting)
    learning = SeatKind.LEARNING
    return {
        "next item": (cast.ada, agenda.next_item, {"after": items[0].pk}),
        "more minutes": (cast.ada, agenda.more_minutes, {"item": items[0].pk}),
        "read-back put off": (cast.ada, agenda.put_off_read_back, {}),
        "task marked": (cast.ben, agenda.mark_task, {"item": items[1].pk, "task": Task.PLAN}),
        "item added": (cast.kit, agenda.add_item, {"kind": ItemKind.CASE, "minutes": 5, "presenter": cast.kit}),
        "item changed": (cast.kit, agenda.change_item, {"item": items[3].pk, "minutes": 7, "label": "Summer rota"}),
        "minutes": (cast.kit, agenda.change_minutes, {"item": items[3].pk, "minutes": 7}),
        "item moved": (cast.kit, agenda.move_item, {"item": items[5].pk, "to": 1}),
        "item taken out": (cast.kit, agenda.remove_item, {"item": items[3].pk}),
        "case taken out": (cast.kit, agenda.remove_item, {"item": items[2].pk}),
        "attendance ticked": (cast.sol, running.tick_attendance, {"here": [cast.ada.pk, cast.sol.pk]}),
        "seat taken": (cast.kit, seats.take_seat, {"kind": learning, "member": cast.kit}),
        "by the scribe": (cast.sol, seats.take_seat, {"kind": learning, "member": cast.sol}),
        "seat left": (cast.ben, seats.leave_seat, {"kind": learning}),
    }


def test_each_thing_that_others_see_can_be_put_back(cast: Cast) -> None:
    meeting = live(cast)
    do(running.tick_attendance, by=cast.ben, meeting=meeting.pk, here=[cast.ben.pk, cast.lin.pk])
    found = {}
    for name, (by, service, given) in deeds(cast, meeting).items():
        before = same(meeting)
        do(service, by=by, meeting=meeting.pk, **given)
        assert same(meeting) != before, name
        sentence = reads(by, meeting)
        undone(by, meeting)
        found[name] = (sentence, same(meeting) == before)
    assert {name for name, (_, as_before) in found.items() if not as_before} == set()
    assert {name: sentence for name, (sentence, _) in found.items()} == {
        "next item": "You moved on to Case 1 · Ben.",
        "more minutes": "You gave 5 more minutes.",
        "read-back put off": "You gave 5 more minutes.",
        "task marked": "You marked the task.",
        "item added": "You added Case 3 · Kit.",
        "item changed": "You changed Summer rota.",
        "minutes": "You changed Winter rota · Kit.",
        "item moved": "You moved Dates.",
        "item taken out": "You took an item out.",
        "case taken out": "You took an item out.",
        "attendance ticked": "You changed who is here.",
        "seat taken": "You keep our learning in mind.",
        "by the scribe": "You keep our learning in mind.",
        "seat left": "You said that a seat is empty.",
    }
    assert order(meeting) == AGENDA


def test_an_item_comes_back_with_its_task_and_where_it_was(cast: Cast) -> None:
    meeting = live(cast)
    look(lambda: TeamAgreement.objects.filter(team=cast.team).update(four_steps=True))
    next_item(cast, meeting)
    items = items_of(meeting)
    do(agenda.mark_task, by=cast.ben, meeting=meeting.pk, item=items[1].pk, task=Task.PLAN)
    do(agenda.take_step, by=cast.ada, meeting=meeting.pk, item=items[1].pk, step=Step.STATE)
    look(lambda: Item.objects.filter(pk=items[1].pk).update(started_at=None))  # as when somebody goes back from it
    do(agenda.put_off_read_back, by=cast.ada, meeting=meeting.pk)
    [read_back] = [item for item in items if item.kind == ItemKind.READ_BACK]
    for item in (items[1], read_back):
        names = ("task", "at_step", "put_off_until", "label", "version", "key", "case_no")
        before = [getattr(again(item), name) for name in names]
        do(agenda.remove_item, by=cast.kit, meeting=meeting.pk, item=item.pk)
        undone(cast.kit, meeting)
        assert [getattr(again(item), name) for name in names] == before
        assert any(before[:3])


def test_words_of_an_item_stand_in_no_data_and_no_record(cast: Cast) -> None:
    meeting = live(cast)
    do(agenda.remove_item, by=cast.kit, meeting=meeting.pk, item=items_of(meeting)[3].pk)
    tap = last(cast.kit, meeting)
    assert (tap.words, "rota" in str(tap.data)) == ("Winter rota", False)
    assert "rota" not in look(lambda: str(list(Activity.objects.values_list("detail", flat=True))))


def test_the_four_steps_and_the_few_are_put_back_too(cast: Cast) -> None:
    meeting = live(cast)
    look(lambda: TeamAgreement.objects.filter(team=cast.team).update(four_steps=True))
    do(running.tick_attendance, by=cast.sol, meeting=meeting.pk, here=[cast.ada.pk, cast.lin.pk])
    next_item(cast, meeting)
    case = items_of(meeting)[1]
    do(agenda.take_step, by=cast.ada, meeting=meeting.pk, item=case.pk, step=Step.STATE)
    assert (reads(cast.ada, meeting), again(case).at_step) == ("You went to “State the case”.", "state")
    undone(cast.ada, meeting)
    do(seats.flag_small, by=cast.ada, meeting=meeting.pk)
    assert reads(cast.ada, meeting) == "You said that we are few."
    undone(cast.ada, meeting)
    assert (again(case).at_step, again(meeting).small) == ("", False)


def test_leaving_it_with_whoever_stood_in_is_put_back_and_asked_again(cast: Cast) -> None:
    meeting = live(cast)
    do(seats.take_seat, by=cast.kit, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.kit)
    before = same(meeting)
    do(seats.leave_it_with, by=cast.lin, meeting=meeting.pk)
    undone(cast.lin, meeting)
    assert same(meeting) == before


def test_a_seat_taken_by_mistake_never_counts_as_held(cast: Cast) -> None:
    meeting = live(cast)
    do(seats.take_seat, by=cast.kit, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.kit)
    undone(cast.kit, meeting)
    held = look(lambda: list(Seat.objects.filter(meeting=meeting, kind=SeatKind.LEARNING)))
    assert [(seat.member_id, seat.until, seat.ended) for seat in held] == [(cast.lin.pk, None, Ended.NOT)]


def test_a_seat_that_was_passed_on_since_stays_where_it_is(cast: Cast) -> None:
    meeting = live(cast)
    do(seats.take_seat, by=cast.kit, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.kit)
    theirs = last(cast.kit, meeting)
    do(seats.take_seat, by=cast.nia, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.nia)
    with pytest.raises(NotPossible, match="moved on"):  # from a page that still shows the line
        do(undo, by=cast.kit, meeting=meeting.pk, tap=theirs.pk)
    assert reads(cast.kit, meeting) is None


def test_whoever_has_another_seat_by_now_does_not_get_the_old_one_back(cast: Cast) -> None:
    meeting = live(cast)
    do(seats.take_seat, by=cast.kit, meeting=meeting.pk, kind=SeatKind.CHAIR, member=cast.kit)
    do(seats.take_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ada)
    with pytest.raises(NotPossible, match="moved on"):
        undone(cast.kit, meeting)


def test_what_somebody_else_changed_since_stays(cast: Cast) -> None:
    meeting = live(cast)
    items = items_of(meeting)
    do(agenda.more_minutes, by=cast.ada, meeting=meeting.pk, item=items[0].pk)
    do(agenda.more_minutes, by=cast.ben, meeting=meeting.pk, item=items[0].pk)
    do(agenda.move_item, by=cast.kit, meeting=meeting.pk, item=items[5].pk, to=1)
    do(agenda.move_item, by=cast.ben, meeting=meeting.pk, item=items[3].pk, up=True)
    do(agenda.add_item, by=cast.lin, meeting=meeting.pk, kind=ItemKind.BUSINESS, label="Keys", minutes=5)
    added = next(item for item in items_of(meeting) if item.label == "Keys")
    do(agenda.change_minutes, by=cast.ben, meeting=meeting.pk, item=added.pk, minutes=9)
    before = same(meeting)
    for member in (cast.ada, cast.kit, cast.lin):
        with pytest.raises(NotPossible, match="moved on"):
            undone(member, meeting)
    assert same(meeting) == before


def test_of_several_ticks_only_ones_own_are_put_back(cast: Cast) -> None:
    meeting = live(cast)
    do(running.tick_attendance, by=cast.sol, meeting=meeting.pk, here=[cast.ada.pk], was=[])
    do(running.tick_attendance, by=cast.ben, meeting=meeting.pk, here=[cast.ben.pk], was=[])
    undone(cast.sol, meeting)
    here = look(lambda: list(Attendance.objects.filter(meeting=meeting).values_list("member", flat=True)))
    assert here == [cast.ben.pk]


# --- A meeting begun by mistake ---


def test_a_meeting_begun_by_mistake_has_not_begun(cast: Cast) -> None:
    meeting = planned(cast)
    before = same(meeting)
    do(running.begin, by=cast.ben, meeting=meeting.pk)
    assert reads(cast.ben, meeting) == "You began the meeting."
    undone(cast.ben, meeting)
    assert (again(meeting).phase, same(meeting)) == (Phase.PLANNED, before)
    do(running.begin, by=cast.ada, meeting=meeting.pk)
    assert again(meeting).is_live


def test_once_anything_was_done_or_written_the_meeting_has_begun(cast: Cast) -> None:
    for act in ("next", "next and back", "jot"):
        meeting = planned(cast)
        do(running.begin, by=cast.ben, meeting=meeting.pk)
        if act != "jot":
            next_item(cast, meeting)
        if act == "next and back":
            undone(cast.ada, meeting)
            undone(cast.ben, meeting)
            assert again(meeting).phase == Phase.PLANNED
            continue
        if act == "jot":
            do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="Slower at the door")
        with pytest.raises(NotPossible, match="moved on"):
            undone(cast.ben, meeting)
        assert again(meeting).is_live
        do(running.close, by=cast.ada, meeting=meeting.pk)


def test_a_planned_agenda_changed_at_leisure_is_no_tap(cast: Cast) -> None:
    meeting = planned(cast)
    with everything("a test"):
        Meeting.objects.filter(pk=meeting.pk).update(starts=clock.now() + timedelta(days=2))
    do(agenda.move_item, by=cast.kit, meeting=meeting.pk, item=items_of(meeting)[2].pk, up=True)
    assert count(Tap, meeting=meeting, by=cast.kit) == 0


def test_undo_pressed_as_another_tap_lands_undoes_the_one_that_was_shown_or_says_that_it_cant(cast: Cast) -> None:
    """The address that is posted names the tap that the line showed."""
    meeting = live(cast)
    client = client_of(cast.ada)
    case, dates = items_of(meeting)[1], items_of(meeting)[5]

    def pressed(shown: Tap) -> int:
        return client.post(
            f"/t/harbour-street/m/{meeting.pk}/undo/{shown.pk}/", headers={"HX-Request": "true"}
        ).status_code

    do(agenda.mark_task, by=cast.ada, meeting=meeting.pk, item=case.pk, task=Task.PLAN)
    marked = last(cast.ada, meeting)
    do(agenda.move_item, by=cast.ada, meeting=meeting.pk, item=dates.pk, up=True)
    moved = last(cast.ada, meeting)
    assert pressed(marked) == 204  # the older one, which has nothing to do with the other
    assert (again(case).task, order(meeting)[4]) == ("", "Dates")
    do(agenda.mark_task, by=cast.ada, meeting=meeting.pk, item=case.pk, task=Task.PLAN)
    marked = last(cast.ada, meeting)
    do(agenda.mark_task, by=cast.ben, meeting=meeting.pk, item=case.pk, task=Task.ENGAGEMENT)
    assert pressed(marked) == 409  # Ben’s words stand now
    assert again(case).task == Task.ENGAGEMENT
    do(agenda.move_item, by=cast.ada, meeting=meeting.pk, item=dates.pk, up=True)
    assert pressed(moved) == 409
    assert order(meeting)[3] == "Dates"
