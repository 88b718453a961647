"""Two people edit one text by its form: the second changes nothing, is shown both texts, and saves once they have seen them."""

import re
from dataclasses import dataclass, field
from html import unescape
from zoneinfo import ZoneInfo

from tests.cast import Cast, Stage, client_of, items_of, stage
from tests.marks import ROWS

pytestmark = ROWS

ONE, OTHER = "Ring the day before", "Ring in the morning"


@dataclass(frozen=True)
class Edited:
    """A text, the address of its form, and who edits it: one, and then another (or the same, in another tab)."""

    address: str
    name: str
    by: tuple[str, str]
    others: dict[str, str] = field(default_factory=dict)  # what else is in that form
    words: tuple[str, str] = (ONE, OTHER)


def edited(cast: Cast, world: Stage) -> list[Edited]:
    team = "/t/harbour-street/"
    live, closed, planned = (f"{team}m/{each.pk}/" for each in (world.live, world.closed, world.planned))
    rota = next(item for item in items_of(world.live) if item.label == "Winter rota")
    starts = world.planned.starts.astimezone(ZoneInfo(cast.team.zone))
    when = {"day": starts.date().isoformat(), "at": f"{starts:%H:%M}", "minutes": "60"}
    agreed = {"holder_rule": "appointed", "raise_rule": "read_back", "read_back_minutes": "5"}
    return [
        Edited(f"{live}jottings/{world.jotting.pk}/", "text", ("lin", "lin")),
        Edited(f"{live}points/{world.waiting.pk}/", "text", ("lin", "lin")),
        Edited(f"{closed}summary/", "line", ("lin", "mo")),
        Edited(f"{closed}summary/{world.agreed[0].pk}/", "text", ("lin", "mo")),
        Edited(f"{live}items/{rota.pk}/", "label", ("ben", "kit"), {"minutes": "15"}),
        Edited(f"{planned}plan/", "place", ("ben", "kit"), when),
        Edited(f"{planned}plan/", "video", ("ben", "kit"), when, ("https://one.example/", "https://other.example/")),
        Edited(f"{team}dates/{world.series.pk}/agenda/{world.line.pk}/", "label", ("ben", "kit"), {"minutes": "15"}),
        Edited(f"{team}agreement/change/", "way_out", ("mo", "rosa"), agreed),
        Edited(f"{team}people/{cast.kit.pk}/", "usually", ("mo", "rosa"), {}, ("chair", "scribe")),
        Edited("/you/", "name", ("ben", "ben"), {}, ("Ben Oak", "Ben Elm")),
    ]


def version_in(html: str) -> dict[str, str]:
    """What the form in which two texts stand says that its reader has seen."""
    before, _theirs, after = html.partition("data-theirs=")
    form = before.rpartition("<form")[2] + after.partition("</form>")[0]
    found = re.search(r'name="(version|seen)"[^>]*value="([^"]*)"', form)
    assert found, form
    return {found[1]: unescape(found[2])}


def first_seen(client: object, it: Edited) -> dict[str, str]:
    """What the form says on the page on which it stands before anybody has edited."""
    page = it.address.replace("/summary/", "/summary/?edit=") if re.search(r"summary/\d", it.address) else it.address
    page = re.sub(r"items/(\d+)/", r"plan/?item=\1", page)
    page = re.sub(r"agenda/(\d+)/", r"agenda/?line=\1", page).rstrip("/") if "=" in page or "agenda" in page else page
    html = client.get(page).content.decode()  # type: ignore[attr-defined]
    for form in html.split("<form")[1:]:
        found = re.search(r'name="(version|seen)"[^>]*value="([^"]*)"', form)
        if f'name="{it.name}"' in form.partition("</form>")[0] and found:
            return {found[1]: unescape(found[2])}
    raise AssertionError(f"{page}: no version beside {it.name}")


def test_whoever_edits_what_another_has_edited_is_shown_both_and_saves_then(cast: Cast) -> None:
    world = stage(cast)
    for it in edited(cast, world):
        one, other = (client_of(getattr(cast, name)) for name in it.by)
        seen = first_seen(other, it)
        first = one.post(it.address, {**it.others, **first_seen(one, it), it.name: it.words[0]})
        assert first.status_code == 303, (it.address, first.content.decode())
        typed = {**it.others, it.name: it.words[1]}
        late = other.post(it.address, {**typed, **seen})
        html = unescape(late.content.decode())
        assert late.status_code == 409, it.address
        assert f'data-theirs="{it.name}" data-value="{it.words[0]}"' in html, it.address
        words = re.escape(it.words[1])
        kept = rf'value="{words}" checked|name="{it.name}"[^>]* value="{words}"|>{words}</textarea>'
        assert re.search(kept, html), it.address
        assert first_seen(one, it) == version_in(html), "nothing was changed, and what is shown is what counts"
        assert other.post(it.address, {**typed, **version_in(html)}).status_code == 303, it.address
        assert first_seen(one, it) != version_in(html), "and now it was"
