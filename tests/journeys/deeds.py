"""What can be done behind the scenes (tests/journeys/backstage.py): each a function of plain values, JSON in and JSON out."""

import json
import sys
import traceback
from datetime import time, timedelta
from typing import Any

from django.contrib.sessions.models import Session
from django.core import signing

from core import clock
from core.scope import everything
from learning.management.cast import gather, person
from learning.models import Jotting, Offer, Point, ReadBack, Turn
from learning.roles import PointState
from learning.services import jottings, offers, points, read_back, summary
from learning.services.other_views import see_differently
from meetings.models import Item, ItemKind, Meeting, WallCode
from meetings.roles import SeatKind
from meetings.rules import seats_of, visit_token, wall_token
from meetings.services import agenda, planning, running, seats
from meetings.services.planning import Line
from meetings.services.series import pause, plan_series
from teams.models import Letter, Membership, User
from teams.roles import HolderRule, RaiseRule, Usually
from teams.services.choices import SALT
from teams.services.members import change_roles, invite, leave
from teams.services.sign_in import demo_token
from teams.services.teams import change_agreement

NAMES = ("Mo Haddad", "Ada Okafor", "Lin Chen", "Sol Rivera", "Ben Marsh")


def serve() -> None:
    """Answer one line after another, until there are no more."""
    for line in sys.stdin:
        what, given = json.loads(line)
        try:
            with everything("a journey's stage"):
                answer = {"done": DEEDS[what](**given)}
        except Exception:
            answer = {"failed": traceback.format_exc()}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _of(slug: str, name: str) -> Membership:
    return Membership.objects.select_related("user", "team").get(team__slug=slug, user__name__startswith=name)


def _link(user: User) -> str:
    return f"/demo/sign-in/{demo_token(user)}/"


# --- a team and its meetings ---


def team(slug: str, name: str) -> dict[str, str]:
    """Mo, the lead, with Ada, Lin, Sol and Ben, and Otto, who is in no team: each one's sign-in link, by first name."""
    members = gather(name, slug, NAMES, slug)
    return {first: _link(member.user) for first, member in members.items()} | {"Otto": _link(person("Otto B", slug))}


def ask_in(slug: str, email: str) -> str:
    """Somebody is invited, and hasn't answered; the token of the link."""
    asked = invite(by=_of(slug, "Mo"), email=email)
    return str(Letter.objects.get(key=f"invitation:{asked.pk}").data["token"])


def stop_token(slug: str, name: str) -> str:
    """What stands in the foot of a letter to this member, to stop the summaries."""
    return signing.dumps([_of(slug, name).pk, "summary"], salt=SALT)


def meeting(slug: str, seated: bool = True, begun: bool = True, days: int = 0) -> int:
    """One that begins in five minutes (so many days later): Ada chairs, Lin keeps learning in mind, Sol is scribe."""
    lines = [
        Line(ItemKind.LOOK_BACK, 5),
        Line(ItemKind.CASE, 10, presenter=_of(slug, "Ben").pk),
        Line(ItemKind.BUSINESS, 15, "Winter rota", _of(slug, "Mo").pk),
        Line(ItemKind.READ_BACK, 5),
        Line(ItemKind.OTHER, 5, "Dates"),
    ]
    mo, starts = _of(slug, "Mo"), clock.now().replace(second=0, microsecond=0) + timedelta(days=days, minutes=5)
    made = planning.plan_meeting(by=mo, starts=starts, place="Room 2", agenda=lines)
    seats.leave_seat(by=mo, meeting=made.pk, kind=SeatKind.LEARNING)  # whom the rule proposed
    if seated:
        for kind, name in ((SeatKind.CHAIR, "Ada"), (SeatKind.LEARNING, "Lin"), (SeatKind.SCRIBE, "Sol")):
            seats.take_seat(by=mo, meeting=made.pk, kind=kind, member=_of(slug, name))
    if begun:
        running.begin(by=_of(slug, "Ada"), meeting=made.pk)
    return int(made.pk)


def visit_link(slug: str, meeting: int) -> str:
    """The team takes visitors: the link to this meeting's door."""
    agreed: dict[str, Any] = {"raise_rule": RaiseRule.AT_READ_BACK, "read_back_minutes": 5, "way_out": ""}
    change_agreement(by=_of(slug, "Mo"), holder_rule=HolderRule.LEAD, visitors=True, **agreed)
    return f"/visit/{visit_token(Meeting.objects.get(pk=meeting))}/"


