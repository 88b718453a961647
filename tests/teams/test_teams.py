"""Founding, asking in, roles, the agreement, leaving."""

import uuid
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.conf import settings as configured
from django.db import IntegrityError

from core import clock
from core.errors import Invalid, KeyReused, NotAllowed, NotFound, NotPossible
from core.scope import everything
from meetings.services.planning import cancel
from teams.models import Invitation, Letter, Membership, Team, TeamAgreement, User
from teams.queries import agreement_of, people, teams_of
from teams.roles import HolderRule, RaiseRule, Usually
from teams.services.members import accept, change_roles, find_invitation, hash_of, invite, invite_again, leave, withdraw
from teams.services.teams import change_agreement, found_team, name_yourself
from tests.cast import Cast, again, client_of, count, do, look, overheard, person_of, planned, verbs
from tests.marks import ROWS

pytestmark = ROWS

ADDRESS = "new@harbour.example"


def newcomer(email: str = ADDRESS, name: str = "New Comer") -> User:
    return User.objects.create_user(email, name)


def asked(cast: Cast, email: str = ADDRESS, **more: Any) -> tuple[Invitation, str]:
    """An invitation and the token in its letter."""
    made = do(invite, by=cast.mo, email=email, **more)
    return made, look(lambda: Letter.objects.get(key=f"invitation:{made.pk}").data["token"])


def belongs(user: User, team: Team) -> bool:
    return count(Membership, team=team, user=user, until=None) == 1


def client_of_user(user: User) -> Any:
    browser = client_of(None)
    browser.force_login(user)
    return browser


# --- Founding ---


def test_whoever_founds_a_team_leads_it_and_it_has_an_agreement(cast: Cast) -> None:
    founder = found_team(by=newcomer(), name=" Quay House ", zone="Europe/Dublin")
    team = again(founder.team)
    assert (team.name, team.slug, team.zone, founder.is_lead) == ("Quay House", "quay-house", "Europe/Dublin", True)
    agreed = look(lambda: agreement_of(team.pk))
    assert (agreed.holder_rule, agreed.raise_rule, agreed.read_back_minutes) == ("lead", "read_back", 5)
    assert verbs(team) == ["team founded"]


def test_a_name_that_is_taken_or_has_no_letters_is_refused_and_nothing_is_left(cast: Cast) -> None:
    user = newcomer()
    for name in ("Mill Lane", "MILL  lane!", "…"):
        with pytest.raises(Invalid) as refused:
            found_team(by=user, name=name)
        assert refused.value.field == "name"
    assert (count(Team), count(Membership, user=user)) == (2, 0)


def test_a_team_is_founded_from_its_page_and_a_wrong_form_keeps_what_was_typed(cast: Cast) -> None:
    browser = client_of_user(newcomer(name=""))
    wrong = browser.post("/teams/new/", {"name": "Mill Lane", "your_name": "New Comer", "zone": "Europe/London"})
    assert (wrong.status_code, "New Comer" in wrong.content.decode()) == (422, True)
    right = browser.post("/teams/new/", {"name": "Quay House", "your_name": "New Comer", "zone": "Europe/London"})
    assert (right.status_code, right["Location"]) == (303, "/t/quay-house/")
    assert User.objects.get(email=ADDRESS).name == "New Comer"


def test_where_founding_is_by_invitation_there_is_no_such_page(cast: Cast, settings: Any) -> None:
    settings.FOUNDING = "invitation"
    browser = client_of(cast.ben)
    assert [browser.get("/teams/new/").status_code, browser.post("/teams/new/", {}).status_code] == [404, 404]


def test_one_address_is_one_person_whatever_its_case() -> None:
    newcomer("Someone@Harbour.example")
    with pytest.raises(IntegrityError, match="one_user_per_address"):
        User.objects.create_user("SOMEONE@harbour.EXAMPLE")


# --- Asking in ---


