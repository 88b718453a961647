"""What changed, told to everybody who watches it: revisions, fragments, publishing. The only file that knows Redis pub/sub.

A service says which *subjects* changed (`touch(meeting, "agenda")`), never what to repaint. At the end of the transaction the
row's `revision` is raised under its lock, the fragments that show those subjects are rendered once for each audience, and after
commit they are published. PostgreSQL is the truth (`Live.changed` says what a returning browser missed), Redis is only haste:
whatever it loses, `core/stream.py`, which holds the open streams, finds in PostgreSQL within seconds.
"""

import asyncio
import contextlib
import json
import logging
import re
import time
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.db import connection, models, transaction
from django.template import loader
from django.utils import translation
from django.utils.safestring import SafeString, mark_safe
from redis import Redis
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from core import clock
from core.kept import columns_of, returned
from core.scope import before_commit

log = logging.getLogger(__name__)

MEMBER, WALL = "member", "wall"
VISITOR = "visitor"  # no audience: a visitor sees what members see; but a door of its own
_SUBJECT = re.compile(r"[a-z][a-z-]*")


class Live(models.Model):
    """A row that people watch. `changed` holds, for each subject, the revision at which it last changed.

    Personal subjects never raise `revision`, or a colleague could count them: each member has a counter of their own, kept
    under "@17", and "offers@17" is its value when that member's offers last changed.
    """

    revision = models.PositiveBigIntegerField(default=0, editable=False)
    changed = models.JSONField(default=dict, editable=False)
    touched_at = models.DateTimeField(null=True, editable=False)  # when anything about it last changed, personal or not

    class Meta:
        abstract = True

    def follows(self, before: "Live") -> None:
        """This is the same row, read after a change. What `before` had along and can't have changed needn't be asked again."""

    def surroundings(self) -> AbstractContextManager[object]:
        """What fragments are rendered in, whoever caused it: one language (override it to add the team's time zone)."""
        return translation.override(settings.LANGUAGE_CODE)


# --- Fragments: a piece of a page, written once, reached by three roads (the page, the htmx answer, the stream) ---

Query = Callable[[Any, str], Mapping[str, Any]]
Q = TypeVar("Q", bound=Query)


@dataclass(frozen=True)
class Fragment:
    """One name: partial = element id = target of the push."""

    name: str
    template: str
    subjects: frozenset[str]
    audiences: frozenset[str]
    query: Query
    of: str | None


fragments: dict[str, Fragment] = {}


def fragment(
    name: str,
    *,
    template: str,
    subjects: Iterable[str],
    audiences: Iterable[str] = (MEMBER,),
    of: str | None = None,
) -> Callable[[Q], Q]:
    """Register a fragment: the decorated function gives its context from (the live row, the audience).

    `template` is "app/page.html#partial"; its first element has `id="<name>"`, and holds no input and no `hx-*`. `of` names the
    live model ("meetings.Meeting") where more than one is watched.
    """

    def register(query: Q) -> Q:
        if name in fragments:
            raise ValueError(f"Two fragments are called {name}")
        fragments[name] = Fragment(name, template, frozenset(subjects), frozenset(audiences), query, of)
        return query

    return register


def render(name: str, obj: Live, audience: str) -> SafeString:
    """The fragment as HTML, the same bytes for everybody of this audience; its root says at which revision it last changed."""
    shown = fragments[name]
    if audience not in shown.audiences:
        raise ValueError(f"The fragment {name} is not for the audience {audience}")
    context = {"live": obj, "audience": audience}
    with obj.surroundings():
        html = loader.get_template(shown.template).render({**context, **shown.query(obj, audience)}).strip()
    mark = f' id="{name}"'
    start, found, rest = html.partition(mark)
    if not found or ">" in start:
        raise ValueError(f'The first element of {shown.template} must have id="{name}"')
    return mark_safe(f'{start}{mark} data-rev="{_last_change(shown, obj)}"{rest}')


def render_all(obj: Live, audience: str, since: int | None = None) -> list[tuple[str, str]]:
    """(name, HTML) of every fragment of this audience that shows something newer than `since`; of all, if that is None."""
    return [
        (shown.name, render(shown.name, obj, audience))
        for shown in fragments.values()
        if audience in shown.audiences
        and (shown.of is None or shown.of == obj._meta.label)
        and (since is None or _last_change(shown, obj) > since)
    ]


