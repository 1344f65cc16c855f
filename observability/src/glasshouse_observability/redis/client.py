"""Redis instrumentation: a span and an observation per command or pipeline."""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from typing import Any

import redis
from opentelemetry.instrumentation.redis import RedisInstrumentor
from redis.client import Pipeline

from glasshouse_observability.database import DatabaseMetrics
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.unsampled import is_suppressed

SYSTEM = "redis"
_COMMANDS = ("GET", "SET", "DEL", "PING", "PIPELINE")
_OPERATIONS: dict[Any, str] = {name: name for name in _COMMANDS}
"""Most command names in redis-py have this form, which needs neither splitting nor conversion to upper case."""


# The method that the instrumentation wraps. The wrapper would check for each command whether it is disabled.
_EXECUTE: Callable[..., Any] = inspect.unwrap(redis.Redis.execute_command)
_EXECUTE_PIPELINE: Callable[..., list[Any]] = inspect.unwrap(Pipeline.execute)


def instrument_redis(telemetry: Telemetry, metrics: DatabaseMetrics) -> Callable[..., ObservedRedis]:
    """Trace every Redis command of the process; return a factory of clients that are also measured.

    Values are never recorded: the instrumentation writes ``SET ? ?``.
    """
    RedisInstrumentor().instrument(tracer_provider=telemetry.provider)
    metrics.declare_operations(SYSTEM, *_COMMANDS)

    def from_url(url: str, **options: Any) -> ObservedRedis:
        client = ObservedRedis.from_url(url, **options)
        assert isinstance(client, ObservedRedis)
        client.metrics = metrics
        return client

    return from_url


class ObservedRedis(redis.Redis):
    """A Redis client whose commands are observed in ``metrics``."""

    metrics: DatabaseMetrics | None = None

    def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command and observe it."""
        started, error = time.perf_counter(), ""
        try:
            if is_suppressed():
                return _EXECUTE(self, *args, **options)
            return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]
        except redis.RedisError as failure:
            error = type(failure).__name__
            raise
        finally:
            if self.metrics is not None:
                operation = _OPERATIONS.get(args[0]) or str(args[0]).split(" ")[0].upper()
                self.metrics.observe[SYSTEM, operation, error](time.perf_counter() - started)

    def pipeline(self, transaction: bool = True, shard_hint: Any = None) -> Pipeline:
        """A pipeline that is observed as one operation."""
        pipe = ObservedPipeline(self.connection_pool, self.response_callbacks, transaction, shard_hint)
        pipe.metrics = self.metrics
        return pipe


class ObservedPipeline(Pipeline):
    """A pipeline that is observed as one ``PIPELINE`` operation."""

    metrics: DatabaseMetrics | None = None

    def execute(self, raise_on_error: bool = True) -> list[Any]:
        """Run the queued commands and observe them."""
        started, error = time.perf_counter(), ""
        try:
            if is_suppressed():
                return _EXECUTE_PIPELINE(self, raise_on_error)
            result: list[Any] = super().execute(raise_on_error)
            return result
        except redis.RedisError as failure:
            error = type(failure).__name__
            raise
        finally:
            if self.metrics is not None:
                self.metrics.observe[SYSTEM, "PIPELINE", error](time.perf_counter() - started)
