"""The gallery can't fall behind: each part's template is shown there, or is named here with a reason."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from learning.models import Point
from teams.models import Team, User
from tests.cast import look
from tests.marks import ROWS

pytestmark = ROWS

TEMPLATES = Path(settings.BASE_DIR / "templates")
NOT_SHOWN: dict[str, str] = {}


@pytest.fixture
def page(client: Any, settings: Any) -> Any:
    settings.ROOT_URLCONF = "tests.house.with_demo"
    return client.get("/components/")


def parts() -> set[str]:
    """Every template that is a part of pages."""
    found = [
        *TEMPLATES.glob("components/*.html"),
        *TEMPLATES.glob("*/parts/*.html"),
        *TEMPLATES.glob("learning/room/*"),
    ]
    return {str(path.relative_to(TEMPLATES)) for path in found}


def test_every_part_is_shown_in_the_gallery_or_says_why_not(page: Any) -> None:
    assert page.status_code == 200
    shown = {template.name for template in page.templates}
    assert parts() - shown == set(NOT_SHOWN)


def test_each_state_has_an_id_of_its_own_and_nothing_of_it_goes_anywhere_or_stays(page: Any) -> None:
    html = page.content.decode()
    ids = re.findall(r'<article class="section" id="(part-[^"]+)"', html)
    assert len(ids) == len(set(ids)) > 80
    shown = html.split('id="part-letterhead"', 1)[1].split('id="letters"', 1)[0]
    assert "<form" in shown
    assert not re.search(r'method="post"| autofocus[\s>]', shown)
    assert look(lambda: (Team.objects.count(), User.objects.count(), Point.objects.count())) == (0, 0, 0)
