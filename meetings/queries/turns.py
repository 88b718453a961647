"""Whose turn it is to keep learning in mind: the ledger read from the rows, and what pages and letters show of it."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.text import get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core import clock
from core.zones import day_of
from meetings.models import Attendance, Ended, How, Meeting, Phase, Seat
from meetings.queries.fairness import Candidate, Occasion, Past, Standing, forecast, in_turn, proposal, standings
from meetings.roles import SeatKind
from teams.models import Away, Membership, Team, TeamAgreement
from teams.queries import agreement_of
from teams.roles import HolderRule, Usually

WINDOW = relativedelta(months=12)
SHOWN_AFTER = 3  # so many turns are told ahead
IN_A_ROW = 8  # after so many meetings of one person: "Share this role?"
UNASKED = (How.PROPOSED, How.SWAPPED)  # somebody else put them there; until they say yes, the rule may mend it
LET_GO = (
    Ended.DECLINED,
    Ended.SWAPPED,
    Ended.HAD_TO_GO,
    Ended.CALLED_OUT,
)  # of this very meeting: not proposed for it again


def coming(team_id: int) -> QuerySet[Meeting]:
    """The team's planned meetings whose time isn't over, the nearest first."""
    found = Meeting.objects.upcoming().filter(team_id=team_id, phase=Phase.PLANNED).ending_after(clock.now())
    return found.order_by("starts", "pk").select_related("team")


def learning_seats() -> QuerySet[Seat]:
    """Who keeps learning in mind, in whichever meeting."""
    return Seat.objects.current().filter(kind=SeatKind.LEARNING)


def twice_proposed() -> QuerySet[Seat]:
    """Turns that nobody has answered of people who sit in the learning seat of an earlier meeting too, which isn't over."""
    only = learning_seats().filter(how=How.PROPOSED, said_yes_at=None, meeting__phase=Phase.PLANNED)
    sooner = learning_seats().filter(
        member=OuterRef("member"),
        meeting__in=Meeting.objects.upcoming().ending_after(clock.now()).values("pk"),
        meeting__starts__lt=OuterRef("meeting__starts"),
    )
    return only.filter(Exists(sooner))


def local_day(meeting: Meeting) -> date:
    """The day on which it is, in the team's own time. Needs `meeting.team`."""
    return day_of(meeting.starts, meeting.team.zone)


def teams_to_settle() -> list[int]:
    """The teams whose nearest meeting has an empty seat for their rule to fill, or in it somebody who may be away, and those that take
    turns and gave somebody two. Inside `everything`.
    """
    meetings = Meeting.objects.upcoming().filter(team=OuterRef("pk"))
    nearest = meetings.filter(phase=Phase.PLANNED).ending_after(clock.now()).order_by("starts", "pk")
    rules = TeamAgreement.objects.filter(team=OuterRef("pk")).order_by("-pk")
    teams = Team.objects.annotate(
        nearest=Subquery(nearest.values("pk")[:1]), rule=Subquery(rules.values("holder_rule")[:1])
    )
    seats = learning_seats().filter(meeting=OuterRef("nearest"))
    yesterday = clock.now().date() - timedelta(days=1)  # wherever they are
    away = Seat.objects.current().filter(
        meeting=OuterRef("nearest"), how__in=UNASKED, said_yes_at=None, member__away__last__gte=yesterday
    )
    turns = Q(rule=HolderRule.ROTATION)
    settled_later = turns & Exists(meetings.filter(phase=Phase.LIVE))  # what is under way is part of the history first
    empty = ~Exists(seats) & ~Q(rule=HolderRule.APPOINTED) & ~settled_later
    waiting = empty | Exists(away) | (turns & Exists(twice_proposed().filter(team=OuterRef("pk"))))
    return list(teams.filter(waiting, nearest__isnull=False).order_by("pk").values_list("pk", flat=True))


# --- The ledger ---


@dataclass(frozen=True)
class Ledger:
    """Who belongs to a team, and how each stands, as reckoned for a meeting at some moment."""

    rule: HolderRule
    members: dict[int, Membership]
    standings: Sequence[Standing]

    def name(self, member: int) -> str:
        return self.members[member].first_name

    def usual(self, seat: Usually) -> int | None:
        """Who usually takes this seat."""
        return next((pk for pk, member in self.members.items() if member.usually == seat), None)


