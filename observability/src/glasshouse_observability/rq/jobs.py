"""RQ jobs as metrics and as span attributes."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime

from prometheus_client import Counter, Histogram

from glasshouse_observability.metrics.buckets import JOB_BUCKETS
from glasshouse_observability.metrics.prometheus_internals import incrementer
from glasshouse_observability.telemetry import Telemetry

OUTCOMES = ("finished", "failed", "retried", "stopped", "crashed", "interrupted", "abandoned")
"""How one execution of a job ends.

``retried``: it failed or returned ``Retry``, and RQ will run it again. ``stopped``: by RQ's stop command. ``crashed``:
its work horse has died. ``interrupted``: its worker ended first, and RQ decides later what becomes of the job.
``abandoned``: RQ's clean-up found that its worker has disappeared.
"""
MOST_COUNTERS = 1000
"""How many series are remembered; the names of functions may be generated."""
ERRORS = frozenset({"failed", "crashed", "abandoned"})
LEVELS = {
    outcome: logging.ERROR if outcome in ERRORS else logging.INFO if outcome == "finished" else logging.WARNING
    for outcome in OUTCOMES
}


def job_attributes(job_id: object, name: str, queue: str, operation: str) -> dict[str, str]:
    """Return a job as OpenTelemetry's messaging attributes; ``operation`` is ``publish`` or ``process``."""
    return {
        "messaging.system": "rq",
        "messaging.destination.name": queue,
        "messaging.operation.type": "send" if operation == "publish" else "process",
        "messaging.operation.name": operation,
        "messaging.message.id": str(job_id),
        "rq.job.function": name,
    }


def seconds_since(moment: datetime | None) -> float | None:
    """Return the seconds since ``moment``, at least 0; ``None`` if it is missing. Without time zone it is UTC."""
    if moment is None:
        return None
    # RQ's times have no zone before version 2.2.
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
    return max(0.0, (datetime.now(UTC) - aware).total_seconds())


class JobMetrics:
    """Metrics of jobs: number enqueued, duration, outcome, retries and waiting time."""

    def __init__(self, telemetry: Telemetry) -> None:
        registry, limit = telemetry.registry, telemetry.guard.limit
        self.enqueued = limit(
            Counter(
                "rq_jobs_enqueued_total",
                "Jobs that this process has enqueued, scheduled or deferred, without RQ's own retries and repetitions",
                ["queue", "job"],
                registry=registry,
            ),
            "queue",
            "job",
        )
        self.duration = limit(
            Histogram(
                "rq_job_duration_seconds",
                "Time from taking a job until it ends, by outcome",
                ["queue", "job", "outcome"],
                buckets=JOB_BUCKETS,
                registry=registry,
            ),
            "queue",
            "job",
        )
        self.wait = limit(
            Histogram(
                "rq_job_wait_seconds",
                "Time that jobs waited in the queue",
                ["queue", "job"],
                buckets=JOB_BUCKETS,
                registry=registry,
            ),
            "queue",
            "job",
        )
        self.retries = limit(
            Counter(
                "rq_job_retries_total",
                "Executions of jobs after which RQ will run the job again: it failed, crashed or returned Retry",
                ["queue", "job"],
                registry=registry,
            ),
            "queue",
            "job",
        )

        self._counters: dict[tuple[str, str], Callable[[], object]] = {}

    def count_enqueued(self, queue: str, job: str) -> None:
        """Count one job; the look-up of a series takes longer than the rest of it."""
        count = self._counters.get((queue, job))
        if count is None:
            count = incrementer(self.enqueued.labels(queue, job))
            if len(self._counters) < MOST_COUNTERS:
                self._counters[queue, job] = count
        count()

    def declare(self, queue: str, *jobs: str) -> None:
        """Create the series of jobs known in advance, with the value zero."""
        for job in jobs:
            for metric in (self.enqueued, self.wait, self.retries):
                metric.labels(queue, job)
            for outcome in OUTCOMES:
                self.duration.labels(queue, job, outcome)
