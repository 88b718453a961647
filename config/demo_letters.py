"""Every letter in every state, for `/components/`: invented words, put through the same templates as those that leave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

from core.calendars import Event, calendar_file, uid_of
from core.mail import KINDS, Calendar, Mail, full_address, sender, written
from teams.models import Letter
from teams.services.choices import footing

TEAM = "Harbour Street outreach"
HERE = "t/harbour-street/"
TENTH = datetime(2026, 9, 29, 9, 0, tzinfo=UTC)  # 10:00 in London
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Preview:
    """One letter in one state. `context`: what its composer would pass to the template."""

    kind: str
    state: str
    template: str
    context: dict[str, Any]
    sender_name: str = ""
    method: str = ""  # of its calendar file; empty: it has none
    events: Sequence[Event] = ()

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.state}"

    @property
    def mail(self) -> Mail:
        """The letter, written as the real ones are."""
        found = written(self.template, self.context, sender_name=self.sender_name)
        if not self.method:
            return found
        attendee = "" if self.method == "PUBLISH" else "lin@example.org"
        file = calendar_file(self.events, method=self.method, organizer=(TEAM, sender()), attendee=attendee)
        return Mail(found.subject, found.text, found.html, found.sender_name, (), Calendar(self.method, file))


def all_previews() -> dict[str, Preview]:
    """By name, in the order in which a team meets them."""
    found = [*_of_teams(), *_of_meetings(), *_of_dates(), *_of_card(), *_of_prompt(), *_of_summary(), *_of_digest()]
    return {preview.name: preview for preview in found}


def _foot(kind: str) -> dict[str, Any]:
    return footing(Letter(kind=kind, essential=KINDS[kind].essential, data={"member": 0}))


def _event(starts: datetime, number: int = 12, *, sequence: int = 0, cancelled: bool = False, about: str = "") -> Event:
    return Event(
        uid=uid_of(f"meeting-{number}"),
        sequence=sequence,
        starts=starts,
        ends=starts + HOUR,
        zone="Europe/London",
        title=TEAM,
        where="Room 2",
        url=full_address(f"/{HERE}m/{number}/"),
        about=about,
        cancelled=cancelled,
        stamp=TENTH - timedelta(days=7),
    )


# --- to one person, about coming in ------------------------------------------------------------------------------------------


def _of_teams() -> Iterator[Preview]:
    code = {**_foot("code"), "code": "482913", "minutes": 10, "link": full_address("/")}
    yield Preview("code", "asked", "teams/email/code", code)
    asked = {
        **_foot("invitation"),
        "team": TEAM,
        "by": "Mo Haddad",
        "until": "6 October",
        "link": full_address("/invitation/an-invented-one/"),
    }
    yield Preview("invitation", "by-somebody", "teams/email/invitation", asked, "Mo Haddad, by Keeping in Mind")
    yield Preview("invitation", "by-nobody-any-more", "teams/email/invitation", {**asked, "by": ""})
    yield Preview("drill", "posted", "teams/email/drill", {**_foot("drill"), "number": 7})


# --- about dates -------------------------------------------------------------------------------------------------------------

TUESDAY = {"day": "Tuesday 29 September", "begins": "10:00", "ends": "11:00"}


def _one(kind: str, **more: Any) -> dict[str, Any]:
    return {
        **_foot(kind),
        **TUESDAY,
        "team": TEAM,
        "place": "Room 2",
        "video": "",
        "link": full_address(f"/{HERE}m/12/plan/"),
        "dates": full_address(f"/{HERE}dates/"),
        **more,
    }


def _of_meetings() -> Iterator[Preview]:
    def preview(kind: str, state: str, method: str, event: Event, **more: Any) -> Preview:
        return Preview(kind, state, f"meetings/email/{kind}", _one(kind, **more), method=method, events=[event])

    new = _event(TENTH)
    yield preview("planned", "in-a-room", "REQUEST", new, by="Mo")
    video = "https://video.example/harbour-street"
    yield preview("planned", "by-video", "REQUEST", new, by="Mo", place="", video=video)
    yield preview("planned", "nowhere-yet", "REQUEST", new, by="", place="")
    was = {"day": "Monday 28 September", "begins": "14:00", "ends": "15:00"}
    moved = _event(TENTH, sequence=1)
    yield preview("changed", "another-day", "REQUEST", moved, was=was, elsewhere=False)
    earlier = {**TUESDAY, "begins": "09:30", "ends": "10:30"}
    yield preview("changed", "another-time", "REQUEST", moved, was=earlier, elsewhere=False)
    shorter = {**TUESDAY, "ends": "11:30"}
    yield preview("changed", "another-length", "REQUEST", moved, was=shorter, elsewhere=False)
    yield preview("changed", "another-place", "REQUEST", moved, was=TUESDAY, elsewhere=True)
    yield preview("changed", "day-and-place", "REQUEST", moved, was=was, elsewhere=True, video=video)
    off = _event(TENTH, sequence=2, cancelled=True)
    yield preview("cancelled", "called-off", "CANCEL", off)
    yield preview("reinstated", "after-all", "REQUEST", _event(TENTH, sequence=3))


def _of_dates() -> Iterator[Preview]:
    weeks = [TENTH + timedelta(weeks=number) for number in range(13)]

    def days(first: int, last: int) -> list[dict[str, str]]:
        return [{**TUESDAY, "day": f"Tuesday {day:%-d %B}"} for day in weeks[first:last]]

    def preview(
        state: str, what: str, first: datetime, last: datetime, *, off: Sequence[Any] = (), **more: Any
    ) -> Preview:
        context = {
            **_foot("dates"),
            "team": TEAM,
            "what": what,
            "by": "Mo",
            "first": f"{first:%-d %B}",
            "last": f"{last:%-d %B}",
            "on": [],
            "off": off,
            "more_on": 0,
            "more_off": 0,
            "dates": full_address(f"/{HERE}dates/"),
            **more,
        }
        events = [_event(day, 12 + number, sequence=1, cancelled=bool(off)) for number, day in enumerate(weeks[:4])]
        return Preview("dates", state, "meetings/email/dates", context, method="PUBLISH", events=events)

    yield preview("series-planned", "series", weeks[0], weeks[-1], on=days(0, 12), more_on=1)
    yield preview("series-changed", "series", weeks[1], weeks[6], on=days(3, 7), off=days(1, 3))
    yield preview("series-ended", "ended", weeks[2], weeks[6], off=days(2, 7), by="")
    yield preview("pause", "pause", weeks[4], weeks[6], off=days(4, 7))
    yield preview("pause-of-one-date", "pause", weeks[4], weeks[4], off=days(4, 5))
    yield preview("pause-taken-back", "resumed", weeks[4], weeks[6], on=days(4, 7))


# --- to whoever keeps learning in mind ---------------------------------------------------------------------------------------


def _of_card() -> Iterator[Preview]:
    def preview(state: str, **more: Any) -> Preview:
        context = {
            **_foot("card"),
            **TUESDAY,
            "team": TEAM,
            "name": "Ben",
            "days": 1,
            "weekday": "Tuesday",
            "read_back": "10:45",
            "about": full_address(f"/{HERE}role/"),
            "link": full_address(f"/{HERE}m/12/plan/"),
            "turn": full_address(f"/{HERE}m/12/plan/#turn"),
            **more,
        }
        noted = _event(TENTH, about="You keep our learning in mind.")
        return Preview("card", state, "meetings/email/card", context, method="PUBLISH", events=[noted])

    yield preview("tomorrow")
    yield preview("after-the-weekend", days=3, weekday="Monday", day="Monday 28 September")
    yield preview("taken-the-same-day", days=0)
    yield preview("no-read-back", read_back="")


WAITING = "two points the team agreed, one that was parked, one that wasn’t reached, and one thing you noticed"


def _asks(kind: str, **more: Any) -> dict[str, Any]:
    return {
        **_foot(kind),
        "team": TEAM,
        "name": "Lin",
        "today": False,
        "yesterday": False,
        "day": "22 September",
        "waiting": WAITING,
        "forgotten": "6 October",
        "link": full_address(f"/{HERE}m/11/summary/"),
        **more,
    }


def _of_prompt() -> Iterator[Preview]:
    def prompt(state: str, **more: Any) -> Preview:
        ask = {
            "subject": f"{TEAM}: two points are ready to send",
            "morning": "tomorrow morning",
            "leads": "Mo or Rosa",
            "asked_on": "Thursday",
        }
        return Preview("prompt", state, "learning/email/prompt", _asks("prompt", **{"today": True, **ask, **more}))

    yield prompt("with-points")
    none = {"waiting": "", "subject": f"{TEAM}: the summary is ready to send"}
    yield prompt("no-points", **none)
    yield prompt("days-later", today=False, morning="", asked_on="")
    yield prompt("nobody-else", leads="", morning="on Monday morning")

    def reminder(state: str, **more: Any) -> Preview:
        ask = {"leads": "Mo or Rosa", "asked_on": "Thursday"}
        return Preview("reminder", state, "learning/email/reminder", _asks("reminder", **{**ask, **more}))

    yield reminder("yesterday", yesterday=True)
    yield reminder("after-the-weekend")
    yield reminder("no-points", waiting="", yesterday=True)
    yield reminder("nobody-else", leads="", asked_on="")

    def takeover(state: str, **more: Any) -> Preview:
        waiting = "two points the team agreed and one thing somebody noticed"
        ask = {"name": "Mo", "waiting": waiting, "holder": "Lin", "gone": "", "yours": False, "others": "Rosa"}
        return Preview("takeover", state, "learning/email/takeover", _asks("takeover", **{**ask, **more}))

    yield takeover("of-two-leads")
    yield takeover("alone", others="")
    yield takeover("nobody-held-it", holder="")
    yield takeover("holder-has-left", holder="", gone="Lin")
    yield takeover("no-points", waiting="")
    yield takeover("nobody-else", name="Lin", holder="", yours=True, others="")


def _of_summary() -> Iterator[Preview]:
    def point(text: str) -> SimpleNamespace:
        return SimpleNamespace(text=text)

    points = [
        (
            1,
            point("A short call the day before makes a first visit easier for people to keep"),
            "Agreed by those here. First visits after a missed one. Ring the day before. Ben sees to it.",
        ),
        (
            2,
            point("When two services disagree, ask each what worries them most before talking about plans"),
            "Parked for later.",
        ),
    ]

    def preview(state: str, **more: Any) -> Preview:
        context = {
            "team": TEAM,
            "day": "22 September",
            "holder": "Lin",
            "points": points,
            "none_today": False,
            "noticed": [
                ("Lin", "we slowed down each time we talked about another service’s rules, and thought better for it.")
            ],
            "line": "Thank you for staying with the second one.",
            "sender": "Lin",
            "link": full_address(f"/{HERE}m/11/"),
            "version": "",
            "replaces": "",
            "choose": full_address("/you/letters/"),
            "stop": _foot("summary")["stop"],  # the composer puts each reader's own in its place
            **more,
        }
        return Preview("summary", state, "learning/email/summary", context, "Lin Chen, by Keeping in Mind")

    yield preview("with-points")
    bare: dict[str, Any] = {"noticed": [], "line": ""}
    yield preview("points-alone", **bare)
    yield preview("no-learning-point-today", points=[], none_today=True, **bare)
    yield preview("nothing-came", points=[], **bare)
    yield preview("nobody-held-it", holder="", sender="Mo", noticed=[("", "we were late, and it was fine.")])
    yield preview("second-version", version="second version", replaces="22 September, 12:04")


def _of_digest() -> Iterator[Preview]:
    def preview(state: str, subject: str, waiting: Sequence[tuple[str, str, str]]) -> Preview:
        context = {
            **_foot("digest"),
            "team": TEAM,
            "name": "Mo",
            "month": "October",
            "subject": subject,
            "waiting": waiting,
        }
        return Preview("digest", state, "learning/email/digest", context)

    late = ("The summary of 22 September hasn’t gone out yet.", "Take it over", full_address(f"/{HERE}m/11/summary/"))
    back = ("Mail to Nia Prosser comes back.", "Look at Nia’s page", full_address(f"/{HERE}people/9/"))
    yield preview("one-thing", f"{TEAM}: one thing waits for you", [late])
    yield preview("several", f"{TEAM}: two things wait for you", [late, back])
