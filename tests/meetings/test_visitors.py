"""Visitors: one link, a name, somebody who lets them in; the room and nothing else; over with the meeting."""

import re
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.test import Client
from django.urls import reverse

from core import clock
from core.errors import Invalid, NotAllowed, NotFound, NotPossible
from core.scope import scope
from learning.models import Offer, OtherView
from learning.services import visits
from learning.services.forgetting import forget
from learning.services.jottings import keep_jotting
from learning.services.offers import make_offer
from meetings.models import Attendance, Meeting, Visitor
from meetings.roles import SeatKind
from meetings.rules import admit_listener, visit_token, visitor_token
from meetings.services import planning, running, seats, taps, visitors
from teams.queries import people
from tests.cast import (
    Cast,
    again,
    client_of,
    count,
    do,
    live,
    look,
    overheard,
    person_of,
    planned,
    reading,
    takes_visitors,
    verbs,
)
from tests.marks import ROWS

pytestmark = ROWS


@pytest.fixture
def meeting(cast: Cast) -> Meeting:
    takes_visitors(cast)
    return live(cast)


def link(meeting: Meeting) -> str:
    return reverse("visit", args=[visit_token(meeting)])


def ask(meeting: Meeting, name: str = "Vi Larsen", key: uuid.UUID | None = None) -> Visitor:
    with scope(meeting.team_id):
        return visitors.ask_to_come_in(meeting=meeting.pk, name=name, key=key or uuid.uuid4())


def inside(cast: Cast, meeting: Meeting, name: str = "Vi Larsen") -> Visitor:
    visitor = ask(meeting, name)
    do(visitors.let_in, by=cast.lin, meeting=meeting.pk, visitor=visitor.pk)
    return again(visitor)


def browser_of(visitor: Visitor) -> Client:
    client = Client()
    client.cookies[settings.VISITOR_COOKIE_NAME] = visitor_token(visitor)
    return client


def html_of(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status
    return answer.content.decode()


# --- The door ---


def test_a_visitor_types_a_name_waits_and_is_let_in(cast: Cast, meeting: Meeting) -> None:
    vi = Client()
    assert "Your name" in html_of(vi, link(meeting))
    asked = vi.post(link(meeting) + "ask/", {"name": " Vi  Larsen ", "key": str(uuid.uuid4())})
    assert (asked.status_code, asked["Location"]) == (303, link(meeting))
    cookie = vi.cookies[settings.VISITOR_COOKIE_NAME]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    assert settings.SESSION_COOKIE_NAME not in vi.cookies
    waiting = html_of(vi, link(meeting))
    assert "Somebody will let you in" in waiting and "Case 1" not in waiting
    assert vi.get(link(meeting), headers={"HX-Request": "true"}).status_code == 204
    visitor = look(lambda: Visitor.objects.get(meeting=meeting))
    assert visitor.name == "Vi Larsen"

    room = reverse("meeting", args=["harbour-street", meeting.pk])
    door = html_of(client_of(cast.lin), room)
    assert "Vi Larsen asks to come in" in door and "Let Vi in" in door and "Not today" in door
    assert "asks to come in" not in html_of(client_of(cast.ben), room)  # who holds no seat

    let_in = reverse("visitor_let_in", args=["harbour-street", meeting.pk, visitor.pk])
    assert client_of(cast.sol).post(let_in).status_code == 303
    told = vi.get(link(meeting), headers={"HX-Request": "true"})
    assert (told.status_code, told["HX-Redirect"]) == (200, link(meeting))
    seen = html_of(vi, link(meeting))
    assert "Case 1" in seen and "What are the learning points about practice" in seen
    assert "Vi Larsen (visitor)" in html_of(client_of(cast.ben), room)
    assert verbs(cast.team)[-2:] == ["visitor asked to come in", "visitor let in"]


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Vi\u202e\u200b Larsen\x00", "Vi Larsen"),
        ("  Vi\n<b>  ", "Vi <b>"),
        ("٣" * 3 + "a", "٣٣٣a"),
        ("", None),
        ("\u200b\u202e", None),
        ("12 34", None),
        ("😀", None),
        ("x" * 41, None),
        ("Vi 07700 900123", None),  # it is read by others: the guard looks
        ("vi@example.org", None),
    ],
)
def test_a_name_is_one_short_line_of_letters(cast: Cast, meeting: Meeting, typed: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(Invalid):
            ask(meeting, typed)
        assert Client().post(link(meeting) + "ask/", {"name": typed}).status_code == 422
    else:
        assert ask(meeting, typed).name == kept


def test_asking_twice_is_asking_once(cast: Cast, meeting: Meeting) -> None:
    key = uuid.uuid4()
    assert ask(meeting, key=key) == ask(meeting, key=key)
    assert count(Visitor, meeting=meeting) == 1
    vi, form = Client(), {"name": "Vi", "key": str(uuid.uuid4())}
    assert [vi.post(link(meeting) + "ask/", form).status_code for _ in range(2)] == [303, 303]
    assert count(Visitor, meeting=meeting) == 2


def test_a_door_is_not_flooded(cast: Cast, meeting: Meeting, settings: Any) -> None:
    waiting = [ask(meeting, f"Guest {chr(97 + n)}") for n in range(visitors.MOST_WAITING)]
    with pytest.raises(NotPossible, match="Many people are waiting"):
        ask(meeting)
    do(visitors.see_out, by=cast.ada, meeting=meeting.pk, visitor=waiting[0].pk)
    ask(meeting)
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "visit": "2/m/ip"}
    tries = [Client(REMOTE_ADDR="203.0.113.9").post(link(meeting) + "ask/", {"name": ""}) for _ in range(3)]
    assert [answer.status_code for answer in tries] == [422, 422, 429]


