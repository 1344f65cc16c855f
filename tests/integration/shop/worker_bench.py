"""A queue on a real Redis, its worker, jobs for it, and their observations."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import redis
from opentelemetry import context as otel_context
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import Counter
from rq import Queue
from rq.job import Job
from rq.serializers import JSONSerializer

from glasshouse_observability import Telemetry, context
from glasshouse_observability.rq import ReusingWorker, declare_jobs, instrument_rq, uninstrument_rq, watch_queues
from glasshouse_observability.traces.unsampled import UnsampledSpan

_work: dict[str, object] = {}
"""The telemetry that the jobs below use; a work horse inherits it through the fork."""


def count_and_trace(times: int) -> str | None:
    """Count, create a span, and return the current request id: a job."""
    counter, telemetry = _work["counter"], _work["telemetry"]
    assert isinstance(counter, Counter)
    assert isinstance(telemetry, Telemetry)
    with telemetry.tracer("job").start_as_current_span("inner"):
        counter.inc(times)
    return context.request_id.get()


def fail() -> None:
    """Fail: a job."""
    raise ValueError("no luck")


def die() -> None:
    """Kill the process in the middle of the work: a job."""
    counter = _work["counter"]
    assert isinstance(counter, Counter)
    counter.inc()
    os.kill(os.getpid(), signal.SIGKILL)


def report_pid(seconds: float = 0) -> None:
    """Record the pid of the process and sleep for ``seconds``: a job."""
    connection = _work["connection"]
    assert isinstance(connection, redis.Redis)
    connection.rpush("pids", os.getpid())
    time.sleep(seconds)


class Bench:
    """A queue, its worker whose work horses run ``jobs_per_work_horse`` jobs, and their observations."""

    def __init__(
        self, url: str, telemetry: Telemetry, exporter: InMemorySpanExporter, jobs_per_work_horse: int = 1
    ) -> None:
        self.telemetry, self._exporter = telemetry, exporter
        self.connection = redis.Redis.from_url(url)
        self.queue = Queue("orders", connection=self.connection, serializer=JSONSerializer)
        self.counter = Counter("things", "Things", registry=telemetry.registry)
        _work.update(counter=self.counter, telemetry=telemetry, connection=self.connection)
        instrument_rq(telemetry)
        watch_queues(telemetry, [self.queue])
        declare_jobs(telemetry, "orders", f"{__name__}.count_and_trace")
        self.worker = ReusingWorker(
            [self.queue],
            connection=self.connection,
            serializer=JSONSerializer,
            jobs_per_work_horse=jobs_per_work_horse,
        )

    def close(self) -> None:
        uninstrument_rq()
        self.connection.close()
        _work.clear()

    def enqueue(self, function: str, *args: object, request: str = "request-1", **options: Any) -> Job:
        tracer = self.telemetry.tracer("test")
        with tracer.start_as_current_span("placing"), context.bind_ids(request):
            return self.queue.enqueue(f"{__name__}.{function}", *args, **options)

    def enqueue_unsampled(self, function: str, *args: object) -> UnsampledSpan:
        """Enqueue within an unsampled request; return the placeholder for its span."""
        caller = UnsampledSpan()
        token = caller.attach()
        try:
            self.queue.enqueue(f"{__name__}.{function}", *args)
        finally:
            otel_context.detach(token)
        return caller

    def work(self) -> None:
        self.worker.work(burst=True, logging_level=None)

    def pids(self) -> list[int]:
        """Return the pids of the jobs that recorded them, in their order."""
        return [int(pid) for pid in self.connection.lrange("pids", 0, -1)]  # type: ignore[union-attr]

    def jobs(self, name: str, outcome: str) -> float | None:
        labels = {"queue": "orders", "job": f"{__name__}.{name}", "outcome": outcome}
        return self.telemetry.registry.get_sample_value("rq_job_duration_seconds_count", labels)

    def spans(self) -> dict[str, ReadableSpan]:
        self.telemetry.provider.force_flush()
        return {span.name: span for span in self._exporter.get_finished_spans()}
