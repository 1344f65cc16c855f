"""Jobs for the tests of RQ; a work horse finds this process's telemetry and connection in ``WORK``."""

from __future__ import annotations

import importlib
import logging
import os
import signal
import sys
import time
from enum import StrEnum
from typing import Any

from opentelemetry import trace
from opentelemetry.instrumentation.utils import is_instrumentation_enabled
from rq import Queue, Retry, get_current_job

from glasshouse_observability import context

WORK: dict[str, Any] = {}
_log = logging.getLogger("app")


def succeed(value: Any = None) -> Any:
    _log.info("in the job")
    return value


def named(**arguments: Any) -> dict[str, Any]:
    return arguments


def ids() -> dict[str, Any]:
    """Return the ids that the job's code finds, and whether instrumentations create spans there."""
    span = trace.get_current_span().get_span_context()
    return {
        "request": context.request_id.get(),
        "job": context.job_id.get(),
        "trace": format(span.trace_id, "032x"),
        "enabled": is_instrumentation_enabled(),
    }


async def ids_of_coroutine() -> dict[str, Any]:
    return ids()


def fail(text: str = "no luck") -> None:
    raise ValueError(text)


def fail_until(attempt: int) -> str:
    """Fail until it is run for the time ``attempt``."""
    count = WORK["connection"].incr("attempts")
    if count < attempt:
        raise ValueError(f"attempt {count}")
    return "done"


def again(most: int) -> Any:
    """Return ``Retry``, so that RQ runs the job again."""
    return Retry(max=most)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def exit_at_once() -> None:
    """End the work horse with status 0, without RQ's own end."""
    os._exit(0)


def leave() -> None:
    sys.exit(3)


def sleep(seconds: float) -> None:
    WORK["connection"].rpush("pids", os.getpid())
    time.sleep(seconds)


def count(times: int = 1) -> None:
    """Count, and create a span."""
    with WORK["telemetry"].tracer("job").start_as_current_span("inner"):
        WORK["counter"].inc(times)


class Colour(StrEnum):
    RED = "red"


class Odd:
    """A value that cannot be pickled or marshalled."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    def __reduce__(self) -> Any:
        raise RuntimeError("no pickle")


def note_odd_values(and_fail: bool = False) -> None:
    """Set attributes that no process can send to another."""
    span = trace.get_current_span()
    span.set_attribute("good", "kept")
    span.set_attribute("lambda", lambda: None)  # type: ignore[arg-type]
    span.set_attribute("odd", Odd())  # type: ignore[arg-type]
    span.set_attribute("colour", Colour.RED)
    span.add_event("happened", {"odd": Odd()})  # type: ignore[dict-item]
    WORK["counter"].inc()
    if and_fail:
        raise ValueError("no luck")


def replace_meta() -> None:
    """Replace the job's meta, and fail the first time."""
    job = get_current_job()
    assert job is not None
    job.meta = {"progress": 50}
    job.save_meta()
    fail_until(2)


def enqueue_another() -> None:
    queue = Queue(WORK["queue"].name, connection=WORK["connection"], serializer=WORK["queue"].serializer)
    queue.enqueue(succeed)


def use_new_metrics() -> None:
    """Import a module that creates metrics, for the first time in this process."""
    module = importlib.import_module("library_support.rq_late_metrics")
    module.observe()


class Player:
    """A class whose method is a job."""

    def play(self) -> str:
        return "played"


def succeeded(job: Any, connection: Any, result: Any, *args: Any) -> None:
    _log.info("succeeded")


def failed(job: Any, connection: Any, kind: Any, error: Any, trace_back: Any) -> None:
    _log.info("callback of failure")


def stopped(job: Any, connection: Any) -> None:
    _log.info("callback of stop")


def broken_callback(job: Any, connection: Any, result: Any, *args: Any) -> None:
    raise KeyError("callback")
