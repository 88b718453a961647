"""Calendar files (RFC 5545): one event or a feed of them, with the clock changes of their zones spelled out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from dateutil.rrule import rrulestr
from django.conf import settings
from icalendar import Calendar, Timezone, TimezoneDaylight, TimezoneStandard, vCalAddress, vRecur, vText
from icalendar import Event as Entry

from core.zones import changes

OURS = "-//Keeping in Mind//Keeping in Mind//EN"
HOUR = timedelta(hours=1)
SOME_DAY = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Event:
    """What a calendar is told of one meeting. A calendar knows it by `uid`, and takes the highest `sequence`, then the latest `stamp`."""

    uid: str
    sequence: int
    starts: datetime
    ends: datetime
    zone: str
    title: str
    where: str
    url: str
    about: str
    cancelled: bool
    stamp: datetime


def uid_of(name: str) -> str:
    """A name that no other server gives: it stays the same however often the event changes."""
    return f"{name}@{urlsplit(settings.PUBLIC_URL).hostname or 'localhost'}"


def calendar_file(
    events: Iterable[Event],
    *,
    method: str = "PUBLISH",
    name: str = "",
    organizer: tuple[str, str] | None = None,
    attendee: str = "",
) -> bytes:
    """The events as a calendar file.

    `method` (RFC 5546): PUBLISH for a feed; REQUEST or CANCEL for a letter, with `organizer` (name, address) and as its only
    attendee the address that the letter goes to. `name`: what a calendar calls the whole feed.
    """
    told = list(events)
    calendar = Calendar()
    calendar.add("prodid", OURS)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", method)
    if name:
        calendar.add("name", name)  # RFC 7986, and what was there before it
        calendar.add("x-wr-calname", name)
        calendar.add("refresh-interval", HOUR, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT1H")
    for zone in sorted({event.zone for event in told} or {"UTC"}):  # a file without any part is refused by some
        calendar.add_component(_zone(zone, [event.starts for event in told if event.zone == zone]))
    for event in told:
        calendar.add_component(_entry(event, organizer, attendee))
    return bytes(calendar.to_ical())


def _entry(event: Event, organizer: tuple[str, str] | None, attendee: str) -> Entry:
    zone: tzinfo = ZoneInfo(event.zone)
    entry = Entry()
    entry.add("uid", event.uid)
    entry.add("sequence", event.sequence)
    entry.add("dtstamp", event.stamp)
    entry.add("last-modified", event.stamp)
    if any(moment.astimezone(zone).fold for moment in (event.starts, event.ends)):
        zone = UTC  # the second of two hours of one name can't be told from the first
    entry.add("dtstart", event.starts.astimezone(zone))
    entry.add("dtend", event.ends.astimezone(zone))
    entry.add("summary", event.title)
    if event.where:
        entry.add("location", event.where)
    if event.about:
        entry.add("description", event.about)
    if event.url:
        entry.add("url", event.url)
    entry.add("status", "CANCELLED" if event.cancelled else "CONFIRMED")
    entry.add("transp", "TRANSPARENT" if event.cancelled else "OPAQUE")
    entry.add("class", "PRIVATE")
    if organizer is not None:
        entry.add("organizer", _person(organizer[1], organizer[0]))
    if attendee:
        guest = _person(attendee)
        guest.params["CUTYPE"], guest.params["ROLE"] = vText("INDIVIDUAL"), vText("REQ-PARTICIPANT")
        guest.params["PARTSTAT"], guest.params["RSVP"] = vText("NEEDS-ACTION"), vText("FALSE")
        entry.add("attendee", guest)
    return entry


def _person(address: str, name: str = "") -> vCalAddress:
    person = vCalAddress(f"mailto:{address}")
    if name:
        person.params["CN"] = vText(" ".join(name.split()))
    return person


# --- the zone, spelled out for calendars that don't know its name -------------------------------------------------------------


def _zone(name: str, moments: Sequence[datetime]) -> Timezone:
    """The zone's clock changes, from the year before the first of these moments to the year after the last."""
    first, last = min(moments, default=SOME_DAY), max(moments, default=SOME_DAY)
    known = changes(name, first.year - 1, last.year + 1)
    zone = Timezone()
    zone.add("tzid", name)
    alike: dict[tuple[timedelta, timedelta, str], list[datetime]] = {}
    for change in known:
        alike.setdefault((change.before, change.after, change.name), []).append(change.shown)
    if not known or known[0].moment > first - timedelta(days=1):
        start = datetime(first.year - 1, 1, 1, tzinfo=UTC).astimezone(ZoneInfo(name))
        ahead = start.utcoffset() or timedelta(0)
        alike[ahead, ahead, start.tzname() or name] = [start.replace(tzinfo=None)]
    for (before, after, called), days in alike.items():
        part = TimezoneDaylight() if after > before else TimezoneStandard()
        part.add("dtstart", days[0])
        part.add("tzoffsetfrom", before)
        part.add("tzoffsetto", after)
        part.add("tzname", called)
        if rule := _rule(days):
            part.add("rrule", vRecur.from_ical(rule))
        elif days[1:]:
            part.add("rdate", days[1:])
        zone.add_component(part)
    return zone


def _rule(days: Sequence[datetime]) -> str:
    """ "The last Sunday of March", where that is what these are (some calendars read no list of days); else nothing."""
    first = days[0]
    name = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")[first.weekday()]
    for place in ((first.day - 1) // 7 + 1, -1):
        rule = f"FREQ=YEARLY;BYMONTH={first.month};BYDAY={place}{name}"
        if len(days) > 1 and rrulestr(rule, dtstart=first).between(first, days[-1], inc=True) == list(days):
            return rule
    return ""
