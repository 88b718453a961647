"""Where a post's CPU goes: a web process that looks at itself.

    python -m bench.sampled PORT OUT      (in a demo's environment; SIGUSR1: begin anew; SIGTERM: write OUT and end)

A thread looks every few milliseconds at what each other thread is at, and books the CPU time that this thread had since the last look
(by its own clock) there: once on the innermost function, once on every function of ours, of Django's and of the libraries' on the way. So
waiting costs nothing, and figures add up to CPU seconds. Looking costs a little itself.
"""

import json
import signal
import sys
import threading
import time
from collections import defaultdict
from pathlib import Path
from types import FrameType

import uvicorn

EVERY = 0.002
ROOT = str(Path(__file__).resolve().parent.parent)
LAYERS = {  # what a piece of CPU time was for: that of the innermost function which belongs to one of these
    "a question to PostgreSQL": ("psycopg/", "django/db/backends/"),
    "building and reading rows": ("django/db/models/", "core/kept.py"),
    "templates": ("django/template/",),
    "telling Redis": ("redis/",),
    "the guard": ("core/guard.py",),
    "our own": ("/core/", "/learning/", "/meetings/", "/teams/"),
    "Django’s request": ("django/",),
    "the server": ("uvicorn/", "a2wsgi/", "asyncio/", "uvloop/"),
}


def place(frame: FrameType) -> str:
    file = frame.f_code.co_filename
    for start in (f"{ROOT}/.venv/", f"{ROOT}/"):
        file = file.removeprefix(start)
    return f"{file.rpartition('site-packages/')[2]}:{frame.f_code.co_qualname}"


class Sampler(threading.Thread):
    """The thread that looks."""

    def __init__(self) -> None:
        super().__init__(name="sampler", daemon=True)
        self.inner: dict[str, float] = defaultdict(float)
        self.within: dict[str, float] = defaultdict(float)
        self.layers: dict[str, float] = defaultdict(float)
        self.had: dict[int, float] = {}
        self.running = True

    def run(self) -> None:
        while self.running:
            time.sleep(EVERY)
            frames = sys._current_frames()
            for thread in threading.enumerate():
                if thread.ident is None or thread is self or thread.ident not in frames:
                    continue
                has = time.clock_gettime(time.pthread_getcpuclockid(thread.ident))
                spent = has - self.had.get(thread.ident, has)
                self.had[thread.ident] = has
                if spent > 0:
                    self.book(frames[thread.ident], spent)

    def forget(self) -> None:
        """Only from now on."""
        for booked in (self.inner, self.within, self.layers):
            booked.clear()

    def book(self, frame: FrameType, spent: float) -> None:
        places, files = [], []
        step: FrameType | None = frame
        while step is not None:
            places.append(place(step))
            files.append(step.f_code.co_filename)
            step = step.f_back
        self.inner[places[0]] += spent
        for each in set(places):
            self.within[each] += spent
        self.layers[self.layer(files)] += spent

    @staticmethod
    def layer(files: list[str]) -> str:
        for file in files:
            for name, parts in LAYERS.items():
                if any(part in file for part in parts):
                    return name
        return "other"

    def told(self) -> dict[str, list[tuple[str, float]]]:
        return {
            name: [(at, round(counted[at], 3)) for at in sorted(counted, key=lambda each: -counted[each])[:60]]
            for name, counted in (("layers", self.layers), ("within", self.within), ("inner", self.inner))
        }


def main() -> None:
    port, out = int(sys.argv[1]), Path(sys.argv[2])
    signal.signal(signal.SIGTERM, lambda number, frame: None)  # what uvicorn raises again at its end
    sys.setswitchinterval(
        0.0001
    )  # else it would look only where a thread lets go by itself: at each wait for PostgreSQL
    sampler = Sampler()
    signal.signal(signal.SIGUSR1, lambda number, frame: sampler.forget())
    sampler.start()
    uvicorn.run(
        "config.asgi:application",
        host="127.0.0.1",
        port=port,
        access_log=False,
        log_level="warning",
        timeout_graceful_shutdown=3,
    )
    sampler.running = False
    out.write_text(json.dumps(sampler.told(), indent=1) + "\n")


if __name__ == "__main__":
    main()
