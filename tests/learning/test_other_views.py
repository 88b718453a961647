"""I see it differently: kept beside the point whatever its outcome, as large as the rest, and nobody's."""

import uuid
from typing import Any

import pytest
from django.db import connections

from core.errors import Invalid, KeyReused, NotFound, NotPossible
from core.guard import Identifying
from learning.letters import prompt
from learning.models import OtherView, Point, Summary
from learning.queries import record_of
from learning.roles import PointState
from learning.services.other_views import see_differently
from learning.services.read_back import first_point, points_to_read, settle, start, stop, type_words
from learning.services.summary import reword, send
from meetings.models import Meeting, Tap, WallCode
from meetings.rules import wall_token
from meetings.services.running import close
from meetings.services.taps import undo
from teams.models import Activity, Letter
from tests.cast import (
    Cast,
    again,
    client_of,
    count,
    do,
    live,
    look,
    overheard,
    raised,
    read_back_of,
    reading,
    where_stored,
)
from tests.cast import settle as settled_by_sol
from tests.marks import ROWS

pytestmark = ROWS

CANARY = "With some people, say the plan first: nightheron"


def view(cast: Cast, meeting: Meeting, point: Point, name: str = "Ben", text: str = CANARY) -> OtherView:
    return do(see_differently, by=cast.us[name], meeting=meeting.pk, point=point.pk, text=text)


def screen(cast: Cast, name: str, meeting: Meeting) -> str:
    return client_of(cast.us[name]).get(f"/t/harbour-street/m/{meeting.pk}/").content.decode()


def wall(meeting: Meeting) -> str:
    code = look(lambda: WallCode.objects.get(meeting=meeting).code)
    return client_of(None).get(f"/wall/{wall_token(code)}/").content.decode()


