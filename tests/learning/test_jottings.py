"""Private jottings: kept, changed and deleted by their author, and read by nobody else anywhere."""

import uuid
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.urls import reverse

from core import clock
from core.errors import KeyReused, NotAllowed, NotFound, NotPossible, Stale
from core.live import personal
from core.scope import everything
from learning.models import Jotting, Point
from learning.roles import PointState
from learning.services.forgetting import forget
from learning.services.jottings import change_jotting, delete_jotting, keep_jotting
from learning.services.offers import make_offer, take_offer
from learning.services.points import notice, raise_point, reword_waiting
from learning.services.read_back import first_point, settle, start, take_pen, type_words
from learning.services.summary import send, write_line
from learning.tasks import forget_jottings
from meetings.models import Item, Meeting, Task
from meetings.roles import SeatKind
from meetings.rules import visit_token, wall_token
from meetings.services.agenda import mark_task, next_item
from meetings.services.planning import cancel
from meetings.services.running import begin, close, tick_attendance
from meetings.services.seats import leave_seat, take_seat
from meetings.services.taps import last_tap, undo
from teams.models import Letter
from teams.services.letters import freeze
from teams.services.members import leave
from tests.cast import (
    Cast,
    again,
    client_of,
    closed,
    count,
    do,
    items_of,
    live,
    look,
    overheard,
    planned,
    raised,
    where_stored,
)
from tests.marks import ROWS
from tests.routes import every_route

pytestmark = ROWS

WORDS = "calmer at the door. who decides who rings?"


def texts(cast: Cast) -> list[str]:
    return look(lambda: list(Jotting.objects.filter(team=cast.team).order_by("pk").values_list("text", flat=True)))


def test_a_jotting_is_stamped_with_the_item_that_is_on(cast: Cast) -> None:
    meeting = planned(cast)
    before = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS)
    do(begin, by=cast.ada, meeting=meeting.pk)
    do(next_item, by=cast.ada, meeting=meeting.pk, after=items_of(meeting)[0].pk)
    during = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="  two lines\r\nof it ")
    assert (before.item, during.item_id, during.text) == (None, items_of(meeting)[1].pk, "two lines\nof it")


def test_only_whoever_keeps_learning_in_mind_jots(cast: Cast) -> None:
    meeting = live(cast)
    for member in (cast.ben, cast.ada, cast.mo):
        with pytest.raises(NotAllowed) as refused:
            do(keep_jotting, by=member, meeting=meeting.pk, text=WORDS)
        assert refused.value.sentence == "Lin keeps our learning in mind. Only Lin can do this."
    with pytest.raises(NotFound):
        do(keep_jotting, by=cast.otto, meeting=meeting.pk, text=WORDS)
    do(leave_seat, by=cast.lin, meeting=meeting.pk, kind=SeatKind.LEARNING)
    with pytest.raises(NotAllowed) as empty:
        do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS)
    assert empty.value.sentence == "Nobody is keeping learning in mind yet. Take that seat first."
    assert texts(cast) == []


def test_the_same_post_twice_is_one_jotting(cast: Cast) -> None:
    meeting, key = live(cast), uuid.uuid4()
    one = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS, key=key)
    two = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS, key=key)
    assert (one.pk, texts(cast)) == (two.pk, [WORDS])
    with pytest.raises(KeyReused):
        do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="other words", key=key)
    assert texts(cast) == [WORDS]


def test_a_double_click_keeps_one_and_other_words_with_its_key_are_422(cast: Cast) -> None:
    meeting, key = live(cast), str(uuid.uuid4())
    address = f"/t/harbour-street/m/{meeting.pk}/jottings/"
    lin = client_of(cast.lin)
    answers = [lin.post(address, {"text": words, "key": key}).status_code for words in (WORDS, WORDS, "other words")]
    assert (answers, texts(cast)) == ([303, 303, 422], [WORDS])


def test_posts_without_a_key_are_each_a_jotting(cast: Cast) -> None:
    meeting = live(cast)
    for _ in range(2):
        client_of(cast.lin).post(f"/t/harbour-street/m/{meeting.pk}/jottings/", {"text": WORDS})
    assert texts(cast) == [WORDS, WORDS]