def ledger_of(team_id: int, at: datetime, *, all_figures: bool = False) -> Ledger:
    """The ledger of the twelve months before `at`. Where the team's rule needs no history none is read, unless `all_figures` are wanted."""
    rule = HolderRule(agreement_of(team_id).holder_rule)
    lists = Attendance.objects.filter(meeting=OuterRef("pk"))
    held = Meeting.objects.filter(team_id=team_id, phase=Phase.CLOSED, began_at__lt=at)
    ticked = Attendance.objects.filter(member=OuterRef("pk"), meeting__phase=Phase.CLOSED, meeting__began_at__lt=at)
    unlisted = held.filter(~Exists(lists), began_at__gte=OuterRef("since"))
    members = list(
        Membership.objects.present()
        .filter(team_id=team_id)
        .annotate(known=Exists(ticked) | Exists(unlisted))
        .select_related("user")
        .order_by("pk")
    )
    candidates = [
        Candidate(each.pk, each.is_lead, each.takes_turns, not each.known)  # type: ignore[attr-defined]
        for each in members
    ]
    past = _past(held.filter(began_at__gte=at - WINDOW)) if all_figures or rule == HolderRule.ROTATION else []
    return Ledger(rule, {each.pk: each for each in members}, standings(candidates, past))


def _past(held: QuerySet[Meeting]) -> list[Past]:
    """Two queries beside the meetings' own, however many there are."""
    meetings = {meeting.pk: meeting for meeting in held.only("began_at", "closed_at")}
    here, sat = {pk: set[int]() for pk in meetings}, {pk: set[int]() for pk in meetings}
    for meeting, member in Attendance.objects.filter(meeting__in=here).values_list("meeting_id", "member_id"):
        here[meeting].add(member)
    seats = Seat.objects.filter(meeting__in=here, kind=SeatKind.LEARNING).exclude(ended=Ended.ABSENT)
    for seat in seats.only("meeting", "member", "since", "until"):
        if _while_live(seat, meetings[seat.meeting_id]):
            sat[seat.meeting_id].add(seat.member_id)
    return [
        Past(meeting.began_at, frozenset(here[pk]), frozenset(sat[pk]))
        for pk, meeting in meetings.items()
        if meeting.began_at
    ]


def _while_live(seat: Seat, meeting: Meeting) -> bool:
    """Whether somebody sat there at some time while the meeting was live."""
    if meeting.began_at is None or meeting.closed_at is None:
        return False
    return seat.since <= meeting.closed_at and (seat.until is None or seat.until > meeting.began_at)


def occasions_of(meetings: Sequence[Meeting], *, proposals: bool = True) -> list[Occasion]:
    """These meetings of one team as the rule sees them. Two queries. Needs each one's `team`.

    Without `proposals` a seat is empty in which somebody was only proposed, and hasn't said yes.
    """
    if not meetings:
        return []
    seats: dict[int, dict[str, int]] = {meeting.pk: {} for meeting in meetings}
    let_go: dict[int, set[int]] = {meeting.pk: set() for meeting in meetings}
    rows = Seat.objects.filter(Q(until=None) | Q(kind=SeatKind.LEARNING, ended__in=LET_GO), meeting__in=list(seats))
    if not proposals:
        rows = rows.exclude(kind=SeatKind.LEARNING, until=None, how=How.PROPOSED, said_yes_at=None)
    for meeting, kind, member, until in rows.values_list("meeting_id", "kind", "member_id", "until"):
        if until is None:
            seats[meeting][kind] = member
        else:
            let_go[meeting].add(member)
    days = {meeting.pk: local_day(meeting) for meeting in meetings}
    away = _away(meetings[0].team_id, days.values())
    return [
        Occasion(
            meeting.starts,
            away=frozenset(away[days[meeting.pk]]),
            let_go=frozenset(let_go[meeting.pk]),
            chair=seats[meeting.pk].get(SeatKind.CHAIR),
            scribe=seats[meeting.pk].get(SeatKind.SCRIBE),
            holder=seats[meeting.pk].get(SeatKind.LEARNING),
        )
        for meeting in meetings
    ]


def _away(team_id: int, days: Iterable[date]) -> dict[date, set[int]]:
    found: dict[date, set[int]] = {day: set() for day in days}
    rows = Away.objects.filter(team_id=team_id, first__lte=max(found), last__gte=min(found))
    for member, first, last in rows.values_list("member_id", "first", "last"):
        for day, gone in found.items():
            if first <= day <= last:
                gone.add(member)
    return found


def imagined(ledger: Ledger, team: Team, day: date) -> Occasion:
    """A meeting on a day on which none is planned: at ten, with the usual Chair and scribe, where they aren't away."""
    away = _away(team.pk, [day])[day]
    chair, scribe = ledger.usual(Usually.CHAIR), ledger.usual(Usually.SCRIBE)
    return Occasion(
        datetime.combine(day, time(10), ZoneInfo(team.zone)),
        away=frozenset(away),
        chair=None if chair in away else chair,
        scribe=None if scribe in away else scribe,
    )


