"""Meetings that come again: planning a series, changing it from a date on, ending it, pausing; and keeping its dates made ahead.

Each date is an ordinary meeting, known by its series and its original date. What was begun or is past is never touched.
"""

import uuid
from collections.abc import Iterable, Sequence
from datetime import date, time, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import clock, guard
from core.errors import Invalid, NotFound, NotPossible
from core.live import touch
from core.zones import day_of
from meetings.models import CalledOff, Item, ItemKind, Meeting, Pause, Phase, Series, SeriesLine
from meetings.queries.dates import PATTERNS, dates_of, first_from, lines_of, starts_on
from meetings.services import notices
from meetings.services.planning import TOLD, Line, call_off, furnish, take_place, tell_anew, usual_agenda, write_agenda
from meetings.services.turns import propose_holder
from teams.models import Membership, Team
from teams.queries import agreement_of
from teams.roles import Act
from teams.rules import ensure
from teams.services.activity import record

AHEAD = timedelta(weeks=13)  # so far the dates of a series are made
LONGEST_PAUSE = timedelta(days=366)


def _lock(series: int, *, by: Membership) -> Series:
    found = Series.objects.select_for_update(of=("self",)).filter(pk=series, team_id=by.team_id).select_related("team")
    row = found.first()
    if row is None or by.until is not None:
        raise NotFound(_("The address may be old, or the page may belong to another team."))
    ensure(by, Act.PLAN)
    return row


def _lock_team(team: int) -> None:
    """So that no series is planned while a pause is entered or taken back: neither would know of the other.

    "No key": rows that refer to the team can be made meanwhile, by whoever holds a series that is waited for here.
    """
    Team.objects.select_for_update(no_key=True).get(pk=team)


def _ensure_to_come(by: Membership, first: date) -> None:
    if first < day_of(clock.now(), by.team.zone):
        raise Invalid("first", _("This day is past. Choose today or a later one."))


# --- a series ----------------------------------------------------------------------------------------------------------------


@transaction.atomic
def plan_series(
    *,
    by: Membership,
    rule: str,
    first: date,
    at: time,
    minutes: int = 60,
    place: str = "",
    video: str = "",
    agenda: Sequence[Line] | None = None,
    key: uuid.UUID | None = None,
) -> Series:
    """A meeting that comes again, with its dates of the next 13 weeks. `rule`: one of `PATTERNS`, from the day `first` on.

    `agenda`: what each begins with (the usual lines, if nothing is said). A template holds no cases.
    """
    ensure(by, Act.PLAN)
    guard.check(place=place)
    lines = usual_agenda(agreement_of(by.team_id).read_back_minutes) if agenda is None else agenda
    for line in lines:
        guard.check(label=line.label)
    if rule not in PATTERNS:
        raise Invalid("often", _("Choose how often the meeting comes again."))
    same = {
        "rule": rule,
        "first": first_from(rule, first),
        "at": at,
        "minutes": minutes,
        "place": place.strip(),
        "video": video.strip(),
    }
    _lock_team(by.team_id)
    series, made = Series.once(key=key, team_id=by.team_id, same=same, planned_by=by)
    if not made:
        return series
    SeriesLine.objects.bulk_create(
        SeriesLine(
            team_id=by.team_id,
            series=series,
            kind=line.kind,
            label=line.label,
            minutes=line.minutes,
            position=position,
        )
        for position, line in enumerate(lines, start=1)
    )
    record("series planned", by=by.user_id, team=by.team_id, subject=f"series {series.pk}", rule=rule)
    notices.dates_changed(by.team_id, make_dates(series.pk), what="series", by=by)
    return series


