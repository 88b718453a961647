"""`migrate`, as the owner role; afterwards the app role is given exactly what it needs."""

from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections
from psycopg import sql

READ_ONLY = ("django_migrations",)
INSERT_ONLY = ("teams_activity",)  # what happened can't be edited; see also core.rls.AppendOnly


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        super().handle(*args, **options)
        if options.get("plan") or options.get("check_unapplied"):
            return
        database = options["database"]
        call_command("createcachetable", database=database, verbosity=0)
        grant(database, settings.DATABASES["default"]["USER"])


def grant(database: str, role: str) -> None:
    """Let `role` work with every table, change no history, and own nothing. Nothing to do when it is the owner itself."""
    connection = connections[database]
    if connection.settings_dict["USER"] == role:
        return
    app = sql.Identifier(role)
    with connection.cursor() as cursor:
        tables = set(connection.introspection.table_names(cursor))
        for words in (
            "GRANT USAGE ON SCHEMA public TO {app}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {app}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {app}",
        ):
            cursor.execute(sql.SQL(words).format(app=app))
        for words, names in (
            ("REVOKE INSERT, UPDATE, DELETE ON {table} FROM {app}", READ_ONLY),
            ("REVOKE UPDATE, DELETE ON {table} FROM {app}", INSERT_ONLY),
        ):
            for name in tables.intersection(names):
                cursor.execute(sql.SQL(words).format(table=sql.Identifier(name), app=app))
