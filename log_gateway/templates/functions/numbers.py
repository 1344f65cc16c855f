"""Numeric functions. Text is converted. A non-number counts as 0, as in the libraries that Loki uses."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal, InvalidOperation, localcontext
from functools import reduce

from log_gateway.templates.errors import TemplateFailed
from log_gateway.templates.functions.function import Function, at_least, exactly
from log_gateway.templates.values import text, whole, wrapped
from log_gateway.values.units import go_duration, go_float, size_in_bytes


def to_int(value: object) -> int:
    """Return the value as an int, or 0 if it is not a number."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return wrapped(int(value)) if math.isfinite(value) else 0
    if not isinstance(value, str):
        return 0
    whole_part, point, zeros = value.partition(".")
    try:
        number = int(whole_part, 0) if not (point and zeros.strip("0")) else 0
    except ValueError:
        return 0
    return number if -(2**63) <= number < 2**63 else 0


def to_float(value: object) -> float:
    """Return the value as a float, or 0 if it is not a number."""
    if isinstance(value, bool | int | float):
        return float(value)
    try:
        return go_float(value) if isinstance(value, str) else 0.0
    except ValueError:
        return 0.0


def _divided(dividend: int, divisor: int) -> int:
    if divisor == 0:
        raise TemplateFailed("integer divide by zero")
    quotient = abs(dividend) // abs(divisor)
    return quotient if (dividend < 0) == (divisor < 0) else -quotient


def _remainder(dividend: int, divisor: int) -> int:
    return dividend - divisor * _divided(dividend, divisor)


def _ints(operation: Callable[[int, int], int]) -> Callable[..., int]:
    return lambda *values: wrapped(reduce(operation, (to_int(value) for value in values)))


def _decimals(operation: Callable[[Decimal, Decimal], Decimal]) -> Callable[..., float]:
    def call(*values: object) -> float:
        with localcontext() as context:
            context.prec = 60
            try:
                return float(reduce(operation, (Decimal(repr(to_float(value))) for value in values)))
            except (InvalidOperation, ZeroDivisionError, OverflowError) as error:
                raise TemplateFailed("decimal division by zero or overflow") from error

    return call


def _rounded(value: object, places: object, *limit: object) -> float:
    number, digits = to_float(value), whole(places)
    if not math.isfinite(number) or abs(digits) > 300:
        raise TemplateFailed("round needs a finite number and a sensible number of places")
    threshold = to_float(limit[0]) if limit else 0.5
    scaled = number * 10.0**digits
    fraction, base = math.modf(scaled)
    if abs(fraction) >= threshold:
        base += math.copysign(1.0, scaled)
    return base / 10.0**digits


def _integral(function: Callable[[float], int]) -> Callable[[object], float]:
    def call(value: object) -> float:
        number = to_float(value)
        return float(function(number)) if math.isfinite(number) else number

    return call


def _converted(convert: Callable[[str], float]) -> Callable[[object], float]:
    def call(value: object) -> float:
        try:
            return convert(text(value))
        except ValueError as error:
            raise TemplateFailed(str(error)) from error

    return call


NUMBERS: dict[str, Function] = {
    "int": exactly(1, to_int),
    "float64": exactly(1, to_float),
    "add": at_least(1, _ints(lambda left, right: left + right)),
    "sub": exactly(2, _ints(lambda left, right: left - right)),
    "mul": at_least(2, _ints(lambda left, right: left * right)),
    "div": exactly(2, _ints(_divided)),
    "mod": exactly(2, _ints(_remainder)),
    "addf": at_least(1, _decimals(lambda left, right: left + right)),
    "subf": at_least(1, _decimals(lambda left, right: left - right)),
    "mulf": at_least(1, _decimals(lambda left, right: left * right)),
    "divf": at_least(1, _decimals(lambda left, right: left / right)),
    "max": at_least(1, lambda *values: max(to_int(value) for value in values)),
    "min": at_least(1, lambda *values: min(to_int(value) for value in values)),
    "maxf": at_least(1, lambda *values: max(to_float(value) for value in values)),
    "minf": at_least(1, lambda *values: min(to_float(value) for value in values)),
    "ceil": exactly(1, _integral(math.ceil)),
    "floor": exactly(1, _integral(math.floor)),
    "round": Function(_rounded, (2, 3)),
    "duration": exactly(1, _converted(go_duration)),
    "duration_seconds": exactly(1, _converted(go_duration)),
    "bytes": exactly(1, _converted(size_in_bytes)),
}
