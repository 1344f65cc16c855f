"""A histogram that queues its observations until it is read.

prometheus_client takes two locks and searches the buckets for each observation: two microseconds in a warm loop,
several in a server whose CPU caches contain other code. Here an observation is one append. A scrape, or the observation
that fills the queue, adds all queued observations at once. No observation is lost or counted twice: an entry leaves the
queue once, under the interpreter's lock. (An exception that is thrown into a thread from outside, such as RQ's time
limit, can lose the observation that the thread is adding.)

If several processes share their metrics in files, other processes read these at any time, so nothing is queued.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from typing import Any

from glasshouse_observability.metrics.prometheus_internals import HookedHistogram

MOST_WAITING = 256
"""The maximum queue length of one series. The observation that exceeds it adds all entries, at about 1 µs each."""


class DeferredHistogram(HookedHistogram):
    """A ``Histogram`` with a queue; an observation with an exemplar is added immediately."""

    # The parent of labelled series has no queue: it passes observations to its base class, which raises.
    _at_once = True

    def on_created(self, shared: bool) -> None:
        """Create the queue of one series."""
        self._waiting: deque[float] = deque()
        self._at_once = shared

    def before_collect(self) -> None:
        """Add the queued observations."""
        self.settle()

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Queue an observation of ``amount``."""
        if self._at_once or exemplar:
            super().observe(amount, exemplar)
            return
        waiting = self._waiting
        waiting.append(amount)
        if len(waiting) >= MOST_WAITING:
            self.settle()

    def settle(self) -> None:
        """Add the queued observations; safe to call from any thread."""
        if self._at_once:
            return
        amounts: list[float] = []
        try:
            while True:
                amounts.append(self._waiting.popleft())
        except IndexError:
            pass
        if not amounts:
            return
        counts: dict[int, int] = {}
        bounds = self.upper_bounds()
        for amount in amounts:
            # The first bound that is not below the amount, as in ``Histogram.observe``; the last bound is infinite.
            bucket = bisect_left(bounds, amount)
            counts[bucket] = counts.get(bucket, 0) + 1
        self.add(sum(amounts), counts)


def settle(metric: Any) -> None:
    """Add the queued observations of ``metric`` if it is deferred, before its values are read without ``collect``."""
    if isinstance(metric, DeferredHistogram):
        metric.settle()