def partials(rendered: Iterable[tuple[str, str]]) -> str:
    """The fragments as htmx swaps them, each in its own place; also good as (part of) the answer to an htmx request."""
    return "".join(
        f'<hx-partial hx-target="#{name}" hx-swap="outerMorph">{html}</hx-partial>' for name, html in rendered
    )


def _last_change(shown: Fragment, obj: Live) -> int:
    return max((int(obj.changed.get(subject, 0)) for subject in shown.subjects), default=0)


# --- Where a browser is: "41.3" is the row's revision 41 and this member's personal counter 3 ---


def position(obj: Live, member: int | None = None) -> str:
    """The revision a page was rendered at, to be carried by the page. Read the row before whatever the page shows of it."""
    return f"{obj.revision}.{personal(obj, member)[0]}"


def personal(obj: Live, member: int | None) -> tuple[int, dict[str, int]]:
    """A member's own counter and, for each of their personal subjects, its value when that last changed."""
    if member is None:
        return 0, {}
    mark = f"@{member}"
    own = {key.removesuffix(mark): int(value) for key, value in obj.changed.items() if key.endswith(mark)}
    return own.pop("", 0), own


@dataclass(frozen=True)
class Missed:
    """What somebody at an earlier position hasn't seen: the public part, and what is only theirs."""

    revision: int
    subjects: tuple[str, ...]
    html: str
    counter: int
    own: tuple[str, ...]


Rendered = dict[tuple[int, int, str, int], str]  # (row, its revision, audience, since) -> HTML


def missed(
    obj: Live, audience: str, member: int | None, revision: int, counter: int, shared: Rendered | None = None
) -> Missed:
    """Replay: what is newer than (revision, counter), rendered anew from the rows. There is no log to replay.

    `shared`: what was rendered for others a moment ago, when a whole room comes back at once. Every road back leads through
    here: a stream that opens, the polling answer, and the search after a gap. The sabotage test
    `tests/sabotage/test_stream_replay.py` replaces this function; call it as `live.missed`.
    """
    since = revision if revision <= obj.revision else -1  # a browser from before a restored backup sees everything anew
    subjects = sorted(key for key, at in obj.changed.items() if "@" not in key and int(at) > since)
    now, own = personal(obj, member)
    counter = counter if counter <= now else -1
    shared = {} if shared is None else shared
    key = (obj.pk, obj.revision, audience, since)
    if subjects and key not in shared:
        shared[key] = partials(render_all(obj, audience, since))
    html = shared[key] if subjects else ""
    return Missed(obj.revision, tuple(subjects), html, now, tuple(sorted(s for s, at in own.items() if at > counter)))


def rows_of(model: type[Live], pks: Iterable[int]) -> list[Live]:
    """These rows, as far as they are there. One value however many, so that PostgreSQL plans it once."""
    table = connection.ops.quote_name(model._meta.db_table)
    return returned(model, f"SELECT {columns_of(model)} FROM {table} WHERE id = ANY(%s)", [list(pks)])


# --- Touching: once per transaction, under the row's lock ---


@dataclass(frozen=True)
class _Message:
    channel: str
    body: str


class _Touched:
    """All that one transaction touched. Told before commit (raise, render), published after it."""

    def __init__(self) -> None:
        self.rows: dict[tuple[type[Live], int], tuple[set[str], dict[int, set[str]]]] = {}
        self.before: dict[tuple[type[Live], int], Live] = {}
        self.messages: list[_Message] = []
        self.told = False

    def add(self, obj: Live, subjects: Iterable[str], to: Iterable[int] | None) -> None:
        public, own = self.rows.setdefault((type(obj), obj.pk), (set(), defaultdict(set)))
        self.before[type(obj), obj.pk] = obj
        if to is None:
            public.update(subjects)
        else:
            for member in to:
                own[member].update(subjects)

    def open(self) -> bool:
        """Still to be told, in the transaction that is open now (a rollback drops what was registered on commit)."""
        return not self.told and any(entry[1] == self.publish for entry in connection.run_on_commit)

    def tell(self) -> None:
        self.told = True
        for model, pk in sorted(self.rows, key=lambda key: (key[0]._meta.label, key[1])):  # one order: no deadlock
            public, own = self.rows[model, pk]
            obj = _raise_revision(model, pk, sorted(public), {m: sorted(own[m]) for m in sorted(own)})
            if obj is None or _quiet.get():
                continue
            obj.follows(self.before[model, pk])
            self.messages.append(_Message(f"live:{pk}", json.dumps(_describe(obj, public, own))))

    def publish(self) -> None:
        for message in self.messages:
            publish(message.channel, message.body)


