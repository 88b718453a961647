"""The beginnings of the dashboard, equal to a recount from the rows by other means."""

from datetime import timedelta
from typing import Any

from django.db import connection

from core import clock
from core.scope import everything, scope
from learning.queries import figures, waiting_for
from learning.roles import Outcome, PointState
from learning.services.points import raise_point
from learning.services.read_back import without_points
from learning.services.summary import send
from meetings.models import Meeting
from meetings.roles import SeatKind
from meetings.services.planning import cancel
from meetings.services.running import close
from meetings.services.seats import leave_seat, take_seat
from teams.queries import people
from teams.services.members import leave
from tests.cast import Cast, client_of, closed, do, live, person_of, planned, reading, settle
from tests.marks import ROWS

pytestmark = ROWS


def of(cast: Cast, name: str) -> dict[str, Any]:
    someone = person_of(getattr(cast, name))
    with scope(*someone.team_ids):
        found = figures(someone, Meeting.objects.visible_to(someone), len(people(someone)))
        return {key: value for key, value in vars(found).items() if key != "meetings"}


RECOUNT = """
WITH m AS (SELECT * FROM meetings_meeting WHERE team_id = %(team)s AND phase IN ('closed', 'cancelled')),
     held AS (SELECT * FROM m WHERE phase = 'closed')
SELECT
 (SELECT count(*) FROM m) AS planned,
 (SELECT count(*) FROM held) AS held,
 (SELECT count(*) FROM m WHERE phase = 'cancelled') AS cancelled,
 (SELECT count(DISTINCT meeting_id) FROM meetings_seat
   WHERE kind = 'learning' AND until IS NULL AND meeting_id IN (SELECT id FROM held)) AS holder_named,
 (SELECT count(*) FROM learning_readback
   WHERE outcome IN ('points', 'none_today') AND meeting_id IN (SELECT id FROM held)) AS read_back,
 (SELECT count(*) FROM learning_summary WHERE sent_at IS NOT NULL AND meeting_id IN (SELECT id FROM held)) AS summary_sent,
 (SELECT count(*) FROM learning_point WHERE state <> 'waiting' AND meeting_id IN (SELECT id FROM held)) AS raised,
 (SELECT count(*) FROM learning_point WHERE state = 'agreed' AND meeting_id IN (SELECT id FROM held)) AS agreed,
 (SELECT count(*) FROM teams_membership WHERE team_id = %(team)s AND until IS NULL) AS members,
 (SELECT count(DISTINCT s.member_id) FROM meetings_seat s JOIN teams_membership t ON t.id = s.member_id
   WHERE s.kind = 'learning' AND s.until IS NULL AND t.until IS NULL
     AND s.meeting_id IN (SELECT id FROM held)) AS have_held
"""


def recount(team: int) -> dict[str, Any]:
    with everything("a recount"), connection.cursor() as cursor:
        cursor.execute(RECOUNT, {"team": team})
        assert cursor.description is not None
        return dict(zip((column.name for column in cursor.description), cursor.fetchone(), strict=True))


def history(cast: Cast) -> None:
    """Meetings of every kind."""
    first = closed(cast, agreed=2)
    do(send, by=cast.lin, meeting=first.pk)
    second, [one, two, _three] = reading(cast, 3)
    settle(cast, second, one)
    settle(cast, second, two, PointState.PARKED)
    do(take_seat, by=cast.ada, meeting=second.pk, kind=SeatKind.LEARNING, member=cast.ben)
    do(close, by=cast.ada, meeting=second.pk)
    none_today = live(cast, holder="Kit")
    do(without_points, by=cast.kit, meeting=none_today.pk, outcome=Outcome.NONE_TODAY)
    do(close, by=cast.ada, meeting=none_today.pk)
    do(send, by=cast.mo, meeting=none_today.pk)
    no_time = live(cast)
    do(raise_point, by=cast.lin, meeting=no_time.pk, text="Not reached")
    do(without_points, by=cast.lin, meeting=no_time.pk, outcome=Outcome.NO_TIME)
    do(leave_seat, by=cast.lin, meeting=no_time.pk, kind=SeatKind.LEARNING)
    do(close, by=cast.ada, meeting=no_time.pk)
    called_off = planned(cast)
    do(cancel, by=cast.mo, meeting=called_off.pk)
    planned(cast)
    live(cast)
    do(leave, by=cast.mo, member=cast.kit)


def test_the_figures_are_what_the_history_says(cast: Cast) -> None:
    history(cast)
    assert of(cast, "mo") == {
        "planned": 5,
        "held": 4,
        "cancelled": 1,
        "holder_named": 3,
        "read_back": 3,
        "summary_sent": 2,
        "raised": 6,
        "agreed": 3,
        "members": 8,
        "have_held": 2,
    }


def test_the_figures_equal_a_recount_from_the_rows_for_every_member_and_for_the_other_team(cast: Cast) -> None:
    history(cast)
    assert of(cast, "mo") == recount(cast.team.pk) == of(cast, "ben")
    assert of(cast, "otto") == recount(cast.other.pk)
    assert of(cast, "otto")["held"] == 0


def test_a_team_without_meetings_has_naughts(cast: Cast) -> None:
    found = of(cast, "mo")
    assert (found.pop("members"), set(found.values())) == (9, {0})


def test_the_page_shows_the_same_numbers(cast: Cast) -> None:
    history(cast)
    context = client_of(cast.mo).get("/t/harbour-street/learning/").context
    shown = {key: value for key, value in vars(context["figures"]).items() if key != "meetings"}
    assert shown == recount(cast.team.pk)
    assert len(context["figures"].meetings) == 5


def to_send(cast: Cast, name: str) -> list[int]:
    """The meetings whose summary waits for this person."""
    person = person_of(getattr(cast, name))
    with scope(cast.team.pk):
        return [each.meeting.pk for each in waiting_for(person, lead=person.member.is_lead) if each.meeting]


def test_what_waits_to_be_sent_waits_for_whoever_held_the_seat_and_in_the_end_for_leads(cast: Cast) -> None:
    over = closed(cast)
    assert {name: to_send(cast, name) for name in ("lin", "ben", "mo")} == {"lin": [over.pk], "ben": [], "mo": []}
    with clock.at(clock.now() + timedelta(days=6)):
        assert {name: to_send(cast, name) for name in ("lin", "ben", "mo")} == {
            "lin": [over.pk],
            "ben": [],
            "mo": [over.pk],
        }
    with clock.at(clock.now() + timedelta(days=36)):
        assert to_send(cast, "lin") == to_send(cast, "mo") == []
    do(send, by=cast.lin, meeting=over.pk)
    assert to_send(cast, "lin") == []


def test_an_old_unsent_summary_does_not_hide_a_fresh_one(cast: Cast) -> None:
    fresh = closed(cast)
    with clock.at(clock.now() - timedelta(days=40)):
        for _ in range(2):
            closed(cast)
    assert to_send(cast, "lin") == [fresh.pk]
