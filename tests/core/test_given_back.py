"""Words that a plain form brought and the server didn't take come back with the refusal; a draft learns when they were taken."""

import uuid

import pytest
from django.conf import settings
from django.test import Client

from tests.cast import Cast, client_of, closed, live
from tests.marks import ROWS

pytestmark = ROWS

MARK = str(uuid.uuid4())
WORDS = "calmer at the door, as she said"


def test_a_refused_form_gives_its_words_back(cast: Cast) -> None:
    meeting = live(cast)
    refused = client_of(cast.ben).post(f"/t/{cast.team.slug}/m/{meeting.pk}/jottings/", {"text": WORDS, "key": MARK})
    assert refused.status_code == 403
    page = refused.content.decode()
    assert "What you wrote" in page
    assert WORDS in page
    assert MARK not in page
    assert "no-store" in refused["Cache-Control"]


@pytest.mark.parametrize(("origin", "given"), [("http://testserver", True), ("https://elsewhere.example", False)])
def test_an_old_page_gets_its_words_back_and_another_site_nothing(cast: Cast, origin: str, given: bool) -> None:
    browser = client_of(cast.lin, enforce_csrf_checks=True)
    address = f"/t/{cast.team.slug}/m/{live(cast).pk}/jottings/"
    answer = browser.post(address, {"text": WORDS}, headers={"Origin": origin})
    assert answer.status_code == 403
    assert (WORDS in answer.content.decode()) is given


@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}])
def test_too_much_is_said_in_a_sentence(cast: Cast, headers: dict[str, str]) -> None:
    address = f"/t/{cast.team.slug}/m/{live(cast).pk}/jottings/"
    much = "x" * (settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
    answer = client_of(cast.lin).post(address, {"text": much}, headers=headers)
    assert answer.status_code == 413
    assert "too much to send in one piece" in answer.content.decode()


def test_a_draft_learns_that_it_was_taken(cast: Cast) -> None:
    browser = client_of(cast.lin)
    address = f"/t/{cast.team.slug}/m/{closed(cast).pk}/summary/add/"
    taken = browser.post(address, {"text": "Ask first who else is there", "draft": MARK})
    assert taken.status_code == 303
    assert taken.cookies[f"kept-{MARK}"]["max-age"] == 600
    for draft, words in ((MARK.replace("-", "="), "Ask who waits"), (MARK, "")):  # no mark of ours; nothing was taken
        answer = browser.post(address, {"text": words, "draft": draft})
        assert [name for name in answer.cookies if name.startswith("kept-")] == []


def test_whose_a_page_is(cast: Cast) -> None:
    browser = client_of(cast.lin)
    mine = f'<meta name="person" content="{cast.lin.user_id}">'
    for address in (
        f"/t/{cast.team.slug}/",
        "/you/",
        "/teams/new/",
        "/sign-out/",
        f"/t/{cast.team.slug}/m/{live(cast).pk}/",
    ):
        assert browser.get(address).content.decode().count(mine) == 1, address
    assert 'name="person"' not in Client().get("/sign-in/").content.decode()
