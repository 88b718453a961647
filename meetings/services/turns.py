"""Whose turn it is to keep learning in mind: proposing it, and what whoever is proposed may answer. No reason is asked or kept."""

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from core import clock
from core.errors import NotPossible
from core.live import personal, touch
from meetings.models import Ended, How, Meeting, Phase, Seat
from meetings.queries.fairness import Standing
from meetings.queries.turns import UNASKED, coming, local_day, proposed_for, turn_of, twice_proposed
from meetings.roles import Do, SeatKind
from meetings.rules import ensure, ensure_phase
from meetings.services.locks import lock
from meetings.services.seats import get_up, seat
from teams.models import Activity, Membership
from teams.queries import agreement_of, away_on
from teams.roles import HolderRule
from teams.services.activity import record

LEARNING = SeatKind.LEARNING


def propose_holder(meeting: Meeting, *, by: Membership | None) -> Seat | None:
    """Seat whom the team's rule proposes for a planned meeting, where nobody sits. The caller has locked the meeting.

    Under "we take turns" only for the team's nearest planned meeting: later turns are foretold, not given away.
    """
    if _held(meeting) is not None:
        return None
    chosen = _chosen(meeting)
    return _propose(meeting, chosen, by=by) if chosen else None


def propose_anew_among(meeting: Meeting, here: set[int], *, by: Membership | None) -> Seat | None:
    """Where a live meeting's holder was only proposed, never said yes, did nothing in it and isn't here: the rule, among those here.

    Returns the new seat; None where all stays as it is, or nobody of those here is proposed. The caller has locked the meeting.
    """
    held = _held(meeting)
    if meeting.phase != Phase.LIVE or not here or held is None or held.member_id in here:
        return None
    if held.how not in UNASKED or held.said_yes_at is not None or _acted(meeting, held):
        return None
    get_up(meeting, LEARNING, ended=Ended.ABSENT, by=by)
    chosen = proposed_for(meeting, among=frozenset(here))
    return _propose(meeting, chosen, by=by) if chosen else None


def propose_next(team: int, *, by: Membership | None = None) -> Seat | None:
    """For the team's nearest planned meeting: whoever is only proposed there and can't that day gets up, and an empty seat is filled."""
    nearest = _locked(coming(team).filter(pk__in=coming(team).values("pk")[:1]))
    if not nearest:
        return None
    [meeting] = nearest
    _excuse(meeting)
    proposed = propose_holder(meeting, by=by)
    if agreement_of(team).holder_rule == HolderRule.ROTATION:
        _one_turn_at_a_time(team)
    return proposed


def excuse(member: int, *, team: int) -> None:
    """Somebody is away on some days, or takes turns no longer: where they sit only as proposed they get up, and the rule proposes anew."""
    seats = Seat.objects.current().filter(member_id=member, how__in=UNASKED, said_yes_at=None)
    for meeting in _locked(coming(team).filter(pk__in=seats.values("meeting"))):
        _excuse(meeting)
        propose_holder(meeting, by=None)
    propose_next(team)


def follow_rule(*, team: int, by: Membership | None = None) -> None:
    """The team agreed on another rule: it holds from now on, for every planned meeting whose holder was only proposed."""
    for meeting in _locked(coming(team)):
        held, chosen = _held(meeting), _chosen(meeting)
        if held is not None and _only_proposed(held) and held.member_id != (chosen.member if chosen else None):
            get_up(meeting, LEARNING, ended=Ended.REPLACED, by=by)
        propose_holder(meeting, by=by)


@transaction.atomic
def say_yes(*, by: Membership, meeting: int) -> Meeting:
    """ "I will." Whoever says nothing keeps the seat all the same. Harmless when repeated."""
    found = lock(meeting, by=by)
    ensure(by, Do.ANSWER, found)
    ensure_phase(found, Phase.PLANNED, Phase.LIVE)
    held = _held(found)
    if held is not None and held.said_yes_at is None:
        _answered(held)
        record("said yes to a turn", by=by.user_id, team=found.team_id, subject=f"meeting {found.pk}")
        touch(found, "seats")
    return found


@transaction.atomic
def decline(*, by: Membership, meeting: int) -> Meeting:
    """ "Not this time", before the meeting begins: the rule proposes the next at once. Harmless when repeated."""
    found = lock(meeting, by=by)
    held = _held(found)
    gone = [Ended.DECLINED, Ended.CALLED_OUT]  # "not this time", or a colleague left the seat empty
    before = Seat.objects.filter(meeting=found, kind=LEARNING, member=by, ended__in=gone)
    if (held is None or held.member_id != by.pk) and before.exists():
        return found
    ensure(by, Do.ANSWER, found)
    ensure_phase(found, Phase.PLANNED)
    get_up(found, LEARNING, ended=Ended.DECLINED, by=by)
    propose_holder(found, by=None)
    return found


