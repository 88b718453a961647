"""The form of a pause, in a real browser: an error under one of its days leaves the other where it was."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect

from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Stack

pytestmark = pytest.mark.browser


def test_an_error_under_one_day_leaves_the_other_beside_it(stack: Stack, backstage: Backstage, open_tab: Open) -> None:
    slug = "days-without"
    team = backstage("team", slug=slug, name="Days without")
    mo = open_tab().page
    mo.goto(team["Mo"])
    mo.goto(f"/t/{slug}/dates/new/")
    mo.get_by_role("button", name="Plan it").click()
    mo.goto(f"/t/{slug}/dates/")
    mo.get_by_text("Pause our meetings").click()
    first, last = mo.get_by_label("First day without"), mo.get_by_label("Last day without")
    day = datetime.now(UTC).date() + timedelta(days=20)
    first.fill(day.isoformat())
    last.fill((day - timedelta(days=9)).isoformat())
    mo.get_by_role("button", name="Pause", exact=True).click()
    expect(mo.get_by_text("The last day comes before the first.")).to_be_visible()
    boxes = first.bounding_box(), last.bounding_box()
    assert boxes[0] is not None and boxes[1] is not None
    assert boxes[0]["y"] == boxes[1]["y"]
