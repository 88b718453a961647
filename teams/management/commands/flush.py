"""`flush`, as the owner role: the app role may not empty tables. The cache goes too: it holds rate limits."""

from typing import Any

from django.conf import settings
from django.core.management.base import CommandParser
from django.core.management.commands import flush
from django.db import connections


class Command(flush.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, **options: Any) -> None:
        # Permissions and content types come back with the next `migrate`; nothing here asks for them, and tests flush often.
        super().handle(**{**options, "inhibit_post_migrate": True})
        connection = connections[options["database"]]
        with connection.cursor() as cursor:
            table = settings.CACHES["default"]["LOCATION"]
            if table in connection.introspection.table_names(cursor):
                cursor.execute(f"TRUNCATE {connection.ops.quote_name(table)}")
