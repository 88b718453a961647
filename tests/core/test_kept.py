"""A question that is compiled once answers as one that is built anew."""

import threading
from typing import Any

import pytest
from django.db import connection

from core.kept import Kept
from core.scope import everything
from teams.models import Membership, Team
from tests.cast import Cast, look
from tests.marks import ROWS

pytestmark = ROWS


def ask(slug: Any, user: Any) -> Any:
    return Membership.objects.present().filter(team__slug=slug, user=user).select_related("team", "user")


def test_it_answers_as_the_queryset_does_for_each_value(cast: Cast) -> None:
    kept = Kept(ask)
    for slug in ("harbour-street", "mill-lane", "nowhere"):
        for member in (cast.ada, cast.otto, cast.lin):
            found = look(lambda slug=slug, member=member: kept(slug, member.user_id))  # type: ignore[misc]
            assert found == look(lambda slug=slug, member=member: list(ask(slug, member.user_id)))  # type: ignore[misc]
            assert [(each.team.slug, each.user.name) for each in found] in ([], [(slug, member.user.name)])


def test_it_is_built_once_and_rows_are_new_each_time(cast: Cast) -> None:
    built = []
    kept = Kept(lambda pk: built.append(pk) or Team.objects.filter(pk=pk))  # type: ignore[func-returns-value]
    first, second = (look(lambda: kept.first(cast.team.pk)) for _ in range(2))
    assert first == second == cast.team and first is not second and len(built) == 1


def test_it_sees_what_was_changed_meanwhile(cast: Cast) -> None:
    kept = Kept(lambda pk: Team.objects.filter(pk=pk).values_list("name"))
    assert look(lambda: kept.first(cast.team.pk)) == ("Harbour Street outreach",)
    with everything("a test"):
        Team.objects.filter(pk=cast.team.pk).update(name="Quay")
        assert kept.first(cast.team.pk) == ("Quay",)


def test_a_number_that_no_row_can_have_finds_nothing(cast: Cast) -> None:
    kept = Kept(lambda pk: Team.objects.filter(pk=pk))
    assert look(lambda: kept(10**30)) == look(lambda: kept(-(10**30))) == []
    assert look(lambda: kept.first(2**63 - 1)) is None


def test_each_thread_has_its_own(cast: Cast) -> None:
    kept, found = Kept(lambda pk: Team.objects.filter(pk=pk)), list[Any]()
    look(lambda: kept(cast.team.pk))

    def elsewhere() -> None:
        found.append(look(lambda: kept.first(cast.team.pk)))
        connection.close()

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert found == [cast.team]


def test_a_value_that_is_no_parameter_is_refused() -> None:
    kept = Kept(lambda pk, other: Team.objects.filter(pk=pk))
    with pytest.raises(ValueError, match="parameter"):
        look(lambda: kept(1, 2))
