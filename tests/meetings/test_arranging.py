"""The agenda arranged in the room: one row more, another order, other minutes, the four steps, a team's own ready words."""

import re
import uuid

import pytest
from django.test import Client

from core.errors import Invalid, NotAllowed, NotPossible, Stale
from core.guard import Identifying
from meetings.models import Attendance, Item, ItemKind, Meeting, Step, Task
from meetings.services import agenda
from teams.models import TeamAgreement
from teams.roles import HolderRule, RaiseRule
from teams.services.teams import change_agreement
from tests.cast import Cast, again, client_of, do, items_of, live, look, next_item, overheard, verbs
from tests.marks import ROWS

pytestmark = ROWS

HX = {"HX-Request": "true"}


def room(meeting: Meeting) -> str:
    return f"/t/harbour-street/m/{meeting.pk}/"


def piece(browser: Client, meeting: Meeting, name: str, **asked: str) -> str:
    return browser.get(f"{room(meeting)}pieces/{name}/", asked, headers=HX).content.decode()


def coming(meeting: Meeting) -> list[str]:
    return [item.title for item in items_of(meeting) if item.started_at is None]


def agreed(cast: Cast, **wanted: object) -> TeamAgreement:
    said = {
        "holder_rule": HolderRule.APPOINTED,
        "raise_rule": RaiseRule.AT_READ_BACK,
        "read_back_minutes": 5,
        "way_out": "Ring.",
    }
    return do(change_agreement, by=cast.mo, **{**said, **wanted})  # type: ignore[arg-type]


# --- One row more ---


def test_a_case_is_added_in_the_room_by_who_brings_it_and_minutes(cast: Cast) -> None:
    meeting, kit = live(cast), client_of(cast.kit)
    html = piece(kit, meeting, "arrange", open="case")
    assert ("Case 3: who brings it" in html, 'name="label"' in html) == (True, False)
    sent = {"kind": "case", "presenter": cast.sol.pk, "minutes": 15, "from": "room", "key": str(uuid.uuid4())}
    with overheard() as heard:
        answers = [kit.post(f"{room(meeting)}items/add/", sent, headers=HX).status_code for _ in range(2)]
    assert answers == [204, 204]
    assert [(item.title, item.minutes) for item in items_of(meeting)][3] == ("Case 3 · Sol", 15)
    assert any("Case 3 · Sol" in str(each) for each in heard)
    assert "Case 4: who brings it" in piece(kit, meeting, "arrange", open="case")


def test_an_item_that_is_refused_keeps_its_words_in_the_row(cast: Cast) -> None:
    meeting, kit = live(cast), client_of(cast.kit)
    sent = {"kind": "other", "label": "Ring 07700 900123", "minutes": 5, "from": "room"}
    answer = kit.post(f"{room(meeting)}items/add/", sent, headers=HX)
    html = answer.content.decode()
    assert (answer.status_code, 'value="Ring 07700 900123"' in html, "phone number" in html) == (422, True, True)
    assert ("<html" in html, 'id="add-form"' in html, len(items_of(meeting))) == (False, True, 6)
    whole = kit.post(f"{room(meeting)}items/add/", sent)
    assert (whole.status_code, 'value="Ring 07700 900123"' in whole.content.decode()) == (422, True)


def test_without_scripts_a_case_leads_back_to_the_rooms_agenda(cast: Cast) -> None:
    meeting, kit = live(cast), client_of(cast.kit)
    assert "Case 3: who brings it" in kit.get(room(meeting), {"open": "case"}).content.decode()
    sent = {"kind": "case", "minutes": 5, "from": "room"}
    answer = kit.post(f"{room(meeting)}items/add/", sent)
    assert (answer.status_code, answer["Location"]) == (303, f"{room(meeting)}#pane-agenda")


