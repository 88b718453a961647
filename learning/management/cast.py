"""The demo's cast and their last weeks, told through the services with a clock that is moved and letters held."""

from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from core import clock
from core.live import quiet
from core.scope import everything
from learning.roles import Outcome, PointState
from learning.services import jottings, offers, points, read_back, summary
from learning.services.prompt import ask_to_take_over
from meetings.models import ItemKind, Meeting, Phase, Task
from meetings.roles import SeatKind
from meetings.services import agenda, planning, running, seats, series, turns
from meetings.services.planning import Line
from teams.models import Membership, Team, User
from teams.roles import HolderRule, RaiseRule, Usually
from teams.services.members import change_roles, go_away
from teams.services.teams import change_agreement, found_team

HARBOUR, MILL = "harbour-street", "mill-lane"
NAMES = (
    "Mo Haddad",
    "Rosa Lindqvist",
    "Ada Okafor",
    "Lin Chen",
    "Sol Rivera",
    "Ben Marsh",
    "Idris Bello",
    "Kit Walsh",
    "Nia Prosser",
)
LONDON = ZoneInfo("Europe/London")


def person(name: str, place: str) -> User:
    """Somebody of the cast, with an address that leads nowhere."""
    email = f"{name.lower().replace(' ', '.')}@{place}.example"
    return User.objects.filter(email=email).first() or User.objects.create_user(email, name)


def gather(name: str, slug: str, names: tuple[str, ...], place: str) -> dict[str, Membership]:
    """A team with these people, by first name; the first founds it."""
    founder = found_team(by=person(names[0], place), name=name, slug=slug)
    others = [Membership.objects.create(team=founder.team, user=person(each, place)) for each in names[1:]]
    return {member.first_name: member for member in [founder, *others]}


def tuesday(weeks: int) -> datetime:
    """Ten in the morning on the Tuesday so many weeks before (negative) or after the coming one."""
    today = clock.now().astimezone(LONDON).date()
    day = today + timedelta(days=(1 - today.weekday()) % 7 or 7) + timedelta(weeks=weeks)
    return datetime.combine(day, time(10), LONDON)


def load() -> bool:
    """Load the cast, unless it is there. Returns whether it was new."""
    with quiet(), everything("the demo's cast"):
        if Team.objects.filter(slug=HARBOUR).exists():
            return False
        with clock.at(tuesday(-10)):
            us = gather("Harbour Street outreach", HARBOUR, NAMES, "harbour")
            them = gather("Mill Lane", MILL, ("Otto Brandt", "Tess Day", "Jo Field"), "mill")
            change_roles(by=us["Mo"], member=us["Rosa"], is_lead=True, usually=Usually.NOTHING)
            change_roles(by=us["Mo"], member=us["Ada"], is_lead=False, usually=Usually.CHAIR)
            change_roles(by=us["Mo"], member=us["Sol"], is_lead=False, usually=Usually.SCRIBE)
            for lead in (us["Mo"], them["Otto"]):
                _agree(lead, HolderRule.APPOINTED)
            us = {name: Membership.objects.select_related("user", "team").get(pk=each.pk) for name, each in us.items()}
            _every_tuesday(us)
        _past(us)
        _first(us)
        _cancelled(us)
        _second(us)
        with clock.at(tuesday(-1) + timedelta(hours=3)):
            _agree(us["Mo"], HolderRule.ROTATION)  # from now on they take turns
        _coming(us)
        _elsewhere(them)
        return True


def _agree(lead: Membership, rule: HolderRule) -> None:
    change_agreement(
        by=lead,
        holder_rule=rule,
        raise_rule=RaiseRule.AT_READ_BACK,
        read_back_minutes=5,
        way_out="Not here. Ring the duty desk, then fill in the incident form.",
    )


