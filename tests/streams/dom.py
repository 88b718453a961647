"""A page as a browser has it, reduced to what the live channel does to it: elements by id, one put in another's place."""

import re
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from typing import Optional

VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
UNLIKE = {
    "nonce",
    "hx-nonce",
    "content",
    "data-rev",
    "open",
    "autofocus",
}  # made anew for each page, or the reader's own
FADES = ("undo",)  # goes by itself after half a minute
CLOCKS = ("data-ends", "data-clock", "data-of")  # what these say, the page’s own script says


class Element:
    """One element, with elements and text inside."""

    def __init__(self, tag: str, attributes: dict[str, str], parent: Optional["Element"] = None) -> None:
        self.tag, self.attributes, self.parent = tag, attributes, parent
        self.inside: list[Element | str] = []

    @property
    def id(self) -> str:
        return self.attributes.get("id", "")

    def all(self) -> Iterator["Element"]:
        """Itself and every element within it, in order."""
        yield self
        for child in self.inside:
            if isinstance(child, Element):
                yield from child.all()

    def children(self) -> list["Element"]:
        return [child for child in self.inside if isinstance(child, Element)]

    def put(self, other: "Element") -> None:
        """`other` in the place of this one."""
        if self.parent is not None:
            at = next(number for number, child in enumerate(self.parent.inside) if child is self)
            self.parent.inside[at] = other
        other.parent, self.parent = self.parent, None

    def copy(self) -> "Element":
        twin = Element(self.tag, dict(self.attributes))
        for child in self.inside:
            inside = child.copy() if isinstance(child, Element) else child
            if isinstance(inside, Element):
                inside.parent = twin
            twin.inside.append(inside)
        return twin

    def text(self) -> str:
        return "".join(child.text() if isinstance(child, Element) else child for child in self.inside)

    def is_piece(self) -> bool:
        """Whether it is repainted as a whole: a live fragment, or a personal piece."""
        return bool(self.id) and self.tag != "main" and ("data-rev" in self.attributes or "hx-get" in self.attributes)

    def said(self, *, root: bool = True) -> str:
        """As it is compared: without what differs from one page to the next though it shows the same."""
        if not root and self.is_piece():
            return f"[{self.id}]"
        if self.tag in ("script", "template", "noscript") or self.id in FADES:
            return ""
        kept = {name: value for name, value in self.attributes.items() if name not in UNLIKE}
        if kept.get("name") in ("csrfmiddlewaretoken", "key"):
            kept.pop("value", None)
        if "data-due" in kept:
            kept.pop("hidden", None)
        hushed = any(name in kept for name in CLOCKS) or ("data-words" in kept and "hidden" in kept)
        inside = (
            ""
            if hushed
            else "".join(
                child.said(root=False) if isinstance(child, Element) else escape(child) for child in self.inside
            )
        )
        marks = "".join(f' {name}="{escape(kept[name])}"' for name in sorted(kept))
        return f"<{self.tag}{marks}>{inside}</{self.tag}>"


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.root = self.at = Element("#", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        made = Element(tag, {name: value or "" for name, value in attrs}, self.at)
        self.at.inside.append(made)
        if tag not in VOID:
            self.at = made

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.at.inside.append(Element(tag, {name: value or "" for name, value in attrs}, self.at))

    def handle_endtag(self, tag: str) -> None:
        at = self.at
        while at.parent is not None and at.tag != tag:
            at = at.parent
        if at.parent is not None:
            self.at = at.parent

    def handle_data(self, data: str) -> None:
        self.at.inside.append(data)


def read(html: str) -> Element:
    """What a browser makes of it."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    return reader.root


class Page:
    """A document that is repainted piece by piece."""

    def __init__(self, html: str) -> None:
        self.root = read(html)
        [self.body] = [each for each in self.root.all() if each.tag == "body"]

    def by_id(self, wanted: str) -> Element | None:
        return next((each for each in self.body.all() if each.id == wanted), None)

    def main(self) -> Element:
        return next(each for each in self.body.all() if each.tag == "main")

    def pieces(self) -> list[Element]:
        return [each for each in self.body.all() if each.is_piece()]

    def shown(self) -> dict[str, str]:
        """Each piece, and what is round them, as it is compared."""
        whole = {piece.id: piece.said() for piece in self.pieces()} | {"": self.body.said()}
        return {name: re.sub(r"> <", "><", re.sub(r"\s+", " ", html)) for name, html in whole.items()}