def take_turns(slug: str) -> list[int]:
    """They take turns; Ada chairs, Sol scribes. Mo and Lin have had theirs, so next week's is Ben's. That meeting, and the one after."""
    mo, ada, sol = (_of(slug, name) for name in ("Mo", "Ada", "Sol"))
    now = clock.now().replace(minute=0, second=0, microsecond=0)
    with clock.at(now - timedelta(weeks=3)):
        change_roles(by=mo, member=ada, is_lead=False, usually=Usually.CHAIR)
        change_roles(by=mo, member=sol, is_lead=False, usually=Usually.SCRIBE)
        agreed: dict[str, Any] = {"raise_rule": RaiseRule.AT_READ_BACK, "read_back_minutes": 5, "way_out": ""}
        change_agreement(by=mo, holder_rule=HolderRule.ROTATION, **agreed)
    everybody = list(Membership.objects.present().filter(team=mo.team).values_list("pk", flat=True))
    for weeks in (2, 1):
        with clock.at(now - timedelta(weeks=weeks)):
            held = planning.plan_meeting(by=mo, starts=clock.now())
            running.begin(by=ada, meeting=held.pk)
            running.tick_attendance(by=ada, meeting=held.pk, here=everybody)
            running.close(by=ada, meeting=held.pk)
    return [int(planning.plan_meeting(by=mo, starts=now + timedelta(weeks=weeks)).pk) for weeks in (1, 2)]


def series(slug: str) -> list[int]:
    """Every Tuesday at ten: one date moved, one skipped, two in a pause. The series, a line of its agenda, and its last date."""
    mo, day = _of(slug, "Mo"), clock.now().date() + timedelta(days=1)
    made = plan_series(by=mo, rule="FREQ=WEEKLY;BYDAY=TU", first=day, at=time(10), place="The long room upstairs")
    dates = list(Meeting.objects.filter(series=made).order_by("starts"))
    planning.change_plan(
        by=mo, meeting=dates[1].pk, starts=dates[1].starts + timedelta(days=1), minutes=45, place="Room 2", video=""
    )
    planning.cancel(by=mo, meeting=dates[2].pk)
    pause(by=mo, first=dates[4].starts.date(), last=dates[5].starts.date())
    return [made.pk, made.lines.all()[1].pk, dates[-1].pk]


def dates(slug: str) -> list[list[str]]:
    """[day, time in UTC, phase, place] of each meeting of any series, in order."""
    rows = Meeting.objects.filter(team__slug=slug, series__isnull=False).order_by("starts")
    return [[str(row.starts.date()), f"{row.starts:%H:%M}", row.phase, row.place] for row in rows]


def read_back_in(slug: str, seconds: int) -> int:
    """A meeting under way whose read-back is due in so many seconds: Ada chairs, Lin keeps learning in mind, Sol is scribe."""
    mo, minutes = _of(slug, "Mo"), seconds // 60 + 1
    with clock.at(clock.now() - timedelta(seconds=minutes * 60 - seconds)):
        lines = [Line(ItemKind.BUSINESS, minutes, "Winter rota", _of(slug, "Lin").pk), Line(ItemKind.READ_BACK, 5)]
        made = planning.plan_meeting(by=mo, starts=clock.now(), agenda=lines)
        for kind, name in ((SeatKind.CHAIR, "Ada"), (SeatKind.LEARNING, "Lin"), (SeatKind.SCRIBE, "Sol")):
            seats.take_seat(by=mo, meeting=made.pk, kind=kind, member=_of(slug, name))
        running.begin(by=_of(slug, "Ada"), meeting=made.pk)
    return int(made.pk)


def call_off(slug: str, meeting: int) -> None:
    planning.cancel(by=_of(slug, "Mo"), meeting=meeting)


def next_item(slug: str, meeting: int) -> None:
    """On to the next item, by Ada."""
    on = Item.objects.filter(meeting=meeting, started_at__isnull=False, ended_at=None).first()
    agenda.next_item(by=_of(slug, "Ada"), meeting=meeting, after=on.pk if on else None)


def add_case(slug: str, meeting: int) -> None:
    agenda.add_item(by=_of(slug, "Mo"), meeting=meeting, kind=ItemKind.CASE, minutes=10, presenter=_of(slug, "Mo"))


def jot(slug: str, meeting: int, text: str) -> int:
    """By Lin."""
    return int(jottings.keep_jotting(by=_of(slug, "Lin"), meeting=meeting, text=text).pk)


def offer(slug: str, meeting: int, text: str) -> None:
    """By Ben."""
    offers.make_offer(by=_of(slug, "Ben"), meeting=meeting, text=text)


