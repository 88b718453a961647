"""A crowd for the bench: teams of signed-in people, each in a live meeting of its own, in bulk. The demo's alone.

The rows are those that founding a team, planning, sitting down, beginning and signing in leave behind (a test compares them), but for
letters: nobody of these wants mail. Three thousand people through the services would take minutes.
"""

import random
import uuid
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import VALID_KEY_CHARS
from django.urls import reverse
from django.utils.crypto import get_random_string

from core import clock
from core.live import position
from core.scope import everything
from meetings.models import How, Item, Meeting, Phase, Seat, WallCode
from meetings.roles import SeatKind
from meetings.services.planning import usual_agenda
from teams.models import Activity, Membership, Team, TeamAgreement, User
from teams.roles import HolderRule, RaiseRule, Usually
from teams.services.activity import digest_of

MINUTES = 240  # booked, so that nothing closes itself under the bench
USUALLY = {1: Usually.CHAIR, 2: Usually.SCRIBE}  # and participant 0 keeps learning in mind
SEATS = ((0, SeatKind.LEARNING, How.TAKEN), (1, SeatKind.CHAIR, How.PROPOSED), (2, SeatKind.SCRIBE, How.PROPOSED))


@dataclass
class Room:
    """One team, its people in order, and its meeting."""

    team: Team
    people: list[Membership]
    meeting: Meeting
    keys: list[dict[str, str]]  # of each person: "session", and "csrf" to post with

    def does(self, verb: str, *, by: int = 0, subject: str = "", **detail: Any) -> Activity:
        """What `record` would write."""
        done = Activity(
            team=self.team, actor_id=self.people[by].user_id, verb=verb, subject=subject, detail=detail, at=clock.now()
        )
        done.digest = digest_of(done)
        return done


