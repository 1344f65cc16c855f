"""Scales that map values to coordinates."""

from __future__ import annotations

import math
from collections.abc import Callable

Scale = Callable[[float], float]


def scale(low: float, high: float, start: float, end: float, logarithmic: bool = False) -> Scale:
    """Maps ``low`` to ``start`` and ``high`` to ``end``. A logarithmic scale requires bounds and values above 0."""

    def of(value: float) -> float:
        return math.log10(value) if logarithmic else value

    span = (of(high) - of(low)) or 1.0
    return lambda value: start + (of(value) - of(low)) / span * (end - start)


def decades(low: float, high: float) -> list[float]:
    """Return the powers of ten from ``low`` rounded down to ``high`` rounded up, at least two."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def round_steps(top: float) -> list[float]:
    """Return round numbers from 0 to at least ``top``, in about four steps."""
    power = 10 ** math.floor(math.log10(top / 4))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power * 4 >= top)
    return [round(step * number, 10) for number in range(math.ceil(top / step - 1e-9) + 1)]
