"""One execution of a job, measured in the process that survives it: span, metrics and log line agree."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import IO, Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.instrumentation.utils import suppress_instrumentation
from opentelemetry.trace import Span, SpanContext, SpanKind, Status, StatusCode
from rq.job import Job

from glasshouse_observability import context
from glasshouse_observability.rq import carrier, jobs
from glasshouse_observability.rq.fork_report import ForkReport
from glasshouse_observability.rq.names import job_name
from glasshouse_observability.rq.parts import RqParts
from glasshouse_observability.rq.spans import SpanOfJob, load_span
from glasshouse_observability.safe import safe_attribute, safe_name, safe_text
from glasshouse_observability.traces.sampling import Late
from glasshouse_observability.traces.unsampled import UnsampledSpan

# Not a child of "rq": RQ's commands set the level and the handlers of that logger.
log = logging.getLogger("jobs")

current: ContextVar[JobRun | None] = ContextVar("job_run", default=None)
"""The job that this thread runs or, in a worker, waits for."""


class JobRun:
    """One execution of one job. The process that creates it also ends it; a work horse has a copy."""

    def __init__(
        self, parts: RqParts, job: Job, queue: str, span: Span | None = None, *, abandoned: bool = False
    ) -> None:
        """Start the job's span, unless ``span`` is given: then this is a work horse's copy of a run.

        An ``abandoned`` job began when the worker that has disappeared recorded it.
        """
        self.parts, self.job, self.queue = parts, job, safe_text(queue)
        self.name = job_name(job)
        self.pid = os.getpid() if span is None else 0
        self.carrier = carrier.extract(parts.telemetry, job)
        self.request_id = carrier.request_id_of(self.carrier)
        self.file: IO[bytes] | None = None
        """The work horse's report."""
        self.closes_file = True
        self.verdict: str | None = None
        """The outcome that the parent of a dead work horse has decided."""
        self.returned: Any = None
        self.error: tuple[Any, ...] | None = None
        """The exception that ended the job, as ``sys.exc_info`` returns it."""
        self.performs = False
        """Whether this process itself runs the job's function."""
        self.inside = False
        """Whether the application's code runs at present, and not RQ's."""
        self.again = False
        """Whether RQ will run the job again."""
        self.began, self._started = time.time_ns(), time.perf_counter()
        if abandoned and (ago := jobs.seconds_since(job.started_at)) is not None:
            self.began, self._started = self.began - int(ago * 1e9), self._started - ago
        if span is None and not abandoned and (waited := jobs.seconds_since(job.enqueued_at)) is not None:
            parts.metrics.wait.labels(self.queue, self.name).observe(waited)
        self.span = span if span is not None else self._start()
        self.inner = self.span if isinstance(self.span, UnsampledSpan) else SpanOfJob(self.span.get_span_context())
        """The current span of the job's code. It accepts any value, and only this class ends the job's span."""

    def _start(self) -> Span:
        telemetry = self.parts.telemetry
        carried = telemetry.propagator.extract(self.carrier, Context())
        parent = trace.get_current_span(carried).get_span_context()
        return telemetry.sampler.job(parent if parent.is_valid else None) or self.parts.tracer.start_span(
            f"{self.queue} process",
            context=carried,
            start_time=self.began,
            kind=SpanKind.CONSUMER,
            attributes=jobs.job_attributes(self.job.id, self.name, self.queue, "process"),
        )

    @property
    def unsampled(self) -> UnsampledSpan | None:
        """The placeholder for the span, if the job is not sampled."""
        return self.span if isinstance(self.span, UnsampledSpan) else None

    @property
    def forked(self) -> bool:
        """Whether this is the copy in a work horse."""
        return self.pid != os.getpid()

    @contextmanager
    def around(self) -> Iterator[None]:
        """Within the block, log lines have the job's ids. RQ's own Redis commands leave no spans."""
        with suppress_instrumentation():
            quiet = otel_context.get_current()
        token = otel_context.attach(trace.set_span_in_context(self.inner, quiet))
        mark = current.set(self)
        try:
            with context.bind_ids(self.request_id, safe_text(self.job.id)):
                yield
        finally:
            current.reset(mark)
            otel_context.detach(token)

    @contextmanager
    def within(self) -> Iterator[None]:
        """Within the block, which runs the application's code, the job's span is the current span."""
        unsampled = self.unsampled
        fresh = unsampled.within() if unsampled is not None else trace.set_span_in_context(self.inner, Context())
        token, before = otel_context.attach(fresh), self.inside
        self.inside = True
        try:
            yield
        finally:
            self.inside = before
            otel_context.detach(token)

    # --- the end ---

    def log_error(self, outcome: str) -> None:
        """Log the exception that ended the job, and record it on the span.

        RQ's own line about it is omitted, because it contains the arguments of the job; these may be confidential.
        """
        error, self.error = self.error, None
        if error is None or outcome == "finished":
            return
        if isinstance(error[1], BaseException):
            self.inner.record_exception(error[1])
        log.log(jobs.LEVELS[outcome], "job failed", exc_info=error, extra={"event": "rq.job_failed"})

    def add_report(self, report: ForkReport) -> None:
        """In the parent: add what the work horse has observed."""
        telemetry = self.parts.telemetry
        self.parts.add_increases(report.metrics, report.created)
        for values in report.spans:
            telemetry.export(load_span(values, telemetry.provider.resource))
        collected = self.collected
        collected.attributes, collected.events = report.attributes, report.events

    @property
    def collected(self) -> UnsampledSpan:
        """What the job has added to its span."""
        return self.inner.collected if isinstance(self.inner, SpanOfJob) else self.inner

    def _add_collected(self) -> None:
        """Add to a sampled span what the job has added; it may be any value."""
        if self.unsampled is None:
            for key, value in (self.collected.attributes or {}).items():
                self.span.set_attribute(safe_name(key), safe_attribute(value))
            for name, noted, at in self.collected.events or ():
                self.span.add_event(safe_text(name), safe_attribute(noted or {}), at)

    def close_file(self) -> None:
        """Close the file of the report, unless the work horse runs more jobs."""
        if self.file is not None and self.closes_file:
            self.file.close()
        self.file = None

    def end(self, outcome: str) -> None:
        """Record the outcome in the metrics, the log and the span."""
        seconds = time.perf_counter() - self._started
        self._add_collected()
        unsampled, wrong = self.unsampled, outcome in jobs.ERRORS
        late = self.parts.telemetry.sampler.late(wrong, seconds) if unsampled is not None else None
        ids = self.span.get_span_context()
        traced = ids.trace_flags.sampled or late is not None
        self._count(outcome, seconds, ids if traced else None)
        self.span.set_attribute("rq.job.outcome", outcome)
        if wrong:
            self.span.set_status(Status(StatusCode.ERROR, f"job {outcome}"))
            self.span.set_attribute("error.type", outcome)
        fields: dict[str, Any] = {
            "event": "rq.job",
            "queue": self.queue,
            "job": self.name,
            "outcome": outcome,
            "duration_seconds": round(seconds, 6),
        }
        if late is not None:
            fields["sampling_reason"] = late.value
        elif not traced:
            fields["trace_sampled"] = False
        log.log(jobs.LEVELS[outcome], "%s %s", self.name, outcome, extra=fields)
        self.span.end()
        if unsampled is not None and late is not None:
            self._export_late(unsampled, late, int(seconds * 1e9))

    def _count(self, outcome: str, seconds: float, traced: SpanContext | None) -> None:
        metrics = self.parts.metrics
        exemplar = None
        if traced is not None:
            exemplar = {"trace_id": format(traced.trace_id, "032x"), "span_id": format(traced.span_id, "016x")}
        metrics.duration.labels(self.queue, self.name, outcome).observe(seconds, exemplar)
        if self.again:
            metrics.retries.labels(self.queue, self.name).inc()

    def _export_late(self, unsampled: UnsampledSpan, late: Late, nanoseconds: int) -> None:
        telemetry = self.parts.telemetry
        times = (self.began, self.began + nanoseconds)
        attributes = jobs.job_attributes(self.job.id, self.name, self.queue, "process")
        resource = telemetry.provider.resource
        telemetry.export(
            unsampled.to_finished(late.value, f"{self.queue} process", SpanKind.CONSUMER, times, attributes, resource)
        )
