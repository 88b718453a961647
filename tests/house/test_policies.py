"""Who may: every URL of the resolver × every method × everybody, in two teams, as a literal table."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import cycle
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import pytest
from django.conf import settings
from django.core import signing
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path

from core import clock
from core.policy import Anyone, SignedIn, allow
from meetings.models import Visitor
from meetings.rules import VisitLink, VisitorOf, Wall, visit_token, visitor_token, wall_token
from teams.rules import Member
from teams.services.choices import SALT
from tests.cast import Cast, Stage, client_of, items_of, look, stage
from tests.marks import ROWS
from tests.routes import Route, every_route

pytestmark = ROWS

# --- Every route has a policy ---


def without_policy(routes: Iterator[Route]) -> list[str]:
    return [route.name for route in routes if route.who is None or not route.methods]


def test_a_policy_stands_beside_every_route() -> None:
    assert without_policy(every_route()) == []


def test_a_policy_stands_beside_every_route_of_the_demo(settings: Any) -> None:
    settings.DEMO = True
    from config import demo_urls  # noqa: PLC0415  (only where the demo is)

    assert without_policy(every_route(demo_urls.urlpatterns)) == []


def test_a_route_without_a_policy_is_found() -> None:
    def bare(request: HttpRequest) -> HttpResponse:
        return HttpResponse()

    assert without_policy(every_route([path("a/", bare, name="a"), path("b/", allow(Anyone(), bare), name="b")])) == [
        "a"
    ]


def test_whatever_lies_below_a_team_is_its_members_alone() -> None:
    below = {route.name: type(route.who) for route in every_route() if "<slug:slug>" in route.pattern}
    assert below == dict.fromkeys(below, Member)
    others = {route.name: type(route.who) for route in every_route() if "<slug:slug>" not in route.pattern}
    assert others == {
        "home": SignedIn,
        "you": SignedIn,
        "team_new": SignedIn,
        "letters_choose": SignedIn,
        "letters_stop": Anyone,
        "account_login": Anyone,
        "account_request_login_code": Anyone,
        "account_confirm_login_code": Anyone,
        "account_inactive": Anyone,
        "account_logout": Anyone,
        "invitation": Anyone,
        "wall_enter": Anyone,
        "calendar": Anyone,
        "wall": Wall,
        "visit": VisitLink,
        "visit_ask": VisitLink,
        "visit_go": VisitLink,
        "visit_offer": VisitorOf,
        "visit_differ": VisitorOf,
        "manifest": Anyone,
        "health_live": Anyone,
        "health_ready": Anyone,
        "health_work": Anyone,
    }


# --- The table ---

# A member · who keeps learning in mind · who chairs · the scribe, who has the pen · an AMBIT lead
MEMBERS = ("ben", "lin", "ada", "sol", "mo")
MEMBERS_MAY = {
    "GET team_home": "200 200 200 200 200",
    "GET dashboard": "200 200 200 200 200",
    "GET meeting": "200 200 200 200 200",
    "GET piece": "200 200 200 200 200",
    "GET look": "200 200 200 200 200",
    "GET pick": "200 200 200 200 200",
    "POST jotting_keep": "403 303 403 403 403",
    "GET jotting_change": "303 200 303 303 303",
    "POST jotting_change": "404 303 404 404 404",
    "POST jotting_delete": "303 303 303 303 303",
    "GET jotting_pass_on": "303 303 303 303 303",
    "POST jotting_pass_on": "404 409 404 404 404",
    "GET point_new": "200 200 200 200 200",
    "GET point_merge": "403 200 403 403 403",
    "POST point_merge": "403 303 403 403 403",
    "POST point_move": "403 303 403 403 403",
    "POST point_when": "403 403 409 403 403",
    "POST differently": "303 303 303 303 303",
    "POST read": "303 403 303 403 303",
    "GET raise_page": "303 200 303 303 303",
    "POST point_raise": "403 303 403 403 403",
    "GET point_reword": "403 200 403 403 403",
    "POST point_reword": "403 303 403 403 403",
    "POST point_take_back": "403 303 403 403 403",
    "POST offer": "303 303 303 303 303",
    "POST offer_answer": "403 303 403 403 403",
    "POST read_back": "303 303 303 303 303",
    "POST read_back_none": "303 303 303 303 303",
    "POST read_back_first": "303 303 303 303 303",
    "POST pen": "303 303 303 303 303",
    "POST read_back_stop": "303 303 303 303 303",
    "POST words": "403 403 403 303 403",
    "GET summary": "403 200 403 403 200",
    "POST summary": "403 303 403 403 303",
    "POST summary_add": "303 303 303 303 303",
    "POST summary_send": "403 303 403 403 303",
    "POST summary_now": "403 303 403 403 303",
    "POST summary_again": "403 303 403 403 303",
    "POST summary_throw_away": "403 409 403 403 409",
    "GET summary_sent": "303 303 303 303 303",
    "POST summary_reword": "403 303 403 403 303",
    "POST summary_move": "403 303 403 403 303",
    "GET meeting_new": "200 200 200 200 200",
    "POST meeting_new": "303 303 303 303 303",
    "GET meeting_plan": "200 200 200 200 200",
    "POST meeting_plan": "303 303 303 303 303",
    "GET paper": "200 200 200 200 200",
    "GET wall_code": "200 200 200 200 200",
    "POST meeting_cancel": "303 303 303 303 303",
    "POST item_add": "303 303 303 303 303",
    "POST item_change": "303 303 303 303 303",
    "POST item_move": "303 303 303 303 303",
    "POST item_remove": "303 303 303 303 303",
    "POST seat": "303 303 303 303 303",
    "POST turn": "403 303 403 403 403",
    "POST meeting_small": "303 303 303 303 303",
    "POST meeting_begin": "303 303 303 303 303",
    "POST item_next": "303 303 303 303 303",
    "POST item_more": "303 303 303 303 303",
    "POST item_task": "303 303 303 303 303",
    "POST item_step": "409 409 409 409 409",
    "POST item_park": "403 403 303 403 403",
    "POST tap_undo": "409 409 409 409 409",
    "POST attendance": "303 303 303 303 303",
    "POST visitor_let_in": "403 303 303 303 403",
    "POST visitor_see_out": "403 303 303 303 403",
    "POST meeting_close": "403 403 303 403 403",
    "POST meeting_reinstate": "303 303 303 303 303",
    "GET dates": "200 200 200 200 200",
    "GET series_new": "200 200 200 200 200",
    "POST series_new": "303 303 303 303 303",
    "GET series_change": "200 200 200 200 200",
    "POST series_change": "303 303 303 303 303",
    "POST series_end": "303 303 303 303 303",
    "GET series_lines": "200 200 200 200 200",
    "POST series_line_add": "303 303 303 303 303",
    "POST series_line_change": "303 303 303 303 303",
    "POST series_line_move": "303 303 303 303 303",
    "POST series_line_remove": "303 303 303 303 303",
    "POST pause_add": "303 303 303 303 303",
    "POST pause_remove": "303 303 303 303 303",
    "POST bank_holidays": "403 403 403 403 303",
    "POST calendar_renew": "303 303 303 303 303",
    "GET people": "200 200 200 200 200",
    "POST invite": "303 303 303 303 303",
    "POST invite_again": "303 303 303 303 303",
    "POST invite_withdraw": "303 303 303 303 303",
    "GET member": "200 200 200 200 200",
    "POST member": "403 403 403 403 303",
    "POST member_turns": "403 403 403 403 303",
    "POST away_add": "303 303 303 303 303",
    "POST away_remove": "303 303 303 303 303",
    "POST member_leave": "403 403 403 403 303",
    "GET agreement": "200 200 200 200 200",
    "GET role": "200 200 200 200 200",
    "GET agreement_change": "403 403 403 403 200",
    "POST agreement_change": "403 403 403 403 303",
}
# Nobody · a wall that knows a code · Vi, who has left · Otto of Mill Lane · a member
OTHERS = ("nobody", "wall", "vi", "otto", "ben")
OTHERS_MAY = {
    "GET wall": "200 200 200 200 303",
    "GET visit": "200 200 200 200 303",
    "POST visit_ask": "303 303 303 303 303",
    "POST visit_go": "303 303 303 303 303",
    "POST visit_offer": "404 404 404 404 404",
    "GET visit_differ": "404 404 404 404 404",
    "POST visit_differ": "404 404 404 404 404",
    "GET calendar": "404 404 404 404 404",
    "GET wall_enter": "200 200 200 200 200",
    "POST wall_enter": "303 303 303 303 303",
    "GET home": "302 302 200 303 303",
    "GET account_login": "200 200 302 302 302",
    "POST account_login": "302 302 302 302 302",
    "GET account_request_login_code": "200 200 302 302 302",
    "POST account_request_login_code": "302 302 302 302 302",
    "GET account_confirm_login_code": "302 302 302 302 302",
    "POST account_confirm_login_code": "302 302 302 302 302",
    "GET account_inactive": "403 403 403 403 403",
    "GET account_logout": "303 303 200 200 200",
    "POST account_logout": "303 303 303 303 303",
    "GET you": "302 302 200 200 200",
    "POST you": "302 302 303 303 303",
    "GET team_new": "302 302 200 200 200",
    "POST team_new": "302 302 303 303 303",
    "GET invitation": "200 200 200 200 200",
    "POST invitation": "303 303 409 409 409",
    "GET manifest": "200 200 200 200 200",
    "GET health_live": "200 200 200 200 200",
    "GET health_ready": "200 200 200 200 200",
    "GET health_work": "503 503 503 503 503",  # nobody does the work of a test
    "GET letters_choose": "302 302 200 200 200",
    "POST letters_choose": "302 302 404 404 303",
    "GET letters_stop": "200 200 200 200 200",
    "POST letters_stop": "200 200 200 200 200",
}


# Visitors: at the door · inside · seen out · inside another meeting. What a point is read back in is that other one.
VISITORS = ("door", "guest", "out", "other")
VISITORS_MAY = {  # whatever isn't here they may as little as nobody
    "GET visit": "200 200 404 200",
    "POST visit_offer": "404 303 404 404",
    "GET visit_differ": "404 404 404 200",
    "POST visit_differ": "404 404 404 303",
}


def place(stage: Stage, route: Route) -> dict[str, object]:
    """The meeting in whose phase a route makes sense, and rows that are there."""
    if route.name.startswith("summary"):
        meeting, point = stage.closed, stage.agreed[0].pk
    elif route.name in ("visit_differ", "words", "pen", "read_back_first", "read_back_stop", "differently", "read"):
        meeting, point = stage.reading, stage.read.pk
    elif route.name in ("turn", "meeting_plan", "meeting_cancel", "meeting_begin"):
        meeting, point = stage.planned, 0
    elif route.name == "meeting_reinstate":
        meeting, point = stage.off, 0
    else:
        meeting, point = stage.live, stage.waiting.pk
    return {
        "slug": "harbour-street",
        "meeting": meeting.pk,
        "point": point,
        "item": items_of(meeting)[2].pk,
        "jotting": stage.jotting.pk,
        "offer": stage.offer.pk,
        "series": stage.series.pk,
        "line": stage.line.pk,
        "pause": stage.pause.pk,
        "away": stage.away.pk,
        "edition": 1,
        "tap": 0,  # nobody's
        "invitation": stage.invitation.pk,
        "token": _stop_token(stage) if route.name == "letters_stop" else stage.token,
        "code": wall_token(stage.code),
        "visit": visit_token(meeting),
        "visitor": stage.guests["door"].pk,
    }


def _stop_token(stage: Stage) -> str:
    """What stands in the foot of a letter to Ben: whoever has it may stop that kind of letter."""
    return signing.dumps([stage.offer.by_id, "summary"], salt=SALT)


def posted(cast: Cast, stage: Stage, route: Route) -> dict[str, Any]:
    """What is posted, so that whoever may is not stopped by what they typed."""
    items = items_of(stage.live)
    day = (clock.now() + timedelta(days=7)).date().isoformat()
    plan = {"day": day, "at": "10:00", "minutes": "60", "place": "Room 2"}
    series = {"often": "1", "weekday": "1", "first": day, "at": "10:00", "minutes": "60"}
    text = {"text": "A short call the day before helps"}
    data: dict[str, dict[str, Any]] = {
        "series_new": series,
        "series_change": {**series, "version": "1"},
        "series_end": {"first": stage.series.first.isoformat(), "version": "1"},
        "series_line_add": {"kind": "other", "label": "Thanks", "minutes": "5", "version": "1"},
        "series_line_change": {"label": "Rota", "minutes": "5", "version": "1"},
        "series_line_move": {"to": "up", "version": "1"},
        "series_line_remove": {"version": "1"},
        "pause_add": {"first": day, "last": day},
        "bank_holidays": {"whose": "IE", "seen": "GB-ENG"},
        "calendar_renew": {"what": "mine", "number": "1"},
        "meeting_new": plan,
        "meeting_plan": plan,
        "item_add": {"kind": "case", "minutes": "10"},
        "item_change": {"minutes": "20", "version": "1"},
        "seat": {"member": str(cast.kit.pk)},
        "turn": {"answer": "yes"},
        "member_turns": {"takes_turns": "no"},
        "away_add": {"first": day, "last": day},
        "item_next": {"after": str(items[0].pk)},
        "item_more": {"item": str(items[0].pk), "version": "1"},
        "item_task": {"item": str(items[0].pk), "task": "plan"},
        "item_step": {"item": str(items[0].pk), "step": "state"},
        "item_park": {"item": str(items[2].pk)},
        "attendance": {"here": [str(cast.ada.pk)]},
        "jotting_keep": text,
        "jotting_change": text,
        "point_raise": text,
        "point_reword": text,
        "point_merge": {**text, "point": str(stage.waiting.pk), "offer": str(stage.offer.pk)},
        "point_move": {"to": "up"},
        "point_when": {"when": "now"},
        "differently": text,
        "read": {"read": "1", "version": "1"},
        "jotting_pass_on": {"to": str(cast.ben.pk)},
        "offer": text,
        "words": {**text, "version": "1"},
        "summary": {"line": "Thank you"},
        "summary_add": {**text, "kind": "point"},
        "summary_reword": text,
        "summary_move": {"to": "down"},
        "invite": {"email": "another@harbour.example"},
        "member": {"usually": ""},
        "agreement_change": {"holder_rule": "lead", "raise_rule": "read_back", "read_back_minutes": "5"},
        "you": {"name": "Somebody"},
        "letters_choose": {"member": str(cast.ben.pk), "kind": "summary"},
        "team_new": {"name": f"Team {uuid4().hex[:6]}", "your_name": "Somebody", "zone": "Europe/London"},
        "account_login": {"email": "somebody@harbour.example"},
        "account_request_login_code": {"email": "somebody@harbour.example"},
        "account_confirm_login_code": {"code": "123456"},
        "wall_enter": {"code": stage.code},
        "visit_ask": {"name": "Uma Newby"},
        "visit_offer": text,
        "visit_differ": {**text, "point": str(stage.read.pk)},
    }
    return data.get(route.name, {})


class Browsers:
    """One browser; each identity's cookie put into it before each request, and everything undone after."""

    def __init__(self, cast: Cast, code: str, guests: dict[str, Visitor]) -> None:
        self.client = Client(raise_request_exception=False)
        self.cookies: dict[str, dict[str, str]] = {"nobody": {}}
        for name in (*MEMBERS, "otto", "vi"):
            self.cookies[name] = {k: v.value for k, v in client_of(getattr(cast, name)).cookies.items()}
        for name, guest in guests.items():
            self.cookies[name] = {settings.VISITOR_COOKIE_NAME: visitor_token(guest)}
        wall = Client()
        wall.get(f"/wall/{wall_token(code)}/")
        self.cookies["wall"] = {k: v.value for k, v in wall.cookies.items()}

    def ask(
        self, who: str, method: str, address: str, data: dict[str, Any] | None = None, **headers: str
    ) -> HttpResponse:
        self.client.cookies.clear()
        for name, value in self.cookies[who].items():
            self.client.cookies[name] = value
        send: Callable[..., Any] = getattr(self.client, method.lower())
        more = {"data": data} if method == "POST" else {}
        with transaction.atomic():
            answer: HttpResponse = send(address, headers=headers or None, **more)
            transaction.set_rollback(True)
        return answer


