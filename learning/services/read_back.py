"""Reading back and agreeing: said first, then up to three points, one at a time, with one pen."""

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from core import clock
from core.errors import Invalid, NotFound, NotPossible
from core.live import touch
from learning.models import OtherView, Point, ReadBack, Turn, Wording
from learning.roles import Outcome, PointState
from learning.rules import MOST_READ_BACK, ensure_pen, ensure_reader, ensure_step
from learning.services.points import keep_wording
from learning.services.slot import grow_slot, shrink_slot
from learning.services.words import PHRASE, one_line
from meetings.models import Item, ItemKind, Meeting, Phase
from meetings.roles import Do, SeatKind
from meetings.rules import ensure, ensure_phase, seats_of
from meetings.services.agenda import go_to
from meetings.services.locks import lock
from meetings.services.taps import Data, ensure_last, moved_on, tapped, undoes
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
    along = Turn.objects.filter(meeting=found).exclude(outcome="").count()  # settled as they came
    chosen = _chosen(points_to_read(found), picked, short=short, along=bool(along))
    stood = _agenda(found)
    seats = seats_of(found)
    values = {
        "outcome": Outcome.UNDER_WAY,
        "by": by,
        "pen": seats.get(SeatKind.SCRIBE) or seats.get(SeatKind.CHAIR) or by,
        "along": False,
        "at_turn": 0,
        "started_at": clock.now(),
        "ended_at": None,
    }
    read_back, _made = ReadBack.objects.update_or_create(team_id=found.team_id, meeting=found, defaults=values)
    waited = [point.pk for point in chosen if point.state == PointState.WAITING]
    Point.objects.filter(pk__in=waited).update(state=PointState.RAISED)
    add_turns(found, chosen)
    _go_to_read_back(found, by)
    record("read-back started", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", points=len(chosen))
    touch(found, *SUBJECTS)
    tapped(found, by=by, verb="start read-back", before=before.outcome if before else "", waited=waited, **stood)
    return read_back


def _chosen(waiting: Sequence[Point], picked: Sequence[int] | None, *, short: bool, along: bool) -> list[Point]:
    """The points to read back. None at all is fine where some were settled `along` the way: the read-back says those once more."""
    chosen = (
        [point for pk in picked for point in waiting if point.pk == pk]
        if picked is not None
        else list(waiting[: 1 if short else MOST_READ_BACK])
    )
    if len(chosen) > MOST_READ_BACK:
        raise Invalid("points", _("Pick up to three: the others are carried over."))
    if not chosen and not along and waiting:
        raise Invalid(
            "points", _("Pick at least one. If there is nothing for today, that’s fine: say “No learning point today”.")
        )
    if not chosen and not along:
        raise Invalid("points", _("There are no points to read back. “No learning point today” is fine."))
    return chosen


def add_turns(meeting: Meeting, points: Sequence[Point]) -> int:
    """Turns for these points, after those that were settled; one that was begun and never settled is forgotten. The first one's number."""
    Turn.objects.filter(meeting=meeting, outcome="").delete()
    last: int = Turn.objects.filter(meeting=meeting).aggregate(last=Max("position"))["last"] or 0
    for position, point in enumerate(points, start=last + 1):
        Turn.objects.create(team_id=meeting.team_id, meeting=meeting, point=point, position=position)
    return last + 1


@undoes("start read-back", says=lambda meeting, data: _("You started the read-back."))
def _not_started(meeting: Meeting, by: Membership, data: Data) -> None:
    read_back = ReadBack.objects.filter(meeting=meeting, outcome=Outcome.UNDER_WAY, along=False, at_turn=0).first()
    if read_back is None:
        raise moved_on()
    Turn.objects.filter(meeting=meeting, outcome="").delete()
    Point.objects.filter(meeting=meeting, pk__in=data["waited"], state=PointState.RAISED).update(
        state=PointState.WAITING
    )
    put_back(read_back, data["before"])
    _agenda_back(meeting, data)
    touch(meeting, *SUBJECTS, "agenda")


def put_back(read_back: ReadBack, outcome: str) -> None:
    """The read-back as it stood before; no outcome: there was none."""
    if not outcome:
        read_back.delete()
        return
    read_back.outcome, read_back.along, read_back.at_turn, read_back.pen = outcome, False, 0, None
    read_back.ended_at = None if read_back.is_under_way else clock.now()
    read_back.save(update_fields=["outcome", "along", "at_turn", "pen", "ended_at"])


def _agenda(meeting: Meeting) -> dict[str, Any]:
    """Where the agenda stands: the item that is on, whether the read-back has begun before, and the order."""
    items = list(Item.objects.filter(meeting=meeting))
    on = next((item.pk for item in items if item.is_now), None)
    begun = next((item.pk for item in items if item.is_read_back and item.started_at), None)
    return {"on": on, "begun": begun, "order": [item.pk for item in items]}


def _agenda_back(meeting: Meeting, data: Data) -> None:
    """The agenda as it stood when the read-back was started. Raises `moved_on()` when it went on since."""
    items = {item.pk: item for item in Item.objects.filter(meeting=meeting)}
    now = next((item for item in items.values() if item.is_now), None)
    if now is None or not now.is_read_back:
        if now is not None and now.pk == data["on"]:
            return
        raise moved_on()
    if now.pk != data["on"]:
        now.ended_at = clock.now() if data["begun"] else None
        now.started_at = now.started_at if data["begun"] else None
        now.save(update_fields=["started_at", "ended_at"])
        if data["on"] in items:
            items[data["on"]].ended_at = None
            items[data["on"]].save(update_fields=["ended_at"])
    places = sorted(item.position for item in items.values() if item.pk in data["order"])
    ordered = [items[pk] for pk in data["order"] if pk in items]
    for item, place in zip(ordered, places, strict=True):
        item.position = place
    Item.objects.bulk_update(ordered, ["position"])


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
    before = ReadBack.objects.filter(meeting=found).first()
    if Turn.objects.filter(meeting=found).exclude(outcome="").exists():
        if before is None or before.outcome != Outcome.ALONG or outcome != Outcome.NO_TIME:
            raise NotPossible(_("Some points were settled already, so the read-back was held."))
        outcome = Outcome.POINTS  # no time to say once more what was agreed as it came: it was held all the same
    turns = list(Turn.objects.filter(meeting=found, outcome="").values_list("point_id", flat=True))
    Turn.objects.filter(meeting=found, outcome="").delete()
    was: dict[str, Any] = (
        {"at_turn": before.at_turn, "pen": before.pen_id, "along": int(before.along)} if before else {}
    )
    values = {"outcome": outcome, "by": by, "pen": None, "along": False, "at_turn": 0, "ended_at": clock.now()}
    read_back, _made = ReadBack.objects.update_or_create(team_id=found.team_id, meeting=found, defaults=values)
    record(
        "read-back without points", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", outcome=outcome
    )
    touch(found, *SUBJECTS)
    tapped(
        found,
        by=by,
        verb="no read-back",
        outcome=outcome,
        before=before.outcome if before else "",
        turns=turns,
        **was,
    )
    return read_back


def _said_none(meeting: Meeting, data: Data) -> str:
    if data["outcome"] == Outcome.NONE_TODAY:
        return _("You said: no learning point today.")
    return _("You said: no time today.")


@undoes("no read-back", says=_said_none)
def _some_after_all(meeting: Meeting, by: Membership, data: Data) -> None:
    read_back = ReadBack.objects.filter(meeting=meeting, outcome=data["outcome"]).first()
    if read_back is None or Turn.objects.filter(meeting=meeting, outcome="").exists():
        raise moved_on()
    put_back(read_back, data["before"])
    if data["before"] == Outcome.UNDER_WAY:
        read_back.at_turn, read_back.pen_id, read_back.along = data["at_turn"], data["pen"], bool(data["along"])
        read_back.save(update_fields=["at_turn", "pen", "along"])
        add_turns(meeting, sorted(Point.objects.filter(pk__in=data["turns"]), key=lambda p: data["turns"].index(p.pk)))
    touch(meeting, *SUBJECTS)


@transaction.atomic
def first_point(*, by: Membership, meeting: int) -> None:
    """The holder has said them all: on to the first that is to be agreed. Where none is left, that was it."""
    found = lock(meeting, by=by)
    ensure(by, Do.READ_BACK, found)
    read_back = _read_back(found)
    if read_back.at_turn:
        return
    first = Turn.objects.filter(meeting=found, outcome="").first()
    if first is None:
        _end(found, read_back, by)
    else:
        read_back.at_turn = first.position
        read_back.save(update_fields=["at_turn"])
        record("first point", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}")
    touch(found, *SUBJECTS)
    tapped(found, by=by, verb="first point", to=read_back.at_turn)


@undoes(
    "first point",
    says=lambda meeting, data: (
        _("You started with point %(n)d.") % {"n": data["to"]} if data["to"] else _("You ended the read-back.")
    ),
)
def _back_to_saying(meeting: Meeting, by: Membership, data: Data) -> None:
    read_back = ReadBack.objects.filter(meeting=meeting, at_turn=data["to"]).first()
    over = read_back is not None and not data["to"] and read_back.outcome == Outcome.POINTS
    if read_back is None or not (over or (read_back.is_under_way and data["to"])):
        raise moved_on()
    read_back.outcome, read_back.ended_at, read_back.at_turn = Outcome.UNDER_WAY, None, 0
    read_back.save(update_fields=["outcome", "ended_at", "at_turn"])
    touch(meeting, *SUBJECTS)


@transaction.atomic
def take_pen(*, by: Membership, meeting: int) -> None:
    """Anyone may take the pen. The words so far are kept as a wording."""
    found = lock(meeting, by=by)
    ensure(by, Do.HOLD_PEN, found)
    read_back = _read_back(found)
    if read_back.pen_id == by.pk:
        return
    turn = _turn_now(found, read_back)
    if turn is not None and turn.point.text:
        keep_wording(turn.point, read_back.pen or by)
    before, read_back.pen = read_back.pen_id, by
    read_back.save(update_fields=["pen"])
    record("pen taken", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}")
    touch(found, "readback")
    tapped(found, by=by, verb="take pen", before=before)


@undoes("take pen", says=lambda meeting, data: _("You took the pen."))
def _pen_back(meeting: Meeting, by: Membership, data: Data) -> None:
    ensure_last(meeting, "take pen", data)
    read_back = ReadBack.objects.filter(meeting=meeting, outcome=Outcome.UNDER_WAY, pen=by).first()
    if read_back is None:
        raise moved_on()
    read_back.pen_id = data["before"]
    read_back.save(update_fields=["pen"])
    touch(meeting, "readback")


def _turn_now(meeting: Meeting, read_back: ReadBack) -> Turn | None:
    """Whose turn it is. Its point is locked: one that was carried over stands on the unsent summary of its own meeting too."""
    now = Turn.objects.filter(meeting=meeting, position=read_back.at_turn).select_related("point")
    return now.select_for_update(of=("point",)).first()


def _turn(meeting: Meeting, read_back: ReadBack, point: int) -> Turn:
    turn = _turn_now(meeting, read_back)
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
    seen: int | None = None,
) -> Point:
    """The pen's words, as they grow: everybody sees them once the guard has looked.

    Raises Stale, and changes nothing, when there are other words by now than those of the version that was `seen`. The same words
    once more, from whoever heard no answer, are no change.
    """
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.LIVE)
    read_back = _read_back(found)
    ensure_pen(by, read_back)
    turn = _turn(found, read_back, point)
    changed = _word(turn.point, text, applies, action, owner, seen=seen)
    if turn.stopped:
        turn.stopped = False
        turn.save(update_fields=["stopped"])
    elif not changed:
        return turn.point
    touch(found, "words")
    return turn.point


