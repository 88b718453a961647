"""Who may come in: a policy stands beside every route, and with it the request's scope.

`allow(who, view)` asks `who` for an `Admission`, opens the scope of the teams in it, and only then calls the view. What a person may *do*
inside is asked by the services, of the rules; `who` only says who may stand in the doorway.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import update_wrapper
from typing import Any, Literal
from urllib.parse import urlencode, urlsplit

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_cache_control

from core.errors import NotFound
from core.http import came_from, is_htmx, tell_kept
from core.scope import narrowing

Request = HttpRequest  # so that rules need not know django.http
Kind = Literal["person", "visitor", "wall", "nobody"]


@dataclass(frozen=True)
class Principal:
    """A reader: a signed-in person, a visitor, a wall, or nobody. Every read for one starts at `visible_to(principal)`."""

    kind: Kind = "nobody"
    team_ids: tuple[int, ...] = ()
    user_id: int | None = None
    member_id: int | None = None
    meeting_id: int | None = None
    zone: str | None = None  # the team's own time, in which its pages are rendered

    @property
    def whose(self) -> str:
        """Whose words a page or an answer is about: a browser keeps what one person types apart from the next one's."""
        return "" if self.user_id is None else str(self.user_id)


NOBODY = Principal()


class SignInFirst(Exception):
    """Nobody is signed in: a page leads to sign-in, htmx and streams get 401."""


class Who:
    """One kind of doorway. Subclasses say who is admitted."""

    name = "anyone"

    @contextmanager
    def standing(self, request: HttpRequest, **route: Any) -> Iterator[Principal]:
        """Who comes in; inside, the scope of their teams is open."""
        with narrowing("who is it", lambda: self.admit(request, **route), lambda found: found.team_ids) as principal:
            yield principal

    def admit(self, request: HttpRequest, **route: Any) -> Principal:
        """Who comes in. Raises SignInFirst or NotFound; runs with everybody's rows in sight, so it may look anybody up."""
        return NOBODY


class Anyone(Who):
    """No sign-in needed: sign-in itself, health. No row is looked at, and no scope opened."""

    @contextmanager
    def standing(self, request: HttpRequest, **route: Any) -> Iterator[Principal]:
        yield NOBODY


class SignedIn(Who):
    """Anybody with an account, of whatever team or none."""

    name = "signed in"

    @contextmanager
    def standing(self, request: HttpRequest, **route: Any) -> Iterator[Principal]:
        if not request.user.is_authenticated:
            raise SignInFirst
        yield Principal(kind="person", user_id=request.user.pk)


View = Callable[..., HttpResponseBase]


def allow(who: Who, view: View, *methods: str) -> View:
    """The view behind its policy. The scope is open while the view runs, and closed when it returns: pages are rendered inside.

    `methods`: what the route answers to (GET unless named; HEAD goes with GET), 405 for others.
    """
    answers = methods or ("GET",)

    def door(request: HttpRequest, **route: Any) -> HttpResponseBase:
        if request.method not in answers and not (request.method == "HEAD" and "GET" in answers):
            return HttpResponseNotAllowed(answers)
        try:
            with who.standing(request, **route) as principal, timezone.override(principal.zone):
                request.principal = principal  # type: ignore[attr-defined]
                response = view(request, **route)
        except SignInFirst:
            return ask_to_sign_in(request)
        if principal.whose and is_htmx(request):
            response["X-Person"] = principal.whose  # the page that asked may be an earlier person's
        if principal.kind != "nobody":
            tell_kept(request, response)
            patch_cache_control(response, private=True, no_store=True)
        return response

    update_wrapper(door, view)
    door.who, door.methods = who, answers  # type: ignore[attr-defined]
    return door


def ask_to_sign_in(request: HttpRequest) -> HttpResponse:
    """To the sign-in page and back here afterwards; 401 for htmx, which would swap the page into a list."""
    if is_htmx(request):
        return HttpResponse(status=401)
    back = request.get_full_path()
    if request.method not in ("GET", "HEAD"):  # the page whose form it was: the form's own address shows nothing
        page = urlsplit(came_from(request))
        back = page.path + (f"?{page.query}" if page.query else "")
    response = HttpResponse(status=302)
    response["Location"] = reverse("account_login") + (f"?{urlencode({'next': back}, safe='/')}" if back else "")
    return response


def principal_of(request: HttpRequest) -> Principal:
    """Who came in by the policy beside this route."""
    found = getattr(request, "principal", None)
    if not isinstance(found, Principal):
        raise NotFound("No policy stands beside this route")
    return found
