"""Jobs whose worker has disappeared: RQ's clean-up of its registries, in another worker, fails or enqueues them."""

from __future__ import annotations

from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from rq.job import Job

from glasshouse_observability.rq.parts import RqParts
from glasshouse_observability.rq.run import JobRun

Call = Callable[..., Any]

_cleaning: ContextVar[dict[str, JobRun] | None] = ContextVar("cleaning", default=None)
"""The abandoned jobs that the running clean-up has found so far, by id; ``None`` outside of a clean-up."""


class Abandoned:
    """The replacements of ``StartedJobRegistry.cleanup`` and of methods that it calls for each abandoned job."""

    def __init__(self, parts: RqParts) -> None:
        self._parts, self._swallowed = parts, parts.telemetry.swallowed

    def cleanup(self, call: Call, registry: Any, /, *args: Any, **options: Any) -> Any:
        """Record the abandoned jobs after RQ has moved them."""
        runs: dict[str, JobRun] = {}
        token = _cleaning.set(runs)
        try:
            done = call(registry, *args, **options)
        finally:
            _cleaning.reset(token)
        for run in runs.values():
            try:
                with run.around():
                    run.end("abandoned")
            except Exception:  # noqa: BLE001  (RQ has moved the job already)
                self._swallowed("rq.end")
        return done

    def set_status(self, call: Call, job: Job, /, status: Any, *args: Any, **options: Any) -> Any:
        """Note a job that the clean-up fails."""
        if _cleaning.get() is not None and status == "failed":
            self._note(job, again=False)
        return call(job, status, *args, **options)

    def retry(self, call: Call, job: Job, /, *args: Any, **options: Any) -> Any:
        """Note a job that the clean-up enqueues again."""
        if _cleaning.get() is not None:
            self._note(job, again=True)
        return call(job, *args, **options)

    def _note(self, job: Job, *, again: bool) -> None:
        runs = _cleaning.get()
        if runs is None or job.id in runs:
            return
        try:
            runs[job.id] = run = JobRun(self._parts, job, job.origin, abandoned=True)
            run.again = again
        except Exception:  # noqa: BLE001  (the clean-up continues)
            self._swallowed("rq.begin")
