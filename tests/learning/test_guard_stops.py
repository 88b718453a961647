"""A hard stop at every text that others will read: 422, the words still there, nothing stored, nothing told."""

from collections.abc import Callable

import pytest

from core.errors import NotPossible
from core.scope import everything
from learning.roles import PointState
from learning.services.read_back import settle
from meetings.models import WallCode
from meetings.rules import wall_token
from tests.cast import Cast, Stage, again, client_of, do, look, overheard, reading, stage, where_stored
from tests.marks import ROWS

pytestmark = ROWS

CANARY = "zebrafinch"
FOUND = ("call 07700 900123", "mail jo@example.org", "NHS 943 476 5919", "lives at SW1A 1AA", "born 12/03/1987")

Place = Callable[[Stage], tuple[str, dict[str, object], str]]  # route, other fields, field

TEXTS: dict[str, tuple[str, Place]] = {
    "an item’s label": ("nia", lambda s: (f"{s.planned.pk}/items/add/", {"kind": "other", "minutes": 5}, "label")),
    "a changed label": (
        "nia",
        lambda s: (f"{s.planned.pk}/items/{_business(s)}/", {"minutes": 5, "version": 1}, "label"),
    ),
    "an offer": ("ben", lambda s: (f"{s.live.pk}/offers/", {}, "text")),
    "a point": ("lin", lambda s: (f"{s.live.pk}/points/", {}, "text")),
    "a waiting point’s words": ("lin", lambda s: (f"{s.live.pk}/points/{s.waiting.pk}/", {}, "text")),
    "what was noticed": ("lin", lambda s: (f"{s.live.pk}/points/", {"kind": "noticed"}, "text")),
    "the pen’s words": ("sol", lambda s: (f"{s.reading.pk}/read-back/{s.read.pk}/", {}, "text")),
    "when it applies": ("sol", lambda s: (f"{s.reading.pk}/read-back/{s.read.pk}/", {"text": "Fine"}, "applies")),
    "what we will do": ("sol", lambda s: (f"{s.reading.pk}/read-back/{s.read.pk}/", {"text": "Fine"}, "action")),
    "the words agreed": (
        "sol",
        lambda s: (
            f"{s.reading.pk}/read-back/{s.read.pk}/",
            {"outcome": "agreed", "applies": "", "action": ""},
            "text",
        ),
    ),
    "the summary’s line": ("lin", lambda s: (f"{s.closed.pk}/summary/", {"version": 1}, "line")),
    "the line as it is sent": ("lin", lambda s: (f"{s.closed.pk}/summary/", {"send": "1", "version": 1}, "line")),
    "a late thought": ("lin", lambda s: (f"{s.closed.pk}/summary/add/", {}, "text")),
    "new words for a point": ("lin", lambda s: (f"{s.closed.pk}/summary/{s.agreed[0].pk}/", {}, "text")),
}


def _business(stage: Stage) -> int:
    return next(item.pk for item in stage.planned.items.all() if item.kind == "business")


@pytest.fixture
def found(cast: Cast) -> Stage:
    return stage(cast)


def test_every_text_stops_and_keeps_what_was_typed(cast: Cast, found: Stage) -> None:
    seen = {}
    browsers = {name: client_of(getattr(cast, name)) for name in {who for who, _place in TEXTS.values()}}
    with overheard() as heard:
        for number, (text, (who, place)) in enumerate(TEXTS.items()):
            with everything("a test"):
                route, others, field = place(found)
            typed = f"{CANARY}, {FOUND[number % len(FOUND)]}"
            for headers in ({}, {"HX-Request": "true"}):
                answer = browsers[who].post(f"/t/harbour-street/m/{route}", {**others, field: typed}, headers=headers)
                seen[text, "htmx" if headers else "plain"] = (answer.status_code, typed in answer.content.decode())
    assert seen == dict.fromkeys(seen, (422, True))
    assert where_stored(CANARY) == []
    assert [message for message in heard if CANARY in str(message)] == []


@pytest.mark.parametrize("words", FOUND)
def test_each_certain_kind_is_named_beside_the_field(cast: Cast, found: Stage, words: str) -> None:
    answer = client_of(cast.ben).post(f"/t/harbour-street/m/{found.live.pk}/offers/", {"text": f"{CANARY} {words}"})
    html = answer.content.decode()
    assert (answer.status_code, 'id="offer-error"' in html, where_stored(CANARY)) == (422, True, [])


def test_the_same_words_without_what_identifies_are_kept(cast: Cast, found: Stage) -> None:
    answer = client_of(cast.ben).post(f"/t/harbour-street/m/{found.live.pk}/offers/", {"text": f"{CANARY}, call first"})
    assert (answer.status_code, where_stored(CANARY)) == (303, ["learning_offer"])


def test_while_the_pen_is_stopped_everybody_else_sees_only_that_the_wording_is_being_changed(cast: Cast) -> None:
    """What had grown until then may be nine digits of ten: they go from the wall and the screens until the pen has written on."""
    meeting, [point] = reading(cast)
    room, half = f"/t/harbour-street/m/{meeting.pk}/", "Ring 943 476 591"
    words, sol = f"{room}read-back/{point.pk}/", client_of(cast.sol)

    def post(text: str) -> int:
        return sol.post(
            words, {"text": text, "version": again(point).version}, headers={"HX-Request": "true"}
        ).status_code

    def shown() -> dict[str, bool]:
        wall = f"/wall/{wall_token(look(lambda: WallCode.objects.get(meeting=meeting)).code)}/"
        pages = {
            "wall": client_of(None).get(wall),
            "ben": client_of(cast.ben).get(room),
            "ada": client_of(cast.ada).get(room),
        }
        return {who: "943 476" in answer.content.decode() for who, answer in pages.items()}

    assert post(half) == 204
    assert shown() == {"wall": True, "ben": True, "ada": True}
    with overheard() as heard:
        assert post(half + "9") == 422
    assert ["The wording is being changed." in heard[0]["html"][who] for who in ("member", "wall")] == [True, True]
    assert shown() == {"wall": False, "ben": False, "ada": False}
    with pytest.raises(NotPossible, match="being changed just now"):  # nor is it parked as it stands
        do(settle, by=cast.ada, meeting=meeting.pk, point=point.pk, outcome=PointState.PARKED)
    assert post(half) == 204  # back to what it was: seen again
    assert shown() == {"wall": True, "ben": True, "ada": True}
