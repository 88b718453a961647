"""What the drill asks of the product, in a process of its own beside PostgreSQL: letters, meetings, people who leave.

One line of JSON in, one out: `["letters", {"count": 10}]` → `{"done": […]}`. Where PostgreSQL is away, the answer is `{"away": "…"}`,
and whoever asked comes again: everything here may be asked twice.
"""

import io
import json
import sys
import time
import traceback
import uuid
from datetime import timedelta
from typing import Any

from django.core.management import call_command
from django.db import InterfaceError, OperationalError, connection

from core import clock
from core.scope import everything
from learning.management.cast import gather, person
from learning.models import Jotting
from learning.services import summary
from meetings.models import Meeting
from meetings.roles import SeatKind
from meetings.services import planning, running, seats
from teams.models import Letter, Membership
from teams.models.letter import LetterState
from teams.services.letters import post_letter
from teams.services.members import leave
from teams.services.sign_in import demo_token

NAMES = ("Mo Haddad", "Ada Okafor", "Lin Chen", "Sol Rivera", "Ben Marsh", "Kit Walsh")
SOON = timedelta(seconds=6)  # until a letter that will be pointless is due


def serve() -> None:
    """Answer one line after another, until there are no more."""
    for line in sys.stdin:
        what, given = json.loads(line)
        try:
            answer: dict[str, Any] = {"done": DEEDS[what](**given)}
        except (OperationalError, InterfaceError) as error:
            answer = {"away": str(error)}
            connection.close()
        except Exception:
            answer = {"failed": traceback.format_exc()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def letters(count: int, spread: float = 0) -> dict[str, Any]:
    """`manage.py drill_letters`, as others call it."""
    out = io.StringIO()
    call_command("drill_letters", count=count, spread=spread, stdout=out)
    return {"keys": json.loads(out.getvalue())}


def team(slug: str) -> dict[str, Any]:
    """Mo, the lead, with Ada, Lin, Sol, Ben and Kit: each one's way in, by first name."""
    with everything("the drill"):
        found = Membership.objects.filter(team__slug=slug).select_related("user")
        members = {each.first_name: each for each in found} or gather("Drill team", slug, NAMES, slug)
        return {
            "links": {first: f"/demo/sign-in/{demo_token(member.user)}/" for first, member in members.items()},
            "emails": {first: member.user.email for first, member in members.items()},
            "members": {first: member.pk for first, member in members.items()},
        }


def _of(slug: str, name: str) -> Membership:
    return Membership.objects.select_related("user", "team").get(
        team__slug=slug, user__name__startswith=name, until=None
    )


def _begun(slug: str) -> Meeting:
    made = planning.plan_meeting(by=_of(slug, "Mo"), starts=clock.now() + timedelta(minutes=5), place="Room 2")
    for kind, name in ((SeatKind.CHAIR, "Ada"), (SeatKind.LEARNING, "Lin"), (SeatKind.SCRIBE, "Sol")):
        seats.take_seat(by=_of(slug, "Mo"), meeting=made.pk, kind=kind, member=_of(slug, name))
    running.begin(by=_of(slug, "Ada"), meeting=made.pk)
    return made


def meeting(slug: str) -> dict[str, Any]:
    """One that is under way: Ada chairs, Lin keeps learning in mind."""
    with everything("the drill"):
        return {"meeting": _begun(slug).pk}


def close(slug: str) -> dict[str, Any]:
    """A meeting is closed: Lin must be asked for the summary."""
    with everything("the drill"):
        made = _begun(slug)
        running.close(by=_of(slug, "Ada"), meeting=made.pk)
    with everything("the drill"):
        asked = Letter.objects.filter(kind="prompt", data__meeting=made.pk).values_list("key", flat=True)
        return {"meeting": made.pk, "prompts": list(asked)}


def prompt(slug: str, name: str, seconds: float = SOON.total_seconds()) -> dict[str, Any]:
    """A letter to somebody about a meeting that is closed, due a little later."""
    with everything("the drill"):
        made, member = _begun(slug), _of(slug, name)
        running.close(by=_of(slug, "Ada"), meeting=made.pk)
        key = f"drill:{name}:{uuid.uuid4()}"
        due = clock.now() + timedelta(seconds=seconds)
        post_letter("prompt", key=key, to=member.user, team=member.team_id, due=due, meeting=made.pk, member=member.pk)
        other = (
            Letter.objects.filter(kind="prompt", data__meeting=made.pk).exclude(key=key).values_list("key", flat=True)
        )
        return {"key": key, "meeting": made.pk, "others": list(other)}


def joins(slug: str, name: str) -> None:
    """Somebody comes in."""
    with everything("the drill"):
        team = _of(slug, "Mo").team
        user = person(name, slug)
        if not Membership.objects.present().filter(team=team, user=user).exists():
            Membership.objects.create(team=team, user=user)


def leaves(slug: str, name: str) -> float:
    """Mo takes somebody out of the team. Returns since when."""
    with everything("the drill"):
        gone = Membership.objects.present().filter(team__slug=slug, user__name__startswith=name).first()
        if gone is not None:
            leave(by=_of(slug, "Mo"), member=gone)
    return clock.now().timestamp()


def send_summary(slug: str, meeting: int) -> float:
    """Lin sends the summary: whoever would be asked for it needn't be any more. Returns since when."""
    with everything("the drill"):
        found = Meeting.objects.get(pk=meeting)
        if not found.summaries.filter(sent_at__isnull=False).exists():
            summary.send(by=_of(slug, "Lin"), meeting=meeting)
    return clock.now().timestamp()


def called_off(slug: str) -> dict[str, Any]:
    """A date is planned and called off before anybody heard of it. Returns the letters that must not leave, and since when."""
    with everything("the drill"):
        made = planning.plan_meeting(by=_of(slug, "Mo"), starts=clock.now() + timedelta(days=3), place="Room 2")
    with everything("the drill"):
        told = list(
            Letter.objects.filter(data__meeting=made.pk, state=LetterState.WAITING).values_list("key", flat=True)
        )
        planning.cancel(by=_of(slug, "Mo"), meeting=made.pk)
    return {"keys": told, "since": clock.now().timestamp()}


def waiting() -> int:
    """How many letters are due and wait, those apart that are due much later."""
    with everything("the drill"):
        return Letter.objects.filter(state=LetterState.WAITING, due_at__lte=clock.now()).count()


def jotted(meeting: int) -> list[str]:
    with everything("the drill"):
        return list(Jotting.objects.filter(meeting=meeting).order_by("pk").values_list("text", flat=True))


def tick(slug: str, meeting: int, names: list[str]) -> float:
    """Who is here, ticked in another process than the web's. Returns the moment by time.monotonic(), which all processes share."""
    moment = time.monotonic()
    with everything("the drill"):
        running.tick_attendance(by=_of(slug, "Lin"), meeting=meeting, here=[_of(slug, name).pk for name in names])
    return moment


DEEDS = {
    deed.__name__: deed
    for deed in (
        *(letters, team, meeting, close, prompt, joins, leaves, send_summary, called_off, waiting, jotted, tick),
    )
}