_touched: ContextVar[_Touched | None] = ContextVar("touched", default=None)
_quiet: ContextVar[bool] = ContextVar("quiet", default=False)


def touch(obj: Live, *subjects: str, to: Iterable[int] | None = None) -> None:
    """Say that these subjects of `obj` changed; call it in a service, after writing.

    With `to` they are personal: only these members are told, no HTML is published, and nobody else can see that anything
    happened. Several touches in one transaction raise the revision once. Raises RuntimeError outside a scope.
    """
    for subject in subjects:
        if not _SUBJECT.fullmatch(subject):
            raise ValueError(f"Not a subject: {subject!r}")
    touched = _touched.get()
    if touched is None or not touched.open():
        touched = _Touched()
        before_commit(touched, touched.tell)
        transaction.on_commit(touched.publish, robust=True)
        _touched.set(touched)
    touched.add(obj, subjects, to)


@contextmanager
def quiet() -> Iterator[None]:
    """Inside, transactions raise revisions but render and publish nothing: for seeds, where nobody watches."""
    token = _quiet.set(True)
    try:
        yield
    finally:
        _quiet.reset(token)


def _raise_revision(model: type[Live], pk: int, public: list[str], own: Mapping[int, Iterable[str]]) -> Live | None:
    """Raise, note and read the row in one statement, under its lock; None if there is no such row (any more)."""
    changes, params = ["changed"], list[object]()
    for subject in public:
        changes.append("jsonb_build_object(%s::text, revision + 1)")
        params.append(subject)
    for member, subjects in own.items():
        for key in (f"@{member}", *(f"{subject}@{member}" for subject in subjects)):
            changes.append("jsonb_build_object(%s::text, coalesce((changed ->> %s)::bigint, 0) + 1)")
            params += [key, f"@{member}"]
    sql = (
        f"UPDATE {connection.ops.quote_name(model._meta.db_table)} "
        f"SET revision = revision + {int(bool(public))}, changed = {' || '.join(changes)}, touched_at = %s "
        f"WHERE id = %s RETURNING {columns_of(model)}"
    )
    return next(iter(returned(model, sql, [*params, clock.now(), pk])), None)


def _describe(obj: Live, public: set[str], own: Mapping[int, Iterable[str]]) -> dict[str, object]:
    """The message: every watching process copies `html` to its streams as it is."""
    html = {}
    if public:
        showing = [f for f in fragments.values() if f.subjects & public and f.of in (None, obj._meta.label)]
        for audience in sorted({audience for shown in showing for audience in shown.audiences}):
            html[audience] = partials(
                (f.name, render(f.name, obj, audience)) for f in showing if audience in f.audiences
            )
    return {
        "rev": obj.revision if public else None,
        "subjects": sorted(public),
        "html": html,
        "own": {str(member): [personal(obj, member)[0], sorted(own[member])] for member in own},
    }


def cut(
    *,
    live: int | None = None,
    audience: str | None = None,
    member: int | None = None,
    user: int | None = None,
    visitor: int | None = None,
) -> None:
    """After commit, end the open streams for which all of this is so. Whoever may still watch comes back by itself."""
    who = {"live": live, "audience": audience, "member": member, "user": user, "visitor": visitor}
    given = {key: value for key, value in who.items() if value is not None}
    if not given:
        raise ValueError("Say whose streams end")
    transaction.on_commit(lambda: publish("live:cut", json.dumps(given)), robust=True)


# --- Who may watch: answered by an upper app ---


class NotSignedIn(Exception):
    """Nobody is signed in: 401, so that the page can offer to sign in."""


@dataclass(frozen=True)
class Admission:
    """Somebody may watch `live`, a row read during this very check."""

    live: Live
    audience: str
    member: int | None = None
    user: int | None = None
    visitor: int | None = None


class Watching(NamedTuple):
    """Somebody whose stream is open: what they watch, as whom they were let in, and by which key."""

    live: int
    audience: str
    member: int | None
    user: int | None
    visitor: int | None
    session: str | None
    token: str | None


class Asked(NamedTuple):
    """Somebody at the door: which row they want to watch, and by which key; one of the last two is None."""

    pk: int
    session: str | None
    token: str | None


