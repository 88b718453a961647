"""Sabotage: without the replay by `changed`, the drill that cuts a stream in the middle must notice.

The seam is `core.live.missed`, through which every road back leads (a stream that opens, the polling answer, the search after a
gap). The sabotaged one answers as a server would that only passes on what it hears: nothing was missed.
"""

from collections.abc import Iterator

import pytest

from core import live
from tests.core.watching import Server, board_world, new_board, poke, write

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture(autouse=True)
def _board(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(live, "_try_again_at", 0.0)
    with board_world(monkeypatch):
        yield


def the_drill() -> None:
    """A stream is cut in the middle of a meeting; things happen meanwhile; the browser comes back naming where it was."""
    board = new_board()
    with Server() as server:
        with server.watch(board.pk, "0.0") as tab:
            write(board.pk, "seen")
            tab.wait("<li>seen</li>")
            at = tab.position()
        write(board.pk, "while it was cut", "title")
        poke(board.pk, 17)
        with server.watch(board.pk, at) as tab:
            assert "<li>while it was cut</li>" in tab.text
            assert "2 for the member" in tab.text
            assert tab.of("yours") == ["1 offers"]
            write(board.pk, "and on")
            tab.wait("<li>and on</li>")
        found = server.now(board.pk, at, "member-17")
        assert "<li>while it was cut</li>" in found["html"]


def test_a_stream_that_is_cut_in_the_middle_loses_nothing() -> None:
    the_drill()


def test_the_drill_notices_when_the_replay_is_taken_away(monkeypatch: pytest.MonkeyPatch) -> None:
    def nothing(obj: live.Live, audience: str, member: int | None, *_: object) -> live.Missed:
        return live.Missed(obj.revision, (), "", live.personal(obj, member)[0], ())

    monkeypatch.setattr(live, "missed", nothing)
    with pytest.raises(AssertionError):
        the_drill()
