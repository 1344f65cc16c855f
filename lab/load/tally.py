"""Requests counted by outcome, and their durations in a histogram fine enough for any quantile."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

API, FRONT_DOOR, NO_ANSWER = "API", "NGINX", "no answer"
"""Who answered. The front door's own answers never reached the API, so the API cannot have counted them."""

_FLOOR, _STEP = 1e-4, math.log(1.01)
"""From 0.1 ms in steps of one per cent: a quantile is right within one per cent."""


class Outcome(NamedTuple):
    """A request's kind and outcome. ``status`` 0: no answer. ``expected``: as a customer would wish."""

    method: str
    route: str
    status: int
    by: str
    expected: bool


class Histogram:
    """Durations in seconds."""

    def __init__(self, counts: Mapping[int, int] | None = None) -> None:
        self.counts: Counter[int] = Counter(counts or {})

    def add(self, seconds: float) -> None:
        """Count one."""
        self.counts[max(0, math.ceil(math.log(max(seconds, _FLOOR) / _FLOOR) / _STEP))] += 1

    def merge(self, other: Histogram) -> None:
        """Count all of the other's too."""
        self.counts.update(other.counts)

    @property
    def total(self) -> int:
        """How many."""
        return sum(self.counts.values())

    def quantile(self, q: float) -> float | None:
        """The upper edge of where the ``q``-th of all lies; ``None`` of nothing."""
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
        """Count all of the other's too."""
        for outcome, histogram in other.outcomes.items():
            self.outcomes.setdefault(outcome, Histogram()).merge(histogram)

    def count(self, outcomes: Iterable[Outcome] | None = None) -> int:
        """How many requests, of these outcomes or of all."""
        return sum(self.outcomes[outcome].total for outcome in (self.outcomes if outcomes is None else outcomes))

    @property
    def errors(self) -> Counter[tuple[str, int]]:
        """Those that a customer would not wish, by who answered and with what."""
        found: Counter[tuple[str, int]] = Counter()
        for outcome, histogram in self.outcomes.items():
            if not outcome.expected:
                found[outcome.by, outcome.status] += histogram.total
        return found

    @property
    def durations(self) -> Histogram:
        """Of all requests, those without an answer with the time until they were given up."""
        merged = Histogram()
        for histogram in self.outcomes.values():
            merged.merge(histogram)
        return merged

    def answered_by(self, who: str) -> Histogram:
        """Durations of what this one answered."""
        merged = Histogram()
        for outcome, histogram in self.outcomes.items():
            if outcome.by == who:
                merged.merge(histogram)
        return merged

    def as_json(self) -> list[dict[str, Any]]:
        """For the way between processes."""
        return [
            {**outcome._asdict(), "counts": {str(index): count for index, count in histogram.counts.items()}}
            for outcome, histogram in self.outcomes.items()
        ]

    @classmethod
    def from_json(cls, rows: Iterable[Mapping[str, Any]]) -> Tally:
        """What ``as_json`` made."""
        return cls(
            {
                Outcome(row["method"], row["route"], row["status"], row["by"], row["expected"]): Histogram(
                    {int(index): count for index, count in row["counts"].items()}
                )
                for row in rows
            }
        )
