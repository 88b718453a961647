"""Two editors never overwrite each other silently: the pen's words under any interleaving, and every other text by its form.

The first two tests play people who hold the pen, in several tabs: they type, save late, lose answers and send again, take the pen from
each other, agree, reload, merge. Once on the services, once through the real views. What must hold after every answer: words that were
accepted are only ever replaced by somebody to whom they were shown; what is refused changes nothing, and comes back beside the other text.
"""

import html
import logging
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Protocol
from unittest.mock import patch

import pytest
from django.db.models import F
from django.test import Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from core.base import Versioned
from core.errors import NotAllowed, NotPossible, Stale
from core.live import quiet
from core.scope import everything
from learning.models import Point, Wording
from learning.roles import Outcome, PointState
from learning.services.read_back import settle, take_pen, type_words
from meetings.models import Meeting
from teams.models import Membership
from tests.cast import Cast, client_of, do, look, reading
from tests.marks import ROWS
from tests.sizes import size

pytestmark = ROWS

TABS = ("Sol", "Sol again", "Ben", "Kit")  # Sol has the pen, in two tabs
NO_FORM = ("take", "wait", "wait", "fetch")
LAID_ASIDE = ("take", "take", "wait", "fetch")
ON_ITS_WAY = ("arrives", "arrives", "arrives", "lose", "lose", "type", "fetch")
UNSENT = ("save", "save", "save", "late", "late", "late", "type", "fetch", "settle", "reload")
AS_KEPT = ("type", "type", "type", "type", "type", "type", "fetch", "fetch", "reload", "settle")
steps = st.lists(st.tuples(st.sampled_from(TABS), st.integers(0, 139)), min_size=8, max_size=20)


@dataclass
class Answer:
    """What comes back: the words of the point as they are, and whether the words that were sent stand beside them."""

    status: int  # 200: kept. 409: both texts, to be merged, or the point is settled. 403: somebody else has the pen
    version: int = 0
    words: str | None = None  # what the point says, where the answer shows it
    both: bool = True
    merge: bool = False


@dataclass
class Request:
    """A form on its way."""

    point: int
    text: str
    seen: int
    take: bool = False
    settles: bool = False
    knew: frozenset[str] = frozenset()  # what its writer had been shown of this point when it left


@dataclass
class Tab:
    """One browser tab: what stands in its form."""

    name: str
    member: Membership
    point: int = 0  # 0: no form
    text: str = ""
    seen: int = 0
    saved: str = ""  # the words that need no sending
    shown: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))  # of each point
    under_way: Request | None = None
    aside: Request | None = None


class Doors(Protocol):
    """How the tabs reach the house."""

    def send(self, tab: Tab, request: Request) -> Answer: ...
    def take(self, tab: Tab) -> bool: ...
    def fetch(self, tab: Tab) -> tuple[int, str, int]:
        """The pen's form as this person would get it now: the point (0: no form), its words, their version."""
        ...


@dataclass
class Services:
    """Straight to the services."""

    meeting: Meeting

    def send(self, tab: Tab, request: Request) -> Answer:
        given = {"by": tab.member, "meeting": self.meeting.pk, "point": request.point, "seen": request.seen}
        try:
            if request.take:
                do(take_pen, by=tab.member, meeting=self.meeting.pk)
            if request.settles:
                words = (request.text, "", "", None)
                kept = do(settle, outcome=PointState.AGREED, words=words, **given)  # type: ignore[arg-type]
            else:
                kept = do(type_words, text=request.text, **given)  # type: ignore[arg-type]
        except (NotAllowed, NotPossible) as refused:
            now = again_point(request.point)
            return Answer(refused.status, now.version, now.text, merge=isinstance(refused, Stale))
        return Answer(200, kept.version)

    def take(self, tab: Tab) -> bool:
        try:
            do(take_pen, by=tab.member, meeting=self.meeting.pk)
        except NotPossible:
            return False
        return True

    def fetch(self, tab: Tab) -> tuple[int, str, int]:
        return has_pen(self.meeting, tab.member)


