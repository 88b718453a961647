"""The summary: composed when the meeting is over, sent once to every member, and nobody else's to write."""

import uuid
from datetime import timedelta

import pytest

from core import clock
from core.errors import Invalid, KeyReused, NotAllowed, NotFound, NotPossible, Stale
from core.guard import Identifying
from core.scope import everything
from learning.models import Delivery, Point, Summary, Wording
from learning.queries import record_of, sent
from learning.roles import PointState
from learning.services.read_back import points_to_read
from learning.services.summary import add_point, move_point, reword, send, write_line
from meetings.models import Meeting
from meetings.roles import SeatKind
from meetings.services.running import close, tick_attendance
from meetings.services.seats import leave_seat
from teams.models import Letter
from teams.services.members import leave
from tests.cast import GENERAL, Cast, again, client_of, closed, count, do, live, look, raised, verbs
from tests.marks import ROWS

pytestmark = ROWS

MEMBERS = 9  # of Harbour Street, Vi having left


def order(meeting: Meeting) -> list[str]:
    return look(lambda: [point.text for point in record_of(meeting).all])


def letters(kind: str) -> list[Letter]:
    return look(lambda: list(Letter.objects.filter(kind=kind).select_related("user").order_by("pk")))


def test_the_close_asks_the_holder_for_it_in_the_same_transaction(cast: Cast) -> None:
    meeting = live(cast)
    with pytest.raises(ZeroDivisionError), everything("a test"):
        close(by=cast.ada, meeting=meeting.pk)
        raise ZeroDivisionError
    assert (letters("prompt"), again(meeting).phase) == ([], "live")
    for _ in range(2):
        do(close, by=cast.ada, meeting=meeting.pk)
    [prompt] = letters("prompt")
    assert (prompt.user_id, prompt.key) == (cast.lin.user_id, f"prompt:meeting-{meeting.pk}:member-{cast.lin.pk}")
    assert prompt.data == {"meeting": meeting.pk, "member": cast.lin.pk}


def test_with_an_empty_seat_nobody_is_asked(cast: Cast) -> None:
    meeting = live(cast)
    do(leave_seat, by=cast.lin, meeting=meeting.pk, kind=SeatKind.LEARNING)
    do(close, by=cast.ada, meeting=meeting.pk)
    assert letters("prompt") == []


def test_it_goes_once_to_every_present_member_whether_they_were_there_or_not(cast: Cast) -> None:
    meeting = closed(cast)
    do(tick_attendance, by=cast.sol, meeting=meeting.pk, here=[cast.ada.pk, cast.lin.pk])
    do(leave, by=cast.mo, member=cast.nia)
    for _ in range(3):
        do(send, by=cast.lin, meeting=meeting.pk)
    went = letters("summary")
    present = {member.user_id for name, member in cast.us.items() if name not in ("Nia", "Vi")}
    assert ({letter.user_id for letter in went}, len(went)) == (present, MEMBERS - 1)
    assert (count(Delivery), verbs(cast.team).count("summary sent")) == (MEMBERS - 1, 1)
    assert not {cast.otto.user_id, cast.nia.user_id, cast.vi.user_id} & {letter.user_id for letter in went}
    stored = look(lambda: Summary.objects.get(meeting=meeting))
    assert (stored.sent_by_id, stored.is_sent) == (cast.lin.pk, True)


def test_the_letters_are_written_with_the_sending_or_not_at_all(cast: Cast) -> None:
    meeting = closed(cast)
    with pytest.raises(ZeroDivisionError), everything("a test"):
        send(by=cast.lin, meeting=meeting.pk)
        raise ZeroDivisionError
    assert (letters("summary"), count(Summary, sent_at__isnull=False), count(Delivery)) == ([], 0, 0)


def test_who_may_compose_and_send(cast: Cast) -> None:
    meeting = closed(cast)
    for member in (cast.ben, cast.ada, cast.sol):
        with pytest.raises(NotAllowed) as refused:
            do(send, by=member, meeting=meeting.pk)
        with pytest.raises(NotAllowed):
            do(write_line, by=member, meeting=meeting.pk, line="x")
        assert refused.value.sentence == "Lin kept our learning in mind and sends the summary. An AMBIT lead may too."
    with pytest.raises(NotFound):
        do(send, by=cast.otto, meeting=meeting.pk)
    do(send, by=cast.rosa, meeting=meeting.pk)  # an AMBIT lead
    assert look(lambda: Summary.objects.get()).sent_by_id == cast.rosa.pk


