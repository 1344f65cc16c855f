"""A histogram whose observations wait in a queue until it is read.

prometheus_client takes two locks and walks the buckets for each observation: two microseconds in a warm loop, several
in a server whose caches other code has filled. Here an observation is one append; a scrape, or the observation that
fills the queue, adds what waits in one go. Nothing is lost or counted twice: an entry leaves the queue once, under the
interpreter's lock. (An exception that is thrown into a thread from outside, such as RQ's time limit, can lose what that
thread is just adding.)

Where several processes share their metrics in files, other processes read those at any time: there nothing waits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from typing import Any

from observability.prometheus_internals import HookedHistogram

MOST_WAITING = 256
"""Entries of one series; the next observation adds them, which takes about as many microseconds."""


class DeferredHistogram(HookedHistogram):
    """``Histogram``; an observation with an exemplar is made at once."""

    # The parent of labelled series has no queue: it passes observations on to its base class, which refuses them.
    _at_once = True

    def on_created(self, shared: bool) -> None:
        """Create the queue of one series."""
        self._waiting: deque[float] = deque()
        self._at_once = shared

    def before_collect(self) -> None:
        """Add what waits."""
        self.settle()

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Observe ``amount``."""
        if self._at_once or exemplar:
            super().observe(amount, exemplar)
            return
        waiting = self._waiting
        waiting.append(amount)
        if len(waiting) >= MOST_WAITING:
            self.settle()

    def settle(self) -> None:
        """Add what waits; safe to call from any thread."""
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
            # The first bound that is not below it, as in ``Histogram.observe``; the last is infinite.
            bucket = bisect_left(bounds, amount)
            counts[bucket] = counts.get(bucket, 0) + 1
        self.add(sum(amounts), counts)


def settle(metric: Any) -> None:
    """Add what waits, if ``metric`` is a deferred one: for code that reads its numbers without ``collect``."""
    if isinstance(metric, DeferredHistogram):
        metric.settle()
