"""The fault queue-stall: a worker that takes no jobs."""

from __future__ import annotations

import logging
import threading
from typing import Any

from rq import Worker

from faults.watch import Faults

_log = logging.getLogger("faults")
LOOK_SECONDS = 0.2
HEARTBEATS_EVERY = 50
"""In looks: the worker is not dead, and RQ must not take it for such."""


def stall(worker: Worker, faults: Faults) -> None:
    """Have ``worker`` hold what it takes while the fault is on.

    It already waits in Redis for a job when the fault is switched on, so the next one is in its hands; it is held
    before its work begins, and all others stay in the queue.
    """
    execute = worker.execute_job
    pause = threading.Event()

    def held(*args: Any, **options: Any) -> None:
        looks = 0
        if faults.active("queue-stall") is not None:
            fields = {"event": "fault.injected", "fault_injected": "queue-stall"}
            _log.warning("fault queue-stall: a job is held, the others wait in the queue", extra=fields)
        while faults.active("queue-stall") is not None:
            pause.wait(LOOK_SECONDS)
            looks += 1
            if looks % HEARTBEATS_EVERY == 0:
                worker.heartbeat()
        execute(*args, **options)

    worker.execute_job = held  # type: ignore[method-assign]
