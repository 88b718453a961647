"""`make manage` where no demo runs: it starts the demo's database for one command and ends it (docs/contracts.md)."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from config.embedded import mark, marked
from tests.house.stranger import make

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("alone")
    yield folder
    left = [pid for part in ("", "postgres/data", "redis") for pid in marked(mark(folder / part))]
    assert left == [], "a management command left processes behind"


def test_the_cast_is_loaded_and_standard_output_is_the_commands_alone(folder: Path) -> None:
    given = "from teams.models import User\nprint(User.objects.filter(name='Ada Okafor').count())\n"
    answer = make("manage", folder, given=given, ARGS="shell --no-imports -v 0")
    assert (answer.returncode, answer.stdout) == (0, "1\n"), answer.stderr


def test_paths_are_taken_from_where_make_was_called(folder: Path, tmp_path: Path) -> None:
    told = "from pathlib import Path\nPath('here').write_text('x')\n"
    answer = make("manage", folder, cwd=tmp_path, makefile=True, given=told, ARGS="shell --no-imports -v 0")
    assert answer.returncode == 0, answer.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["here"]


def test_a_failing_command_fails_and_says_why_on_standard_error_only(folder: Path) -> None:
    answer = make("manage", folder, ARGS="no-such-command")
    assert answer.returncode == 2
    assert answer.stdout == ""
    assert "no-such-command" in answer.stderr


def test_words_in_quotes_stay_one_word(folder: Path) -> None:
    answer = make("manage", folder, ARGS="shell --no-imports -v 0 -c 'print(\"one word\")'")
    assert (answer.returncode, answer.stdout) == (0, "one word\n"), answer.stderr
