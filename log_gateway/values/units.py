"""Parse numbers with units: durations of Go and Prometheus, and sizes, exact to the nanosecond and the byte."""

from __future__ import annotations

import math
import re
from fractions import Fraction

_NANOSECONDS = {
    "ns": 1,
    "us": 10**3,
    "µs": 10**3,
    "μs": 10**3,
    "ms": 10**6,
    "s": 10**9,
    "m": 60 * 10**9,
    "h": 3600 * 10**9,
    "d": 24 * 3600 * 10**9,
    "w": 7 * 24 * 3600 * 10**9,
    "y": 365 * 24 * 3600 * 10**9,
}
_LARGEST = 2**63 - 1
_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h|d|w|y)", re.ASCII)
_GO_PART = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)", re.ASCII)
_SIZE = re.compile(r"([0-9.,]+)\s*([A-Za-z]*)", re.ASCII)
_SIZES = {"": 1, "b": 1} | {
    letter + suffix: base ** (power + 1)
    for power, letter in enumerate("kmgtpe")
    for suffix, base in (("", 1000), ("b", 1000), ("i", 1024), ("ib", 1024))
}
_HEXADECIMAL = re.compile(r"[+-]?0x(?:[0-9a-f]+\.?[0-9a-f]*|\.[0-9a-f]+)p[+-]?\d+", re.ASCII | re.IGNORECASE)


def _sum_of_parts(text: str, part: re.Pattern[str]) -> int:
    total, position = Fraction(0), 0
    while position < len(text):
        match = part.match(text, position)
        if match is None:
            raise ValueError(f"invalid duration {text!r}")
        number, unit = match.groups()
        total += Fraction(number) * _NANOSECONDS[unit]
        position = match.end()
    if not text or total > _LARGEST:
        raise ValueError(f"invalid duration {text!r}")
    return int(total)


def query_duration(text: str) -> int:
    """Convert a query's duration (``1h30m``, ``1.5h``, ``1d``, ``2w``, ``1y``) to nanoseconds, or raise ValueError."""
    return _sum_of_parts(text, _PART)


def go_duration(text: str) -> float:
    """Convert a line's duration to seconds like Go's ``time.ParseDuration``: days are invalid, a sign is allowed."""
    bare = text[1:] if text[:1] in ("-", "+") else text
    seconds = 0.0 if bare == "0" else _sum_of_parts(bare, _GO_PART) / 1e9
    return -seconds if text[:1] == "-" else seconds


def size_in_bytes(text: str) -> float:
    """Convert ``20KB``, ``1.5 MiB`` or ``100`` to bytes, or raise ValueError. K is 1000, Ki 1024; case is ignored."""
    match = _SIZE.fullmatch(text)
    factor = None if match is None else _SIZES.get(match[2].lower())
    if match is None or factor is None:
        raise ValueError(f"invalid size {text!r}")
    try:
        return float(int(Fraction(match[1].replace(",", "")) * factor))
    except (ValueError, OverflowError):
        raise ValueError(f"invalid size {text!r}") from None


def go_float(text: str) -> float:
    """Convert a line's number like Go's ``strconv.ParseFloat``. ValueError if it is invalid or too large."""
    try:
        # Python's float also accepts surrounding white space and digits of other scripts.
        if not text.isascii() or text != text.strip():
            raise ValueError
        value = float.fromhex(text) if _HEXADECIMAL.fullmatch(text) else float(text)
    except (ValueError, OverflowError):
        raise ValueError(f'strconv.ParseFloat: parsing "{text}": invalid syntax') from None
    if math.isinf(value) and "n" not in text.lower():
        raise ValueError(f'strconv.ParseFloat: parsing "{text}": value out of range')
    return value
