"""Sampling of requests and jobs: all are traced up to a budget per second, and above it a ratio of the rest."""

from __future__ import annotations

import math
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from opentelemetry.trace import SpanContext

from glasshouse_observability.locks import new_lock
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.traces.unsampled import UnsampledSpan

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
SAVED_SECONDS = 2.0
"""Seconds for which unused budget accumulates: a page sends several requests at once, followed by a pause."""
SHARE_OF_WRITES = 0.4
"""The budget of requests that change something, as a share of the budget of those that only read.

Customers order less often than they browse, and the trace of an order costs several times as much.
"""


class Late(StrEnum):
    """The reasons why unsampled work has a span nevertheless."""

    ERROR = "error"
    SLOW = "slow"


class TraceBudget:
    """A budget of ``per_second`` traces per second, saved up to ``most``; above it the probability is ``ratio``."""

    def __init__(
        self,
        per_second: float,
        ratio: float,
        most: float,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._per_second, self._ratio, self._clock, self._chance = per_second, ratio, clock, chance
        self._left = self._most = max(1.0, most)
        self._at = clock()
        self._next = self._at if per_second else math.inf
        self._lock = new_lock()

    def admit(self) -> bool:
        """Return whether one more trace is sampled; safe to call from any thread."""
        now = self._clock()
        # Most calls find the budget used up, and need no lock to find that out.
        if now >= self._next:
            with self._lock:
                if now >= self._next:
                    self._left = min(self._most, self._left + (now - self._at) * self._per_second) - 1.0
                    self._at = now
                    if self._left < 1.0:
                        self._next = now + (1.0 - self._left) / self._per_second
                    return True
        return self._chance() < self._ratio

    def replace(self, ratio: float, following: float = math.inf) -> tuple[float, float]:
        """Set the ratio and the time of the next trace of the budget, by default never; return the previous values."""
        with self._lock:
            before = self._ratio, self._next
            self._ratio, self._next = ratio, following
        return before


class Sampler:
    """Decide on sampling before any span is created.

    The decision of a caller is kept if the request carries one. Requests that change something have a separate budget,
    so that orders are traced however many requests only read. Its burst size is the same as for reads; its rate per
    second is ``SHARE_OF_WRITES`` times that of reads.
    """

    def __init__(self, settings: TelemetrySettings, clock: Callable[[], float] = time.monotonic) -> None:
        self.slow_seconds = settings.slow_seconds
        self._tracing, self._parent_based = settings.tracing, settings.parent_based
        self._has_late_spans = settings.late_spans
        rate, ratio = settings.traces_per_second, settings.trace_ratio
        self._reads = TraceBudget(rate, ratio, rate * SAVED_SECONDS, clock)
        self._writes = TraceBudget(rate * SHARE_OF_WRITES, ratio, rate * SAVED_SECONDS, clock)

    def request(self, method: str, parent: SpanContext | None) -> UnsampledSpan | None:
        """Return ``None`` for a request that is to be traced, else the placeholder for its span.

        ``parent`` is the caller's span, ``None`` if the request has none or an invalid one.
        """
        if parent is not None:
            return self._child(parent, self._reads if method in _SAFE_METHODS else self._writes)
        budget = self._reads if method in _SAFE_METHODS else self._writes
        return None if self._tracing and budget.admit() else UnsampledSpan()

    @contextmanager
    def fixed(self, sampled: bool) -> Iterator[None]:
        """Trace all work without a caller's decision in the block, or none of it, for tests."""
        budgets = (self._reads, self._writes)
        before = [budget.replace(1.0 if sampled else 0.0) for budget in budgets]
        try:
            yield
        finally:
            for budget, (ratio, following) in zip(budgets, before, strict=True):
                budget.replace(ratio, following)

    def never(self) -> UnsampledSpan:
        """Return the placeholder for the span of a request that is excluded from tracing."""
        return UnsampledSpan()

    def job(self, parent: SpanContext | None) -> UnsampledSpan | None:
        """Return ``None`` for a job that is to be traced, else the placeholder for its span."""
        if parent is not None:
            return self._child(parent, self._writes)
        return None if self._tracing and self._writes.admit() else UnsampledSpan()

    def _child(self, parent: SpanContext, budget: TraceBudget) -> UnsampledSpan | None:
        """Return ``None`` for the child of ``parent`` if it is to be traced, else the placeholder for its span."""
        if not self._tracing:
            return UnsampledSpan(parent)
        is_sampled = parent.trace_flags.sampled if self._parent_based else budget.admit()
        return None if is_sampled else UnsampledSpan(parent)

    def late(self, failed: bool, seconds: float, slow_seconds: float | None = None) -> Late | None:
        """Return why unsampled work that has just ended needs a span; ``None`` if it does not need one."""
        if not self._has_late_spans:
            return None
        if failed:
            return Late.ERROR
        limit = self.slow_seconds if slow_seconds is None else slow_seconds
        return Late.SLOW if seconds > limit else None
