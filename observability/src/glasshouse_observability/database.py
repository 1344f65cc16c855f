"""Metrics of database clients under OpenTelemetry's names, one set for all kinds of databases."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge

from glasshouse_observability.metrics.buckets import OPERATION_BUCKETS
from glasshouse_observability.metrics.deferred import DeferredHistogram


class Observers(dict[tuple[str, str, str], Callable[[float], None]]):
    """The functions that observe the seconds of an operation, by database system, operation and error (``""``: none).

    The dictionary creates missing entries, because calling ``labels`` takes longer than the observation.
    """

    def __init__(self, duration: DeferredHistogram) -> None:
        super().__init__()
        self._duration = duration

    def __missing__(self, labels: tuple[str, str, str]) -> Callable[[float], None]:
        observe = self[labels] = self._duration.labels(*labels).observe
        return observe


class DatabaseMetrics:
    """Durations of operations, connections of pools, and hits of caches."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.duration = DeferredHistogram(
            "db_client_operation_duration_seconds",
            "Duration of database commands, measured by the client",
            ["db_system_name", "db_operation_name", "error_type"],
            buckets=OPERATION_BUCKETS,
            registry=registry,
        )
        self.connections = Gauge(
            "db_client_connection_count",
            "Connections in a pool, by state",
            ["db_client_connection_pool_name", "state"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.wait = DeferredHistogram(
            "db_client_connection_wait_time_seconds",
            "Time that operations waited for a connection from the pool",
            ["db_client_connection_pool_name"],
            buckets=OPERATION_BUCKETS,
            registry=registry,
        )
        self.timeouts = Counter(
            "db_client_connection_timeouts_total",
            "Timeouts while waiting for a connection from the pool",
            ["db_client_connection_pool_name"],
            registry=registry,
        )
        self.cache = Counter(
            "cache_requests_total",
            "Cache look-ups, by result",
            ["cache", "result"],
            registry=registry,
        )

        self.pools: dict[str, object] = {}
        """The object that counts the connections of all pools with the same name, by name.

        Its type is defined in the driver's module.
        """
        self.observe = Observers(self.duration)

    def declare_operations(self, system: str, *operations: str) -> None:
        """Create the series of operations known in advance, with the value zero."""
        for operation in operations:
            self.duration.labels(system, operation, "")

    def declare_cache(self, cache: str) -> None:
        """Create the series of a cache, with the value zero."""
        for result in ("local_hit", "hit", "negative_hit", "stale", "miss", "error"):
            self.cache.labels(cache, result)
