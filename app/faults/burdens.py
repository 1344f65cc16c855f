"""Faults that put load on a replica independently of requests: memory, log lines and label values."""

from __future__ import annotations

import logging
import secrets
import time
from collections.abc import Callable

from prometheus_client import Counter

from faults.watch import Active, Faults
from glasshouse_observability import Telemetry

_log = logging.getLogger("app.audit")
MEGABYTE = 2**20
MOST_MEGABYTES = 80
"""A replica's container has a limit of 192 MB and needs about 95 MB: this amount shows in metrics and is not fatal."""


class Burdens:
    """Apply the faults that are on in small steps, one at each :meth:`look`; memory is released when its fault ends."""

    def __init__(self, faults: Faults, telemetry: Telemetry, clock: Callable[[], float] = time.monotonic) -> None:
        self._faults, self._clock, self._last = faults, clock, clock()
        self._leaked: list[bytearray] = []
        visits = Counter("shop_campaign_visits_total", "Visits by campaign", ["campaign"], registry=telemetry.registry)
        self._visits = telemetry.guard.limit(visits, "campaign")
        self._owed: dict[str, float] = {}

    def look(self) -> None:
        """Apply the share of each fault that is due for the time since the previous call."""
        now = self._clock()
        seconds, self._last = min(1.0, now - self._last), now
        self._leak(seconds)
        self._chatter(seconds)
        self._visit(seconds)

    @property
    def leaked_bytes(self) -> int:
        """Return how much memory is held."""
        return sum(map(len, self._leaked))

    def _leak(self, seconds: float) -> None:
        fault = self._faults.active("memory-leak")
        if fault is None:
            self._leaked.clear()
        elif self.leaked_bytes < MOST_MEGABYTES * MEGABYTE:
            # The pages are not filled with zeros: a page that was never written to is not resident.
            self._leaked.append(bytearray(b"\x55") * int(fault.number("per_second") * seconds * MEGABYTE))

    def _chatter(self, seconds: float) -> None:
        fault = self._faults.active("log-flood")
        if fault is None:
            return
        for _ in range(self._due("log-flood", fault, seconds)):
            _log.info("basket viewed", extra={"event": "basket.viewed", "basket": secrets.token_hex(16)})

    def _visit(self, seconds: float) -> None:
        fault = self._faults.active("label-explosion")
        if fault is None:
            return
        for _ in range(self._due("label-explosion", fault, seconds)):
            self._visits.labels(f"campaign-{secrets.token_hex(6)}").inc()

    def _due(self, name: str, fault: Active, seconds: float) -> int:
        """Return how many units are due for this time span; the fraction is carried over to the next call."""
        owed = self._owed.get(name, 0.0) + fault.number("per_second") * seconds
        self._owed[name] = owed % 1
        return int(owed)
