"""What the process of a worker needs: logs that are printed once, the age of its queues, and its own metrics port."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Callable
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from rq.logutils import ColorizingStreamHandler

from glasshouse_observability import instances
from glasshouse_observability.logs.formatter import JsonFormatter
from glasshouse_observability.metrics.server import MetricsServer
from glasshouse_observability.rq.compat import spawns
from glasshouse_observability.rq.parts import RqParts
from glasshouse_observability.rq.pool import UnsupportedWorker, is_in_pool, refuse_new_interpreters, with_own_port
from glasshouse_observability.rq.run import current
from glasshouse_observability.telemetry import SHUTDOWN_SECONDS

Call = Callable[..., Any]

_RQ_LOGGERS = ("rq", "rq.worker", "rq.worker_pool", "rq.job", "rq.queue", "rq.registry", "rq.scheduler", "rq.scripts")


class Process:
    """The replacements of a worker's ``work`` and a pool's ``start``. ``call`` is the method itself."""

    def __init__(self, parts: RqParts) -> None:
        self._parts, self._pid = parts, os.getpid()

    def work(self, call: Call, worker: Any, /, *args: Any, **options: Any) -> Any:
        """Run the worker's loop. Its own Redis commands (waiting, heartbeats) leave no spans, because they never end.

        Raises:
            UnsupportedWorker: the worker starts a new Python interpreter for each job.
        """
        if spawns(type(worker)):
            raise UnsupportedWorker(
                f"{type(worker).__name__} runs each job in a new Python interpreter, where glasshouse_observability "
                "does not observe it: use rq.Worker, or call uninstrument_rq() before work()"
            )
        if os.getpid() != self._pid:
            self._adopt()
        try:
            self._parts.telemetry.restore_logging()
            if print_once():
                # The description has the arguments of the job; these may be confidential.
                worker.log_job_description = False
                worker.log.addFilter(_without_description)
            self._parts.queues.watch_in_time(worker.queues)
        except Exception:  # noqa: BLE001  (the worker works without the metrics of its queues)
            self._parts.telemetry.swallowed("rq.queues")
        # A job may import the web application, which starts its own telemetry and instruments RQ.
        instances.share(self._parts.telemetry)
        try:
            with suppress_instrumentation():
                return call(worker, *args, **options)
        finally:
            worker.log.removeFilter(_without_description)
            if is_in_pool():
                # Python does not run its exit functions in such a process.
                self._flush()

    def _flush(self) -> None:
        """Export the last spans, within ``SHUTDOWN_SECONDS``; the exporter has no such limit."""
        flush = self._parts.telemetry.provider.force_flush
        thread = threading.Thread(target=flush, name="telemetry-flush", daemon=True)
        thread.start()
        thread.join(SHUTDOWN_SECONDS)

    def _adopt(self) -> None:
        """In a process that a pool has forked: export spans and serve metrics from here on."""
        telemetry, self._pid = self._parts.telemetry, os.getpid()
        if telemetry.spans is not None:
            telemetry.spans.adopt()
        settings = with_own_port(telemetry.settings)
        if settings.metrics_port:
            self._server = MetricsServer(
                telemetry.registry, settings.metrics_host, settings.metrics_port, telemetry.errors
            )

    def start_pool(self, call: Call, pool: Any, /, *args: Any, **options: Any) -> Any:
        """Start a ``WorkerPool``.

        Raises:
            UnsupportedWorker: its workers would not be observed.
        """
        refuse_new_interpreters(pool)
        return call(pool, *args, **options)


def _without_description(record: logging.LogRecord) -> bool:
    """Replace a job's description in RQ's lines by the name of its function: RQ 2.0 writes it in any case."""
    run = current.get()
    described = run.job.description if run is not None else None
    if run is not None and isinstance(described, str) and described and isinstance(record.args, tuple):
        record.args = tuple(
            run.name if isinstance(value, str) and described in value else value for value in record.args
        )
    return True


def print_once() -> bool:
    """Remove the handlers that RQ's commands have added, if all lines are written as JSON; return whether they are."""
    if not any(isinstance(handler.formatter, JsonFormatter) for handler in logging.getLogger().handlers):
        return False
    remove_handlers()
    return True


def remove_handlers() -> None:
    """Remove the handlers that RQ's commands have added to RQ's loggers."""
    for name in _RQ_LOGGERS:
        logger = logging.getLogger(name)
        added = [handler for handler in logger.handlers if isinstance(handler, ColorizingStreamHandler)]
        for handler in added:
            logger.removeHandler(handler)
        if added:
            # RQ 3 sets it to false together with its handlers.
            logger.propagate = True
