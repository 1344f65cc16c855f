"""Metrics of database clients under OpenTelemetry's names, one set for all kinds of databases."""

from __future__ import annotations

import re
from collections.abc import Callable

from prometheus_client import Counter, Gauge

from glasshouse_observability.metrics.buckets import OPERATION_BUCKETS
from glasshouse_observability.metrics.cardinality import OTHER
from glasshouse_observability.metrics.deferred import DeferredHistogram
from glasshouse_observability.telemetry import Telemetry

MOST_KEPT = 1000
"""The number of observers that are kept: more combinations of labels than any client uses."""
_COMMAND = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,39}")


class Observers(dict[tuple[str, str, str], Callable[[float], None]]):
    """The functions that observe the seconds of an operation, by database system, operation and error (``""``: none).

    The dictionary creates missing entries, because calling ``labels`` takes longer than the observation.
    """

    def __init__(self, duration: DeferredHistogram) -> None:
        super().__init__()
        self._duration = duration

    def __missing__(self, labels: tuple[str, str, str]) -> Callable[[float], None]:
        observe = self._duration.labels(*labels).observe
        if len(self) < MOST_KEPT:
            # The names of commands and errors may come from the application, so their number has no limit.
            self[labels] = observe
        return observe


class DatabaseMetrics:
    """Durations of operations and connections of pools. Create it with ``telemetry.part(DatabaseMetrics)``."""

    def __init__(self, telemetry: Telemetry) -> None:
        registry = telemetry.registry
        self.duration = telemetry.guard.limit(
            DeferredHistogram(
                "db_client_operation_duration_seconds",
                "Duration of database commands, measured by the client",
                ["db_system_name", "db_operation_name", "error_type"],
                buckets=OPERATION_BUCKETS,
                registry=registry,
            ),
            "db_operation_name",
            "error_type",
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
        self.observe = Observers(self.duration)

    def declare_operations(self, system: str, *operations: str) -> None:
        """Create the series of operations known in advance, with the value zero."""
        for operation in operations:
            self.duration.labels(system, operation, "")


def bounded_name(name: str) -> str:
    """Return a command's name for labels and spans; ``other`` for text that cannot be one.

    Commands are named by the application, so the text may be anything, a value of a user included.
    """
    return name if _COMMAND.fullmatch(name) else OTHER
