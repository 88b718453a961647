"""What is due is seen wherever somebody has scrolled to, and hides nothing that has the focus."""

import pytest
from playwright.sync_api import expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Tab

pytestmark = pytest.mark.browser

COVERED = """() => {
  const at = document.activeElement, box = at.getBoundingClientRect();
  const over = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 20));
  return over && (at.contains(over) || over.contains(at)) ? "" : at.outerHTML.slice(0, 120);
}"""


@pytest.mark.parametrize(("width", "height"), [(1280, 700), (390, 700), (320, 568)])
def test_a_strip_stays_below_the_letterhead_however_far_one_scrolls(
    backstage: Backstage, open_tab: Open, width: int, height: int
) -> None:
    slug = f"strips-{width}"
    links = backstage("team", slug=slug, name="Strips")
    meeting = backstage("read_back_in", slug=slug, seconds=1)
    tabs: list[Tab] = []
    for name in ("Lin", "Ben"):
        tab = open_tab(width=width, height=height)
        tab.page.goto(links[name])
        tab.page.goto(f"/t/{slug}/m/{meeting}/#pane-people")
        tabs.append(tab)
    for tab in tabs:
        page = tab.page
        due = page.get_by_text("Read-back is due").first
        expect(due).to_be_visible(timeout=10_000)
        page.evaluate("scrollTo(0, 9999)")
        assert page.evaluate("scrollY") > 0
        expect(due).to_be_in_viewport(ratio=1)
        below = page.evaluate("document.querySelector('.letterhead-line').getBoundingClientRect().bottom")
        box = due.bounding_box()
        assert box is not None
        assert below <= box["y"] < height / 2
        assert page.evaluate("scrollX + document.documentElement.scrollWidth") <= width
        page.locator("main :is(a, button) >> visible=true").last.focus()
        for _ in range(25):
            page.keyboard.press("Shift+Tab")
            assert page.evaluate(COVERED) == ""
        assert tab.complaints == []
