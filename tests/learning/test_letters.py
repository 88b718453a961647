"""What the prompt and the summary say, and what they never say."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from core import clock
from core.scope import everything
from learning.models import Jotting, Observation, Offer, Point, ReadBack, Summary
from learning.roles import Outcome, PointState
from learning.services.prompt import prompt_holder
from meetings.models import Meeting, Phase, Seat
from meetings.roles import SeatKind
from teams.models import Letter, Membership, Team, User
from teams.services.letters import drain, post_letter
from tests.postbox import Postbox, Taken, postbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

STARTS = datetime(2026, 9, 22, 9, 0, tzinfo=UTC)  # 10:00 in London


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox() as box:
        settings.EMAIL_URL = box.url
        settings.PUBLIC_URL = "https://learning.example"
        yield box


@pytest.fixture
def team() -> Team:
    with everything("a test"):
        team = Team.objects.create(slug="harbour-street", name="Harbour Street outreach")
        for name in ("Ada Okafor", "Lin Chen", "Mo Haddad", "Rosa Lindqvist"):
            user = User.objects.create_user(f"{name.split()[0]}@harbour.example", name)
            Membership.objects.create(team=team, user=user, is_lead=name[0] in "MR")
        return team


def member(name: str) -> Membership:
    return Membership.objects.get(user__name__startswith=name)


@pytest.fixture
def meeting(team: Team) -> Meeting:
    with everything("a test"):
        over = STARTS + timedelta(minutes=60)
        meeting = Meeting.objects.create(team=team, starts=STARTS, phase=Phase.CLOSED, began_at=STARTS, closed_at=over)
        Seat.objects.create(
            team=team, meeting=meeting, kind=SeatKind.LEARNING, member=member("Lin"), how="taken", since=STARTS
        )
        return meeting


def say(meeting: Meeting, state: PointState, text: str, position: int = 1, **more: Any) -> None:
    settled = STARTS if state in (PointState.AGREED, PointState.PARKED, PointState.LEFT) else None
    Point.objects.create(
        team=meeting.team, meeting=meeting, state=state, text=text, position=position, settled_at=settled, **more
    )


def sent(box: Postbox, on: datetime) -> list[Taken]:
    """Whatever the outbox holds leaves on that day, though it was written under the tests' own clock."""
    with clock.at(on):
        while drain():
            pass
    return box.journal


def unheld() -> None:
    with everything("a test"):
        Letter.objects.exclude(kind="reminder").update(due_at=STARTS)


def test_the_prompt_counts_what_waits_and_holds_no_words(meeting: Meeting, box: Postbox) -> None:
    with everything("a test"):
        lin = member("Lin")
        say(meeting, PointState.AGREED, "heron one")
        say(meeting, PointState.AGREED, "heron two")
        say(meeting, PointState.PARKED, "heron three")
        say(meeting, PointState.RAISED, "heron four")
        Observation.objects.create(team=meeting.team, meeting=meeting, by=lin, text="heron five")
        Jotting.objects.create(team=meeting.team, meeting=meeting, author=lin, text="heron six")
        Offer.objects.create(team=meeting.team, meeting=meeting, by=lin, text="heron seven")
        prompt_holder(meeting.pk)
        prompt_holder(meeting.pk)
    unheld()
    (letter,) = sent(box, STARTS + timedelta(hours=2))
    assert letter.to == "lin@harbour.example"
    assert str(letter.message["Subject"]) == "Harbour Street outreach: two points are ready to send"
    counts = "two points the team agreed, one that was parked, one that wasn’t reached, and one thing you noticed"
    for body in (letter.text, letter.html):
        assert f"Today’s meeting is over. Waiting for you: {counts}." in body
        assert f"https://learning.example/t/harbour-street/m/{meeting.pk}/summary/" in body
        assert "They are deleted on 6 October." in body
        assert "No time now? We’ll remind you once, tomorrow morning." in body
        assert "If it’s still here on Thursday, Mo or Rosa will be asked to send it for you." in body
    assert b"heron" not in letter.content


def test_with_no_points_the_prompt_is_at_ease(meeting: Meeting, box: Postbox) -> None:
    with everything("a test"):
        prompt_holder(meeting.pk)
    unheld()
    (letter,) = sent(box, STARTS + timedelta(hours=20))
    assert str(letter.message["Subject"]) == "Harbour Street outreach: the summary is ready to send"
    assert "The meeting on 22 September is over. No points this time. That’s fine." in letter.text


