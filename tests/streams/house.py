"""A running house for the tests of the streams: the product's own web process on the tests' PostgreSQL and Redis, and rooms in it."""

import contextlib
import http.client
import os
import random
import re
import secrets
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

import aiohttp
import psycopg
from django.conf import settings
from django.db import connections
from django.test import Client

from config import embedded
from core.scope import everything
from meetings.models import Meeting, WallCode
from meetings.rules import wall_token
from teams.models import Membership
from teams.roles import HolderRule, RaiseRule
from teams.services.teams import change_agreement
from tests.drill.wires import Proxy, Wires
from tests.journeys import deeds
from tests.streams.dom import Element
from tests.streams.tab import Tab

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("Ada", "Lin", "Sol", "Ben", "Mo")  # chairs, holds, has the pen, offers, leads
WORDS = (
    "A short call the day before makes a first visit easier to keep",
    "Ask each service what worries it most before talking about plans",
    "Leave the next step on paper, in the person’s own words",
    "Offer two times rather than asking when suits",
)


def test_database(alias: str = "default") -> str:
    """The address of the database that the tests have now."""
    given = connections[alias].settings_dict
    return f"postgres://{given['USER']}:{quote(given['PASSWORD'])}@{given['HOST']}:{given['PORT']}/{given['NAME']}"


class House:
    """The web process (each start on the same port), the wire to Redis, and hands on both."""

    def __init__(self, wires: Wires, log: Path, *, shaky: float = 0.0, sabotage: str = "", web: bool = True) -> None:
        self.wires, self.port, self.log = wires, embedded.free_port(), log
        parts = urlsplit(settings.REDIS_URL)
        self.redis = Proxy(wires, parts.port or 6379)
        wire = urlunsplit(parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{self.redis.port}"))
        self.env = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DATABASE_URL": test_database(),
            "DATABASE_OWNER_URL": test_database("owner"),
            "REDIS_URL": wire,
            "SHAKY": str(shaky),
            "SABOTAGE": sabotage,
        }
        self.keeper = psycopg.connect(test_database("owner"), autocommit=True)
        self.process: subprocess.Popen[bytes] | None = None
        if web:
            self.start()
            self.wait_until_ready()

    def start(self) -> None:
        self.process = embedded.spawn(
            [sys.executable, "-m", "tests.streams.shaky", str(self.port)], log=self.log, env=self.env, cwd=ROOT
        )

    def ready(self) -> bool:
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            client.request("GET", "/health/live")
            return client.getresponse().status == 200
        except OSError:
            return False
        finally:
            client.close()

    def wait_until_ready(self, within: float = 30) -> None:
        ends = time.monotonic() + within
        while not self.ready():
            assert time.monotonic() < ends, self.log.read_text()[-3000:]
            assert self.process is None or self.process.poll() is None, self.log.read_text()[-3000:]
            time.sleep(0.03)

    def stop(self) -> float:
        """As a deploy does it. Returns how long the old process took to go."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - began

    def close(self) -> None:
        if self.process is not None:
            embedded.end(self.process, how=signal.SIGTERM, within=4)
        self.keeper.close()

    # --- sessions, behind everybody's back

    def end_session(self, key: str) -> str | None:
        """The session ends; what it held is given back, to sign in with again. None: it had ended before."""
        gone = self.keeper.execute("DELETE FROM django_session WHERE session_key = %s RETURNING session_data", [key])
        row = gone.fetchone()
        return str(row[0]) if row else None

    def sign_in(self, data: str) -> str:
        key = secrets.token_hex(16)
        self.keeper.execute("INSERT INTO django_session VALUES (%s, %s, now() + interval '1 day')", [key, data])
        return key


@contextlib.contextmanager
def running_house(log: Path, *, shaky: float = 0.0, sabotage: str = "") -> Iterator[House]:
    """A house; at the end of the block nothing of it is left."""
    with Wires() as wires:
        house = House(wires, log, shaky=shaky, sabotage=sabotage)
        try:
            yield house
        finally:
            house.close()


@dataclass
class Room:
    """A team of its own in one meeting, and everybody's keys."""

    house: House
    slug: str
    as_they_come: bool = False
    meeting: int = 0
    code: str = ""
    keys: dict[str, dict[str, str]] = field(default_factory=dict)  # name -> cookies
    doors: dict[str, Proxy] = field(default_factory=dict)
    chance: random.Random = field(default_factory=random.Random)

    def found(self) -> None:
        with everything("a room for the streams"):
            deeds.team(self.slug, self.slug.capitalize())
            if self.as_they_come:
                change_agreement(
                    by=Membership.objects.get(team__slug=self.slug, user__name__startswith="Mo"),
                    holder_rule=HolderRule.APPOINTED,
                    raise_rule=RaiseRule.AS_THEY_COME,
                    read_back_minutes=5,
                    way_out="",
                )
            members = Membership.objects.filter(team__slug=self.slug).select_related("user")
            for member in members:
                client = Client()
                client.force_login(member.user)
                self.keys[member.first_name] = {
                    settings.SESSION_COOKIE_NAME: client.cookies[settings.SESSION_COOKIE_NAME].value,
                    settings.CSRF_COOKIE_NAME: secrets.token_hex(16),
                }
        for name in (*NAMES, "wall"):
            self.doors[name] = Proxy(self.house.wires, self.house.port)
        self.meet()

    def meet(self) -> None:
        """A new meeting under way: Ada chairs, Lin holds, Sol scribes."""
        with everything("a room for the streams"):
            for old in Meeting.objects.filter(team__slug=self.slug, phase="live"):
                deeds.close(self.slug, old.pk)
            self.meeting = deeds.meeting(self.slug)
            self.code = wall_token(WallCode.objects.get(meeting=self.meeting).code)

    @property
    def path(self) -> str:
        return f"/t/{self.slug}/m/{self.meeting}/"

    def tab(self, name: str, **more: int) -> Tab:
        path = f"/wall/{self.code}/" if name == "wall" else self.path
        cookies = {settings.WALL_COOKIE_NAME: self.code} if name == "wall" else self.keys[name]
        return Tab(f"{self.slug} {name}", self.doors[name].port, path, cookies, self.chance)

    async def post(self, by: Tab, path: str, **fields: str) -> int:
        """What somebody sends, by a line that isn't cut. 0: no answer, since the web is away just now."""
        token = by.cookies[settings.CSRF_COOKIE_NAME]
        whole = path if path.startswith("/") else self.path + path
        return await post(self.house.port, whole, by.cookies, {"csrfmiddlewaretoken": token, **fields})

    async def tap(self, by: Tab, number: int) -> int:
        """One of the forms that this person sees, filled in by chance."""
        forms = [
            form
            for form in by.page.body.all()
            if form.tag == "form" and self.path in form.attributes.get("action", "") and not _ends_it(form)
        ]
        if not forms:
            return 0
        chance = random.Random(number)
        form = chance.choice(forms)
        return await self.post(by, form.attributes["action"], **filled(form, chance))


