"""Limit how many queries run concurrently. Further queries wait; if too many wait, new ones are rejected."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import Gauge

from log_gateway.errors import Busy
from log_gateway.store.client import Deadline


class Gate:
    """A limiter: ``concurrent`` queries run, and up to ``waiting`` more wait until their deadline."""

    def __init__(self, concurrent: int, waiting: int, in_flight: Gauge) -> None:
        self._running = threading.BoundedSemaphore(concurrent)
        self._places = threading.BoundedSemaphore(concurrent + waiting)
        self._in_flight = in_flight

    @contextmanager
    def turn(self, deadline: Deadline) -> Iterator[None]:
        """Run the block as one query. Raises ``Busy`` if too many wait, ``QueryTimeout`` if no slot is free in time."""
        if not self._places.acquire(blocking=False):
            raise Busy("too many concurrent queries: try again in a few seconds")
        try:
            if not self._running.acquire(timeout=deadline.left()):
                deadline.left()
            try:
                with self._in_flight.track_inprogress():
                    yield
            finally:
                self._running.release()
        finally:
            self._places.release()
