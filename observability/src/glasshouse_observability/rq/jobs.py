"""RQ jobs as metrics and as span attributes."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Histogram
from rq.job import Job

from glasshouse_observability.metrics.buckets import JOB_BUCKETS

OUTCOMES = ("finished", "failed", "retried", "crashed")


def job_attributes(job: Job, queue: str, operation: str) -> dict[str, str]:
    """Return a job as OpenTelemetry's messaging attributes; ``operation`` is ``publish`` or ``process``."""
    return {
        "messaging.system": "rq",
        "messaging.destination.name": queue,
        "messaging.operation.type": "send" if operation == "publish" else "process",
        "messaging.operation.name": operation,
        "messaging.message.id": str(job.id),
        "rq.job.function": str(job.func_name),
    }


class JobMetrics:
    """Metrics of jobs: duration, outcome and waiting time."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.duration = Histogram(
            "rq_job_duration_seconds",
            "Time from taking a job until it ends, by outcome",
            ["queue", "job", "outcome"],
            buckets=JOB_BUCKETS,
            registry=registry,
        )
        self.wait = Histogram(
            "rq_job_wait_seconds",
            "Time that jobs waited in the queue",
            ["queue", "job"],
            buckets=JOB_BUCKETS,
            registry=registry,
        )

    def declare(self, queue: str, *jobs: str) -> None:
        """Create the series of jobs known in advance, with the value zero."""
        for job in jobs:
            self.wait.labels(queue, job)
            for outcome in OUTCOMES:
                self.duration.labels(queue, job, outcome)
