"""The way back after signing in again: where it leads, and whom a page that is older than the sign-in is told about."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from learning.models import Jotting
from teams.services.members import leave
from tests.cast import Cast, client_of, do, live, look
from tests.marks import ROWS

pytestmark = ROWS

HERE = {"HX-Request": "true", "Origin": "http://testserver", "Sec-Fetch-Site": "same-origin"}


def to_sign_in(answer: Any) -> str:
    assert answer.status_code == 302
    return str(answer["Location"])


def test_a_page_is_found_again_with_all_of_its_address(client: Client) -> None:
    answer = client.get("/t/harbour-street/learning/?from=2026-09-01&kind=case")
    wanted = "/sign-in/?next=/t/harbour-street/learning/%3Ffrom%3D2026-09-01%26kind%3Dcase"
    assert to_sign_in(answer) == wanted
    assert 'value="/t/harbour-street/learning/?from=2026-09-01&amp;kind=case"' in client.get(wanted).content.decode()


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/t/harbour-street/m/12/?add=1", "?next=/t/harbour-street/m/12/%3Fadd%3D1"),
        ("http://testserver/t/harbour-street/m/12/#pane-now", "?next=/t/harbour-street/m/12/"),
        ("https://elsewhere.example/t/harbour-street/", ""),
        ("javascript:alert(1)", ""),
        ("", ""),
    ],
)
def test_after_a_form_it_is_the_page_of_the_form(client: Client, referer: str, back: str) -> None:
    answer = client.post("/t/harbour-street/m/12/begin/", headers={"Referer": referer})
    assert to_sign_in(answer) == f"/sign-in/{back}"


@pytest.mark.parametrize("method", ["get", "post"])
def test_htmx_is_never_led_to_a_page(client: Client, method: str) -> None:
    answer = getattr(client, method)("/t/harbour-street/", headers={"HX-Request": "true"})
    assert answer.status_code in (401, 405)


class Old:
    """A room that Lin opened before signing in again: its token is of the earlier sign-in."""

    def __init__(self, cast: Cast) -> None:
        self.meeting = live(cast)
        self.browser = client_of(cast.lin, enforce_csrf_checks=True)
        html = self.browser.get(f"/t/harbour-street/m/{self.meeting.pk}/").content.decode()
        found = re.search(r'csrfmiddlewaretoken" value="(\w+)"', html)
        assert found
        self.token = found[1]

    def sign_in_anew(self) -> None:
        del self.browser.cookies["csrf"]  # what the rotation at sign-in does to the old token
        self.browser.get("/you/")

    def keep(self, token: str = "", **headers: str) -> Any:
        address = reverse("jotting_keep", args=["harbour-street", self.meeting.pk])
        data = {"text": "calmer at the door", "csrfmiddlewaretoken": token or self.token}
        answer: Any = self.browser.post(address, data, headers=headers)
        return answer


@pytest.fixture
def old(cast: Cast) -> Old:
    return Old(cast)


def jotted() -> int:
    return look(Jotting.objects.count)


def test_an_old_page_of_ours_is_told_the_new_token_and_whose_it_is(cast: Cast, old: Old) -> None:
    old.sign_in_anew()
    answer = old.keep(**HERE)
    assert (answer.status_code, answer.content, answer["X-Person"]) == (403, b"", str(cast.lin.user_id))
    assert "no-store" in answer["Cache-Control"]
    assert not any(name.lower().startswith("access-control") for name in answer.headers)
    assert jotted() == 0
    assert old.keep(answer["X-CSRFToken"], **HERE).status_code == 204
    assert jotted() == 1


@pytest.mark.parametrize(
    "headers",
    [
        {**HERE, "Origin": "https://elsewhere.example"},
        {**HERE, "Origin": "null"},
        {**HERE, "Origin": "http://testserver:8001"},
        {**HERE, "Sec-Fetch-Site": "cross-site"},
        {**HERE, "Sec-Fetch-Site": "same-site"},
        {"HX-Request": "true"},
        {"Origin": "http://testserver"},
        {},
    ],
)
def test_nobody_else_is_told_a_token(old: Old, headers: dict[str, str]) -> None:
    old.sign_in_anew()
    answer = old.keep(**headers)
    assert answer.status_code == 403
    assert [name for name in answer.headers if name in ("X-CSRFToken", "X-Person")] == []
    assert jotted() == 0


def test_a_plain_form_gets_a_page_that_says_what_to_do(old: Old) -> None:
    old.sign_in_anew()
    answer = old.keep()
    assert (answer.status_code, "This page was open for a long time" in answer.content.decode()) == (403, True)


def test_whoever_is_signed_out_is_told_that_and_no_token(old: Old) -> None:
    old.browser.cookies.clear()
    answer = old.keep(**HERE)
    assert (answer.status_code, answer.content) == (401, b"")
    assert "X-CSRFToken" not in answer


def test_an_answer_for_htmx_says_whose_it_is_and_no_other_does(cast: Cast, old: Old) -> None:
    address = f"/t/harbour-street/m/{old.meeting.pk}/"
    assert old.browser.get(f"{address}pieces/desk/", headers=HERE).get("X-Person") == str(cast.lin.user_id)
    assert "X-Person" not in old.browser.get(address)


def test_whoever_is_no_longer_of_the_team_is_told_that_and_no_token(cast: Cast, old: Old) -> None:
    do(leave, by=cast.lin, member=cast.lin)
    old.sign_in_anew()
    answer = old.keep(**HERE)
    assert (answer.status_code, "X-CSRFToken" in answer) == (404, False)
    assert "another team" in answer.content.decode()
