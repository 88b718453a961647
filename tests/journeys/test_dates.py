"""A team's dates, as a story: every Tuesday, but for one that moves and two that fall into a pause; and a calendar that follows."""

import re
import urllib.error
import urllib.request
from datetime import UTC, date, datetime, timedelta

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.core.test_calendars import Store
from tests.journeys.backstage import Backstage
from tests.journeys.conftest import Open, Stack

pytestmark = pytest.mark.browser

SLUG = "date-street"


def row_of(page: Page, day: date) -> Locator:
    return page.get_by_role("row").filter(has_text=f"{day:%A} {day.day} {day:%B}")


def calendar(address: str) -> Store:
    """What a calendar program sees there."""
    store = Store()
    with urllib.request.urlopen(address) as answer:
        assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8"
        store.follow(answer.read())
    return store


def test_every_tuesday_but_for_some(stack: Stack, backstage: Backstage, open_tab: Open) -> None:
    links = backstage("team", slug=SLUG, name="Date Street")
    tab = open_tab()
    mo = tab.page
    mo.goto(links["Mo"])

    # The team has no dates: its page helps to the first series.
    mo.goto(f"/t/{SLUG}/agreement/")
    mo.get_by_role("link", name="Our dates").click()
    expect(mo.get_by_role("heading", name="No dates yet")).to_be_visible()
    mo.get_by_role("link", name="Plan a series").click()
    first = datetime.now(UTC).date() + timedelta(days=2)
    first += timedelta(days=(1 - first.weekday()) % 7)
    mo.get_by_label("On", exact=True).select_option(label="Tuesday")
    mo.get_by_label("From this day on").fill("2020-01-07")
    mo.get_by_label("Place").fill("Room 2")
    mo.get_by_role("button", name="Plan it").click()
    expect(mo.get_by_text("This day is past. Choose today or a later one.")).to_be_visible()
    expect(mo.get_by_label("Place")).to_have_value("Room 2")  # what was typed stays
    mo.get_by_label("From this day on").fill(first.isoformat())
    mo.get_by_role("button", name="Plan it").click()
    expect(mo.get_by_text("Every Tuesday at 10:00")).to_be_visible()
    planned = backstage("dates", slug=SLUG)
    days = [date.fromisoformat(day) for day, *_ in planned]
    assert days == [first + timedelta(weeks=week) for week in range(len(days))]
    assert len(days) >= 12

    # The second moves to Wednesday, by its own plan.
    row_of(mo, days[1]).get_by_role("link", name=re.compile("^Change")).click()
    expect(mo.get_by_text("Every Tuesday.")).to_be_visible()
    mo.get_by_label("Date").fill((days[1] + timedelta(days=1)).isoformat())
    mo.get_by_role("button", name="Keep when and where").click()
    mo.goto(f"/t/{SLUG}/dates/")
    expect(row_of(mo, days[1] + timedelta(days=1))).to_contain_text(f"Moved from {days[1].day} {days[1]:%B}")

    # The third and fourth fall into a pause; the fourth takes place after all.
    mo.get_by_text("Pause our meetings").click()
    mo.get_by_label("First day without").fill(days[2].isoformat())
    mo.get_by_label("Last day without").fill(days[3].isoformat())
    mo.get_by_role("button", name="Pause", exact=True).click()
    expect(mo.get_by_text(re.compile("^No meetings from"))).to_be_visible()
    row_of(mo, days[3]).get_by_role("button", name=re.compile("^Take place after all")).click()
    expect(mo.get_by_text("It takes place after all.")).to_be_visible()
    assert [phase for _day, _at, phase, _place in backstage("dates", slug=SLUG)][:5] == [
        "planned",
        "planned",
        "cancelled",
        "planned",
        "planned",
    ]

    # A calendar that is given the address shows just that; a new link stops it.
    address = mo.get_by_label("Yours alone").input_value()
    assert address.startswith(stack.base)
    entries = sorted(calendar(address).entries.values(), key=lambda entry: entry.starts)
    assert [entry.starts.date() for entry in entries][:4] == [days[0], days[1] + timedelta(days=1), days[2], days[3]]
    assert [entry.cancelled for entry in entries][:4] == [False, False, True, False]
    mo.get_by_text("Make a new link").first.click()
    expect(mo.get_by_text("The old address stops at once. You then give your calendar the new one.")).to_be_visible()
    mo.get_by_role("button", name="Make a new link now").first.click()
    expect(mo.get_by_text("A new link. The old one shows nothing any more.")).to_be_visible()
    with pytest.raises(urllib.error.HTTPError, match="404"):
        calendar(address)
    assert len(calendar(mo.get_by_label("Yours alone").input_value()).entries) == len(days)
    assert [said for said in tab.complaints if "422" not in said] == []
