"""Responses that are cached briefly, so that many viewers of a page cause no more queries than one."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Any

from glasshouse_observability.single_flight import SingleFlight

MAX_KEYS = 200


class Memo:
    """Caches the result of each query for ``seconds``. Concurrent callers of the same query share one execution."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds, self._clock = seconds, clock
        self._guard = threading.Lock()
        self._flights: SingleFlight[Any] = SingleFlight()
        self._round = 0
        self._known: dict[Hashable, tuple[float, Any]] = {}

    def get(self, key: Hashable, question: Callable[[], Any]) -> Any:
        """Return the cached response, or run the query. An exception is raised in all waiting callers, not cached."""
        known, now = self._fresh(key)
        return known[1] if known is not None else self._flights.do((now, key), lambda: self._ask(now, key, question))

    def forget(self) -> None:
        """Discard the cached response and ignore a running query, so that users see their own change."""
        with self._guard:
            self._round += 1
            self._known.clear()

    def _fresh(self, key: Hashable) -> tuple[tuple[float, Any] | None, int]:
        with self._guard:
            known = self._known.get(key)
            return known if known and self._clock() - known[0] <= self._seconds else None, self._round

    def _ask(self, began_in: int, key: Hashable, question: Callable[[], Any]) -> Any:
        known, _ = self._fresh(key)
        if known is not None:
            # Another thread's query has finished since the check above.
            return known[1]
        asked_at, answer = self._clock(), question()
        with self._guard:
            if began_in == self._round:
                if len(self._known) > MAX_KEYS:
                    self._known.clear()
                self._known[key] = (asked_at, answer)
        return answer