@dataclass
class Views:
    """Through the real forms, by htmx, one browser for each person."""

    meeting: Meeting
    browsers: dict[int, Client]

    def _post(self, tab: Tab, path: str, data: dict[str, str]) -> Any:
        client = self.browsers[tab.member.pk]
        address = f"/t/harbour-street/m/{self.meeting.pk}/{path}"
        return client.post(address, data, headers={"HX-Request": "true"})

    def send(self, tab: Tab, request: Request) -> Answer:
        data = {"text": request.text, "version": str(request.seen)}
        data |= {"take": "1"} if request.take else {}
        data |= {"outcome": "agreed"} if request.settles else {}
        response = self._post(tab, f"read-back/{request.point}/", data)
        status = response.status_code
        said = html.unescape(response.content.decode())
        if status in (200, 204):
            return Answer(200, int(response.headers.get("X-Version", 0)))
        assert status in (403, 409), said
        both = request.text in said
        if "form.merging" in said or 'class="pen merging"' in said:
            version, words = (
                re.search(r'name="version"[^>]*value="(\d+)"', said),
                re.search(r'data-value="([^"]*)"', said),
            )
            assert version and words, said
            return Answer(status, int(version[1]), words[1], both=both and words[1] in said, merge=True)
        now = again_point(request.point)
        return Answer(status, now.version, now.text, both=both and now.text in said)

    def take(self, tab: Tab) -> bool:
        return bool(self._post(tab, "read-back/pen/", {}).status_code == 204)

    def fetch(self, tab: Tab) -> tuple[int, str, int]:
        client = self.browsers[tab.member.pk]
        address = f"/t/harbour-street/m/{self.meeting.pk}/pieces/pen/"
        said = client.get(address, headers={"HX-Request": "true"}).content.decode()
        text = re.search(r'<textarea[^>]* id="pen-text-(\d+)"[^>]*>([^<]*)</textarea>', said)
        version = re.search(r'id="pen-version-\d+" value="(\d+)"', said)
        return (int(text[1]), html.unescape(text[2]), int(version[1])) if text and version else (0, "", 0)


def again_point(pk: int) -> Point:
    return look(lambda: Point.objects.get(pk=pk))


def has_pen(meeting: Meeting, member: Membership) -> tuple[int, str, int]:
    now = {"meeting__read_back__outcome": Outcome.UNDER_WAY, "meeting__read_back__pen": member}
    turns = meeting.turns.filter(position=F("meeting__read_back__at_turn"), **now).select_related("point")
    turn = look(turns.first)
    return (turn.point_id, turn.point.text, turn.point.version) if turn else (0, "", 0)


