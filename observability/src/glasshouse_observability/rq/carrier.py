"""What a job carries from its producer to its consumer, in RQ's ``job.meta``: the trace context and the request id."""

from __future__ import annotations

import copy
from typing import Any

from rq.job import Job

from glasshouse_observability import context
from glasshouse_observability.telemetry import Telemetry

REQUEST_ID = "request_id"
_ADDED = "glasshouse_carrier"
"""The attribute of a job that was created in this process."""
LONGEST_REQUEST_ID = 128
"""Characters; the limit of ``context.accept_request_id``."""


def inject(telemetry: Telemetry, job: Job, again: bool = False) -> None:
    """Add the current trace context and request id to the meta of a job that is not in Redis yet.

    Keys of the application with the same names stay. A meta that is no dictionary stays as it is. The values are text,
    which every serializer accepts. If ``again``, ``inject_again`` may replace them later.
    """
    carrier: dict[str, str] = {}
    telemetry.propagator.inject(carrier)
    if (request_id := context.request_id.get()) is not None:
        carrier[REQUEST_ID] = request_id
    if carrier:
        _add(job, carrier)
        if again:
            setattr(job, _ADDED, carrier)


def inject_again(telemetry: Telemetry, job: Job) -> None:
    """Replace what ``inject`` has added to a job by the present context; do nothing for a job from Redis that has one.

    A job that is created by ``Job.create`` is often enqueued later, under another span.
    """
    added = vars(job).pop(_ADDED, {})
    if added and isinstance(job.meta, dict):
        for key, value in added.items():
            if job.meta.get(key) == value:
                del job.meta[key]
    if added or not extract(telemetry, job):
        inject(telemetry, job)


def keep(job: Job, carrier: dict[str, str]) -> None:
    """Add the keys again that the job itself has removed from its meta: a retry belongs to the same trace."""
    if carrier and isinstance(job.meta, dict) and not carrier.keys() <= job.meta.keys():
        _add(job, carrier)


def _add(job: Job, carrier: dict[str, str]) -> None:
    meta: Any = job.meta
    if meta is None:
        meta = {}
    elif isinstance(meta, dict):
        # The application may use the same dictionary for other jobs.
        meta = meta.copy() if type(meta) is dict else copy.copy(meta)
    else:
        return
    for key, value in carrier.items():
        meta.setdefault(key, value)
    job.meta = meta


def extract(telemetry: Telemetry, job: Job) -> dict[str, str]:
    """Return those items of a job's meta that may be the trace context or the request id; values are text."""
    meta: Any = job.meta
    if not isinstance(meta, dict):
        return {}
    keys = {*telemetry.propagator.fields, REQUEST_ID}
    return {key: value for key in keys if type(value := meta.get(key)) is str}


def request_id_of(carrier: dict[str, str]) -> str | None:
    """Return the request id that a job carries; ``None`` if there is none, or it is none of ours."""
    found = carrier.get(REQUEST_ID)
    return found if found and len(found) <= LONGEST_REQUEST_ID else None