Admit = Callable[[Sequence[Asked]], Sequence[Admission | NotSignedIn | None]]
Lapsed = Callable[[Collection[Watching]], Collection[Watching]]
_admission: list[tuple[type[Live], Admit]] = []
_lapsed: list[Lapsed] = []


def register_admission(model: type[Live], admit: Admit, lapsed: Lapsed = lambda watching: ()) -> None:
    """`admit(asked)` says of each in turn who may watch rows of `model`: None for a stranger (404), NotSignedIn for nobody (401).

    It runs inside `everything("who listens")`; many ask at once when a server has been restarted, so it takes few queries for all.
    `lapsed(watching)` says in the same way who of those that were let in may not watch any more. It is asked every second or
    two, so that a removed member's stream ends soon even where the word of `cut` didn't come through.
    """
    _admission[:], _lapsed[:] = [(model, admit)], [lapsed]


def lapsed(watching: Collection[Watching]) -> Collection[Watching]:
    """Who of these may not watch any more."""
    return _lapsed[0](watching) if _lapsed and watching else ()


def admission() -> tuple[type[Live], Admit]:
    """What was registered."""
    if not _admission:
        raise RuntimeError("Nobody has said who may watch: call core.live.register_admission() in an AppConfig.ready")
    return _admission[0]


# --- Redis: haste, never truth ---

PATIENCE = 0.05  # seconds a request may lose to a Redis that hangs
PAUSE = 2.0  # seconds in which nobody tries again after it did
_try_again_at = 0.0

Ear = Callable[[str, bytes], None]
ears: set[Ear] = set()  # the hubs of this process: they hear directly what Redis could not be told


@cache
def _speaker(url: str) -> Redis:
    return Redis.from_url(
        url, socket_timeout=PATIENCE, socket_connect_timeout=PATIENCE, retry=Retry(NoBackoff(), 0), max_connections=64
    )


def publish(channel: str, body: str) -> bool:
    """Tell every watching process. Never raises and never waits long: a dead Redis makes things later, not lost."""
    global _try_again_at
    if time.monotonic() >= _try_again_at:
        try:
            if _speaker(settings.REDIS_URL).publish(channel, body):
                return True
            # Redis is there, but nobody hears it: it has just come back, and every ear is still on its way.
        except (RedisError, OSError) as error:
            _try_again_at = time.monotonic() + PAUSE
            log.warning("Redis is silent (%s): live updates go by PostgreSQL meanwhile", error)
    for ear in tuple(ears):
        ear(channel, body.encode())
    return False  # nobody was told but our own streams


async def listen(hear: Ear, connected: Callable[[bool], None]) -> None:
    """Hear everything that is published, for ever: a connection that breaks or falls silent is made anew."""
    pause = 0.2
    while True:
        began = time.monotonic()
        try:
            async with contextlib.AsyncExitStack() as stack:
                await _listen_once(stack, hear, connected)
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("Not hearing Redis (%s): asking PostgreSQL meanwhile", error)
        except Exception:
            log.exception("Hearing Redis failed; trying again")
        connected(False)
        pause = 0.2 if time.monotonic() - began > 10 else min(pause * 2, 3.0)
        await asyncio.sleep(pause)


async def _listen_once(stack: contextlib.AsyncExitStack, hear: Ear, connected: Callable[[bool], None]) -> None:
    """One connection, until it breaks or nothing, not even the answer to a ping, has come for five seconds."""
    client = AsyncRedis.from_url(
        settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=None, retry=AsyncRetry(NoBackoff(), 0)
    )
    stack.push_async_callback(client.aclose)
    pubsub = client.pubsub()
    stack.push_async_callback(pubsub.aclose)
    await asyncio.wait_for(pubsub.psubscribe("live:*"), 3)
    heard_at = time.monotonic()

    async def receive() -> None:
        nonlocal heard_at
        while True:
            message = await pubsub.get_message(timeout=None)
            heard_at = time.monotonic()
            if message and message["type"] == "psubscribe":
                connected(True)
            elif message and message["type"] == "pmessage":
                hear(message["channel"].decode(), message["data"])

    receiving = asyncio.ensure_future(receive())
    stack.push_async_callback(_dismiss, receiving)
    while time.monotonic() - heard_at < 5:
        await asyncio.wait({receiving}, timeout=2)
        if receiving.done():
            return receiving.result()
        await asyncio.wait_for(pubsub.ping(), 2)
    raise TimeoutError("it is silent")


async def _dismiss(task: "asyncio.Future[None]") -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, Exception):
        await task
