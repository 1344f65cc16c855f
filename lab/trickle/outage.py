"""What the shoppers do when the shop is down: wait longer each time, and say it once."""

from __future__ import annotations

import logging
import random
import threading
from collections.abc import Callable

FIRST_SECONDS = 1.0
LONGEST_SECONDS = 15.0
"""Short enough that traffic is back soon after the shop is, and that an outage is still seen in the proxy's figures."""

log = logging.getLogger(__name__)


class Outage:
    """Shared by all shoppers: one log line when the shop goes down, one when it is back."""

    def __init__(self, clock: Callable[[], float], rng: random.Random) -> None:
        self._clock, self._rng = clock, rng
        self._since: float | None = None
        self._lock = threading.Lock()

    def failed(self, failures: int, reason: str, api_url: str) -> float:
        """Note a shopper's ``failures``-th failure in a row; return the seconds to wait: doubling, with jitter."""
        with self._lock:
            if self._since is None:
                self._since = self._clock()
                log.warning(
                    "the API does not answer at %s (%s): trying again, at least every %.0f s",
                    api_url,
                    reason,
                    LONGEST_SECONDS,
                    extra={"event": "traffic.paused"},
                )
            longest = min(LONGEST_SECONDS, FIRST_SECONDS * 2.0 ** min(failures - 1, 10))
            return longest * self._rng.uniform(0.5, 1.0)

    def succeeded(self) -> None:
        """Note that the shop answered."""
        with self._lock:
            if self._since is None:
                return
            seconds, self._since = self._clock() - self._since, None
        log.info("the API answers again after %.1f s", seconds, extra={"event": "traffic.resumed"})