def test_anybody_says_it_without_the_pen_and_every_screen_shows_it_at_once(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    with overheard() as heard:
        view(cast, meeting, point, "Kit")
    [told] = heard
    assert (told["subjects"], told["own"]) == (["views"], {})
    assert [CANARY in told["html"][audience] for audience in ("member", "wall")] == [True, True]
    assert [name for name in ("Ben", "Sol", "Lin", "Ada") if CANARY not in screen(cast, name, meeting)] == []
    assert CANARY in wall(meeting)
    for name in ("Ben", "Sol"):  # with the pen or without: a field in place
        assert "I see it differently" in screen(cast, name, meeting)
    assert read_back_of(meeting).pen_id == cast.sol.pk


def _rows() -> dict[str, set[str]]:
    """Every row of every table, as the owner sees them."""
    with connections["owner"].cursor() as cursor:
        found = {}
        for name in connections["owner"].introspection.table_names(cursor):
            cursor.execute(f"SELECT row::text FROM {name} row")
            found[name] = {text for (text,) in cursor.fetchall()}
        return found


def _left_behind(cast: Cast, name: str, address: str) -> dict[str, set[str]]:
    browser = client_of(cast.us[name])
    before = _rows()
    answer = browser.post(address, {"text": CANARY, "key": str(uuid.uuid4())})
    assert answer.status_code == 303
    after = _rows()
    return {table: after[table] - before[table] for table in after if after[table] != before[table]}


def test_who_said_it_is_kept_nowhere(cast: Cast) -> None:
    """What two people's posts leave behind in the whole database: the same tables, and no trace of either."""
    meeting, [point] = reading(cast)
    address = f"/t/harbour-street/m/{meeting.pk}/read-back/{point.pk}/differently/"
    before = again(meeting)
    traces = [_left_behind(cast, name, address) for name in ("Ben", "Kit")]
    tables = {"learning_otherview", "meetings_meeting", "teams_activity"}
    assert [set(trace) for trace in traces] == [tables, tables]
    fields = {field.name for field in OtherView._meta.get_fields()}
    assert fields == {"id", "key", "team", "meeting", "point", "text"}  # no author, and no time either
    assert look(lambda: [each.actor_id for each in Activity.objects.filter(verb="seen differently")]) == [None, None]
    now = again(meeting)
    assert {key for key, value in now.changed.items() if before.changed.get(key) != value} == {"views"}
    assert count(Tap, by=cast.ben) + count(Tap, by=cast.kit) == 0  # nothing to undo, since that would say whose it was
    with pytest.raises(NotPossible):
        do(undo, by=cast.ben, meeting=meeting.pk, tap=0)


def test_its_words_stand_in_its_own_row_alone(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    view(cast, meeting, point)
    assert where_stored("nightheron") == ["learning_otherview"]


@pytest.mark.parametrize("text", ["NHS 943 476 5919", "  ", "x" * 501])
def test_it_is_guarded_like_all_words_that_others_read(cast: Cast, text: str) -> None:
    meeting, [point] = reading(cast)
    with overheard() as heard, pytest.raises(Invalid) as refused:
        view(cast, meeting, point, text=text)
    assert (refused.value.field, heard, count(OtherView)) == ("text", [], 0)
    assert isinstance(refused.value, Identifying) is ("NHS" in text)
    address = f"/t/harbour-street/m/{meeting.pk}/read-back/{point.pk}/differently/"
    answer = client_of(cast.ben).post(address, {"text": text}, headers={"HX-Request": "true"})
    assert answer.status_code == 422
    assert text.strip() in answer.content.decode()


def test_a_double_post_is_one_view_and_its_key_never_means_two(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    given: dict[str, Any] = {"meeting": meeting.pk, "point": point.pk, "key": uuid.uuid4()}
    for _ in range(2):
        do(see_differently, by=cast.ben, text=CANARY, **given)
    with pytest.raises(KeyReused):
        do(see_differently, by=cast.ben, text="Other words", **given)
    assert count(OtherView) == 1


def test_it_is_kept_for_a_point_that_has_or_had_its_turn_here(cast: Cast) -> None:
    meeting, [one, two] = reading(cast, 2)
    with pytest.raises(NotPossible):
        view(cast, meeting, two)
    settled_by_sol(cast, meeting, one)
    view(cast, meeting, one)  # typed while it was settled
    view(cast, meeting, two)
    do(stop, by=cast.sol, meeting=meeting.pk)
    with pytest.raises(NotPossible):
        view(cast, meeting, two)
    [elsewhere] = raised(cast, live(cast))
    with pytest.raises(NotFound):
        view(cast, meeting, elsewhere)
    do(close, by=cast.ada, meeting=meeting.pk)
    with pytest.raises(NotPossible):
        view(cast, meeting, one)
    assert count(OtherView) == 2


def test_two_views_is_an_outcome_only_where_there_are_two(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    two: dict[str, Any] = {"meeting": meeting.pk, "point": point.pk, "outcome": PointState.TWO_VIEWS}
    assert "Two views: keep both" not in screen(cast, "Sol", meeting)
    with pytest.raises(Invalid):
        do(settle, by=cast.sol, **two)
    view(cast, meeting, point)
    assert "Two views: keep both" in screen(cast, "Sol", meeting)
    assert "Two views: keep both" in screen(cast, "Ada", meeting)  # who chairs
    assert "Two views: keep both" not in screen(cast, "Ben", meeting)
    with pytest.raises(Invalid):
        do(settle, by=cast.sol, words=("", "", "", None), **two)
    do(settle, by=cast.sol, **two)
    settled = again(point)
    assert (settled.state, settled.settled_at is not None) == ("two_views", True)
    with pytest.raises(NotPossible):
        do(settle, by=cast.sol, **two)


def test_the_counts_say_it_and_it_is_not_carried_over(cast: Cast) -> None:
    meeting, [one, two, three] = reading(cast, 3)
    settled_by_sol(cast, meeting, one)
    view(cast, meeting, two)
    settled_by_sol(cast, meeting, two, PointState.TWO_VIEWS)
    settled_by_sol(cast, meeting, three, PointState.PARKED)
    for html in (screen(cast, "Ben", meeting), wall(meeting)):
        assert "1 agreed, 1 with two views, 1 parked" in html
    do(close, by=cast.ada, meeting=meeting.pk)
    assert look(lambda: points_to_read(live(cast))) == []
    record = look(lambda: record_of(again(meeting)))
    assert [point.pk for point in record.points] == [one.pk, two.pk, three.pk]
    assert record.carried == []


def test_it_goes_with_the_point_to_the_page_the_compose_page_the_letter_and_what_was_frozen(cast: Cast) -> None:
    meeting, [agreed, differs] = reading(cast, 2)
    view(cast, meeting, agreed, text="Some agreed with a sigh: redshank")
    settled_by_sol(cast, meeting, agreed)  # whatever the outcome
    view(cast, meeting, differs)
    settled_by_sol(cast, meeting, differs, PointState.TWO_VIEWS)
    do(close, by=cast.ada, meeting=meeting.pk)
    lin, address = client_of(cast.lin), f"/t/harbour-street/m/{meeting.pk}/"
    asked = look(lambda: prompt(Letter.objects.get(kind="prompt", data__meeting=meeting.pk)))
    assert asked is not None
    assert "one point the team agreed and one with two views" in " ".join(asked.text.split())
    for page in (address, f"{address}summary/"):
        html = lin.get(page).content.decode()
        assert ("redshank" in html, CANARY in html, "A different view:" in html) == (True, True, True)
        assert "Two views" in html
    do(send, by=cast.lin, meeting=meeting.pk)
    sent = look(lambda: Summary.objects.get(meeting=meeting))
    for words in (sent.text, sent.html):
        assert f"A different view: “{CANARY}”" in words
        assert "Two views. Not agreed now; it may be later." in words
    assert CANARY in lin.get(f"{address}summary/sent/1/").content.decode()


def test_new_words_after_the_meeting_leave_the_other_view_where_it_is(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    view(cast, meeting, point)
    settled_by_sol(cast, meeting, point, PointState.TWO_VIEWS)
    do(close, by=cast.ada, meeting=meeting.pk)
    do(reword, by=cast.lin, meeting=meeting.pk, point=point.pk, text="In other words")
    assert (again(point).state, count(OtherView, point=point)) == ("two_views", 1)


def test_a_point_carried_over_brings_its_other_view_along(cast: Cast) -> None:
    meeting, [point] = reading(cast)
    view(cast, meeting, point)
    do(close, by=cast.ada, meeting=meeting.pk)
    later = live(cast, holder="Ben")
    do(start, by=cast.ben, meeting=later.pk)
    assert "Raised, not yet agreed" in screen(cast, "Kit", later)
    do(first_point, by=cast.ben, meeting=later.pk)
    do(type_words, by=cast.sol, meeting=later.pk, point=point.pk, text="Better words")
    assert CANARY in screen(cast, "Kit", later)
    do(settle, by=cast.sol, meeting=later.pk, point=point.pk, outcome=PointState.TWO_VIEWS)
