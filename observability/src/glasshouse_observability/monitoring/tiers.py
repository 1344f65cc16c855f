"""Windows and burn rates of objectives over 30 days.

Source: Google, The Site Reliability Workbook, chapter 5, table 5-8. An alert of a tier fires while the share of bad
events exceeds ``factor`` times the allowed share over both windows: the long one shows that it matters, the short one
that it continues.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from glasshouse_observability.monitoring.errors import WrongOption

PERIOD = "30d"
EVERY, PERIOD_EVERY = "30s", "5m"
"""Evaluation intervals of the rules, and of those that cover the whole period."""
COUNTED = ("5m", "30m", "1h")
"""Windows that are calculated from the counters; longer ones are sums of the values recorded over the first."""
FEWEST = 10
"""The minimum number of bad events in the long window, because one failure among few events is a high share."""

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}


@dataclass(frozen=True)
class Tier:
    """One alert condition of an objective."""

    name: str
    severity: str
    factor: Decimal
    long: str
    short: str
    for_: str
    keep: str


TIERS = (
    Tier("page-fast", "page", Decimal("14.4"), "1h", "5m", "2m", "5m"),
    Tier("page-slow", "page", Decimal(6), "6h", "30m", "5m", "5m"),
    Tier("ticket-fast", "ticket", Decimal(3), "1d", "2h", "15m", "15m"),
    Tier("ticket-slow", "ticket", Decimal(1), "3d", "6h", "1h", "15m"),
)


def seconds(duration: str) -> int:
    """Return the seconds of a duration such as ``5m``."""
    return int(duration[:-1]) * _UNITS[duration[-1]]


def windows() -> list[str]:
    """Return every window except the period, shortest first."""
    return sorted({*COUNTED, *(tier.long for tier in TIERS), *(tier.short for tier in TIERS)}, key=seconds)


def budget(option: str, percent: Decimal) -> Decimal:
    """Return the allowed share of bad events of an objective in percent, such as 0.001 for 99.9.

    Raises:
        WrongOption: the objective is not below 100, or an alert could never fire.
    """
    if not 0 < percent < 100:
        raise WrongOption(f"{option} {percent}: an objective is a percentage above 0 and below 100, such as 99.9")
    allowed = (1 - percent / 100).normalize()
    for tier in TIERS:
        if tier.factor * allowed >= 1:
            lowest = 100 - 100 / tier.factor
            raise WrongOption(
                f"{option} {percent}: the tier {tier.name} would fire only above {tier.factor} × {allowed:f} ="
                f" {tier.factor * allowed:f} of all events, which is impossible; use an objective above {lowest:.2f},"
                " or --without slo"
            )
    return allowed
