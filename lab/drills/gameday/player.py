"""Where answers come from: a person at the terminal, or a list."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Sequence
from typing import Protocol, TextIO

from lab.drills.gameday.match import GIVE_UP


class Player(Protocol):
    """Asked about once a second."""

    def line(self) -> str | None:
        """The next line, ``None`` if there is none yet."""


class Typing:
    """Lines of a terminal or a file; their end means giving up. Read in a thread: the runner does not block."""

    def __init__(self, source: TextIO) -> None:
        self._lines: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._read, args=(source,), daemon=True).start()

    def line(self) -> str | None:
        """The next line."""
        try:
            return self._lines.get_nowait()
        except queue.Empty:
            return None

    def _read(self, source: TextIO) -> None:
        for line in source:
            self._lines.put(line)
        self._lines.put(GIVE_UP)


class Listed:
    """Predefined answers, one a second as soon as ``is_time``; after the last it gives up."""

    def __init__(self, answers: Sequence[str], is_time: Callable[[], bool]) -> None:
        self._left, self._is_time = list(answers), is_time

    def line(self) -> str | None:
        """The next answer."""
        if not self._is_time():
            return None
        return self._left.pop(0) if self._left else GIVE_UP
