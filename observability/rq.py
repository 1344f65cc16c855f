"""RQ: the trace and the request id travel with the job; jobs are measured by the worker's parent process.

Third-party RQ instrumentations break on rq 3 or stop at the fork; this is ours. Enqueue with :func:`enqueue`, work
with :class:`ObservedWorker`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import IO, Any

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer
from prometheus_client import CollectorRegistry, Histogram
from rq import Queue, Worker
from rq.job import Job, JobStatus
from rq.job_lifecycle import call_exception_handlers

from observability import carry, context
from observability.metrics import JOB_BUCKETS
from observability.rq_queues import QueueCollector
from observability.sampling import Late
from observability.telemetry import Telemetry
from observability.unsampled import UnsampledSpan

# Not below "rq": that library's own chatter is kept at warnings.
_log = logging.getLogger("jobs")
OUTCOMES = ("finished", "failed", "retried", "crashed")


def enqueue(
    tracer: Tracer, queue: Queue, function: str, *args: Any, parent: Context | None = None, **options: Any
) -> Job:
    """Enqueue ``function(*args)`` under a producer span; its context and the request id go into the job's meta.

    ``parent`` is the producer span's parent, by default the current span; under one that is not sampled no span is
    made, and the job is told so. ``options`` are those of ``Queue.enqueue``. Raises what RQ and redis raise.
    """
    meta: dict[str, str] = dict(options.pop("meta", {}))
    if (request_id := context.request_id.get()) is not None:
        meta["request_id"] = request_id
    ids = trace.get_current_span(parent).get_span_context()
    if ids.is_valid and not ids.trace_flags.sampled:
        propagate.inject(meta, parent)
        return queue.enqueue(function, *args, meta=meta, **options)
    with tracer.start_as_current_span(f"{queue.name} publish", context=parent, kind=SpanKind.PRODUCER) as span:
        propagate.inject(meta)
        job = queue.enqueue(function, *args, meta=meta, **options)
        span.set_attributes(_attributes(job, queue.name, "publish"))
        return job


def _attributes(job: Job, queue: str, operation: str) -> dict[str, str]:
    return {
        "messaging.system": "rq",
        "messaging.destination.name": queue,
        "messaging.operation.type": "send" if operation == "publish" else "process",
        "messaging.operation.name": operation,
        "messaging.message.id": str(job.id),
        "rq.job.function": str(job.func_name),
    }


class JobMetrics:
    """Duration, outcome and waiting time of jobs."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.duration = Histogram(
            "rq_job_duration_seconds",
            "Time from taking a job to the end of its work-horse, by what came of it",
            ["queue", "job", "outcome"],
            buckets=JOB_BUCKETS,
            registry=registry,
        )
        self.wait = Histogram(
            "rq_job_wait_seconds",
            "Time a job stood in its queue",
            ["queue", "job"],
            buckets=JOB_BUCKETS,
            registry=registry,
        )

    def declare(self, queue: str, *jobs: str) -> None:
        """Start the series of jobs known in advance at zero."""
        for job in jobs:
            self.wait.labels(queue, job)
            for outcome in OUTCOMES:
                self.duration.labels(queue, job, outcome)


