"""Truth, printing and comparison of values in templates. Python types represent Go types."""

from __future__ import annotations

import math
from decimal import Decimal

from log_gateway.templates.errors import TemplateFailed
from log_gateway.templates.moments import Moment

_LIMIT = 2**63
# The number of digits before the decimal point up to which ``%g`` writes no exponent.
_LONGEST_INTEGER = 6


def truth(value: object) -> bool:
    """Return False for Go's empty values: false, 0, "", nil, empty maps and lists."""
    return isinstance(value, Moment) or bool(value)


def kind_of(value: object) -> str:
    """Return the type's name in Go."""
    if value is None:
        return "nil"
    for kind, name in (
        (bool, "bool"),
        (int, "int"),
        (float, "float64"),
        (str, "string"),
        (dict, "map"),
        (list, "slice"),
    ):
        if isinstance(value, kind):
            return name
    return "time.Time"


def go_float(value: float, precision: int | None = None, form: str = "g") -> str:
    """Format a float like Go's ``%v``: the shortest digits, with an exponent below 1e-4 and from a million."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    if precision is not None or form != "g":
        return _exponent(format(value, f".{6 if precision is None else precision}{form}"))
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).rstrip("0") or "0"
    point = len(digits) + int(exponent) if text != "0" else 1
    prefix = "-" if sign else ""
    if text != "0" and (point < -3 or point > _LONGEST_INTEGER):
        mantissa = text[0] + ("." + text[1:] if len(text) > 1 else "")
        return f"{prefix}{mantissa}e{'-' if point < 1 else '+'}{abs(point - 1):02d}"
    if point <= 0:
        return f"{prefix}0.{'0' * -point}{text}"
    if point >= len(text):
        return prefix + text + "0" * (point - len(text))
    return f"{prefix}{text[:point]}.{text[point:]}"


def _exponent(text: str) -> str:
    mantissa, mark, exponent = text.partition("e")
    return f"{mantissa}e{exponent[0]}{exponent[1:].zfill(2)}" if mark else text


def show(value: object) -> str:
    """Format a value like Go's ``%v``."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return go_float(value)
    if value is None:
        return "<nil>"
    if isinstance(value, dict):
        return "map[" + " ".join(f"{key}:{show(value[key])}" for key in sorted(value)) + "]"
    if isinstance(value, list):
        return "[" + " ".join(show(element) for element in value) + "]"
    return str(value)


def printed(value: object) -> str:
    """Return the output of an action. A missing value is printed as ``<no value>``."""
    return "<no value>" if value is None else show(value)


def wrapped(value: int) -> int:
    """Return the number wrapped to 64 bits."""
    return (value + _LIMIT) % (2 * _LIMIT) - _LIMIT


def _comparable(left: object, right: object) -> tuple[str, str]:
    kinds = kind_of(left), kind_of(right)
    if kinds[0] != kinds[1] and "nil" not in kinds:
        raise TemplateFailed(f"incompatible types for comparison: {kinds[0]} and {kinds[1]}")
    return kinds


def equal(left: object, right: object) -> bool:
    """Compare two values like Go's ``eq``. Values of different types cannot be compared."""
    kinds = _comparable(left, right)
    if "map" in kinds or "slice" in kinds:
        raise TemplateFailed(f"non-comparable type {kinds[0]}")
    return left == right


def less(left: object, right: object) -> bool:
    """Compare two numbers or two strings like Go's ``lt``."""
    kinds = _comparable(left, right)
    if isinstance(left, str) and isinstance(right, str):
        return left.encode("utf-8", "surrogatepass") < right.encode("utf-8", "surrogatepass")
    if kinds[0] in ("int", "float64") and isinstance(left, int | float) and isinstance(right, int | float):
        return left < right
    raise TemplateFailed(f"invalid type for comparison: {kinds[0]}")


def text(value: object) -> str:
    """Return the argument, which must be a string."""
    if isinstance(value, str):
        return value
    raise TemplateFailed(f"wrong type for value; expected string; got {kind_of(value)}")


def whole(value: object) -> int:
    """Return the argument, which must be an int."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    raise TemplateFailed(f"wrong type for value; expected int; got {kind_of(value)}")
