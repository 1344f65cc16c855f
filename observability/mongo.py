"""MongoDB: a span and an observation per command, and the state of the connection pool."""

from __future__ import annotations

from typing import Any

from opentelemetry.instrumentation.pymongo import PymongoInstrumentor
from opentelemetry.trace import Span, Status, StatusCode
from pymongo import monitoring

from observability.database import DatabaseMetrics
from observability.telemetry import Telemetry

SYSTEM = "mongodb"
_COMMANDS = ("find", "insert", "update", "findAndModify", "aggregate", "getMore", "commitTransaction", "ping")


def instrument_mongo(telemetry: Telemetry, metrics: DatabaseMetrics, pool: str = SYSTEM) -> list[Any]:
    """Trace every command of the process; the listeners returned go to ``MongoClient(event_listeners=…)``.

    Documents and filters never reach a span: neither the statement nor the server's error text is recorded, for
    both may quote what a customer typed.
    """
    PymongoInstrumentor().instrument(
        tracer_provider=telemetry.provider, failed_hook=_hide_error_text, capture_statement=False
    )
    metrics.declare_operations(SYSTEM, *_COMMANDS)
    return [CommandMetrics(metrics), PoolMetrics(metrics, pool)]


def _hide_error_text(span: Span, event: monitoring.CommandFailedEvent) -> None:
    span.set_status(Status(StatusCode.ERROR, str(event.failure.get("codeName", "command failed"))))


class CommandMetrics(monitoring.CommandListener):
    """Observes the duration of each command, with the server's error name when it failed."""

    def __init__(self, metrics: DatabaseMetrics) -> None:
        self._observe = metrics.observe

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        """Nothing to note: the driver measures."""

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        """Observe a success."""
        self._observe(SYSTEM, event.command_name, "", event.duration_micros / 1e6)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        """Observe a failure under the server's name for it, or the driver's when no answer came."""
        error = event.failure.get("codeName") or event.failure.get("errtype") or "NetworkError"
        self._observe(SYSTEM, event.command_name, str(error), event.duration_micros / 1e6)


class PoolMetrics(monitoring.ConnectionPoolListener):
    """Keeps the gauges of one client's pools, summed over its servers."""

    def __init__(self, metrics: DatabaseMetrics, pool: str) -> None:
        self._idle = metrics.connections.labels(pool, "idle")
        self._used = metrics.connections.labels(pool, "used")
        self._wait = metrics.wait.labels(pool)
        self._timeouts = metrics.timeouts.labels(pool)
        self._ready: set[tuple[Any, int]] = set()

    def connection_ready(self, event: monitoring.ConnectionReadyEvent) -> None:
        """A connection is established: it begins idle."""
        self._ready.add((event.address, event.connection_id))
        self._idle.inc()

    def connection_closed(self, event: monitoring.ConnectionClosedEvent) -> None:
        """A connection is gone; it was checked in before, or never became ready and was never counted."""
        known = (event.address, event.connection_id)
        if known in self._ready:
            self._ready.discard(known)
            self._idle.dec()

    def connection_checked_out(self, event: monitoring.ConnectionCheckedOutEvent) -> None:
        """A connection is used, after ``event.duration`` seconds of waiting."""
        self._idle.dec()
        self._used.inc()
        self._wait.observe(event.duration or 0.0)

    def connection_checked_in(self, event: monitoring.ConnectionCheckedInEvent) -> None:
        """A connection is idle again."""
        self._used.dec()
        self._idle.inc()

    def connection_check_out_failed(self, event: monitoring.ConnectionCheckOutFailedEvent) -> None:
        """Nobody freed a connection in time, or none could be made."""
        if event.reason == "timeout":
            self._timeouts.inc()

    def pool_created(self, event: monitoring.PoolCreatedEvent) -> None:
        """Nothing is connected yet."""

    def pool_ready(self, event: monitoring.PoolReadyEvent) -> None:
        """Nothing is connected yet."""

    def pool_cleared(self, event: monitoring.PoolClearedEvent) -> None:
        """Each closed connection is told by an event of its own."""

    def pool_closed(self, event: monitoring.PoolClosedEvent) -> None:
        """Each closed connection is told by an event of its own."""

    def connection_created(self, event: monitoring.ConnectionCreatedEvent) -> None:
        """Not usable before it is ready."""

    def connection_check_out_started(self, event: monitoring.ConnectionCheckOutStartedEvent) -> None:
        """The wait comes with the event that ends it."""
