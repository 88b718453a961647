"""Who may hear what changes in a meeting, asked for many at once: when they come, and again every second or two."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.live import MEMBER, WALL, Admission, Asked, NotSignedIn, Watching
from meetings.models import WallCode
from meetings.rules import admit_listeners, lapsed_listeners, wall_token
from meetings.services import running
from teams.services.members import leave
from tests import marks
from tests.cast import Cast, client_of, do, live, look

pytestmark = marks.ROWS


def session_of(cast: Cast, name: str) -> str:
    return client_of(cast.us[name]).session.session_key or ""


def test_a_whole_room_is_let_in_by_as_many_questions_as_one_person(cast: Cast) -> None:
    meeting = live(cast)
    asked = [Asked(meeting.pk, session_of(cast, name), None) for name in ("Ada", "Lin", "Sol", "Ben", "Mo")]
    asked += [Asked(meeting.pk, "nobody’s", None), Asked(0, asked[0].session, None)]

    def counted(who: list[Asked]) -> tuple[list[Admission | NotSignedIn | None], int]:
        with CaptureQueriesContext(connection) as queries:
            return admit_listeners(who), len(queries.captured_queries)

    found, many = look(lambda: counted(asked))
    _, one = look(lambda: counted(asked[:1]))
    assert many == one
    members = [each.member for each in found[:5] if isinstance(each, Admission)]
    assert members == [cast.us[name].pk for name in ("Ada", "Lin", "Sol", "Ben", "Mo")]
    assert isinstance(found[5], NotSignedIn)
    assert found[6] is None


@pytest.mark.parametrize("how", ["nothing", "leaves", "signs out", "expires"])
def test_who_may_not_hear_any_more_is_named_and_nobody_else(cast: Cast, how: str) -> None:
    meeting = live(cast)
    key, other = session_of(cast, "Ben"), session_of(cast, "Sol")
    ben = Watching(meeting.pk, MEMBER, cast.ben.pk, cast.ben.user_id, None, key, None)
    sol = Watching(meeting.pk, MEMBER, cast.sol.pk, cast.sol.user_id, None, other, None)
    if how == "leaves":
        do(leave, by=cast.mo, member=cast.ben)
    if how == "signs out":
        Session.objects.filter(session_key=key).delete()
    if how == "expires":
        Session.objects.filter(session_key=key).update(expire_date=clock.now() - timedelta(seconds=1))
    assert look(lambda: lapsed_listeners({ben, sol})) == (set() if how == "nothing" else {ben})


def test_a_walls_stream_ends_with_its_meeting(cast: Cast) -> None:
    meeting = live(cast)
    token = wall_token(look(lambda: WallCode.objects.get(meeting=meeting).code))
    wall = Watching(meeting.pk, WALL, None, None, None, None, token)
    wrong = Watching(meeting.pk, WALL, None, None, None, None, wall_token("AAA222"))
    assert look(lambda: lapsed_listeners({wall, wrong})) == {wrong}
    do(running.close, by=cast.ada, meeting=meeting.pk)
    assert look(lambda: lapsed_listeners({wall})) == {wall}