def test_the_chair_sends_it_where_nobody_held_the_seat(cast: Cast) -> None:
    meeting = closed(cast, agreed=0, holder=None)
    with pytest.raises(NotAllowed):
        do(send, by=cast.sol, meeting=meeting.pk)
    do(send, by=cast.ada, meeting=meeting.pk)
    assert len(letters("summary")) == MEMBERS


def test_nothing_is_composed_before_the_close(cast: Cast) -> None:
    meeting = live(cast)
    for attempt in (
        lambda: do(send, by=cast.lin, meeting=meeting.pk),
        lambda: do(write_line, by=cast.lin, meeting=meeting.pk, line="x"),
        lambda: do(add_point, by=cast.lin, meeting=meeting.pk, text="x"),
    ):
        with pytest.raises(NotPossible):
            attempt()
    assert client_of(cast.lin).get(f"/t/harbour-street/m/{meeting.pk}/summary/").status_code == 409


def test_once_sent_nothing_in_it_changes(cast: Cast) -> None:
    meeting = closed(cast, agreed=2)
    do(send, by=cast.lin, meeting=meeting.pk)
    point = look(lambda: Point.objects.filter(meeting=meeting)[0])
    before = order(meeting)
    for attempt in (
        lambda: do(write_line, by=cast.lin, meeting=meeting.pk, line="x"),
        lambda: do(add_point, by=cast.lin, meeting=meeting.pk, text="x"),
        lambda: do(move_point, by=cast.lin, meeting=meeting.pk, point=point.pk, up=False),
        lambda: do(reword, by=cast.lin, meeting=meeting.pk, point=point.pk, text="x"),
    ):
        with pytest.raises(NotPossible):
            attempt()
    assert order(meeting) == before


def test_points_stand_in_the_order_they_are_given(cast: Cast) -> None:
    meeting = closed(cast, agreed=3)
    points = look(lambda: list(Point.objects.filter(meeting=meeting)))
    assert order(meeting) == list(GENERAL[:3])
    do(move_point, by=cast.lin, meeting=meeting.pk, point=points[2].pk, up=True)
    do(move_point, by=cast.lin, meeting=meeting.pk, point=points[2].pk, up=True)
    do(move_point, by=cast.lin, meeting=meeting.pk, point=points[2].pk, up=True)  # is first already
    do(move_point, by=cast.lin, meeting=meeting.pk, point=points[1].pk, up=False)  # is last already
    assert order(meeting) == [GENERAL[2], GENERAL[0], GENERAL[1]]


def test_a_point_that_is_not_in_the_summary_cannot_be_moved(cast: Cast) -> None:
    meeting, other = closed(cast), closed(cast)
    foreign = look(lambda: Point.objects.filter(meeting=other)[0])
    with pytest.raises(NotFound):
        do(move_point, by=cast.lin, meeting=meeting.pk, point=foreign.pk, up=True)
    with pytest.raises(NotFound):
        do(reword, by=cast.lin, meeting=meeting.pk, point=foreign.pk, text="x")


def test_a_late_thought_is_not_yet_agreed_and_opens_the_next_read_back(cast: Cast) -> None:
    meeting, key = closed(cast), uuid.uuid4()
    late = do(add_point, by=cast.lin, meeting=meeting.pk, text="A late thought", key=key)
    same = do(add_point, by=cast.lin, meeting=meeting.pk, text="A late thought", key=key)
    with pytest.raises(KeyReused):
        do(add_point, by=cast.lin, meeting=meeting.pk, text="Another", key=key)
    with pytest.raises(Invalid):
        do(add_point, by=cast.lin, meeting=meeting.pk, text=" ")
    assert (late.pk, late.state, order(meeting)) == (same.pk, PointState.RAISED, [GENERAL[0], "A late thought"])
    assert look(lambda: [point.pk for point in points_to_read(live(cast))]) == [late.pk]


