"""The hooks into RQ's queues: every job carries the trace context and the request id of the code that enqueues it.

RQ creates every job in ``Job.create``, so what it carries is added there. A retry, a repetition, a job that waited for
others or for its time is the same job, so it keeps them. One producer span covers one call of a method of the queue.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from opentelemetry.trace import Span, SpanKind
from rq.job import Job

from glasshouse_observability.rq import carrier, jobs
from glasshouse_observability.rq.names import created_name
from glasshouse_observability.rq.parts import RqParts
from glasshouse_observability.rq.run import current
from glasshouse_observability.safe import safe_text
from glasshouse_observability.traces.unsampled import UnsampledSpan

Call = Callable[..., Any]

_publishing: ContextVar[list[Job] | None] = ContextVar("publishing", default=None)
"""The jobs that the running call of a queue's method has created so far; ``None`` outside of such a call."""


def _is_rqs_own() -> bool:
    """Return whether RQ itself enqueues the job that it runs, to repeat it."""
    run = current.get()
    return run is not None and not run.inside


class Producer:
    """The replacements of methods of RQ's queues and jobs. ``call`` is the method itself."""

    def __init__(self, parts: RqParts) -> None:
        self._parts, self._swallowed = parts, parts.telemetry.swallowed

    def create(self, call: Call, kind: type[Job], /, *args: Any, **options: Any) -> Job:
        """Create a job that carries the current trace context and request id."""
        job: Job = call(kind, *args, **options)
        created = _publishing.get()
        if created is not None:
            created.append(job)
        try:
            carrier.inject(self._parts.telemetry, job, again=created is None)
        except Exception:  # noqa: BLE001  (the application's own type of meta)
            self._swallowed("rq.inject")
        return job

    def publish(self, call: Call, queue: Any, /, *args: Any, **options: Any) -> Any:
        """Create, enqueue or schedule jobs under a producer span."""
        if _publishing.get() is not None:
            return call(queue, *args, **options)
        created: list[Job] = []
        token = _publishing.set(created)
        try:
            if isinstance(trace.get_current_span(), UnsampledSpan):
                done = call(queue, *args, **options)
                self._describe(None, queue, created, args)
                return done
            with self._producing(queue) as span:
                done = call(queue, *args, **options)
                self._describe(span, queue, created, args)
            return done
        finally:
            _publishing.reset(token)

    def enqueue_job(self, call: Call, queue: Any, /, job: Job, *args: Any, **options: Any) -> Any:
        """Enqueue a job that exists; one that was created without a trace context gets the current one."""
        if _publishing.get() is not None:
            return call(queue, job, *args, **options)

        def enqueue(queue: Any, job: Job, *args: Any, **options: Any) -> Any:
            try:
                carrier.inject_again(self._parts.telemetry, job)
            except Exception:  # noqa: BLE001  (the application's own type of meta)
                self._swallowed("rq.inject")
            return call(queue, job, *args, **options)

        return self.publish(enqueue, queue, job, *args, **options)

    def run_sync(self, call: Call, queue: Any, /, job: Job, *args: Any, **options: Any) -> Any:
        """Run a job within the call that enqueues it; the job may enqueue others, under separate spans."""
        token = _publishing.set(None)
        try:
            return call(queue, job, *args, **options)
        finally:
            _publishing.reset(token)

    @contextmanager
    def _producing(self, queue: Any) -> Iterator[Span | None]:
        ids = trace.get_current_span().get_span_context()
        if (ids.is_valid and not ids.trace_flags.sampled) or not is_instrumentation_enabled():
            yield None
            return
        unsampled = None if ids.is_valid else self._parts.telemetry.sampler.job(None)
        if unsampled is not None:
            token = otel_context.attach(unsampled.within())
            try:
                yield None
            finally:
                otel_context.detach(token)
            return
        with self._parts.tracer.start_as_current_span(
            f"{safe_text(queue.name)} publish", kind=SpanKind.PRODUCER
        ) as span:
            yield span

    def _describe(self, span: Span | None, queue: Any, created: list[Job], args: tuple[Any, ...]) -> None:
        """Count the jobs, and name them on the span."""
        try:
            name = safe_text(queue.name)
            if not created and args and isinstance(args[0], Job) and not _is_rqs_own():
                created = [args[0]]
            names = [created_name(job) for job in created]
            for each in names:
                self._parts.metrics.count_enqueued(name, each)
            if span is None or not span.is_recording():
                return
            if len(created) == 1:
                span.set_attributes(jobs.job_attributes(created[0].id, names[0], name, "publish"))
            else:
                batch = jobs.job_attributes("", "", name, "publish")
                for key in ("messaging.message.id", "rq.job.function"):
                    del batch[key]
                span.set_attributes({**batch, "messaging.batch.message_count": len(created)})
        except Exception:  # noqa: BLE001  (the jobs are in the queue)
            self._swallowed("rq.enqueue")
