"""`rotation --team SLUG [--on DATE]`: the ledger's figures and whom the team's rule proposes, as JSON, so that anyone can check it."""

import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation

from core.scope import everything, scope
from meetings.queries.fairness import is_available
from meetings.queries.turns import Figures, because, figures_of
from teams.models import Team


class Command(BaseCommand):
    help = "Who kept learning in mind how often in the last twelve months, whose turn it is, why, and who comes next."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--team", metavar="SLUG", required=True)
        parser.add_argument(
            "--on", metavar="DATE", help="reckon for a meeting on this day, in the team's zone (2026-09-29)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        day = None if options["on"] is None else self._day(options["on"])
        with everything("a command of the keeper's"):
            team = Team.objects.filter(slug=options["team"]).first()
        if team is None:
            raise CommandError(f"There is no team {options['team']}", returncode=2)
        with scope(team.pk), translation.override("en-gb"):
            self.stdout.write(json.dumps(told(figures_of(team, day)), indent=2))

    def _day(self, typed: str) -> date:
        try:
            day = date.fromisoformat(typed)
        except ValueError:
            raise CommandError(f"Not a date: {typed}. Write it as 2026-09-29", returncode=2) from None
        if not 2000 <= day.year <= 2100:
            raise CommandError(f"{typed} is not a date in this century", returncode=2)
        return day


def told(figures: Figures) -> dict[str, Any]:
    """As docs/contracts.md says it."""
    ledger, chosen = figures.ledger, figures.proposal
    members = [
        {
            "name": ledger.members[each.member].name,
            "attended": each.attended,
            "held": each.held,
            "available": is_available(each, figures.occasion),
            "opted_out": not each.candidate.takes_turns,
        }
        for each in ledger.standings
    ]
    return {
        "members": sorted(members, key=lambda each: str(each["name"])),
        "proposal": chosen
        and {
            "name": ledger.members[chosen.member].name,
            "because": because(ledger, figures.occasion, chosen.member),
        },
        "next": [ledger.members[member].name for member in figures.after],
    }
