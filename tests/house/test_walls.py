"""The second wall, looked at in PostgreSQL itself: forced everywhere, loud without a scope, and closed to other teams' rows."""

import uuid
from datetime import time

import pytest
from django.apps import apps
from django.conf import settings
from django.db import DatabaseError, IntegrityError, connection, connections, models, transaction

from core.policy import Principal
from core.scope import everything, scope
from learning.models import Jotting, Offer, OtherView, Point
from learning.services import jottings, offers, points
from learning.services import summary as summaries
from meetings.models import Item, ItemKind, Meeting, Pause, Series, SeriesLine, Tap, Visitor
from meetings.services import running
from teams.models import Activity, Attempt, Away, Driver, Letter, Membership, Team, Unwanted, User
from teams.services.members import invite
from tests.cast import Cast, closed, do, live, look, raised
from tests.marks import ROWS

pytestmark = ROWS

OURS = [model for label in ("teams", "meetings", "learning") for model in apps.get_app_config(label).get_models()]
OWNED: list[type[models.Model]] = [model for model in OURS if any(field.name == "team" for field in model._meta.fields)]
WALLED: list[type[models.Model]] = [*OWNED, Team]


def asked(sql: str, *params: str) -> list[tuple[object, ...]]:
    """As the owner, who sees the catalogue and every row."""
    with connections["owner"].cursor() as cursor:
        cursor.execute(sql, params)
        return list(cursor.fetchall())


@pytest.fixture
def world(cast: Cast) -> Cast:
    """Rows of both teams in as many tables as a meeting fills."""
    closed(cast, agreed=2)
    meeting = live(cast)
    do(jottings.keep_jotting, by=cast.lin, meeting=meeting.pk, text="calmer at the door")
    do(offers.make_offer, by=cast.ben, meeting=meeting.pk, text="Keep one list of who answers")
    do(points.notice, by=cast.lin, meeting=meeting.pk, text="We slowed down")
    raised(cast, meeting)
    do(invite, by=cast.mo, email="new@harbour.example")
    with everything("a test"):
        over = Meeting.objects.filter(phase="closed").get()
        summaries.send(by=cast.lin, meeting=over.pk)
        running.tick_attendance(by=cast.ada, meeting=meeting.pk, here=[cast.ada.pk, cast.lin.pk])
        day = meeting.starts.date()
        for team, member in ((cast.team, cast.kit), (cast.other, cast.tess)):
            series = Series.objects.create(team=team, rule="FREQ=WEEKLY", first=day, at=time(10))
            SeriesLine.objects.create(team=team, series=series, kind=ItemKind.BUSINESS, position=1)
            Pause.objects.create(team=team, first=day, last=day)
            Away.objects.create(team=team, member=member, first=day, last=day)
            Unwanted.objects.create(team=team, member=member, kind="summary")
        Tap.objects.create(team=cast.team, meeting=meeting, by=cast.ada, verb="next item")
        Visitor.objects.create(team=cast.team, meeting=meeting, name="Vi")
        point = Point.objects.filter(meeting=meeting)[0]
        OtherView.objects.create(team=cast.team, meeting=meeting, point=point, text="Not at night")
    return cast


def test_every_team_owned_table_has_its_wall_forced() -> None:
    walls = {
        name: (enabled, forced)
        for name, enabled, forced in asked(
            "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class "
            "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
        )
    }
    assert {model._meta.db_table: walls[model._meta.db_table] for model in WALLED} == {
        model._meta.db_table: (True, True) for model in WALLED
    }


def test_every_wall_has_one_policy_for_everything_that_asks_the_scope_both_ways() -> None:
    policies = asked("SELECT tablename, cmd, permissive, qual, with_check FROM pg_policies WHERE schemaname = 'public'")
    assert sorted(str(policy[0]) for policy in policies) == sorted(model._meta.db_table for model in WALLED)
    for table, command, permissive, reads, writes in policies:
        column = "id" if table == Team._meta.db_table else "team_id"
        assert (command, permissive, reads) == ("ALL", "PERMISSIVE", writes)
        assert "app_everything()" in str(reads)
        assert f"({column} = ANY" in str(reads)


def test_what_belongs_to_no_team_is_a_person_and_who_drives_the_clock() -> None:
    assert set(OURS) - set(WALLED) == {Driver, User}


def test_without_a_scope_a_query_is_refused_aloud(world: Cast) -> None:
    with everything("a test"):
        letter = Letter.objects.filter(team=world.team)[0]
        Attempt.objects.create(team=world.team, letter=letter)
    empty = [model._meta.label for model in WALLED if look(model._base_manager.count) == 0]
    assert empty == [], "the world of this test has no such rows, so it proves nothing for them"
    for model in WALLED:
        with pytest.raises(DatabaseError, match="no scope is set"):
            list(model._base_manager.all())


def test_in_one_teams_scope_nothing_of_another_is_seen_though_nobody_filters(world: Cast) -> None:
    with scope(world.other.pk):
        foreign = {model._meta.label: model._base_manager.exclude(team_id=world.other.pk).count() for model in OWNED}
        assert foreign == dict.fromkeys(foreign, 0)
        assert [team.slug for team in Team._base_manager.all()] == ["mill-lane"]
        assert Membership._base_manager.count() == 3


def test_in_an_empty_scope_there_is_nothing(world: Cast) -> None:
    with scope():
        assert sum(model._base_manager.count() for model in WALLED) == 0