def _every_tuesday(us: dict[str, Membership]) -> None:
    """They meet each week, in the same room and by video."""
    lines = [
        Line(ItemKind.LOOK_BACK, 5),
        Line(ItemKind.BUSINESS, 15),
        Line(ItemKind.READ_BACK, 5),
        Line(ItemKind.OTHER, 5, "Dates"),
    ]
    series.plan_series(
        by=us["Mo"],
        rule="FREQ=WEEKLY;BYDAY=TU",
        first=tuesday(0).date(),
        at=time(10),
        place="Room 2",
        video="https://meet.example/harbour-tuesday",
        agenda=lines,
    )


def _past(us: dict[str, Membership]) -> None:
    """Weeks of which only the ledger tells: somebody is asked each time, one says not this time, one has to go."""
    _in_short(us, -9, "Lin")
    _in_short(us, -8, "Kit", absent="Mo")
    _in_short(us, -7, "Idris")
    _in_short(us, -6, "Rosa")
    _in_short(us, -5, "Kit", declines="Ben")
    _in_short(us, -4, "Nia", stands_in="Lin")
    _in_short(us, -3, "Rosa", absent="Nia")


def _in_short(
    us: dict[str, Membership], weeks: int, holder: str, *, declines: str = "", stands_in: str = "", absent: str = ""
) -> None:
    """A Tuesday without a learning point: that's fine."""
    starts = tuesday(weeks)
    meeting = Meeting.objects.get(team=us["Mo"].team, starts=starts)
    seat: dict[str, Any] = {"meeting": meeting.pk, "kind": SeatKind.LEARNING}
    with clock.at(starts - timedelta(days=5)):
        if declines:
            seats.take_seat(by=us["Mo"], member=us[declines], **seat)
            turns.decline(by=us[declines], meeting=meeting.pk)
        seats.take_seat(by=us["Mo"], member=us[holder], **seat)
    with clock.at(starts):
        running.begin(by=us["Ada"], meeting=meeting.pk)
        here = [member.pk for name, member in us.items() if name != absent]
        running.tick_attendance(by=us["Sol"], meeting=meeting.pk, here=here)
    with clock.at(starts + timedelta(minutes=25)):
        if stands_in:
            seats.leave_seat(by=us[holder], **seat)
            seats.take_seat(by=us[stands_in], member=us[stands_in], **seat)
    last = us[stands_in or holder]
    with clock.at(starts + timedelta(minutes=56)):
        read_back.without_points(by=last, meeting=meeting.pk, outcome=Outcome.NONE_TODAY)
        running.close(by=us["Ada"], meeting=meeting.pk)
        summary.send(by=last, meeting=meeting.pk)


def _hold(us: dict[str, Membership], starts: datetime, holder: str | None, cases: tuple[str, ...]) -> Meeting:
    """That Tuesday's meeting with some cases, begun on time."""
    lines = [
        Line(ItemKind.LOOK_BACK, 5),
        *(Line(ItemKind.CASE, 10, presenter=us[name].pk) for name in cases),
        Line(ItemKind.BUSINESS, 15, "Winter rota", us["Kit"].pk),
        Line(ItemKind.READ_BACK, 5),
        Line(ItemKind.OTHER, 5, "Dates"),
    ]
    with clock.at(starts - timedelta(days=5)):
        meeting = Meeting.objects.get(team=us["Mo"].team, starts=starts)
        planning.write_agenda(meeting, lines)
        if holder:
            seats.take_seat(by=us["Mo"], meeting=meeting.pk, kind=SeatKind.LEARNING, member=us[holder])
    with clock.at(starts):
        running.begin(by=us["Ada"], meeting=meeting.pk)
    return meeting


def _through(us: dict[str, Membership], meeting: Meeting, starts: datetime, minute: int) -> None:
    """On to the next item, in the given minute; a case's task is marked."""
    with clock.at(starts + timedelta(minutes=minute)):
        on = meeting.items.filter(started_at__isnull=False, ended_at=None).first()
        agenda.next_item(by=us["Ada"], meeting=meeting.pk, after=on.pk if on else None)
        to = meeting.items.filter(started_at__isnull=False, ended_at=None).first()
        if to is not None and to.kind == ItemKind.CASE:
            agenda.mark_task(by=us["Ada"], meeting=meeting.pk, item=to.pk, task=Task.ENGAGEMENT)


