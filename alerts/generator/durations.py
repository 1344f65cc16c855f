"""Durations in Prometheus's notation: one number and one unit."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_FORM = re.compile(r"([1-9]\d*)([smhdw])")


def seconds(duration: str) -> int:
    """Return the duration in seconds. Raises ``ValueError``."""
    found = _FORM.fullmatch(duration)
    if found is None:
        raise ValueError(f"{duration!r} is not a duration such as 30s, 5m, 1h or 30d")
    return int(found[1]) * _UNITS[found[2]]


def _checked(duration: str) -> str:
    seconds(duration)
    return duration


Duration = Annotated[str, AfterValidator(_checked)]
