"""How fast the pages are: server time, queries, bytes over the wire, requests, and what a slow phone's browser makes of the room.

    DEMO_DIR=… python -m bench.pages --base http://127.0.0.1:8000 --out pages.json [--times 200] [--no-browser]

The demo that runs there is asked for two rooms of twelve signed-in people: one as usual, one with fifty of everything. Server time is from
the last byte of the request to the last of the answer, on loopback, one request after another, everything warm. The browser is
Chromium at a quarter of this processor's speed, at a phone's size. Progress goes to standard error, the table to standard output.
"""

import argparse
import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

ROOT = Path(__file__).resolve().parent.parent
PEOPLE = 12
WARM = 20
HOLDER, CHAIR, SCRIBE, MEMBER = range(4)  # as bench_room seats them
SEATS = {"holder": HOLDER, "Chair": CHAIR, "scribe": SCRIBE, "member": MEMBER}
SLOWER = 4  # so many times
WATCH = """
window.measured = {lcp: 0, long: []};
new PerformanceObserver(list => { for (const entry of list.getEntries()) measured.lcp = entry.startTime; })
  .observe({type: "largest-contentful-paint", buffered: true});
new PerformanceObserver(list => { for (const entry of list.getEntries()) measured.long.push([entry.startTime, entry.duration]); })
  .observe({type: "longtask", buffered: true});
"""
BLOCKED = """() => {  // total blocking time: what tasks took beyond 50 ms, as far as that was after the first contentful paint
  const [painted] = performance.getEntriesByName("first-contentful-paint");
  const over = ([start, took]) => Math.max(0, start + took - Math.max(start + 50, painted ? painted.startTime : 0));
  return {lcp: measured.lcp, tbt: measured.long.reduce((sum, task) => sum + over(task), 0)};
}"""


def say(sentence: str) -> None:
    print(f"pages: {sentence}", file=sys.stderr, flush=True)


class Browser:
    """One signed-in person on one lasting connection, as htmx and a link ask."""

    def __init__(self, base: str, known: dict[str, str]) -> None:
        where = urlsplit(base)
        self.line = http.client.HTTPConnection(where.hostname or "", where.port, timeout=30)
        self.used = 0.0
        self.csrf = known["csrf"]
        self.headers = {
            "Cookie": f"session={known['session']}; csrf={self.csrf}",
            "Accept-Encoding": "gzip, br",
            "Connection": "keep-alive",
        }

    def ask(self, path: str, form: dict[str, str] | None = None, *, htmx: bool = False) -> tuple[float, int, bytes]:
        """Milliseconds, status and body as it came over the wire."""
        headers = {**self.headers, **({"HX-Request": "true"} if htmx or form is not None else {})}
        body = None
        if form is not None:
            body = urlencode({"csrfmiddlewaretoken": self.csrf, **form})
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if time.perf_counter() - self.used > 3:  # the server hangs up on who is silent for five seconds
            self.line.close()
            self.line.connect()
        began = time.perf_counter()
        self.line.request("POST" if form is not None else "GET", path, body, headers)
        answer = self.line.getresponse()
        found = answer.read()
        self.used = time.perf_counter()
        return (self.used - began) * 1000, answer.status, found


def cpu(pid: int) -> float:
    """Milliseconds of processor that a process has had, its threads together."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


def timed(name: str, times: int, web: int, ask: Callable[[int], tuple[float, int, bytes]]) -> dict[str, Any]:
    """So many of one request, after a few that don't count."""
    for number in range(WARM):
        ask(number)
    before = cpu(web)
    answers = [ask(number) for number in range(WARM, WARM + times)]
    spent = (cpu(web) - before) / times
    wrong = sorted({status for _, status, _ in answers if status >= 400})
    if wrong:
        raise SystemExit(f"{name}: answered {wrong}")
    milliseconds = sorted(answer[0] for answer in answers)
    found = {
        "p50": round(statistics.median(milliseconds), 1),
        "p95": round(milliseconds[int(len(milliseconds) * 0.95) - 1], 1),
        "cpu": round(spent, 1),
        "bytes": round(statistics.median(len(answer[2]) for answer in answers)),
        "times": times,
    }
    say(f"{name}: p50 {found['p50']} ms, p95 {found['p95']} ms, {found['cpu']} ms of processor, {found['bytes']} bytes")
    return found


class Room:
    """A meeting of the bench, and who is in it."""

    def __init__(self, target: dict[str, Any], number: int) -> None:
        own = target["known"][str(number)]
        self.path = f"/t/{own['slug']}/m/{own['pk']}/"
        self.pk = int(own["pk"])
        self.base = target["base"]
        self.people = [target["known"][f"{number}-{person}"] for person in range(PEOPLE)]

    def browser(self, person: int) -> Browser:
        return Browser(self.base, self.people[person])