def _first(us: dict[str, Membership]) -> None:
    """A fortnight ago: two agreed, one parked, the summary sent the same day."""
    starts = tuesday(-3) + timedelta(weeks=1)
    meeting = _hold(us, starts, "Lin", ("Ben", "Mo"))
    _through(us, meeting, starts, 5)
    with clock.at(starts + timedelta(minutes=8)):
        jottings.keep_jotting(
            by=us["Lin"], meeting=meeting.pk, text="rang first, calmer at the door. who decides who rings?"
        )
    with clock.at(starts + timedelta(minutes=9)):
        call = points.raise_point(
            by=us["Lin"], meeting=meeting.pk, text="A short call the day before makes a first visit easier to keep"
        )
    _through(us, meeting, starts, 16)
    with clock.at(starts + timedelta(minutes=19)):
        worry = points.raise_point(
            by=us["Lin"],
            meeting=meeting.pk,
            text="When two services disagree, ask each what worries them most before talking about plans",
        )
        phone = offers.make_offer(
            by=us["Kit"],
            meeting=meeting.pk,
            text="Keep one list of who answers the phone at each service, and until when",
        )
    with clock.at(starts + timedelta(minutes=24)):
        listed = offers.take_offer(by=us["Lin"], meeting=meeting.pk, offer=phone.pk)
        points.notice(
            by=us["Lin"],
            meeting=meeting.pk,
            text="We slowed down each time we talked about another service’s rules, and thought better for it",
        )
    _through(us, meeting, starts, 26)
    with clock.at(starts + timedelta(minutes=44)):
        running.tick_attendance(
            by=us["Sol"], meeting=meeting.pk, here=[member.pk for name, member in us.items() if name != "Nia"]
        )
        read_back.start(by=us["Lin"], meeting=meeting.pk, picked=[call.pk, worry.pk, listed.pk])
        read_back.first_point(by=us["Lin"], meeting=meeting.pk)
        words = (
            "A short call the day before makes a first visit easier for people to keep",
            "first visits after a missed one",
            "ring the day before",
        )
        read_back.settle(
            by=us["Sol"], meeting=meeting.pk, point=call.pk, outcome=PointState.AGREED, words=(*words, us["Ben"])
        )
        read_back.settle(by=us["Sol"], meeting=meeting.pk, point=worry.pk, outcome=PointState.AGREED)
        read_back.settle(by=us["Sol"], meeting=meeting.pk, point=listed.pk, outcome=PointState.PARKED)
    _finish(us, meeting, starts, "Lin", "Thank you for staying with the second one.")


def _cancelled(us: dict[str, Membership]) -> None:
    """One date that was called off."""
    starts = tuesday(-2) + timedelta(days=2)
    with clock.at(starts - timedelta(days=6)):
        meeting = planning.plan_meeting(by=us["Rosa"], starts=starts, minutes=30, place="Room 2")
    with clock.at(starts - timedelta(days=2)):
        planning.cancel(by=us["Rosa"], meeting=meeting.pk)


def _second(us: dict[str, Membership]) -> None:
    """A week ago: one agreed, one not reached, and Ben hasn't sent the summary yet."""
    starts = tuesday(-1)
    meeting = _hold(us, starts, "Ben", ("Sol", "Idris"))
    _through(us, meeting, starts, 6)
    _through(us, meeting, starts, 17)
    with clock.at(starts + timedelta(minutes=20)):
        paper = points.raise_point(
            by=us["Ben"], meeting=meeting.pk, text="Leave the next step on paper, in the person’s own words"
        )
        points.raise_point(by=us["Ben"], meeting=meeting.pk, text="Offer two times rather than asking when suits")
    _through(us, meeting, starts, 28)
    with clock.at(starts + timedelta(minutes=46)):
        running.tick_attendance(by=us["Sol"], meeting=meeting.pk, here=[member.pk for member in us.values()])
        read_back.start(by=us["Ben"], meeting=meeting.pk, picked=[paper.pk])
        read_back.first_point(by=us["Ben"], meeting=meeting.pk)
        read_back.settle(by=us["Sol"], meeting=meeting.pk, point=paper.pk, outcome=PointState.AGREED)
    _finish(us, meeting, starts, None, "")
    waiting = meeting.summaries.get()
    if waiting.ask_leads_at is not None and waiting.ask_leads_at < clock.now():
        with clock.at(
            waiting.ask_leads_at + timedelta(minutes=1)
        ):  # the leads were asked in its time, not as the demo starts
            ask_to_take_over(waiting.pk)


