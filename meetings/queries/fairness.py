"""Whose turn it is, as pure functions of a history. The same history gives the same proposal, in whatever order its rows come.

The rule "we take turns", precisely. It looks at the meetings held in the twelve months before the one in question, and at nothing
but what people recorded of them: whom they ticked as here, and who sat in the seat.

- `attended` counts the meetings for which somebody was ticked, `held` those among them in which they sat in the seat while the
  meeting was live. Their *share* is held/attended; 0/0 counts as 0.
- *Available* is who takes turns, isn't away that day, hasn't let go of this very meeting (said "not this time", swapped it away, got
  up again), has no other seat in it, and isn't new. Somebody is new until they were ticked at one meeting since they joined; a
  meeting of which no list was made counts, if they belonged to the team when it began.
- The proposal is the available person with the smallest share. Among equals it is whoever held the seat longest ago (never comes
  first), then who attended more, then who joined first.
- When nobody is available, it is the first AMBIT lead (who joined first) who isn't away, hasn't let go of it, has no other seat and
  hasn't opted out of turns. Where there is none, nobody is proposed.

Hence, wherever the rule is followed: before the meeting held/attended of the person picked is at most that of each other person who
was available. With everybody always available nobody's count is ever more than one ahead of anybody else's, and any two people who
came to the same meetings and were available for the same ones differ by at most one.

The rule "the lead": the first AMBIT lead who isn't away that day, hasn't let go of it and has no other seat. "Appointed": nobody.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from fractions import Fraction

from teams.roles import HolderRule

NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True)
class Candidate:
    """One present member."""

    member: int  # ids count up: whoever joined first has the smallest
    lead: bool = False
    takes_turns: bool = True
    new: bool = False


@dataclass(frozen=True)
class Past:
    """One meeting that was held, as people recorded it."""

    began: datetime
    here: frozenset[int]
    held: frozenset[int]  # who sat in the seat at some time while it was live


@dataclass(frozen=True)
class Standing:
    """How a member stands in the ledger."""

    candidate: Candidate
    attended: int = 0
    held: int = 0
    last: datetime | None = None  # the meeting in which they last held it, ticked or not

    @property
    def member(self) -> int:
        return self.candidate.member

    @property
    def share(self) -> Fraction:
        """Compared exactly, in whole numbers."""
        return Fraction(self.held, self.attended or 1)

    def after(self, at: datetime, *, came: bool, holds: bool) -> "Standing":
        """The same, one meeting later."""
        return replace(
            self,
            candidate=replace(self.candidate, new=self.candidate.new and not came),
            attended=self.attended + came,
            held=self.held + (came and holds),
            last=at if holds else self.last,
        )


@dataclass(frozen=True)
class Occasion:
    """One meeting to come, as the rule sees it."""

    at: datetime
    away: frozenset[int] = frozenset()
    let_go: frozenset[int] = frozenset()  # of this very meeting: not this time, swapped, got up again
    chair: int | None = None
    scribe: int | None = None
    holder: int | None = None  # who sits there already
    here: frozenset[int] | None = None  # once it has begun: only among those

    def can(self, member: int) -> bool:
        """Comes, is free, and hasn't let go of it."""
        return (
            member not in self.away
            and member not in self.let_go
            and member not in (self.chair, self.scribe)
            and (self.here is None or member in self.here)
        )


def standings(candidates: Iterable[Candidate], past: Iterable[Past]) -> list[Standing]:
    """How each stands after these meetings, whoever joined first comes first."""
    meetings = list(past)
    return [_standing(each, meetings) for each in sorted(candidates, key=lambda each: each.member)]


def _standing(candidate: Candidate, meetings: Sequence[Past]) -> Standing:
    pk = candidate.member
    came = [meeting for meeting in meetings if pk in meeting.here]
    last = max((meeting.began for meeting in meetings if pk in meeting.held), default=None)
    return Standing(candidate, len(came), sum(pk in meeting.held for meeting in came), last)


def is_available(standing: Standing, occasion: Occasion) -> bool:
    """Whether the rule "we take turns" may propose them."""
    candidate = standing.candidate
    return candidate.takes_turns and not candidate.new and occasion.can(candidate.member)


def in_turn(everybody: Iterable[Standing], occasion: Occasion) -> list[Standing]:
    """Who is available, in the order in which their turns come."""
    available = [each for each in everybody if is_available(each, occasion)]
    return sorted(available, key=lambda each: (each.share, each.last or NEVER, -each.attended, each.member))


def proposal(rule: HolderRule, everybody: Iterable[Standing], occasion: Occasion) -> Standing | None:
    """Whom the team's rule proposes, whoever sits there already."""
    known = list(everybody)
    if rule == HolderRule.APPOINTED:
        return None
    turns = in_turn(known, occasion) if rule == HolderRule.ROTATION else []
    return turns[0] if turns else _lead(rule, known, occasion)


def _lead(rule: HolderRule, everybody: Sequence[Standing], occasion: Occasion) -> Standing | None:
    leads = [
        each
        for each in everybody
        if each.candidate.lead
        and occasion.can(each.member)
        and (each.candidate.takes_turns or rule == HolderRule.LEAD)  # who opted out of turns is never given one
    ]
    return min(leads, key=lambda each: each.member, default=None)


def forecast(rule: HolderRule, everybody: Iterable[Standing], occasions: Iterable[Occasion]) -> list[int | None]:
    """Who holds the seat at each of these meetings, in their order: who sits there, else whom the rule proposes.

    Supposes that everybody who isn't away comes, and that whoever is proposed holds it. The twelve months aren't moved on.
    """
    known, found = list(everybody), list[int | None]()
    for occasion in occasions:
        chosen = proposal(rule, known, occasion) if occasion.holder is None else None
        holder = occasion.holder if chosen is None else chosen.member
        found.append(holder)
        known = [
            each.after(occasion.at, came=each.member not in occasion.away, holds=each.member == holder)
            for each in known
        ]
    return found