class ObservedWorker(Worker):
    """An RQ worker whose jobs are traced, logged and counted, even those that kill their work-horse.

    The consumer span is opened and ended by the parent process, so a job that dies leaves it; what the work-horse
    observed is carried home (``observability.carry``).
    """

    telemetry: Telemetry
    job_metrics: JobMetrics
    on_fork: Callable[[], None] = staticmethod(lambda: None)
    """Called in each fresh work-horse, to make clients that must not be shared over a fork."""

    _bag: IO[bytes]
    _span: Span
    _unsampled: UnsampledSpan | None = None

    def work(self, *args: Any, **options: Any) -> bool:
        """The worker's loop. Its own Redis commands (waiting, heartbeats) leave no spans: there is no end of them."""
        with suppress_instrumentation():
            return super().work(*args, **options)

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one job in a work-horse and tell what came of it."""
        name = str(job.func_name).rsplit(".", 1)[-1]
        began, started = time.time_ns(), time.perf_counter()
        if job.enqueued_at is not None:
            waited = datetime.now(UTC) - job.enqueued_at.replace(tzinfo=UTC)
            self.job_metrics.wait.labels(queue.name, name).observe(max(0.0, waited.total_seconds()))
        self._unsampled = self.telemetry.sampler.job(job.meta)
        self._span = self._unsampled or self.telemetry.tracer(__name__).start_span(
            f"{queue.name} process",
            context=propagate.extract(job.meta, Context()),
            kind=SpanKind.CONSUMER,
            attributes=_attributes(job, queue.name, "process"),
        )
        with carry.open_bag() as bag:
            self._bag = bag
            try:
                super().execute_job(job, queue)
            finally:
                report = carry.unpack(bag)
        outcome = report.outcome if report is not None else "crashed"
        if report is not None:
            self._take_home(report)
        seconds = time.perf_counter() - started
        late = self.telemetry.sampler.late(outcome != "finished", seconds) if self._unsampled is not None else None
        self._tell(job, queue.name, name, outcome, seconds, late)
        if late is not None:
            self._leave_span(job, queue.name, (began, began + int(seconds * 1e9)), late)

    def _take_home(self, report: carry.Report) -> None:
        carry.add(self.telemetry.registry, report.metrics)
        for values in report.spans:
            self.telemetry.take(carry.load_span(values, self.telemetry.provider.resource))
        if self._unsampled is not None:
            self._unsampled.attributes, self._unsampled.events = report.noted

    def _leave_span(self, job: Job, queue: str, times: tuple[int, int], late: Late) -> None:
        assert self._unsampled is not None
        attributes = _attributes(job, queue, "process")
        resource = self.telemetry.provider.resource
        self.telemetry.take(
            self._unsampled.made(late.value, f"{queue} process", SpanKind.CONSUMER, times, attributes, resource)
        )

    def _tell(self, job: Job, queue: str, name: str, outcome: str, seconds: float, late: Late | None) -> None:
        ids = self._span.get_span_context()
        traced = ids.trace_flags.sampled or late is not None
        exemplar = (
            {"trace_id": format(ids.trace_id, "032x"), "span_id": format(ids.span_id, "016x")} if traced else None
        )
        self.job_metrics.duration.labels(queue, name, outcome).observe(seconds, exemplar)
        good = outcome == "finished"
        if not good:
            self._span.set_status(Status(StatusCode.ERROR, f"job {outcome}"))
            self._span.set_attribute("error.type", outcome)
        with trace.use_span(self._span, end_on_exit=True), context.bound(job.meta.get("request_id"), job.id):
            fields: dict[str, Any] = {
                "event": "rq.job",
                "queue": queue,
                "job": name,
                "outcome": outcome,
                "duration_seconds": round(seconds, 6),
            }
            if late is not None:
                fields["sampling_reason"] = late.value
            elif not traced:
                fields["trace_sampled"] = False
            _log.log(logging.INFO if good else logging.ERROR, "%s %s", name, outcome, extra=fields)

    def perform_job(self, job: Job, queue: Queue, execution: Any) -> bool:
        """In the work-horse: run the job's function within the span and the ids, and pack what it observed."""
        telemetry = self.telemetry
        carry.set_to_zero(telemetry.registry)
        work = job.perform

        def perform() -> Any:
            self.on_fork()
            # Attached afresh: the loop's context suppresses instrumentation, that of a traced job must not.
            fresh = trace.set_span_in_context(self._span, Context())
            token = otel_context.attach(self._unsampled.within() if self._unsampled is not None else fresh)
            try:
                with context.bound(job.meta.get("request_id"), job.id):
                    return work()
            finally:
                otel_context.detach(token)

        job.perform = perform  # type: ignore[method-assign]
        try:
            return super().perform_job(job, queue, execution)
        finally:
            unsampled = self._unsampled
            spans = telemetry.spans.kept if telemetry.spans is not None else []
            report = carry.Report(
                outcome=_outcome(job),
                metrics=carry.additions(telemetry.registry),
                spans=[carry.dump_span(span) for span in spans],
                noted=(unsampled.attributes, unsampled.events) if unsampled is not None else (None, None),
            )
            carry.pack(self._bag, report)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """In the work-horse: log why the job failed, and ask the exception handlers.

        RQ's own line, in whose place this is, tells the job's arguments, and they may be anybody's.
        """
        if self._unsampled is not None and exc_info[1] is not None:
            self._unsampled.record_exception(exc_info[1])
        with trace.use_span(self._span), context.bound(job.meta.get("request_id"), job.id):
            _log.error("job failed", exc_info=exc_info, extra={"event": "rq.job_failed"})
        call_exception_handlers(self._exc_handlers, job, *exc_info)


def instrument_worker(
    telemetry: Telemetry,
    queues: Sequence[Queue],
    *,
    jobs: Sequence[str] = (),
    asking: Sequence[Queue] | None = None,
    **options: Any,
) -> ObservedWorker:
    """A worker of ``queues`` whose jobs and queues are traced, logged and counted: ``instrument_worker(…).work()``.

    The series of ``jobs``, the bare names of functions known in advance, start at zero. ``asking`` are the same queues
    over a connection with short time limits, for scrapes; by default the worker's own. ``options`` are RQ's.
    """
    metrics = JobMetrics(telemetry.registry)
    for queue in queues:
        metrics.declare(queue.name, *jobs)
    QueueCollector(list(asking if asking is not None else queues), telemetry.registry)
    first = queues[0]
    worker = ObservedWorker(list(queues), connection=first.connection, serializer=first.serializer, **options)
    worker.telemetry, worker.job_metrics = telemetry, metrics
    return worker


def _outcome(job: Job) -> str:
    status = job.get_status(refresh=False)
    if status is JobStatus.FINISHED:
        return "finished"
    return "failed" if status is JobStatus.FAILED else "retried"
