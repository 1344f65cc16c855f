"""Metrics whose observations wait in a queue until somebody looks.

prometheus_client takes two locks and walks the buckets for each observation: a microsecond in a warm loop, several in
a server whose caches other code has filled. Here a request pays for one append; whoever scrapes, or whoever finds the
queue full, adds what waits to the metric in one go. Nothing is lost or counted twice: an entry leaves the queue once,
under the interpreter's lock. (An exception that is thrown into a thread from outside, such as RQ's time limit, can lose
what that thread is just adding.)

Where several processes share their metrics in files, others read those at any time: there nothing waits.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import deque
from collections.abc import Iterable
from typing import Any

from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.samples import Sample

MOST_WAITING = 256
"""Entries of one series; then they are added by whoever observes, in about as many microseconds."""


class _Deferred(MetricWrapperBase):
    """What the kinds have in common."""

    # Of the parent of labelled series too, which has no queue and lets its base class say that it cannot be observed.
    _at_once = True

    def _metric_init(self) -> None:
        super()._metric_init()  # type: ignore[no-untyped-call]
        self._waiting: deque[float] = deque()
        number = self._sum if isinstance(self, Histogram) else self._value  # type: ignore[attr-defined]
        self._at_once = number._multiprocess

    def settle(self) -> None:
        """Add what waits; safe to call from any thread."""
        if self._at_once:
            return
        taken: list[float] = []
        try:
            while True:
                taken.append(self._waiting.popleft())
        except IndexError:
            pass
        if taken:
            self._add(taken)

    def _add(self, amounts: list[float]) -> None:
        raise NotImplementedError

    def _child_samples(self) -> Iterable[Sample]:
        self.settle()
        return super()._child_samples()


class DeferredHistogram(_Deferred, Histogram):
    """``Histogram``; what has an exemplar is observed at once."""

    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        """Observe ``amount``."""
        if self._at_once or exemplar:
            super().observe(amount, exemplar)
            return
        # Written out here and in ``inc``: one more call would cost more than what it does.
        waiting = self._waiting
        waiting.append(amount)
        if len(waiting) >= MOST_WAITING:
            self.settle()

    def _add(self, amounts: list[float]) -> None:
        self._sum.inc(sum(amounts))
        counts: dict[int, int] = {}
        for amount in amounts:
            # The first bound that is not below it, as in ``Histogram.observe``; the last is infinite.
            bucket = bisect_left(self._upper_bounds, amount)
            counts[bucket] = counts.get(bucket, 0) + 1
        for bucket, count in counts.items():
            self._buckets[bucket].inc(count)


class DeferredCounter(_Deferred, Counter):
    """``Counter``; what has an exemplar is counted at once."""

    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:
        """Count ``amount`` more."""
        if self._at_once or exemplar or amount < 0:
            super().inc(amount, exemplar)
            return
        waiting = self._waiting
        waiting.append(amount)
        if len(waiting) >= MOST_WAITING:
            self.settle()

    def _add(self, amounts: list[float]) -> None:
        self._value.inc(sum(amounts))


def settle(metric: Any) -> None:
    """Add what waits, if ``metric`` or series is one of these: for whoever reads its numbers past ``collect``."""
    if isinstance(metric, _Deferred):
        metric.settle()


def is_shared(gauge: Gauge) -> bool:
    """Whether others read this series from a file, at any time: then what it counts must be told as it changes.

    If not, ``set_function`` has it counted when somebody looks.
    """
    return bool(gauge._value._multiprocess)