def test_the_link_is_signed_and_says_nothing_else(cast: Cast, meeting: Meeting) -> None:
    for token in (str(meeting.pk), f"{meeting.pk}:x", f"{meeting.pk + 1}:{visit_token(meeting).split(':')[1]}"):
        assert Client().get(f"/visit/{token}/").status_code == 404
        assert Client().post(f"/visit/{token}/ask/", {"name": "Vi"}).status_code == 404


def test_without_the_team_s_wish_there_is_no_link_and_no_door(cast: Cast) -> None:
    meeting = live(cast)
    assert "A visitor’s link ends" in html_of(Client(), link(meeting), 404)
    assert "/visit/" not in html_of(client_of(cast.ada), reverse("meeting", args=["harbour-street", meeting.pk]))
    with pytest.raises(NotPossible):
        ask(meeting)


def test_before_the_room_opens_the_link_says_when(cast: Cast) -> None:
    takes_visitors(cast)
    ahead = do(planning.plan_meeting, by=cast.mo, starts=clock.now() + timedelta(days=2))
    assert "The room opens on" in html_of(Client(), link(ahead))
    with pytest.raises(NotPossible):
        ask(ahead)
    takes_visitors(cast, False)
    assert "This link opens nothing now" in html_of(Client(), link(ahead), 404)


def test_whoever_holds_a_seat_lets_in_and_any_member_where_all_are_empty(cast: Cast, meeting: Meeting) -> None:
    vi = ask(meeting)
    with pytest.raises(NotAllowed, match="Ada, Lin, Sol"):
        do(visitors.let_in, by=cast.ben, meeting=meeting.pk, visitor=vi.pk)
    with pytest.raises(NotFound):
        do(visitors.let_in, by=cast.otto, meeting=meeting.pk, visitor=vi.pk)
    for kind in SeatKind:
        do(seats.leave_seat, by=cast.ada, meeting=meeting.pk, kind=kind)
    do(visitors.let_in, by=cast.ben, meeting=meeting.pk, visitor=vi.pk)
    assert again(vi).let_in_by_id == cast.ben.pk


def test_only_those_who_may_let_in_are_told_of_the_door(cast: Cast, meeting: Meeting) -> None:
    with overheard() as heard:
        ask(meeting)
    [message] = [one for one in heard if one["channel"] == f"live:{meeting.pk}"]
    assert message["rev"] is None
    assert {int(pk) for pk in message["own"]} == {cast.ada.pk, cast.lin.pk, cast.sol.pk}
    assert "Larsen" not in str(heard)


