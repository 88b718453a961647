"""Reading back and agreeing: said first, then up to three points, one at a time, with one pen."""

from collections.abc import Sequence

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import clock
from core.errors import Invalid, NotFound, NotPossible
from core.live import touch
from learning.models import Point, ReadBack, Turn
from learning.roles import Outcome, PointState
from learning.rules import MOST_READ_BACK, ensure_pen, ensure_step
from learning.services.points import keep_wording
from learning.services.words import PHRASE, one_line
from meetings.models import Item, ItemKind, Meeting, Phase
from meetings.roles import Do, SeatKind
from meetings.rules import ensure, ensure_phase, seats_of
from meetings.services.agenda import go_to
from meetings.services.locks import lock
from teams.models import Membership
from teams.services.activity import record

SUBJECTS = ("readback", "words", "points")


def points_to_read(meeting: Meeting) -> list[Point]:
    """What may be read back: points carried over from earlier meetings first, then this one's, in order."""
    team = Point.objects.filter(team_id=meeting.team_id)
    carried = team.filter(state=PointState.RAISED, meeting__phase=Phase.CLOSED).exclude(meeting=meeting).order_by("pk")
    own = team.filter(meeting=meeting, state__in=[PointState.WAITING, PointState.RAISED])
    return [*carried.select_related("offer", "raised_by__user"), *own.select_related("offer", "raised_by__user")]


def _read_back(meeting: Meeting) -> ReadBack:
    found = ReadBack.objects.filter(meeting=meeting).select_related("pen__user").first()
    if found is None or not found.is_under_way:
        raise NotPossible(_("There is no read-back under way."))
    return found


@transaction.atomic
def start(*, by: Membership, meeting: int, picked: Sequence[int] | None = None, short: bool = False) -> ReadBack:
    """Start the read-back with the picked points (without a choice the first three, or, where it is to be `short`, the first).

    Any member may; a second tap changes nothing.
    """
    found = lock(meeting, by=by)
    ensure(by, Do.READ_BACK, found)
    ensure_phase(found, Phase.LIVE)
    before = ReadBack.objects.filter(meeting=found).first()
    if before is not None and (before.is_under_way or before.outcome == Outcome.POINTS):
        return before
    waiting = points_to_read(found)
    chosen = (
        [point for pk in picked for point in waiting if point.pk == pk]
        if picked is not None
        else waiting[: 1 if short else MOST_READ_BACK]
    )
    if len(chosen) > MOST_READ_BACK:
        raise Invalid("points", _("Pick up to three: the others are carried over."))
    if waiting and not chosen:
        raise Invalid(
            "points", _("Pick at least one. If there is nothing for today, that’s fine: say “No learning point today”.")
        )
    if not chosen:
        raise Invalid("points", _("There are no points to read back. “No learning point today” is fine."))
    seats = seats_of(found)
    pen = seats.get(SeatKind.SCRIBE) or seats.get(SeatKind.CHAIR) or by
    values = {
        "outcome": Outcome.UNDER_WAY,
        "by": by,
        "pen": pen,
        "at_turn": 0,
        "started_at": clock.now(),
        "ended_at": None,
    }
    read_back, _made = ReadBack.objects.update_or_create(team_id=found.team_id, meeting=found, defaults=values)
    for position, point in enumerate(chosen, start=1):
        if point.state == PointState.WAITING:
            point.state = PointState.RAISED
            point.save(update_fields=["state"])
        Turn.objects.create(team_id=found.team_id, meeting=found, point=point, position=position)
    _go_to_read_back(found, by)
    record("read-back started", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", points=len(chosen))
    touch(found, *SUBJECTS)
    return read_back


def _go_to_read_back(meeting: Meeting, by: Membership) -> None:
    item = Item.objects.filter(meeting=meeting, kind=ItemKind.READ_BACK).first()
    if item is not None:
        go_to(meeting, item, by=by)


@transaction.atomic
def without_points(*, by: Membership, meeting: int, outcome: Outcome) -> ReadBack:
    """ "No learning point today" (honest and complete) or "No time today". One tap; may be said instead of a read-back just begun."""
    found = lock(meeting, by=by)
    ensure(by, Do.READ_BACK, found)
    ensure_phase(found, Phase.LIVE)
    if Turn.objects.filter(meeting=found).exclude(outcome="").exists():
        raise NotPossible(_("Some points were settled already, so the read-back was held."))
    Turn.objects.filter(meeting=found).delete()
    values = {"outcome": outcome, "by": by, "pen": None, "at_turn": 0, "ended_at": clock.now()}
    read_back, _made = ReadBack.objects.update_or_create(team_id=found.team_id, meeting=found, defaults=values)
    record(
        "read-back without points", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", outcome=outcome
    )
    touch(found, *SUBJECTS)
    return read_back


@transaction.atomic
def first_point(*, by: Membership, meeting: int) -> None:
    """The holder has said them all: on to the first."""
    found = lock(meeting, by=by)
    ensure(by, Do.READ_BACK, found)
    if ReadBack.objects.filter(pk=_read_back(found).pk, at_turn=0).update(at_turn=1):
        record("first point", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}")
        touch(found, *SUBJECTS)


@transaction.atomic
def take_pen(*, by: Membership, meeting: int) -> None:
    """Anyone may take the pen. The words so far are kept as a wording."""
    found = lock(meeting, by=by)
    ensure(by, Do.HOLD_PEN, found)
    read_back = _read_back(found)
    if read_back.pen_id == by.pk:
        return
    turn = Turn.objects.filter(meeting=found, position=read_back.at_turn).select_related("point").first()
    if turn is not None and turn.point.text:
        keep_wording(turn.point, read_back.pen or by)
    read_back.pen = by
    read_back.save(update_fields=["pen"])
    record("pen taken", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}")
    touch(found, "readback")


def _turn(meeting: Meeting, read_back: ReadBack, point: int) -> Turn:
    turn = Turn.objects.filter(meeting=meeting, position=read_back.at_turn).select_related("point").first()
    if turn is None:
        raise NotPossible(_("No point is being read back just now."))
    if turn.point_id != point:
        raise NotPossible(_("The read-back has moved on to another point. Your words are still in the field."))
    return turn


@transaction.atomic
def type_words(
    *,
    by: Membership,
    meeting: int,
    point: int,
    text: str,
    applies: str = "",
    action: str = "",
    owner: Membership | None = None,
) -> Point:
    """The pen's words, as they grow: everybody sees them once the guard has looked."""
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.LIVE)
    read_back = _read_back(found)
    ensure_pen(by, read_back)
    turn = _turn(found, read_back, point)
    worded = _word(turn.point, text, applies, action, owner)
    touch(found, "words")
    return worded


