"""Counts of requests by outcome, and their durations in a histogram that is fine enough for any quantile."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

API, FRONT_DOOR, NO_ANSWER = "API", "NGINX", "no response"
"""The server that answered. Requests that NGINX answered itself never reached the API, which did not count them."""

_FLOOR, _STEP = 1e-4, math.log(1.01)
"""From 0.1 ms in steps of one per cent, so that a quantile is accurate within one per cent."""


class Outcome(NamedTuple):
    """A request's kind and outcome. ``status`` 0: no response. ``expected``: the customer expects this status."""

    method: str
    route: str
    status: int
    by: str
    expected: bool


class Histogram:
    """A histogram of durations in seconds."""

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: Counter[int] = Counter(counts or {})

    def add(self, seconds: float) -> None:
        """Count one duration."""
        self.counts[max(0, math.ceil(math.log(max(seconds, _FLOOR) / _FLOOR) / _STEP))] += 1

    def merge(self, other: Histogram) -> None:
        """Add the counts of the other."""
        self.counts.update(other.counts)

    @property
    def total(self) -> int:
        """Return the number of durations."""
        return sum(self.counts.values())

    def quantile(self, q: float) -> float | None:
        """Return the upper bound of the ``q``-quantile's bucket; ``None`` if empty."""
        rank, seen = max(1, math.ceil(q * self.total)), 0
        for index in sorted(self.counts):
            seen += self.counts[index]
            if seen >= rank:
                return _FLOOR * math.exp(index * _STEP)
        return None


@dataclass
class Tally:
    """A histogram for each outcome."""

    outcomes: dict[Outcome, Histogram] = field(default_factory=dict)

    def add(self, outcome: Outcome, seconds: float) -> None:
        """Count one request."""
        self.outcomes.setdefault(outcome, Histogram()).add(seconds)

    def merge(self, other: Tally) -> None:
        """Add the counts of the other."""
        for outcome, histogram in other.outcomes.items():
            self.outcomes.setdefault(outcome, Histogram()).merge(histogram)

    def count(self, outcomes: Iterable[Outcome] | None = None) -> int:
        """Return the number of requests with these outcomes, or of all requests."""
        return sum(self.outcomes[outcome].total for outcome in (self.outcomes if outcomes is None else outcomes))

    @property
    def errors(self) -> Counter[tuple[str, int]]:
        """Return the unexpected responses by server and status."""
        found: Counter[tuple[str, int]] = Counter()
        for outcome, histogram in self.outcomes.items():
            if not outcome.expected:
                found[outcome.by, outcome.status] += histogram.total
        return found

    @property
    def durations(self) -> Histogram:
        """Return the durations of all requests; without a response, the time until the request was abandoned."""
        merged = Histogram()
        for histogram in self.outcomes.values():
            merged.merge(histogram)
        return merged

    def answered_by(self, who: str) -> Histogram:
        """Return the durations of requests that this server answered."""
        merged = Histogram()
        for outcome, histogram in self.outcomes.items():
            if outcome.by == who:
                merged.merge(histogram)
        return merged

    def as_json(self) -> list[dict[str, Any]]:
        """Return the tally for transfer between processes."""
        return [
            {**outcome._asdict(), "counts": {str(index): count for index, count in histogram.counts.items()}}
            for outcome, histogram in self.outcomes.items()
        ]

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, Any]]) -> Tally:
        """Parse the output of ``as_json``."""
        return cls(
            {
                Outcome(row["method"], row["route"], row["status"], row["by"], row["expected"]): Histogram(
                    {int(index): count for index, count in row["counts"].items()}
                )
                for row in rows
            }
        )