@pytest.fixture
def world(cast: Cast) -> Stage:
    return stage(cast)


@pytest.fixture
def browsers(cast: Cast, world: Stage) -> Browsers:
    return Browsers(cast, world.code, world.guests)


def statuses(cast: Cast, world: Stage, browsers: Browsers, route: Route, method: str, people: tuple[str, ...]) -> str:
    """One answer for each of these people; for a route with several seats or pieces they must all be alike."""
    given = {**place(world, route), "member": cast.kit.pk}
    data = posted(cast, world, route) if method == "POST" else None
    rows = {
        " ".join(str(browsers.ask(who, method, address, data).status_code) for who in people)
        for address in route.addresses(given)
    }
    return " / ".join(sorted(rows))


def table(cast: Cast, world: Stage, browsers: Browsers, people: tuple[str, ...], *, teams: bool) -> dict[str, str]:
    return {
        f"{method} {route.name}": statuses(cast, world, browsers, route, method, people)
        for route in every_route()
        for method in route.methods
        if (type(route.who) is Member) is teams
    }


def test_what_each_member_may_is_what_the_table_says(cast: Cast, world: Stage, browsers: Browsers) -> None:
    found = table(cast, world, browsers, MEMBERS, teams=True)
    assert found == MEMBERS_MAY