def proposed_for(meeting: Meeting, *, among: frozenset[int] | None = None) -> Standing | None:
    """Whom the team's rule proposes for this meeting, whoever sits there now; `among`: only those who are here. Needs `meeting.team`."""
    ledger = ledger_of(meeting.team_id, max(meeting.starts, clock.now()))
    [occasion] = occasions_of([meeting])
    if among is not None:
        occasion = replace(occasion, here=among)
    return proposal(ledger.rule, ledger.standings, occasion)


# --- The reason, in words and in counts ---


def because(ledger: Ledger, occasion: Occasion, chosen: int, *, to: int | None = None) -> str:
    """Why it is the turn of `chosen`: in the second person when `to` is the very same."""
    order = in_turn(ledger.standings, occasion)
    mine = next((each for each in ledger.standings if each.member == chosen), None)
    if mine is None:
        return ""
    if ledger.rule != HolderRule.ROTATION:
        said = [_("By our agreement it is one of our AMBIT leads.")]
        before = {each.member for each in ledger.standings if each.candidate.lead and each.member < chosen}
        return " ".join([*said, *_who_cannot(ledger, occasion, before)])
    everybody = {each.member for each in ledger.standings if each.member != chosen}
    if mine not in order and mine.candidate.lead:
        if all(each.candidate.new for each in ledger.standings):
            return _("We haven’t met yet, so it falls to one of our AMBIT leads.")
        said = [_("Nobody can take a turn that day, so it falls to one of our AMBIT leads.")]
    else:
        said = _figures(ledger, mine, [each for each in order if each is not mine][:2], you=chosen == to)
    return " ".join([*said, *_who_cannot(ledger, occasion, everybody)])


def _figures(ledger: Ledger, mine: Standing, others: Sequence[Standing], *, you: bool) -> list[str]:
    if not any(each.attended for each in ledger.standings):
        return [_without_lists(mine, others)]
    name = ledger.name(mine.member)
    rest = [each for each in others if each.attended]
    words = [_share(ledger, each) for each in rest]
    if you:
        said = [_yours(mine)]
        if rest:
            first = _("%(name)s did in %(held)s of %(number)d") % _counts(ledger, rest[0])
            said.append(", ".join([first, *words[1:]]) + ".")
    elif mine.attended:
        first = ngettext(
            "%(name)s did it in %(held)s of %(number)d meeting",
            "%(name)s did it in %(held)s of %(number)d meetings",
            mine.attended,
        ) % _counts(ledger, mine)
        said = [", ".join([first, *words]) + "."]
    else:
        said = [_("%(name)s came to none of our meetings in the last 12 months.") % {"name": name}]
        said += [", ".join(words) + "."] if words else []
    if mine.attended and others and others[0].share == mine.share:
        said += _tie(ledger, mine, others[0], you=you)
    return said


def _without_lists(mine: Standing, others: Sequence[Standing]) -> str:
    """What decided where nobody was ever ticked: who did it longest ago, who never did, or who joined first."""
    if mine.last is not None:
        return _("No list was made of who came, so it goes to whoever did it longest ago.")
    if any(each.last is None for each in others):
        return _(
            "No list was made of who came, so it goes to whoever joined first of those who haven’t done it in the last 12 months."
        )
    return _("No list was made of who came, so it goes to whoever hasn’t done it in the last 12 months.")


def _yours(mine: Standing) -> str:
    values = {"held": mine.held, "number": mine.attended}
    if not mine.attended:
        return _("You came to none of our meetings in the last 12 months.")
    if not mine.held:
        return (
            ngettext(
                "You haven’t done it in the one meeting you came to.",
                "You haven’t done it in the last %(number)d meetings you came to.",
                mine.attended,
            )
            % values
        )
    return (
        ngettext(
            "You did it in the one meeting you came to.",
            "You did it in %(held)d of the last %(number)d meetings you came to.",
            mine.attended,
        )
        % values
    )


def _counts(ledger: Ledger, each: Standing) -> dict[str, object]:
    return {"name": ledger.name(each.member), "held": each.held or _("none"), "number": each.attended}


def _share(ledger: Ledger, each: Standing) -> str:
    return _("%(name)s in %(held)s of %(number)d") % _counts(ledger, each)


