"""The shoppers' behaviour when the shop is down: they wait longer after each failure and log the outage once."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 15.0
"""Short enough that traffic resumes soon after the shop, and that the proxy's metrics still show an outage."""

log = logging.getLogger(__name__)


class Outage:
    """State shared by all shoppers: one log line when the shop goes down and one when it has recovered."""

    def __init__(self, clock: Callable[[], float], rng: random.Random) -> None:
        self._clock, self._rng = clock, rng
        self._since: float | None = None
        self._lock = threading.Lock()

    def failed(self, failures: int, reason: str, api_url: str) -> float:
        """Record a shopper's ``failures``-th failure in a row. Returns the seconds to wait: doubling, with jitter."""
        with self._lock:
            if self._since is None:
                self._since = self._clock()
                log.warning(
                    "the API does not respond at %s (%s): retrying at least every %.0f s",
                    api_url,
                    reason,
                    LONGEST_SECONDS,
                    extra={"event": "traffic.paused"},
                )
            longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures - 1, 10))
            return longest * self._rng.uniform(0.5, 1.0)

    def succeeded(self) -> None:
        """Record that the shop answered."""
        with self._lock:
            if self._since is None:
                return
            seconds, self._since = self._clock() - self._since, None
        log.info("the API responds again after %.1f s", seconds, extra={"event": "traffic.resumed"})
