"""The demo's own pages. None of this exists without DEMO=1, and the demo starts on loopback alone."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from typing import Any

from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.csp import CSP
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.csp import csp_override

from config.demo_letters import Preview, all_previews
from config.demo_parts import all_parts
from core.errors import NotFound
from core.http import page, see_other
from teams.services.sign_in import user_of_demo_token
from teams.views.sign_in import come_in

# A letter's HTML as a mail program shows it: its styles, and nothing that runs. (An empty list would leave "sandbox" out.)
LETTERS_OWN_STYLE = csp_override(
    {"default-src": [CSP.NONE], "style-src": [CSP.UNSAFE_INLINE], "frame-ancestors": [CSP.NONE], "sandbox": [""]}
)


def sign_in(request: HttpRequest, signed: str) -> HttpResponse:
    """Sign in whoever the link was signed for, as often as one likes."""
    user = user_of_demo_token(signed)
    if user is None:
        raise NotFound(_("This link isn’t one of this demo’s. Start it anew, or look at the lines it printed."))
    if request.user.is_authenticated and request.user.pk != user.pk:
        logout(request)
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    come_in(request, how="demo")
    return see_other(request, reverse("home"))


def components(request: HttpRequest) -> HttpResponse:
    """Every part in every state, each with an id."""
    return page(request, "components/gallery.html", {"letters": all_previews(), "shown": all_parts(request)})


def _preview(name: str) -> Preview:
    found = all_previews().get(name)
    if found is None:
        raise NotFound(_("There is no such letter."))
    return found


@LETTERS_OWN_STYLE
def component_letter(request: HttpRequest, letter: str) -> HttpResponse:
    """One letter of the gallery as a mail program would show it."""
    return HttpResponse(_preview(letter).mail.html)


def component_calendar(request: HttpRequest, letter: str) -> HttpResponse:
    """Its calendar file."""
    calendar = _preview(letter).mail.calendar
    if calendar is None:
        raise NotFound(_("This letter has no calendar file."))
    return HttpResponse(calendar.content, content_type=f"text/calendar; charset=utf-8; method={calendar.method}")


def sent() -> list[dict[str, Any]]:
    """What the demo's mail catcher took, the newest first, as contracts say."""
    folder = settings.DEMO_DIR / "letters"
    return [_read(file.read_bytes(), file.stat().st_mtime) for file in sorted(folder.glob("*.eml"), reverse=True)]


def _read(letter: bytes, taken: float) -> dict[str, Any]:
    message = message_from_bytes(letter, policy=default)
    # The catcher's own note of whom it was for comes first.
    to = message.get_all("X-Caught-To") or [address.addr_spec for address in message["To"].addresses]
    taken = float(message.get("X-Caught-At", taken))
    return {
        "to": ", ".join(map(str, to)),
        "subject": str(message["Subject"] or "").strip(),  # a long one begins on a line of its own
        "text": _body(message.get_body(("plain",))),
        "html": _body(message.get_body(("html",))),
        "headers": {name: str(value) for name, value in message.items() if not name.startswith("X-Caught-")},
        "message_id": str(message["Message-ID"] or "").strip(),
        "sent_at": datetime.fromtimestamp(taken, UTC).isoformat(),
    }


def _body(part: Any) -> str:
    return str(part.get_content()).replace("\r\n", "\n") if part else ""


def letters(request: HttpRequest) -> HttpResponse:
    """Every letter the demo sent, its plain text in place."""
    found = sent()
    for number, letter in enumerate(reversed(found)):
        letter["number"], letter["moment"] = number, parse_datetime(letter["sent_at"])
    return page(request, "demo/letters.html", {"letters": found})


@LETTERS_OWN_STYLE
def letter_html(request: HttpRequest, number: int) -> HttpResponse:
    """One letter's HTML as a mail program would show it: its styles, no scripts. Numbered from the oldest."""
    found = list(reversed(sent()))
    if number >= len(found):
        raise NotFound(_("The demo hasn’t sent so many letters."))
    return HttpResponse(found[number]["html"])


def letters_json(request: HttpRequest) -> JsonResponse:
    """The same for scripts."""
    return JsonResponse(sent(), safe=False, json_dumps_params={"ensure_ascii": False, "indent": 1})
