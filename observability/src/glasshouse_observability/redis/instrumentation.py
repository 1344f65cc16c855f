"""Redis instrumentation: a span and an observation per command or pipeline."""

from __future__ import annotations

from typing import Any

from redis import Redis
from redis.cluster import RedisCluster

from glasshouse_observability.database import DatabaseMetrics
from glasshouse_observability.database_calls import DatabaseCalls
from glasshouse_observability.redis.methods import COMMON, Methods, pool_of
from glasshouse_observability.redis.spans import PIPELINE, SYSTEM, describe, error_type
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.versions import require_extra
from glasshouse_observability.wrapping.integration import Integration
from glasshouse_observability.wrapping.patches import Patches
from glasshouse_observability.wrapping.targets import Targets


def _install(telemetry: Telemetry, targets: Targets[Any], patches: Patches) -> None:
    require_extra("redis")
    telemetry.part(DatabaseMetrics).declare_operations(SYSTEM, *COMMON, PIPELINE)
    Methods(DatabaseCalls(telemetry, SYSTEM, describe, error_type), targets, patches).wrap()


_integration: Integration[Any] = Integration("redis", _install)


def instrument_redis(telemetry: Telemetry, client: Redis | RedisCluster | None = None) -> None:
    """Observe the commands of one client, or of every client of the process, made before and after the call.

    One client means all clients that share its connection pool: pipelines, locks, RQ's queues. Arguments and the
    server's error texts, which may quote them, are never recorded. ``redis.asyncio`` and ``PubSub`` are not observed.

    Raises:
        AlreadyInstrumented: it was called with another ``Telemetry``.
        UnsupportedVersion: redis-py is older than 4.6 or newer than 8.x.
    """
    _integration.instrument(telemetry, None if client is None else pool_of(client))


def uninstrument_redis(client: Redis | RedisCluster | None = None) -> None:
    """Observe one client, or every client, no longer; without effect if it is not observed."""
    _integration.uninstrument(None if client is None else pool_of(client))
