"""Wait for conditions, with progress messages and a time limit."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

Answer = TypeVar("Answer")

EVERY_SECONDS = 0.25


class Waiter:
    """Repeats a query until its result is sufficient or the time limit is reached.

    ``say`` is called with a description of the wait if the first response is not sufficient. All waits share one time
    budget, which starts at ``begin``, so that the delays of several servers do not add up.
    """

    def __init__(
        self,
        say: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._say, self._clock, self._sleep = say, clock, sleep
        self._deadline = clock()

    def begin(self, seconds: float) -> None:
        """Start the time budget; with 0, every query is sent once."""
        self._deadline = self._clock() + seconds

    def until(
        self,
        what: Callable[[Answer], str],
        ask: Callable[[], Answer],
        is_enough: Callable[[Answer], bool],
        at_most: float | None = None,
    ) -> Answer:
        """Return the first sufficient response, or the last one before the time limit.

        ``what`` describes what is missing from the latest response; ``at_most`` reduces the budget for this wait.
        """
        deadline = self._deadline
        if at_most is not None:
            deadline = min(deadline, self._clock() + at_most)
        said = ""
        while True:
            answer = ask()
            if is_enough(answer) or self._clock() >= deadline:
                return answer
            if (text := what(answer)) != said:
                self._say(text)
                said = text
            self._sleep(EVERY_SECONDS)
