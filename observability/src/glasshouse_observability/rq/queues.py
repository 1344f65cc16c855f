"""The state of RQ queues, read from Redis at each scrape."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from datetime import UTC, datetime

from opentelemetry.instrumentation.utils import suppress_instrumentation
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from redis.exceptions import RedisError
from rq import Queue
from rq.exceptions import NoSuchJobError
from rq.job import Job

_log = logging.getLogger(__name__)


class QueueCollector(Collector):
    """``rq_queue_jobs`` by state and ``rq_queue_oldest_job_age_seconds``, for each queue.

    Every worker that serves a queue exports the same numbers: use ``max by (queue)``. While Redis does not respond, the
    gauges are absent, because their values are unknown, and ``rq_queue_scrape_errors_total`` increases.
    """

    def __init__(self, queues: list[Queue], registry: CollectorRegistry) -> None:
        self._queues = queues
        self._errors, self._lock = 0, threading.Lock()
        registry.register(self)

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
        try:
            with suppress_instrumentation():
                for queue in self._queues:
                    for state, count in _counts(queue).items():
                        jobs.add_metric([queue.name, state], count)
                    age.add_metric([queue.name], _oldest_age(queue))
        except RedisError as error:
            with self._lock:
                self._errors += 1
            _log.debug("cannot read the state of the queues: %s", error)
            jobs.samples.clear()
            age.samples.clear()
        errors.add_metric([], self._errors)
        return (jobs, age, errors)


def _counts(queue: Queue) -> dict[str, int]:
    # cleanup=False: a scrape must not move jobs between registries.
    return {
        "queued": queue.count,
        "started": queue.started_job_registry.get_job_count(cleanup=False),
        "scheduled": queue.scheduled_job_registry.get_job_count(cleanup=False),
        "failed": queue.failed_job_registry.get_job_count(cleanup=False),
    }


def _oldest_age(queue: Queue) -> float:
    oldest: bytes | None = queue.connection.lindex(queue.key, 0)  # type: ignore[assignment]
    if oldest is None:
        return 0.0
    try:
        job = Job.fetch(oldest.decode(), connection=queue.connection, serializer=queue.serializer)
    except NoSuchJobError:
        return 0.0
    if job.enqueued_at is None:
        return 0.0
    return max(0.0, (datetime.now(UTC) - job.enqueued_at.replace(tzinfo=UTC)).total_seconds())
