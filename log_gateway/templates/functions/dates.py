"""Date and time functions."""

from __future__ import annotations

import time
from datetime import UTC, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from log_gateway.templates.errors import TemplateFailed
from log_gateway.templates.functions.function import Function, exactly
from log_gateway.templates.moments import Moment, read, written
from log_gateway.templates.values import kind_of, text

_UNITS = {5: 86_400 * 10**9, 10: 10**9, 13: 10**6, 16: 10**3, 19: 1}
"""Nanoseconds per unit by the number of digits of a Unix time: days, s, ms, µs, ns."""


def _moment(value: object) -> Moment:
    if isinstance(value, Moment):
        return value
    raise TemplateFailed(f"wrong type for value; expected time.Time; got {kind_of(value)}")


def _date(layout: object, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        value = Moment(value * 10**9)
    return written(_moment(value), text(layout))


def _zone(name: str) -> tzinfo:
    if name in ("", "UTC", "Local"):
        return UTC
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise TemplateFailed(f"unknown time zone {name}") from None


def _to_date(layout: object, value: object) -> Moment:
    return read(text(layout), text(value), UTC)


def _to_date_in_zone(layout: object, zone: object, value: object) -> Moment:
    return read(text(layout), text(value), _zone(text(zone)))


def _unix_to_time(value: object) -> Moment:
    digits = text(value)
    if not (digits.isascii() and digits.isdecimal()) or len(digits) not in _UNITS:
        raise TemplateFailed(f"unable to parse time {digits!r}: expected 5, 10, 13, 16 or 19 digits")
    return Moment(int(digits) * _UNITS[len(digits)])


DATES: dict[str, Function] = {
    "now": exactly(0, lambda: Moment(time.time_ns())),
    "date": exactly(2, _date),
    "toDate": exactly(2, _to_date),
    "toDateInZone": exactly(3, _to_date_in_zone),
    "unixToTime": exactly(1, _unix_to_time),
    "unixEpoch": exactly(1, lambda value: str(_moment(value).nanoseconds // 10**9)),
    "unixEpochMillis": exactly(1, lambda value: str(_moment(value).nanoseconds // 10**6)),
    "unixEpochNanos": exactly(1, lambda value: str(_moment(value).nanoseconds)),
}
