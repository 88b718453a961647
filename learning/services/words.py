"""The one way that words which others will read come in: tidied, measured, and looked at by the guard."""

from django.utils.translation import gettext as _

from core import guard
from core.errors import Invalid

POINT, PHRASE, LINE = (
    500,
    200,
    600,
)  # the longest a point, a phrase beside it, and a line in the summary may be, in characters


def one_line(
    text: str, *, field: str = "text", longest: int = POINT, done: guard.Done = guard.Done.SAVED, empty: bool = False
) -> str:
    """The words in one line. Raises Invalid when there are none (unless `empty`) or too many, Identifying when the guard finds somebody."""
    text = " ".join(text.replace("\0", " ").split())  # PostgreSQL keeps no NUL
    if not text and not empty:
        raise Invalid(field, _("Write a word or two first."))
    if len(text) > longest:
        raise Invalid(field, _("Say it in fewer words: %(longest)d letters at most.") % {"longest": longest})
    guard.check(done, **{field: text})
    return text