@transaction.atomic
def stop_words(*, by: Membership, meeting: int, point: int) -> None:
    """The guard has stopped the pen's words. What they have grown to may be half of what it stopped (nine digits of ten): nobody else
    sees any of them until the pen has written on. Harmless for anybody who hasn't the pen, and for a point whose turn is over.
    """
    found = lock(meeting, by=by)
    ensure_phase(found, Phase.LIVE)
    read_back = _read_back(found)
    turn = _turn_now(found, read_back)
    if turn is None or turn.point_id != point or read_back.pen_id != by.pk or turn.stopped:
        return
    turn.stopped = True
    turn.save(update_fields=["stopped"])
    touch(found, "words")


def _word(point: Point, text: str, applies: str, action: str, owner: Membership | None, *, seen: int | None) -> bool:
    """Put these words in the place of the present ones; whether they are others."""
    words = {
        "text": one_line(text, empty=True),
        "applies": one_line(applies, field="applies", longest=PHRASE, empty=True),
        "action": one_line(action, field="action", longest=PHRASE, empty=True),
    }
    if owner is not None and owner.team_id != point.team_id:
        raise Invalid("owner", _("Choose somebody who is in the team."))
    same_owner = point.owner_id == (owner.pk if owner else None)
    if same_owner and all(getattr(point, name) == value for name, value in words.items()):
        return False
    point.step(seen)
    for name, value in words.items():
        setattr(point, name, value)
    point.owner = owner
    point.save(update_fields=[*words, "owner", "version"])
    return True


