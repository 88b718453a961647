"""Calendar files, read as somebody's calendar reads them: RFC 5545 for the words, RFC 5546 for what they ask."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from icalendar import Calendar

from core.calendars import Event, calendar_file, uid_of
from core.zones import changes

ZONES = ("Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Africa/Casablanca", "UTC")
STAMP = datetime(2026, 9, 1, 8, tzinfo=UTC)
BOSS, ME = ("Harbour Street outreach", "mind@harbour.example"), "lin@harbour.example"


# --- somebody's calendar ---


@dataclass
class Entry:
    """What a calendar keeps of one event."""

    sequence: int
    stamp: datetime
    starts: datetime
    ends: datetime
    title: str
    where: str
    cancelled: bool
    about: str = ""


@dataclass
class Store:
    """Somebody's calendar: it knows events by UID, and takes the newest word on each. It reckons zones by what the file says alone."""

    entries: dict[str, Entry] = field(default_factory=dict)

    def take(self, content: bytes) -> None:
        """A file that came with a letter."""
        file = Calendar.from_ical(content)
        for part in file.walk("VEVENT"):
            known = self.entries.get(str(part["uid"]))
            new = read(file, part)
            if known and (known.sequence, known.stamp) > (new.sequence, new.stamp):
                continue  # an older word that came late
            if str(file["method"]) == "CANCEL":
                if known:
                    known.cancelled, known.sequence, known.stamp = True, new.sequence, new.stamp
            else:
                self.entries[str(part["uid"])] = new

    def follow(self, content: bytes) -> None:
        """A feed is everything that is so now."""
        file = Calendar.from_ical(content)
        self.entries = {str(part["uid"]): read(file, part) for part in file.walk("VEVENT")}


def read(file: Any, part: Any) -> Entry:
    return Entry(
        int(part["sequence"]),
        part["dtstamp"].dt,
        moment_of(file, part, "dtstart"),
        moment_of(file, part, "dtend"),
        str(part["summary"]),
        str(part.get("location", "")),
        str(part["status"]) == "CANCELLED",
        str(part.get("description", "")),
    )


def moment_of(file: Any, part: Any, name: str) -> datetime:
    """When this is, by the zone's rules as they stand in the file."""
    said = part[name].to_ical().decode()
    if said.endswith("Z"):
        return datetime.strptime(said, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    local = datetime.strptime(said, "%Y%m%dT%H%M%S")  # noqa: DTZ007  (the zone is reckoned below)
    zone = next(z for z in file.walk("VTIMEZONE") if str(z["tzid"]) == part[name].params["TZID"])
    latest: tuple[datetime, timedelta] | None = None
    for rules in zone.subcomponents:
        begins = datetime.strptime(rules["dtstart"].to_ical().decode(), "%Y%m%dT%H%M%S")  # noqa: DTZ007
        onsets = [begins]
        if "rrule" in rules:
            rule = rules["rrule"].to_ical().decode()
            onsets = list(rrulestr(rule, dtstart=begins).between(begins, local, inc=True))
        if "rdate" in rules:
            onsets += [each.dt.replace(tzinfo=None) for each in rules["rdate"].dts]
        for onset in onsets:
            if onset <= local and (latest is None or onset > latest[0]):
                latest = (onset, rules["tzoffsetto"].td)
    assert latest is not None, f"the file says nothing of {local}"
    return (local - latest[1]).replace(tzinfo=UTC)


def event(
    starts: datetime = datetime(2026, 9, 29, 9, tzinfo=UTC), zone: str = "Europe/London", **more: object
) -> Event:
    given = {"sequence": 0, "ends": starts + timedelta(hours=1), "about": "", "cancelled": False, "stamp": STAMP}
    place = {"title": "Harbour Street outreach", "where": "Room 2", "url": "https://mind.example/t/harbour-street/m/7/"}
    return Event(uid=uid_of("meeting-7"), starts=starts, zone=zone, **{**given, **place, **more})  # type: ignore[arg-type]


def sent(one: Event, method: str = "REQUEST") -> bytes:
    return calendar_file([one], method=method, organizer=BOSS, attendee=ME)


# --- what letters bring about ---


def test_an_invitation_a_move_and_a_cancellation_change_one_entry() -> None:
    mine, first = Store(), event()
    mine.take(sent(first))
    [uid] = mine.entries
    assert (mine.entries[uid].starts, mine.entries[uid].where) == (first.starts, "Room 2")
    later = datetime(2026, 9, 30, 13, tzinfo=UTC)
    mine.take(sent(replace(first, starts=later, ends=later + timedelta(hours=1), where="Room 3", sequence=1)))
    assert [(e.starts, e.where) for e in mine.entries.values()] == [(later, "Room 3")]
    mine.take(sent(replace(first, sequence=2, cancelled=True), "CANCEL"))
    assert [(e.cancelled, e.sequence) for e in mine.entries.values()] == [(True, 2)]
    mine.take(sent(replace(first, sequence=3)))  # it takes place after all
    assert [(e.cancelled, e.starts) for e in mine.entries.values()] == [(False, first.starts)]


def test_a_letter_that_comes_late_changes_nothing() -> None:
    mine, first = Store(), event()
    mine.take(sent(replace(first, sequence=2, where="Room 9")))
    mine.take(sent(replace(first, sequence=1, where="Room 4")))
    mine.take(sent(replace(first, sequence=1, cancelled=True), "CANCEL"))
    assert [(e.where, e.cancelled) for e in mine.entries.values()] == [("Room 9", False)]


def test_a_cancellation_of_something_unknown_leaves_no_entry() -> None:
    mine = Store()
    mine.take(sent(event(sequence=1, cancelled=True), "CANCEL"))
    assert mine.entries == {}


@pytest.mark.parametrize("method", ["REQUEST", "CANCEL"])
def test_a_letter_names_who_asks_and_whoever_gets_it_and_nobody_else(method: str) -> None:
    file = Calendar.from_ical(sent(event(cancelled=method == "CANCEL", sequence=1), method))
    [part] = file.walk("VEVENT")
    assert (str(file["method"]), str(part["status"])) == (method, "CANCELLED" if method == "CANCEL" else "CONFIRMED")
    assert (str(part["organizer"]), part["organizer"].params["CN"]) == ("mailto:mind@harbour.example", BOSS[0])
    assert str(part["attendee"]) == "mailto:lin@harbour.example"  # one, not a list
    assert part["attendee"].params["RSVP"] == "FALSE"


def test_a_feed_names_nobody_and_says_how_often_to_come_again() -> None:
    file = Calendar.from_ical(calendar_file([event()], name="Our meetings"))
    [part] = file.walk("VEVENT")
    assert {"organizer", "attendee"} & set(map(str.lower, part)) == set()
    assert (str(file["method"]), str(file["x-wr-calname"]), str(file["x-published-ttl"])) == (
        "PUBLISH",
        "Our meetings",
        "PT1H",
    )
    assert file["refresh-interval"].to_ical() == b"PT1H"


def test_a_follower_sees_what_was_moved_and_what_was_cancelled() -> None:
    mine, one = Store(), event()
    other = replace(one, uid=uid_of("meeting-8"))
    mine.follow(calendar_file([one, other], name="Ours"))
    moved = replace(one, starts=one.starts + timedelta(days=1), ends=one.ends + timedelta(days=1), sequence=1)
    mine.follow(calendar_file([moved, replace(other, cancelled=True, sequence=1)], name="Ours"))
    assert [(e.starts, e.cancelled) for e in mine.entries.values()] == [(moved.starts, False), (other.starts, True)]


# --- the words ---


def test_the_file_is_as_the_standard_says() -> None:
    long = "A room with a very long name, on the second floor; ask at the desk \\ or ring é " * 3
    content = calendar_file([event(where=long, about="First line\nsecond line")], name="Ours")
    lines = content.split(b"\r\n")
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, lines)) <= 75
    assert [lines[0], lines[-2], lines[-1]] == [b"BEGIN:VCALENDAR", b"END:VCALENDAR", b""]
    [part] = Calendar.from_ical(content).walk("VEVENT")
    assert (str(part["location"]), str(part["description"])) == (long, "First line\nsecond line")