def _finish(us: dict[str, Membership], meeting: Meeting, starts: datetime, sender: str | None, line: str) -> None:
    with clock.at(starts + timedelta(minutes=62)):
        running.close(by=us["Ada"], meeting=meeting.pk)
    if sender:
        with clock.at(starts + timedelta(hours=2, minutes=4)):
            summary.write_line(by=us[sender], meeting=meeting.pk, line=line)
            summary.send(by=us[sender], meeting=meeting.pk)


def _coming(us: dict[str, Membership]) -> None:
    """Next Tuesday's: Nia is away, it is Mo's turn, and Kit brings a case."""
    meeting = Meeting.objects.get(team=us["Mo"].team, starts=tuesday(0))
    monday = tuesday(0).date() - timedelta(days=1)
    with clock.at(clock.now() - timedelta(days=1)):
        go_away(by=us["Ben"], member=us["Nia"], first=monday, last=monday + timedelta(days=6))
        agenda.add_item(by=us["Kit"], meeting=meeting.pk, kind=ItemKind.CASE, minutes=15, presenter=us["Kit"])


def _elsewhere(them: dict[str, Membership]) -> None:
    """Another team's meeting, whose words nobody of Harbour Street ever sees."""
    starts = tuesday(-1) + timedelta(hours=4)
    with clock.at(starts - timedelta(days=1)):
        meeting = planning.plan_meeting(by=them["Otto"], starts=starts, minutes=45, place="The mill")
        seats.take_seat(by=them["Otto"], meeting=meeting.pk, kind=SeatKind.LEARNING, member=them["Tess"])
    with clock.at(starts):
        running.begin(by=them["Otto"], meeting=meeting.pk)
        read_back.without_points(by=them["Otto"], meeting=meeting.pk, outcome=Outcome.NONE_TODAY)
    with clock.at(starts + timedelta(minutes=40)):
        running.close(by=them["Otto"], meeting=meeting.pk)
        summary.send(by=them["Tess"], meeting=meeting.pk)


def due_within_ten_minutes() -> Meeting:
    """A meeting of Harbour Street that begins within ten minutes, so that its room is open: made if there is none."""
    with quiet(), everything("the demo's next meeting"):
        now = clock.now()
        found = Meeting.objects.filter(
            team__slug=HARBOUR, phase=Phase.PLANNED, starts__gt=now, starts__lte=now + timedelta(minutes=10)
        ).first()
        if found is not None:
            return found
        us = {
            member.first_name: member
            for member in Membership.objects.present().filter(team__slug=HARBOUR).select_related("user")
        }
        starts = (now + timedelta(minutes=8)).replace(second=0, microsecond=0)
        lines = [
            Line(ItemKind.LOOK_BACK, 5),
            Line(ItemKind.CASE, 10, presenter=us["Ben"].pk),
            Line(ItemKind.CASE, 10, presenter=us["Mo"].pk),
            Line(ItemKind.BUSINESS, 15, "Winter rota", us["Kit"].pk),
            Line(ItemKind.READ_BACK, 5),
            Line(ItemKind.OTHER, 5, "Dates"),
        ]
        with clock.at(now):  # as a seed: no letter about it leaves at each start of the demo
            meeting = planning.plan_meeting(
                by=us["Mo"], starts=starts, place="Room 2", video="https://meet.example/harbour-tuesday", agenda=lines
            )
            seats.take_seat(by=us["Mo"], meeting=meeting.pk, kind=SeatKind.LEARNING, member=us["Lin"])
        return meeting
