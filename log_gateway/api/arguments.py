"""Parse the parameters of Loki's API from the query string or a form."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from log_gateway.errors import LimitExceeded, QueryError
from log_gateway.values.units import query_duration

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
# A time with at most this many digits is in seconds; a longer one is in nanoseconds (Loki's rule).
_SECONDS_DIGITS = 10
_LATEST = 2**63 - 1
_RFC3339 = re.compile(r"(\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d)(?:\.(\d+))?(Z|z|[+-]\d\d:\d\d)")


def time_of(text: str, name: str) -> int:
    """Parse an integer (s, or ns if it is long), a decimal (s) or RFC 3339 into nanoseconds since the epoch."""
    if re.fullmatch(r"-?\d{1,19}", text):
        number = int(text)
        return _checked(number * SECOND if len(text.lstrip("-")) <= _SECONDS_DIGITS else number, text, name)
    if re.fullmatch(r"-?\d{1,19}\.\d{1,12}|\d(\.\d+)?[eE][+]?\d{1,2}", text):
        whole, _, rest = text.partition(".")
        if "e" in text.lower():
            return _checked(round(float(text) * SECOND), text, name)
        return _checked(int(whole) * SECOND + int(rest.ljust(9, "0")[:9]), text, name)
    found = _RFC3339.fullmatch(text)
    try:
        if found is None:
            raise ValueError
        zone = "+00:00" if found[3] in "Zz" else found[3]
        at = datetime.fromisoformat(f"{found[1].upper()}{zone}").astimezone(UTC)
    except (ValueError, OverflowError):
        raise _wrong(name, text, "seconds or nanoseconds since the epoch, or a time as 2026-11-27T20:00:00Z") from None
    elapsed = at - datetime(1970, 1, 1, tzinfo=UTC)
    whole_seconds = elapsed // timedelta(seconds=1)
    return _checked(whole_seconds * SECOND + int((found[2] or "0").ljust(9, "0")[:9]), text, name)


def span_of(values: Mapping[str, str], now: int, default: int = HOUR) -> tuple[int, int]:
    """Return ``start`` and ``end``, by default the last hour or ``since``. QueryError if end is before start."""
    end = time_of(values["end"], "end") if values.get("end") else now
    if values.get("start"):
        start = time_of(values["start"], "start")
    else:
        start = min(end, now) - (duration_of(values["since"], "since") if values.get("since") else default)
    if end < start:
        raise QueryError("end timestamp must not be before start time")
    return start, end


def duration_of(text: str, name: str) -> int:
    """Convert ``15s``, ``1h30m`` or a number of seconds to nanoseconds."""
    if re.fullmatch(r"\d{1,12}(\.\d{1,9})?", text):
        return round(float(text) * SECOND)
    try:
        return query_duration(text)
    except ValueError:
        raise _wrong(name, text, "a duration like 15s or 1h30m, or a number of seconds") from None


def step_of(values: Mapping[str, str], start: int, end: int, most_points: int) -> int:
    """Return ``step`` in nanoseconds. The default is whole seconds and gives about 250 points."""
    if values.get("step"):
        step = duration_of(values["step"], "step")
    else:
        step = max(math.floor((end - start) / SECOND / 250), 1) * SECOND
    if step <= 0:
        raise QueryError("zero or negative query resolution step widths are not accepted: try a positive integer")
    if (end - start) // step > most_points:
        raise LimitExceeded(
            f"exceeded maximum resolution of {most_points:,} points per time series: try increasing the step"
        )
    return step


def limit_of(values: Mapping[str, str], default: int, most: int) -> int:
    """Return ``limit``. LimitExceeded above ``most``."""
    text = values.get("limit") or str(min(default, most))
    if not re.fullmatch(r"\d{1,12}", text) or int(text) == 0:
        raise _wrong("limit", text, "a positive whole number")
    if int(text) > most:
        raise LimitExceeded(
            f"max entries limit per query exceeded, limit > max_entries_limit_per_query ({text} > {most})"
        )
    return int(text)


def is_forward(values: Mapping[str, str]) -> bool:
    """Return whether ``direction`` is forward. The default is backward."""
    text = (values.get("direction") or "backward").lower()
    if text not in ("forward", "backward"):
        raise _wrong("direction", text, "forward or backward")
    return text == "forward"


def _checked(at: int, text: str, name: str) -> int:
    if not -_LATEST <= at <= _LATEST:
        raise _wrong(name, text, "a time that fits in 64 bits of nanoseconds")
    return at


def _wrong(name: str, value: str, allowed: str) -> QueryError:
    return QueryError(f"{name}={value[:100]!r} is not {allowed}")
