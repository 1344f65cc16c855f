"""The fault queue-stall: a worker that processes no jobs."""

from __future__ import annotations

import logging
import threading
from typing import Any

from rq import Worker

from faults.watch import Faults

_log = logging.getLogger("faults")
LOOK_SECONDS = 0.2
HEARTBEATS_EVERY = 50
"""Number of checks of the flag between heartbeats, which keep RQ from considering the worker dead."""


def stall(worker: Worker, faults: Faults) -> None:
    """Make ``worker`` hold a job that it has taken while the fault is on.

    When the fault is switched on, the worker is already waiting in Redis for a job, so it takes the next one. That job
    is held before its work begins, and all others stay in the queue.
    """
    execute = worker.execute_job
    pause = threading.Event()

    def held(*args: Any, **options: Any) -> None:
        looks = 0
        if faults.active("queue-stall") is not None:
            fields = {"event": "fault.injected", "fault_injected": "queue-stall"}
            _log.warning("fault queue-stall: holding one job, the others wait in the queue", extra=fields)
        while faults.active("queue-stall") is not None:
            pause.wait(LOOK_SECONDS)
            looks += 1
            if looks % HEARTBEATS_EVERY == 0:
                worker.heartbeat()
        execute(*args, **options)

    worker.execute_job = held  # type: ignore[method-assign]