def _word(point: Point, text: str, applies: str, action: str, owner: Membership | None) -> Point:
    words = {
        "text": one_line(text, empty=True),
        "applies": one_line(applies, field="applies", longest=PHRASE, empty=True),
        "action": one_line(action, field="action", longest=PHRASE, empty=True),
    }
    if owner is not None and owner.team_id != point.team_id:
        raise Invalid("owner", _("Choose somebody who is in the team."))
    for name, value in words.items():
        setattr(point, name, value)
    point.owner = owner
    point.version += 1
    point.save(update_fields=[*words, "owner", "version"])
    return point


@transaction.atomic
def settle(
    *,
    by: Membership,
    meeting: int,
    point: int,
    outcome: PointState,
    words: tuple[str, str, str, Membership | None] | None = None,
) -> Point:
    """Agreed by those here, parked, or left: recorded by one person. `words` are the pen's last ones. Then on to the next point.

    Raises NotPossible for a point that isn't the one being read back, so that a second tap settles nothing else.
    """
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.LIVE)
    read_back = _read_back(found)
    has_pen = read_back.pen_id == by.pk
    if not has_pen:
        ensure(by, Do.SETTLE, found)
    turn = _turn(found, read_back, point)
    settled = turn.point
    ensure_step(settled, outcome)
    if words is not None:
        ensure_pen(by, read_back)
        _word(settled, *words)
    if outcome == PointState.AGREED and not settled.text:
        raise Invalid("text", _("Write what we learned, then agree it."))
    settled.state, settled.settled_at = outcome, clock.now()
    if settled.meeting_id != found.pk:  # carried over: in the summary it comes after this meeting's own
        settled.position = (Point.objects.filter(meeting=found).aggregate(last=Max("position"))["last"] or 0) + 1
    settled.save(update_fields=["state", "settled_at", "position"])
    if settled.text:
        keep_wording(settled, by, agreed=outcome == PointState.AGREED)
    turn.outcome, turn.recorded_by, turn.at = outcome, by, clock.now()
    turn.save(update_fields=["outcome", "recorded_by", "at"])
    record(
        "point settled",
        by=by.user_id,
        team=found.team_id,
        subject=f"meeting {found.pk}",
        point=settled.pk,
        outcome=outcome,
    )
    _on(found, read_back, by)
    touch(found, *SUBJECTS)
    return settled


def _on(meeting: Meeting, read_back: ReadBack, by: Membership) -> None:
    """To the next point, or, after the last one, to the end."""
    if Turn.objects.filter(meeting=meeting, position=read_back.at_turn + 1).exists():
        read_back.at_turn += 1
        read_back.save(update_fields=["at_turn"])
    else:
        _end(meeting, read_back, by)


def _end(meeting: Meeting, read_back: ReadBack, by: Membership) -> None:
    read_back.outcome, read_back.ended_at = Outcome.POINTS, clock.now()
    read_back.save(update_fields=["outcome", "ended_at"])
    record("read-back ended", by=by.user_id, team=meeting.team_id, subject=f"meeting {meeting.pk}")


@transaction.atomic
def stop(*, by: Membership, meeting: int) -> None:
    """Stop here: what wasn't reached is carried over to the next holder."""
    found = lock(meeting, by=by)
    ensure(by, Do.READ_BACK, found)
    read_back = ReadBack.objects.filter(meeting=found).first()
    if read_back is None or not read_back.is_under_way:
        return
    _end(found, read_back, by)
    touch(found, *SUBJECTS)


def end_with_meeting(meeting: int) -> None:
    """A read-back that is still under way when its meeting closes has been held; what waits is raised, and carried over.

    Raises NotFound for a meeting that isn't there. Called inside the transaction that closes the meeting.
    """
    found = Meeting.objects.filter(pk=meeting).first()
    if found is None:
        raise NotFound(_("There is no such meeting."))
    ReadBack.objects.filter(meeting=found, outcome=Outcome.UNDER_WAY).update(
        outcome=Outcome.POINTS, ended_at=clock.now()
    )
    Point.objects.filter(meeting=found, state=PointState.WAITING).exclude(text="").update(state=PointState.RAISED)
    touch(found, *SUBJECTS)