def test_what_everybody_may_without_a_team_is_what_the_table_says(cast: Cast, world: Stage, browsers: Browsers) -> None:
    found = table(cast, world, browsers, OTHERS, teams=False)
    assert found == OTHERS_MAY


def test_what_visitors_may_is_what_the_table_says(cast: Cast, world: Stage, browsers: Browsers) -> None:
    found = table(cast, world, browsers, VISITORS, teams=False)
    nobodys = {what: " ".join([answers.split()[0]] * len(VISITORS)) for what, answers in OTHERS_MAY.items()}
    assert found == nobodys | VISITORS_MAY


def test_strangers_and_former_members_find_nothing_and_nobody_is_led_to_sign_in(
    cast: Cast, world: Stage, browsers: Browsers
) -> None:
    people = ("otto", "vi", "nobody", "wall", *VISITORS)
    found = table(cast, world, browsers, people, teams=True)
    assert found == dict.fromkeys(found, "404 404 302 302 302 302 302 302")
    for route in every_route():
        if type(route.who) is Member:
            given = {**place(world, route), "member": cast.kit.pk}
            for address in route.addresses(given):
                for method in route.methods:
                    assert browsers.ask("nobody", method, address, {}, HX_Request="true").status_code == 401
                    assert browsers.ask("nobody", method, address, {})["Location"].startswith("/sign-in/")