def test_what_is_open_stays_open_when_something_changes_and_nobody_elses_opens(cast: Cast) -> None:
    meeting = live(cast)
    for browser, asked in ((client_of(cast.kit), {"open": "order"}), (client_of(cast.ben), {})):
        html = piece(browser, meeting, "arrange", **asked)
        assert (f'pieces/arrange/?open={asked.get("open", "")}" hx-trigger="live:agenda' in html) is bool(asked)
        assert ('id="order"' in html) is bool(asked)
    assert 'hx-get="/t/harbour-street/m/' in piece(client_of(cast.ben), meeting, "arrange", open='"><script>')
    assert "<script>" not in piece(client_of(cast.ben), meeting, "arrange", open='"><script>')


# --- Another order, other minutes ---


@pytest.mark.parametrize(
    ("to", "order"),
    [
        (1, ["Dates", "Case 1 · Ben", "Case 2 · Mo", "Winter rota · Kit", "Read-back"]),
        (3, ["Case 1 · Ben", "Case 2 · Mo", "Dates", "Winter rota · Kit", "Read-back"]),
        (5, ["Case 1 · Ben", "Case 2 · Mo", "Winter rota · Kit", "Read-back", "Dates"]),
        (99, ["Case 1 · Ben", "Case 2 · Mo", "Winter rota · Kit", "Read-back", "Dates"]),
        (0, ["Case 1 · Ben", "Case 2 · Mo", "Winter rota · Kit", "Read-back", "Dates"]),
    ],
)
def test_an_item_goes_straight_to_a_place_among_what_is_to_come(cast: Cast, to: int, order: list[str]) -> None:
    meeting = live(cast)
    do(agenda.move_item, by=cast.kit, meeting=meeting.pk, item=items_of(meeting)[5].pk, to=to)
    assert coming(meeting) == order
    assert (items_of(meeting)[0].title, items_of(meeting)[0].is_now) == ("Look-back", True)
    assert verbs(cast.team).count("item moved") == (1 if to in (1, 3) else 0)


def test_places_are_counted_without_gaps_though_items_were_taken_out(cast: Cast) -> None:
    meeting = live(cast)
    do(agenda.remove_item, by=cast.kit, meeting=meeting.pk, item=items_of(meeting)[2].pk)
    do(agenda.move_item, by=cast.kit, meeting=meeting.pk, item=items_of(meeting)[1].pk, to=3)
    assert coming(meeting) == ["Winter rota · Kit", "Read-back", "Case 1 · Ben", "Dates"]


def test_up_and_down_and_minutes_by_a_plain_form_lead_back_to_the_open_order(cast: Cast) -> None:
    meeting, kit = live(cast), client_of(cast.kit)
    item = items_of(meeting)[3]
    back = f"{room(meeting)}?open=order#pane-agenda"
    for path, sent in (("move/", {"to": "up"}), ("", {"only": "minutes", "minutes": "25", "version": "1"})):
        answer = kit.post(f"{room(meeting)}items/{item.pk}/{path}", {**sent, "from": "room"})
        assert (answer.status_code, answer["Location"]) == (303, back)
    assert (coming(meeting)[1], again(item).minutes, again(item).label) == ("Winter rota · Kit", 25, "Winter rota")
    html = kit.get(room(meeting), {"open": "order"}).content.decode()
    assert re.findall(r'<li id="order-(\d+)"', html) == [str(each.pk) for each in items_of(meeting)[1:]]


def test_minutes_that_somebody_else_changed_meanwhile_are_not_overwritten(cast: Cast) -> None:
    meeting = live(cast)
    item = items_of(meeting)[3]
    do(agenda.change_minutes, by=cast.kit, meeting=meeting.pk, item=item.pk, minutes=20, seen=1)
    with pytest.raises(Stale):
        do(agenda.change_minutes, by=cast.ben, meeting=meeting.pk, item=item.pk, minutes=5, seen=1)
    do(agenda.change_minutes, by=cast.ben, meeting=meeting.pk, item=item.pk, minutes=20, seen=1)
    refused = client_of(cast.ben).post(
        f"{room(meeting)}items/{item.pk}/", {"only": "minutes", "minutes": "900", "from": "room"}, headers=HX
    )
    assert (refused.status_code, again(item).minutes) == (422, 20)


