"""Every address there is, read off the resolver: for tests that must not keep a list by hand."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from core.policy import Who
from meetings.roles import SeatKind

PLACES = (  # what a parameter stands for; the longest first
    ("/m/<int:pk>/", "/m/{meeting}/"),
    ("/people/invitations/<int:pk>/", "/people/invitations/{invitation}/"),
    ("/people/<int:pk>/", "/people/{member}/"),
    ("<slug:slug>", "{slug}"),
    ("<int:item>", "{item}"),
    ("<int:jotting>", "{jotting}"),
    ("<int:point>", "{point}"),
    ("<int:offer>", "{offer}"),
    ("<int:series>", "{series}"),
    ("<int:line>", "{line}"),
    ("<int:pause>", "{pause}"),
    ("<int:away>", "{away}"),
    ("<int:edition>", "{edition}"),
    ("<int:tap>", "{tap}"),
    ("<str:token>", "{token}"),
    ("<str:wall>", "{code}"),
    ("<str:visit>", "{visit}"),
    ("<int:visitor>", "{visitor}"),
)
CHOICES = re.compile(r"<(seat|piece):\w+>")


@dataclass(frozen=True)
class Route:
    """One route of the resolver."""

    name: str
    pattern: str
    view: Callable[..., Any]
    choices: tuple[str, ...] = ()

    @property
    def who(self) -> Who | None:
        found = getattr(self.view, "who", None)
        return found if isinstance(found, Who) else None

    @property
    def methods(self) -> tuple[str, ...]:
        found: tuple[str, ...] = getattr(self.view, "methods", ())
        return found

    def addresses(self, given: Mapping[str, object]) -> list[str]:
        """This route for what is given; one address for each seat or piece where it has one."""
        template = "/" + self.pattern
        for parameter, place in PLACES:
            template = template.replace(parameter, place)
        variants = [CHOICES.sub(choice, template) for choice in self.choices] or [template]
        assert not any("<" in variant for variant in variants), f"a parameter that the tests don't know: {self.pattern}"
        return [variant.format(**given) for variant in variants]


def every_route(patterns: Sequence[URLPattern | URLResolver] | None = None, before: str = "") -> Iterator[Route]:
    """All of the resolver's, or of these patterns."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        pattern = before + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from every_route(entry.url_patterns, pattern)
        else:
            yield Route(entry.name or pattern, pattern, entry.callback, _choices(entry))


def _choices(entry: URLPattern) -> tuple[str, ...]:
    converters = getattr(entry.pattern, "converters", {})
    if "kind" in converters:
        return tuple(SeatKind.values)
    if "name" in converters:
        return tuple(converters["name"].regex.split("|"))
    return ()
