"""Rate limits: an open page or a script must not overload the servers that the console queries."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from flask import abort
from werkzeug.exceptions import TooManyRequests


class RateLimit:
    """A token bucket: ``burst`` requests at once, ``per_second`` in the long run, for all viewers together."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = per_second, burst, clock
        self._tokens, self._at = float(burst), clock()
        self._lock = threading.Lock()

    def spend(self, tokens: int = 1) -> None:
        """Spend tokens, or respond with 429 and a Retry-After header."""
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._at) * self._rate)
            self._at = now
            if self._tokens >= tokens:
                self._tokens -= tokens
                return
            wait = (tokens - self._tokens) / self._rate
        raise TooManyRequests("Too many requests to the console. Retry in a moment.", retry_after=max(1, round(wait)))


class Places:
    """A fixed number of places for long requests, so that they never occupy every thread."""

    def __init__(self, places: int) -> None:
        self.places = places
        self._free = threading.BoundedSemaphore(places)

    def occupy(self) -> None:
        """Occupy a place or respond with 503."""
        if not self._free.acquire(blocking=False):
            abort(503, f"All {self.places} live views are in use; close one, or read the logs without live view.")

    def leave(self) -> None:
        """Release the place."""
        self._free.release()

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold a place for the duration of a block."""
        self.occupy()
        try:
            yield
        finally:
            self.leave()