@dataclass
class Play:
    """One interleaving."""

    doors: Doors
    tabs: dict[str, Tab]
    numbers: Iterator[int] = field(default_factory=lambda: count(1))
    stands: dict[int, Point] = field(default_factory=dict)  # the points as they are

    def run(self, choices: list[tuple[str, int]]) -> None:
        for tab in self.tabs.values():
            self.fetch(tab)
        for name, choice in choices:
            tab = self.tabs[name]
            deeds: Sequence[str]
            if tab.under_way:
                deeds = ON_ITS_WAY
            elif not tab.point:
                deeds = LAID_ASIDE if tab.aside else NO_FORM
            else:
                deeds = AS_KEPT if tab.text == tab.saved else UNSENT
            getattr(self, deeds[choice % len(deeds)])(tab)

    # --- what people and their browsers do ---

    def type(self, tab: Tab) -> None:
        if tab.point:
            tab.text = f"{tab.text} {tab.name.lower().replace(' ', '')}{next(self.numbers)}".strip()

    def save(self, tab: Tab) -> None:
        self._leave(tab)
        self.arrives(tab)

    def late(self, tab: Tab) -> None:
        """The words leave, and are long on their way."""
        self._leave(tab)

    def arrives(self, tab: Tab) -> None:
        if tab.under_way:
            request, tab.under_way = tab.under_way, None
            self._answered(tab, request, self._send(tab, request))

    def lose(self, tab: Tab) -> None:
        """It arrives, and nobody hears so: the same form, or a later one, goes once more."""
        if tab.under_way:
            request, tab.under_way = tab.under_way, None
            tab.shown[request.point].add(request.text)  # one's own words
            self._send(tab, request)

    def wait(self, tab: Tab) -> None:
        """Somebody else's turn to do something."""

    def take(self, tab: Tab) -> None:
        """The pen; with the words that were laid aside, if there are any."""
        if tab.aside:
            request, tab.aside = tab.aside, None
            request = replace(request, take=True, knew=frozenset(tab.shown[request.point]))
            self._answered(tab, request, self._send(tab, request))
        elif not tab.point and self.doors.take(tab):
            self.fetch(tab)

    def fetch(self, tab: Tab) -> None:
        """The page's own fetching: words that weren't sent stay, with the version that was seen."""
        point, words, version = self.doors.fetch(tab)
        unsent = tab.point and tab.text != tab.saved
        if unsent and point != tab.point:
            tab.aside = Request(tab.point, tab.text, tab.seen)
        elif unsent and words not in (tab.saved, tab.text):
            return
        if point and (point != tab.point or not unsent):
            tab.text = words
        tab.point, tab.seen, tab.saved = point, version, words
        tab.shown[point].add(words)

    def reload(self, tab: Tab) -> None:
        """A fresh page: what somebody hadn't sent is their own affair."""
        tab.text, tab.saved, tab.aside = "", "", None
        tab.point = 0
        self.fetch(tab)

    def settle(self, tab: Tab) -> None:
        if tab.point and tab.text and not tab.under_way:
            request = Request(tab.point, tab.text, tab.seen, settles=True, knew=frozenset(tab.shown[tab.point]))
            self._answered(tab, request, self._send(tab, request))

    # --- and what must hold ---

    def _leave(self, tab: Tab) -> None:
        if tab.point and not tab.under_way and tab.text != tab.saved:
            tab.under_way = Request(tab.point, tab.text, tab.seen, knew=frozenset(tab.shown[tab.point]))

    def _send(self, tab: Tab, request: Request) -> Answer:
        before = self.stands.get(request.point) or again_point(request.point)
        answer = self.doors.send(tab, request)
        after = self.stands[request.point] = again_point(request.point)
        if answer.status != 200:
            assert (after.text, after.version, after.state) == (before.text, before.version, before.state)
            assert answer.both, "a refusal shows both texts"
        elif before.text and after.text != before.text:
            shown = before.text in request.knew or before.text == request.text
            assert shown, f"{tab.name} wrote over {before.text!r}, which they had not seen"
        if answer.status == 200:
            assert after.text == request.text
        if answer.status == 200 and request.settles:
            last = look(lambda: Wording.objects.filter(point_id=request.point).order_by("-n").first())
            assert last and (last.text, last.agreed) == (request.text, True)
        return answer

    def _answered(self, tab: Tab, request: Request, answer: Answer) -> None:
        if answer.status == 200 and request.settles:
            self.reload(tab)
        elif answer.status == 200:
            if request.take:
                self.reload(tab)
            if tab.point == request.point:
                tab.seen, tab.saved = max(tab.seen, answer.version), request.text
                tab.shown[request.point].add(request.text)
        elif answer.merge:  # both texts stand there, and the version is that of the other one
            if tab.point != request.point:
                tab.point, tab.text = request.point, request.text
            assert answer.words is not None
            tab.seen, tab.saved = answer.version, "" if tab.text else "-"
            tab.shown[request.point].add(answer.words)
        else:
            words = tab.text if tab.point == request.point else request.text
            tab.aside = Request(request.point, words, request.seen)
            tab.point = 0


class Undo(Exception):
    """Rolls back."""


@contextmanager
def undone() -> Iterator[None]:
    """Whatever is written meanwhile is rolled back."""
    with suppress(Undo), everything("one interleaving"):
        yield
        raise Undo


def people(cast: Cast) -> dict[str, Tab]:
    return {name: Tab(name, cast.us[name.split()[0]]) for name in TABS}


def play(cast: Cast, doors: Callable[[Meeting], Doors], examples: int, phases: Sequence[Phase] = tuple(Phase)) -> None:
    """So many interleavings, each from the first of two points on."""
    meeting, _points = reading(cast, 2)
    through = doors(meeting)

    @settings(
        max_examples=examples, deadline=None, database=None, phases=phases, suppress_health_check=list(HealthCheck)
    )
    @given(steps)
    def interleave(choices: list[tuple[str, int]]) -> None:
        with quiet(), undone():
            Play(through, people(cast)).run(choices)

    logging.disable(logging.WARNING)  # each refusal is one
    try:
        interleave()
    finally:
        logging.disable(logging.NOTSET)


def views(cast: Cast) -> Callable[[Meeting], Doors]:
    return lambda meeting: Views(meeting, {member.pk: client_of(member) for member in (cast.sol, cast.ben, cast.kit)})


def test_nobody_writes_over_words_they_have_not_seen(cast: Cast) -> None:
    play(cast, Services, size(60, 5000))


def test_nor_through_the_pens_real_forms(cast: Cast) -> None:
    play(cast, views(cast), size(15, 500))


@pytest.mark.parametrize("through", ["services", "views"])
def test_without_the_version_it_would_be_found_out(cast: Cast, through: str) -> None:
    def blind(row: Versioned, seen: int | None) -> None:
        row.version += 1

    doors: Callable[[Meeting], Doors] = Services if through == "services" else views(cast)
    with patch.object(Versioned, "step", blind), pytest.raises(AssertionError, match="had not seen"):
        play(cast, doors, 300, [Phase.generate])
