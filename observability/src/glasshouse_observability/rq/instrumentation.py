"""RQ instrumentation: jobs carry the trace and the request id, and the process that survives a job measures it."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from rq import Queue, Worker
from rq.job import Job
from rq.registry import StartedJobRegistry
from rq.worker_pool import WorkerPool

from glasshouse_observability.rq.abandoned import Abandoned
from glasshouse_observability.rq.consumer import Consumer
from glasshouse_observability.rq.parts import RqParts
from glasshouse_observability.rq.patches import Patches
from glasshouse_observability.rq.pool import is_in_pool, with_own_port
from glasshouse_observability.rq.process import Process, remove_handlers
from glasshouse_observability.rq.producer import Producer
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.versions import require_extra
from glasshouse_observability.wrapping.integration import AlreadyInstrumented

_lock = threading.Lock()
_present: tuple[RqParts, Patches] | None = None


def instrument_rq(telemetry: Telemetry) -> None:
    """Trace, count and log the jobs of every queue and worker of this process, made before or after this call.

    A second call with the same ``telemetry`` does nothing.

    Raises:
        UnsupportedVersion: RQ is older than 1.15, or 4 or newer; redis-py is older than 4.6, or 9 or newer.
        AlreadyInstrumented: another ``Telemetry`` receives the data.
    """
    global _present
    require_extra("rq")
    with _lock:
        if _present is None:
            parts = telemetry.part(RqParts)
            _present = parts, _patched(parts)
        elif _present[0].telemetry is not telemetry:
            raise AlreadyInstrumented("instrument_rq was called with another Telemetry; call uninstrument_rq() first")


def uninstrument_rq() -> None:
    """Undo ``instrument_rq``; do nothing if it was not called."""
    global _present
    with _lock:
        if _present is not None:
            _present[1].undo()
            _present = None


def watch_queues(telemetry: Telemetry, queues: Iterable[Queue]) -> None:
    """Export the number of jobs and the age of the oldest job of these queues, read at each scrape.

    A process that runs no worker can export them too. A worker exports its own queues without this call, over a
    connection with a time limit of 0.5 s; here the connections of ``queues`` are used, so they should have one too.
    """
    telemetry.part(RqParts).queues.watch(queues)


def declare_jobs(telemetry: Telemetry, queue: str, *functions: str) -> None:
    """Create the series of these functions (``module.function``) with the value zero.

    Without it, the first failure of a function creates its series, which Prometheus does not count as an increase.
    """
    telemetry.part(RqParts).metrics.declare(queue, *functions)


def _patched(parts: RqParts) -> Patches:
    patches, consumer, producer = Patches(), Consumer(parts), Producer(parts)
    abandoned, process = Abandoned(parts), Process(parts)
    patches.around(Job, "create", producer.create)
    for name in ("enqueue_call", "enqueue_at", "enqueue_in", "enqueue_many"):
        patches.around(Queue, name, producer.publish)
    patches.around(Queue, "enqueue_job", producer.enqueue_job)
    patches.around(Queue, "run_sync", producer.run_sync)
    patches.around(Queue, "run_sync", consumer.run_sync)
    patches.around(Worker, "work", process.work)
    patches.around(WorkerPool, "start", process.start_pool)
    for name in ("execute_job", "perform_job", "handle_job_failure", "handle_exception"):
        patches.around(Worker, name, getattr(consumer, name))
    for name in ("success_callback", "failure_callback", "stopped_callback"):
        patches.around(Job, name, consumer.callback)
    patches.around(StartedJobRegistry, "cleanup", abandoned.cleanup)
    patches.around(Job, "set_status", abandoned.set_status)
    patches.around(Job, "retry", abandoned.retry)
    return patches


def observe_process() -> None:
    """Start telemetry with the settings in the environment and call ``instrument_rq``, unless it was called.

    Raises:
        WrongSetting: a setting is missing or wrong.
    """
    if _present is None:
        settings = TelemetrySettings.from_env(None, "rq-worker")
        # The telemetry writes all lines as JSON.
        remove_handlers()
        telemetry = Telemetry.start(settings=with_own_port(settings) if is_in_pool() else settings)
        instrument_rq(telemetry)
