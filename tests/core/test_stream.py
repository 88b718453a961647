"""The open streams: what comes, to whom, in which order, and what happens when Redis, the reader or the permission goes."""

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from django.conf import settings
from django.db import connections
from django.test import override_settings
from redis import Redis
from redis.exceptions import RedisError

from config.embedded import redis_program
from core import live, stream
from core.scope import everything
from tests.core.watching import Server, board_world, gone, new_board, poke, read, until, write

pytestmark = pytest.mark.django_db(transaction=True, databases="__all__")


@pytest.fixture(autouse=True)
def _board(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(live, "_try_again_at", 0.0)
    with board_world(monkeypatch):
        yield


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture
def only_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the writer were another process: nothing is heard but by Redis."""
    monkeypatch.setattr(live, "ears", set())


@pytest.fixture
def never_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL is not asked by the clock: what comes, comes by Redis or by a gap."""
    monkeypatch.setattr(stream, "POLL", 60.0)


def test_what_is_written_reaches_each_audience_with_its_own_fragments_and_no_one_elses(server: Server) -> None:
    board, other = new_board(), new_board()
    with (
        server.watch(board.pk, "0.0") as ben,
        server.watch(board.pk, "0.0", wall="wall") as wall,
        server.watch(other.pk, "0.0", "member-30") as otto,
    ):
        write(board.pk, "<i>canary</i>", "title")
        for tab in (ben, wall):
            assert tab.wait("&lt;i&gt;canary&lt;/i&gt;") < 1
        [said] = ben.of("update")
        assert said.split("\n")[0] == "1 lines title"
        assert said.split("\n", 1)[1].startswith(
            '<hx-partial hx-target="#lines" hx-swap="outerMorph"><ul id="lines" data-rev="1">'
        )
        assert ('id="title"' in ben.text, 'id="screen"' in ben.text) == (True, False)
        assert ('id="title"' in wall.text, 'id="screen"' in wall.text) == (False, True)
        assert (ben.text.count("canary"), otto.text.count("canary"), otto.of("update")) == (1, 0, [])


def test_personal_subjects_reach_their_member_alone_and_leave_no_trace_on_other_streams(server: Server) -> None:
    board = new_board()
    with server.watch(board.pk, "0.0") as lin, server.watch(board.pk, "0.0", "member-18") as ben:
        poke(board.pk, 17)
        poke(board.pk, 17, subject="jottings")
        write(board.pk, "one")
        lin.wait("lines")
        ben.wait("lines")
        assert lin.of("yours") == ["1 offers", "2 jottings"]
        assert (ben.of("yours"), ben.of("update")[0].split("\n")[0]) == ([], "1 lines")


def test_a_page_rendered_before_the_stream_opens_misses_nothing(server: Server) -> None:
    board = new_board()
    write(board.pk, "one")
    at = live.position(read(board.pk), 17)
    write(board.pk, "two", "title")
    poke(board.pk, 17)
    with server.watch(board.pk, at) as tab:
        tab.wait("yours")
        assert [text.split("\n")[0] for text in tab.of("update")] == ["2 lines title"]
        assert ("<li>two</li>" in tab.text, tab.of("yours"), tab.position()) == (True, ["1 offers"], "2.1")
    with server.watch(board.pk, "2.1") as tab:
        assert (tab.of("update"), tab.of("yours"), tab.of("hello")[0].split()[0]) == ([], [], "2.1")


def test_what_is_written_while_the_stream_is_being_checked_is_neither_lost_nor_doubled(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = new_board()
    missed = live.missed

    def slowly(*args: object) -> live.Missed:
        found = missed(*args)  # type: ignore[arg-type]
        write(board.pk, f"during {found.revision}")
        time.sleep(0.3)
        return found

    monkeypatch.setattr(live, "missed", slowly)
    with server.watch(board.pk, "0.0") as tab:
        tab.wait("during 0")
        monkeypatch.setattr(live, "missed", missed)
        write(board.pk, "after")
        tab.wait("after")
        assert [text.split("\n")[0] for text in tab.of("update")] == ["1 lines", "2 lines"]


def test_a_burst_of_writers_arrives_in_order_and_whole(server: Server) -> None:
    board = new_board()
    with server.watch(board.pk, "0.0") as tab:
        for n in range(100):
            write(board.pk, f"line {n}")
        tab.wait("<li>line 99</li>")
        revisions = [int(text.split()[0]) for text in tab.of("update")]
        assert revisions == list(range(1, 101))


def test_messages_out_of_order_are_put_in_order(server: Server, only_redis: None, never_asks: None) -> None:
    board = new_board()
    with server.watch(board.pk, "0.0") as tab:
        for revision in (2, 1):
            html = {"member": f"<p>{revision}</p>"}
            live.publish(
                f"live:{board.pk}", json.dumps({"rev": revision, "subjects": ["lines"], "html": html, "own": {}})
            )
        tab.wait("<p>2</p>")
        assert tab.of("update") == ["1 lines\n<p>1</p>", "2 lines\n<p>2</p>"]


def test_a_message_that_redis_lost_is_found_at_the_next_one(
    server: Server, only_redis: None, never_asks: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = new_board()
    with server.watch(board.pk, "0.0") as tab, server.watch(board.pk, "0.0", wall="wall") as wall:
        with monkeypatch.context() as deaf:
            deaf.setattr(live, "publish", lambda *_: False)
            write(board.pk, "lost", "title")
            poke(board.pk, 17)
        write(board.pk, "heard")
        assert tab.wait("2 for the member") < 1.5
        wall.wait("<li>heard</li>")
        tab.wait("yours")
        assert [text.split("\n")[0] for text in tab.of("update")] == ["2 lines title"]
        assert tab.of("yours") == ["1 offers"]


@pytest.mark.usefixtures("only_redis")
def test_a_message_that_redis_lost_is_found_without_another_one(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = new_board()
    with server.watch(board.pk, "0.0") as tab:
        monkeypatch.setattr(live, "publish", lambda *_: False)
        write(board.pk, "lost")
        poke(board.pk, 17, 18)
        assert tab.wait("<li>lost</li>") < 5
        tab.wait("yours")


@pytest.mark.usefixtures("only_redis")
def test_with_redis_gone_updates_come_by_postgresql_and_with_redis_back_at_once_again(
    redis_of_its_own: "OwnRedis",
) -> None:
    board = new_board()
    with Server() as server, server.watch(board.pk, "0.0") as tab:
        write(board.pk, "before")
        assert tab.wait("<li>before</li>") < 1
        redis_of_its_own.stop()
        start = time.monotonic()
        write(board.pk, "without")
        assert time.monotonic() - start < 0.3
        assert tab.wait("<li>without</li>") < 5
        with server.watch(board.pk, "0.0", "member-18") as late:  # opening works, too
            late.wait("<li>without</li>")
        redis_of_its_own.start()
        until(lambda: bool(server.streams.hub and server.streams.hub.hearing))
        time.sleep(live.PAUSE)
        write(board.pk, "after")
        assert tab.wait("<li>after</li>") < 1


@pytest.mark.usefixtures("only_redis")
def test_a_redis_that_stands_still_is_noticed(redis_of_its_own: "OwnRedis") -> None:
    board = new_board()
    with Server() as server, server.watch(board.pk, "0.0") as tab:
        redis_of_its_own.process.send_signal(signal.SIGSTOP)
        try:
            write(board.pk, "without")
            assert tab.wait("<li>without</li>") < 5
            until(lambda: bool(server.streams.hub and not server.streams.hub.hearing), 12)
        finally:
            redis_of_its_own.process.send_signal(signal.SIGCONT)
        until(lambda: bool(server.streams.hub and server.streams.hub.hearing), 12)


def test_in_one_process_a_dead_redis_delays_nothing(redis_of_its_own: "OwnRedis") -> None:
    board = new_board()
    with Server() as server, server.watch(board.pk, "0.0") as tab:
        redis_of_its_own.stop()
        write(board.pk, "here")
        assert tab.wait("<li>here</li>") < 1


def test_two_processes_hear_each_other_through_redis(server: Server, only_redis: None, never_asks: None) -> None:
    board = new_board()
    with Server() as second, server.watch(board.pk, "0.0") as one, second.watch(board.pk, "0.0") as two:
        write(board.pk, "both")
        assert one.wait("<li>both</li>") < 1
        assert two.wait("<li>both</li>") < 1


def test_who_may_not_watch_is_told_so(server: Server) -> None:
    board = new_board()
    asked = f"/live/{board.pk}/"
    for path in (asked, f"{asked}now/"):
        assert [server.get(path).status, server.get(path, "stranger").status] == [401, 404]
        assert server.get(f"{path}?as=wall", "member-17").status == 401  # a session is no wall's token
        assert server.get(f"{path}?as=wall", wall="another").status == 404
        assert server.get(path, "member-17", host="evil.example").status == 404
    assert [server.get("/live/999999/", "member-17").status, server.get("/live/x/", "member-17").status] == [404, 404]


def test_the_question_is_answered_once_with_what_was_missed(server: Server) -> None:
    board = new_board()
    write(board.pk, "one")
    poke(board.pk, 17)
    found = server.now(board.pk, "0.0", "member-17")
    assert (found["rev"], found["subjects"]) == ("1.1", ["lines", "offers"])
    assert found["html"] == live.missed(read(board.pk), live.MEMBER, 17, 0, 0).html
    assert abs(found["now"] / 1000 - time.time()) < 5
    found = server.now(board.pk, "1.1", "member-17")
    assert (found["subjects"], found["html"]) == ([], "")


def test_a_position_from_the_future_or_none_at_all_gets_everything(server: Server) -> None:
    board = new_board()
    write(board.pk, "one")
    for said in ("99.99", "", "x", "1.1.1", "-1.0"):
        assert server.now(board.pk, said, "member-17")["subjects"] == ["lines"]


def test_a_removed_members_streams_end_at_once(server: Server) -> None:
    board = new_board()
    with server.watch(board.pk, "0.0") as gone, server.watch(board.pk, "0.0", "member-18") as stays:
        with everything("a test"):
            live.cut(member=17)
        assert gone.ended.wait(2)
        write(board.pk, "one")
        stays.wait("<li>one</li>")
        assert ("<li>" in gone.text, stays.ended.is_set()) == (False, False)


def two_watch_while_redis_is_dead(redis: "OwnRedis") -> tuple[bool, bool]:
    """One of them is removed by another process, and Redis can't say so. Whether each one's stream has ended within two seconds."""
    board = new_board()
    with Server() as server, server.watch(board.pk, "0.0") as one, server.watch(board.pk, "0.0", "member-18") as other:
        live.ears.clear()  # a set of this test's own
        redis.stop()
        with everything("a test"):
            live.cut(member=17)
        gone.add(17)
        return one.ended.wait(2), other.ended.is_set()


def test_a_removed_member_is_cut_off_by_the_rows_alone(redis_of_its_own: "OwnRedis", only_redis: None) -> None:
    assert two_watch_while_redis_is_dead(redis_of_its_own) == (True, False)


def test_the_test_before_notices_when_nobody_looks(
    redis_of_its_own: "OwnRedis", only_redis: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "lapsed", lambda watching: ())
    assert two_watch_while_redis_is_dead(redis_of_its_own) == (False, False)


def test_many_at_the_door_are_let_in_together_and_one_who_spoils_it_harms_nobody(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    board, sizes = new_board(), list[int]()
    check = stream._check

    def counting(asked: Sequence[Any]) -> Any:
        sizes.append(len(asked))
        time.sleep(0.2)
        if any(each.who.session == "member-13" for each in asked):
            raise ZeroDivisionError
        return check(asked)

    monkeypatch.setattr(stream, "_check", counting)
    tabs = [server.watch(board.pk, "0.0", f"member-{number}") for number in range(10, 20)]
    for number, tab in enumerate(tabs, start=10):
        until(lambda tab=tab: bool(tab.of("hello")) or tab.ended.is_set())
        assert bool(tab.of("hello")) == (number != 13)
        tab.close()
    assert max(sizes) > 2


def test_permission_is_asked_again_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "AGE", 0.5)
    monkeypatch.setattr(stream, "BEAT", 1.0)
    board = new_board()
    with Server() as server, server.watch(board.pk, "0.0") as tab:
        assert tab.ended.wait(4)


def test_a_stream_beats_with_the_servers_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "BEAT", 0.4)
    with Server() as server, server.watch(new_board().pk, "0.0") as tab:
        until(lambda: len(tab.of("beat")) > 2)
        assert abs(int(tab.of("beat")[-1]) / 1000 - time.time()) < 2


def test_one_person_may_not_open_streams_without_end(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "PER_PERSON", 2)
    board = new_board()
    path = f"/live/{board.pk}/?rev=0.0"
    with server.watch(board.pk, "0.0"):
        with server.watch(board.pk, "0.0"):
            assert server.get(path, "member-17").status == 429
            with server.watch(board.pk, "0.0", "member-18") as other:
                assert other.of("hello")
        until(lambda: server.streams.hub is not None and len(server.streams.hub.streams()) == 1)
        with server.watch(board.pk, "0.0") as again:
            assert again.of("hello")


def test_a_reader_that_does_not_read_is_ended_and_costs_bounded_memory(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "STUCK", 0.5)
    monkeypatch.setattr(stream, "QUEUE", 8)
    board = new_board()
    slow = socket.create_connection(("127.0.0.1", server.port))
    slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    slow.sendall(
        f"GET /live/{board.pk}/?rev=0.0 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
        f"Cookie: {settings.SESSION_COOKIE_NAME}=member-18\r\n\r\n".encode()
    )
    hub = server.streams.hub
    assert hub
    until(lambda: any(s.ready for s in hub.streams()))
    with server.watch(board.pk, "0.0") as quick:
        for n in range(80):
            message = {
                "rev": n + 1,
                "subjects": ["lines"],
                "html": {"member": f"<p>{n}</p>" + "x" * 100_000},
                "own": {},
            }
            live.publish(f"live:{board.pk}", json.dumps(message))
            assert all(len(s.queue) <= stream.QUEUE for s in hub.streams())
            time.sleep(0.02)
        quick.wait("<p>79</p>")
        until(lambda: len(hub.streams()) == 1)
    slow.close()


def test_a_reader_that_left_is_forgotten(server: Server) -> None:
    board = new_board()
    hub = server.streams.hub
    assert hub
    tabs = [server.watch(board.pk, "0.0", f"member-{n}").__enter__() for n in range(20)]
    assert len(hub.streams()) == 20
    for tab in tabs:
        tab.close()
    until(lambda: not hub.streams() and not hub.watched and not hub.persons)


def test_open_streams_hold_no_database_connection_beyond_the_few_of_the_check(server: Server) -> None:
    board = new_board()
    before = _connections()
    tabs = [server.watch(board.pk, "0.0", f"member-{n}") for n in range(60)]
    for tab in tabs:
        until(lambda tab=tab: bool(tab.of("hello")))
    assert _connections() - before <= 3
    write(board.pk, "all")
    for tab in tabs:
        tab.wait("<li>all</li>")
        tab.close()


def test_a_server_that_is_told_to_stop_ends_its_streams_at_once() -> None:
    board = new_board()
    with Server() as server:
        tabs = [server.watch(board.pk, "0.0", f"member-{n}").__enter__() for n in range(5)]
        start = time.monotonic()
    assert time.monotonic() - start < 2.5
    assert all(tab.ended.wait(1) for tab in tabs)
    assert all("event: hello" in tab.text for tab in tabs)


def test_a_row_that_is_deleted_ends_its_streams(server: Server) -> None:
    board = new_board()
    with server.watch(board.pk, "0.0") as tab:
        with everything("a test"):
            type(board)._base_manager.filter(pk=board.pk).delete()
        assert tab.ended.wait(6)


# --- a Redis that may be stopped ---


class OwnRedis:
    def __init__(self, program: str, folder: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.command = [program, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", folder]
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until(self.answers)

    def answers(self) -> bool:
        try:
            return bool(Redis(port=self.port).ping())
        except RedisError:
            return False

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def redis_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OwnRedis]:

    own = OwnRedis(redis_program(), str(tmp_path_factory.mktemp("redis")))
    with override_settings(REDIS_URL=f"redis://127.0.0.1:{own.port}/0"):
        yield own
    own.stop()


def _connections() -> int:
    with everything("a test"), connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
        return int(cursor.fetchone()[0])