def test_a_method_that_a_route_does_not_know_is_refused_to_everybody_alike(
    cast: Cast, world: Stage, browsers: Browsers
) -> None:
    found = {}
    for route in every_route():
        for method in {"GET", "POST", "DELETE"} - set(route.methods):
            address = route.addresses({**place(world, route), "member": cast.kit.pk})[0]
            found[f"{method} {route.name}"] = {
                browsers.ask(who, method, address).status_code for who in ("nobody", "otto", "ben", "mo")
            }
    assert found == {key: {405} for key in found}


def test_another_teams_addresses_are_not_there_for_any_of_us(cast: Cast, world: Stage, browsers: Browsers) -> None:
    found = {}
    for route in every_route():
        if type(route.who) is not Member:
            continue
        there = {**place(world, route), "slug": "mill-lane", "meeting": world.elsewhere.pk, "member": cast.jo.pk}
        for method in route.methods:
            for address in route.addresses(there):
                found[f"{method} {address}"] = {browsers.ask(who, method, address, {}).status_code for who in MEMBERS}
    assert found == {key: {404} for key in found}


def test_another_teams_rows_are_not_there_under_our_own_address(cast: Cast, world: Stage, browsers: Browsers) -> None:
    """Our slug with their meeting, and our meeting with their item, point and person."""
    item = items_of(world.elsewhere)[0].pk
    found = {}
    for route in every_route():
        if type(route.who) is not Member:
            continue
        ours = {**place(world, route), "member": cast.kit.pk}
        foreign = [{**ours, "meeting": world.elsewhere.pk}] if "/m/<int:pk>/" in route.pattern else []
        if "<int:item>" in route.pattern and route.name in ("item_change",):
            foreign.append({**ours, "item": item})
        if "/people/<int:pk>/" in route.pattern:
            foreign.append({**ours, "member": cast.jo.pk})
        for given in foreign:
            for method in route.methods:
                data = posted(cast, world, route) if method == "POST" else None
                for address in route.addresses(given):
                    found[f"{method} {route.name} {address}"] = browsers.ask("mo", method, address, data).status_code
    assert len(found) > 40
    assert found == dict.fromkeys(found, 404)