def gather(meetings: int, people: int) -> list[Room]:
    """So many new teams of so many people: all signed in, each team in a live meeting, points seen as they come."""
    batch = uuid.uuid4().hex[:8]
    with everything("a crowd for the bench"):
        users = User.objects.bulk_create(_user(batch, team, each) for team in range(meetings) for each in range(people))
        teams = Team.objects.bulk_create(
            Team(slug=f"bench-{batch}-{number}", name=f"Bench {batch} {number}") for number in range(meetings)
        )
        members = Membership.objects.bulk_create(
            Membership(
                team=teams[number // people],
                user=user,
                is_lead=number % people == 0,
                usually=USUALLY.get(number % people, Usually.NOTHING),
            )
            for number, user in enumerate(users)
        )
        planned = Meeting.objects.bulk_create(
            _meeting(team, members[number * people]) for number, team in enumerate(teams)
        )
        keys = [{"session": session, "csrf": get_random_string(32)} for session in _sign_in(users)]
        each = [slice(at, at + people) for at in range(0, meetings * people, people)]
        rooms = [
            Room(team, members[own], meeting, keys[own])
            for team, meeting, own in zip(teams, planned, each, strict=True)
        ]
        _agree(rooms)
        _furnish(rooms)
    return rooms


def _user(batch: str, team: int, person: int) -> User:
    user = User(last_login=clock.now(), email=f"p{person}.{batch}-{team}@bench.invalid", name=f"P{person} Bench")
    user.set_unusable_password()
    return user


def _meeting(team: Team, founder: Membership) -> Meeting:
    """Begun a moment ago, and touched as the services touch it."""
    now = clock.now()
    return Meeting(
        team=team,
        starts=(now - timedelta(minutes=1)).replace(second=0, microsecond=0),
        minutes=MINUTES,
        phase=Phase.LIVE,
        planned_by=founder,
        began_at=now,
        touched_at=now,
        revision=2,
        changed={"seats": 1, "phase": 2, "agenda": 2},
    )


def _agree(rooms: list[Room]) -> None:
    """What founding writes, and then that points are seen as they come."""
    for rule in (RaiseRule.AT_READ_BACK, RaiseRule.AS_THEY_COME):
        holder_rule = HolderRule.LEAD if rule == RaiseRule.AT_READ_BACK else HolderRule.APPOINTED
        TeamAgreement.objects.bulk_create(
            TeamAgreement(team=room.team, by=room.people[0].user, raise_rule=rule, holder_rule=holder_rule)
            for room in rooms
        )
    Activity.objects.bulk_create(room.does("team founded") for room in rooms)
    agreed = dict(
        TeamAgreement.objects.filter(team__in=[room.team for room in rooms]).order_by("pk").values_list("team", "pk")
    )
    Activity.objects.bulk_create(
        room.does("agreement changed", subject=f"agreement {agreed[room.team.pk]}") for room in rooms
    )


def _furnish(rooms: list[Room]) -> None:
    """The agenda, the wall's code, the seats, and what was written down of it all."""
    now = clock.now()
    Item.objects.bulk_create(
        Item(
            team=room.team,
            meeting=room.meeting,
            kind=line.kind,
            label=line.label,
            minutes=line.minutes,
            position=number,
            started_at=now if number == 1 else None,
        )
        for room in rooms
        for number, line in enumerate(usual_agenda(5), start=1)
    )
    WallCode.objects.bulk_create(
        WallCode(team=room.team, meeting=room.meeting, code=code)
        for room, code in zip(rooms, _codes(len(rooms)), strict=True)
    )
    seated = [(room, *seat) for room in rooms for seat in SEATS if seat[0] < len(room.people)]
    Seat.objects.bulk_create(
        Seat(
            team=room.team,
            meeting=room.meeting,
            kind=kind,
            member=room.people[person],
            how=how,
            by=room.people[0],
            since=now,
        )
        for room, person, kind, how in seated
    )
    subject = "meeting {}".format
    Activity.objects.bulk_create(
        room.does(
            "meeting planned", subject=subject(room.meeting.pk), starts=room.meeting.starts.isoformat(), minutes=MINUTES
        )
        for room in rooms
    )
    Activity.objects.bulk_create(
        room.does("seat taken", subject=subject(room.meeting.pk), seat=kind, member=room.people[person].pk, how=how)
        for room, person, kind, how in seated
    )
    Activity.objects.bulk_create(room.does("meeting began", subject=subject(room.meeting.pk)) for room in rooms)


def _codes(number: int) -> list[str]:
    """Codes for walls that no meeting has."""
    chosen, found, taken = random.SystemRandom(), set[str](), set(WallCode.objects.values_list("code", flat=True))
    while len(found) < number:
        letters, digits = chosen.choices("ABCDEFGHJKLMNPQRSTUVWXYZ", k=3), chosen.choices("23456789", k=3)
        found |= {"".join(letters + digits)} - taken
    return sorted(found)


def _sign_in(users: list[User]) -> list[str]:
    """A session for each, as a sign-in on one's own computer leaves it. Returns their keys."""
    now, store = clock.now(), import_module(settings.SESSION_ENGINE).SessionStore
    rows, signed = [], []
    for user in users:
        session = store()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.set_expiry(settings.SESSION_COOKIE_AGE)
        said = dict(session.items())
        session._session_key = get_random_string(32, VALID_KEY_CHARS)
        rows.append(session.create_model_instance(said))
        done = Activity(actor_id=user.pk, verb="signed in", subject=f"user {user.pk}", detail={"how": "demo"}, at=now)
        done.digest = digest_of(done)
        signed.append(done)
    store.get_model_class().objects.bulk_create(rows)
    Activity.objects.bulk_create(signed)
    return [row.session_key for row in rows]


# --- What a load generator is told (bench/README.md says what each key means) ---


def target(rooms: list[Room], base: str) -> dict[str, Any]:
    """How participant 0 raises a point, and how each listens.

    A generator may count meetings and participants from 0 or from 1: the number after the last is the first one again.
    """
    known: dict[str, dict[str, str]] = {}
    for number in range(len(rooms) + 1):
        room = rooms[number % len(rooms)]
        known[str(number)] = {
            "slug": room.team.slug,
            "pk": str(room.meeting.pk),
            "rev": position(room.meeting),
        }
        for person in range(len(room.people) + 1):
            known[f"{number}-{person}"] = room.keys[person % len(room.people)]
    session = f"{settings.SESSION_COOKIE_NAME}=${{session}}"
    return {
        "name": "keeping-in-mind",
        "base": base,
        "headers": {"User-Agent": "bench"},
        "post": {
            "method": "POST",
            "path": _address("point_raise"),
            "headers": {
                "Cookie": f"{session}; {settings.CSRF_COOKIE_NAME}=${{csrf}}",
                "HX-Request": "true",
            },
            "form": {"csrfmiddlewaretoken": "${csrf}", "kind": "point", "text": "${text}", "raise": "1"},
            "redirects": False,
        },
        "stream": {
            "kind": "sse",
            "path": "/live/${pk}/?rev=${rev}",
            "headers": {"Cookie": session},
        },
        "room": {"path": _address("meeting"), "headers": {"Cookie": session}},
        "known": known,
    }


def _address(name: str) -> str:
    """The path of a meeting's page, to be filled in."""
    return reverse(name, args=["slug", 0]).replace("/slug/m/0/", "/${slug}/m/${pk}/")
