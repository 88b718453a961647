"""`make demo`, as a stranger relies on it (docs/contracts.md)."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house.stranger import Demo, alive, make, soon, visit

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    demo = Demo(folder).wait()
    yield demo
    if demo.process.poll() is None:
        demo.end()


def test_says_the_links_and_at_last_that_it_is_ready(demo: Demo) -> None:
    starts = [" ".join(line.split()[:2]) for line in demo.said]
    expected = [f"SIGN-IN {name}" for name in ("Ada", "Lin", "Sol", "Ben", "Mo", "Otto")]
    assert starts == [*expected, f"READY {demo.base}"]
    assert demo.base == f"http://127.0.0.1:{demo.port}"
    assert [line for line in demo.said[:-1] if not line.split()[2].startswith(f"{demo.base}/")] == []


def test_each_link_signs_in_again_and_again(demo: Demo) -> None:
    links = [line.split()[2] for line in demo.said if line.startswith("SIGN-IN ")]
    ends = [visit(link) for link in links + links]
    assert [status for status, _ in ends] == [200] * 12
    assert [address for _, address in ends if "sign-in" in address] == []


def test_writes_down_every_long_lived_process(demo: Demo) -> None:
    processes = demo.processes()
    assert set(processes) >= {"web", "worker", "beat", "postgres", "redis", "mail", "ticker"}
    assert len(set(processes.values())) == len(processes)
    assert [name for name, pid in processes.items() if not alive(pid)] == []


def test_listens_on_loopback_alone(demo: Demo) -> None:
    inodes = set()
    for pid in demo.everything():
        try:
            links = [str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()]
        except OSError:  # PostgreSQL's, which belong to another user
            continue
        inodes |= {link[8:-1] for link in links if link.startswith("socket:")}
    loopback = {"0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"}
    elsewhere = []
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            words = line.split()
            if words[3] == "0A" and words[9] in inodes and words[1].split(":")[0] not in loopback:
                elsewhere.append(words[1])
    assert elsewhere == []


def test_a_second_demo_on_the_same_folder_says_so(demo: Demo, folder: Path) -> None:
    before = demo.processes()
    second = make("demo", folder, PORT="0")
    assert second.returncode != 0
    assert second.stdout == ""
    assert "running already" in second.stderr
    assert demo.processes() == before


def test_reset_is_refused_while_it_runs(demo: Demo, folder: Path) -> None:
    refused = make("demo-reset", folder)
    assert refused.returncode != 0
    assert "running" in refused.stderr
    assert demo.get("/health/live") == 200


def test_management_commands_use_the_running_demos_database(demo: Demo, folder: Path) -> None:
    question = "print(connection.settings_dict['PORT'])"
    answer = make(
        "manage", folder, given=f"from django.db import connection\n{question}\n", ARGS="shell --no-imports -v 0"
    )
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip().isdigit()
    assert f"port={answer.stdout.strip()}" in Path(f"/proc/{demo.processes()['postgres']}/cmdline").read_text()


@pytest.mark.parametrize("name", ["web", "worker", "beat", "ticker", "mail", "redis", "postgres"])
def test_a_child_that_dies_is_started_again_and_a_line_says_so(demo: Demo, name: str) -> None:
    old, told = demo.processes()[name], len(demo.told)
    os.kill(old, signal.SIGKILL)
    assert soon(lambda: demo.processes()[name] != old, within=10)
    assert alive(demo.processes()[name])
    assert soon(lambda: any(name in line and "again" in line for line in demo.told[told:]), within=2)
    assert soon(lambda: demo.get("/health/live") == 200, within=10)


def test_ctrl_c_ends_everything_with_exit_code_0_and_a_second_start_keeps_the_state(demo: Demo, folder: Path) -> None:
    everything = demo.everything()
    assert demo.end(within=15) == 0
    assert [pid for pid in everything if alive(pid)] == []
    links = [line.split()[2].removeprefix(demo.base) for line in demo.said if line.startswith("SIGN-IN ")]
    again = Demo(folder).wait()
    try:
        assert visit(again.base + links[0])[0] == 200
        supervisor = int((folder / "lock").read_text().split()[1])
        everything = again.everything()
        os.kill(supervisor, signal.SIGTERM)
        assert again.process.wait(15) == 0
        assert [pid for pid in everything if alive(pid)] == []
    finally:
        again.kill()


def test_a_killed_demo_leaves_nothing_that_stops_the_next_start(folder: Path) -> None:
    first = Demo(folder).wait()
    processes = first.processes()
    first.kill()
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        second = Demo(folder, port=port).wait()
        try:
            assert second.port > port
            assert [name for name, pid in processes.items() if alive(pid)] == []
        finally:
            assert second.end() == 0
    assert make("demo-reset", folder).returncode == 0
    assert [path.name for path in folder.iterdir()] == ["lock"]