def raise_points(slug: str, meeting: int, texts: list[str]) -> None:
    """By Lin."""
    for text in texts:
        points.raise_point(by=_of(slug, "Lin"), meeting=meeting, text=text)


def notice(slug: str, meeting: int, text: str) -> None:
    """By Lin."""
    points.notice(by=_of(slug, "Lin"), meeting=meeting, text=text)


def say_them(slug: str, meeting: int) -> None:
    """The read-back begins: all that waits is said."""
    read_back.start(by=_of(slug, "Lin"), meeting=meeting)


def start_with_one(slug: str, meeting: int) -> None:
    """The first point is on all screens; Sol has the pen."""
    read_back.first_point(by=_of(slug, "Lin"), meeting=meeting)


def settle_all(slug: str, meeting: int, outcomes: list[str]) -> None:
    """Each point in turn, by Sol."""
    for outcome, turn in zip(outcomes, Turn.objects.filter(meeting=meeting).order_by("position"), strict=True):
        read_back.settle(by=_of(slug, "Sol"), meeting=meeting, point=turn.point_id, outcome=PointState(outcome))


def agree_as_they_come(slug: str) -> None:
    """From now on points are seen at once."""
    change_agreement(
        by=_of(slug, "Mo"),
        holder_rule=HolderRule.APPOINTED,
        raise_rule=RaiseRule.AS_THEY_COME,
        read_back_minutes=5,
        way_out="",
    )


def differ(slug: str, meeting: int, text: str) -> None:
    """Ben sees it differently: the point that is being read back."""
    turn = Turn.objects.get(meeting=meeting, position=ReadBack.objects.get(meeting=meeting).at_turn)
    see_differently(by=_of(slug, "Ben"), meeting=meeting, point=turn.point_id, text=text)


def take_chair(slug: str, meeting: int, name: str) -> None:
    seats.take_seat(by=_of(slug, name), meeting=meeting, kind=SeatKind.CHAIR, member=_of(slug, name))


def close(slug: str, meeting: int) -> None:
    """By whoever chairs, or Ada."""
    chair = seats_of(Meeting.objects.get(pk=meeting)).get(SeatKind.CHAIR)
    running.close(by=chair or _of(slug, "Ada"), meeting=meeting)


def send(slug: str, meeting: int, line: str) -> None:
    """By Lin."""
    summary.write_line(by=_of(slug, "Lin"), meeting=meeting, line=line)
    summary.send(by=_of(slug, "Lin"), meeting=meeting)


def begin_again(slug: str, meeting: int) -> None:
    """A second version, by Lin."""
    summary.begin_again(by=_of(slug, "Lin"), meeting=meeting)


# --- what happens to people ---


def take_out(slug: str, name: str) -> None:
    """Mo takes somebody out of the team."""
    leave(by=_of(slug, "Mo"), member=_of(slug, name))


def end_sessions(slug: str, name: str) -> int:
    """Somebody's sessions are gone, as if they had run out. Returns how many they were."""
    user = _of(slug, name).user_id
    gone = [each.pk for each in Session.objects.all() if each.get_decoded().get("_auth_user_id") == str(user)]
    return int(Session.objects.filter(pk__in=gone).delete()[0])


# --- what stands in the rows ---


def jotted(meeting: int) -> list[str]:
    return list(Jotting.objects.filter(meeting=meeting).order_by("pk").values_list("text", flat=True))


def offered(meeting: int) -> list[str]:
    return list(Offer.objects.filter(meeting=meeting).order_by("pk").values_list("text", flat=True))


def items(meeting: int) -> list[list[object]]:
    """[id, title, minutes, label] of each item."""
    return [[item.pk, item.title, item.minutes, item.label] for item in Item.objects.filter(meeting=meeting)]


def member(slug: str, name: str) -> int:
    return int(_of(slug, name).pk)


def a_point(meeting: int, state: str) -> int:
    """The first of this state."""
    return int(Point.objects.filter(meeting=meeting, state=state)[0].pk)


def wall_code(meeting: int) -> str:
    return wall_token(WallCode.objects.values_list("code", flat=True).get(meeting=meeting))


DEEDS = {
    deed.__name__: deed
    for deed in (
        *(
            team,
            ask_in,
            meeting,
            series,
            dates,
            take_turns,
            visit_link,
            read_back_in,
            call_off,
            next_item,
            add_case,
            jot,
            offer,
            raise_points,
            notice,
        ),
        *(say_them, start_with_one, settle_all, take_chair, close, send, begin_again, take_out, end_sessions),
        *(agree_as_they_come, differ),
        *(jotted, offered, items, member, a_point, wall_code, stop_token),
    )
}