@pytest.mark.parametrize("typed", ["", "   \n ", "x" * 2001])
def test_nothing_and_too_much_come_back_as_they_were_typed(cast: Cast, typed: str) -> None:
    meeting = live(cast)
    answer = client_of(cast.lin).post(f"/t/harbour-street/m/{meeting.pk}/jottings/", {"text": typed})
    assert (answer.status_code, texts(cast)) == (422, [])
    assert typed.strip() in answer.content.decode()


def test_private_words_are_not_stopped_by_the_guard_and_a_telephone_number_may_help_memory(cast: Cast) -> None:
    meeting = live(cast)
    jotting = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="ring 020 7946 0958")
    assert jotting.text == "ring 020 7946 0958"
    address = f"/t/harbour-street/m/{meeting.pk}/points/"
    answer = client_of(cast.lin).post(address, {"text": "ring 020 7946 0958", "jotting": jotting.pk})
    assert (answer.status_code, "020 7946 0958" in answer.content.decode(), count(Point)) == (422, True, 0)


def test_only_its_author_changes_or_deletes_a_jotting(cast: Cast) -> None:
    meeting = live(cast)
    jotting = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS)
    do(take_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ben)
    for member in (cast.ben, cast.mo, cast.otto):
        with pytest.raises(NotFound):
            do(change_jotting, by=member, meeting=meeting.pk, jotting=jotting.pk, text="mine now")
        do(delete_jotting, by=member, meeting=meeting.pk, jotting=jotting.pk)
    assert texts(cast) == [WORDS]
    do(change_jotting, by=cast.lin, meeting=meeting.pk, jotting=jotting.pk, text="calmer")
    assert texts(cast) == ["calmer"]
    for _ in range(2):
        do(delete_jotting, by=cast.lin, meeting=meeting.pk, jotting=jotting.pk)
    assert texts(cast) == []


def test_a_jotting_that_another_tab_changed_is_not_written_over_and_both_are_shown(cast: Cast) -> None:
    meeting = live(cast)
    jotting = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS)
    do(change_jotting, by=cast.lin, meeting=meeting.pk, jotting=jotting.pk, text="from one tab", seen=1)
    with pytest.raises(Stale):
        do(change_jotting, by=cast.lin, meeting=meeting.pk, jotting=jotting.pk, text="from another tab", seen=1)
    answer = client_of(cast.lin).post(
        f"/t/harbour-street/m/{meeting.pk}/jottings/{jotting.pk}/", {"text": "from another tab", "version": 1}
    )
    html = answer.content.decode()
    assert (answer.status_code, "from another tab" in html, "from one tab" in html) == (409, True, True)
    assert texts(cast) == ["from one tab"]


def test_after_the_close_only_whoever_held_the_seat_keeps_what_they_were_writing(cast: Cast) -> None:
    meeting = closed(cast, agreed=0)
    do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS)
    assert texts(cast) == [WORDS]
    for other in (cast.ada, cast.ben, cast.mo):
        with pytest.raises(NotAllowed):
            do(keep_jotting, by=other, meeting=meeting.pk, text="mine too")


def test_nothing_is_jotted_into_a_cancelled_meeting(cast: Cast) -> None:
    meeting = planned(cast)
    do(cancel, by=cast.mo, meeting=meeting.pk)
    with pytest.raises(NotPossible):
        do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS)


def test_a_raise_after_the_close_is_refused_and_its_words_stay(cast: Cast) -> None:
    meeting = closed(cast, agreed=0)
    data = {"kind": "point", "text": "A short call the day before helps", "key": str(uuid.uuid4())}
    answer = client_of(cast.lin).post(f"/t/harbour-street/m/{meeting.pk}/points/", data)
    html = answer.content.decode()
    assert (answer.status_code, "This meeting is over." in html, data["text"] in html) == (409, True, True)


def test_jottings_stay_with_their_author_when_the_seat_changes_hands(cast: Cast) -> None:
    meeting = live(cast)
    do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS)
    do(take_seat, by=cast.ben, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ben)
    address = f"/t/harbour-street/m/{meeting.pk}/"
    assert WORDS in client_of(cast.lin).get(address).content.decode()
    assert WORDS not in client_of(cast.ben).get(address).content.decode()


