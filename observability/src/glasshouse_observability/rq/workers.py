"""Workers of this library: one that starts the telemetry of its process, and one that forks less often."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from redis.client import Pipeline
from rq import Queue, Worker
from rq.job import Job

from glasshouse_observability.rq.instrumentation import observe_process
from glasshouse_observability.rq.run import JobRun, current
from glasshouse_observability.rq.work_horse import Work, WorkHorse
from glasshouse_observability.versions import require


class ObservedWorker(Worker):
    """RQ's worker for the commands ``rq worker -w`` and ``rq worker-pool -w``, which have no place for own code.

    The first one of a process starts its telemetry with the settings in the environment, unless ``instrument_rq`` was
    called there. The default of the service's name is ``rq-worker``.
    """

    starts_telemetry = True

    def __init__(self, *args: Any, **options: Any) -> None:
        """Take RQ's arguments.

        Raises:
            WrongSetting: a setting is missing or wrong.
        """
        observe_process()
        super().__init__(*args, **options)


class ReusingWorker(Worker):
    """A worker whose work horse runs ``jobs_per_work_horse`` jobs before another is forked; it needs RQ 3.

    A fork and the creation of clients take more time than a short job. Module state and clients persist between the
    jobs of one work horse. ``instrument_rq`` observes its jobs as those of any other worker.
    """

    jobs_per_work_horse = 1
    epoch: Callable[[], object] = staticmethod(lambda: None)
    """Return the state that a work horse depends on since its fork; another is forked when the value changes."""

    has_report_file = True
    """The work horse has one file for the reports of all its jobs."""
    _work_horse: WorkHorse | None = None

    def __init__(self, *args: Any, jobs_per_work_horse: int = 1, **options: Any) -> None:
        """Take RQ's arguments and the number of jobs.

        Raises:
            UnsupportedVersion: RQ is older than 3.
        """
        require("rq", "3.0", "4", "rq")
        super().__init__(*args, **options)
        self.jobs_per_work_horse = jobs_per_work_horse

    def work(self, *args: Any, **options: Any) -> bool:
        """Run the worker's loop."""
        try:
            return super().work(*args, **options)
        finally:
            self._release_work_horse()

    def heartbeat(self, timeout: int | None = None, pipeline: Pipeline | None = None) -> None:
        """Do the same as RQ's method in one round trip to Redis instead of three.

        A worker calls it three times for each job.
        """
        if pipeline is not None:
            super().heartbeat(timeout, pipeline)
            return
        with self.connection.pipeline(transaction=False) as together:
            super().heartbeat(timeout, together)
            together.execute()

    def execute_job(self, job: Job, queue: Queue) -> None:
        """Run one job in a work horse."""
        try:
            super().execute_job(job, queue)
        except BaseException:
            # Redis has failed, or the worker is being stopped: the work horse may still be running the job.
            self._release_work_horse()
            raise
        if self._work_horse is not None and self._work_horse.over:
            self._release_work_horse()

    def fork_work_horse(self, job: Job, queue: Queue) -> None:
        """Pass the job to the existing work horse, or fork one for it."""
        epoch, run = self.epoch(), _run_of(job)
        if self._work_horse is not None and (
            self._work_horse.epoch != epoch or not self._work_horse.give(self._work(job, queue, run))
        ):
            self._release_work_horse()
        if self._work_horse is None:
            self._work_horse = WorkHorse(epoch)
            self._lend_file(run)
            super().fork_work_horse(job, queue)
            self._work_horse.was_forked(self.horse_pid)
        self._lend_file(run)
        self._horse_pid = self._work_horse.pid

    def _lend_file(self, run: JobRun | None) -> None:
        if run is not None and self._work_horse is not None:
            run.file, run.closes_file = self._work_horse.report_file, False

    def wait_for_horse(self) -> tuple[int | None, int | None, Any]:
        """Wait until the job is done or the work horse has exited; the result for the latter is RQ's own."""
        if self._work_horse is None or self._work_horse.over:
            return None, None, None
        if self._work_horse.wait():
            return self._work_horse.pid, os.EX_OK, None
        ended = super().wait_for_horse()
        self._work_horse.over = True
        return ended

    def _release_work_horse(self) -> None:
        if self._work_horse is not None:
            self._work_horse.close()
            self._work_horse = None

    def _work(self, job: Job, queue: Queue, run: JobRun | None) -> Work:
        assert self.execution is not None
        if run is None:
            return Work(str(job.id), self.execution.id, queue.name)
        unsampled = run.unsampled
        parent = unsampled.parent if unsampled is not None else None
        span = run.span.get_span_context()
        return Work(str(job.id), self.execution.id, queue.name, span, unsampled is not None, parent)

    def perform_job(self, job: Job, queue: Queue, execution: Any) -> bool:
        """In the work horse: run this job and those that the parent sends after it."""
        work_horse, run = self._work_horse, _run_of(job)
        assert work_horse is not None
        work_horse.begin()
        for left in range(self.jobs_per_work_horse - 1, -1, -1):
            super().perform_job(job, queue, execution)
            # It exits after its last job, as RQ's own does after its only job.
            work = work_horse.next() if left else None
            if work is None:
                break
            job, queue, execution = self._fetch(work)
            if run is not None and (span := work.span_copy()) is not None:
                run = JobRun(run.parts, job, queue.name, span)
                self._lend_file(run)
                current.set(run)
        return True

    def _fetch(self, work: Work) -> tuple[Job, Queue, Any]:
        from rq.executions import Execution

        job = self.job_class.fetch(work.job, connection=self.connection, serializer=self.serializer)
        execution = Execution(work.execution, work.job, self.connection, self.name)
        self.executions = {execution.id: execution}
        os.environ["RQ_JOB_ID"] = work.job
        return job, next(queue for queue in self.queues if queue.name == work.queue), execution


def _run_of(job: Job) -> JobRun | None:
    run = current.get()
    return run if run is not None and run.job.id == job.id else None
