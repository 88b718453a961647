"""Every letter in every state, for `/components/`: invented words, put through the same templates as those that leave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from core.calendars import Event, calendar_file, uid_of
from core.mail import KINDS, Calendar, Mail, full_address, sender, written
from teams.models import Letter
from teams.services.choices import footing

TEAM = "Harbour Street outreach"
HERE = "t/harbour-street/"
TENTH = datetime(2026, 9, 29, 9, 0, tzinfo=UTC)  # 10:00 in London
HOUR = timedelta(hours=1)
LONDON = ZoneInfo("Europe/London")
VIDEO = "https://video.example/harbour-street"


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


def _event(
    starts: datetime,
    number: int = 12,
    *,
    sequence: int = 0,
    cancelled: bool = False,
    about: str = "",
    place: str = "Room 2",
    video: str = "",
) -> Event:
    by_video = f"By video: {video}" if place and video else ""
    return Event(
        uid=uid_of(f"meeting-{number}"),
        sequence=sequence,
        starts=starts,
        ends=starts + HOUR,
        zone="Europe/London",
        title=TEAM,
        where=place or video,
        url=full_address(f"/{HERE}m/{number}/"),
        about="\n".join(said for said in (about, by_video) if said),
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
    def preview(kind: str, state: str, method: str, sequence: int, **more: Any) -> Preview:
        context = _one(kind, **more)
        off = method == "CANCEL"
        event = _event(TENTH, sequence=sequence, cancelled=off, place=context["place"], video=context["video"])
        return Preview(kind, state, f"meetings/email/{kind}", context, method=method, events=[event])

    yield preview("planned", "in-a-room", "REQUEST", 0, by="Mo")
    yield preview("planned", "by-video", "REQUEST", 0, by="Mo", place="", video=VIDEO)
    yield preview("planned", "nowhere-yet", "REQUEST", 0, by="", place="")

    def changed(state: str, **more: Any) -> Preview:
        known = {"was": TUESDAY, "elsewhere": False, "other_video": False}
        return preview("changed", state, "REQUEST", 1, **{**known, **more})

    was = {"day": "Monday 28 September", "begins": "14:00", "ends": "15:00"}
    yield changed("another-day", was=was)
    yield changed("another-time", was={**TUESDAY, "begins": "09:30", "ends": "10:30"})
    yield changed("another-length", was={**TUESDAY, "ends": "11:30"})
    yield changed("another-place", elsewhere=True)
    yield changed("no-place", elsewhere=True, place="")
    yield changed("now-by-video", elsewhere=True, place="", other_video=True, video=VIDEO)
    yield changed("another-video-link", other_video=True, video=VIDEO)
    yield changed("no-video-link", other_video=True)
    yield changed("day-and-place", was=was, elsewhere=True, video=VIDEO)
    yield preview("cancelled", "called-off", "CANCEL", 2)
    yield preview("reinstated", "after-all", "REQUEST", 3)


LISTED = 12  # as the composer has it
EVERY_TUESDAY = {"day": "Every Tuesday", "within": "every Tuesday", "begins": "10:00", "ends": "11:00"}


def _of_dates() -> Iterator[Preview]:
    begins = TENTH.astimezone(LONDON)
    weeks = [begins + timedelta(weeks=number) for number in range(13)]  # ten o'clock on each

    def said(days: Sequence[datetime]) -> list[dict[str, str]]:
        shown = days[:LISTED]
        return [{"day": f"{day:%A %-d %B}", "begins": f"{day:%H:%M}", "ends": f"{day + HOUR:%H:%M}"} for day in shown]

    def preview(
        state: str, what: str, *, on: Sequence[datetime] = (), off: Sequence[datetime] = (), **more: Any
    ) -> Preview:
        days = sorted([*on, *off])
        context = {
            **_foot("dates"),
            "team": TEAM,
            "what": what,
            "by": "Mo",
            "first": f"{days[0]:%-d %B}",
            "last": f"{days[-1]:%-d %B}",
            "since": f"{days[0]:%-d %B}",
            "on": said(on),
            "off": said(off),
            "stays": [],
            "more_on": len(on[LISTED:]),
            "more_off": len(off[LISTED:]),
            "dates": full_address(f"/{HERE}dates/"),
            "series": None,
            "was": None,
            "other_weeks": False,
            "place": "",
            "video": "",
            "elsewhere": False,
            "other_video": False,
            "others": False,
            **more,
        }
        place = {"place": context["place"] or "Room 2", "video": context["video"]}
        events = [
            _event(day, 12 + number, sequence=0 if state == "series-planned" else 1, cancelled=day in off, **place)
            for number, day in enumerate(days)
        ]
        return Preview("dates", state, "meetings/email/dates", context, method="PUBLISH", events=events)

    def series(state: str, on: Sequence[datetime], **more: Any) -> Preview:
        return preview(state, "series", on=on, **{"series": EVERY_TUESDAY, "place": "Room 2", **more})

    yield series("series-planned", weeks)
    wednesday = {"day": "Every Wednesday", "within": "every Wednesday", "begins": "11:00", "ends": "12:00"}
    moved = [day + timedelta(hours=25) for day in weeks[1:7]]
    since = f"{weeks[1]:%-d %B}"
    yield series("series-another-day", moved, series=wednesday, was=EVERY_TUESDAY, since=since)
    half_past_three = {**EVERY_TUESDAY, "begins": "15:30", "ends": "16:30"}
    later = [day + timedelta(hours=5, minutes=30) for day in weeks[1:7]]
    yield series("series-another-time", later, series=half_past_three, was=EVERY_TUESDAY)
    yield series("series-another-length", weeks[1:7], was={**EVERY_TUESDAY, "ends": "11:30"})
    fortnightly = {**EVERY_TUESDAY, "day": "Every other Tuesday", "within": "every other Tuesday"}
    yield series("series-less-often", [], off=weeks[2:7:2], series=fortnightly, was=EVERY_TUESDAY)
    other = {"series": fortnightly, "was": fortnightly, "other_weeks": True}
    yield series("series-other-weeks", weeks[2:8:2], off=weeks[1:7:2], **other)
    here = {"was": EVERY_TUESDAY}
    yield series("series-another-place", weeks[1:7], **here, elsewhere=True)
    yield series("series-now-by-video", weeks[1:7], **here, elsewhere=True, other_video=True, place="", video=VIDEO)
    yield series("series-no-place", weeks[1:7], **here, elsewhere=True, place="")
    yield series("series-another-video-link", weeks[1:7], **here, other_video=True, video=VIDEO)
    yield series("series-no-video-link", weeks[1:7], **here, other_video=True)
    yield preview("series-ended", "ended", off=weeks[2:7], by="", series=EVERY_TUESDAY)
    yield preview("one-of-several-ended", "ended", off=weeks[2:7:2], series=fortnightly, others=True)
    entered: dict[str, Any] = {
        "first": f"{weeks[4] - timedelta(days=1):%-d %B}",
        "last": f"{weeks[6] + timedelta(days=4):%-d %B}",
    }
    yield preview("pause", "pause", off=weeks[4:7], **entered)
    own = [{**TUESDAY, "day": f"{weeks[5] + timedelta(days=2):%A %-d %B}"}]
    yield preview("pause-with-a-meeting", "pause", off=weeks[4:7], stays=own, **entered)
    yield preview("pause-of-one-date", "pause", off=weeks[4:5])
    yield preview("pause-taken-back", "resumed", on=weeks[4:7])
    yield preview("dates-of-several", "series", on=weeks[3:7], off=weeks[1:3])


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
            "may_swap": True,
            **more,
        }
        monday = TENTH - timedelta(days=1)
        noted = _event(monday if context["weekday"] == "Monday" else TENTH, about="You keep our learning in mind.")
        return Preview("card", state, "meetings/email/card", context, method="PUBLISH", events=[noted])

    yield preview("tomorrow")
    yield preview("after-the-weekend", days=3, weekday="Monday", day="Monday 28 September")
    yield preview("taken-the-same-day", days=0)
    yield preview("no-read-back", read_back="")
    yield preview("nobody-to-swap-with", may_swap=False)


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
    def point(text: str, *views: str) -> SimpleNamespace:
        return SimpleNamespace(
            text=text, other_views=SimpleNamespace(all=[SimpleNamespace(text=view) for view in views])
        )

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
    seen = point(
        "Tell people early who else will be there", "Some would rather not know beforehand.", "It depends on who."
    )
    unsettled = [(1, seen, "Two views. Not agreed now; it may be later. Ask at the first visit.")]
    yield preview("two-views", points=unsettled, **bare)
    late = point("Say at the start how long we have", "Ten minutes is long enough for most things.")
    unreached = [
        (1, late, "Not yet agreed."),
        (2, point("Write down who rings back"), "Not reached that day. Agreed on 29 September."),
    ]
    yield preview("not-yet-agreed", points=unreached, **bare)
    yield preview("none-read-back-one-added", points=unreached[:1], none_today=True, **bare)
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
