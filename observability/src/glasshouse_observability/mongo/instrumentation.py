"""MongoDB instrumentation: a span and an observation per operation, and the state of the connection pool."""

from __future__ import annotations

from typing import Any

from pymongo import MongoClient

from glasshouse_observability.database import DatabaseMetrics
from glasshouse_observability.database_calls import DatabaseCalls
from glasshouse_observability.mongo.methods import Methods
from glasshouse_observability.mongo.pools import Pools
from glasshouse_observability.mongo.spans import SYSTEM, describe, error_type
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.versions import require_extra
from glasshouse_observability.wrapping.integration import Integration
from glasshouse_observability.wrapping.patches import Patches
from glasshouse_observability.wrapping.targets import Targets

_OPERATIONS = ("find", "insert", "update", "findAndModify", "aggregate", "getMore", "commitTransaction", "ping")


def _install(telemetry: Telemetry, targets: Targets[MongoClient[Any]], patches: Patches) -> None:
    require_extra("mongo")
    metrics = telemetry.part(DatabaseMetrics)
    metrics.declare_operations(SYSTEM, *_OPERATIONS)
    Methods(DatabaseCalls(telemetry, SYSTEM, describe, error_type), targets, patches).wrap()
    Pools(metrics, SYSTEM, targets).wrap(patches)


_integration: Integration[MongoClient[Any]] = Integration("mongo", _install)


def instrument_mongo(telemetry: Telemetry, client: MongoClient[Any] | None = None) -> None:
    """Observe the operations of one client, or of every ``MongoClient`` of the process, made before and after the call.

    Subclasses of other libraries are included. Documents and filters never reach a span: neither the statement nor the
    server's error text is recorded. ``AsyncMongoClient`` is not observed.

    Raises:
        AlreadyInstrumented: it was called with another ``Telemetry``.
        UnsupportedVersion: pymongo is older than 4.3 or newer than 4.x.
    """
    _integration.instrument(telemetry, client)


def uninstrument_mongo(client: MongoClient[Any] | None = None) -> None:
    """Observe one client, or every client, no longer; without effect if it is not observed."""
    _integration.uninstrument(client)
