"""The state of RQ queues, read from Redis at each scrape."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis import ConnectionPool, Redis
from redis.exceptions import RedisError
from rq import Queue
from rq.utils import utcparse

from glasshouse_observability.locks import new_lock
from glasshouse_observability.rq.jobs import seconds_since
from glasshouse_observability.safe import safe_text

_log = logging.getLogger(__name__)
SECONDS = 0.5
"""The time limit of a connection for scrapes; a running scrape delays a fork, so it is short."""


class QueueCollector(Collector):
    """``rq_queue_jobs`` by state and ``rq_queue_oldest_job_age_seconds``, for each queue.

    Every worker that serves a queue exports the same numbers: use ``max by (queue)``. While Redis does not respond, the
    gauges are absent, because their values are unknown, and ``rq_queue_scrape_errors_total`` increases.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._queues: dict[str, Queue] = {}
        self._errors, self._lock = 0, new_lock()
        registry.register(self)

    def watch(self, queues: Iterable[Queue]) -> None:
        """Export these queues too, read over their own connections; a queue of a name that is exported is ignored."""
        for queue in queues:
            self._queues.setdefault(queue.name, queue)

    def watch_in_time(self, queues: Sequence[Queue]) -> None:
        """Export these queues too, read over a connection of the same server with a time limit of 0.5 s."""
        for queue in queues:
            if queue.name not in self._queues:
                self._queues[queue.name] = type(queue)(queue.name, connection=_in_time(queue.connection))

    def describe(self) -> Iterable[Metric]:
        """Return only the names, so that registration sends no request to Redis."""
        return self._families()

    def _families(self) -> tuple[GaugeMetricFamily, GaugeMetricFamily, CounterMetricFamily]:
        return (
            GaugeMetricFamily("rq_queue_jobs", "Jobs in a queue, by state", labels=["queue", "state"]),
            GaugeMetricFamily(
                "rq_queue_oldest_job_age_seconds",
                "Age of the oldest waiting job; 0 if none waits",
                labels=["queue"],
            ),
            CounterMetricFamily("rq_queue_scrape_errors_total", "Failed attempts to read the state of the queues"),
        )

    def collect(self) -> Iterable[Metric]:
        """Read the state from Redis."""
        jobs, age, errors = self._families()
        with suppress_instrumentation():
            for queue in list(self._queues.values()):
                name = safe_text(queue.name)
                try:
                    counts, oldest = _state(queue)
                except (RedisError, OSError) as error:
                    self._count(error)
                    break
                for state, count in counts.items():
                    jobs.add_metric([name, state], count)
                try:
                    age.add_metric([name], _age(queue, oldest))
                except (RedisError, OSError, ValueError, TypeError) as error:
                    # The times of a job may have been written by anything.
                    self._count(error)
        errors.add_metric([], self._errors)
        return (jobs, age, errors)

    def _count(self, error: Exception) -> None:
        with self._lock:
            self._errors += 1
        _log.debug("cannot read the state of the queues: %s", error)


def _state(queue: Queue) -> tuple[dict[str, int], bytes | None]:
    """Return the number of jobs by state, and the id of the oldest waiting job."""
    registries = {
        "started": queue.started_job_registry,
        "scheduled": queue.scheduled_job_registry,
        "deferred": queue.deferred_job_registry,
        "failed": queue.failed_job_registry,
    }
    with queue.connection.pipeline(transaction=False) as pipe:
        pipe.llen(queue.key)
        pipe.lindex(queue.key, 0)
        for registry in registries.values():
            # A registry's own count would move expired jobs to another registry.
            pipe.zcard(registry.key)
        queued, oldest, *sizes = pipe.execute()
    return {"queued": queued, **dict(zip(registries, sizes, strict=True))}, oldest


def _age(queue: Queue, oldest: bytes | str | None) -> float:
    if oldest is None:
        return 0.0
    job_id = oldest.decode() if isinstance(oldest, bytes) else oldest
    # Only this field: a job with other values that cannot be read waits too.
    enqueued: Any = queue.connection.hget(queue.job_class.key_for(job_id), "enqueued_at")
    if not enqueued:
        return 0.0
    return seconds_since(utcparse(enqueued.decode() if isinstance(enqueued, bytes) else enqueued)) or 0.0


def _in_time(connection: Redis) -> Redis:
    pool = connection.connection_pool
    if type(pool) is not ConnectionPool:
        # A pool that finds its server itself, such as Sentinel's, has more than these arguments.
        return connection
    limits = {"socket_timeout": SECONDS, "socket_connect_timeout": SECONDS}
    return Redis(
        connection_pool=ConnectionPool(connection_class=pool.connection_class, **{**pool.connection_kwargs, **limits})
    )
