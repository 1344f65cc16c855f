"""The parts of a process's telemetry that belong to RQ; there is one object for each ``Telemetry``."""

from __future__ import annotations

from collections.abc import Sequence

from glasshouse_observability.metrics.prometheus_internals import Definition
from glasshouse_observability.rq import fork_report
from glasshouse_observability.rq.adopted import AdoptedMetrics
from glasshouse_observability.rq.jobs import JobMetrics
from glasshouse_observability.rq.queues import QueueCollector
from glasshouse_observability.telemetry import Telemetry


class RqParts:
    """Metrics, tracer and queue collector; ``telemetry.part(RqParts)`` returns it."""

    def __init__(self, telemetry: Telemetry) -> None:
        self.telemetry = telemetry
        self.metrics = JobMetrics(telemetry)
        self.queues = QueueCollector(telemetry.registry)
        self.tracer = telemetry.tracer(__name__)
        self._adopted = AdoptedMetrics(telemetry.registry, telemetry.guard)

    def add_increases(self, increases: Sequence[fork_report.Increase], created: Sequence[Definition]) -> None:
        """Add the increments that a work horse has reported; those that cannot be added are counted as errors."""
        unknown, different = fork_report.add_increases(self.telemetry.registry, increases)
        if unknown:
            different += self._adopted.add(unknown, created)
        for name, labels, _ in different:
            error = ValueError(f"{name} has other labels or buckets in the worker than in a job (labels {labels})")
            self.telemetry.swallowed("rq.report", error)
