"""People who use the product while Redis is gone (R8): they read pages, post, sign in by a code, watch a stream, guess codes."""

import contextlib
import http.client
import http.cookiejar
import re
import socket
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from typing import Any

from tests.drill.rig import Rig
from tests.drill.wires import HOST

LAG = 5.0  # seconds that a live update may take without Redis


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: Any) -> None:
        return None


@dataclass
class Answer:
    status: int
    text: str
    seconds: float


class Visitor:
    """A browser reduced to its cookies."""

    def __init__(self, base: str, told: "list[tuple[str, int, float]]") -> None:
        self.base, self.told = base, told
        self.jar = http.cookiejar.CookieJar()
        self.opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.jar), _Stay())

    def cookie(self, name: str) -> str:
        return next((cookie.value or "" for cookie in self.jar if cookie.name == name), "")

    def ask(self, path: str, data: Mapping[str, Any] | None = None) -> Answer:
        body = None if data is None else urllib.parse.urlencode(dict(data), doseq=True).encode()
        began = time.monotonic()
        answer: Any
        try:
            answer = self.opener.open(urllib.request.Request(self.base + path, body), timeout=30)
            status = int(answer.status)
        except urllib.error.HTTPError as error:
            answer, status = error, int(error.code or 599)
        except OSError:
            self.told.append((path, 599, time.monotonic() - began))
            return Answer(599, "", time.monotonic() - began)
        with answer:
            text = answer.read().decode(errors="replace")
        seconds = time.monotonic() - began
        self.told.append((path, status, seconds))
        return Answer(status, text, seconds)

    def get(self, path: str) -> Answer:
        return self.ask(path)

    def post(self, path: str, **data: Any) -> Answer:
        return self.ask(path, {**data, "csrfmiddlewaretoken": self.cookie("csrf")})


