"""Answers that are kept for a moment: many viewers of a page cost its servers what one costs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

MAX_KEYS = 200


class Memo:
    """Keeps the answer to each question for ``seconds``; while one asks, others who ask the same wait for it."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._guard = threading.Lock()
        self._locks: dict[Hashable, threading.Lock] = {}
        self._known: dict[Hashable, tuple[float, Any]] = {}

    def get(self, key: Hashable, question: Callable[[], Any]) -> Any:
        """Return the remembered answer, or ask; an exception is raised to each that asks and not remembered."""
        with self._guard:
            if len(self._known) > MAX_KEYS or len(self._locks) > MAX_KEYS:
                self._known.clear()
                self._locks.clear()
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            known = self._known.get(key)
            if known is None or self._clock() - known[0] > self._seconds:
                known = self._known[key] = (self._clock(), question())
            return known[1]

    def forget(self) -> None:
        """Ask anew next time: after a change whoever made it must see it."""
        with self._guard:
            self._known.clear()