def rooms(folder: Path) -> list[Room]:
    out = folder / "pages-target.json"
    manage = [sys.executable, "-m", "config.demo", "manage"]
    subprocess.run(
        [*manage, "bench_room", "--meetings=2", f"--people={PEOPLE}", f"--out={out}"],
        cwd=ROOT,
        env={**os.environ, "DEMO_DIR": str(folder)},
        check=True,
        stdin=subprocess.DEVNULL,
    )
    target = json.loads(out.read_text())
    out.unlink()
    return [Room(target, number) for number in (0, 1)]


def furnish(room: Room, many: int) -> None:
    """So many jottings, offers, points and coming items, made as people make them."""
    holder, member = room.browser(HOLDER), room.browser(MEMBER)
    for number in range(many):
        key = str(uuid.uuid4())
        for who, path, form in (
            (holder, "jottings/", {"text": f"Calmer at the door once somebody had rung first, number {number}"}),
            (member, "offers/", {"text": f"Keep one list of who answers the phone in the morning, {number}"}),
            (
                holder,
                "points/",
                {"kind": "point", "raise": "1", "text": f"A short call the day before helps {number}"},
            ),
            (holder, "items/add/", {"kind": "other", "label": f"Dates {number}", "minutes": "5"}),
        ):
            status = who.ask(room.path + path, {**form, "key": key})[1]
            if status >= 400:
                raise SystemExit(f"{path} answered {status}")


