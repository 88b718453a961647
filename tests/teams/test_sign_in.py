"""Signing in by a code sent by mail, through the real outbox and a real SMTP server."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import include, path

from config import urls as every_url
from core import clock
from core.scope import everything
from teams.models import Activity, Invitation, Letter, Team, User
from teams.services.letters import drain
from teams.services.sign_in import demo_token
from tests.postbox import Postbox, postbox

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "owner"])

# For @pytest.mark.urls: the tests run without the demo.
urlpatterns = [*every_url.urlpatterns, path("", include("config.demo_urls"))]


@pytest.fixture
def box(settings: Any) -> Iterator[Postbox]:
    with postbox() as box:
        settings.EMAIL_URL = box.url
        yield box


@pytest.fixture
def lin() -> User:
    return User.objects.create_user("lin.chen@harbour.example", "Lin Chen")


def ask(client: Client, email: str = "lin.chen@harbour.example", **more: str) -> Any:
    return client.post("/sign-in/", {"email": email, "device": "own", **more})


def digits(box: Postbox) -> str:
    """The code in the newest letter."""
    while drain():
        pass
    found = re.search(r"^\d{6}$", box.journal[-1].text, re.MULTILINE)
    assert found, box.journal[-1].text
    return found.group()


def who(client: Client) -> str | None:
    return client.session.get("_auth_user_id")


def test_the_first_page_asks_for_an_address_and_what_one_is_using(client: Client) -> None:
    page = client.get("/sign-in/").content.decode()
    assert [word in page for word in ("E-mail", "What are you using?", "My own phone or laptop", "Send me a code")] == [
        True
    ] * 4


def test_a_code_by_mail_signs_in(client: Client, lin: User, box: Postbox) -> None:
    answer = ask(client)
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/code/")
    page = client.get("/sign-in/code/").content.decode()
    assert "lin.chen@harbour.example" in page
    code = digits(box)
    assert [taken.to for taken in box.journal] == ["lin.chen@harbour.example"]
    assert code not in str(box.journal[0].message["Subject"])
    answer = client.post("/sign-in/code/", {"code": code})
    assert (answer.status_code, answer["Location"], who(client)) == (302, "/", str(lin.pk))


@pytest.mark.parametrize(("device", "hours"), [("own", 30 * 24), ("shared", 12)])
def test_what_one_is_using_decides_how_long(client: Client, lin: User, box: Postbox, device: str, hours: int) -> None:
    ask(client, device=device)
    client.post("/sign-in/code/", {"code": digits(box)})
    left = client.session.get_expiry_date() - clock.now()
    assert abs(left - timedelta(hours=hours)) < timedelta(minutes=1)


def test_a_sign_in_and_a_sign_out_are_written_down(client: Client, lin: User, box: Postbox) -> None:
    ask(client)
    client.post("/sign-in/code/", {"code": digits(box)})
    client.post("/sign-out/")
    with everything("a test"):
        said = list(Activity.objects.order_by("pk").values_list("verb", "actor_id", "detail"))
    assert said == [("signed in", lin.pk, {"how": "code"}), ("signed out", lin.pk, {})]


def test_the_case_of_an_address_makes_no_difference(client: Client, lin: User, box: Postbox) -> None:
    ask(client, "Lin.Chen@Harbour.Example")
    client.post("/sign-in/code/", {"code": digits(box)})
    assert who(client) == str(lin.pk)
    assert User.objects.count() == 1


def test_what_stands_around_the_digits_may_be_pasted_too(client: Client, lin: User, box: Postbox) -> None:
    ask(client)
    code = digits(box)
    client.post("/sign-in/code/", {"code": f" {code[:3]} {code[3:]}. "})
    assert who(client) == str(lin.pk)


def test_a_wrong_code_is_said_beside_the_field_and_the_third_ends_it(client: Client, lin: User, box: Postbox) -> None:
    ask(client)
    right = digits(box)
    wrong = f"{(int(right) + 1) % 1_000_000:06}"
    for _ in range(2):
        answer = client.post("/sign-in/code/", {"code": wrong})
        assert (answer.status_code, "Those aren’t the digits" in answer.content.decode()) == (422, True)
    answer = client.post("/sign-in/code/", {"code": wrong}, follow=True)
    assert (answer.redirect_chain, "That was too many tries" in answer.content.decode()) == ([("/sign-in/", 302)], True)
    client.post("/sign-in/code/", {"code": right})
    assert who(client) is None


def test_another_code_replaces_the_first(client: Client, lin: User, box: Postbox) -> None:
    ask(client)
    first = digits(box)
    client.post("/sign-in/code/", {"action": "resend"})
    second = digits(box)
    assert len(box.journal) == 2
    if first != second:
        assert client.post("/sign-in/code/", {"code": first}).status_code == 422
    client.post("/sign-in/code/", {"code": second})
    assert who(client) == str(lin.pk)


def test_a_code_is_kept_nowhere_once_it_was_mailed(client: Client, lin: User, box: Postbox) -> None:
    ask(client)
    digits(box)
    with everything("a test"):
        letter = Letter.objects.get()
    assert (letter.data, letter.frozen, letter.state) == ({}, None, "sent")


def test_a_code_that_has_expired_is_not_mailed_any_more(client: Client, lin: User, box: Postbox) -> None:
    ask(client)
    with clock.at(clock.now() + timedelta(minutes=11)):
        drain()
    with everything("a test"):
        letter = Letter.objects.get()
    assert (letter.state, letter.data, box.journal) == ("dropped", {}, [])


def test_where_founding_is_open_a_new_address_gets_an_account(client: Client, box: Postbox, settings: Any) -> None:
    settings.FOUNDING = "open"
    ask(client, "Nia.Prosser@harbour.example")
    client.post("/sign-in/code/", {"code": digits(box)})
    nia = User.objects.get()
    assert (nia.email, nia.name, who(client)) == ("nia.prosser@harbour.example", "", str(nia.pk))


def test_where_it_is_by_invitation_a_stranger_sees_the_same_page_and_gets_nothing(
    lin: User, box: Postbox, settings: Any
) -> None:
    settings.FOUNDING = "invitation"
    pages = {}
    for email in ("lin.chen@harbour.example", "otto.brandt@mill-lane.example"):
        client = Client()
        answer = ask(client, email)
        page = client.get("/sign-in/code/").content.decode()
        page = re.sub(r'(csrfmiddlewaretoken" value|csrf" content|nonce|data-now)="[^"]*"', "", page)
        pages[email] = (answer.status_code, answer["Location"], page.replace(email, "…"))
        drain()
    assert pages["lin.chen@harbour.example"] == pages["otto.brandt@mill-lane.example"]
    assert [taken.to for taken in box.journal] == ["lin.chen@harbour.example"]
    assert User.objects.count() == 1


def test_an_invited_address_may_come_in_anyway(client: Client, box: Postbox, settings: Any) -> None:
    settings.FOUNDING = "invitation"
    with everything("a test"):
        team = Team.objects.create(slug="harbour-street", name="Harbour Street outreach")
        soon = clock.now() + timedelta(days=7)
        Invitation.objects.create(team=team, email="kit.walsh@harbour.example", token_hash="x", expires_at=soon)
    ask(client, "kit.walsh@harbour.example")
    client.post("/sign-in/code/", {"code": digits(box)})
    assert who(client) == str(User.objects.get().pk)


def test_somebody_whose_account_is_closed_gets_no_code(client: Client, lin: User, box: Postbox) -> None:
    User.objects.filter(pk=lin.pk).update(is_active=False)
    assert ask(client).status_code == 302
    assert (drain(), box.journal) == (0, [])


def test_a_code_guessed_for_nobody_signs_nobody_in(client: Client, box: Postbox, settings: Any) -> None:
    settings.FOUNDING = "invitation"
    ask(client, "nobody@harbour.example")
    client.post("/sign-in/code/", {"action": "resend"})
    state = client.session["account_login"]["state"]["stages"]["login_by_code"]["data"]
    answer = client.post("/sign-in/code/", {"code": state["code"]})
    assert (answer.status_code, who(client), drain()) == (422, None, 0)


def test_a_bad_address_is_said_beside_the_field_and_stays(client: Client) -> None:
    answer = ask(client, "lin chen")
    page = answer.content.decode()
    assert (answer.status_code, "That isn’t a whole e-mail address." in page, 'value="lin chen"' in page) == (
        422,
        True,
        True,
    )


def test_asking_too_often_is_refused_and_holds_without_redis(client: Client, lin: User, box: Postbox) -> None:
    assert [ask(client).status_code for _ in range(4)] == [302, 302, 302, 422]


def test_sign_in_leads_back_to_where_one_wanted_to_go_and_nowhere_else(lin: User, box: Postbox) -> None:
    for wanted, led in (("/t/harbour-street/", "/t/harbour-street/"), ("https://evil.example/", "/")):
        client = Client()
        answer = ask(client, next=wanted)
        client.post(answer["Location"], {"code": digits(box), "next": wanted})
        answer = client.get("/sign-in/", {"next": wanted})
        assert answer["Location"] == led


def test_signing_out_takes_a_post(client: Client, lin: User) -> None:
    client.force_login(lin)
    assert client.get("/sign-out/").status_code == 200
    assert who(client) == str(lin.pk)
    answer = client.post("/sign-out/")
    assert (answer.status_code, answer["Location"], who(client)) == (303, "/sign-in/", None)


@pytest.mark.urls(__name__)
def test_a_demo_link_signs_in_as_often_as_one_likes(lin: User) -> None:
    for client in (Client(), Client()):
        answer = client.get(f"/demo/sign-in/{demo_token(lin)}/")
        assert (answer.status_code, answer["Location"], who(client)) == (303, "/", str(lin.pk))
    assert Client().get("/demo/sign-in/1:forged:forged/").status_code == 404


@pytest.mark.urls(__name__)
def test_the_demos_links_are_printed_one_a_line(settings: Any, capsys: pytest.CaptureFixture[str]) -> None:
    settings.DEMO = True
    for name in ("Ada Okafor", "Lin Chen", "Sol Rivera", "Ben Marsh", "Mo Haddad", "Otto Brandt"):
        User.objects.create_user(f"{name.split()[0]}@harbour.example", name)
    call_command("sign_in_links", base="http://127.0.0.1:8010")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["SIGN-IN", name] for name in ("Ada", "Lin", "Sol", "Ben", "Mo", "Otto")
    ]
    assert [Client().get(line.split()[2].removeprefix("http://127.0.0.1:8010")).status_code for line in lines] == [
        303
    ] * 6


@pytest.mark.urls(__name__)
def test_the_demos_letters_are_told_as_the_contract_says(
    settings: Any, tmp_path: Any, lin: User, box: Postbox, client: Client
) -> None:
    settings.DEMO_DIR = tmp_path
    ask(client)
    code = digits(box)
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters" / "1.eml").write_bytes(box.journal[0].content)
    (letter,) = client.get("/demo/letters.json").json()
    assert list(letter) == ["to", "subject", "text", "html", "headers", "message_id", "sent_at"]
    assert (letter["to"], letter["subject"]) == ("lin.chen@harbour.example", "Your six digits for Keeping in Mind")
    assert (code in letter["text"], code in letter["html"]) == (True, True)
    assert letter["headers"]["Message-ID"] == letter["message_id"] == box.journal[0].message_id
    assert datetime.fromisoformat(letter["sent_at"]).tzinfo is not None
    assert code in client.get("/demo/letters/").content.decode()
    assert code in client.get("/demo/letters/0/").content.decode()
