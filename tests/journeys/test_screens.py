"""Every page of a small team, narrow and wide, light and dark: nothing sticks out, nothing complains, everything has a name."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import pytest
from django.urls import resolve

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Stack, Tab
from tests.routes import every_route
from tests.sizes import THOROUGH

pytestmark = pytest.mark.browser

SLUG = "every-screen"
POINTS = [
    "A short call the day before makes a first visit easier to keep",
    "When two services disagree, ask each what worries them most before talking about plans",
]
LONG = (
    "Incomprehensibilities-and-counterrevolutionaries-of-the-neighbourhood"  # one word that no narrow page has room for
)
NO_PAGES = {
    "piece",
    "meeting_change",
    "calendar",
    "look",
    "manifest",
    "wall_code",
}  # routes that answer GET without a page of their own
ELSEWHERE = {"visit", "visit_differ"}  # a visitor’s own journey looks at these

AXE = Path(__file__).parents[1] / "vendor" / "axe-core" / "axe.min.js"
COLOURS = ["color-contrast", "link-in-text-block"]  # rules: what axe finds otherwise doesn't depend on colours
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
FOUND = """async (tags) => (await axe.run(document, { runOnly: tags, resultTypes: ["violations"], preload: false })).violations.flatMap(
  (violation) => violation.nodes.map((node) => `${violation.id}: ${node.html.slice(0, 160)} (${node.any[0]?.message || ""})`))"""
SEEN = """() => ({
  lang: document.documentElement.lang,
  headings: document.querySelectorAll("h1").length,
})"""
STICKS_OUT = """() => {
  const wide = document.documentElement.clientWidth;
  if (document.documentElement.scrollWidth <= wide) return [];
  return [...document.querySelectorAll("body *")].filter((each) => each.getBoundingClientRect().right > wide + 1)
    .slice(-3).map((each) => each.outerHTML.slice(0, 160));
}"""


@dataclass(frozen=True)
class Visit:
    """One page as one person sees it."""

    who: str
    path: str
    status: int = 200


@pytest.fixture(scope="module")
def team(backstage: Backstage) -> dict[str, str]:
    """The sign-in links of a team that has a meeting in every state."""
    links: dict[str, str] = backstage("team", slug=SLUG, name="Every screen and every state of it")
    return links


@pytest.fixture(scope="module")
def visits(backstage: Backstage, team: dict[str, str]) -> list[Visit]:
    return list(_visits(backstage))


def _visits(backstage: Backstage) -> Iterator[Visit]:
    def meeting(**how: object) -> int:
        return int(backstage("meeting", slug=SLUG, **how))

    def do(what: str, pk: int, **given: object) -> object:
        return backstage(what, slug=SLUG, meeting=pk, **given)

    team = f"/t/{SLUG}/"
    later, off, soon = meeting(days=7, begun=False), meeting(days=3, begun=False), meeting(seated=False, begun=False)
    now, said, read, over, unsent, sent, anew = (meeting() for _ in range(7))
    do("call_off", off)
    jotting = do("jot", now, text=f"rang first, calmer at the door. {LONG}")
    do("offer", now, text=f"Say who rings whom before we leave the room {LONG}")
    do("notice", now, text="We slowed down and thought better for it")
    do("next_item", now)
    for pk in (now, said, read, over, unsent, sent):
        do("raise_points", pk, texts=[*POINTS, f"{LONG} is a word, too"])
    for pk in (said, read, over, unsent, sent):
        do("say_them", pk)
    for pk in (read, over, unsent, sent):
        do("start_with_one", pk)
    for pk in (over, unsent, sent):
        do("settle_all", pk, outcomes=["agreed", "parked", "left"])
    for pk in (unsent, sent, anew):
        do("close", pk)
    for pk in (sent, anew):
        do("send", pk, line="Thank you for staying with the second one.")
    do("begin_again", anew)
    walls = {pk: backstage("wall_code", meeting=pk) for pk in (soon, now, said, read)}
    item = backstage("items", meeting=later)[1][0]
    token = backstage("ask_in", slug=SLUG, email="a.very.long.address.indeed@every-screen.example")
    point, waits = (backstage("a_point", meeting=pk, state=to) for pk, to in ((unsent, "agreed"), (now, "waiting")))
    rooms = {pk: f"{team}m/{pk}/" for pk in (later, off, soon, now, said, read, over, unsent, sent, anew)}

    for path in (
        "/sign-in/",
        "/sign-in/closed/",
        "/wall/",
        "/nowhere/",
        *(f"/wall/{code}/" for code in walls.values()),
    ):
        yield Visit("", path, {"/nowhere/": 404, "/sign-in/closed/": 403}.get(path, 200))
    yield Visit("", f"/invitation/{token}/")
    yield Visit("", "/invitation/wrong/", 404)
    yield Visit("Otto", "/")
    yield Visit("Otto", team, 404)
    yield Visit("", f"/letters/stop/{backstage('stop_token', slug=SLUG, name='Ben')}/")
    yield Visit("Otto", "/you/letters/")
    for path in ("/", "/teams/new/", "/you/", "/you/letters/", "/sign-out/"):
        yield Visit("Mo", path)
    for path in ("", "people/", "agreement/", "agreement/change/", "role/", "learning/", "meetings/new/"):
        yield Visit("Mo", team + path)
    yield Visit("Mo", f"{team}people/{backstage('member', slug=SLUG, name='Ben')}/")
    for path in ("", "paper/", "plan/", "plan/?add=case", "plan/?add=other", f"plan/?item={item}"):
        yield Visit("Mo", rooms[later] + path)
    series, line, last = backstage("series", slug=SLUG)
    ours = f"{team}dates/"
    for path in ("", "new/", f"{series}/change/", f"{series}/agenda/?line={line}", f"{series}/agenda/?add"):
        yield Visit("Mo", ours + path)
    yield Visit("Ben", ours)  # leads nobody
    yield Visit("Mo", f"{team}m/{last}/plan/")
    for path in (rooms[off], rooms[unsent], rooms[sent], rooms[now] + "plan/"):
        yield Visit("Mo", path)
    yield Visit("Mo", rooms[unsent] + "summary/")  # an AMBIT lead may send it, too
    yield Visit("Ben", rooms[unsent] + "summary/", 403)
    for path in (rooms[soon], rooms[now], rooms[said], rooms[read], rooms[over]):
        yield Visit("Ada", path)
    yield Visit("Sol", rooms[read])  # has the pen
    yield Visit("Ben", rooms[now])  # has offered
    for path in (team, team + "people/", rooms[now], rooms[said], rooms[now] + "pick/", rooms[said] + "pick/"):
        yield Visit("Lin", path)
    jotted = f"jottings/{jotting}/"
    for path in (jotted, jotted + "raise/", jotted + "raise/?words=mine", jotted + "pass-on/", f"points/{waits}/"):
        yield Visit("Lin", rooms[now] + path)
    for path in ("points/new/", "points/merge/"):
        yield Visit("Lin", rooms[now] + path)
    for path in ("", "summary/", "summary/?add=1", f"summary/?edit={point}"):
        yield Visit("Lin", rooms[unsent] + path)
    for path in (rooms[sent] + "summary/", rooms[anew], rooms[anew] + "summary/", rooms[sent] + "summary/sent/1/"):
        yield Visit("Lin", path)
    yield Visit("Ben", rooms[unsent])  # room for a late thought


def test_every_page_is_visited(visits: list[Visit]) -> None:
    seen = {resolve(urlsplit(visit.path).path).url_name for visit in visits if visit.path != "/nowhere/"}
    pages = {route.name for route in every_route() if "GET" in route.methods and not route.pattern.startswith("health")}
    # The digits' page needs a code under way (test_whole_job), and sign-in has two names.
    assert pages - seen - NO_PAGES - ELSEWHERE - {"account_confirm_login_code", "account_request_login_code"} == set()


@pytest.mark.parametrize("who", ["", "Otto", "Mo", "Ada", "Sol", "Ben", "Lin"], ids=lambda who: who or "nobody")
def test_screens(stack: Stack, team: dict[str, str], visits: list[Visit], open_tab: Open, who: str) -> None:
    tab = open_tab(width=320, height=700)
    if who:
        tab.page.goto(team[who])
    wrong = [
        f"{visit.path}: {said}"
        for turn, visit in enumerate(each for each in visits if each.who == who)
        for said in look(tab, visit, WIDTHS if THOROUGH else (WIDTHS[turn % 2],))
    ]
    assert not wrong, "\n".join(wrong)


WIDTHS = (320, 1280)
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def look(tab: Tab, visit: Visit, asked: Collection[int] = WIDTHS) -> Iterator[str]:
    """What is wrong with this page. `asked`: at which widths axe is asked: of the narrow page when light, of the wide one when dark."""
    page = tab.page
    tab.complaints.clear()
    page.set_viewport_size({"width": 320, "height": 3000})
    page.emulate_media(color_scheme="light")
    answer = page.goto(visit.path)
    assert answer is not None
    if answer.status != visit.status:
        yield f"answered {answer.status}"
    if (seen := page.evaluate(SEEN)) != {"lang": "en-gb", "headings": 1}:
        yield str(seen)
    page.evaluate(AXE.read_text())
    for width, scheme in product(WIDTHS, SCHEMES):
        page.set_viewport_size({"width": width, "height": 3000})  # so tall that no bar lies over anything
        page.emulate_media(color_scheme=scheme)
        yield from (f"{width} px, {scheme}, sticks out: {part}" for part in page.evaluate(STICKS_OUT))
        if width in asked and (width, scheme) in ((320, "light"), (1280, "dark")):
            yield from (f"{width} px, {scheme}, {found}" for found in page.evaluate(FOUND, TAGS))
    yield from (said for said in tab.complaints if f"status of {visit.status}" not in said)
