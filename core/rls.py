"""The second wall in PostgreSQL: what a migration says of a table that belongs to teams.

`TeamOwned` forces row-level security on one table and ties each of its foreign keys to a parent of the same team, since row-level
security doesn't look at foreign keys. `SCOPE_FUNCTIONS` is what the policies call: it raises where no scope was set.
"""

from typing import Any

from django.db import migrations

SCOPE_FUNCTIONS = migrations.RunSQL(
    """
    CREATE FUNCTION app_everything() RETURNS boolean LANGUAGE plpgsql STABLE AS $$
    DECLARE teams text := current_setting('app.teams', true);
    BEGIN
        IF teams IS NULL OR teams = '' THEN
            RAISE EXCEPTION 'no scope is set: enter core.scope first' USING ERRCODE = 'insufficient_privilege';
        END IF;
        RETURN teams = '*';
    END $$;

    CREATE FUNCTION app_teams() RETURNS bigint[] LANGUAGE plpgsql STABLE AS $$
    DECLARE teams text := current_setting('app.teams', true);
    BEGIN
        IF teams IS NULL OR teams IN ('', '*') THEN RETURN '{}'::bigint[]; END IF;
        RETURN teams::bigint[];
    END $$;
    """,
    "DROP FUNCTION app_teams(); DROP FUNCTION app_everything();",
)


def _same_team(table: str, column: str, child: str, parent: str) -> tuple[str, str]:
    """A composite foreign key: forwards and backwards."""
    name = f"{table}_{child}_same_team"
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {name} FOREIGN KEY ({column}, {child}) "
        f"REFERENCES {parent} (team_id, id) DEFERRABLE INITIALLY DEFERRED",
        f"ALTER TABLE {table} DROP CONSTRAINT {name}",
    )


class SameTeam(migrations.RunSQL):
    """Composite foreign keys (column → parent table) that came to a table after its wall."""

    def __init__(self, table: str, parents: dict[str, str]) -> None:
        self.table, self.parents = table, parents
        both = [_same_team(table, "team_id", child, parent) for child, parent in parents.items()]
        super().__init__(";\n".join(one for one, _ in both), ";\n".join(back for _, back in both))

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__qualname__, [self.table, self.parents], {}


class TeamOwned(migrations.RunSQL):
    """Row-level security on `table`, and one composite foreign key for each of `parents` (column → parent table)."""

    def __init__(self, table: str, parents: dict[str, str] | None = None, *, column: str = "team_id") -> None:
        self.table, self.parents, self.column = table, parents or {}, column
        test = f"(SELECT app_everything()) OR {column} = ANY ((SELECT app_teams())::bigint[])"
        forwards = [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY {table}_team ON {table} USING ({test}) WITH CHECK ({test})",
        ]
        backwards = [
            f"DROP POLICY {table}_team ON {table}",
            f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY",
        ]
        if column == "team_id":
            forwards.append(f"ALTER TABLE {table} ADD CONSTRAINT {table}_team_id_id UNIQUE (team_id, id)")
            backwards.append(f"ALTER TABLE {table} DROP CONSTRAINT {table}_team_id_id CASCADE")
        for child, parent in self.parents.items():
            forward, backward = _same_team(table, column, child, parent)
            forwards.append(forward)
            backwards.insert(0, backward)
        super().__init__(";\n".join(forwards), ";\n".join(backwards))

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__qualname__, [self.table, self.parents], {"column": self.column}


class AppendOnly(migrations.RunSQL):
    """Nobody but the owner role may change or delete rows of `table`: the app may insert and read."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            f"""
            CREATE FUNCTION {table}_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                IF current_user = (SELECT tableowner FROM pg_tables WHERE schemaname = 'public' AND tablename = '{table}') THEN
                    RETURN COALESCE(NEW, OLD);
                END IF;
                RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'insufficient_privilege';
            END $$;
            CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}
                FOR EACH ROW EXECUTE FUNCTION {table}_is_append_only();
            """,
            f"DROP TRIGGER {table}_append_only ON {table}; DROP FUNCTION {table}_is_append_only();",
        )

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return type(self).__qualname__, [self.table], {}
