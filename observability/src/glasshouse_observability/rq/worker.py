"""An RQ worker whose parent process, which survives every job, traces, logs and counts the jobs."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import IO, Any

from opentelemetry import context as otel_context
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Status, StatusCode
from redis.client import Pipeline
from rq import Queue, Worker
from rq.executions import Execution
from rq.job import Job, JobStatus
from rq.job_lifecycle import call_exception_handlers

from glasshouse_observability import context
from glasshouse_observability.rq import fork_report
from glasshouse_observability.rq.jobs import JobMetrics, job_attributes
from glasshouse_observability.rq.work_horse import Work, WorkHorse
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.sampling import Late
from glasshouse_observability.traces.unsampled import UnsampledSpan

# Not a child of "rq", because that library's own log level is WARNING.
_log = logging.getLogger("jobs")


class ObservedWorker(Worker):
    """An RQ worker whose jobs are traced, logged and counted, even those that kill their work horse.

    The parent process starts and ends the consumer span, so a job that dies still has a span. The work horse's
    observations are in its report (``glasshouse_observability.rq.fork_report``).
    """

    telemetry: Telemetry
    job_metrics: JobMetrics
    jobs_per_work_horse = 1
    """Number of jobs that a work horse runs before another is forked.

    1 is RQ's default: a job cannot leave any state behind.
    """
    epoch: Callable[[], object] = staticmethod(lambda: None)
    """Return the state that a work horse depends on since its fork; another is forked when the value changes."""

    _work_horse: WorkHorse | None = None
    _span: Span
    _unsampled: UnsampledSpan | None = None

    def work(self, *args: Any, **options: Any) -> bool:
        """Run the worker's loop.

        Its own Redis commands (waiting, heartbeats) leave no spans, because they never end.
        """
        try:
            with suppress_instrumentation():
                return super().work(*args, **options)
        finally:
            self._release_work_horse()

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Do the same as RQ's method in one round trip to Redis instead of three.

        A worker calls it three times for each job.
        """
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)
            return
        with self.connection.pipeline(transaction=False) as together:
            super().heartbeat(timeout, together)
            together.execute()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one job in a work horse, and count, log and trace the outcome."""
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
            attributes=job_attributes(job, queue.name, "process"),
        )
        try:
            super().execute_job(job, queue)
        except BaseException:
            # Redis has failed, or the worker is being stopped: the work horse may still be running the job.
            self._release_work_horse()
            raise
        report = self._read_report()
        outcome = report.outcome if report is not None else "crashed"
        if report is not None:
            self._add_report(report)
        seconds = time.perf_counter() - started
        late = self.telemetry.sampler.late(outcome != "finished", seconds) if self._unsampled is not None else None
        self._record_end(job, queue.name, name, outcome, seconds, late)
        if late is not None:
            self._export_late_span(job, queue.name, (began, began + int(seconds * 1e9)), late)

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Pass the job to the existing work horse, or fork one for it."""
        epoch = self.epoch()
        if self._work_horse is not None and (
            self._work_horse.epoch != epoch or not self._work_horse.give(self._work(job, queue))
        ):
            self._release_work_horse()
        if self._work_horse is None:
            self._work_horse = WorkHorse(epoch)
            super().fork_work_horse(job, queue)
            self._work_horse.was_forked(self.horse_pid)
        self._horse_pid = self._work_horse.pid

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Wait until the job is done or the work horse has exited; the result for the latter is RQ's own."""
        if self._work_horse is None or self._work_horse.over:
            return None, None, None
        if self._work_horse.wait():
            return self._work_horse.pid, os.EX_OK, None
        ended = super().wait_for_horse()
        self._work_horse.over = True
        return ended

    def _read_report(self) -> fork_report.ForkReport | None:
        assert self._work_horse is not None
        report = fork_report.read(self._work_horse.report_file)
        if self._work_horse.over:
            self._release_work_horse()
        return report

    def _release_work_horse(self) -> None:
        if self._work_horse is not None:
            self._work_horse.close()
            self._work_horse = None

    def _work(self, job: Job, queue: Queue) -> Work:
        assert self.execution is not None
        parent = self._unsampled.parent if self._unsampled is not None else None
        span = self._span.get_span_context()
        return Work(str(job.id), self.execution.id, queue.name, span, self._unsampled is not None, parent)

    def _add_report(self, report: fork_report.ForkReport) -> None:
        fork_report.add_increases(self.telemetry.registry, report.metrics)
        for values in report.spans:
            self.telemetry.export(fork_report.load_span(values, self.telemetry.provider.resource))
        if self._unsampled is not None:
            self._unsampled.attributes, self._unsampled.events = report.noted

    def _export_late_span(self, job: Job, queue: str, times: tuple[int, int], late: Late) -> None:
        assert self._unsampled is not None
        attributes = job_attributes(job, queue, "process")
        resource = self.telemetry.provider.resource
        self.telemetry.export(
            self._unsampled.to_finished(late.value, f"{queue} process", SpanKind.CONSUMER, times, attributes, resource)
        )

    def _record_end(self, job: Job, queue: str, name: str, outcome: str, seconds: float, late: Late | None) -> None:
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
        with trace.use_span(self._span, end_on_exit=True), context.bind_ids(job.meta.get("request_id"), job.id):
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
        """In the work horse: run this job and those that the parent sends after it."""
        work_horse = self._work_horse
        assert work_horse is not None
        work_horse.begin()
        fork_report.reset(self.telemetry.registry)
        for left in range(self.jobs_per_work_horse - 1, -1, -1):
            self._perform(job, queue, execution, work_horse.report_file)
            # It exits after its last job, as RQ's own does after its only job.
            work = work_horse.next() if left else None
            if work is None:
                break
            job, queue, execution = self._fetch(work)
        return True

    def _fetch(self, work: Work) -> tuple[Job, Queue, Execution]:
        self._unsampled = work.stand_in()
        self._span = self._unsampled or NonRecordingSpan(work.span)
        job = self.job_class.fetch(work.job, connection=self.connection, serializer=self.serializer)
        execution = Execution(work.execution, work.job, self.connection, self.name)
        self.executions = {execution.id: execution}
        os.environ["RQ_JOB_ID"] = work.job
        return job, next(queue for queue in self.queues if queue.name == work.queue), execution

    def _perform(self, job: Job, queue: Queue, execution: Execution, report_file: IO[bytes]) -> None:
        """Run the job's function within the span and the ids, and write the report of its observations."""
        telemetry = self.telemetry
        work = job.perform

        def perform() -> Any:
            # Attached to a new context: the context of the loop suppresses instrumentation, that of a traced job must
            # not.
            fresh = trace.set_span_in_context(self._span, Context())
            token = otel_context.attach(self._unsampled.within() if self._unsampled is not None else fresh)
            try:
                with context.bind_ids(job.meta.get("request_id"), job.id):
                    return work()
            finally:
                otel_context.detach(token)

        job.perform = perform  # type: ignore[method-assign]
        try:
            super().perform_job(job, queue, execution)
        finally:
            unsampled = self._unsampled
            spans = telemetry.spans.kept if telemetry.spans is not None else []
            report = fork_report.ForkReport(
                outcome=_outcome(job),
                metrics=fork_report.collect_increases(telemetry.registry),
                spans=[fork_report.dump_span(span) for span in spans],
                noted=(unsampled.attributes, unsampled.events) if unsampled is not None else (None, None),
            )
            spans.clear()
            fork_report.write(report_file, report)

    def handle_exception(self, job: Job, *exc_info: Any) -> None:
        """In the work horse: log why the job failed, and call the exception handlers.

        It replaces RQ's own log line, which contains the job's arguments; these may be confidential.
        """
        if self._unsampled is not None and exc_info[1] is not None:
            self._unsampled.record_exception(exc_info[1])
        with trace.use_span(self._span), context.bind_ids(job.meta.get("request_id"), job.id):
            _log.error("job failed", exc_info=exc_info, extra={"event": "rq.job_failed"})
        call_exception_handlers(self._exc_handlers, job, *exc_info)


def _outcome(job: Job) -> str:
    status = job.get_status(refresh=False)
    if status is JobStatus.FINISHED:
        return "finished"
    return "failed" if status is JobStatus.FAILED else "retried"