def test_a_refused_member_is_told_who_has_the_seat(cast: Cast, world: Stage, browsers: Browsers) -> None:
    said = {}
    for name, route in {route.name: route for route in every_route()}.items():
        if "403" not in MEMBERS_MAY.get(f"POST {name}", ""):
            continue
        address = route.addresses({**place(world, route), "member": cast.kit.pk})[0]
        answer = browsers.ask("ben", "POST", address, posted(cast, world, route))
        if answer.status_code == 403:
            html = answer.content.decode()
            said[name] = [person for person in ("Ada", "Lin", "Sol", "Mo") if person in html]
    assert all(said.values()), json.dumps(said)


def test_no_post_is_taken_without_its_token(cast: Cast, world: Stage) -> None:
    mo = client_of(cast.mo, enforce_csrf_checks=True)
    found = {}
    for route in every_route():
        if "POST" in route.methods:
            address = route.addresses({**place(world, route), "member": cast.kit.pk})[0]
            found[route.name] = mo.post(address, posted(cast, world, route)).status_code
    # A mail program has no token: whoever has the letter may stop its kind, and no more (RFC 8058).
    assert found == {**dict.fromkeys(found, 403), "letters_stop": 200}


def test_pages_that_somebody_was_let_into_are_never_stored(cast: Cast, world: Stage, browsers: Browsers) -> None:
    found = {}
    for route in every_route():
        if "GET" in route.methods and type(route.who) in (Member, SignedIn, Wall, VisitLink, VisitorOf):
            for address in route.addresses({**place(world, route), "member": cast.kit.pk}):
                found[address] = browsers.ask("lin", "GET", address).headers.get("Cache-Control", "")
    assert {address: said for address, said in found.items() if "no-store" not in said} == {}


