"""MongoDB instrumentation: a span and an observation per operation, and the state of the connection pool."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pymongo.uri_parser import parse_uri

from glasshouse_observability.database import DatabaseMetrics
from glasshouse_observability.mongo.client import ObservedClient
from glasshouse_observability.mongo.operations import SYSTEM, Operations
from glasshouse_observability.mongo.pool import pools_of
from glasshouse_observability.telemetry import Telemetry

_OPERATIONS = ("find", "insert", "update", "findAndModify", "aggregate", "getMore", "commitTransaction", "ping")


def instrument_mongo(
    telemetry: Telemetry, metrics: DatabaseMetrics, pool: str = SYSTEM
) -> Callable[..., ObservedClient]:
    """Return a factory of observed clients, which accepts a URL and ``MongoClient``'s options.

    ``pool`` is the name under which the connections of all these clients are counted together. Documents and filters
    never reach a span: neither the statement nor the server's error text is recorded, because both may quote a
    customer's input.
    """
    metrics.declare_operations(SYSTEM, *_OPERATIONS)
    pools, tracer = pools_of(metrics, pool), telemetry.tracer(__name__)

    def client(url: str, **options: Any) -> ObservedClient:
        observed = ObservedClient(url, _pool_class=pools, **options)
        observed.operations = Operations(metrics, tracer, _server(url))
        return observed

    return client


def _server(url: str) -> dict[str, str | int]:
    """Return the attributes that identify the server, if there is only one."""
    nodes = parse_uri(url)["nodelist"]
    if len(nodes) != 1:
        return {}
    host, port = nodes[0]
    return {"server.address": host, **({"server.port": port} if port is not None else {})}
