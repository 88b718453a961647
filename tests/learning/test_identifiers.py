"""`manage.py identifiers`, as a stranger calls it."""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.marks import ROWS

pytestmark = ROWS


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[dict[str, Any]]]:
    """What the command says of these lines."""

    def asking(text: str, *more: str) -> list[dict[str, Any]]:
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        told = io.StringIO()
        call_command("identifiers", *more, stdout=told)
        return [json.loads(line) for line in told.getvalue().splitlines()]

    return asking


def test_one_object_for_each_line_blank_ones_included(ask: Callable[..., list[dict[str, Any]]]) -> None:
    clean = {"verdict": "clean", "found": []}
    found = {"verdict": "hard", "found": [{"kind": "nhs-number", "start": 4, "end": 16}]}
    assert ask("Say who rings whom\n\nsee 943 476 5919 now\n") == [clean, clean, found]


def test_an_unknown_team_is_said_and_exits_2(ask: Callable[..., list[dict[str, Any]]]) -> None:
    with pytest.raises(CommandError) as refused:
        ask("a\n", "--team=nowhere")
    assert (str(refused.value), refused.value.returncode) == ("There is no team nowhere", 2)
