"""Binary operators on two values."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
SET_OPERATORS = frozenset({"and", "or", "unless"})


def _power(base: float, exponent: float) -> float:
    try:
        return math.pow(base, exponent)
    except OverflowError:
        return -math.inf if base < 0 and exponent % 2 == 1 else math.inf
    except ValueError:
        # Zero to a negative power is infinite. A negative base to a fractional power is NaN (IEEE 754, as in Go).
        if base != 0:
            return math.nan
        return math.copysign(math.inf, base) if exponent % 2 == 1 else math.inf


def _divide(dividend: float, divisor: float) -> float:
    # Loki returns NaN for every division by zero. Prometheus returns an infinity.
    return math.nan if divisor == 0 else dividend / divisor


def _remainder(dividend: float, divisor: float) -> float:
    if divisor == 0 or math.isinf(dividend):
        return math.nan
    return math.fmod(dividend, divisor)


ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divide,
    "%": _remainder,
    "^": _power,
}


def calculate(sign: str, left: float, right: float) -> float:
    """Return the value of an operation between two numbers. A comparison returns 1 or 0."""
    if sign in COMPARISONS:
        return 1.0 if COMPARISONS[sign](left, right) else 0.0
    return ARITHMETIC[sign](left, right)