def _ends_it(form: Element) -> bool:
    return bool(re.search(r"/(close|cancel|small|leave|summary/now)/$", form.attributes["action"]))


def filled(form: Element, chance: random.Random) -> dict[str, str]:
    """What a browser would send of it, with something in every field."""
    fields: dict[str, str] = {}
    buttons = []
    for each in form.all():
        name, kind = each.attributes.get("name", ""), each.attributes.get("type", "")
        if each.tag == "button":
            buttons.append(each)
        elif not name or "disabled" in each.attributes or name == "csrfmiddlewaretoken":
            continue
        elif name == "key":
            fields[name] = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        elif each.tag == "textarea" or (each.tag == "input" and kind in ("", "text")):
            fields[name] = f"{chance.choice(WORDS)} {chance.randrange(1000)}"
        elif each.tag == "select":
            fields[name] = chance.choice(
                [o.attributes.get("value", "") for o in each.all() if o.tag == "option"] or [""]
            )
        elif kind in ("checkbox", "radio"):
            if chance.random() < 0.5:
                fields[name] = each.attributes.get("value", "on")
        elif each.tag == "input":
            fields[name] = each.attributes.get("value", "")
    if buttons and (pressed := chance.choice(buttons)).attributes.get("name"):
        fields[pressed.attributes["name"]] = pressed.attributes.get("value", "")
    return fields


async def post(port: int, path: str, cookies: dict[str, str], fields: dict[str, str]) -> int:
    """A form as htmx sends it, on a connection of its own."""
    headers = {"HX-Request": "true", "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
    try:
        async with (
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as http,
            http.post(f"http://127.0.0.1:{port}{path}", data=fields, headers=headers, allow_redirects=False) as answer,
        ):
            await answer.read()
            return answer.status
    except (aiohttp.ClientError, OSError, TimeoutError):
        return 0
