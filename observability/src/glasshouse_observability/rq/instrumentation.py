"""RQ instrumentation: a job carries the trace and the request id, and the worker's parent process measures it.

Third-party RQ instrumentations fail with rq 3 or do not survive the fork, so this package has its own. Enqueue with
:func:`enqueue`, and create workers with :func:`instrument_worker`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.trace import SpanKind, Tracer
from rq import Queue
from rq.job import Job

from glasshouse_observability import context
from glasshouse_observability.rq.jobs import JobMetrics, job_attributes
from glasshouse_observability.rq.queues import QueueCollector
from glasshouse_observability.rq.worker import ObservedWorker
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.unsampled import UnsampledSpan


def enqueue(
    tracer: Tracer, queue: Queue, function: str, *args: Any, parent: Context | None = None, **options: Any
) -> Job:
    """Enqueue ``function(*args)`` under a producer span; store its context and the request id in the job's meta.

    ``parent`` is the producer span's parent, by default the current span. If it is not sampled, no span is created, and
    the job's meta records that. ``options`` are those of ``Queue.enqueue``. Exceptions of RQ and redis are raised
    unchanged.
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
        span.set_attributes(job_attributes(job, queue.name, "publish"))
        return job


def instrument_worker(
    telemetry: Telemetry,
    queues: Sequence[Queue],
    *,
    jobs: Sequence[str] = (),
    asking: Sequence[Queue] | None = None,
    jobs_per_work_horse: int = 1,
    **options: Any,
) -> ObservedWorker:
    """Return a worker of ``queues`` that traces, logs and counts jobs and queues: ``instrument_worker(…).work()``.

    The series of ``jobs``, the function names known in advance, start at zero. ``asking`` are the same queues over a
    connection with short time limits, for scrapes; by default the worker's queues are used. If ``jobs_per_work_horse``
    is above 1, one fork runs that many jobs, and its module state and clients persist between them. ``options`` are
    RQ's.
    """
    metrics = JobMetrics(telemetry.registry)
    for queue in queues:
        metrics.declare(queue.name, *jobs)
    QueueCollector(list(asking if asking is not None else queues), telemetry.registry)
    first = queues[0]
    worker = ObservedWorker(list(queues), connection=first.connection, serializer=first.serializer, **options)
    worker.telemetry, worker.job_metrics, worker.jobs_per_work_horse = telemetry, metrics, jobs_per_work_horse
    return worker