@transaction.atomic
def swap(*, by: Membership, meeting: int, other: int, member: int) -> Meeting:
    """Give one's turn to `member`, and take the turn that is to be theirs in the meeting `other`. Harmless when repeated.

    Only what the plan offers: the next turn of somebody who can come in now, for whom one can come in then. They are shown that it
    happened, and may say "not this time". Raises NotPossible when turns have changed since the page was shown.
    """
    locked = {pk: lock(pk, by=by) for pk in sorted({meeting, other})}
    mine, theirs = locked[meeting], locked[other]
    done = Seat.objects.current().filter(kind=LEARNING, how=How.SWAPPED)
    if done.filter(meeting=mine, member=member).exists() and done.filter(meeting=theirs, member=by).exists():
        return mine
    ensure(by, Do.ANSWER, mine)
    ensure_phase(mine, Phase.PLANNED)
    offered = turn_of(by, mine).swap
    if offered is None or (offered.meeting.pk, offered.member.pk) != (other, member):
        raise NotPossible(_("Turns have changed since you looked. Look again, and swap then."))
    for each, sits in ((mine, offered.member), (theirs, by)):
        get_up(each, LEARNING, ended=Ended.SWAPPED, by=by)
        seat(each, LEARNING, sits, by=by, how=How.SWAPPED)
        touch(each, "seats")
    taken = _held(theirs)
    if taken is not None:
        _answered(taken)
    record(
        "turns swapped", by=by.user_id, team=by.team_id, subject=f"meeting {mine.pk}", other=theirs.pk, member=member
    )
    return mine


# --- Pieces ---


def _locked(meetings: QuerySet[Meeting]) -> list[Meeting]:
    """Locked by their ids, as whoever else locks several does; the nearest first."""
    rows = meetings.order_by("pk").select_for_update(of=("self",))
    return sorted(rows, key=lambda row: (row.starts, row.pk))


def _held(meeting: Meeting) -> Seat | None:
    return Seat.objects.current().filter(meeting=meeting, kind=LEARNING).select_related("member").first()


def _only_proposed(held: Seat) -> bool:
    return held.how == How.PROPOSED and held.said_yes_at is None


def _answered(held: Seat) -> None:
    held.said_yes_at = clock.now()
    held.save(update_fields=["said_yes_at"])


def _chosen(meeting: Meeting) -> Standing | None:
    """Whom the rule seats in a planned meeting now, whoever sits there; nobody in a later one, where the team takes turns."""
    if meeting.phase != Phase.PLANNED:
        return None
    rule = HolderRule(agreement_of(meeting.team_id).holder_rule)
    if rule == HolderRule.APPOINTED or (rule == HolderRule.ROTATION and not _is_nearest(meeting)):
        return None
    return proposed_for(meeting)


def _one_turn_at_a_time(team: int) -> None:
    """Dates that were moved, called off or put back can leave one person with two turns: the later one is given anew in its time."""
    for held in list(twice_proposed().filter(team_id=team)):
        for meeting in _locked(coming(team).filter(pk=held.meeting_id)):
            get_up(meeting, LEARNING, ended=Ended.REPLACED, by=None)


def _is_nearest(meeting: Meeting) -> bool:
    """Whether it comes next. While a meeting is live none does: who holds it in that one is part of the history first."""
    if Meeting.objects.filter(team_id=meeting.team_id, phase=Phase.LIVE).exists():
        return False
    return coming(meeting.team_id).values_list("pk", flat=True).first() == meeting.pk


def _propose(meeting: Meeting, chosen: Standing, *, by: Membership | None) -> Seat:
    member = Membership.objects.select_related("user").get(pk=chosen.member)
    taken = seat(meeting, LEARNING, member, by=by, proposed=True)
    touch(meeting, "seats")
    return taken


def _excuse(meeting: Meeting) -> None:
    """Whoever was only proposed for a seat, and is away that day or takes turns no longer, gets up."""
    away = away_on(meeting.team_id, local_day(meeting))
    seats = Seat.objects.current().filter(meeting=meeting, how__in=UNASKED, said_yes_at=None)
    for held in seats.select_related("member"):
        if held.member_id in away or (held.kind == LEARNING and _opted_out(held)):
            get_up(meeting, SeatKind(held.kind), ended=Ended.AWAY, by=None)


def _opted_out(held: Seat) -> bool:
    turns = agreement_of(held.team_id).holder_rule == HolderRule.ROTATION
    return turns and not held.member.takes_turns


def _acted(meeting: Meeting, held: Seat) -> bool:
    """Whether whoever sits there has done something in this very meeting: kept a jotting, or anything that is recorded."""
    if "jottings" in personal(meeting, held.member_id)[1]:
        return True
    recorded = Activity.objects.filter(team_id=meeting.team_id, subject=f"meeting {meeting.pk}")
    return recorded.filter(actor_id=held.member.user_id, at__gte=meeting.began_at).exists()
