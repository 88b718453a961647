"""`bench_room`, as a stranger calls it while the demo runs (docs/contracts.md): everybody in the file is signed in, listens and is told."""

import asyncio
import http.client
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from bench.fanout import CASES, Result, measure
from tests.house.stranger import Demo, make

pytestmark = pytest.mark.slow
MEETINGS, PEOPLE = 3, 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("demo")


@pytest.fixture(scope="module")
def demo(folder: Path) -> Iterator[Demo]:
    demo = Demo(folder).wait()
    yield demo
    if demo.process.poll() is None:
        demo.end()


@pytest.fixture(scope="module")
def target(demo: Demo, folder: Path) -> dict[str, Any]:
    made = make("manage", folder, ARGS=f"bench_room --meetings {MEETINGS} --people {PEOPLE} --out {folder}/rooms.json")
    assert (made.returncode, made.stdout) == (0, ""), made.stderr
    found: dict[str, Any] = json.loads((folder / "rooms.json").read_text())
    return found


def run(target: dict[str, Any], demo: Demo) -> Result:
    case = replace(CASES["A"], meetings=MEETINGS, people=PEOPLE, rate=6, seconds=1.5)
    return asyncio.run(measure(target, case, {"web": [demo.processes()["web"]]}))


def get(demo: Demo, path: str, session: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", demo.port, timeout=10)
    connection.request("GET", path, headers={"Cookie": f"session={session}"})
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_every_point_reaches_everybody_of_its_meeting_once_and_nobody_else(target: dict[str, Any], demo: Demo) -> None:
    found = run(target, demo)
    assert (found.sound, found.posts, found.delivered) == (True, 9, 36), found


def test_there_are_so_many_teams_of_so_many_people_and_the_first_holds(target: dict[str, Any], demo: Demo) -> None:
    known, people = target["known"], range(PEOPLE)
    rooms = [known[str(number)] for number in range(MEETINGS)]
    assert len({room["slug"] for room in rooms}) == len({room["pk"] for room in rooms}) == MEETINGS
    sessions = {known[f"{number}-{person}"]["session"] for number in range(MEETINGS) for person in people}
    assert len(sessions) == MEETINGS * PEOPLE
    path = target["room"]["path"].replace("${slug}", rooms[0]["slug"]).replace("${pk}", rooms[0]["pk"])
    pages = [get(demo, path, known[f"0-{person}"]["session"]) for person in people]
    assert [status for status, _ in pages] == [200] * PEOPLE
    assert ["/jottings/" in page for _, page in pages] == [True, False, False, False]
    assert get(demo, path, known["1-0"]["session"])[0] == 404


def test_it_counts_from_0_or_from_1(target: dict[str, Any]) -> None:
    known = target["known"]
    assert known[str(MEETINGS)] == known["0"]
    assert known[f"0-{PEOPLE}"] == known["0-0"] == known[f"{MEETINGS}-0"]


def test_called_again_it_makes_others_and_those_before_still_work(
    target: dict[str, Any], demo: Demo, folder: Path
) -> None:
    assert make("manage", folder, ARGS=f"bench_room --meetings 1 --people 1 --out {folder}/again.json").returncode == 0
    again = json.loads((folder / "again.json").read_text())
    assert again["known"]["0"]["slug"] not in {each.get("slug") for each in target["known"].values()}
    assert run(target, demo).sound


@pytest.mark.parametrize(
    "words",
    [
        "--meetings 0 --people 3 --out {folder}/no.json",
        "--meetings 1 --people 3 --out {folder}/nowhere/no.json",
        "--meetings one --people 3 --out {folder}/no.json",
    ],
)
def test_a_bad_argument_is_said_and_exits_2(demo: Demo, folder: Path, words: str) -> None:
    refused = make("manage", folder, ARGS=f"bench_room {words.format(folder=folder)}")
    # make itself says 2 for whatever failed: the line on standard error is the command's own
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.strip()
    assert not (folder / "no.json").exists()
