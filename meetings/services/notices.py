"""Telling the team about dates: which letters follow when a meeting is planned, moved, called off, or takes place after all.

Each letter waits two minutes, so that an undo or a second change spares it: what counts then is what each member last heard.
The mail server may have died in between, so that some heard and others didn't.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Literal

from django.db.models import Q, QuerySet

from core import clock
from meetings.models import Meeting, Pause, Phase, Series
from meetings.queries.dates import PATTERNS, Often
from teams.models import Letter, Membership
from teams.models.letter import LetterState
from teams.services.letters import post_letter

PATIENCE = timedelta(minutes=2)  # so long a letter about dates waits for second thoughts

What = Literal["series", "ended", "pause", "resumed"]
ONE_DATE = ("planned", "changed", "cancelled", "reinstated")  # kinds of letters about a single meeting

# How a meeting stood when people last heard of it: {"phase", "starts", "minutes", "place", "video"}; None: they never did.
# Ids, times and digests, no words: where it was stays in the database alone.
Standing = dict[str, Any]


def standing(meeting: Meeting) -> Standing:
    """How a meeting stands. Taken before a change, it is what `changed` compares with."""
    return {
        "phase": str(meeting.phase),
        "starts": meeting.starts.isoformat(),
        "minutes": meeting.minutes,
        "place": _digest(meeting.place),
        "video": _digest(meeting.video),
    }


def _digest(words: str) -> str:
    return hashlib.sha256(words.encode()).hexdigest()[:16]


# --- one meeting -------------------------------------------------------------------------------------------------------------


def planned(meeting: Meeting) -> None:
    """A one-off meeting is new."""
    _tell(meeting, None)


def changed(meeting: Meeting, *, was: Standing) -> None:
    """Its time, length, place or video link is another. `was`: `standing(meeting)` of before; the letter says what it was and is.

    `sequence` was raised and saved before, as for all of these; the meeting is locked.
    """
    _tell(meeting, was)


def cancelled(meeting: Meeting) -> None:
    """It doesn't take place."""
    _tell(meeting, {**standing(meeting), "phase": Phase.PLANNED.value})


def reinstated(meeting: Meeting) -> None:
    """It takes place after all."""
    _tell(meeting, {**standing(meeting), "phase": Phase.CANCELLED.value})


def _tell(meeting: Meeting, was: Standing | None) -> None:
    """One letter to each present member, of the kind that leads from what they last heard to how it stands now; or none."""
    now, heard = standing(meeting), _heard(meeting)
    dates = _unsent_dates(meeting.team_id) if was is not None else {}
    for member in _present(meeting.team_id):
        if member.pk in heard:
            known = heard[member.pk]  # that letter won't leave any more: its sequence is the one before
        elif was is not None and (phase := dates.get((member.pk, meeting.pk))):
            known = {**was, "phase": phase}
        else:
            known = was
        kind = _kind(known, now)
        if kind is None:
            continue
        post_letter(
            kind,
            key=f"{kind}:meeting-{meeting.pk}:{meeting.sequence}:member-{member.pk}",
            to=member.user,
            team=meeting.team_id,
            due=clock.now() + PATIENCE,
            member=member.pk,
            meeting=meeting.pk,
            sequence=meeting.sequence,
            was=known,
        )


def _heard(meeting: Meeting) -> dict[int, Standing | None]:
    """How it stood when those members last heard of it for whom an earlier letter about it waits still; by member."""
    found: dict[int, Standing | None] = {}
    for letter in _unsent(meeting.team_id, ONE_DATE).filter(data__meeting=meeting.pk):
        found.setdefault(letter.data["member"], letter.data["was"])
    return found


def _kind(was: Standing | None, now: Standing) -> str | None:
    takes_place = now["phase"] == Phase.PLANNED
    if was is None:
        return "planned" if takes_place else None
    if was["phase"] == Phase.CANCELLED:
        return "reinstated" if takes_place else None
    if not takes_place:
        return "cancelled"
    return "changed" if was != now else None


# --- many dates at once ------------------------------------------------------------------------------------------------------

BEFORE: dict[What, str] = {  # the phase in which people know of dates that no letter waits to tell of
    "series": Phase.PLANNED.value,
    "ended": Phase.PLANNED.value,
    "pause": Phase.PLANNED.value,
    "resumed": Phase.CANCELLED.value,
}


