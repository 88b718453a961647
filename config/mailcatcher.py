"""The demo's SMTP server: what it is given lies in a folder afterwards, one .eml file a letter, in the order of arrival.

python -m config.mailcatcher --port 2525 --folder .demo/letters
"""

import argparse
import contextlib
import itertools
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session

HOST = "127.0.0.1"


class Catcher:
    """Keeps every letter. A file's name is the time of its arrival in microseconds, and a number so that no two are the same.

    Who it was for and when it came stand before the letter's own headers, as X-Caught-To and X-Caught-At (seconds since 1970).
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        newest = max((path.name for path in folder.glob("*.eml")), default="0-0.eml")
        self.earliest = int(newest.partition("-")[0]) + 1
        self.numbers = itertools.count(1)

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        content = envelope.content or b""
        if isinstance(content, str):
            content = content.encode()
        now = time.time()
        self.earliest = max(self.earliest, int(now * 1_000_000))
        name = f"{self.earliest:020d}-{next(self.numbers):06d}.eml"
        caught = "".join(f"X-Caught-To: {address}\r\n" for address in envelope.rcpt_tos) + f"X-Caught-At: {now:.6f}\r\n"
        beside = self.folder / f".{name}.part"
        try:
            with beside.open("wb") as file:
                file.write(caught.encode() + content)
                file.flush()
                os.fsync(file.fileno())
            beside.rename(self.folder / name)
        except OSError as error:
            print(f"mail: a letter could not be kept: {error}", file=sys.stderr, flush=True)
            return "451 Requested action aborted: local error in processing"
        return "250 Message accepted for delivery"


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="mailcatcher", description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--folder", type=Path, required=True)
    asked = parser.parse_args(arguments)
    ended = threading.Event()
    for signum in (signal.SIGTERM, signal.SIGINT):
        signal.signal(signum, lambda *_: ended.set())
    for unfinished in asked.folder.glob(".*.part"):
        with contextlib.suppress(OSError):
            unfinished.unlink()
    controller = Controller(
        Catcher(asked.folder), hostname=HOST, port=asked.port, data_size_limit=20_000_000, enable_SMTPUTF8=True
    )
    controller.start()
    print(f"mail: listening on {HOST}:{asked.port}", flush=True)
    while not ended.wait(3600):
        pass
    controller.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