def _tie(ledger: Ledger, mine: Standing, other: Standing, *, you: bool) -> list[str]:
    """What decided between two with the same share."""
    names = {"name": ledger.name(mine.member), "other": ledger.name(other.member)}
    if mine.last != other.last:
        if mine.last is None:
            return []
        told = _("You did it longer ago than %(other)s.") if you else _("%(name)s did it longer ago than %(other)s.")
    elif mine.attended != other.attended:
        told = _("You came more often than %(other)s.") if you else _("%(name)s came more often than %(other)s.")
    else:
        told = _("You joined before %(other)s.") if you else _("%(name)s joined before %(other)s.")
    return [told % names]


def _who_cannot(ledger: Ledger, occasion: Occasion, members: set[int]) -> list[str]:
    """One sentence on those of these members who can't, each in one clause alone; none where everybody can."""
    left = {each.member: each for each in ledger.standings if each.member in members}

    def pick(who: Container[int | None]) -> list[str]:
        """The names of those who are left and of whom this is so; they aren't left any more."""
        return [ledger.name(left.pop(pk).member) for pk in list(left) if pk in who]

    chair, scribe, away, let_go = (
        pick(who) for who in ({occasion.chair}, {occasion.scribe}, occasion.away, occasion.let_go)
    )
    clauses = [
        (chair, _("%(names)s chairs")),
        (scribe, _("%(names)s is scribe")),
        (away, ngettext("%(names)s is away", "%(names)s are away", len(away))),
        (let_go, _("%(names)s can’t this time")),
    ]
    if ledger.rule == HolderRule.ROTATION:
        opted_out = pick({pk for pk, each in left.items() if not each.candidate.takes_turns})
        new = pick({pk for pk, each in left.items() if each.candidate.new})
        clauses += [
            (opted_out, ngettext("%(names)s doesn’t take turns", "%(names)s don’t take turns", len(opted_out))),
            (new, ngettext("%(names)s is new", "%(names)s are new", len(new))),
        ]
    said = [words % {"names": get_text_list(names, _("and"))} for names, words in clauses if names]
    return [get_text_list(said, _("and")) + "."] if said else []


# --- What a page shows ---


@dataclass(frozen=True)
class Expected:
    """Somebody who will keep learning in mind in a meeting to come, if all goes as it stands."""

    meeting: Meeting
    member: Membership


@dataclass(frozen=True)
class Turn:
    """The seat of one planned meeting, as its plan shows it to one reader."""

    seat: Seat | None
    yours: bool
    because: str  # empty unless the rule proposed whoever sits there
    away: bool  # whoever sits there is away that day
    likely: Membership | None  # while the seat is empty: whose turn it will be
    after: Sequence[Expected]  # the turns after this one; none unless the team takes turns
    swap: Expected | None  # with whom this reader may swap, and for which meeting

    @property
    def is_open(self) -> bool:
        """Proposed (by the rule, or by a swap), and not answered: it stays theirs all the same."""
        seat = self.seat
        return seat is not None and seat.how in (How.PROPOSED, How.SWAPPED) and seat.said_yes_at is None


def turn_of(reader: Membership, meeting: Meeting) -> Turn:
    """Whose turn a planned meeting is, why, and who comes after. Needs `meeting.team`."""
    seat = learning_seats().filter(meeting=meeting).select_related("member__user", "by__user").first()
    ledger = ledger_of(meeting.team_id, max(meeting.starts, clock.now()))
    turns = ledger.rule == HolderRule.ROTATION
    meetings = [meeting, *(_after(meeting) if turns else [])]
    occasions = occasions_of(meetings)
    found = [ledger.members.get(pk or 0) for pk in _expected(ledger, meeting, occasions)]
    after = [Expected(each, member) for each, member in zip(meetings[1:], found[1:], strict=True) if member]
    yours = seat is not None and seat.member_id == reader.pk
    proposed = seat is not None and seat.how == How.PROPOSED
    at = {each.pk: occasion for each, occasion in zip(meetings, occasions, strict=True)}
    swaps = [each for each in after if may_swap(reader.pk, occasions[0], each.member.pk, at[each.meeting.pk])]
    return Turn(
        seat=seat,
        yours=yours,
        because=because(ledger, occasions[0], seat.member_id, to=reader.pk) if seat and proposed else "",
        away=seat is not None and seat.member_id in occasions[0].away,
        likely=found[0] if seat is None and turns else None,
        after=after,
        swap=swaps[0] if swaps and yours and meeting.phase == Phase.PLANNED else None,
    )


def _after(meeting: Meeting) -> list[Meeting]:
    later = Q(starts__gt=meeting.starts) | Q(starts=meeting.starts, pk__gt=meeting.pk)
    return list(coming(meeting.team_id).filter(later)[:SHOWN_AFTER])