def test_only_its_author_is_told_and_nobody_else_could_count_it(cast: Cast) -> None:
    meeting = live(cast)
    before = again(meeting)
    with overheard() as heard:
        do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS)
    after = again(meeting)
    assert after.revision == before.revision
    for other in (cast.ben, cast.ada):
        assert personal(after, other.pk) == personal(before, other.pk)
    [told] = heard
    assert (told["channel"], told["rev"], told["subjects"], told["html"]) == (f"live:{meeting.pk}", None, [], {})
    assert list(told["own"]) == [str(cast.lin.pk)]


def _a_meeting_from_beginning_to_summary(cast: Cast, canary: str) -> tuple[Meeting, Jotting]:
    """Everything that is ever published is published here while the jotting exists."""
    meeting = planned(cast)
    pk = meeting.pk
    do(begin, by=cast.ada, meeting=pk)
    jotting = do(keep_jotting, by=cast.lin, meeting=pk, text=f"{canary} was calmer at the door")
    other = do(keep_jotting, by=cast.lin, meeting=pk, text="about the rota")
    do(change_jotting, by=cast.lin, meeting=pk, jotting=other.pk, text=f"{canary} about the rota")
    do(mark_task, by=cast.ada, meeting=pk, item=items_of(meeting)[0].pk, task=Task.PLAN)
    do(next_item, by=cast.ada, meeting=pk, after=items_of(meeting)[0].pk)
    point = do(raise_point, by=cast.lin, meeting=pk, text="A short call helps", jotting=jotting.pk)
    do(reword_waiting, by=cast.lin, meeting=pk, point=point.pk, text="A short call the day before helps")
    do(notice, by=cast.lin, meeting=pk, text="We slowed down")
    offered = do(make_offer, by=cast.ben, meeting=pk, text="Keep one list")
    do(take_offer, by=cast.lin, meeting=pk, offer=offered.pk)
    do(tick_attendance, by=cast.sol, meeting=pk, here=[cast.ada.pk, cast.lin.pk])
    do(leave_seat, by=cast.lin, meeting=pk, kind=SeatKind.LEARNING)
    do(take_seat, by=cast.lin, meeting=pk, kind=SeatKind.LEARNING, member=cast.lin)
    do(start, by=cast.lin, meeting=pk)
    do(first_point, by=cast.lin, meeting=pk)
    do(take_pen, by=cast.ben, meeting=pk)
    do(type_words, by=cast.ben, meeting=pk, point=point.pk, text="A short call the day before makes it easier")
    return meeting, jotting


def test_a_jottings_words_reach_no_other_page_stream_letter_or_record(cast: Cast) -> None:
    canary = "zebrafinch"
    with overheard() as heard:
        meeting, jotting = _a_meeting_from_beginning_to_summary(cast, canary)
        pages = _everything_shown(cast, meeting, jotting, canary)
        point = look(lambda: Point.objects.filter(meeting=meeting, state="raised")[0])
        do(settle, by=cast.ben, meeting=meeting.pk, point=point.pk, outcome=PointState.AGREED)
        do(close, by=cast.ada, meeting=meeting.pk)
        letters = _composed(cast)
        do(write_line, by=cast.lin, meeting=meeting.pk, line="Thank you")
        do(send, by=cast.lin, meeting=meeting.pk)
        pages += _everything_shown(cast, meeting, jotting, canary)
    assert pages == [], "these showed it"
    assert len(heard) > 20
    assert [message for message in heard if canary in str(message)] == []
    assert where_stored(canary) == ["learning_jotting"]
    letters += _composed(cast)
    assert [kind for kind, _bytes in letters] == ["prompt", "reminder", *["summary"] * 9]
    assert [kind for kind, letter in letters if canary.encode() in letter] == []


def _composed(cast: Cast) -> list[tuple[str, bytes]]:
    """The team's letters as they would leave now, by kind."""
    with everything("a test"):
        letters = [letter for letter in Letter.objects.filter(team=cast.team).order_by("kind") if freeze(letter)]
        return [(letter.kind, bytes(letter.frozen or b"")) for letter in letters]


