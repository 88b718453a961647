"""A hard stop at every text that others will read: 422, the words still there, nothing stored, nothing told."""

from collections.abc import Callable

import pytest

from core.scope import everything
from tests.cast import Cast, Stage, client_of, overheard, stage, where_stored
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
