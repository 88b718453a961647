"""The rule "we take turns", over any history: who is never proposed, how even it is, and that it is a function of the history alone."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from meetings.queries import fairness
from meetings.queries.fairness import Candidate, Occasion, Past, Standing, forecast, in_turn, proposal, standings
from teams.roles import HolderRule

BEGAN = datetime(2031, 3, 4, 10, tzinfo=UTC)
ROTATION = HolderRule.ROTATION

Rule = Callable[[Iterable[Standing], Occasion], Standing | None]


def by_rule(everybody: Iterable[Standing], occasion: Occasion) -> Standing | None:
    return proposal(ROTATION, everybody, occasion)


def at(week: int) -> datetime:
    return BEGAN + timedelta(weeks=week)


# --- Any history, any meeting ---

PEOPLE = range(1, 8)
QUICK = settings(max_examples=150, derandomize=True, database=None, phases=[Phase.generate])  # no history is shortened
some = st.frozensets(st.sampled_from(PEOPLE))
few = st.frozensets(st.sampled_from(PEOPLE), max_size=2)
maybe = st.none() | st.sampled_from(PEOPLE)
occasions = st.builds(Occasion, st.just(at(60)), few, few, maybe, maybe, maybe, st.none() | some)


@st.composite
def ledgers(draw: st.DrawFn, fewest: int = 1) -> list[Standing]:
    """Some people, each standing anyhow."""
    found = []
    for pk in sorted(draw(st.sets(st.sampled_from(PEOPLE), min_size=fewest))):
        attended, lead, opted_out, new = draw(
            st.tuples(st.integers(0, 6), *[st.sampled_from((False, False, True))] * 3)
        )
        held = draw(st.integers(0, attended))
        last = at(draw(st.integers(0, 9))) if held else None
        found.append(Standing(Candidate(pk, lead, not opted_out, new), attended, held, last))
    return found


def unavailable(known: Standing, occasion: Occasion) -> list[str]:
    """Why this person can't be given a turn, in the tests' own words."""
    pk, who = known.member, known.candidate
    reasons = {
        "away": pk in occasion.away,
        "said not this time": pk in occasion.let_go,
        "chairs": pk == occasion.chair,
        "is scribe": pk == occasion.scribe,
        "is not here": occasion.here is not None and pk not in occasion.here,
        "opted out": not who.takes_turns,
        "is new": who.new,
    }
    return [reason for reason, so in reasons.items() if so]


def nobody_who_cannot_is_proposed(rule: Rule) -> None:
    """New people only as an AMBIT lead, when nobody can take a turn; all others never."""

    @QUICK
    @given(ledgers(), occasions)
    def holds(known: list[Standing], occasion: Occasion) -> None:
        chosen = rule(known, occasion)
        if chosen is None:
            assert not [each for each in known if not unavailable(each, occasion)]
            return
        reasons = unavailable(chosen, occasion)
        if reasons:
            assert reasons == ["is new"], reasons
        if any(not unavailable(each, occasion) for each in known):
            assert reasons == [], reasons
        else:
            assert chosen.candidate.lead

    holds()


def the_least_share_comes_first(rule: Rule) -> None:
    """Before the meeting the proposed has the least share of all who are available; so after it shares are at most one meeting apart."""

    @QUICK
    @given(ledgers(fewest=4), occasions.map(lambda each: replace(each, here=None)))
    def holds(known: list[Standing], occasion: Occasion) -> None:
        available = [each for each in known if not unavailable(each, occasion)]
        chosen = rule(known, occasion)
        if not available:
            return
        assert chosen is not None
        for other in available:
            assert chosen.held * max(other.attended, 1) <= other.held * max(chosen.attended, 1)
            after = chosen.after(occasion.at, came=True, holds=True)
            gap = Fraction(after.held, after.attended) - Fraction(other.held, max(other.attended, 1))
            assert gap <= Fraction(1, after.attended)

    holds()


def the_order_of_rows_does_not_matter(rule: Rule) -> None:
    @QUICK
    @given(ledgers(), occasions, st.data())
    def holds(known: list[Standing], occasion: Occasion, data: st.DataObject) -> None:
        assert rule(data.draw(st.permutations(known)), occasion) == rule(known, occasion)

    holds()


# --- A team that follows the rule ---


@dataclass(frozen=True)
class Week:
    """Who doesn't come, who comes and sits in another seat, who says not this time."""

    away: frozenset[int]
    let_go: frozenset[int]
    chair: int | None


