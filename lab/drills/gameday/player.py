"""The sources of answers: a player at the terminal, or a list."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from lab.drills.gameday.match import GIVE_UP


class Player(Protocol):
    """A source of answers, polled about once per second."""

    def line(self) -> str | None:
        """Return the next line; ``None`` if there is none yet."""


class Typing:
    """Reads lines of a terminal or a file in a thread, so that the runner does not block. End of input: give up."""

    def __init__(self, source: TextIO) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(source,), daemon=True).start()

    def line(self) -> str | None:
        """Return the next line."""
        try:
            return self._lines.get_nowait()
        except queue.Empty:
            return None

    def _read(self, source: TextIO) -> None:
        for line in source:
            self._lines.put(line)
        self._lines.put(GIVE_UP)


class Listed:
    """Predefined answers, one per second as soon as ``is_time`` is true; it gives up after the last one."""

    def __init__(self, answers: Sequence[str], is_time: Callable[[], bool]) -> None:
        self._left, self._is_time = list(answers), is_time

    def line(self) -> str | None:
        """Return the next answer."""
        if not self._is_time():
            return None
        return self._left.pop(0) if self._left else GIVE_UP
