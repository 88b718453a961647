"""Touching, rendering, publishing: on a real PostgreSQL, with a Redis that may be gone."""

import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from django.db import connection
from django.test import override_settings

from core import live
from core.scope import everything
from tests.core.watching import Board, board_world, new_board, page, poke, read, write

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture(autouse=True)
def _board(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(live, "_try_again_at", 0.0)
    with board_world(monkeypatch):
        yield


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str]]:
    said: list[tuple[str, str]] = []
    monkeypatch.setattr(live, "publish", lambda channel, body: said.append((channel, body)))
    return said


def test_several_touches_in_one_transaction_raise_the_revision_once() -> None:
    board = new_board()
    with everything("a test"):
        live.touch(board, "lines")
        live.touch(Board._base_manager.get(pk=board.pk), "title")
        live.touch(board, "lines")
    assert (read(board.pk).revision, read(board.pk).changed) == (1, {"lines": 1, "title": 1})
    write(board.pk, "one")
    assert (read(board.pk).revision, read(board.pk).changed) == (2, {"lines": 2, "title": 1})


def test_a_personal_touch_is_counted_for_that_member_alone() -> None:
    board = new_board()
    write(board.pk, "one")
    poke(board.pk, 17)
    poke(board.pk, 17, 18, subject="jottings")
    row = read(board.pk)
    assert (live.position(row), live.position(row, 17), live.position(row, 18)) == ("1.0", "1.2", "1.1")
    assert live.personal(row, 17) == (2, {"offers": 1, "jottings": 2})
    assert live.missed(row, live.MEMBER, 17, 1, 1) == live.Missed(1, (), "", 2, ("jottings",))
    assert live.missed(row, live.MEMBER, 19, 1, 0) == live.Missed(1, (), "", 0, ())


def test_a_transaction_that_fails_touches_and_publishes_nothing(published: list[tuple[str, str]]) -> None:
    board = new_board()
    with pytest.raises(ZeroDivisionError), everything("a test"):
        live.touch(board, "lines")
        raise ZeroDivisionError
    assert (read(board.pk).revision, published) == (0, [])
    write(board.pk, "one")
    assert (read(board.pk).revision, len(published)) == (1, 1)


def test_nothing_is_published_before_commit_and_only_what_shows_the_subject_is_rendered(
    published: list[tuple[str, str]],
) -> None:
    board = new_board()
    with everything("a test"):
        live.touch(board, "title")
        assert published == []
    [(channel, body)] = published
    assert channel == f"live:{board.pk}"
    assert 'id=\\"title\\"' in body
    assert 'id=\\"screen\\"' in body
    assert 'id=\\"lines\\"' not in body


def test_touching_outside_a_scope_is_loud_and_so_is_a_name_that_is_no_subject() -> None:
    board = new_board()
    with pytest.raises(RuntimeError):
        live.touch(board, "lines")
    with everything("a test"), pytest.raises(ValueError, match="Not a subject"):
        live.touch(board, "offers@17")


def test_page_and_push_carry_the_same_bytes(published: list[tuple[str, str]]) -> None:
    board = new_board()
    write(board.pk, "<b>'&", "title")
    row = read(board.pk)
    for audience in (live.MEMBER, live.WALL):
        pushed = live.render_all(row, audience)
        assert "".join(html for _, html in pushed) == page(row, audience)
        assert live.partials(pushed) == live.missed(row, audience, None, 0, 0).html
    assert '<ul id="lines" data-rev="1"><li>&lt;b&gt;&#x27;&amp;</li>' in page(row)


def test_a_fragment_whose_root_has_another_id_is_refused() -> None:
    live.fragment("wrong", template="board.html-wrong", subjects={"x"})(lambda board, audience: {})
    with pytest.raises(ValueError, match='must have id="wrong"'):
        live.render("wrong", new_board(), live.MEMBER)


def test_many_writers_at_once_lose_no_revision_and_every_push_holds_all_before_it(
    published: list[tuple[str, str]],
) -> None:
    board = new_board()

    def writer(name: int) -> None:
        for n in range(10):
            write(board.pk, f"{name}-{n}")
        connection.close()

    threads = [threading.Thread(target=writer, args=(n,)) for n in range(4)]
    run_all(threads)
    assert (read(board.pk).revision, len(published)) == (40, 40)
    counts = {int(body.split('"rev": ')[1].split(",")[0]): body.count("<li>") for _, body in published}
    assert counts == {revision: 2 * revision for revision in range(1, 41)}


def test_two_rows_touched_in_either_order_never_deadlock(published: list[tuple[str, str]]) -> None:
    one, two = new_board(), new_board()

    def writer(first: Board, second: Board) -> None:
        for _ in range(20):
            with everything("a test"):
                live.touch(first, "lines")
                live.touch(second, "lines")
        connection.close()

    threads = [threading.Thread(target=writer, args=pair) for pair in ((one, two), (two, one))]
    run_all(threads)
    assert (read(one.pk).revision, read(two.pk).revision) == (40, 40)


def test_a_refused_redis_costs_a_post_next_to_nothing() -> None:
    board = new_board()
    with override_settings(REDIS_URL="redis://127.0.0.1:1/0"):
        took = _time_of(lambda: write(board.pk, "one"))
        again = _time_of(lambda: write(board.pk, "two"))
    assert read(board.pk).revision == 2
    assert took < 0.15
    assert again < 0.1


def test_a_redis_that_hangs_costs_one_short_wait_and_then_nobody_asks_it_for_a_while() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}/0"
        with override_settings(REDIS_URL=url):
            first = _time_of(lambda: live.publish("live:1", "{}"))
            second = _time_of(lambda: live.publish("live:1", "{}"))
    assert live.PATIENCE * 0.8 < first < live.PATIENCE * 2
    assert second < 0.01


def test_quiet_raises_revisions_and_publishes_nothing(published: list[tuple[str, str]]) -> None:
    board = new_board()
    with live.quiet():
        write(board.pk, "one")
    assert (read(board.pk).revision, published) == (1, [])


def run_all(threads: list[threading.Thread]) -> None:
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _time_of(work: Callable[[], object]) -> float:
    start = time.monotonic()
    work()
    return time.monotonic() - start