def follow(
    rule: Rule, people: Sequence[Candidate], weeks: Iterable[Week]
) -> list[tuple[Week, int | None, Counter[int]]]:
    """Meeting after meeting as the rule says: (week, who held it, how often each has so far)."""
    past: list[Past] = []
    counts: Counter[int] = Counter({each.member: 0 for each in people})
    told = []
    for number, week in enumerate(weeks):
        known = [replace(each, new=not any(each.member in one.here for one in past)) for each in people]
        occasion = Occasion(at(number), week.away, week.let_go, week.chair)
        chosen = rule(standings(known, past), occasion)
        holder = chosen.member if chosen else None
        if holder is not None:
            counts[holder] += 1
        here = frozenset(each.member for each in people) - week.away
        past.append(Past(at(number), here, frozenset() if holder is None else frozenset({holder})))
        told.append((week, holder, counts.copy()))
    return told


ALWAYS = Week(frozenset(), frozenset(), None)


def nobody_gets_two_ahead_where_all_can(rule: Rule) -> None:
    @settings(QUICK, max_examples=40)
    @given(st.integers(1, 7), st.integers(1, 30), st.integers(1, 7))
    def holds(number: int, meetings: int, lead: int) -> None:
        people = [Candidate(pk, pk == min(lead, number)) for pk in range(1, number + 1)]
        for _week, holder, counts in follow(rule, people, [ALWAYS] * meetings):
            assert holder is not None
            assert max(counts.values()) - min(counts.values()) <= 1, counts

    holds()


def twins_differ_by_one_at_most(rule: Rule) -> None:
    """Two who come to the same meetings and can take the same turns, whatever the others do."""
    week = st.builds(Week, some, some, st.none() | st.sampled_from(range(3, 8)))

    @settings(QUICK, max_examples=80)
    @given(st.lists(week, max_size=25))
    def holds(weeks: list[Week]) -> None:
        people = [Candidate(pk) for pk in PEOPLE]
        alike = [
            replace(each, away=_both(each.away), let_go=_both(each.let_go))
            for each in weeks  # 2 does as 1 does
        ]
        for _week, _holder, counts in follow(rule, people, alike):
            assert abs(counts[1] - counts[2]) <= 1, counts

    holds()


def _both(who: frozenset[int]) -> frozenset[int]:
    return (who | {2}) if 1 in who else (who - {2})


PROMISES = (
    nobody_who_cannot_is_proposed,
    the_least_share_comes_first,
    the_order_of_rows_does_not_matter,
    nobody_gets_two_ahead_where_all_can,
    twins_differ_by_one_at_most,
)


@pytest.mark.parametrize("promise", PROMISES, ids=lambda each: each.__name__)
def test_the_rule_keeps_its_promise(promise: Callable[[Rule], None]) -> None:
    promise(by_rule)


# --- Rules that are a little wrong: each breaks one of the promises ---


def deaf_to(reason: str) -> Rule:
    """Doesn't see one of the reasons for which somebody can't."""

    def rule(everybody: Iterable[Standing], occasion: Occasion) -> Standing | None:
        fields = {"away": "away", "said not this time": "let_go"}
        if reason in fields:
            return by_rule(everybody, replace(occasion, **{fields[reason]: frozenset()}))  # type: ignore[arg-type]
        if reason == "has a seat":
            return by_rule(everybody, replace(occasion, chair=None, scribe=None))
        if reason == "is not here":
            return by_rule(everybody, replace(occasion, here=None))
        opened = [
            replace(each, candidate=replace(each.candidate, takes_turns=True))
            if reason == "opted out"
            else replace(each, candidate=replace(each.candidate, new=False))
            for each in everybody
        ]
        return by_rule(opened, occasion)

    return rule


def ordered(key: Callable[[Standing], object]) -> Rule:
    """The same people, in another order."""

    def rule(everybody: Iterable[Standing], occasion: Occasion) -> Standing | None:
        known = list(everybody)
        return min(in_turn(known, occasion), key=key, default=None) or by_rule(known, occasion)  # type: ignore[arg-type]

    return rule


def first_of_the_rows(everybody: Iterable[Standing], occasion: Occasion) -> Standing | None:
    """Breaks ties by whatever row came first."""
    known = list(everybody)
    available = [each for each in known if fairness.is_available(each, occasion)]
    return min(available, key=lambda each: each.share, default=None) or by_rule(known, occasion)


def never(each: Standing) -> datetime:
    return each.last or fairness.NEVER


