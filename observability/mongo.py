"""MongoDB: a span and an observation per operation, and the state of the connection pool."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pymongo import monitoring
from pymongo.uri_parser import parse_uri

from observability.database import DatabaseMetrics
from observability.mongo_client import ObservedClient
from observability.mongo_operations import SYSTEM, Operations
from observability.telemetry import Telemetry

_OPERATIONS = ("find", "insert", "update", "findAndModify", "aggregate", "getMore", "commitTransaction", "ping")


def instrument_mongo(
    telemetry: Telemetry, metrics: DatabaseMetrics, pool: str = SYSTEM
) -> Callable[..., ObservedClient]:
    """Build clients with the factory returned, which takes a URL and ``MongoClient``'s options, to have them observed.

    Documents and filters never reach a span: neither the statement nor the server's error text is recorded, for
    both may quote what a customer typed.
    """
    metrics.declare_operations(SYSTEM, *_OPERATIONS)
    listener, tracer = PoolMetrics(metrics, pool), telemetry.tracer(__name__)

    def client(url: str, *, event_listeners: Sequence[Any] = (), **options: Any) -> ObservedClient:
        made = ObservedClient(url, event_listeners=[listener, *event_listeners], **options)
        made.operations = Operations(metrics, tracer, _server(url))
        return made

    return client


def _server(url: str) -> dict[str, str | int]:
    """The attributes that say which server it is, if there is but one."""
    nodes = parse_uri(url)["nodelist"]
    if len(nodes) != 1:
        return {}
    host, port = nodes[0]
    return {"server.address": host, **({"server.port": port} if port is not None else {})}


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