def test_one_event_has_one_name_for_ever() -> None:
    assert uid_of("meeting-7") == uid_of("meeting-7") != uid_of("meeting-8")
    assert uid_of("meeting-7").startswith("meeting-7@")


def test_words_cannot_begin_a_line_of_their_own() -> None:
    wicked = "Room 2\r\nATTENDEE:mailto:x@evil.example\r\nEND:VEVENT"
    [part] = Calendar.from_ical(calendar_file([event(where=wicked, title=wicked)])).walk("VEVENT")
    assert "attendee" not in {name.lower() for name in part}


def test_an_empty_feed_is_still_a_calendar() -> None:
    mine = Store()
    mine.follow(calendar_file([], name="Ours"))
    assert mine.entries == {}
    assert Calendar.from_ical(calendar_file([], name="Ours")).walk("VTIMEZONE") != []


# --- the zones, reckoned by the file alone ---


@pytest.mark.parametrize("zone", ZONES)
def test_the_files_own_rules_give_the_right_moment_around_every_change_of_clocks(zone: str) -> None:
    moments = [datetime(year, month, 15, 9, tzinfo=UTC) for year in range(2026, 2036) for month in (1, 5, 9)]
    for change in changes(zone, 2026, 2035):
        moments += [change.moment + timedelta(minutes=15 * step) for step in range(-5, 6)]
    wrong = []
    for starts in moments:
        one = event(starts, zone)
        mine = Store()
        mine.take(sent(one))
        [found] = mine.entries.values()
        if (found.starts, found.ends) != (one.starts, one.ends):
            wrong.append((starts, found.starts, found.ends))
    assert wrong == []


def test_a_feed_over_two_years_reckons_them_all() -> None:
    zone = "Europe/London"
    many = [
        replace(event(datetime(2026, 1, 6, 10, tzinfo=ZoneInfo(zone)) + timedelta(weeks=week)), uid=f"{week}@x")
        for week in range(104)
    ]
    mine = Store()
    mine.follow(calendar_file(many, name="Ours"))
    assert [entry.starts for entry in mine.entries.values()] == [one.starts for one in many]


def test_yearly_changes_are_said_as_a_rule_since_some_calendars_read_no_lists() -> None:
    said = calendar_file([event()]).decode()
    assert "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3" in said
    assert "RDATE" not in said
    assert "RDATE" in calendar_file([event(zone="Africa/Casablanca")]).decode()  # Ramadan: no rule