def test_the_live_agenda_itself_holds_no_input_and_no_htmx(cast: Cast) -> None:
    meeting = live(cast)
    html = client_of(cast.ben).get(room(meeting), {"open": "order"}).content.decode()
    shown = html[html.index('<ol id="agenda"') :]
    shown = shown[: shown.index("</ol>")]
    assert re.findall(r"<input|<form|hx-", shown) == []


# --- The four steps and a team's own ready words ---


def test_the_four_steps_are_shown_only_where_the_team_turned_them_on(cast: Cast) -> None:
    meeting = live(cast)
    next_item(cast, meeting)
    case = items_of(meeting)[1]
    with pytest.raises(NotPossible, match="doesn’t use the four steps"):
        do(agenda.take_step, by=cast.ada, meeting=meeting.pk, item=case.pk, step=Step.STATE)
    assert "Mentalize the moment" not in client_of(cast.ben).get(room(meeting)).content.decode()
    agreed(cast, four_steps=True)
    with overheard() as heard:
        do(agenda.take_step, by=cast.ben, meeting=meeting.pk, item=case.pk, step=Step.MENTALIZE)
    assert any("Now:</span> Mentalize the moment</li>" in str(each) for each in heard)
    html = client_of(cast.ada).get(room(meeting)).content.decode()
    assert (
        'aria-current="step" data-say="Mentalize the moment."><span class="visually-hidden">Now:</span> Mentalize'
        in html,
        "On to: Return to purpose" in html,
    ) == (True, True)
    next_item(cast, meeting)
    next_item(cast, meeting)
    assert "Mentalize the moment" not in client_of(cast.kit).get(room(meeting)).content.decode(), "business has none"


def test_a_step_of_an_item_that_is_over_moves_nothing(cast: Cast) -> None:
    meeting = live(cast)
    agreed(cast, four_steps=True)
    next_item(cast, meeting)
    case = items_of(meeting)[1]
    next_item(cast, meeting)
    with pytest.raises(NotPossible, match="moved on"):
        do(agenda.take_step, by=cast.ada, meeting=meeting.pk, item=case.pk, step=Step.STATE)
    assert again(case).at_step == ""


def test_a_teams_own_ready_words_are_at_choice_and_nothing_else_is(cast: Cast) -> None:
    meeting = live(cast)
    agreed(cast, task_words=" help me think \n\nplan\nhelp me think\n")
    next_item(cast, meeting)
    case = items_of(meeting)[1]
    html = client_of(cast.ada).get(room(meeting)).content.decode()
    assert re.findall(r'<option value="([^"]+)">', html[html.index('name="task"') :])[:2] == ["help me think", "Plan"]
    for words in ("be_heard", "a story about a case"):
        with pytest.raises(Invalid):
            do(agenda.mark_task, by=cast.ada, meeting=meeting.pk, item=case.pk, task=words)
        answer = client_of(cast.ada).post(f"{room(meeting)}task/", {"item": case.pk, "task": words}, headers=HX)
        assert answer.status_code == 422
    do(agenda.mark_task, by=cast.ada, meeting=meeting.pk, item=case.pk, task="Plan")
    assert again(case).task_said == "Plan", "not our own words for the code “plan”"
    agreed(cast, task_words="")
    do(agenda.mark_task, by=cast.ada, meeting=meeting.pk, item=case.pk, task=Task.BE_HEARD)
    assert again(case).task_said == "be heard"


def test_ready_words_are_few_short_and_of_nobody(cast: Cast) -> None:
    twelve = "\n".join(f"{n:02} {'x' * 57}" for n in range(12))
    assert agreed(cast, task_words=twelve).task_words == twelve
    for words in (twelve + "\none more", "x" * 61, "ring 07700 900123"):
        with pytest.raises((Invalid, Identifying)):
            agreed(cast, task_words=words)
    assert look(lambda: TeamAgreement.objects.filter(team=cast.team)[0]).task_words == twelve