def test_an_invitation_keeps_only_the_hash_of_its_link(cast: Cast) -> None:
    made, token = asked(cast, f"  {ADDRESS.upper()} ")
    assert (made.email, again(made).token_hash) == (ADDRESS, hash_of(token))
    letter = look(lambda: Letter.objects.get(kind="invitation"))
    assert (letter.address, letter.team_id) == (ADDRESS, cast.team.pk)


def test_twenty_looks_at_the_link_use_nothing_up(cast: Cast) -> None:
    made, token = asked(cast)
    before = look(lambda: list(Invitation.objects.values_list()))
    scanner = client_of(None)
    assert [scanner.get(f"/invitation/{token}/").status_code for _ in range(20)] == [200] * 20
    assert look(lambda: list(Invitation.objects.values_list())) == before
    user = newcomer()
    answer = client_of_user(user).post(f"/invitation/{token}/")
    assert (answer.status_code, answer["Location"], belongs(user, cast.team)) == (303, "/t/harbour-street/", True)
    assert again(made).accepted_at is not None


def test_a_post_by_nobody_leads_to_sign_in_and_uses_nothing_up(cast: Cast) -> None:
    made, token = asked(cast)
    answer = client_of(None).post(f"/invitation/{token}/")
    assert (answer.status_code, answer["Location"]) == (303, f"/sign-in/?next=/invitation/{token}/")
    assert again(made).accepted_at is None


def test_another_address_is_not_let_in(cast: Cast) -> None:
    made, token = asked(cast)
    for user in (cast.otto.user, newcomer("other@harbour.example"), cast.vi.user):
        assert client_of_user(user).post(f"/invitation/{token}/").status_code == 409
        assert belongs(user, cast.team) is False
    assert again(made).accepted_at is None


def test_the_same_address_in_another_case_is(cast: Cast) -> None:
    _made, token = asked(cast)
    user = newcomer("x@harbour.example")
    User.objects.filter(pk=user.pk).update(email=ADDRESS.title())
    accept(by=again(user), token=token)
    assert belongs(user, cast.team) is True


def test_a_link_works_once(cast: Cast) -> None:
    _made, token = asked(cast)
    user = newcomer()
    one = accept(by=user, token=token)
    two = accept(by=user, token=token)  # the same person again: the same membership
    assert (one.pk, count(Membership, user=user)) == (two.pk, 1)
    assert client_of(None).get(f"/invitation/{token}/").status_code == 404
    do(leave, by=one, member=one)
    with pytest.raises(NotFound):
        accept(by=user, token=token)
    assert belongs(user, cast.team) is False


def test_a_link_dies_after_seven_days(cast: Cast) -> None:
    made, token = asked(cast)
    user = newcomer()
    with clock.at(made.expires_at - timedelta(seconds=5)):
        assert look(lambda: find_invitation(token)).pk == made.pk
    with clock.at(made.at + timedelta(days=7, seconds=1)):
        for attempt in (lambda: find_invitation(token), lambda: accept(by=user, token=token)):
            with pytest.raises(NotFound):
                attempt()
        assert client_of_user(user).post(f"/invitation/{token}/").status_code == 404
    assert belongs(user, cast.team) is False


def test_a_link_that_was_taken_back_is_dead(cast: Cast) -> None:
    made, token = asked(cast)
    for _ in range(2):
        do(withdraw, by=cast.ben, invitation=made)
    with pytest.raises(NotFound):
        accept(by=newcomer(), token=token)
    assert verbs(cast.team).count("invitation taken back") == 1


def test_asking_again_kills_the_old_link_and_sends_a_new_one(cast: Cast) -> None:
    made, old = asked(cast)
    fresh = do(invite_again, by=cast.ben, invitation=made)
    new = look(lambda: Letter.objects.get(key=f"invitation:{fresh.pk}").data["token"])
    user = newcomer()
    with pytest.raises(NotFound):
        accept(by=user, token=old)
    accept(by=user, token=new)
    assert belongs(user, cast.team) is True


