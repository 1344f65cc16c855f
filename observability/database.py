"""Metrics of database clients under OpenTelemetry's names, one set for every kind of database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge

from observability.deferred import DeferredHistogram
from observability.metrics import OPERATION_BUCKETS

if TYPE_CHECKING:
    from observability.mongo_pool import Pools


class DatabaseMetrics:
    """Durations of operations, connections of pools, and hits of caches."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.duration = DeferredHistogram(
            "db_client_operation_duration_seconds",
            "Duration of database commands as the client sees them",
            ["db_system_name", "db_operation_name", "error_type"],
            buckets=OPERATION_BUCKETS,
            registry=registry,
        )
        self.connections = Gauge(
            "db_client_connection_count",
            "Connections of a pool by state",
            ["db_client_connection_pool_name", "state"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.wait = DeferredHistogram(
            "db_client_connection_wait_time_seconds",
            "Time until a connection was had from the pool",
            ["db_client_connection_pool_name"],
            buckets=OPERATION_BUCKETS,
            registry=registry,
        )
        self.timeouts = Counter(
            "db_client_connection_timeouts_total",
            "Times that no connection was had from the pool in time",
            ["db_client_connection_pool_name"],
            registry=registry,
        )
        self.cache = Counter(
            "cache_requests_total",
            "Look-ups in a cache by what came of them",
            ["cache", "result"],
            registry=registry,
        )

        self.pools: dict[str, Pools] = {}
        """Those whose connections are counted when somebody looks, by name."""
        self._durations: dict[tuple[str, str, str], DeferredHistogram] = {}

    def observe(self, system: str, operation: str, error: str, seconds: float) -> None:
        """Observe one operation; ``error`` is ``""`` if it succeeded."""
        labels = system, operation, error
        child = self._durations.get(labels)
        if child is None:
            child = self._durations[labels] = self.duration.labels(*labels)
        child.observe(seconds)

    def declare_operations(self, system: str, *operations: str) -> None:
        """Start the series of operations known in advance at zero."""
        for operation in operations:
            self.duration.labels(system, operation, "")

    def declare_cache(self, cache: str) -> None:
        """Start the series of a cache at zero."""
        for result in ("local_hit", "hit", "negative_hit", "stale", "miss", "error"):
            self.cache.labels(cache, result)