def _expected(ledger: Ledger, meeting: Meeting, occasions: Sequence[Occasion]) -> list[int | None]:
    """Who holds the seat on these occasions, of which `meeting` is the first. What is planned before it is reckoned with."""
    before = Q(phase=Phase.PLANNED, starts__lt=meeting.starts, pk__in=coming(meeting.team_id).values("pk"))
    known = Meeting.objects.filter(before | Q(phase=Phase.LIVE), team_id=meeting.team_id).exclude(pk=meeting.pk)
    turns = ledger.rule == HolderRule.ROTATION
    sooner = occasions_of(list(known.order_by("starts", "pk").select_related("team"))) if turns else []
    return forecast(ledger.rule, ledger.standings, [*sooner, *occasions])[len(sooner) :]


def may_swap(one: int, mine: Occasion, other: int, theirs: Occasion) -> bool:
    """Whether two people could each hold the seat in the other's meeting."""
    return one != other and mine.can(other) and theirs.can(one)


def turns_waiting(member: Membership) -> list[Seat]:
    """Turns of this person's that they haven't answered: the rule's proposal for the nearest meeting, and swaps that somebody else made.

    A rule that names the lead seats them at every date of a series: those further ahead ask for nothing yet. The nearest first.
    """
    ahead = coming(member.team_id)
    proposed = Q(how=How.PROPOSED, meeting=Subquery(ahead.values("pk")[:1]))
    swapped = Q(how=How.SWAPPED, meeting__in=ahead.values("pk")) & ~Q(by=member)
    asked = learning_seats().filter(proposed | swapped, member=member, said_yes_at=None)
    return list(asked.select_related("meeting", "by__user").order_by("meeting__starts", "meeting_id"))


@dataclass(frozen=True)
class Share:
    """ "Share this role?", as one reader is asked."""

    member: Membership  # who has done it so often
    yours: bool
    lead: bool  # the reader may change what the team has agreed
    turns: bool  # the team takes turns already


def share_of(reader: Membership) -> Share | None:
    """Asked of AMBIT leads, and of whoever kept learning in mind in the last eight meetings; of nobody while it goes round."""
    member = eight_in_a_row(reader.team_id)
    if member is None or not (reader.is_lead or reader.pk == member.pk):
        return None
    turns = agreement_of(reader.team_id).holder_rule == HolderRule.ROTATION
    return Share(member, member.pk == reader.pk, reader.is_lead, turns)


def eight_in_a_row(team_id: int) -> Membership | None:
    """Whoever kept learning in mind at the close of each of the last eight meetings held, if one present person did."""
    last = list(Meeting.objects.held().filter(team_id=team_id).values_list("pk", flat=True)[:IN_A_ROW])
    if len(last) < IN_A_ROW:
        return None
    seats = list(learning_seats().filter(meeting__in=last).select_related("member__user"))
    holders = {seat.member_id for seat in seats}
    if len(seats) < IN_A_ROW or len(holders) > 1 or seats[0].member.until is not None:
        return None
    return seats[0].member


# --- What the command prints ---


@dataclass(frozen=True)
class Figures:
    """The ledger in figures, as anyone can check it."""

    ledger: Ledger
    occasion: Occasion
    proposal: Standing | None
    after: Sequence[int]


def figures_of(team: Team, on: date | None = None) -> Figures:
    """As reckoned for the nearest planned meeting, or for one on a day of the team's own time; imagined where none is planned.

    The turns after it are those of the meetings planned after it, as if nobody were proposed there yet; where there are fewer than
    three, further ones a week apart are imagined.
    """
    planned = list(coming(team.pk))
    chosen = next((each for each in planned if on is None or local_day(each) == on), None)
    if chosen is None:
        day = on or day_of(clock.now(), team.zone)
        at = datetime.combine(day + timedelta(days=1), time(0), ZoneInfo(team.zone))
    else:
        day, at = local_day(chosen), max(chosen.starts, clock.now())
    ledger = ledger_of(team.pk, at, all_figures=True)
    first = occasions_of([chosen])[0] if chosen else imagined(ledger, team, day)
    later = [each for each in planned if each.starts > first.at][:SHOWN_AFTER]
    occasions = occasions_of(later, proposals=False)
    last = local_day(later[-1]) if later else day
    occasions += [
        imagined(ledger, team, last + timedelta(weeks=week)) for week in range(1, SHOWN_AFTER - len(later) + 1)
    ]
    wanted = proposal(ledger.rule, ledger.standings, first)
    held = replace(first, holder=wanted.member if wanted else None)
    after = forecast(ledger.rule, ledger.standings, [held, *occasions])[1:]
    return Figures(ledger, first, wanted, [pk for pk in after if pk is not None])
