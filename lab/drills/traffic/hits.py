"""The requests of the light load and their sums. Pure."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass

from lab.drills.interfaces import Tally


@dataclass(frozen=True, slots=True)
class Hit:
    """One request. ``at``: when it was answered or abandoned, in seconds since the epoch; ``status`` 0: no response."""

    at: float
    status: int
    seconds: float
    by_api: bool
    """Whether the API responded, and not NGINX."""

    @property
    def failed(self) -> bool:
        """Whether the SLO counts it as failed: 5xx, or no response."""
        return self.status == 0 or self.status >= 500


class Hits:
    """All requests of a load. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._hits: list[Hit] = []

    def add(self, hit: Hit) -> None:
        """Add a request."""
        with self._lock:
            self._hits.append(hit)

    def tally(self, start: float, end: float) -> Tally:
        """Return the counts of requests that ended between two times."""
        with self._lock:
            hits = [hit for hit in self._hits if start <= hit.at <= end]
        return Tally(
            requests=len(hits),
            failed=sum(hit.failed for hit in hits),
            answered=sum(hit.by_api for hit in hits),
            answered_failed=sum(hit.by_api and hit.failed for hit in hits),
            slowest=max((hit.seconds for hit in hits), default=0.0),
            statuses=dict(sorted(Counter(str(hit.status or "no response") for hit in hits).items())),
        )