def test_inviting_the_same_address_anew_leaves_one_link_that_works(cast: Cast) -> None:
    _one, first = asked(cast)
    _two, second = asked(cast)
    assert count(Invitation, withdrawn_at=None) == 1
    with pytest.raises(NotFound):
        look(lambda: find_invitation(first))
    assert look(lambda: find_invitation(second)).email == ADDRESS


def test_one_key_is_one_invitation_and_one_letter(cast: Cast) -> None:
    key = uuid.uuid4()
    one, _token = asked(cast, key=key)
    two = do(invite, by=cast.mo, email=ADDRESS, key=key)
    assert (one.pk, count(Invitation), count(Letter)) == (two.pk, 1, 1)
    with pytest.raises(KeyReused):
        do(invite, by=cast.mo, email="another@harbour.example", key=key)


def test_a_member_is_not_asked_in_again(cast: Cast) -> None:
    with pytest.raises(Invalid) as refused:
        do(invite, by=cast.mo, email="ADA.okafor@harbour.example")
    assert (refused.value.field, count(Invitation)) == ("email", 0)


def test_somebody_who_left_may_be_asked_in_again_and_is_a_new_member(cast: Cast) -> None:
    _made, token = asked(cast, cast.vi.user.email)
    back = accept(by=cast.vi.user, token=token)
    assert (back.pk != cast.vi.pk, back.is_lead, belongs(cast.vi.user, cast.team)) == (True, False, True)


def test_an_unknown_link_is_not_there(cast: Cast) -> None:
    assert client_of(None).get("/invitation/nothing/").status_code == 404
    with pytest.raises(NotFound):
        accept(by=newcomer(), token="nothing")


# --- Roles and leaving ---


def test_an_ambit_lead_changes_roles_and_a_member_does_not(cast: Cast) -> None:
    with pytest.raises(NotAllowed) as refused:
        do(change_roles, by=cast.ben, member=cast.ben, is_lead=True, usually=Usually.NOTHING)
    assert refused.value.sentence == "Only an AMBIT lead can change this. Ask Mo, Rosa."
    do(change_roles, by=cast.mo, member=cast.ben, is_lead=True, usually=Usually.SCRIBE)
    assert (again(cast.ben).is_lead, again(cast.ben).usually) == (True, "scribe")


def test_the_last_lead_stays_one(cast: Cast) -> None:
    do(change_roles, by=cast.mo, member=cast.rosa, is_lead=False, usually=Usually.NOTHING)
    with pytest.raises(Invalid):
        do(change_roles, by=cast.mo, member=cast.mo, is_lead=False, usually=Usually.NOTHING)
    with pytest.raises(NotPossible):
        do(leave, by=cast.mo, member=cast.mo)
    assert (again(cast.mo).is_lead, again(cast.mo).until) == (True, None)
    do(change_roles, by=cast.mo, member=cast.kit, is_lead=True, usually=Usually.NOTHING)
    do(leave, by=cast.mo, member=cast.mo)
    assert again(cast.mo).until is not None


