"""The entry of a cached value, and its encoding in Redis."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

STALE_SECONDS = 24 * 3600
"""Seconds for which a value is kept after it expires, to be served while the database is down."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A cached value. ``value`` is ``None`` for an object that is known not to exist. Times in seconds since 1970."""

    value: Any
    version: int
    made_at: float
    fresh_until: float
    cost: float
    """Seconds that loading took. The longer it took, the earlier the entry is renewed."""
    stale: bool = False

    @property
    def age(self) -> float:
        """Return the seconds since it was loaded."""
        return max(0.0, time.time() - self.made_at)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The result of a loader: the value (JSON), its version, and for how many seconds it is fresh."""

    value: Any
    version: int
    seconds: float


class Load(Protocol):
    """Loads the value from its source. May raise ``DatabaseUnavailable``."""

    def __call__(self) -> Loaded:
        """Load the value."""


def kept_milliseconds(entry: Entry, now: float) -> int:
    """Return for how long Redis keeps the entry, from ``now`` (seconds since 1970)."""
    return int((entry.fresh_until - now + (STALE_SECONDS if entry.value is not None else 0.0)) * 1000) + 1


def dump(entry: Entry) -> bytes:
    """Return the entry as JSON."""
    return orjson.dumps(
        {
            "value": entry.value,
            "version": entry.version,
            "made_at": entry.made_at,
            "fresh_until": entry.fresh_until,
            "cost": entry.cost,
        }
    )


def parse(raw: Any) -> Entry | None:
    """Return the entry that Redis holds, or ``None`` if there is none or another version of this program wrote it."""
    if raw is None:
        return None
    try:
        return Entry(**orjson.loads(raw))
    except (orjson.JSONDecodeError, TypeError):
        return None
