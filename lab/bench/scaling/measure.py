"""Durations of operations at several sizes, measured in turn."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

ROUNDS = 25
BUDGET_SECONDS = 6.0
"""The time budget of one operation at one size. Slow operations run less often, but at least three times."""
FEWEST = 3
SHORTEST_SECONDS = 0.000_5
"""A faster operation is repeated within a measurement, so that the cost of the clock is negligible."""


@dataclass(frozen=True)
class Curve:
    """Median seconds of one operation by size."""

    subject: str
    operation: str
    points: tuple[tuple[int, float], ...]

    @property
    def growth(self) -> float:
        """The ratio of the cost at the greatest size to the cost at the smallest size."""
        return self.points[-1][1] / self.points[0][1]


def measured(subject: str, by_size: Mapping[int, Mapping[str, Callable[[], Any]]]) -> list[Curve]:
    """Measure every operation at every size. Sizes alternate, so that a temporarily slow machine affects all."""
    operations = list(next(iter(by_size.values())))
    return [Curve(subject, name, _points({size: ops[name] for size, ops in by_size.items()})) for name in operations]


def _points(works: Mapping[int, Callable[[], Any]]) -> tuple[tuple[int, float], ...]:
    times: dict[int, list[float]] = {size: [] for size in works}
    repeats = {size: max(1, round(SHORTEST_SECONDS / _time(work, 1))) for size, work in works.items()}
    for _ in range(ROUNDS):
        for size, work in works.items():
            if len(times[size]) < FEWEST or sum(times[size]) * repeats[size] < BUDGET_SECONDS:
                times[size].append(_time(work, repeats[size]))
    return tuple((size, statistics.median(taken)) for size, taken in times.items())


def _time(work: Callable[[], Any], repeats: int) -> float:
    began = time.perf_counter()
    for _ in range(repeats):
        work()
    return (time.perf_counter() - began) / repeats


def bent_first(curves: Sequence[Curve]) -> Curve:
    """Return the operation with the greatest growth in cost."""
    return max(curves, key=lambda curve: curve.growth)
