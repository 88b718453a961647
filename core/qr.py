"""An address as a square that a phone's camera reads."""

from functools import lru_cache

import segno
from django.utils.html import format_html
from django.utils.safestring import SafeString

QUIET = 4  # the light border that cameras want, in modules


@lru_cache(maxsize=512)
def qr_svg(text: str, label: str, css: str = "") -> SafeString:
    """The square as SVG, dark on light in every theme: to stand in a page, or to be a picture of its own."""
    rows = [bytes(row) for row in segno.make(text, error="m", micro=False, boost_error=False).matrix]
    side = len(rows) + 2 * QUIET
    return format_html(
        '<svg xmlns="http://www.w3.org/2000/svg" class="qr{}" viewBox="0 0 {} {}" role="img" aria-label="{}" shape-rendering="crispEdges">'
        '<rect width="{}" height="{}" fill="#FFFEFB"/><path d="{}" fill="none" stroke="#211F1A"/></svg>',
        f" {css}" if css else "",
        side,
        side,
        label,
        side,
        side,
        _strokes(rows),
    )


def _strokes(rows: list[bytes]) -> str:
    """Each row's dark stretches as strokes one module wide, from one to the next."""
    found: list[str] = []
    at = (0, 0)
    for y, row in enumerate(rows):
        x = 0
        while (start := row.find(1, x)) >= 0:
            x = row.find(0, start)
            x = len(row) if x < 0 else x
            move = f"m{start - at[0]} {y - at[1]}" if found else f"M{start + QUIET} {y + QUIET}.5"
            found.append(f"{move}h{x - start}")
            at = (x, y)
    return "".join(found)