def test_not_today(cast: Cast, meeting: Meeting) -> None:
    vi = ask(meeting)
    do(visitors.see_out, by=cast.lin, meeting=meeting.pk, visitor=vi.pk)
    assert "Not today" in html_of(browser_of(vi), link(meeting), 404)
    assert browser_of(vi).post(link(meeting) + "ask/", {"name": "Vi"}).status_code == 303
    assert count(Visitor, meeting=meeting) == 1  # the same browser doesn't knock again
    with pytest.raises(NotPossible):
        do(visitors.let_in, by=cast.lin, meeting=meeting.pk, visitor=vi.pk)
    assert "visited" not in verbs(cast.team)


def test_a_slip_at_the_door_is_undone(cast: Cast, meeting: Meeting) -> None:
    vi = ask(meeting)

    def undo() -> None:
        last = look(lambda: taps.last_tap(Meeting.objects.get(pk=meeting.pk), cast.lin.pk))
        assert last is not None
        do(taps.undo, by=cast.lin, meeting=meeting.pk, tap=last.pk)

    do(visitors.see_out, by=cast.lin, meeting=meeting.pk, visitor=vi.pk)
    undo()
    assert again(vi).is_waiting
    do(visitors.let_in, by=cast.lin, meeting=meeting.pk, visitor=vi.pk)
    undo()
    assert again(vi).is_waiting
    do(visitors.let_in, by=cast.lin, meeting=meeting.pk, visitor=vi.pk)
    do(visitors.see_out, by=cast.lin, meeting=meeting.pk, visitor=vi.pk)
    undo()
    assert again(vi).is_inside


# --- The room ---


def without_tokens(html: str) -> str:
    html = re.sub(r'(nonce|value|csrf_token)="[^"]*"', "", html)
    return re.sub(r'<style[^>]*>[^<]*</style>|data-now="[^"]*"', "", html)


def fragments_in(html: str) -> dict[str, str]:
    """Each live piece of a page, whole."""
    found = {}
    for name in ("when", "letterhead", "agenda", "now", "raised", "readback"):
        start = html.index(re.search(rf'<\w+ id="{name}" data-rev', html).group())  # type: ignore[union-attr]
        tag = re.match(r"<(\w+)", html[start:]).group(1)  # type: ignore[union-attr]
        depth, end = 0, start
        for mark in re.finditer(rf"<(/?){tag}\b", html[start:]):
            depth += -1 if mark.group(1) else 1
            if depth == 0:
                end = start + mark.end()
                break
        found[name] = html[start:end]
    return found


def test_a_visitor_sees_the_very_same_pieces_and_nothing_private(cast: Cast) -> None:
    takes_visitors(cast)
    meeting, _ = reading(cast, 2)
    do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="calmer at the door")
    do(make_offer, by=cast.ben, meeting=meeting.pk, text="Keep one list of who answers the phone")
    vi = inside(cast, meeting)
    seen = html_of(browser_of(vi), link(meeting))
    member = html_of(client_of(cast.kit), reverse("meeting", args=["harbour-street", meeting.pk]))
    assert fragments_in(seen) == fragments_in(member)
    assert [words for words in ("calmer at the door", "Keep one list") if words in seen] == []
    assert 'content="visitor-' in seen
    assert "/t/" not in seen and "@harbour" not in seen and "/wall/" not in seen


