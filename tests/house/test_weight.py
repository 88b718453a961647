"""How heavy the room is over the wire, and in how many requests: figures that don't depend on the machine."""

import gzip
import re
from pathlib import Path

import brotli  # type: ignore[import-untyped]
import pytest
from django.conf import settings

from tests.cast import Cast, client_of
from tests.house.test_queries import at_a_point, before, under_way
from tests.marks import ROWS

pytestmark = ROWS

REQUESTS = 12  # of a first load
EVERYTHING = 70_000  # bytes of a first load, fonts apart
AGAIN = 8_000  # of a reload: the page itself
FONTS = 41 * 1024
HEADERS = {"page": 1_000, "file": 450}  # what an answer says before its body, on plain HTTP/1.1

STATIC = Path(settings.BASE_DIR / "static")
FONTS_OF_THE_ROOM = ("hanken-grotesk-latin", "literata-400-latin1")


def page(cast: Cast, name: str, address: str) -> tuple[str, int]:
    """What a browser is sent, and how many bytes of it go over the wire."""
    answer = client_of(getattr(cast, name), headers={"accept-encoding": "gzip, br"}).get(address)
    assert answer.status_code == 200
    assert answer["Content-Encoding"] == "gzip"
    return gzip.decompress(answer.content).decode(), len(answer.content)


def files(html: str) -> list[Path]:
    """The style sheets and scripts that the page asks for, and its icon."""
    head = re.findall(r'<link rel="(?:stylesheet|icon)"[^>]*href="/static/([^"]+)"', html)
    return [STATIC / name for name in [*head, *re.findall(r'<script[^>]*src="/static/([^"]+)"', html)]]


def compressed(path: Path) -> int:
    """As whitenoise stores it at collectstatic."""
    return len(brotli.compress(path.read_bytes(), quality=11))


@pytest.mark.parametrize("name", ["lin", "ada", "ben"])
def test_the_first_load_of_the_room_is_light_and_takes_few_requests(cast: Cast, name: str) -> None:
    html, sent = page(cast, name, f"/t/harbour-street/m/{under_way(cast, 3).pk}/")
    asked = files(html)
    stream = html.count("data-live=")
    assert len(asked) == len(set(asked)) and stream == 1
    assert 1 + stream + len(FONTS_OF_THE_ROOM) + len(asked) <= REQUESTS, asked
    weight = sent + HEADERS["page"] + sum(compressed(path) + HEADERS["file"] for path in asked)
    assert weight <= EVERYTHING, weight


def test_the_fonts_that_the_room_uses_are_small(cast: Cast) -> None:
    sizes = [(STATIC / "fonts" / f"{name}.woff2").stat().st_size for name in FONTS_OF_THE_ROOM]
    assert sum(sizes) <= FONTS
    html, _ = page(cast, "ben", f"/t/harbour-street/m/{before(cast, 1).pk}/")
    preloaded = re.findall(r'rel="preload"[^>]*href="/static/fonts/([^"]+)\.woff2"', html)
    assert set(preloaded) <= set(FONTS_OF_THE_ROOM)


@pytest.mark.parametrize("state", [before, under_way, at_a_point])
def test_a_reload_of_the_room_is_one_light_page(cast: Cast, state: object) -> None:
    meeting = state(cast, 3)  # type: ignore[operator]
    for name in ("lin", "ada", "sol", "ben"):
        _, sent = page(cast, name, f"/t/harbour-street/m/{meeting.pk}/")
        assert sent + HEADERS["page"] <= AGAIN, name


def test_a_page_says_the_same_token_in_all_its_forms_and_another_each_time(cast: Cast) -> None:
    address = f"/t/harbour-street/m/{under_way(cast, 1).pk}/"
    tokens = [set(re.findall(r'csrfmiddlewaretoken" value="([^"]+)"', page(cast, "lin", address)[0])) for _ in range(2)]
    assert [len(each) for each in tokens] == [1, 1]
    assert tokens[0] != tokens[1]
