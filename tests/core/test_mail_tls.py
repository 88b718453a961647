"""Letters over TLS, from the first byte (smtps://) or by STARTTLS: to a real server, whose certificate is held against its name."""

import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.mail import Mail, Post, Server, Unreachable, letter_kind
from core.scope import everything
from teams.models import Letter
from teams.models.letter import LetterState
from teams.services.letters import drain, post_letter
from tests.cast import Cast
from tests.marks import ROWS
from tests.postbox import AnyPort, Postbox

SCHEMES = ("smtps", "smtp+tls")
LETTER = b"Subject: Hello\r\n\r\nHello.\r\n"


@letter_kind("tls test", essential=True, why="A test.")
def _test(letter: Letter) -> Mail | None:
    return Mail("A letter", "A letter.\n", "<p>A letter.</p>")


def certificate(folder: Path, *names: str) -> ssl.SSLContext:
    """A self-made one for these names, in `folder`/cert.pem."""
    folder.mkdir()
    made = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    made += ["-subj", "/CN=mail.test", "-addext", f"subjectAltName={','.join(names)}"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    subprocess.run([*made, *files], check=True, capture_output=True)
    safe = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    safe.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return safe


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """The server's certificate, and the file in which it is trusted."""
    folder = tmp_path_factory.mktemp("tls") / "ours"
    return certificate(folder, "IP:127.0.0.1", "DNS:localhost"), folder / "cert.pem"


@contextmanager
def listening(scheme: str, safe: ssl.SSLContext) -> Iterator[Postbox]:
    """A mail server that speaks TLS alone, as the scheme says."""
    box = Postbox()
    how: dict[str, Any] = (
        {"ssl_context": safe} if scheme == "smtps" else {"tls_context": safe, "require_starttls": True}
    )
    server = AnyPort(box, hostname="127.0.0.1", port=0, ready_timeout=10, **how)
    server.start()
    try:
        box.url = f"{scheme}://127.0.0.1:{server.port}"
        yield box
    finally:
        server.stop()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_letter_goes_over_tls(
    scheme: str, ours: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    safe, trusted = ours
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with listening(scheme, safe) as box, Post(Server.from_url(box.url)) as line:
        line.send(LETTER, "lin@harbour.example")
        line.send(LETTER, "sol@harbour.example")
        assert line.line is not None
        assert isinstance(line.line.sock, ssl.SSLSocket)
    assert [taken.to for taken in box.journal] == ["lin@harbour.example", "sol@harbour.example"]


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("fault", ["nobody vouches for it", "it is another machine’s"])
def test_a_certificate_that_does_not_fit_hears_no_letter(
    scheme: str,
    fault: str,
    ours: tuple[ssl.SSLContext, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    safe, trusted = ours
    if fault == "nobody vouches for it":
        certificate(tmp_path / "others", "IP:127.0.0.1")
        trusted = tmp_path / "others" / "cert.pem"
    else:
        safe = certificate(tmp_path / "others", "DNS:mail.elsewhere.example")
        trusted = tmp_path / "others" / "cert.pem"
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    with (
        listening(scheme, safe) as box,
        pytest.raises(Unreachable, match="certificate verify failed"),
        Post(Server.from_url(box.url)) as line,
    ):
        line.send(LETTER, "lin@harbour.example")
    assert box.journal == []


def test_starttls_is_not_done_without(ours: tuple[ssl.SSLContext, Path]) -> None:
    """A server, or somebody on the way, that says it can't: the letter doesn't go in the open."""
    box = Postbox()
    server = AnyPort(box, hostname="127.0.0.1", port=0, ready_timeout=10)
    server.start()
    try:
        with pytest.raises(Unreachable, match="STARTTLS"), Post(Server("127.0.0.1", server.port, "starttls")) as line:
            line.send(LETTER, "lin@harbour.example")
    finally:
        server.stop()
    assert box.journal == []


class TestFromTheOutbox:
    pytestmark = ROWS

    @pytest.mark.parametrize("scheme", SCHEMES)
    def test_a_letter_waits_for_a_certificate_that_fits(
        self,
        scheme: str,
        cast: Cast,
        settings: Any,
        ours: tuple[ssl.SSLContext, Path],
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        safe, trusted = ours
        certificate(tmp_path / "others", "IP:127.0.0.1")
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "others" / "cert.pem"))
        with listening(scheme, safe) as box:
            settings.EMAIL_URL = box.url
            with everything("a test"):
                post_letter("tls test", key="tls:1", to=cast.lin.user, team=cast.team)
            drain()
            assert (box.journal, state()) == ([], LetterState.WAITING)
            monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
            with everything("a test"):
                Letter.objects.filter(key="tls:1").update(lease_until=None)  # the pause is over
            drain()
            assert ([taken.to for taken in box.journal], state()) == ([cast.lin.user.email], LetterState.SENT)


def state() -> LetterState:
    with everything("a test"):
        return LetterState(Letter.objects.get(key="tls:1").state)
