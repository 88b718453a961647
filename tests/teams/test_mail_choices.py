"""Which letters somebody gets: chosen on a page, or stopped by one tap in the letter itself. With a real mail server."""

import re
from collections.abc import Iterator
from datetime import timedelta
from email import message_from_bytes
from email.policy import default
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.core import signing
from django.test import Client

from core import clock
from core.mail import KINDS, Mail, build, letter_kind, message_id
from teams.models import Letter, Membership, Unwanted
from teams.models.letter import LetterState
from teams.services.choices import SALT, always, stop_link
from teams.services.letters import drain, post_letter
from teams.services.members import change_roles, leave
from tests.cast import Cast, again, client_of, count, do, look, verbs
from tests.marks import ROWS
from tests.postbox import Postbox, Taken, postbox

pytestmark = ROWS


def _said(letter: Letter) -> Mail:
    return Mail("News", "News.\n", "<p>News.</p>")


letter_kind("choice news", title="News of the test")(_said)
letter_kind("choice other", title="Other things")(_said)
letter_kind("choice leads", title="For leads alone", leads=True)(_said)
letter_kind("choice must", essential=True, title="What must come", why="You have to know.")(_said)


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox() as box:
        settings.EMAIL_URL = box.url
        yield box


def post(member: Membership, kind: str, number: int = 1) -> str:
    key = f"{kind}:{number}:{member.pk}"
    look(lambda: post_letter(kind, key=key, to=member.user, team=member.team_id, member=member.pk))
    return key


def states(*keys: str) -> list[str]:
    found = dict(look(lambda: list(Letter.objects.filter(key__in=keys).values_list("key", "state"))))
    return [found[key] for key in keys]


def stop_address(taken: Taken) -> str:
    return urlsplit(str(taken.message["List-Unsubscribe"]).strip("<>")).path


def link(member: Membership, kind: str) -> str:
    return urlsplit(stop_link(Letter(kind=kind, data={"member": member.pk}))).path


def unwanted(member: Membership) -> list[str]:
    return look(lambda: list(Unwanted.objects.filter(member=member).values_list("kind", flat=True)))


# --- In the letter ---


def test_after_one_click_no_further_letter_of_this_kind_comes_and_others_still_do(cast: Cast, box: Postbox) -> None:
    post(cast.lin, "choice news"), post(cast.ben, "choice news")
    drain()
    [first] = box.to(cast.lin.user.email)
    # As a mail program does it: no cookies, from elsewhere, with the body of RFC 8058.
    program = Client(enforce_csrf_checks=True, headers={"Origin": "https://mail.example"})
    answer = program.post(stop_address(first), {"List-Unsubscribe": "One-Click"})
    assert answer.status_code == 200
    assert program.cookies == {}
    keys = [post(cast.lin, kind, 2) for kind in ("choice news", "choice other", "choice must")]
    keys.append(post(cast.ben, "choice news", 2))
    drain()
    assert states(*keys) == ["dropped", "sent", "sent", "sent"]
    assert len(box.to(cast.lin.user.email)) == 3


def test_a_letter_that_was_put_off_before_the_tap_does_not_come_after_it(cast: Cast, box: Postbox) -> None:
    box.at_recipient = lambda address: "451 later"
    key = post(cast.lin, "choice news")
    drain()
    Client().post(link(cast.lin, "choice news"))
    box.at_recipient = lambda address: None
    with clock.at(clock.now() + timedelta(seconds=60)):
        drain()
    assert (states(key), box.journal) == ([LetterState.DROPPED], [])


def test_the_headers_are_what_rfc_8058_asks_for_in_the_bytes_themselves(cast: Cast, settings: Any) -> None:
    settings.PUBLIC_URL = "https://keeping-in-mind.outreach.harbour-street.nhs.example"
    stop = stop_link(Letter(kind="choice news", data={"member": cast.lin.pk}))
    raw = build(_said(Letter()), to="lin@example.org", key="k", moment=clock.now(), stop=stop)
    lines = raw.split(b"\r\n\r\n")[0].decode("ascii").split("\r\n")
    assert f"List-Unsubscribe: <{stop}>" in lines, "whole, on one line, not as encoded words"
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in lines
    assert stop.startswith("https://keeping-in-mind.outreach.harbour-street.nhs.example/letters/stop/")
    assert str(message_from_bytes(raw, policy=default)["Subject"]) == "News"
    assert max(map(len, lines)) < 998


def test_an_essential_letter_has_no_such_header_and_no_such_link(cast: Cast, box: Postbox) -> None:
    post(cast.lin, "choice must")
    drain()
    [taken] = box.journal
    assert taken.message["List-Unsubscribe"] is None
    assert taken.message["List-Unsubscribe-Post"] is None


def test_nobody_can_work_out_a_message_id(settings: Any) -> None:
    before = message_id("summary:12:member-3")
    assert before == message_id("summary:12:member-3") != message_id("summary:12:member-4")
    settings.SECRET_KEY = "another server's"
    assert message_id("summary:12:member-3") != before


# --- The page behind the link ---


def test_looking_changes_nothing_however_often(cast: Cast) -> None:
    before = verbs(cast.team)
    for _ in range(20):
        answer = Client().get(link(cast.lin, "choice news"))
        assert answer.status_code == 200
        assert Client().head(link(cast.lin, "choice news")).status_code == 200
    assert (unwanted(cast.lin), verbs(cast.team)) == ([], before)
    html = answer.content.decode()
    assert "Stop these letters?" in html
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.headers["X-Robots-Tag"] == "noindex"
    assert not answer.cookies