@transaction.atomic
def settle(
    *,
    by: Membership,
    meeting: int,
    point: int,
    outcome: PointState,
    words: tuple[str, str, str, Membership | None] | None = None,
    seen: int | None = None,
    reason: str = "",
) -> Point:
    """Agreed by those here, two views, parked, or left: recorded by one person. `words` are the pen's last ones. Then on to the next.

    `reason`: why it is left, if one likes; of no other outcome.

    Raises NotPossible for a point that isn't the one being read back, so that a second tap settles nothing else. Raises Stale, and
    settles nothing, when `words` are others than the point's, and it has changed since it was `seen`.
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
    if turn.stopped and words is None:
        raise NotPossible(_("The wording is being changed just now. Wait until it is there again."))
    why = one_line(reason, field="reason", longest=PHRASE, empty=True) if outcome == PointState.LEFT else ""
    if words is not None:
        ensure_pen(by, read_back)
        _word(settled, *words, seen=seen)
    if outcome == PointState.AGREED and not settled.text:
        raise Invalid("text", _("Write what we learned, then agree it."))
    if outcome == PointState.TWO_VIEWS:
        _ensure_two(settled)
    before: dict[str, Any] = {"turn": turn.position, "place": settled.position, "along": int(read_back.along)}
    settled.state, settled.settled_at, settled.later = outcome, clock.now(), False
    if settled.meeting_id != found.pk:  # carried over: in the summary it comes after this meeting's own
        settled.position = (Point.objects.filter(meeting=found).aggregate(last=Max("position"))["last"] or 0) + 1
    settled.save(update_fields=["state", "settled_at", "later", "position"])
    if settled.text:
        keep_wording(settled, read_back.pen or by, agreed=outcome == PointState.AGREED)  # whose words they are
    turn.outcome, turn.reason, turn.recorded_by, turn.at = outcome, why, by, clock.now()
    turn.save(update_fields=["outcome", "reason", "recorded_by", "at"])
    record(
        "point settled",
        by=by.user_id,
        team=found.team_id,
        subject=f"meeting {found.pk}",
        point=settled.pk,
        outcome=outcome,
    )
    _on(found, read_back, by)
    before["shrunk"] = shrink_slot(found, by) if read_back.along and not points_to_read(found) else 0
    touch(found, *SUBJECTS)
    tapped(found, by=by, verb="settle", point=settled.pk, outcome=outcome, at=read_back.at_turn, **before)
    return settled


def _ensure_two(point: Point) -> None:
    """Raises Invalid unless there are two views to keep."""
    if not point.text:
        raise Invalid("text", _("Write what we learned first, so that there are two views to keep."))
    if not OtherView.objects.filter(point=point).exists():
        raise Invalid("text", _("There is one view so far. Whoever sees it differently says so first."))


def _settled(meeting: Meeting, data: Data) -> str:
    return {
        PointState.AGREED: _("You agreed point %(n)d."),
        PointState.TWO_VIEWS: _("You kept two views on point %(n)d."),
        PointState.PARKED: _("You parked point %(n)d."),
        PointState.LEFT: _("You left point %(n)d."),
    }[PointState(data["outcome"])] % {"n": data["turn"]}


@undoes("settle", says=_settled)
def _unsettled(meeting: Meeting, by: Membership, data: Data) -> None:
    """The point is being read back once more, in the words it was settled in."""
    turn = Turn.objects.filter(meeting=meeting, point=data["point"], outcome=data["outcome"])
    found = turn.select_related("point").first()
    read_back = ReadBack.objects.filter(meeting=meeting, at_turn=data["at"]).first()
    if found is None or read_back is None or Turn.objects.filter(meeting=meeting, at__gt=found.at).exists():
        raise moved_on()
    went_on = data["at"] != data["turn"] and read_back.is_under_way
    ended = data["at"] == data["turn"] and read_back.outcome in (Outcome.POINTS, Outcome.ALONG)
    if not (went_on or ended):
        raise moved_on()
    point = found.point
    point.state, point.settled_at, point.position = PointState.RAISED, None, data["place"]
    point.save(update_fields=["state", "settled_at", "position"])
    last = point.wordings.order_by("-n").first()
    if last is not None and last.agreed:
        last.agreed = False
        last.save(update_fields=["agreed"])
    found.outcome, found.reason, found.recorded_by, found.at = "", "", None, None
    found.save(update_fields=["outcome", "reason", "recorded_by", "at"])
    read_back.outcome, read_back.ended_at = Outcome.UNDER_WAY, None
    read_back.at_turn, read_back.along = data["turn"], bool(data["along"])
    read_back.save(update_fields=["outcome", "ended_at", "at_turn", "along"])
    if data["shrunk"]:
        grow_slot(meeting, by, minutes=data["shrunk"])
    touch(meeting, *SUBJECTS)


def _on(meeting: Meeting, read_back: ReadBack, by: Membership) -> None:
    """To the next point, or, after the last one, to the end. One that came up along the way is the last for now."""
    coming = Turn.objects.filter(meeting=meeting, outcome="", position__gt=read_back.at_turn).first()
    if coming is not None and not read_back.along:
        read_back.at_turn = coming.position
        read_back.save(update_fields=["at_turn"])
    else:
        _end(meeting, read_back, by)


def _end(meeting: Meeting, read_back: ReadBack, by: Membership) -> None:
    along = read_back.along
    read_back.outcome, read_back.ended_at = Outcome.ALONG if along else Outcome.POINTS, clock.now()
    read_back.save(update_fields=["outcome", "ended_at"])
    verb = "point taken up ended" if along else "read-back ended"
    record(verb, by=by.user_id, team=meeting.team_id, subject=f"meeting {meeting.pk}")


@transaction.atomic
def stop(*, by: Membership, meeting: int) -> None:
    """Stop here: what wasn't reached is carried over to the next holder. One that came up along the way waits for the closing slot."""
    found = lock(meeting, by=by)
    ensure(by, Do.READ_BACK, found)
    read_back = ReadBack.objects.filter(meeting=found).first()
    if read_back is None or not read_back.is_under_way:
        return
    if read_back.along:
        _leave_along(found, read_back, by)
        return
    _end(found, read_back, by)
    touch(found, *SUBJECTS)
    tapped(found, by=by, verb="stop read-back", at=read_back.at_turn)