class Watcher:
    """A live stream over HTTP, read in a thread; it comes back, with its position, when it is ended."""

    def __init__(self, port: int, meeting: int, session: str) -> None:
        self.port, self.meeting, self.session = port, meeting, session
        self.heard: list[tuple[float, str, str]] = []
        self.over = False
        self.revision = ""
        self.line: socket.socket | None = None
        self.thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self.thread.start()

    def _watch(self) -> None:
        while not self.over:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError, AttributeError):
                self._once()
            time.sleep(0.3)

    def _once(self) -> None:
        self.line = socket.create_connection((HOST, self.port), timeout=30)
        path = f"/live/{self.meeting}/?rev={self.revision}"
        self.line.sendall(f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\nCookie: session={self.session}\r\n\r\n".encode())
        response = http.client.HTTPResponse(self.line)
        response.begin()
        name, data = "", list[str]()
        for raw in response:
            line = raw.decode(errors="replace").rstrip("\n")
            if line.startswith("event: "):
                name = line[7:]
            elif line.startswith("data: "):
                data.append(line[6:])
            elif not line and name:
                self.heard.append((time.monotonic(), name, data[0] if data else ""))
                if name == "hello":
                    self.revision = data[0].split()[0]
                elif name == "update":
                    self.revision = f"{data[0].split()[0]}.{(self.revision + '.0').split('.')[1]}"
                name, data = "", []

    def lag_since(self, moment: float, subject: str, within: float) -> float | None:
        """Seconds from `moment` until an update of this subject came; None when it didn't."""
        while time.monotonic() < moment + within:
            for at, name, data in tuple(self.heard):
                if at > moment and name == "update" and subject in data.split()[1:]:
                    return at - moment
            time.sleep(0.01)
        return None

    def end(self) -> None:
        self.over = True
        if self.line is not None:
            with contextlib.suppress(OSError):
                self.line.shutdown(socket.SHUT_RDWR)
            self.line.close()


@dataclass
class Findings:
    """What the visitors met."""

    answers: list[tuple[str, int, float]] = field(default_factory=list)
    lags: list[float | None] = field(default_factory=list)
    lags_from_afar: list[float | None] = field(default_factory=list)  # of what another process changed
    jotted: list[str] = field(default_factory=list)
    signed_in: int = 0
    sign_ins_tried: int = 0
    wall: list[int] = field(default_factory=list)
    codes: list[int] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)

    def complaints(self) -> list[str]:
        """Without Redis: no 5xx; what was posted is there; sign-in works; streams lag five seconds at most; limits hold."""
        wrong = [f"{path} answered {status}" for path, status, _seconds in self.answers if status >= 500]
        wrong += [f"a jotting was lost: {text}" for text in self.lost]
        if self.signed_in < self.sign_ins_tried or not self.sign_ins_tried:
            wrong.append(f"{self.signed_in} of {self.sign_ins_tried} sign-ins by code worked")
        for lags in (self.lags, self.lags_from_afar):
            if not lags or any(lag is None or lag > LAG for lag in lags):
                wrong.append(f"the live stream lagged: {lags}")
        if self.wall.count(429) < len(self.wall) - 20 or 429 in self.wall[:20] or 429 not in self.wall:
            wrong.append(f"the wall’s code may be guessed: {self.wall}")
        if len(self.codes) < 4 or sum(status == 302 for status in self.codes) > 3:
            wrong.append(f"codes may be asked for without end: {self.codes}")
        return wrong

    def figures(self) -> dict[str, Any]:
        seconds = sorted(each for _path, _status, each in self.answers)
        lags = [round(lag, 2) for lag in self.lags if lag is not None]
        return {
            "answers": dict(sorted(Counter(str(status) for _path, status, _seconds in self.answers).items())),
            "seconds p50": round(seconds[len(seconds) // 2], 3) if seconds else None,
            "seconds max": round(seconds[-1], 3) if seconds else None,
            "live lag p50": sorted(lags)[len(lags) // 2] if lags else None,
            "live lag max": max(lags, default=None),
            "live lag max, changed elsewhere": max(
                (lag for lag in self.lags_from_afar if lag is not None), default=None
            ),
            "posts": len(self.jotted),
            "sign-ins": self.signed_in,
            "wall": dict(Counter(map(str, self.wall))),
            "codes": dict(Counter(map(str, self.codes))),
        }


class Visitors:
    """All of them, in a thread of their own, until `end`."""

    def __init__(self, rig: Rig, team: Mapping[str, Any], slug: str, meeting: int) -> None:
        self.rig, self.team, self.slug, self.meeting = rig, team, slug, meeting
        self.findings = Findings()
        self.people = {name: Visitor(rig.base, self.findings.answers) for name in ("Ada", "Lin")}
        self.over = threading.Event()
        self.watcher: Watcher | None = None
        self.comers: list[threading.Thread] = []
        self.thread = threading.Thread(target=self._visit, name="visitors", daemon=True)

    def come_in(self) -> None:
        """Before Redis goes: Ada and Lin are in the room, and Ada watches."""
        for name, visitor in self.people.items():
            visitor.get(self.team["links"][name])
            visitor.get(self.room)
        self.watcher = Watcher(self.rig.port, self.meeting, self.people["Ada"].cookie("session"))
        self.findings.answers.clear()

    def begin(self) -> None:
        self.thread.start()

    def end(self) -> None:
        self.over.set()
        self.thread.join(60)
        for comer in self.comers:
            comer.join(60)
        if self.watcher is not None:
            self.watcher.end()
        there = self.rig.stage.now("jotted", meeting=self.meeting)
        self.findings.lost = [text for text in self.findings.jotted if text not in there]

    @property
    def room(self) -> str:
        return f"/t/{self.slug}/m/{self.meeting}/"

    def _visit(self) -> None:
        ada, lin = self.people["Ada"], self.people["Lin"]
        rounds = 0
        while not self.over.is_set():
            ada.get("/")
            ada.get(f"/t/{self.slug}/")
            lin.get(self.room)
            text = f"calmer at the door {uuid.uuid4().hex[:6]}"
            if lin.post(f"{self.room}jottings/", text=text, key=str(uuid.uuid4())).status < 400:
                self.findings.jotted.append(text)
            self._tick(lin, rounds)
            if rounds == 0:
                self._guess(Visitor(self.rig.base, self.findings.answers))
                self._ask_for_codes(Visitor(self.rig.base, self.findings.answers))
            if rounds % 30 == 0:
                names = ("Sol", "Ben", "Mo")
                comer = Visitor(self.rig.base, self.findings.answers)
                self.findings.sign_ins_tried += 1
                self.comers.append(
                    threading.Thread(target=self._sign_in, args=(comer, names[rounds // 30 % 3]), daemon=True)
                )
                self.comers[-1].start()
            rounds += 1
            self.over.wait(1)

    def _tick(self, visitor: Visitor, rounds: int) -> None:
        """Who is here is ticked and unticked, now by the web itself and now by another process; Ada's stream must tell."""
        here: Sequence[int] = [
            self.team["members"][name] for name in (("Ada", "Lin") if rounds % 2 else ("Ada", "Ben"))
        ]
        if rounds % 3 == 2:
            others = ["Ada", "Sol" if rounds % 2 else "Mo"]
            began = self.rig.stage.now("tick", slug=self.slug, meeting=self.meeting, names=others)
            if self.watcher is not None:
                self.findings.lags_from_afar.append(self.watcher.lag_since(began, "people", 3 * LAG))
            return
        began = time.monotonic()
        if visitor.post(f"{self.room}attendance/", here=here).status < 400 and self.watcher is not None:
            self.findings.lags.append(self.watcher.lag_since(began, "people", 3 * LAG))

    def _guess(self, stranger: Visitor) -> None:
        stranger.get("/wall/")
        for number in range(25):
            self.findings.wall.append(stranger.post("/wall/", code=f"XXX{number:03d}").status)

    def _ask_for_codes(self, stranger: Visitor) -> None:
        for _ in range(5):
            stranger.get("/sign-in/")
            self.findings.codes.append(
                stranger.post("/sign-in/", email=self.team["emails"]["Kit"], device="own").status
            )

    def _sign_in(self, stranger: Visitor, name: str) -> None:
        email = self.team["emails"][name]
        before = self.rig.journal.words.pop(email, None)
        stranger.get("/sign-in/")
        stranger.post("/sign-in/", email=email, device="own")
        ends = time.monotonic() + 40
        while time.monotonic() < ends:
            content = self.rig.journal.words.get(email)
            code = content and code_in(content)
            if code:
                stranger.get("/sign-in/code/")
                stranger.post("/sign-in/code/", code=code)
                self.findings.signed_in += stranger.get("/you/").status == 200
                return
            time.sleep(0.1)
        self.rig.journal.words.setdefault(email, before or b"")


def code_in(content: bytes) -> str:
    """The six digits of a letter; empty when it is another letter."""
    message = message_from_bytes(content, policy=default)
    assert isinstance(message, EmailMessage)
    body = message.get_body(("plain",))
    found = re.search(r"^\s*(\d{6})\s*$|\b(\d{6})\b", str(body.get_content()) if body else "", re.MULTILINE)
    return (found[1] or found[2]) if found else ""
