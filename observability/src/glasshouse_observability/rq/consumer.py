"""The hooks into RQ's workers: every execution of a job becomes a ``JobRun``, which the surviving process ends.

A worker that forks runs ``execute_job`` in the parent and ``perform_job`` in the work horse. A worker that does not
fork, such as ``SimpleWorker``, and a queue that is not asynchronous run jobs in their own process.
"""

from __future__ import annotations

import functools
import inspect
import logging
import sys
from collections.abc import Callable
from typing import Any

from rq.exceptions import InvalidJobOperation
from rq.job import Job

from glasshouse_observability.rq import carrier, fork_report
from glasshouse_observability.rq.compat import is_retry, status_of
from glasshouse_observability.rq.in_fork import observe_in_fork
from glasshouse_observability.rq.parts import RqParts
from glasshouse_observability.rq.run import JobRun, current

Call = Callable[..., Any]


class Consumer:
    """The replacements of methods of RQ's workers, queues and jobs. ``call`` is the method itself."""

    def __init__(self, parts: RqParts) -> None:
        self._parts, self._swallowed = parts, parts.telemetry.swallowed

    def execute_job(self, call: Call, worker: Any, /, job: Job, queue: Any, *args: Any, **options: Any) -> Any:
        """In the parent: let a work horse run the job, and measure it."""
        run = self._begin(job, queue)
        if run is None:
            return call(worker, job, queue, *args, **options)
        with run.around():
            if not getattr(worker, "has_report_file", False):
                self._open_file(run)
            try:
                done = call(worker, job, queue, *args, **options)
            except BaseException:
                # Redis has failed, or the worker is being stopped: the work horse may still be running the job.
                self._end(run, "interrupted")
                raise
            self._end(run)
            return done

    def perform_job(self, call: Call, worker: Any, /, job: Job, queue: Any, *args: Any, **options: Any) -> Any:
        """In the work horse, or in a worker that does not fork: run the job."""
        run = current.get()
        if run is None or run.job.id != job.id:
            return self._observe_here(lambda: call(worker, job, queue, *args, **options), job, queue, _outcome)

        def perform() -> Any:
            return self._perform(run, lambda: call(worker, job, queue, *args, **options))

        if run.forked:
            return observe_in_fork(
                run,
                perform,
                lambda done: self._concluded(run, _outcome(run, done)),
                lambda: self._concluded(run, "crashed"),
            )
        # A subclass of a worker that forks, which runs the job itself.
        run.verdict = self._concluded(run, _outcome(run, done := perform()))
        return done

    def run_sync(self, call: Call, queue: Any, /, job: Job, *args: Any, **options: Any) -> Any:
        """In a queue that is not asynchronous: run the job."""
        return self._observe_here(lambda: call(queue, job, *args, **options), job, queue, _outcome_of_sync)

    def _observe_here(self, call: Call, job: Job, queue: Any, outcome: Callable[[JobRun, Any], str]) -> Any:
        run = self._begin(job, queue)
        if run is None:
            return call()
        with run.around():
            try:
                done = self._perform(run, call)
            except BaseException:
                self._end(run, self._concluded(run, "interrupted"))
                raise
            run.verdict = self._concluded(run, outcome(run, done))
            self._end(run)
            return done

    def _begin(self, job: Job, queue: Any) -> JobRun | None:
        try:
            return JobRun(self._parts, job, queue.name)
        except Exception:  # noqa: BLE001  (the job runs without telemetry then)
            self._swallowed("rq.begin")
            return None

    def _open_file(self, run: JobRun) -> None:
        try:
            run.file = fork_report.open_file()
        except OSError:
            self._swallowed("rq.report")

    def _perform(self, run: JobRun, call: Call) -> Any:
        job, run.performs = run.job, True
        work = job.perform

        def perform(*args: Any, **options: Any) -> Any:
            # RQ's time limit may raise its exception at any place here, so none is caught.
            with run.within():
                try:
                    run.returned = work(*args, **options)
                except BaseException:
                    run.error = sys.exc_info()
                    raise
                finally:
                    carrier.keep(job, run.carrier)
                return run.returned

        job.perform = perform  # type: ignore[method-assign]
        try:
            return call()
        finally:
            vars(job).pop("perform", None)

    def _concluded(self, run: JobRun, outcome: str) -> str:
        run.again = outcome == "retried"
        try:
            run.log_error(outcome)
        except Exception:  # noqa: BLE001  (an exception of the application that cannot be converted to text)
            self._swallowed("rq.error")
        return outcome

    def _end(self, run: JobRun, outcome: str | None = None) -> None:
        """Add the work horse's report, and record the outcome."""
        try:
            report = fork_report.read(run.file) if run.file is not None else None
            if report is not None:
                run.again = run.again or report.retried
                run.add_report(report)
            if report is not None:
                reported = report.outcome
            else:
                reported = "crashed" if run.file is not None else _outcome_in_redis(run.job)
            run.end(outcome or run.verdict or reported)
        except Exception:  # noqa: BLE001  (RQ has recorded the job's result already)
            self._swallowed("rq.end")
        finally:
            run.close_file()

    def handle_job_failure(self, call: Call, worker: Any, /, job: Job, *args: Any, **options: Any) -> Any:
        """In the parent, after the death of a work horse: RQ decides what becomes of the job."""
        run = current.get()
        if run is None or run.forked or run.performs or run.job.id != job.id:
            return call(worker, job, *args, **options)
        stopped = getattr(worker, "_stopped_job_id", None) == job.id
        done = call(worker, job, *args, **options)
        run.verdict = "stopped" if stopped else "crashed"
        run.again = status_of(job) in ("queued", "scheduled")
        return done

    def handle_exception(self, call: Call, worker: Any, /, job: Job, *exc_info: Any) -> Any:
        """Omit RQ's line about the exception, which contains the job's arguments; call the exception handlers."""
        run = current.get()
        if run is None or run.job.id != job.id:
            return call(worker, job, *exc_info)
        run.error = exc_info
        logger = worker.log
        logger.addFilter(_is_not_about_arguments)
        try:
            with run.within():
                return call(worker, job, *exc_info)
        finally:
            logger.removeFilter(_is_not_about_arguments)

    def callback(self, call: Call, job: Job) -> Any:
        """Return a callback of the job that runs with the job's ids and within its span."""
        function, run = call(job), current.get()
        if function is None or run is None or run.job.id != job.id or inspect.iscoroutinefunction(function):
            return function

        @functools.wraps(function)
        def called(*args: Any, **options: Any) -> Any:
            with run.within():
                return function(*args, **options)

        return called


def _outcome(run: JobRun, done: Any) -> str:
    """Return the outcome of a job that ``perform_job`` has run, which returns false if the job or a callback failed."""
    if done and not is_retry(run.returned):
        return "finished"
    return "failed" if status_of(run.job) == "failed" else "retried"


def _outcome_in_redis(job: Job) -> str:
    """Return the outcome of a job whose work horse cannot report it, because there is no file for it."""
    try:
        status = str.__str__(job.get_status() or "")
    except InvalidJobOperation:
        status = ""
    # A job that has succeeded may be deleted at once.
    found = {"": "finished", "finished": "finished", "failed": "failed", "queued": "retried", "scheduled": "retried"}
    return found.get(status, "crashed")


def _outcome_of_sync(run: JobRun, done: Any) -> str:
    return "failed" if run.error is not None else "finished"


def _is_not_about_arguments(record: logging.LogRecord) -> bool:
    return not ("job_id" in vars(record) and "queue" in vars(record))