def test_a_visitor_offers_a_point_with_or_without_a_name(cast: Cast, meeting: Meeting) -> None:
    vi = browser_of(inside(cast, meeting))
    key = str(uuid.uuid4())
    form = {"text": "Ring the day before", "key": key}
    assert [vi.post(link(meeting) + "offer/", form).status_code for _ in range(2)] == [303, 303]
    assert vi.post(link(meeting) + "offer/", {"text": "Two chairs by the door", "unnamed": "1"}).status_code == 303
    assert count(Offer, meeting=meeting) == 2
    tray = html_of(client_of(cast.lin), reverse("piece", args=["harbour-street", meeting.pk, "tray"]))
    assert "Vi (visitor) offers a point" in tray and "Somebody offers a point" in tray
    refused = vi.post(link(meeting) + "offer/", {"text": "Ring 020 7946 0123"}, headers={"HX-Request": "true"})
    assert refused.status_code == 422 and "Ring 020 7946 0123" in refused.content.decode()
    assert "<html" not in refused.content.decode()


def test_a_visitor_sees_it_differently_and_nobody_can_tell_who(cast: Cast) -> None:
    takes_visitors(cast)
    meeting, [point, *_] = reading(cast)
    guest = inside(cast, meeting)
    vi = browser_of(guest)
    assert "I see it differently" in html_of(vi, link(meeting) + "differ/")
    said = {"text": "Only where they asked for it", "point": str(point.pk), "key": str(uuid.uuid4())}
    assert [vi.post(link(meeting) + "differ/", said).status_code for _ in range(2)] == [303, 303]
    view = look(lambda: OtherView.objects.get(meeting=meeting))
    assert (view.point_id, view.text) == (point.pk, "Only where they asked for it")
    wrong = vi.post(link(meeting) + "differ/", {**said, "text": "Ask jo@clinic.example", "key": ""})
    assert wrong.status_code == 422
    other = {**said, "point": "999", "key": str(uuid.uuid4())}
    assert vi.post(link(meeting) + "differ/", other).status_code == 404


def test_a_visitor_counts_neither_as_a_member_nor_as_somebody_who_was_there(cast: Cast, meeting: Meeting) -> None:
    vi = inside(cast, meeting, "Zoe Ray")
    everyone = reverse("attendance", args=["harbour-street", meeting.pk])
    client_of(cast.ada).post(everyone, {"everyone": "1"})
    assert count(Attendance, meeting=meeting) == len(look(lambda: people(person_of(cast.mo))))
    take = reverse("seat", args=["harbour-street", meeting.pk, "scribe"])
    assert client_of(cast.ada).post(take, {"member": str(vi.pk)}).status_code in (400, 422)
    turns = html_of(client_of(cast.mo), reverse("meeting_plan", args=["harbour-street", meeting.pk]))
    assert "Zoe" not in turns


# --- The end ---


def test_a_visit_ends_with_the_meeting_and_the_record_says_who_came(cast: Cast, meeting: Meeting) -> None:
    vi, at_the_door = inside(cast, meeting), ask(meeting, "Pat Doe")
    with overheard() as heard:
        do(running.close, by=cast.ada, meeting=meeting.pk)
    assert {"channel": "live:cut", "visitor": vi.pk} in heard
    assert look(lambda: Visitor.objects.filter(meeting=meeting, ended_at=None).count()) == 0
    assert "Thank you for coming" in html_of(browser_of(vi), link(meeting), 404)
    assert browser_of(vi).post(link(meeting) + "offer/", {"text": "Late"}).status_code == 404
    record = html_of(client_of(cast.ben), reverse("meeting", args=["harbour-street", meeting.pk]))
    assert "Vi Larsen visited." in record and "Pat Doe" not in record
    assert again(at_the_door).let_in_at is None


def test_a_visitor_who_sends_without_a_pause_is_stopped_and_keeps_their_words(
    cast: Cast, meeting: Meeting, settings: Any
) -> None:
    settings.ACCOUNT_RATE_LIMITS = {**settings.ACCOUNT_RATE_LIMITS, "visitor_words": "2/m/key"}
    vi, pat = browser_of(inside(cast, meeting)), browser_of(inside(cast, meeting, "Pat Doe"))
    offers = link(meeting) + "offer/"
    assert [vi.post(offers, {"text": f"Ring {day} before"}).status_code for day in ("the day", "a week")] == [303] * 2
    stopped = vi.post(offers, {"text": "Ring once more"})
    assert stopped.status_code == 429
    assert "Wait a minute, then send it again." in stopped.content.decode()
    assert ">Ring once more</textarea>" in stopped.content.decode()
    assert vi.post(link(meeting) + "differ/", {"text": "Not so"}, headers={"HX-Request": "true"}).status_code == 429
    assert pat.post(offers, {"text": "Another visitor is not stopped"}).status_code == 303
    assert count(Offer, meeting=meeting) == 3


