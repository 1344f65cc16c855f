"""Differences between RQ 1.15 and 3."""

from __future__ import annotations

from typing import Any

from rq import Retry, Worker
from rq import worker as rq_worker
from rq.job import Job

RETURNED_RETRIES = hasattr(Worker, "handle_job_retry")
"""Whether a job that returns ``Retry`` is run again (since 2.1)."""


def is_retry(value: Any) -> bool:
    """Return whether a job that has returned ``value`` requests to be run again."""
    return RETURNED_RETRIES and isinstance(value, Retry)


def status_of(job: Job) -> str:
    """Return the job's status in this process's copy; "" if it is unknown."""
    # A plain ``str`` before 2.0, an enumeration of texts since.
    return str.__str__(job.get_status(refresh=False) or "")


def spawns(kind: type) -> bool:
    """Return whether workers of this class start a new interpreter for each job (``SpawnWorker``, since 2.2)."""
    spawn_worker = getattr(rq_worker, "SpawnWorker", None)
    return spawn_worker is not None and issubclass(kind, spawn_worker)
