"""After sending: a second version that replaces the first and says so; the page keeps both, with when, by whom and to whom."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from core import clock, mail
from core.errors import NotAllowed, NotPossible, Stale
from core.scope import everything
from learning.models import Delivery, Point, Summary
from learning.queries import Wait, sent, waiting_for
from learning.services.summary import add_point, begin_again, reword, send, throw_away, write_line
from meetings.models import How, Meeting, Seat
from meetings.services.planning import plan_meeting
from teams.models import Letter
from teams.models.letter import LetterState
from teams.roles import HolderRule, RaiseRule
from teams.services.choices import choose
from teams.services.members import leave
from teams.services.teams import change_agreement
from tests.cast import Cast, again, client_of, closed, count, do, gather_cast, look, person_of, verbs
from tests.learning.asked import leaves, letters
from tests.marks import ROWS

pytestmark = ROWS

TUESDAY = datetime(2026, 9, 22, 9, 55, tzinfo=ZoneInfo("Europe/London"))
NOON = TUESDAY + timedelta(hours=2, minutes=9)  # 12:04


@pytest.fixture
def cast(transactional_db: Any) -> Cast:
    with clock.at(TUESDAY):
        return gather_cast()


@pytest.fixture(autouse=True)
def tuesday(cast: Cast) -> Iterator[None]:
    with clock.at(TUESDAY):
        yield


@pytest.fixture
def meeting(cast: Cast) -> Meeting:
    """Closed, its summary sent at 12:04."""
    found = closed(cast)
    do(write_line, by=cast.lin, meeting=found.pk, line="Thank you")
    with clock.at(NOON):
        do(send, by=cast.lin, meeting=found.pk)
    return found


def editions(meeting: Meeting) -> list[Summary]:
    return look(lambda: list(Summary.objects.filter(meeting=meeting).order_by("edition")))


def test_the_second_version_goes_to_everybody_again_marked_as_such(cast: Cast, meeting: Meeting) -> None:
    with clock.at(NOON + timedelta(days=1)):
        do(begin_again, by=cast.mo, meeting=meeting.pk)
        do(add_point, by=cast.mo, meeting=meeting.pk, text="Ring twice")
        do(leave, by=cast.mo, member=cast.nia)
        do(send, by=cast.mo, meeting=meeting.pk)
    first, second = editions(meeting)
    assert (first.line, second.line, second.edition) == ("Thank you", "Thank you", 2)
    assert second.subject == "Harbour Street outreach: what we learned, 22 September (second version)"
    replaces = "This is the second version. It replaces the one sent on 22 September, 12:04."
    assert second.text.startswith(replaces)
    assert "It replaces the one sent on 22 September, 12:04." in second.html
    assert ("Ring twice" in second.text, "Ring twice" in first.text, replaces in first.text) == (True, False, False)
    assert (first.sent_by_id, second.sent_by_id) == (cast.lin.pk, cast.mo.pk)
    assert [look(lambda each=each: Delivery.objects.filter(summary=each).count()) for each in (first, second)] == [9, 8]  # type: ignore[misc]
    keys = [letter.key for letter in letters("summary")]
    assert len({mail.message_id(key) for key in keys}) == len(keys) == 17
    assert f"summary:meeting-{meeting.pk}:edition-2:member-{cast.ben.pk}" in keys
    [late] = [letter for letter in letters("summary") if letter.user_id == cast.ben.user_id][1:]
    left = leaves(late)
    assert left is not None
    assert left.subject.endswith("(second version)")


def test_an_edition_that_waited_does_not_leave_after_the_one_that_replaced_it(cast: Cast, meeting: Meeting) -> None:
    do(begin_again, by=cast.lin, meeting=meeting.pk)
    first = letters("summary")
    assert None not in [leaves(letter) for letter in first]  # the second is begun, and not sent
    do(send, by=cast.lin, meeting=meeting.pk)
    assert [leaves(letter) for letter in first] == [None] * 9
    assert None not in [leaves(letter) for letter in letters("summary")[9:]]


def test_a_double_click_makes_one_and_an_old_page_none(cast: Cast, meeting: Meeting) -> None:
    for _ in range(2):
        assert do(begin_again, by=cast.lin, meeting=meeting.pk, after=1).edition == 2
    do(send, by=cast.lin, meeting=meeting.pk, edition=2)
    assert do(begin_again, by=cast.lin, meeting=meeting.pk, after=1).edition == 2  # the page that showed the first
    assert do(begin_again, by=cast.lin, meeting=meeting.pk, after=2).edition == 3
    assert verbs(cast.team).count("summary begun again") == 2


def test_sending_the_first_again_from_an_old_page_does_not_send_the_second(cast: Cast, meeting: Meeting) -> None:
    do(begin_again, by=cast.lin, meeting=meeting.pk)
    assert do(send, by=cast.lin, meeting=meeting.pk, edition=1).edition == 1
    with pytest.raises(Stale):
        do(write_line, by=cast.lin, meeting=meeting.pk, line="Other words", seen=2)  # the version of the first
    assert [each.is_sent for each in editions(meeting)] == [True, False]
    for _ in range(2):
        do(send, by=cast.lin, meeting=meeting.pk, edition=2)
    assert len(letters("summary")) == 18


def test_only_whoever_may_send_begins_one_and_only_after_sending(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(NotAllowed):
        do(begin_again, by=cast.ben, meeting=meeting.pk)
    unsent = closed(cast)
    assert do(begin_again, by=cast.lin, meeting=unsent.pk).edition == 1
    assert len(editions(unsent)) == 1


def test_it_is_thrown_away_unless_somebody_wrote_in_it(cast: Cast, meeting: Meeting) -> None:
    with pytest.raises(NotPossible):
        do(throw_away, by=cast.lin, meeting=closed(cast).pk)  # the first edition
    two = do(begin_again, by=cast.lin, meeting=meeting.pk)
    with pytest.raises(NotAllowed):
        do(throw_away, by=cast.ben, meeting=meeting.pk, edition=2)
    do(write_line, by=cast.mo, meeting=meeting.pk, line="Mo’s line")
    with pytest.raises(Stale):
        do(throw_away, by=cast.lin, meeting=meeting.pk, edition=2, seen=two.version)
    for _ in range(2):
        do(throw_away, by=cast.lin, meeting=meeting.pk, edition=2)
    assert [each.edition for each in editions(meeting)] == [1]
    with pytest.raises(NotPossible):  # a page that still shows it
        do(send, by=cast.lin, meeting=meeting.pk, edition=2)
    assert len(letters("summary")) == 9


def test_throwing_away_what_was_sent_does_nothing(cast: Cast, meeting: Meeting) -> None:
    do(begin_again, by=cast.lin, meeting=meeting.pk)
    do(send, by=cast.lin, meeting=meeting.pk)
    do(throw_away, by=cast.lin, meeting=meeting.pk)
    assert len(editions(meeting)) == 2


def test_a_point_in_new_words_says_that_it_is_not_yet_agreed(cast: Cast, meeting: Meeting) -> None:
    point = look(lambda: Point.objects.get(meeting=meeting))
    do(begin_again, by=cast.lin, meeting=meeting.pk)
    do(reword, by=cast.lin, meeting=meeting.pk, point=point.pk, text="In other words")
    do(send, by=cast.lin, meeting=meeting.pk)
    assert "1. In other words\n   Not yet agreed." in editions(meeting)[1].text
    assert "Agreed by those here." in editions(meeting)[0].text


def test_nobody_is_asked_to_take_a_second_version_over(cast: Cast, meeting: Meeting) -> None:
    again_begun = do(begin_again, by=cast.lin, meeting=meeting.pk)
    assert again_begun.ask_leads_at is None


# --- on the page ---


def test_the_pages_keep_both_with_when_by_whom_and_to_whom(cast: Cast, meeting: Meeting) -> None:
    address, lin, kit = f"/t/harbour-street/m/{meeting.pk}/", client_of(cast.lin), client_of(cast.kit)
    with clock.at(NOON + timedelta(days=1)):
        assert lin.post(f"{address}summary/again/", {"edition": "1"})["Location"] == f"{address}summary/"
        html = lin.get(f"{address}summary/").content.decode()
        assert "This is the second version. Sent, it replaces the one of 22 September, 12:04" in html
        assert "Don’t send it" in html
        html = kit.get(address).content.decode()
        assert ("Sent to 9 at 12:04." in html, "A new version is begun" in html) == (True, False)
        assert "A new version is begun" in lin.get(address).content.decode()
        assert lin.post(f"{address}summary/", {"line": "Thanks", "send": "1", "edition": "2"}).status_code == 303
    html = kit.get(address).content.decode()
    assert "Sent to 9 on 23 September at 12:04." in html
    assert "22 September, 12:04, by Lin" in html
    assert "23 September, 12:04, by Lin" in html
    first, second = (kit.get(f"{address}summary/sent/{n}/").content.decode() for n in (1, 2))
    assert "Ada, Ben, Idris, Kit, Lin, Mo, Nia, Rosa and Sol." in first
    assert ("Thank you" in first, "This is the second version" in first) == (True, False)
    assert ("Thanks" in second, "It replaced the one of 22 September, 12:04." in second) == (True, True)
    assert ("Send it again, changed" in second, "stop.invalid" in second) == (False, False)
    assert "Send it again, changed" in lin.get(f"{address}summary/sent/2/").content.decode()
    assert kit.get(f"{address}summary/sent/3/")["Location"] == address


def test_a_second_tap_on_send_is_harmless_and_anothers_line_stays_in_sight(cast: Cast) -> None:
    found = closed(cast)
    address = f"/t/harbour-street/m/{found.pk}/"
    form = {"line": "Thank you", "send": "1", "edition": "1", "version": "1"}
    answers = [client_of(cast.lin).post(f"{address}summary/", form) for _ in range(2)]
    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(303, address)] * 2
    answer = client_of(cast.mo).post(f"{address}summary/", form | {"line": "Mo’s line"})
    html = answer.content.decode()
    assert (answer.status_code, "Mo’s line</textarea>" in html) == (409, True)
    assert "The summary was sent already." in html
    assert len(letters("summary")) == 9


def test_each_reader_has_their_own_way_out_in_the_foot(cast: Cast, meeting: Meeting) -> None:
    feet = set()
    for letter in letters("summary"):
        left = leaves(letter)
        assert left is not None
        assert "stop.invalid" not in left.text + left.html
        feet.add(left.text.partition("Stop these:")[2].strip())
        assert f'href="{left.text.partition("Stop these:")[2].strip()}"' in left.html
    assert len(feet) == 9
    [kept] = editions(meeting)
    assert (kept.said.endswith(f"/m/{meeting.pk}/"), "Stop these" in kept.said) == (True, False)


def test_a_line_that_looks_like_a_foot_is_not_cut_off(cast: Cast) -> None:
    meeting = closed(cast)
    do(write_line, by=cast.lin, meeting=meeting.pk, line="Thank you\n--\nLin C")
    do(send, by=cast.lin, meeting=meeting.pk)
    [kept] = editions(meeting)
    assert ("Lin C" in kept.said, "Choose your mail" in kept.said) == (True, False)


def fared(meeting: Meeting, **states: str) -> None:
    """So the letters of these people fared, on the day after."""
    moment = NOON + timedelta(days=1)
    with everything("a test"):
        for name, state in states.items():
            sent_at = moment if state in ("sent", "bounced") else None
            found = Letter.objects.filter(kind="summary", user__name__istartswith=name).select_related("user")
            for letter in found.filter(key__contains=f"meeting-{meeting.pk}:"):
                assert letter.user is not None
                Letter.objects.filter(pk=letter.pk).update(
                    state=state,
                    sent_at=sent_at,
                    ended_at=None if state == "sent" else moment,
                    address=letter.user.email,
                )


def test_what_came_back_is_counted_for_all_and_named_for_whoever_may_send(cast: Cast, meeting: Meeting) -> None:
    fared(meeting, ben="sent", nia="bounced", idris="dropped")
    told = look(lambda: sent(editions(meeting)[0]))
    assert told is not None
    assert (told.total, told.delivered, told.waiting, told.spared, told.refused) == (9, 7, 0, 1, ["Nia"])
    address = f"/t/harbour-street/m/{meeting.pk}/"
    html = client_of(cast.kit).get(address).content.decode()
    assert "Delivered to 7; one address came back." in html
    assert "Nia’s address" not in html
    assert "One doesn’t get it by mail." in html
    for member in (cast.lin, cast.mo):
        html = client_of(member).get(address).content.decode()
        assert "Delivered to 7. Nia’s address came back." in " ".join(html.split())
    assert "Nia’s address came back." in client_of(cast.mo).get(f"{address}summary/").content.decode()


# --- what waits for a lead ---


def rows(cast: Cast, name: str) -> list[tuple[str, object]]:
    person = person_of(getattr(cast, name))
    found = look(lambda: waiting_for(person, lead=person.member.is_lead))
    return [(each.what, each.meeting.pk if each.meeting else each.member and each.member.first_name) for each in found]


def test_mail_that_comes_back_waits_for_a_lead_until_something_arrives(cast: Cast, meeting: Meeting) -> None:
    assert rows(cast, "mo") == []
    fared(meeting, nia="bounced", ben="failed", kit="sent", idris="dropped")
    assert (rows(cast, "mo"), rows(cast, "lin")) == ([(Wait.ADDRESS, "Ben"), (Wait.ADDRESS, "Nia")], [])
    html = client_of(cast.mo).get("/t/harbour-street/learning/").content.decode()
    assert "Mail to Nia comes back." in html
    assert f'href="/t/harbour-street/people/{cast.nia.pk}/"' in html
    with everything("a test"):
        later = letters("prompt")[0]
        Letter.objects.filter(pk=later.pk).update(
            user=cast.ben.user,
            address=cast.ben.user.email,
            state=LetterState.SENT,
            sent_at=NOON + timedelta(days=2),
        )
        cast.nia.user.email = "nia@elsewhere.example"
        cast.nia.user.save()
    assert rows(cast, "mo") == []


def test_the_mail_of_somebody_who_has_left_waits_for_nobody(cast: Cast, meeting: Meeting) -> None:
    fared(meeting, nia="failed")
    do(leave, by=cast.mo, member=cast.nia)
    assert rows(cast, "mo") == []


def test_a_summary_waits_for_its_holder_at_once_and_for_a_lead_when_it_is_late(cast: Cast) -> None:
    unsent = closed(cast)
    assert (rows(cast, "lin"), rows(cast, "mo")) == ([(Wait.WRITE, unsent.pk)], [])
    with clock.at(TUESDAY + timedelta(days=2)):
        assert (rows(cast, "lin"), rows(cast, "mo")) == ([(Wait.WRITE, unsent.pk)], [(Wait.TAKE_OVER, unsent.pk)])
        assert rows(cast, "ben") == rows(cast, "otto") == []
        html = client_of(cast.mo).get("/t/harbour-street/").content.decode()
        assert "Take it over" in html
    do(send, by=cast.lin, meeting=unsent.pk)
    assert (rows(cast, "lin"), rows(cast, "mo")) == ([], [])


def test_at_home_at_most_two_rows_wait(cast: Cast) -> None:
    for _ in range(3):
        closed(cast)
    lin = client_of(cast.lin)
    assert len(lin.get("/t/harbour-street/").context["waiting"]) == 2
    assert len(lin.get("/t/harbour-street/learning/").context["waiting"]) == 3
    assert "Waiting for you" not in client_of(cast.ben).get("/t/harbour-street/").content.decode()


def test_at_home_summaries_come_before_turns_and_neither_hides_the_other(cast: Cast) -> None:
    agreed: dict[str, Any] = {"raise_rule": RaiseRule.AT_READ_BACK, "read_back_minutes": 5, "way_out": "Ring."}
    do(change_agreement, by=cast.mo, holder_rule=HolderRule.LEAD, **agreed)
    _near, _next, far = (do(plan_meeting, by=cast.mo, starts=TUESDAY + timedelta(days=days)) for days in (7, 14, 21))
    mo = client_of(cast.mo)

    def shown() -> tuple[int, int]:
        context = mo.get("/t/harbour-street/").context
        return len(context["waiting"]), len(context["turns"])

    assert shown() == (0, 1)  # the nearest of three
    look(lambda: Seat.objects.filter(meeting=far).update(how=How.SWAPPED, by=cast.rosa))
    assert shown() == (0, 2)  # and a swap, whenever
    closed(cast, holder="Mo")
    assert shown() == (1, 1)
    html = mo.get("/t/harbour-street/").content.decode()
    assert html.index("Write it") < html.index("It’s your turn to keep our learning in mind")
    closed(cast, holder="Mo")
    assert shown() == (1, 1)  # two summaries, and a turn all the same


def test_who_wants_no_summaries_by_mail_is_said_to_get_none(cast: Cast) -> None:
    meeting = closed(cast)
    with everything("a test"):
        choose(by=cast.ben, kind="summary", wanted=False)
    do(send, by=cast.lin, meeting=meeting.pk)
    [letter] = [each for each in letters("summary") if each.user_id == cast.ben.user_id]
    assert leaves(letter) is None
    assert count(Delivery) == 9


def test_the_row_that_is_sent_stays_as_it_was(cast: Cast, meeting: Meeting) -> None:
    [first] = editions(meeting)
    do(begin_again, by=cast.lin, meeting=meeting.pk)
    do(write_line, by=cast.lin, meeting=meeting.pk, line="Other words")
    do(send, by=cast.lin, meeting=meeting.pk)
    kept = again(first)
    assert (kept.line, kept.text, kept.html, kept.sent_at) == (first.line, first.text, first.html, first.sent_at)
