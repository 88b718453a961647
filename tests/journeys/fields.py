"""Every text field there is, found by walking the pages: whoever adds one needn't tell the tests.

A page is known by its address with the numbers taken out, a form by where it posts to. A field counts if a person types words into it
and its form posts; searches (GET), passwords and six digits don't, nor what says data-not-kept="why".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import APIRequestContext, ElementHandle, JSHandle, Page

TYPED = {"text", "search", "email", "url", "tel", "number", "date", "time"}
LEFT_OUT = re.compile(r"^/(sign-in|sign-out|demo|static|live|calendar|components)/|\.(ics|json|zip|tid)$|/pieces/")


IS_TYPED = 'matches("textarea, input:not([type=hidden])")'
FORM = f"""([path, names]) => {{
  for (const folded of document.querySelectorAll("details")) folded.open = true;
  const address = (form) => new URL(form.getAttribute("action") || "", location.href).pathname;
  const has = (form) => [...form.elements].some((field) => field.name === names[0] && field.{IS_TYPED});
  return [...document.forms].find((form) => form.method === "post" && address(form) === path && has(form)) || null;
}}"""
FIELD = f"([form, name]) => [...form?.elements || []].find((field) => field.name === name && field.{IS_TYPED}) || null"


@dataclass
class Form:
    """A form that posts, and the names of its text fields."""

    action: str
    method: str
    fields: list[str] = field(default_factory=list)
    not_kept: list[str] = field(default_factory=list)
    hidden: dict[str, str] = field(default_factory=dict)
    waits: bool = False


class _Reader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.address, self.links, self.forms = address, list[str](), list[Form]()
        self.person, self.inert = "", 0
        self.within: Form | None = None
        self.by_id: dict[str, Form] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "template":
            self.inert += 1
        if self.inert:
            return
        if tag == "a" and "href" in given:
            self.links.append(urljoin(self.address, given["href"]))
        elif tag == "meta" and given.get("name") == "person":
            self.person = given["content"]
        elif tag == "form":
            self.within = Form(urljoin(self.address, given.get("action", "")), given.get("method", "get").lower())
            self.within.waits = "data-waits" in given or "data-fresh" in given
            self.forms.append(self.within)
            if "id" in given:
                self.by_id[given["id"]] = self.within
        elif tag in ("textarea", "input"):
            self._control(tag, given)

    def _control(self, tag: str, given: dict[str, str]) -> None:
        form = self.by_id.get(given.get("form", ""), self.within)
        kind = given.get("type", "text") if tag == "input" else "text"
        if form is None or form.method != "post":
            return
        if kind == "hidden":
            form.hidden[given.get("name", "")] = given.get("value", "")
        elif kind in TYPED and "readonly" not in given and given.get("autocomplete") != "one-time-code":
            (form.not_kept if given.get("data-not-kept") else form.fields).append(given["name"])

    def handle_endtag(self, tag: str) -> None:
        if tag == "template":
            self.inert -= 1
        elif tag == "form":
            self.within = None


def pattern(address: str) -> str:
    """An address without its numbers and tokens, so that two of a kind are one."""
    parts = urlsplit(address)
    query = re.sub(r"=(\d+|[^&]{30,})", "=#", parts.query)
    return re.sub(r"/(\d+|[^/]{30,})(?=/)", "/#", parts.path) + (f"?{query}" if query else "")


@dataclass(frozen=True)
class Place:
    """A form with text fields, on a page that somebody can reach."""

    who: str
    page: str
    action: str
    fields: tuple[str, ...]
    waits: bool

    @property
    def name(self) -> str:
        return f"{self.who} {pattern(self.page)} -> {pattern(self.action)}"

    def form(self, page: Page) -> JSHandle:
        """The form on the open page, with whatever is folded round it opened."""
        return page.evaluate_handle(FORM, [urlsplit(self.action).path, list(self.fields)])

    def field(self, page: Page, name: str) -> ElementHandle:
        """One of its fields, wherever on the page it stands."""
        found = page.evaluate_handle(FIELD, [self.form(page), name]).as_element()
        assert found is not None, f"{self.name}: no {name} on {page.url}"
        return found

    def values(self, page: Page) -> dict[str, str]:
        """What stands in its fields."""
        return {name: self.field(page, name).input_value() for name in self.fields}


def walk(asked: APIRequestContext, who: str, start: str, *, most: int = 250) -> Iterator[tuple[str, _Reader]]:
    """Every page that links lead to, by plain requests: one of a kind."""
    queue, seen, kinds = [start], {start}, set[str]()
    while queue and most:
        address = queue.pop(0)
        if pattern(address) in kinds:
            continue
        kinds.add(pattern(address))
        most -= 1
        answer = asked.get(address)
        if answer.status != 200 or "text/html" not in answer.headers.get("content-type", ""):
            continue
        read = _Reader(answer.url)
        read.feed(answer.text())
        yield answer.url, read
        for link in read.links:
            link = link.split("#")[0]
            parts = urlsplit(link)
            if parts.netloc == urlsplit(start).netloc and not LEFT_OUT.search(parts.path) and link not in seen:
                seen.add(link)
                queue.append(link)


def places(asked: APIRequestContext, who: str, start: str, more: list[str]) -> tuple[list[Place], list[str]]:
    """The forms with text fields that this person meets, and what is wrong with them at first sight."""
    found: dict[str, Place] = {}
    wrong: list[str] = []
    for begin in (start, *more):
        for page, read in walk(asked, who, begin, most=250 if begin == start else 1):
            for form in read.forms:
                if not form.fields:
                    continue
                place = Place(who, page, form.action, tuple(dict.fromkeys(form.fields)), form.waits)
                if not read.person:
                    wrong.append(f"{place.name}: the page says nobody’s")
                if form.waits and "key" not in form.hidden:
                    wrong.append(f"{place.name}: waits, and has no key")
                found.setdefault(place.name, place)
    return list(found.values()), wrong