def test_a_narrower_scope_inside_a_wider_one_ends_with_it(world: Cast) -> None:
    with everything("a test"):
        both = Team._base_manager.count()
        with scope(world.other.pk):
            one = Team._base_manager.count()
        assert (both, one, Team._base_manager.count()) == (2, 1, 2)


def test_no_row_can_be_put_into_another_team(world: Cast) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), scope(world.other.pk):
        Membership.objects.create(team_id=world.team.pk, user=world.otto.user)


def test_no_row_can_be_moved_into_another_team(world: Cast) -> None:
    with pytest.raises(DatabaseError, match="row-level security"), scope(world.other.pk):
        Membership.objects.filter(pk=world.otto.pk).update(team_id=world.team.pk)


def test_another_teams_rows_can_neither_be_changed_nor_deleted(world: Cast) -> None:
    with scope(world.other.pk):
        assert Membership._base_manager.filter(team_id=world.team.pk).update(is_lead=True) == 0
        assert Jotting._base_manager.all().delete()[0] == 0
        assert Point._base_manager.filter(meeting__team_id=world.team.pk).update(text="") == 0


def _links() -> set[tuple[str, str, str]]:
    """(table, column, parent) of every foreign key from one team-owned model to another."""
    return {
        (model._meta.db_table, field.column, field.related_model._meta.db_table)
        for model in OWNED
        for field in model._meta.fields
        if isinstance(field, models.ForeignKey) and field.related_model in OWNED
    }


def test_every_link_between_team_owned_rows_is_tied_to_one_team() -> None:
    composite = asked(
        """
        SELECT c.conrelid::regclass::text, a.attname, c.confrelid::regclass::text
        FROM pg_constraint c
        JOIN pg_attribute t ON t.attrelid = c.conrelid AND t.attnum = c.conkey[1] AND t.attname = 'team_id'
        JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[2]
        WHERE c.contype = 'f' AND array_length(c.conkey, 1) = 2
        """
    )
    assert set(composite) == _links()


def test_a_link_across_teams_is_refused_though_everything_is_in_scope(world: Cast) -> None:
    ours = look(lambda: Meeting.objects.filter(phase="live").get())
    with pytest.raises(IntegrityError, match="same_team"), everything("a test"):
        Item.objects.create(team=world.other, meeting=ours, kind=ItemKind.OTHER, label="Dates", position=9)
    with pytest.raises(IntegrityError, match="same_team"), everything("a test"):
        Offer.objects.create(team=world.team, meeting=ours, by=world.otto, text="x", key=uuid.uuid4())


def test_the_apps_role_owns_nothing_and_cannot_step_over_the_wall() -> None:
    role = connection.settings_dict["USER"]
    assert role == settings.DATABASES["default"]["USER"]
    assert role != connections["owner"].settings_dict["USER"]
    [(superuser, bypass, create_db, create_role)] = asked(
        "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcreaterole FROM pg_roles WHERE rolname = %s", role
    )
    assert (superuser, bypass, create_db, create_role) == (False, False, False, False)
    owned = asked(
        "SELECT relname FROM pg_class WHERE relowner = %s::regrole UNION "
        "SELECT proname FROM pg_proc WHERE proowner = %s::regrole",
        role,
        role,
    )
    assert owned == []
    memberships = asked("SELECT roleid::regrole::text FROM pg_auth_members WHERE member = %s::regrole", role)
    assert memberships == []


def test_the_app_may_not_take_a_wall_down() -> None:
    for words in (
        "ALTER TABLE teams_membership DISABLE ROW LEVEL SECURITY",
        "DROP POLICY teams_membership_team ON teams_membership",
        "TRUNCATE teams_membership",
        "CREATE TABLE beside (id int)",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(words)


def test_what_happened_can_be_added_to_and_read_but_not_changed(world: Cast) -> None:
    role = connection.settings_dict["USER"]
    rights = {
        right
        for right in ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE")
        if asked("SELECT has_table_privilege(%s, 'teams_activity', %s)", role, right) == [(True,)]
    }
    assert rights == {"SELECT", "INSERT"}
    before = look(lambda: list(Activity.objects.values_list()))
    for words in ("UPDATE teams_activity SET verb = 'nothing'", "DELETE FROM teams_activity"):
        with pytest.raises(DatabaseError), everything("a test"), connection.cursor() as cursor:
            cursor.execute(words)
    assert look(lambda: list(Activity.objects.values_list())) == before


def test_the_record_holds_even_where_a_right_was_given_by_mistake(world: Cast) -> None:
    role = connection.settings_dict["USER"]
    with connections["owner"].cursor() as owner:
        owner.execute(f'GRANT UPDATE, DELETE ON teams_activity TO "{role}"')
    try:
        for words in ("UPDATE teams_activity SET verb = 'nothing'", "DELETE FROM teams_activity"):
            with (
                pytest.raises(DatabaseError, match="append-only"),
                everything("a test"),
                connection.cursor() as cursor,
            ):
                cursor.execute(words)
    finally:
        with connections["owner"].cursor() as owner:
            owner.execute(f'REVOKE UPDATE, DELETE ON teams_activity FROM "{role}"')


def test_the_first_wall_alone_shows_a_stranger_and_nobody_nothing(world: Cast) -> None:
    stranger = Principal("person", (world.other.pk,), world.otto.user_id, world.otto.pk)
    asked_for = [getattr(model._default_manager, "visible_to", None) for model in OURS]
    with everything("a test"):
        for visible_to in filter(None, asked_for):
            assert {getattr(row, "team_id", row.pk) for row in visible_to(stranger)} <= {world.other.pk}
            assert visible_to(Principal()).count() == 0