def test_a_tap_says_what_still_comes_and_offers_to_turn_it_on_again(cast: Cast) -> None:
    browser, address = Client(enforce_csrf_checks=True), link(cast.lin, "choice news")
    html = browser.post(address).content.decode()
    assert "“News of the test” from Harbour Street outreach no longer comes to you." in html
    assert "Other things" in html
    assert "What must come" in html
    assert "For leads alone" not in html
    assert "Six digits" not in html
    [again_field] = re.findall(r'name="(again)" value="yes"', html)
    assert "Stopped" in browser.get(address).content.decode(), "it is shown as it stands"
    assert "comes to you." in browser.post(address, {again_field: "yes"}).content.decode()
    assert unwanted(cast.lin) == []
    assert verbs(cast.team)[-2:] == ["letters off", "letters on"]


def test_the_same_tap_twice_is_one(cast: Cast) -> None:
    for _ in range(3):
        assert Client().post(link(cast.lin, "choice news")).status_code == 200
    assert unwanted(cast.lin) == ["choice news"]
    assert verbs(cast.team).count("letters off") == 1


def test_a_link_of_somebody_who_has_left_leads_nowhere(cast: Cast) -> None:
    address = link(cast.kit, "choice news")
    do(leave, by=cast.mo, member=cast.kit)
    assert [Client().get(address).status_code, Client().post(address).status_code] == [404, 404]
    assert count(Unwanted) == 0


@pytest.mark.parametrize("kind", ["choice must", "code", "never heard of"])
def test_what_is_essential_cannot_be_stopped_even_by_a_signed_link(cast: Cast, kind: str) -> None:
    token = signing.dumps([cast.lin.pk, kind], salt=SALT)
    assert Client().post(f"/letters/stop/{token}/").status_code == 404
    assert count(Unwanted) == 0


def test_a_link_that_we_did_not_sign_leads_nowhere(cast: Cast) -> None:
    honest = link(cast.lin, "choice news").split("/")[3]
    forged = signing.dumps([cast.lin.pk, "choice news"], salt="something else")
    numberless = signing.dumps({"member": "x"}, salt=SALT)
    for token in (
        honest[:-1] + ("a" if honest[-1] != "a" else "b"),
        forged,
        numberless,
        "x",
        "\x00",
        "é:é:é",
        "9" * 5000,
    ):
        assert Client().post(f"/letters/stop/{token}/").status_code == 404, token
    assert count(Unwanted) == 0


def test_who_leads_no_more_may_still_stop_what_went_to_leads(cast: Cast) -> None:
    address = link(cast.rosa, "choice leads")
    do(change_roles, by=cast.mo, member=again(cast.rosa), is_lead=False, usually="")
    assert Client().post(address).status_code == 200
    assert unwanted(cast.rosa) == ["choice leads"]


# --- The page where one chooses ---


def test_the_page_lists_every_letter_and_says_why_some_always_come(cast: Cast) -> None:
    html = client_of(cast.lin).get("/you/letters/").content.decode()
    for kind in KINDS.values():
        if not kind.leads and (kind.title or not kind.essential):
            assert str(kind.title) in html, kind.name
    for letter in always():
        assert html.count(letter.title) == 1
        assert letter.why in html
    assert "For leads alone" not in html
    assert "For leads alone" in client_of(cast.mo).get("/you/letters/").content.decode()


def test_every_letter_but_the_drill_has_a_name_for_the_page() -> None:
    ours = {name: kind for name, kind in KINDS.items() if kind.compose.__module__.endswith(".letters")}
    assert {name for name, kind in ours.items() if not kind.title} <= {"drill"}
    assert len(ours) > 10


def test_it_is_turned_off_and_on_by_a_plain_form(cast: Cast, box: Postbox) -> None:
    browser = client_of(cast.lin)
    answer = browser.post("/you/letters/", {"member": cast.lin.pk, "kind": "choice news"})
    assert (answer.status_code, answer["Location"]) == (303, f"/you/letters/#team-{cast.lin.pk}")
    assert "Turned off." in browser.get("/you/letters/").content.decode()
    key = post(cast.lin, "choice news")
    drain()
    assert states(key) == ["dropped"]
    browser.post("/you/letters/", {"member": cast.lin.pk, "kind": "choice news", "wanted": "yes"})
    key = post(cast.lin, "choice news", 2)
    drain()
    assert states(key) == ["sent"]


def test_nobody_chooses_for_somebody_else(cast: Cast) -> None:
    for member in (cast.ben, cast.otto, cast.vi):
        answer = client_of(cast.lin).post("/you/letters/", {"member": member.pk, "kind": "choice news"})
        assert answer.status_code == 404
    assert count(Unwanted) == 0


@pytest.mark.parametrize("member", ["", "0", "-1", "x", "9" * 30, "²", "x\x00y", None])
def test_what_is_no_membership_is_not_found(cast: Cast, member: str | None) -> None:
    given = {"kind": "choice news"} | ({} if member is None else {"member": member})
    assert client_of(cast.lin).post("/you/letters/", given).status_code == 404


@pytest.mark.parametrize("kind", ["", "choice must", "code", "x" * 10_000, "x\x00y"])
def test_what_cannot_be_turned_off_is_not_found(cast: Cast, kind: str) -> None:
    assert client_of(cast.lin).post("/you/letters/", {"member": cast.lin.pk, "kind": kind}).status_code == 404
    assert count(Unwanted) == 0


def test_somebody_without_a_team_sees_what_always_comes(cast: Cast) -> None:
    html = client_of(cast.vi).get("/you/letters/").content.decode()
    assert "You aren’t in a team" in html
    assert "What must come" in html


def test_ones_own_page_leads_there(cast: Cast) -> None:
    assert 'href="/you/letters/"' in client_of(cast.lin).get("/you/").content.decode()