def test_new_words_for_an_agreed_point_lose_the_agreement_and_the_old_ones_are_kept(cast: Cast) -> None:
    meeting = closed(cast)
    point = look(lambda: Point.objects.get(meeting=meeting))
    do(reword, by=cast.lin, meeting=meeting.pk, point=point.pk, text=GENERAL[0], seen=point.version)
    assert (again(point).state, again(point).version) == ("agreed", point.version)  # the same words: nothing is lost
    do(reword, by=cast.lin, meeting=meeting.pk, point=point.pk, text="In other words", seen=point.version)
    changed = again(point)
    assert (changed.state, changed.settled_at, changed.version) == ("raised", None, point.version + 1)
    kept = look(lambda: list(Wording.objects.filter(point=point).values_list("n", "text", "agreed")))
    assert kept == [(1, GENERAL[0], True), (2, "In other words", False)]
    with pytest.raises(Stale):
        do(reword, by=cast.mo, meeting=meeting.pk, point=point.pk, text="Mo’s words", seen=point.version)


def test_a_parked_point_stays_parked_in_new_words(cast: Cast) -> None:
    meeting = closed(cast)
    point = look(lambda: Point.objects.get(meeting=meeting))
    look(lambda: Point.objects.filter(pk=point.pk).update(state=PointState.PARKED))
    do(reword, by=cast.lin, meeting=meeting.pk, point=point.pk, text="In other words")
    assert (again(point).state, again(point).settled_at) == ("parked", point.settled_at)


def test_the_line_is_written_by_version(cast: Cast) -> None:
    meeting = closed(cast)
    do(write_line, by=cast.lin, meeting=meeting.pk, line=" Thank you.\r\nAll of you. ", seen=1)
    with pytest.raises(Stale):
        do(write_line, by=cast.mo, meeting=meeting.pk, line="Mo’s line", seen=1)
    do(write_line, by=cast.mo, meeting=meeting.pk, line="Thank you.\nAll of you.", seen=1)  # says what stands: harmless
    stored = look(lambda: Summary.objects.get())
    assert (stored.line, stored.version) == ("Thank you.\nAll of you.", 2)
    with pytest.raises(Invalid):
        do(write_line, by=cast.lin, meeting=meeting.pk, line="x" * 601)


def test_two_who_write_the_first_line_at_once_do_not_write_over_each_other(cast: Cast) -> None:
    meeting = closed(cast)
    address = f"/t/harbour-street/m/{meeting.pk}/summary/"
    lin, mo = client_of(cast.lin), client_of(cast.mo)
    versions = [browser.get(address).context["line_form"]["version"].value() for browser in (lin, mo)]
    answers = [
        browser.post(address, {"line": line, "version": version})
        for browser, line, version in zip((lin, mo), ("Lin’s line", "Mo’s line"), versions, strict=True)
    ]
    assert [answer.status_code for answer in answers] == [303, 409]
    html = answers[1].content.decode()
    assert ("Mo’s line" in html, "Lin’s line" in html) == (True, True)
    assert look(lambda: Summary.objects.get()).line == "Lin’s line"


def test_the_guard_looks_once_more_before_it_leaves_the_house(cast: Cast) -> None:
    meeting = closed(cast)
    look(lambda: Point.objects.filter(meeting=meeting).update(text="Ring 020 7946 0958"))  # from before the guard
    with pytest.raises(Identifying):
        do(send, by=cast.lin, meeting=meeting.pk)
    assert (letters("summary"), count(Delivery)) == ([], 0)


def test_the_page_says_to_how_many_it_went(cast: Cast) -> None:
    meeting = closed(cast)
    stored = do(send, by=cast.lin, meeting=meeting.pk)
    told = look(lambda: sent(again(stored)))
    assert told is not None
    assert (told.total, told.delivered, told.waiting, told.refused) == (MEMBERS, 0, MEMBERS, [])
    with everything("a test"):
        one, two = Letter.objects.filter(kind="summary").order_by("pk")[:2]
        Letter.objects.filter(pk=one.pk).update(state="sent", sent_at=clock.now())
        Letter.objects.filter(pk=two.pk).update(state="failed")
    told = look(lambda: sent(again(stored)))
    assert told is not None
    assert (told.delivered, told.waiting, len(told.refused)) == (1, MEMBERS - 2, 1)


def test_a_point_said_aloud_and_never_written_is_in_no_summary(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting)
    do(close, by=cast.ada, meeting=meeting.pk)
    with everything("a test"):
        Point.objects.create(team=cast.team, meeting=meeting, state=PointState.RAISED, text="", position=9)
    assert order(meeting) == [GENERAL[0]]


def test_a_letter_written_under_a_moved_clock_is_held(cast: Cast) -> None:
    with clock.at(clock.now() - timedelta(days=3)):
        meeting = closed(cast)
        do(send, by=cast.lin, meeting=meeting.pk)
    assert {letter.state for letter in letters("summary")} == {"held"}