def test_a_change_of_one_thing_leaves_the_others_as_they_were(cast: Cast) -> None:
    agreed(cast, four_steps=True, visitors=True, task_words="think")
    kept = agreed(cast, read_back_minutes=7)
    assert (kept.four_steps, kept.visitors, kept.task_words) == (True, True, "think")


def test_leads_change_it_on_the_teams_page_and_every_member_reads_who_did(cast: Cast) -> None:
    sent = {
        "holder_rule": "appointed",
        "raise_rule": "read_back",
        "read_back_minutes": "5",
        "way_out": "Ring.",
        "four_steps": "True",
        "visitors": "True",
        "task_words": "help me think\r\nplan",
    }
    page = "/t/harbour-street/agreement/"
    assert client_of(cast.ben).post(f"{page}change/", sent).status_code == 403
    assert client_of(cast.mo).post(f"{page}change/", sent).status_code == 303
    html = client_of(cast.ben).get(page).content.decode()
    for words in (
        "help me think, plan.",
        "Shown while we talk about a case.",
        "when one of us lets them in",
        "Changed by Mo.",
    ):
        assert words in html
    refused = client_of(cast.mo).post(f"{page}change/", {**sent, "task_words": "ring 07700 900123"})
    assert (refused.status_code, "ring 07700 900123" in refused.content.decode()) == (422, True)
    with pytest.raises(NotAllowed):
        do(
            change_agreement,
            by=cast.ben,
            holder_rule=HolderRule.LEAD,
            raise_rule=RaiseRule.AT_READ_BACK,
            read_back_minutes=5,
            way_out="",
            four_steps=False,
        )


# --- Who was here, asked again at the close ---


def test_at_the_close_it_says_who_is_recorded_and_closing_never_waits_for_it(cast: Cast) -> None:
    meeting, ada = live(cast), client_of(cast.ada)
    for _ in range(4):
        next_item(cast, meeting)
    assert "Who was here?" not in ada.get(room(meeting)).content.decode()
    ada.post(f"{room(meeting)}read-back/none/", {"outcome": "none_today"})
    next_item(cast, meeting)
    assert "Recorded now: nobody is ticked yet." in ada.get(room(meeting)).content.decode()
    ada.post(f"{room(meeting)}attendance/", {"everyone": "1"}, headers=HX)
    said = " ".join(piece(ada, meeting, "at_close").split())
    assert "Recorded now: 9 of 9 were here." in said
    ada.post(f"{room(meeting)}attendance/", {"here": [], "was": [cast.ben.pk]}, headers=HX)
    assert "Recorded now: 8 of 9 were here." in " ".join(piece(ada, meeting, "at_close").split())
    assert ada.post(f"{room(meeting)}close/").status_code == 303
    assert (again(meeting).is_closed, look(lambda: Attendance.objects.filter(meeting=meeting).count())) == (True, 8)


# --- The end, equal everywhere ---


def test_where_the_sum_outruns_the_booked_time_every_screen_says_the_same_end(cast: Cast) -> None:
    meeting = live(cast)
    do(agenda.add_item, by=cast.kit, meeting=meeting.pk, kind=ItemKind.CASE, minutes=30, presenter=cast.kit)
    ends = {
        name: set(re.findall(r"ends about (\d\d:\d\d)", client_of(getattr(cast, name)).get(address).content.decode()))
        for name, address in (("ada", room(meeting)), ("lin", room(meeting)), ("kit", f"{room(meeting)}plan/"))
    }
    assert len(set.union(*ends.values())) == 1
    assert all(len(found) == 1 for found in ends.values()), ends
    html = client_of(cast.ada).get(room(meeting)).content.decode()
    assert re.search(r'<span class="late">ends about \d\d:\d\d</span>', html)
    code = look(lambda: meeting.wall_code.code)
    nobody = client_of(None)
    wall = nobody.get(nobody.post("/wall/", {"code": code})["Location"]).content.decode()
    assert f"ends about {ends['ada'].pop()}" in wall.lower()
    assert look(lambda: Item.objects.filter(meeting=meeting).count()) == 7
