"""What follows from a fact, after commit."""

import logging
import os
import queue
import threading

from core.events import reacts_to
from teams.events import LetterDue
from teams.tasks import drain_letters

log = logging.getLogger(__name__)


class Kick:
    """Hurries the worker, from one thread of its own: with the broker dead, asking it would hold a request for seconds.

    Only haste: whatever goes wrong here, beat and the ticker find the letter.
    """

    def __init__(self) -> None:
        self.waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        self.process = 0
        self.lock = threading.Lock()

    def __call__(self, letter: int) -> None:
        with self.lock:
            if self.process != os.getpid():  # first use, or a fork: threads don't survive one
                self.process, self.waiting = os.getpid(), queue.SimpleQueue()
                threading.Thread(target=self._work, args=(self.waiting,), name="kick", daemon=True).start()
        self.waiting.put(letter)

    def _work(self, waiting: "queue.SimpleQueue[int]") -> None:
        while True:
            letter = waiting.get()
            while not waiting.empty():  # one drain takes them all
                letter = waiting.get()
            try:
                drain_letters.apply_async(retry=False, ignore_result=True, expires=60)
            except Exception as error:
                log.warning("The worker can't be hurried for letter %d: %s", letter, error)


kick = Kick()


@reacts_to(LetterDue)
def hurry(fact: LetterDue) -> None:
    kick(fact.letter)
