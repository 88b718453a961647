"""What stands on paper, on the wall's square, and in a phone's list of apps."""

import json
import re
from pathlib import Path

import segno
from django.conf import settings
from django.test import Client
from django.urls import reverse

from core.qr import QUIET, qr_svg
from learning.services.jottings import keep_jotting
from learning.services.offers import make_offer
from meetings.rules import wall_token
from meetings.services import running
from tests.cast import Cast, client_of, do, live, look, planned, raised
from tests.marks import ROWS

# --- The square ---


def modules(svg: str) -> list[list[int]]:
    """What a camera sees: drawn anew from the path."""
    side = int(re.search(r'viewBox="0 0 (\d+)', svg).group(1))  # type: ignore[union-attr]
    seen = [[0] * side for _ in range(side)]
    path = re.search(r' d="([^"]+)"', svg).group(1)  # type: ignore[union-attr]
    x, y = 0.0, 0.0
    for mark, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: (-?[\d.]+))?", path):
        if mark == "M":
            x, y = float(first), float(second)
        elif mark == "m":
            x, y = x + float(first), y + float(second)
        else:
            for column in range(int(x), int(x) + int(first)):
                seen[int(y)][column] = 1
            x += int(first)
    return seen


def test_the_square_holds_the_address_and_no_style() -> None:
    address = f"https://keeping.example.org/wall/{wall_token('KLM482')}/"
    svg = qr_svg(address, 'It says "hello"')
    wanted = [list(row) for row in segno.make(address, error="m", micro=False, boost_error=False).matrix]
    seen = modules(svg)
    assert [row[QUIET:-QUIET] for row in seen[QUIET:-QUIET]] == wanted
    border = [*seen[:QUIET], *seen[-QUIET:], *([row[:QUIET] for row in seen]), *([row[-QUIET:] for row in seen])]
    assert not any(map(any, border))
    assert "style" not in svg and "&quot;hello&quot;" in svg


def squares(html: str) -> int:
    return html.count('class="qr')


@ROWS
def test_the_square_leads_to_the_wall_and_a_member_to_the_room(cast: Cast) -> None:
    meeting = planned(cast)
    code = look(lambda: meeting.wall_code.code)
    address = reverse("wall", args=[wall_token(code)])
    wall = Client()
    html = wall.get(address).content.decode()
    assert squares(html) == 1 and "wall-join large" in html and f"{code[:3]} {code[3:]}" in html
    member = client_of(cast.ben)
    room = reverse("meeting", args=["harbour-street", meeting.pk])
    picture = reverse("wall_code", args=["harbour-street", meeting.pk])
    assert f'src="{picture}"' in member.get(room).content.decode()
    shown = member.get(picture)
    assert shown["Content-Type"] == "image/svg+xml"
    assert modules(shown.content.decode()) == modules(qr_svg(f"{settings.PUBLIC_URL}{address}", ""))
    assert member.get(address)["Location"] == room
    do(running.begin, by=cast.ada, meeting=meeting.pk)
    html = wall.get(address).content.decode()
    assert squares(html) == 1 and "wall-join large" not in html
    do(running.close, by=cast.ada, meeting=meeting.pk)
    assert Client().get(address).status_code == member.get(picture).status_code == 404


# --- The wall in poor light ---


def luminance(colour: str) -> float:
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


def tokens(css: str) -> dict[str, str]:
    return dict(re.findall(r"--([\w-]+): (#[0-9A-Fa-f]{6})", css))


def test_whatever_is_read_on_the_wall_stands_out_seven_to_one() -> None:
    folder = Path(settings.BASE_DIR) / "static/css"
    css = (folder / "wall.css").read_text()
    wall = tokens(css)
    grounds = {"paper": wall["paper"], "amber-wash": wall["amber-wash"]}
    used = set(re.findall(r"(?<!-)color: var\(--([\w-]+)\)", css))
    assert used == {"ink", "quiet", "learning"}
    found = {f"{name} on {ground}": contrast(wall[name], colour) for name in used for ground, colour in grounds.items()}
    assert {pair: round(number, 1) for pair, number in found.items() if number < 7} == {}
    square = re.findall(r'(?:fill|stroke)="(#[0-9A-F]{6})"', qr_svg("https://keeping.example.org/", ""))
    assert contrast(*square) > 15


def test_nothing_on_the_wall_is_smaller_than_three_metres_allow() -> None:
    css = (Path(settings.BASE_DIR) / "static/css/wall.css").read_text()
    upright = css.index("@media (max-aspect-ratio")
    sizes = {
        rule.split("{")[0].strip(): int(size)
        for rule in re.findall(r"[^{}]+\{[^{}]*\}", css[:upright])
        for size in re.findall(r"font(?:-size)?:[^;]*?calc\((\d+) \* var\(--u\)\)", rule)
    }
    small = {where: size for where, size in sizes.items() if size < 36}
    assert all("tightest" in where or where == ".wall-offline" for where in small), small
    assert (sizes[".wall .question"], sizes[".wall .holder"], sizes[".wall .the-point"]) == (82, 56, 96)


# --- The sheet ---


@ROWS
def test_a_sheet_has_the_question_the_seats_the_agenda_and_nothing_private(cast: Cast) -> None:
    meeting = live(cast)
    raised(cast, meeting)
    do(keep_jotting, by=cast.lin, meeting=meeting.pk, text="calmer at the door")
    do(make_offer, by=cast.ben, meeting=meeting.pk, text="Keep one list of who answers the phone")
    address = reverse("paper", args=["harbour-street", meeting.pk])
    html = client_of(cast.lin).get(address).content.decode()
    for words in (
        "What are the learning points about practice",
        "keeps our learning in mind",
        ">Lin<",
        ">Ada<",
        ">Sol<",
    ):
        assert words in html
    for words in ("Case 1 · Ben", "Winter rota · Kit", "10 min", "Read-back", "Agreed by those here", "Parked", "Left"):
        assert words in html
    assert [
        words for words in ("calmer at the door", "Keep one list", "A short call the day before") if words in html
    ] == []
    for page in ("meeting", "meeting_plan"):
        assert address in client_of(cast.ben).get(reverse(page, args=["harbour-street", meeting.pk])).content.decode()


# --- Installable ---


@ROWS
def test_a_phone_may_keep_us_among_its_own_and_nothing_works_behind_the_page() -> None:
    home = Client().get("/sign-in/")
    link = re.search(r'<link rel="manifest" href="([^"]+)"', home.content.decode())
    assert link is not None
    assert "manifest-src 'self'" in home["Content-Security-Policy"]
    answer = Client().get(link.group(1))
    assert answer["Content-Type"] == "application/manifest+json"
    said = json.loads(answer.content)
    assert (said["start_url"], said["display"], said["name"]) == ("/", "minimal-ui", "Keeping in Mind")
    folder = Path(settings.BASE_DIR) / "static"
    sizes = {}
    for icon in said["icons"]:
        name = re.sub(r"\.[0-9a-f]{12}(?=\.)", "", icon["src"].split("/static/")[1])
        data = (folder / name).read_bytes()
        sizes[icon["sizes"]] = int.from_bytes(data[16:20], "big") if name.endswith(".png") else 0
    assert sizes == {"any": 0, "192x192": 192, "512x512": 512}
    scripts = "".join(path.read_text() for path in (folder / "js").glob("*.js"))
    assert "serviceWorker" not in scripts