def test_the_prompt_is_pointless_once_the_summary_was_sent(meeting: Meeting, box: Postbox) -> None:
    with everything("a test"):
        prompt_holder(meeting.pk)
        Summary.objects.update(sent_at=STARTS, sent_by=member("Lin"))
    unheld()
    assert sent(box, STARTS + timedelta(hours=2)) == []


def test_the_summary_reads_well_alone(meeting: Meeting, box: Postbox) -> None:
    with everything("a test"):
        lin, ada = member("Lin"), member("Ada")
        say(meeting, PointState.AGREED, "When two services disagree, ask each what worries them most", 2, owner=ada)
        say(
            meeting,
            PointState.AGREED,
            "A short call <before> a first visit",
            1,
            applies="For first visits",
            action="We ring.",
        )
        say(meeting, PointState.RAISED, "Ask who else knows", 3)
        say(meeting, PointState.LEFT, "heron left", 4)
        say(meeting, PointState.WAITING, "heron waiting", 5)
        Observation.objects.create(team=meeting.team, meeting=meeting, by=lin, text="we slowed down")
        Jotting.objects.create(team=meeting.team, meeting=meeting, author=lin, text="heron jotted")
        line = "Thank you for staying.\nSee you on Tuesday."
        summary = Summary.objects.create(team=meeting.team, meeting=meeting, line=line, sent_at=STARTS, sent_by=lin)
        key = "summary:1"
        post_letter("summary", key=key, to=ada.user, team=meeting.team, summary=summary.pk, member=ada.pk)
    unheld()
    (letter,) = sent(box, STARTS + timedelta(hours=2))
    assert str(letter.message["Subject"]) == "Harbour Street outreach: what we learned, 22 September"
    assert str(letter.message["From"]).startswith('"Lin Chen, by Keeping in Mind" <')
    assert str(letter.message["To"]) == "ada@harbour.example"
    stop = letter.message["List-Unsubscribe"].strip("<>")
    assert (
        letter.text
        == f"""\
What we learned on 22 September
Lin kept our learning in mind.

1. A short call <before> a first visit
   Agreed by those here. For first visits. We ring.

2. When two services disagree, ask each what worries them most
   Agreed by those here. Ada sees to it.

3. Ask who else knows
   Not yet agreed.

Lin noticed: we slowed down

Thank you for staying.
See you on Tuesday.
Lin

The meeting’s page:
https://learning.example/t/harbour-street/m/{meeting.pk}/

{"-- "}
You get this because you are in Harbour Street outreach.

Choose your mail:
https://learning.example/you/letters/

Stop these:
{stop}
"""
    )
    assert "A short call &lt;before&gt; a first visit" in letter.html
    assert "Lin kept our learning in mind" in letter.html
    assert b"heron" not in letter.content


def test_letters_hold_no_picture_no_script_and_no_outside_host(meeting: Meeting, box: Postbox) -> None:
    with everything("a test"):
        prompt_holder(meeting.pk)
    unheld()
    (letter,) = sent(box, STARTS + timedelta(hours=2))
    assert re.findall(r"<(?:img|script|link|iframe)\b|url\(|@import", letter.html) == []
    assert set(re.findall(r"https?://([^/\"<]+)", letter.html)) == {"learning.example"}


def test_no_learning_point_today_is_fine(meeting: Meeting, box: Postbox) -> None:
    with everything("a test"):
        lin = member("Lin")
        ReadBack.objects.create(team=meeting.team, meeting=meeting, outcome=Outcome.NONE_TODAY, by=lin, ended_at=STARTS)
        summary = Summary.objects.create(team=meeting.team, meeting=meeting, sent_at=STARTS, sent_by=lin)
        post_letter("summary", key="summary:1", to=lin.user, team=meeting.team, summary=summary.pk, member=lin.pk)
    unheld()
    (letter,) = sent(box, STARTS + timedelta(hours=2))
    assert "No learning point today. That’s fine." in letter.text


def test_whoever_has_left_the_team_gets_no_summary(meeting: Meeting, box: Postbox) -> None:
    with everything("a test"):
        ada = member("Ada")
        summary = Summary.objects.create(team=meeting.team, meeting=meeting, sent_at=STARTS, sent_by=member("Lin"))
        post_letter("summary", key="summary:1", to=ada.user, team=meeting.team, summary=summary.pk, member=ada.pk)
        Membership.objects.filter(pk=ada.pk).update(until=clock.now())
    unheld()
    assert sent(box, STARTS + timedelta(hours=2)) == []