def test_a_member_ends_nobodys_membership_but_their_own(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        do(leave, by=cast.ben, member=cast.kit)
    do(leave, by=cast.ben, member=cast.ben)
    assert (again(cast.kit).until, again(cast.ben).until is not None) == (None, True)


def test_whoever_left_finds_nothing_from_that_moment_and_what_is_open_ends(cast: Cast) -> None:
    meeting = planned(cast)
    browser = client_of(cast.ben)
    pages = ("/t/harbour-street/", "/t/harbour-street/people/", f"/t/harbour-street/m/{meeting.pk}/")
    assert [browser.get(page).status_code for page in pages] == [200, 200, 200]
    with overheard() as heard:
        do(leave, by=cast.mo, member=cast.ben)
    assert heard == [{"channel": "live:cut", "member": cast.ben.pk}]
    assert [browser.get(page).status_code for page in pages] == [404, 404, 404]
    assert browser.post(f"/t/harbour-street/m/{meeting.pk}/begin/").status_code == 404
    with pytest.raises(NotFound):
        do(cancel, by=again(cast.ben), meeting=meeting.pk)
    with everything("a test"):
        assert teams_of(cast.ben.user) == []


def test_people_are_those_who_belong_now_by_name(cast: Cast) -> None:
    assert look(lambda: [member.first_name for member in people(person_of(cast.mo))]) == [
        "Ada",
        "Ben",
        "Idris",
        "Kit",
        "Lin",
        "Mo",
        "Nia",
        "Rosa",
        "Sol",
    ]


def test_nobody_belongs_twice_at_a_time_says_the_database(cast: Cast) -> None:
    with pytest.raises(IntegrityError, match="member_once_at_a_time"), everything("a test"):
        Membership.objects.create(team=cast.team, user=cast.ben.user)


def test_a_name_is_ones_own_to_say(cast: Cast) -> None:
    name_yourself(by=cast.ben.user, name="  Benjamin Marsh ")
    assert User.objects.get(pk=cast.ben.user_id).name == "Benjamin Marsh"


# --- The agreement ---


def agree(cast: Cast, by: Membership, **wanted: Any) -> TeamAgreement:
    said = {
        "holder_rule": HolderRule.APPOINTED,
        "raise_rule": RaiseRule.AT_READ_BACK,
        "read_back_minutes": 5,
        "way_out": "Ring.",
    }
    return do(change_agreement, by=by, **{**said, **wanted})


def test_every_version_of_the_agreement_is_kept_with_who_and_the_same_again_is_none(cast: Cast) -> None:
    before = count(TeamAgreement, team=cast.team)
    agree(cast, cast.mo)
    agree(cast, cast.rosa, read_back_minutes=8)
    agree(cast, cast.mo, read_back_minutes=8)
    rows = look(lambda: list(TeamAgreement.objects.filter(team=cast.team).order_by("-pk")))
    assert len(rows) == before + 1
    assert [(row.read_back_minutes, row.by_id) for row in rows[:2]] == [(8, cast.rosa.user_id), (5, cast.mo.user_id)]
    assert look(lambda: agreement_of(cast.team.pk)).read_back_minutes == 8


def test_only_an_ambit_lead_changes_the_agreement(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        agree(cast, cast.ada, read_back_minutes=9)
    assert look(lambda: agreement_of(cast.team.pk)).read_back_minutes == 5


def test_another_teams_agreement_is_its_own(cast: Cast) -> None:
    agree(cast, cast.mo, read_back_minutes=9)
    assert look(lambda: agreement_of(cast.other.pk)).read_back_minutes == 5


def test_the_tests_run_as_the_apps_role_with_founding_open() -> None:
    assert (configured.FOUNDING, configured.DEMO) == ("open", False)


def test_what_the_role_is_stands_on_a_page_of_its_own(cast: Cast) -> None:
    html = unescape(client_of(cast.ben).get("/t/harbour-street/role/").content.decode())
    assert "one of us keeps in mind that we also need to learn about it" in html
    assert "What are the learning points about practice that might be generalisable from this discussion?" in html
    assert "Team Learning Support Worker" in html
    assert 'href="/t/harbour-street/role/"' in client_of(cast.ben).get("/t/harbour-street/agreement/").content.decode()


def test_a_name_that_was_changed_in_another_tab_is_not_written_over(cast: Cast) -> None:
    ben = client_of(cast.ben)
    assert ben.post("/you/", {"name": "Ben Oak", "seen": cast.ben.user.name}).status_code == 303
    late = ben.post("/you/", {"name": "Ben Elm", "seen": cast.ben.user.name})
    html = late.content.decode()
    assert (late.status_code, "Ben Elm" in html, 'data-value="Ben Oak"' in html) == (409, True, True)
    assert 'name="seen" value="Ben Oak"' in html
    assert again(cast.ben.user).name == "Ben Oak"
    assert ben.post("/you/", {"name": "Ben Elm", "seen": "Ben Oak"}).status_code == 303
