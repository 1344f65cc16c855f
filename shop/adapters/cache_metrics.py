"""Look-ups of the shop's caches, by result."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter

RESULTS = ("local_hit", "hit", "negative_hit", "stale", "miss", "error")


class CacheMetrics:
    """One counter for all caches of a process."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._lookups = Counter(
            "cache_requests_total", "Cache look-ups, by result", ["cache", "result"], registry=registry
        )

    def of(self, cache: str) -> dict[str, Counter]:
        """Return the counters of one cache by result, which begin at zero."""
        return {result: self._lookups.labels(cache, result) for result in RESULTS}