def server_times(usual: Room, full: Room, times: int, web: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for words, room in (("", usual), (", fifty of everything", full)):
        for seat in ("member", "holder"):
            browser = room.browser(SEATS[seat])
            name = f"the room of a {seat}{words}"
            found[name] = timed(name, times, web, lambda _, ask=browser.ask, at=room.path: ask(at))  # type: ignore[misc]
    holder, chair = usual.browser(HOLDER), usual.browser(CHAIR)
    for piece in ("controls", "desk", "roll"):
        path = f"{usual.path}pieces/{piece}/"
        found[f"piece: {piece}"] = timed(f"piece: {piece}", times, web, lambda _, at=path: chair.ask(at, htmx=True))  # type: ignore[misc]
    found["a jotting"] = timed(
        "a jotting",
        times,
        web,
        lambda number: holder.ask(
            f"{usual.path}jottings/", {"text": f"What somebody noticed, number {number}", "key": str(uuid.uuid4())}
        ),
    )
    item = last_item(usual)
    found["an agenda move"] = timed(
        "an agenda move",
        times,
        web,
        lambda number: chair.ask(
            f"{usual.path}items/{item}/move/", {"to": "down" if number % 2 else "up", "from": "room"}
        ),
    )
    found["next item"] = timed(
        "next item", 25, web, lambda _: full.browser(CHAIR).ask(f"{full.path}next/", {"after": on(full)})
    )
    return found


# --- Asked of the database, in this very process ---


def prepare_django(folder: Path) -> None:
    os.environ.update(json.loads((folder / "environment.json").read_text()))
    os.environ.update({"DJANGO_SETTINGS_MODULE": "config.settings", "DEMO": "1", "DEMO_DIR": str(folder)})
    import django  # noqa: PLC0415  (not before the environment is known)

    django.setup()


def _items(room: Room) -> Any:
    from core.scope import everything  # noqa: PLC0415
    from meetings.models import Item  # noqa: PLC0415

    with everything("the bench looks"):
        return list(Item.objects.filter(meeting=room.pk).order_by("position"))


def last_item(room: Room) -> int:
    return int(_items(room)[-1].pk)


def on(room: Room) -> str:
    return next((str(item.pk) for item in _items(room) if item.is_now), "")


def queries(usual: Room, full: Room) -> dict[str, list[int]]:
    """Of each seat's room, as usual and with fifty of everything; BEGIN and COMMIT are counted."""
    from django.db import connection  # noqa: PLC0415
    from django.test import Client  # noqa: PLC0415
    from django.test.utils import CaptureQueriesContext  # noqa: PLC0415

    found: dict[str, list[int]] = {}
    for seat, person in SEATS.items():
        for room in (usual, full):
            client = Client(headers={"host": "127.0.0.1"})
            client.cookies["session"] = room.people[person]["session"]
            with CaptureQueriesContext(connection) as asked:
                client.get(room.path)
            found.setdefault(seat, []).append(len(asked))
    return found


# --- What a browser makes of it ---


def chromium() -> str | None:
    named = os.environ.get("CHROMIUM")
    return named or next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def in_browser(room: Room, runs: int) -> dict[str, Any]:
    """First load with an empty cache, then a reload: bytes, requests, largest paint and blocking, medians of so many runs."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    firsts: list[dict[str, Any]] = []
    again: list[dict[str, Any]] = []
    with sync_playwright() as play:
        options = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        engine = play.chromium.launch(executable_path=chromium(), args=options)
        for _ in range(runs):
            context = engine.new_context(viewport={"width": 390, "height": 844})
            context.add_cookies(
                [{"name": name, "value": room.people[HOLDER][name], "url": room.base} for name in ("session", "csrf")]
            )
            page = context.new_page()
            page.add_init_script(WATCH)
            cdp = context.new_cdp_session(page)
            cdp.send("Network.enable")
            cdp.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
            for kept in (firsts, again):
                heard: dict[str, dict[str, Any]] = {}
                listen(cdp, heard)
                page.goto(room.base + room.path, wait_until="load")
                page.wait_for_selector("main[data-state=live]")
                page.wait_for_timeout(1500)
                kept.append({**weighed(heard.values()), **page.evaluate(BLOCKED)})
            context.close()
        engine.close()
    return {"first load": middle(firsts), "reload": middle(again)}


def listen(cdp: Any, heard: dict[str, dict[str, Any]]) -> None:
    def began(event: dict[str, Any]) -> None:
        heard[event["requestId"]] = {"url": event["request"]["url"], "bytes": 0, "kept": False}

    def kept(event: dict[str, Any]) -> None:
        heard[event["requestId"]]["kept"] = True

    def ended(event: dict[str, Any]) -> None:
        if event["requestId"] in heard:
            heard[event["requestId"]]["bytes"] = event["encodedDataLength"]

    cdp.on("Network.requestWillBeSent", began)
    cdp.on("Network.requestServedFromCache", kept)
    cdp.on("Network.loadingFinished", ended)


def weighed(requests: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Bytes with their headers, fonts apart. The stream that stays open is a request too; what comes from the cache isn't."""
    sent = [each for each in requests if not each["kept"] and each["url"].startswith("http")]
    fonts = [each for each in sent if ".woff2" in each["url"]]
    return {
        "requests": len(sent),
        "bytes": sum(each["bytes"] for each in sent if each not in fonts),
        "fonts": len(fonts),
        "font bytes": sum(each["bytes"] for each in fonts),
        "what": sorted(
            ((each["bytes"], urlsplit(each["url"]).path.rsplit("/", 2)[-1] or "the page") for each in sent),
            reverse=True,
        ),
    }


def middle(runs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    numbers = {key: round(statistics.median(run[key] for run in runs)) for key in runs[0] if key != "what"}
    return {**numbers, "what": runs[-1]["what"]}


def table(report: dict[str, Any]) -> str:
    """In Markdown."""
    lines = ["| page | p50 ms | p95 ms | the web’s CPU ms | bytes |", "|---|---|---|---|---|"]
    lines += [
        f"| {name} | {each['p50']} | {each['p95']} | {each['cpu']} | {each['bytes']} |"
        for name, each in report["server"].items()
    ]
    lines += ["", "| queries of the room | as usual | fifty of everything |", "|---|---|---|"]
    lines += [f"| {seat} | {one} | {fifty} |" for seat, (one, fifty) in report["queries"].items()]
    if "browser" in report:
        lines += [
            "",
            "| in the browser | requests | KB | fonts | KB of fonts | LCP ms | TBT ms |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += [
            f"| {name} | {each['requests']} | {each['bytes'] / 1000:.1f} | {each['fonts']} | {each['font bytes'] / 1000:.1f}"
            f" | {each['lcp']} | {each['tbt']} |"
            for name, each in report["browser"].items()
        ]
    return "\n".join(lines) + "\n"


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench.pages", description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--base", required=True)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--times", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3, help="of the browser")
    parser.add_argument("--no-browser", action="store_true")
    asked = parser.parse_args(words)
    folder = Path(os.environ.get("DEMO_DIR") or ROOT / ".demo").resolve()
    usual, full = rooms(folder)
    furnish(usual, 4)
    furnish(full, 50)
    prepare_django(folder)
    report: dict[str, Any] = {}
    if not asked.no_browser and chromium():
        report["browser"] = in_browser(usual, asked.runs)
    web = json.loads((folder / "processes.json").read_text())["web"]
    report["queries"] = queries(usual, full)
    report["server"] = server_times(usual, full, asked.times, web)
    if asked.out:
        asked.out.write_text(json.dumps(report, indent=1) + "\n")
    print(table(report), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