NASTIEST = ("x\x00y", "", "9" * 26, "x" * 10_000)  # tried in every field; of the others each field gets some in turn
NASTY = (
    "\x00",
    " ",
    "-1",
    "0",
    "2147483648",
    "9223372036854775808",
    "1e400",
    "NaN",
    "٣",
    "²",
    "true",
    "null",
    "[]",
    "'; DROP TABLE teams_team; --",
    "<script>alert(1)</script>",
    "{{ 7 }}{% now %}",
    "%s%(x)s",
    "../../etc/passwd",
    "\u202e\u200b\ufeff",
    "😀" * 50,
    "a\r\nBcc: x@example.org",
    "2026-02-30",
    "9999-12-31",
    "0001-01-01",
    "25:61",
    "not-a-uuid",
    "00000000-0000-0000-0000-000000000000",
)
FIELDS = {  # beside what is posted in the table
    "item_add": ("label", "presenter", "key", "from"),
    "item_change": ("label", "presenter", "only", "from"),
    "item_move": ("to", "from"),
    "item_step": ("from",),
    "turn": ("other", "member", "from"),
    "away_add": ("key",),
    "seat": ("me", "leave", "stays", "seen", "from"),
    "item_more": ("before",),
    "jotting_keep": ("key",),
    "jotting_change": ("version",),
    "point_raise": ("kind", "jotting", "key", "aloud"),
    "point_reword": ("version",),
    "point_merge": ("key",),
    "point_move": ("order",),
    "differently": ("key",),
    "offer": ("unnamed", "key"),
    "offer_answer": ("later",),
    "read_back": ("points", "picked", "short"),
    "read_back_none": ("outcome", "from"),
    "words": ("applies", "action", "owner", "outcome"),
    "summary": ("version", "send", "edition", "shown"),
    "summary_add": ("key", "from"),
    "summary_send": ("edition", "shown"),
    "summary_again": ("edition",),
    "summary_throw_away": ("edition", "version"),
    "summary_reword": ("version",),
    "meeting_new": ("video", "key"),
    "meeting_plan": ("video", "version"),
    "series_new": ("place", "video", "key"),
    "series_change": ("place", "video", "key"),
    "series_line_add": ("key",),
    "pause_add": ("key",),
    "invite": ("key",),
    "member": ("is_lead",),
    "agreement_change": ("way_out", "four_steps", "task_words", "visitors"),
    "attendance": ("everyone", "was"),
    "letters_choose": ("wanted",),
    "letters_stop": ("again", "List-Unsubscribe"),
    "visit_ask": ("key",),
    "visit_offer": ("unnamed", "key"),
    "visit_differ": ("key",),
}
DOES = {
    "visit_ask": "nobody",
    "visit_offer": "guest",
    "visit_differ": "other",
    "turn": "lin",
    "letters_choose": "ben",
    "jotting_keep": "lin",
    "jotting_change": "lin",
    "jotting_pass_on": "lin",
    "point_when": "ada",
    "words": "sol",
    "meeting_close": "ada",
}