def test_a_visitor_is_seen_out_at_once(cast: Cast, meeting: Meeting) -> None:
    vi = inside(cast, meeting)
    with overheard() as heard:
        do(visitors.see_out, by=cast.ada, meeting=meeting.pk, visitor=vi.pk)
    assert {"channel": "live:cut", "visitor": vi.pk} in heard
    assert look(lambda: admit_listener(meeting.pk, None, visitor_token(vi))) is None
    html_of(browser_of(vi), link(meeting), 404)
    for what in ("offer/", "differ/"):
        assert browser_of(vi).post(link(meeting) + what, {"text": "Still here"}).status_code == 404
    with pytest.raises(NotFound), scope(meeting.team_id):
        visits.offer_as_visitor(visitor=vi, text="Ring the day before")


def test_a_visitor_goes_by_themselves_and_may_come_back(cast: Cast, meeting: Meeting) -> None:
    vi = browser_of(inside(cast, meeting))
    gone = vi.post(link(meeting) + "go/")
    assert gone.status_code == 303
    thanks = html_of(vi, gone["Location"])
    assert "Thank you for coming" in thanks and "Ask to come in again" in thanks and "Case 1" not in thanks
    assert vi.post(link(meeting) + "go/").status_code == 303  # a second tap
    assert "Your name" in html_of(vi, link(meeting))
    vi.post(link(meeting) + "ask/", {"name": "Vi Larsen", "key": str(uuid.uuid4())})
    assert "Somebody will let you in" in html_of(vi, link(meeting))
    do(running.close, by=cast.ada, meeting=meeting.pk)
    assert "Ask to come in again" not in html_of(Client(), link(meeting) + "?thanks=yes")


def test_a_visitor_s_old_page_is_told_a_new_token_whoever_else_signed_in_here(cast: Cast, meeting: Meeting) -> None:
    vi = Client(enforce_csrf_checks=True, headers={"HX-Request": "true", "Origin": "http://testserver"})
    visitor = inside(cast, meeting)
    vi.cookies[settings.VISITOR_COOKIE_NAME] = visitor_token(visitor)
    for signed_in in (False, True):
        if signed_in:
            vi.force_login(cast.otto.user)
        refused = vi.post(link(meeting) + "offer/", {"text": "Ring the day before", "csrfmiddlewaretoken": "old"})
        assert (refused.status_code, refused["X-Person"]) == (403, f"visitor-{visitor.pk}")
        token = refused["X-CSRFToken"]
        sent = vi.post(link(meeting) + "offer/", {"text": "Ring the day before"}, headers={"X-CSRFToken": token})
        assert (sent.status_code, sent["X-Person"]) == (200, f"visitor-{visitor.pk}")
    do(visitors.see_out, by=cast.ada, meeting=meeting.pk, visitor=visitor.pk)
    over = vi.post(link(meeting) + "offer/", {"text": "Ring the day before", "csrfmiddlewaretoken": "old"})
    assert (over.status_code, "X-CSRFToken" in over) == (404, False)
    assert "This visit is over." in over.content.decode()


def test_a_page_that_an_earlier_visitor_left_open_does_not_speak_for_the_next_one(cast: Cast, meeting: Meeting) -> None:
    shared = Client(enforce_csrf_checks=True, headers={"Origin": "http://testserver"})
    shared.cookies[settings.VISITOR_COOKIE_NAME] = visitor_token(inside(cast, meeting))
    found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', html_of(shared, link(meeting)))
    assert found
    old = {"csrfmiddlewaretoken": found[1]}
    shared.post(link(meeting) + "go/", old)
    shared.post(link(meeting) + "ask/", {**old, "name": "Pat Doe", "key": str(uuid.uuid4())})
    pat = look(lambda: Visitor.objects.get(name="Pat Doe"))
    do(visitors.let_in, by=cast.lin, meeting=meeting.pk, visitor=pat.pk)
    late = {**old, "text": "Ring the day before"}
    answer = shared.post(link(meeting) + "offer/", late, headers={"HX-Request": "true"})
    assert (answer.status_code, answer["X-Person"], count(Offer)) == (403, f"visitor-{pat.pk}", 0)