def _leave_along(meeting: Meeting, read_back: ReadBack, by: Membership) -> None:
    turn = Turn.objects.filter(meeting=meeting, position=read_back.at_turn, outcome="").select_related("point").first()
    if turn is not None:
        turn.point.later = True
        turn.point.save(update_fields=["later"])
        if turn.point.text:
            keep_wording(turn.point, read_back.pen or by)
        turn.delete()
    forget_along(read_back)
    record("point left for later", by=by.user_id, team=meeting.team_id, subject=f"meeting {meeting.pk}")
    touch(meeting, *SUBJECTS)


def forget_along(read_back: ReadBack) -> None:
    """The point that was taken up isn't settled: the read-back is what it was without it."""
    settled = Turn.objects.filter(meeting=read_back.meeting_id).exclude(outcome="").exists()
    put_back(read_back, Outcome.ALONG if settled else "")


@undoes("stop read-back", says=lambda meeting, data: _("You stopped the read-back."))
def _go_on(meeting: Meeting, by: Membership, data: Data) -> None:
    read_back = ReadBack.objects.filter(meeting=meeting, outcome=Outcome.POINTS, at_turn=data["at"]).first()
    if read_back is None:
        raise moved_on()
    read_back.outcome, read_back.ended_at = Outcome.UNDER_WAY, None
    read_back.save(update_fields=["outcome", "ended_at"])
    touch(meeting, *SUBJECTS)