@transaction.atomic
def make_dates(series: int) -> list[Meeting]:
    """The dates of the next 13 weeks that aren't there yet, each with its agenda, its wall's code, its usual Chair and Scribe.

    Harmless when repeated. One that falls into a pause is made cancelled, so that it can take place after all.
    """
    found = Series.objects.select_for_update(of=("self",)).select_related("team").get(pk=series)
    zone, now = found.team.zone, clock.now()
    today = day_of(now, zone)
    there = set(Meeting.objects.filter(series=found, original_date__gte=today).values_list("original_date", flat=True))
    missing = [day for day in dates_of(found, today, today + AHEAD) if day not in there]
    lines = [Line(ItemKind(line.kind), line.minutes, line.label) for line in lines_of(found)]
    pauses = list(Pause.objects.filter(team_id=found.team_id, last__gte=today))
    made, rows = [], []
    for day in missing:
        starts = starts_on(found, day, zone)
        if starts <= now:
            continue
        meeting = Meeting.objects.create(
            team=found.team,
            starts=starts,
            minutes=found.minutes,
            place=found.place,
            video=found.video,
            series=found,
            original_date=day,
            planned_by_id=found.planned_by_id,
            touched_at=now,
        )
        rows.append(meeting.pk)
        furnish(meeting, lines, by=None)
        if _in(pauses, day):
            call_off(meeting, CalledOff.PAUSE)
            Meeting.objects.filter(pk=meeting.pk).update(sequence=0)  # no calendar knows of it
            continue
        propose_holder(meeting, by=None)
        made.append(meeting)
    if rows:
        record("dates made", by=None, team=found.team_id, subject=f"series {found.pk}", meetings=rows)
    return made


def _in(pauses: Iterable[Pause], day: date) -> bool:
    return any(pause.first <= day <= pause.last for pause in pauses)


@transaction.atomic
def change_series(
    *,
    by: Membership,
    series: int,
    first: date,
    rule: str,
    at: time,
    minutes: int,
    place: str,
    video: str,
    seen: int | None = None,
    key: uuid.UUID | None = None,
) -> Series:
    """Another day, time, length or place from the day `first` on: this series ends before it, and the one that is returned follows it.

    Dates that are planned move over to the new one where they fit, with everything that hangs on them; those that fit nowhere are
    cancelled. A date that was changed by itself stays as it is. Raises Stale when somebody else changed it since `seen`.
    """
    found = _lock(series, by=by)
    if key and (before := Series.objects.filter(team_id=by.team_id, key=key, follows=found).first()):
        return before
    guard.check(place=place)
    _ensure_to_come(by, first)
    if rule not in PATTERNS:
        raise Invalid("often", _("Choose how often the meeting comes again."))
    _ensure_goes_on(found, first)
    _ensure_not_begun(found, first)
    new = Series(
        team=found.team,
        rule=rule,
        first=first_from(rule, first),
        until=found.until,
        at=at,
        minutes=minutes,
        place=place.strip(),
        video=video.strip(),
        follows=found,
        planned_by=by,
        key=key or uuid.uuid4(),
    )
    until = max(first, new.first) + timedelta(days=70)
    if _alike(found, new) and dates_of(found, first, until) == dates_of(new, first, until):
        return found
    found.step(seen)
    found.until = first - timedelta(days=1)
    found.save(update_fields=["until", "version"])
    new.save(force_insert=True)
    lines = lines_of(found)
    for line in lines:
        line.pk, line.series = None, new
    SeriesLine.objects.bulk_create(lines)
    told = _move_over(found, new, first)
    record("series changed", by=by.user_id, team=by.team_id, subject=f"series {found.pk}", to=new.pk, rule=rule)
    told += make_dates(new.pk)
    notices.dates_changed(by.team_id, sorted(told, key=lambda meeting: meeting.starts), what="series", by=by)
    return new


def _alike(one: Series, other: Series) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in ("rule", "at", "minutes", "place", "video"))


def _ensure_goes_on(series: Series, first: date) -> None:
    if series.until is not None and series.until < first:
        raise NotPossible(_("This series ends before that day."))


def _ensure_not_begun(series: Series, first: date) -> None:
    rows = Meeting.objects.filter(series=series, original_date__gte=first)
    if rows.exclude(phase=Phase.CANCELLED).filter(~Q(phase=Phase.PLANNED) | Q(starts__lte=clock.now())).exists():
        raise Invalid("first", _("That day’s meeting has begun already. Choose a later day."))