def test_nasty_values_in_any_field_are_never_a_fault_of_ours(cast: Cast, world: Stage, browsers: Browsers) -> None:
    faults, turn = [], cycle(NASTY)
    for route in every_route():
        if "POST" not in route.methods:
            continue
        data = posted(cast, world, route)
        address = route.addresses({**place(world, route), "member": cast.kit.pk})[0]
        who = DOES.get(route.name, "lin" if route.name.startswith(("point", "offer_", "summary")) else "mo")
        for field in (*data, *FIELDS.get(route.name, ())):
            for value in (*NASTIEST, next(turn)):
                status = browsers.ask(who, "POST", address, {**data, field: value}).status_code
                if status >= 500:
                    faults.append(f"{route.name} {field}={value[:20]!r}: {status}")
    assert faults == []


def test_nasty_values_in_a_query_are_never_a_fault_of_ours(cast: Cast, world: Stage, browsers: Browsers) -> None:
    faults = []
    for route in every_route():
        if "GET" not in route.methods or route.name == "health_work":  # which says 503: nobody does the work of a test
            continue
        address = route.addresses({**place(world, route), "member": cast.kit.pk})[0]
        for value in ("x\x00y", "9" * 26, "²"):
            for names in (("item",), ("line",), ("add", "edit", "words", "next", "from")):
                asked = f"{address}?{urlencode(dict.fromkeys(names, value))}"
                if browsers.ask("mo", "GET", asked).status_code >= 500:
                    faults.append(asked)
    assert faults == []


def test_a_wall_looks_at_its_own_meeting_and_at_nothing_else(cast: Cast, world: Stage, browsers: Browsers) -> None:
    html = browsers.ask("wall", "GET", f"/wall/{wall_token(world.code)}/").content.decode()
    assert [words for words in (world.jotting.text, world.offer.text, world.waiting.text) if words in html] == []
    assert "Lin keeps our learning in mind" in html
    assert browsers.ask("wall", "GET", f"/t/harbour-street/m/{world.live.pk}/").status_code == 302
    assert settings.SESSION_COOKIE_NAME not in browsers.cookies["wall"]
    assert look(lambda: world.live.wall_code.code) == world.code