@transaction.atomic
def tick_read(*, by: Membership, meeting: int, point: int, seen: int | None = None) -> None:
    """ "Read: nobody could tell who": said of the words as they are now, by somebody who didn't write them. One person is enough.

    Raises NotPossible when they have changed since the version that was `seen`.
    """
    found = lock(meeting, by=by)
    ensure(by, Do.HOLD_PEN, found)
    ensure_phase(found, Phase.LIVE)
    read_back = _read_back(found)
    turn = _turn(found, read_back, point)
    if not turn.point.text:
        raise NotPossible(_("There are no words to read yet."))
    if seen is not None and seen != turn.point.version:
        raise NotPossible(_("The words have changed meanwhile. Read them once more, then tick it."))
    keep_wording(turn.point, read_back.pen or by)
    wording = turn.point.wordings.order_by("-n")[0]
    ensure_reader(by, read_back, wording)
    if wording.read_by_id is not None:
        return
    wording.read_by, wording.read_at = by, clock.now()
    wording.save(update_fields=["read_by", "read_at"])
    record("wording read", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}", point=point)
    touch(found, "words")
    tapped(found, by=by, verb="read", wording=wording.pk)


@undoes("read", says=lambda meeting, data: _("You said: nobody could tell who."))
def _unread(meeting: Meeting, by: Membership, data: Data) -> None:
    Wording.objects.filter(pk=data["wording"], read_by=by).update(read_by=None, read_at=None)
    touch(meeting, "words")


def end_with_meeting(meeting: int) -> None:
    """A read-back that is still under way when its meeting closes has been held; what waits is raised, and carried over.

    Raises NotFound for a meeting that isn't there. Called inside the transaction that closes the meeting.
    """
    found = Meeting.objects.filter(pk=meeting).first()
    if found is None:
        raise NotFound(_("There is no such meeting."))
    read_back = ReadBack.objects.filter(meeting=found).first()
    if read_back is not None and read_back.is_under_way and read_back.along:
        Turn.objects.filter(meeting=found, outcome="").delete()
        forget_along(read_back)
    ReadBack.objects.filter(meeting=found, outcome__in=[Outcome.UNDER_WAY, Outcome.ALONG]).update(
        outcome=Outcome.POINTS, ended_at=clock.now()
    )
    Point.objects.filter(meeting=found, state=PointState.WAITING).exclude(text="").update(state=PointState.RAISED)
    touch(found, *SUBJECTS)
