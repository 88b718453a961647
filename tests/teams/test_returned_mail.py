"""Mail to a member that comes back: said on their page and in the list of people, to AMBIT leads and to whoever it is."""

from datetime import UTC, datetime, timedelta
from html import unescape

import pytest

from core.scope import everything
from teams.models import Letter, Membership
from teams.queries import Returned, mail_comes_back, returned_mail
from tests.cast import Cast, client_of, counted, look, person_of
from tests.marks import ROWS

pytestmark = ROWS

MONDAY = datetime(2026, 9, 21, 12, tzinfo=UTC)
GONE = "550 5.1.1 Recipient address rejected: User unknown"


def letter(member: Membership, days: int, state: str, *, address: str = "", refused: str = "") -> None:
    """One that went to them, so many days after that Monday."""
    moment = MONDAY + timedelta(days=days)
    with everything("a test"):
        Letter.objects.create(
            team=member.team,
            key=f"test:{member.pk}:{days}",
            kind="summary",
            user=member.user,
            address=address or member.user.email,
            state=state,
            sent_at=moment if state in ("sent", "bounced") else None,
            ended_at=None if state == "sent" else moment,
            refused=refused,
        )


def returned(cast: Cast, name: str) -> Returned | None:
    return look(lambda: returned_mail(person_of(cast.mo), cast.us[name]))


def words(reader: Membership, address: str) -> str:
    return " ".join(unescape(client_of(reader).get(f"/t/harbour-street/people/{address}").content.decode()).split())


def test_since_when_it_comes_back_is_after_the_last_letter_that_arrived(cast: Cast) -> None:
    sol = cast.sol
    letter(sol, 0, "bounced", refused="450 4.2.2 Mailbox full")
    letter(sol, 1, "sent")
    assert returned(cast, "Sol") is None
    letter(sol, 2, "failed", refused="552 5.2.2 Mailbox full")
    letter(sol, 3, "bounced", refused=GONE)
    assert returned(cast, "Sol") == Returned(sol.user.email, MONDAY + timedelta(days=2), GONE)
    assert returned(cast, "Ben") is None
    letter(sol, 4, "sent")
    assert returned(cast, "Sol") is None


def test_another_address_is_no_longer_the_one_that_came_back(cast: Cast) -> None:
    letter(cast.sol, 0, "bounced", refused=GONE)
    with everything("a test"):
        cast.sol.user.email = "sol@elsewhere.example"
        cast.sol.user.save()
    assert returned(cast, "Sol") is None


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (GONE, "The mail server says there is no such address."),
        ("5.1.1", "The mail server says there is no such address."),
        ("552-5.2.2 The email account is over quota", "The mail server says the mailbox is full."),
        ("550 5.2.1 Mailbox disabled", "The mail server says the mailbox takes no mail."),
        ("connect to mx.harbour.example: 451 4.4.1", "The mail server couldn’t be reached."),
        ("550 5.7.1 Our policy says no", "The mail server refused our letter by a rule of its own."),
        ("host 10.5.1.1 said no", ""),
        ("", ""),
    ],
)
def test_what_a_mail_server_said_in_plain_words(said: str, why: str) -> None:
    assert Returned("sol@harbour.example", MONDAY, said).why == why


def test_their_page_says_so_to_leads_and_to_them_and_to_nobody_else(cast: Cast) -> None:
    letter(cast.sol, 0, "bounced", refused=GONE)
    page = f"{cast.sol.pk}/"
    lead, own, member = (words(reader, page) for reader in (cast.mo, cast.sol, cast.kit))
    assert "Mail to Sol comes back" in lead
    assert f"Letters to <strong>{cast.sol.user.email}</strong> haven’t arrived since 21 September." in lead
    assert "The mail server says there is no such address." in lead
    assert GONE in lead
    assert 'href="/t/harbour-street/people/#invite-h"' in lead
    assert "Mail to you comes back" in own
    assert cast.sol.user.email in own
    assert "comes back" not in member
    assert cast.sol.user.email not in member
    assert "comes back" not in words(cast.mo, f"{cast.ben.pk}/")


def test_the_list_of_people_notes_it_for_leads_and_for_them(cast: Cast) -> None:
    letter(cast.sol, 0, "failed", refused=GONE)
    letter(cast.ben, 0, "bounced")
    noted = {
        each.first_name: words(each, "").count("Mail comes back.") for each in (cast.mo, cast.rosa, cast.sol, cast.kit)
    }
    assert noted == {"Mo": 2, "Rosa": 2, "Sol": 1, "Kit": 0}
    assert cast.sol.user.email not in words(cast.mo, "")


def test_another_teams_letters_say_nothing_here(cast: Cast) -> None:
    letter(cast.otto, 0, "bounced", refused=GONE)
    assert look(lambda: mail_comes_back(person_of(cast.mo))) == []
    assert look(lambda: returned_mail(person_of(cast.mo), cast.otto)) is None


def test_the_list_takes_as_many_queries_with_three_as_with_one(cast: Cast) -> None:
    browser, numbers = client_of(cast.mo), []
    for batch in ([cast.sol], [cast.ben, cast.kit]):
        for each in batch:
            letter(each, 0, "bounced", refused=GONE)
        with counted() as number:
            browser.get("/t/harbour-street/people/")
        numbers.append(number())
    assert numbers[0] == numbers[1]
