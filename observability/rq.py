"""RQ: the trace and the request id travel with the job; jobs are measured by the worker's parent process.

Third-party RQ instrumentations break on rq 3 or stop at the fork; this is ours. Enqueue with :func:`enqueue`, work
with :class:`ObservedWorker`.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import IO, Any

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Status, StatusCode, Tracer
from prometheus_client import CollectorRegistry, Histogram
from redis.client import Pipeline
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.job_lifecycle import call_exception_handlers

from observability import carry, context
from observability.horse import Horse, Work
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
    span = trace.get_current_span(parent)
    if isinstance(span, UnsampledSpan):
        span.inject(meta)
        return queue.enqueue(function, *args, meta=meta, **options)
    ids = span.get_span_context()
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
    jobs_per_horse = 1
    """How many jobs a work-horse does before another is forked. 1 is RQ's way: a job cannot leave anything behind."""
    epoch: Callable[[], object] = staticmethod(lambda: None)
    """What a work-horse is born with and must not outlive: another is forked once this gives something else."""

    _horse: Horse | None = None
    _span: Span
    _unsampled: UnsampledSpan | None = None

    def work(self, *args: Any, **options: Any) -> bool:
        """The worker's loop. Its own Redis commands (waiting, heartbeats) leave no spans: there is no end of them."""
        try:
            with suppress_instrumentation():
                return super().work(*args, **options)
        finally:
            self._let_go()

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """As RQ's, in one round trip to Redis instead of three: a worker does so three times for each job."""
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)
            return
        with self.connection.pipeline(transaction=False) as together:
            super().heartbeat(timeout, together)
            together.execute()

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
        try:
            super().execute_job(job, queue)
        except BaseException:
            # Redis has failed, or the worker is being stopped: what the work-horse is doing may still go on.
            self._let_go()
            raise
        report = self._report()
        outcome = report.outcome if report is not None else "crashed"
        if report is not None:
            self._take_home(report)
        seconds = time.perf_counter() - started
        late = self.telemetry.sampler.late(outcome != "finished", seconds) if self._unsampled is not None else None
        self._tell(job, queue.name, name, outcome, seconds, late)
        if late is not None:
            self._leave_span(job, queue.name, (began, began + int(seconds * 1e9)), late)

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Give the job to the work-horse that is there, or fork one for it."""
        epoch = self.epoch()
        if self._horse is not None and (self._horse.epoch != epoch or not self._horse.give(self._work(job, queue))):
            self._let_go()
        if self._horse is None:
            self._horse = Horse(epoch)
            super().fork_work_horse(job, queue)
            self._horse.was_forked(self.horse_pid)
        self._horse_pid = self._horse.pid

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Wait until the job is done or the work-horse is over; the latter is told as RQ tells it."""
        if self._horse is None or self._horse.over:
            return None, None, None
        if self._horse.wait():
            return self._horse.pid, os.EX_OK, None
        ended = super().wait_for_horse()
        self._horse.over = True
        return ended

    def _report(self) -> carry.Report | None:
        assert self._horse is not None
        report = carry.unpack(self._horse.bag)
        if self._horse.over:
            self._let_go()
        return report

    def _let_go(self) -> None:
        if self._horse is not None:
            self._horse.close()
            self._horse = None

    def _work(self, job: Job, queue: Queue) -> Work:
        assert self.execution is not None
        parent = self._unsampled.parent if self._unsampled is not None else None
        span = self._span.get_span_context()
        return Work(str(job.id), self.execution.id, queue.name, span, self._unsampled is not None, parent)

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

    def perform_job(self, job: Job, queue: Queue, execution: Execution) -> bool:
        """In the work-horse: this job, and those that the parent gives it after that."""
        horse = self._horse
        assert horse is not None
        horse.begin()
        carry.set_to_zero(self.telemetry.registry)
        for left in range(self.jobs_per_horse - 1, -1, -1):
            self._perform(job, queue, execution, horse.bag)
            # After its last job it exits, as RQ's own does after its only one.
            work = horse.next() if left else None
            if work is None:
                break
            job, queue, execution = self._taken(work)
        return True

    def _taken(self, work: Work) -> tuple[Job, Queue, Execution]:
        self._unsampled = work.stand_in()
        self._span = self._unsampled or NonRecordingSpan(work.span)
        job = self.job_class.fetch(work.job, connection=self.connection, serializer=self.serializer)
        execution = Execution(work.execution, work.job, self.connection, self.name)
        self.executions = {execution.id: execution}
        os.environ["RQ_JOB_ID"] = work.job
        return job, next(queue for queue in self.queues if queue.name == work.queue), execution

    def _perform(self, job: Job, queue: Queue, execution: Execution, bag: IO[bytes]) -> None:
        """Run the job's function within the span and the ids, and pack what it observed."""
        telemetry = self.telemetry
        work = job.perform

        def perform() -> Any:
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
            super().perform_job(job, queue, execution)
        finally:
            unsampled = self._unsampled
            spans = telemetry.spans.kept if telemetry.spans is not None else []
            report = carry.Report(
                outcome=_outcome(job),
                metrics=carry.taken(telemetry.registry),
                spans=[carry.dump_span(span) for span in spans],
                noted=(unsampled.attributes, unsampled.events) if unsampled is not None else (None, None),
            )
            spans.clear()
            carry.pack(bag, report)

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
    jobs_per_horse: int = 1,
    **options: Any,
) -> ObservedWorker:
    """A worker of ``queues`` whose jobs and queues are traced, logged and counted: ``instrument_worker(…).work()``.

    The series of ``jobs``, the bare names of functions known in advance, start at zero. ``asking`` are the same queues
    over a connection with short time limits, for scrapes; by default the worker's own. With ``jobs_per_horse`` above 1
    forking is paid for once in so many jobs; module state and clients live as long. ``options`` are RQ's.
    """
    metrics = JobMetrics(telemetry.registry)
    for queue in queues:
        metrics.declare(queue.name, *jobs)
    QueueCollector(list(asking if asking is not None else queues), telemetry.registry)
    first = queues[0]
    worker = ObservedWorker(list(queues), connection=first.connection, serializer=first.serializer, **options)
    worker.telemetry, worker.job_metrics, worker.jobs_per_horse = telemetry, metrics, jobs_per_horse
    return worker


def _outcome(job: Job) -> str:
    status = job.get_status(refresh=False)
    if status is JobStatus.FINISHED:
        return "finished"
    return "failed" if status is JobStatus.FAILED else "retried"
