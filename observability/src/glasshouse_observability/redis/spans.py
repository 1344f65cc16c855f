"""Names and attributes of Redis spans, and the types of errors."""

from __future__ import annotations

from typing import Any

from redis import WatchError
from redis.client import Pipeline
from redis.cluster import ClusterPipeline

from glasshouse_observability.database_calls import Attributes

SYSTEM = "redis"
PIPELINE = "PIPELINE"
"""The operation of a pipeline, with and without ``MULTI``."""


def describe(operation: str, client: Any) -> tuple[str, Attributes]:
    """Return the name and the attributes of the span of a command or pipeline; no argument is among them."""
    attributes: Attributes = {"db.system.name": SYSTEM, "db.operation.name": operation}
    # A cluster has many servers and no single pool, a Sentinel's pool has no fixed server.
    options = getattr(getattr(client, "connection_pool", None), "connection_kwargs", None) or {}
    if options:
        attributes["db.namespace"] = str(options.get("db") or 0)
    if (path := options.get("path")) is not None:
        attributes |= {"server.address": str(path), "network.transport": "unix"}
    elif (host := options.get("host")) is not None:
        attributes |= {"server.address": str(host), "server.port": int(options.get("port") or 6379)}
    if isinstance(client, Pipeline | ClusterPipeline) and operation == PIPELINE:
        attributes["db.operation.batch.size"] = len(client)
    return operation, attributes


def error_type(failure: BaseException) -> str:
    """Return the exception's name, because its text may quote arguments; ``""`` if it reports a changed watched key."""
    return "" if isinstance(failure, WatchError) else type(failure).__name__