WRONG: dict[str, tuple[Rule, Callable[[Rule], None]]] = {
    "doesn’t see who is away": (deaf_to("away"), nobody_who_cannot_is_proposed),
    "doesn’t hear not this time": (deaf_to("said not this time"), nobody_who_cannot_is_proposed),
    "gives somebody two seats": (deaf_to("has a seat"), nobody_who_cannot_is_proposed),
    "waits for who isn’t here": (deaf_to("is not here"), nobody_who_cannot_is_proposed),
    "asks who opted out": (deaf_to("opted out"), nobody_who_cannot_is_proposed),
    "asks a newcomer": (deaf_to("is new"), nobody_who_cannot_is_proposed),
    "counts turns, not shares": (
        ordered(lambda each: (each.held, never(each), -each.attended, each.member)),
        the_least_share_comes_first,
    ),
    "counts who came least": (ordered(lambda each: (each.attended, each.member)), the_least_share_comes_first),
    "breaks ties by the rows’ order": (first_of_the_rows, the_order_of_rows_does_not_matter),
    "prefers whoever did it last": (
        ordered(lambda each: (-never(each).timestamp(), each.member)),
        nobody_gets_two_ahead_where_all_can,
    ),
    "forgets how often": (ordered(lambda each: each.member), twins_differ_by_one_at_most),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_rule_that_is_a_little_wrong_breaks_a_promise(wrong: str) -> None:
    rule, promise = WRONG[wrong]
    with pytest.raises(AssertionError):
        promise(rule)


# --- The order among equals, one by one ---


def standing(pk: int, held: int, attended: int, last: int | None = None) -> Standing:
    return Standing(Candidate(pk), attended, held, None if last is None else at(last))


@pytest.mark.parametrize(
    ("why", "first", "second"),
    [
        ("the smaller share, though the larger count", standing(2, 2, 10, 5), standing(1, 1, 4, 1)),
        ("2 of 6 is 1 of 3: longer ago", standing(2, 2, 6, 3), standing(1, 1, 3, 4)),
        ("never before once", standing(2, 0, 1), standing(1, 0, 1, 0)),
        ("came more often", standing(2, 0, 5), standing(1, 0, 4)),
        ("joined first", standing(1, 0, 4), standing(2, 0, 4)),
        ("who hasn’t come at all counts as none of none", standing(2, 0, 0), standing(1, 1, 9, 0)),
    ],
)
def test_the_order_among_two(why: str, first: Standing, second: Standing) -> None:
    for both in ([first, second], [second, first]):
        assert [each.member for each in in_turn(both, Occasion(at(60)))] == [first.member, second.member], why


def test_whoever_held_it_and_was_not_ticked_has_done_it_all_the_same_when_ties_are_broken() -> None:
    past = [Past(at(0), frozenset({2}), frozenset({1})), Past(at(1), frozenset({1, 2}), frozenset())]
    known = standings([Candidate(1), Candidate(2)], past)
    assert [(each.attended, each.held, each.last) for each in known] == [(1, 0, at(0)), (2, 0, None)]
    assert proposal(ROTATION, known, Occasion(at(2))) == known[1]


def test_by_the_rule_of_the_lead_the_first_lead_who_can_is_proposed_whatever_they_held() -> None:
    people = [Candidate(1), Candidate(2, True, takes_turns=False), Candidate(3, True, new=True)]
    known = standings(people, [Past(at(0), frozenset({1, 2}), frozenset({2}))])
    found = [
        proposal(HolderRule.LEAD, known, occasion)
        for occasion in (Occasion(at(1)), Occasion(at(1), chair=2), Occasion(at(1), frozenset({2}), frozenset({3})))
    ]
    assert [each and each.member for each in found] == [2, 3, None]


def test_where_somebody_is_asked_each_time_nobody_is_proposed() -> None:
    assert proposal(HolderRule.APPOINTED, standings([Candidate(1, True)], []), Occasion(at(1))) is None


weeks_past = st.lists(st.tuples(some, some), max_size=10).map(
    lambda rows: [Past(at(week), here, held) for week, (here, held) in enumerate(rows)]
)


@QUICK
@given(weeks_past, st.data())
def test_a_ledger_is_the_same_in_whatever_order_its_rows_come(past: list[Past], data: st.DataObject) -> None:
    people = [Candidate(pk) for pk in PEOPLE]
    found = standings(people, past)
    assert standings(data.draw(st.permutations(people)), data.draw(st.permutations(past))) == found
    for each in found:
        came = [one for one in past if each.member in one.here]
        assert (each.attended, each.held) == (len(came), sum(each.member in one.held for one in came))


def test_the_turns_to_come_follow_from_one_another() -> None:
    known = standings([Candidate(pk) for pk in (1, 2, 3)], [Past(at(0), frozenset({1, 2, 3}), frozenset({1}))])
    weeks = [Occasion(at(1)), Occasion(at(2), away=frozenset({3})), Occasion(at(3)), Occasion(at(4), holder=3)]
    assert forecast(ROTATION, known, weeks) == [2, 1, 3, 3]