def _everything_shown(cast: Cast, meeting: Meeting, jotting: Jotting, canary: str) -> list[str]:
    """Which addresses show the canary to anybody but its author."""
    shown = []
    readers = {"nobody": None, "Otto": cast.otto, "Vi": cast.vi, **{n: cast.us[n] for n in ("Ben", "Ada", "Mo")}}
    code = look(lambda: getattr(getattr(again(meeting), "wall_code", None), "code", "ABC222"))
    given = {
        "slug": "harbour-street",
        "meeting": meeting.pk,
        "jotting": jotting.pk,
        "item": look(lambda: Item.objects.filter(meeting=meeting)[0].pk),
        "point": 0,
        "offer": 0,
        "edition": 1,
        "series": 0,
        "line": 0,
        "pause": 0,
        "away": 0,
        "member": cast.lin.pk,
        "invitation": 0,
        "code": wall_token(code),
        "visit": visit_token(meeting),
        "visitor": 0,
        "tap": 0,
        "token": "none",
    }
    for name, member in readers.items():
        client = client_of(member, raise_request_exception=False)
        for route in every_route():
            if "GET" not in route.methods or route.name == "account_logout":
                continue
            for address in route.addresses(given):
                if canary in client.get(address).content.decode():
                    shown.append(f"{name}: {address}")
    author = client_of(cast.lin)
    if again(meeting).is_live:
        assert canary in author.get(f"/t/harbour-street/m/{meeting.pk}/").content.decode(), "so that this could fail"
    return shown


# --- Forgetting ---


def test_jottings_are_forgotten_after_fourteen_days_and_points_cut_from_their_items(cast: Cast) -> None:
    meeting = live(cast)
    do(next_item, by=cast.ada, meeting=meeting.pk, after=items_of(meeting)[0].pk)
    old = do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS)
    point = do(raise_point, by=cast.lin, meeting=meeting.pk, text="A short call helps", jotting=old.pk)
    assert point.item_id == items_of(meeting)[1].pk
    [unlinked] = raised(cast, meeting)
    with clock.at(clock.now() + timedelta(days=13, hours=23)):
        do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="young")
        assert look(forget) == 0
    with clock.at(clock.now() + timedelta(days=14, minutes=1)):
        assert look(forget) == 1
        assert look(forget) == 0
    assert texts(cast) == ["young"]
    assert [again(each).item_id for each in (point, unlinked)] == [None, None]
    assert [again(each).text for each in (point, unlinked)] == ["A short call helps", unlinked.text]


def test_the_clocks_task_forgets_in_a_scope_of_its_own(cast: Cast) -> None:
    meeting = live(cast)
    with clock.at(clock.now() - timedelta(days=15)):
        do(keep_jotting, by=cast.lin, meeting=meeting.pk, text=WORDS)
    do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="young")
    with pytest.raises(DatabaseError, match="no scope"):
        forget()
    forget_jottings()
    assert texts(cast) == ["young"]


def test_somebody_who_left_the_team_jots_no_more(cast: Cast) -> None:
    meeting = live(cast)
    do(leave, by=cast.mo, member=cast.lin)
    with pytest.raises((NotFound, NotAllowed)):
        do(keep_jotting, by=again(cast.lin), meeting=meeting.pk, text=WORDS)
    assert texts(cast) == []


def test_what_was_jotted_in_a_seat_that_was_undone_stays_with_its_author(cast: Cast) -> None:
    meeting = live(cast)
    do(take_seat, by=cast.ada, meeting=meeting.pk, kind=SeatKind.LEARNING, member=cast.ben)
    do(keep_jotting, by=cast.ben, meeting=meeting.pk, text=WORDS)
    tap = look(lambda: last_tap(Meeting.objects.get(pk=meeting.pk), cast.ada.pk))
    assert tap is not None
    do(undo, by=cast.ada, meeting=meeting.pk, tap=tap.pk)
    room = reverse("meeting", args=["harbour-street", meeting.pk])
    assert WORDS in client_of(cast.ben).get(room).content.decode()
    assert WORDS not in client_of(cast.lin).get(room).content.decode()