def test_whoever_leaves_the_door_was_not_turned_away(cast: Cast, meeting: Meeting) -> None:
    vi = browser_of(ask(meeting))
    gone = vi.post(link(meeting) + "go/")
    seen = html_of(vi, gone["Location"])
    assert "Your name" in seen and "couldn’t let you in" not in seen
    assert "asks to come in" not in html_of(
        client_of(cast.lin), reverse("meeting", args=["harbour-street", meeting.pk])
    )


def test_visitors_turned_off_ends_every_visit(cast: Cast, meeting: Meeting) -> None:
    vi = inside(cast, meeting)
    with overheard() as heard:
        takes_visitors(cast, False)
    assert {"channel": "live:cut", "visitor": vi.pk} in heard
    html_of(browser_of(vi), link(meeting), 404)
    assert look(lambda: admit_listener(meeting.pk, None, visitor_token(vi))) is None


def test_a_meeting_that_is_called_off_has_no_visitors(cast: Cast) -> None:
    takes_visitors(cast)
    meeting = planned(cast)
    vi = inside(cast, meeting)
    do(planning.cancel, by=cast.mo, meeting=meeting.pk)
    assert again(vi).ended_at is not None
    html_of(browser_of(vi), link(meeting), 404)


def test_only_a_visitor_who_is_inside_hears_and_only_their_meeting(cast: Cast, meeting: Meeting) -> None:
    vi, waiting = inside(cast, meeting), ask(meeting, "Pat Doe")
    other = live(cast)

    def hears(pk: int, token: str) -> bool:
        found = look(lambda: admit_listener(pk, None, token))
        assert found is None or (found.audience, found.member, found.visitor) == ("member", None, vi.pk)
        return found is not None

    token = visitor_token(vi)
    assert [hears(meeting.pk, token), hears(other.pk, token), hears(meeting.pk, visitor_token(waiting))] == [
        True,
        False,
        False,
    ]
    assert [hears(meeting.pk, forged) for forged in ("", str(vi.key), token[:-1], visit_token(meeting))] == [False] * 4


def test_a_visitor_of_one_meeting_is_nobody_at_another(cast: Cast, meeting: Meeting) -> None:
    vi, other = inside(cast, meeting), live(cast)
    seen = html_of(browser_of(vi), link(other))
    assert "Your name" in seen and "Case 1" not in seen
    assert browser_of(vi).post(link(other) + "offer/", {"text": "Hello"}).status_code == 404
    assert browser_of(vi).get(reverse("meeting", args=["harbour-street", meeting.pk])).status_code == 302
    assert browser_of(vi).get("/t/harbour-street/").status_code == 302


def test_a_member_with_the_link_lands_in_the_room(cast: Cast, meeting: Meeting) -> None:
    answer = client_of(cast.kit).get(link(meeting))
    assert (answer.status_code, answer["Location"]) == (303, reverse("meeting", args=["harbour-street", meeting.pk]))
    assert client_of(cast.otto).get(link(meeting)).status_code == 200  # of another team: a visitor like any


def test_what_a_visitor_was_called_is_forgotten_after_14_days(cast: Cast, meeting: Meeting) -> None:
    vi = inside(cast, meeting)
    do(running.close, by=cast.ada, meeting=meeting.pk)
    look(forget)
    assert again(vi).name == "Vi Larsen"
    look(lambda: Visitor.objects.update(asked_at=clock.now() - timedelta(days=15)))
    look(forget)
    assert again(vi).name == ""
    record = html_of(client_of(cast.ben), reverse("meeting", args=["harbour-street", meeting.pk]))
    assert "visited" not in record