def dates_changed(team_id: int, meetings: Sequence[Meeting], *, what: What, by: Membership | None) -> None:
    """One letter to each present member about many dates: a series was planned, changed or ended; a pause, or its end.

    Beside the dates it holds the ids of what they are about: the series, and which series it was to this reader, or the pause.
    """
    if not meetings:
        return
    before, heard = _unsent_dates(team_id), _unsent_series(team_id)
    series = _series_of(meetings) if what in ("series", "ended") else None
    paused = Pause.objects.filter(team_id=team_id).order_by("-pk").first() if what == "pause" else None  # just entered
    followed = series.follows_id if series is not None and what == "series" else None
    for member in _present(team_id):
        was = heard.get((member.pk, followed), followed)
        back = series is not None and was != followed and _goes(was) == _goes(series.pk)  # it is again as they know it
        dates = []
        for meeting in meetings:
            phase = before.get((member.pk, meeting.pk), None if _is_new(meeting, what) else BEFORE[what])
            if not _as_known(phase, meeting, moved=what == "series" and not back):
                dates.append([meeting.pk, meeting.sequence, phase])
        if not dates:
            continue
        named = hashlib.sha256(repr([(pk, sequence) for pk, sequence, _phase in dates]).encode()).hexdigest()[:16]
        post_letter(
            "dates",
            key=f"dates:{what}:team-{team_id}:{named}:member-{member.pk}",
            to=member.user,
            team=team_id,
            due=clock.now() + PATIENCE,
            member=member.pk,
            what=what,
            by=by.pk if by else None,
            dates=dates,
            series=series.pk if series else None,
            was=was,
            pause=paused.pk if paused else None,
        )


def _as_known(phase: str | None, meeting: Meeting, *, moved: bool) -> bool:
    """Whether a reader who last heard of it in this phase (None: never) has nothing to hear. `moved`: its day or time may be another."""
    if meeting.phase == Phase.CANCELLED:
        return phase != Phase.PLANNED
    return phase == meeting.phase and not moved


def _is_new(meeting: Meeting, what: What) -> bool:
    """A date that its series has only just made: no calendar was told of it before."""
    return what == "series" and meeting.sequence == 0


def _series_of(meetings: Iterable[Meeting]) -> Series | None:
    """The series that these dates are about. After a change some belong to the one before: it is the one that follows."""
    ids = {meeting.series_id for meeting in meetings} - {None}
    return Series.objects.filter(Q(pk__in=ids) | Q(follows__in=ids)).order_by("-pk").first()


def goes(series: Series) -> tuple[object, ...]:
    """All that people are told of a series: two of which it is the same are one to them."""
    often, _weekday = PATTERNS[series.rule]
    weeks = series.first.toordinal() % 14 if often == Often.FORTNIGHTLY else None  # in which of two weeks
    return series.rule, weeks, series.at, series.minutes, series.place, series.video


def _goes(pk: int | None) -> tuple[object, ...] | None:
    found = Series.objects.filter(pk=pk).first() if pk else None
    return goes(found) if found else None


def _unsent_series(team_id: int) -> dict[tuple[int, int | None], int | None]:
    """By (member, series): which series they know in its place, where a letter to them still tells of it; None: they know of none."""
    found: dict[tuple[int, int | None], int | None] = {}
    for letter in _unsent(team_id, ("dates",)):
        if letter.data["what"] == "series" and letter.data.get("series"):
            found.setdefault((letter.data["member"], letter.data["series"]), letter.data.get("was"))
    return found


def _unsent_dates(team_id: int) -> dict[tuple[int, int], str | None]:
    """By (member, meeting): the phase in which they last heard of it, where a letter to them still tells of it; None: never."""
    found: dict[tuple[int, int], str | None] = {}
    for letter in _unsent(team_id, ("dates",)):
        for pk, _sequence, phase in letter.data["dates"]:
            found.setdefault((letter.data["member"], pk), phase)
    return found


def _present(team_id: int) -> QuerySet[Membership]:
    return Membership.objects.present().filter(team_id=team_id).select_related("user").order_by("pk")


def _unsent(team_id: int, kinds: Sequence[str]) -> QuerySet[Letter]:
    """Letters about dates that haven't left: their bytes aren't written yet, or (under a moved clock) their time hasn't come.

    The earliest first, and locked: a letter that is being written just now either leaves as it was, and isn't among them, or
    finds the change.
    """
    waiting = Q(state=LetterState.WAITING, frozen=None) | Q(state=LetterState.HELD, due_at__gt=clock.now())
    return (
        Letter.objects.select_for_update(of=("self",)).filter(waiting, team_id=team_id, kind__in=kinds).order_by("pk")
    )