def _to_come(series: Series) -> list[Meeting]:
    """Its meetings that haven't begun and aren't past, cancelled ones among them, locked; by original date."""
    rows = Meeting.objects.select_for_update(of=("self",)).filter(
        series=series, phase__in=[Phase.PLANNED, Phase.CANCELLED], starts__gt=clock.now()
    )
    locked = rows.select_related("team").order_by("pk")  # as whoever else locks several does
    return sorted(locked, key=lambda row: row.original_date or date.min)


def _move_over(old: Series, new: Series, first: date) -> list[Meeting]:
    """Bring the dates from `first` on to the new series, and cancel what fits nowhere. Returns those that people must be told of."""
    zone, now = new.team.zone, clock.now()
    rows = [row for row in _to_come(old) if row.original_date is not None and row.original_date >= first]
    last = max((row.original_date for row in rows if row.original_date), default=first) + timedelta(days=31)
    days = [day for day in dates_of(new, first, last) if starts_on(new, day, zone) > now]
    places = _fit(rows, days, by_months=not PATTERNS[old.rule][0].by_weeks and not PATTERNS[new.rule][0].by_weeks)
    pauses = list(Pause.objects.filter(team_id=new.team_id, last__gte=first))
    told = []
    for row in rows:
        if day := places.get(row.pk):
            was_paused = row.original_date is not None and _in(pauses, row.original_date)
            if _take_over(row, new, day, paused=_in(pauses, day), was_paused=was_paused):
                told.append(row)
        elif row.called_off == CalledOff.PAUSE:
            row.called_off = CalledOff.SERIES  # taking the pause back doesn't bring it back
            row.save(update_fields=["called_off"])
        elif row.phase == Phase.PLANNED and not row.apart:
            call_off(row, CalledOff.SERIES)
            told.append(row)
    return told


def _fit(rows: Sequence[Meeting], days: Sequence[date], *, by_months: bool) -> dict[int, date]:
    """Which day of the new series each of these becomes: the same; else the one in the same week (or month, where both go by months)."""
    places: dict[int, date] = {}
    free = list(days)

    def take(same: Sequence[object], of: Sequence[object]) -> None:
        for row, mine in zip(rows, same, strict=True):
            day = next((day for day, its in zip(days, of, strict=True) if its == mine and day in free), None)
            if row.pk not in places and day is not None:
                places[row.pk] = day
                free.remove(day)

    was = [row.original_date or row.starts.date() for row in rows]
    take(was, days)
    take([day.isocalendar()[:2] for day in was], [day.isocalendar()[:2] for day in days])
    if by_months:
        take([(day.year, day.month) for day in was], [(day.year, day.month) for day in days])
    return places


def _take_over(row: Meeting, new: Series, day: date, *, paused: bool, was_paused: bool) -> bool:
    """This date belongs to the new series. Returns whether people must be told: it was planned, and is another now.

    `paused`: its new day is in a pause. `was_paused`: its former one was; if it is planned, somebody put it back on purpose.
    """
    row.series, row.original_date = new, day
    row.save(update_fields=["series", "original_date"])
    if row.apart:
        return False
    wanted = {
        "starts": starts_on(new, day, new.team.zone),
        "minutes": new.minutes,
        "place": new.place,
        "video": new.video,
    }
    changed = any(getattr(row, name) != value for name, value in wanted.items())
    if changed:
        for name, value in wanted.items():
            setattr(row, name, value)
        row.step(None)
        if row.phase == Phase.PLANNED:  # a letter that says it is cancelled may still wait, and would be out of date
            tell_anew(row)
        row.save(update_fields=[*wanted, "version", *TOLD])
        touch(row, "phase", "agenda")
    if row.phase == Phase.PLANNED and paused and not was_paused:
        call_off(row, CalledOff.PAUSE)
        return True
    if row.called_off == CalledOff.PAUSE and not paused:
        take_place(row)
        return True
    return changed and row.phase == Phase.PLANNED


@transaction.atomic
def end_series(*, by: Membership, series: int, first: date, seen: int | None = None) -> Series:
    """No more of it from the day `first` on. Harmless when that was said before."""
    found = _lock(series, by=by)
    last = first - timedelta(days=1)
    if found.until == last:
        return found
    _ensure_to_come(by, first)
    _ensure_goes_on(found, first)
    found.step(seen)
    found.until = last
    found.save(update_fields=["until", "version"])
    told = []
    for row in _to_come(found):
        day = day_of(row.starts, found.team.zone) if row.apart else row.original_date
        if day is None or day < first:
            continue
        if row.phase == Phase.PLANNED:
            call_off(row, CalledOff.SERIES)
            told.append(row)
        elif row.called_off == CalledOff.PAUSE:
            row.called_off = CalledOff.SERIES
            row.save(update_fields=["called_off"])
    record("series ended", by=by.user_id, team=by.team_id, subject=f"series {found.pk}", until=last.isoformat())
    notices.dates_changed(by.team_id, told, what="ended", by=by)
    return found


# --- pauses ------------------------------------------------------------------------------------------------------------------


def _lock_all(team: int) -> None:
    """The team and all its series, so that none is planned or makes dates meanwhile."""
    _lock_team(team)
    list(Series.objects.select_for_update().filter(team_id=team).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def pause(*, by: Membership, first: date, last: date, key: uuid.UUID | None = None) -> Pause:
    """No meetings of any series from `first` to `last`, both included. One-off meetings stay."""
    ensure(by, Act.PLAN)
    zone = by.team.zone
    if last < first:
        raise Invalid("last", _("The last day comes before the first."))
    if last < day_of(clock.now(), zone):
        raise Invalid("last", _("These days are past."))
    if last - first > LONGEST_PAUSE:
        raise Invalid("last", _("A pause is a year at most. End the series instead."))
    _lock_all(by.team_id)
    made, new = Pause.once(key=key, team_id=by.team_id, same={"first": first, "last": last}, by=by)
    if not new:
        return made
    told = []
    for row in _of_series(by.team_id, phase=Phase.PLANNED):
        if first <= day_of(row.starts, zone) <= last:
            call_off(row, CalledOff.PAUSE)
            told.append(row)
    record("pause", by=by.user_id, team=by.team_id, subject=f"pause {made.pk}", first=str(first), last=str(last))
    notices.dates_changed(by.team_id, told, what="pause", by=by)
    return made


@transaction.atomic
def take_pause_back(*, by: Membership, pause: int) -> None:
    """The dates that the pause called off, and that are still to come, take place after all. Harmless when repeated."""
    ensure(by, Act.PLAN)
    _lock_all(by.team_id)
    gone = Pause.objects.select_for_update().filter(pk=pause, team_id=by.team_id).first()
    if gone is None:
        return
    zone = by.team.zone
    gone.delete()
    others = list(Pause.objects.filter(team_id=by.team_id, last__gte=gone.first))
    told = []
    for row in _of_series(by.team_id, phase=Phase.CANCELLED, called_off=CalledOff.PAUSE):
        day = day_of(row.starts, zone)
        if gone.first <= day <= gone.last and not _in(others, day):
            take_place(row)
            told.append(row)
    record("pause taken back", by=by.user_id, team=by.team_id, subject=f"pause {pause}")
    notices.dates_changed(by.team_id, told, what="resumed", by=by)


def _of_series(team: int, **which: str) -> list[Meeting]:
    """The team's meetings of any series that aren't past, locked."""
    rows = Meeting.objects.select_for_update(of=("self",)).filter(
        team_id=team, series__isnull=False, starts__gt=clock.now(), **which
    )
    locked = rows.select_related("team").order_by("pk")  # as whoever else locks several does
    return sorted(locked, key=lambda row: (row.starts, row.pk))


# --- what each begins with ----------------------------------------------------------------------------------------------------


def _line(series: Series, pk: int) -> SeriesLine:
    found = SeriesLine.objects.filter(series=series, pk=pk).first()
    if found is None:
        raise NotFound(_("This line is no longer on the agenda."))
    return found


def _said(kind: ItemKind, label: str) -> str:
    """The label as it is kept: only business, a write-up and other things have one."""
    if kind == ItemKind.CASE:
        raise Invalid("kind", _("A case belongs to one date. Add it there."))
    guard.check(label=label)
    label = label.strip() if kind in (ItemKind.OTHER, ItemKind.BUSINESS, ItemKind.WRITE_UP) else ""
    if kind == ItemKind.OTHER and not label:
        raise Invalid("label", _("Say in a few words what it is."))
    return label


@transaction.atomic
def add_line(
    *,
    by: Membership,
    series: int,
    kind: ItemKind,
    minutes: int,
    label: str = "",
    seen: int | None = None,
    key: uuid.UUID | None = None,
) -> Series:
    """One more line, before the read-back. Dates whose agenda nobody has touched follow, as for every change of these lines.

    `key`: the same form, sent twice, adds one.
    """
    found = _lock(series, by=by)
    label = _said(kind, label)
    lines = lines_of(found)
    if key is not None and any(line.key == key for line in lines):
        return found
    if kind == ItemKind.READ_BACK and any(line.kind == kind for line in lines):
        raise Invalid("kind", _("There is a read-back on the agenda already."))
    at = next((index for index, line in enumerate(lines) if line.kind == ItemKind.READ_BACK), len(lines))
    new = SeriesLine(
        team_id=found.team_id, series=found, kind=kind, label=label, minutes=minutes, position=at + 1, key=key
    )
    _follow(found, [*lines[:at], new, *lines[at:]], by=by, seen=seen)
    return found


@transaction.atomic
def change_line(
    *, by: Membership, series: int, line: int, minutes: int, label: str = "", seen: int | None = None
) -> Series:
    """Other words or minutes. Raises Stale when somebody else changed the lines since `seen`."""
    found = _lock(series, by=by)
    lines = lines_of(found)
    changed = _line(found, line)
    wanted = (minutes, _said(ItemKind(changed.kind), label))
    if (changed.minutes, changed.label) == wanted:
        return found
    changed.minutes, changed.label = wanted
    _follow(found, [changed if each.pk == line else each for each in lines], by=by, seen=seen)
    return found


@transaction.atomic
def move_line(*, by: Membership, series: int, line: int, up: bool, seen: int | None = None) -> Series:
    """One place up or down."""
    found = _lock(series, by=by)
    lines = lines_of(found)
    here = next((index for index, each in enumerate(lines) if each.pk == line), None)
    there = None if here is None else here - 1 if up else here + 1
    if here is None or there is None or not 0 <= there < len(lines):
        return found
    lines[here], lines[there] = lines[there], lines[here]
    _follow(found, lines, by=by, seen=seen)
    return found


@transaction.atomic
def remove_line(*, by: Membership, series: int, line: int, seen: int | None = None) -> Series:
    """Take a line out. Harmless when it is gone already."""
    found = _lock(series, by=by)
    lines = lines_of(found)
    left = [each for each in lines if each.pk != line]
    if len(left) < len(lines):
        _follow(found, left, by=by, seen=seen)
    return found


def _as_line(line: SeriesLine | Item) -> tuple[str, int, str]:
    return line.kind, line.minutes, line.label


def _follow(series: Series, lines: Sequence[SeriesLine], *, by: Membership, seen: int | None) -> None:
    """These are the lines from now on; dates whose agenda is still as the lines were before begin with them too."""
    before = [_as_line(line) for line in lines_of(series)]
    series.step(seen)
    series.save(update_fields=["version"])
    SeriesLine.objects.filter(series=series).exclude(pk__in=[line.pk for line in lines if line.pk]).delete()
    for position, line in enumerate(lines, start=1):
        line.position = position
        line.save()
    agenda = [Line(ItemKind(line.kind), line.minutes, line.label) for line in lines]
    for row in _to_come(series):
        items = list(Item.objects.filter(meeting=row))
        untouched = [_as_line(item) for item in items] == before and not any(item.presenter_id for item in items)
        if untouched and not row.is_open:
            write_agenda(row, agenda)
            touch(row, "agenda")
    record("agenda of the series changed", by=by.user_id, team=by.team_id, subject=f"series {series.pk}", of=len(lines))
