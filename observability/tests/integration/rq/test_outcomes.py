"""The outcome of every execution of a job is RQ's own, and line, metric and span state the same."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta
from importlib import metadata
from typing import Any

import pytest
from rq import Retry, SimpleWorker, Worker
from rq.command import send_stop_job_command
from rq.job import Callback
from rq.registry import FailedJobRegistry, FinishedJobRegistry, StartedJobRegistry

from glasshouse_observability.rq.compat import RETURNED_RETRIES
from glasshouse_observability.rq.jobs import ERRORS, LEVELS
from library_support import rq_jobs
from library_support.rq_bench import RqBench
from library_support.waiting import wait_until

try:
    from rq import Repeat
except ImportError:
    Repeat = None

VERSION = metadata.version("rq")
JOBS = "library_support.rq_jobs"
WORKERS = pytest.mark.parametrize("worker", [Worker, SimpleWorker])


def agree(bench: RqBench, *outcomes: str) -> None:
    """Check the lines, metrics and spans of executions that have ended so, in this order."""
    lines = bench.lines("rq.job")
    assert [line["outcome"] for line in lines] == list(outcomes)
    assert bench.outcomes() == {outcome: outcomes.count(outcome) for outcome in outcomes}
    assert [line["level"] for line in lines] == [logging.getLevelName(LEVELS[outcome]) for outcome in outcomes]
    spans = bench.spans(" process")
    expected = [outcome for outcome in outcomes if bench.sampled or outcome in ERRORS]
    assert [(span.attributes or {})["rq.job.outcome"] for span in spans] == expected
    assert [span.status.status_code.name == "ERROR" for span in spans] == [outcome in ERRORS for outcome in expected]
    traced = [line["trace_id"] for line in lines if bench.sampled or line["outcome"] in ERRORS]
    assert [format(span.context.trace_id, "032x") for span in spans if span.context] == traced


@WORKERS
def test_success(bench: RqBench, worker: type[Worker]) -> None:
    """A job that returns has finished."""
    bench.queue.enqueue(rq_jobs.succeed)
    bench.queue.enqueue(rq_jobs.succeed, result_ttl=0)
    bench.work(worker)
    agree(bench, "finished", "finished")


@WORKERS
def test_failure(bench: RqBench, worker: type[Worker]) -> None:
    """A job that raises has failed; one line has its traceback and ids, its span has the exception."""
    job = bench.queue.enqueue(rq_jobs.fail)
    bench.work(worker)
    agree(bench, "failed")
    (line,) = bench.lines("rq.job_failed")
    assert (line["level"], line["exception_message"], line["job_id"]) == ("ERROR", "no luck", job.id)
    (span,) = bench.spans(" process")
    assert [event.name for event in span.events] == ["exception"]
    assert format(span.context.trace_id, "032x") == line["trace_id"]


@WORKERS
def test_an_exit_of_the_job_is_a_failure(bench: RqBench, worker: type[Worker]) -> None:
    """RQ fails a job that calls ``sys.exit``."""
    bench.queue.enqueue(rq_jobs.leave)
    bench.work(worker)
    agree(bench, "failed")


@WORKERS
def test_retries(bench: RqBench, worker: type[Worker]) -> None:
    """A failure with retries left is a retry, which is no error (getsentry/sentry-python#1074)."""
    bench.queue.enqueue(rq_jobs.fail_until, 3, retry=Retry(max=2))
    bench.work(worker)
    agree(bench, "retried", "retried", "finished")
    assert [line["level"] for line in bench.lines("rq.job_failed")] == ["WARNING", "WARNING"]
    labels = {"queue": "orders", "job": f"{JOBS}.fail_until"}
    assert bench.value("rq_job_retries_total", **labels) == 2
    assert len({line["trace_id"] for line in bench.lines("rq.job")}) == 1


def test_the_last_failure_of_a_job_with_retries(bench: RqBench) -> None:
    """A failure without retries left has failed."""
    bench.queue.enqueue(rq_jobs.fail, retry=Retry(max=1))
    bench.work()
    agree(bench, "retried", "failed")


def test_a_retry_after_an_interval(bench: RqBench) -> None:
    """A retry that the scheduler enqueues later keeps the trace."""
    with bench.request():
        bench.queue.enqueue(rq_jobs.fail_until, 2, retry=Retry(max=1, interval=1))
    bench.work()
    time.sleep(1.1)
    bench.work(with_scheduler=True)
    agree(bench, "retried", "finished")
    assert {line["trace_id"] for line in bench.lines("rq.job")} == {bench.trace_id}
    assert {line["request_id"] for line in bench.lines("rq.job")} == {"request-1"}


@pytest.mark.skipif(not RETURNED_RETRIES, reason="jobs may return Retry since RQ 2.1")
def test_a_returned_retry(bench: RqBench) -> None:
    """A job that returns ``Retry`` is run again, until the maximum is reached: then RQ fails it."""
    bench.queue.enqueue(rq_jobs.again, 1)
    bench.work()
    agree(bench, "retried", "failed")


@pytest.mark.skipif(Repeat is None, reason="RQ repeats jobs since 2.3")
@pytest.mark.parametrize("interval", [0, 1])
def test_a_repetition(bench: RqBench, interval: int) -> None:
    """A job that will be repeated has finished; its repetition is in the same trace."""
    bench.queue.enqueue(rq_jobs.succeed, repeat=Repeat(times=1, interval=interval))
    bench.work()
    if interval:
        time.sleep(1.1)
        bench.work(with_scheduler=True)
    agree(bench, "finished", "finished")
    assert len({line["trace_id"] for line in bench.lines("rq.job")}) == 1


def test_the_death_of_the_work_horse(bench: RqBench) -> None:
    """A job whose work horse is killed, or ends without RQ's own end, has crashed; the worker continues."""
    for function in (rq_jobs.die, rq_jobs.exit_at_once):
        bench.queue.enqueue(function)
    bench.queue.enqueue(rq_jobs.succeed)
    bench.work()
    agree(bench, "crashed", "crashed", "finished")


@pytest.mark.skipif(VERSION.startswith(("2.0", "2.1")), reason="RQ's own worker ends then")
def test_a_crash_with_a_retry_left(bench: RqBench) -> None:
    """RQ runs a job again whose work horse has died, if it has retries left; both are counted."""
    bench.queue.enqueue(rq_jobs.die, retry=Retry(max=1))
    bench.work()
    agree(bench, "crashed", "crashed")
    assert bench.value("rq_job_retries_total", queue="orders", job=f"{JOBS}.die") == 1


def test_a_stop_by_command(bench: RqBench) -> None:
    """A job that RQ's command stops is stopped, not crashed; its callback has the job's ids."""
    job = bench.queue.enqueue(rq_jobs.sleep, 30, on_stopped=Callback(rq_jobs.stopped))

    def stop() -> None:
        wait_until("the job to start", lambda: bench.connection.llen("pids"))
        wait_until("RQ to stop it", lambda: send_stop_job_command(bench.connection, job.id) is None)

    stopper = threading.Thread(target=stop)
    stopper.start()
    bench.work()
    stopper.join()
    agree(bench, "stopped")
    (line,) = [line for line in bench.lines() if line["message"] == "callback of stop"]
    assert (line["job_id"], line["trace_id"]) == (job.id, bench.lines("rq.job")[0]["trace_id"])


@WORKERS
def test_the_time_limit(bench: RqBench, worker: type[Worker]) -> None:
    """A job over its time limit has failed."""
    bench.queue.enqueue(rq_jobs.sleep, 5, job_timeout=1)
    bench.work(worker)
    agree(bench, "failed")
    (line,) = bench.lines("rq.job_failed")
    assert line["exception_type"].endswith("JobTimeoutException")


@WORKERS
def test_a_broken_callback(bench: RqBench, worker: type[Worker]) -> None:
    """RQ fails a job whose success callback raises."""
    bench.queue.enqueue(rq_jobs.succeed, on_success=Callback(rq_jobs.broken_callback))
    bench.work(worker)
    agree(bench, "failed")
    assert [line["exception_message"] for line in bench.lines("rq.job_failed")] == ["'callback'"]


@WORKERS
def test_callbacks_have_the_ids(bench: RqBench, worker: type[Worker]) -> None:
    """Lines of the success and failure callbacks have the ids of job, request and trace."""
    callbacks = {"on_success": Callback(rq_jobs.succeeded), "on_failure": Callback(rq_jobs.failed)}
    with bench.request():
        bench.queue.enqueue(rq_jobs.succeed, **callbacks)
        bench.queue.enqueue(rq_jobs.fail, **callbacks)
    bench.work(worker)
    lines = [line for line in bench.lines() if line["message"] in ("succeeded", "callback of failure")]
    assert [line["message"] for line in lines] == ["succeeded", "callback of failure"]
    jobs = [line["job_id"] for line in bench.lines("rq.job")]
    assert [(line["job_id"], line["request_id"], line["trace_id"]) for line in lines] == [
        (job, "request-1", bench.trace_id) for job in jobs
    ]


def test_a_worker_that_is_killed_with_its_job(bench: RqBench) -> None:
    """Another worker's clean-up fails the job: it is abandoned, with one line, count and span (rq/rq#1620)."""
    job = bench.queue.enqueue(rq_jobs.succeed, on_failure=Callback(rq_jobs.failed))
    left = bench.queue.enqueue(rq_jobs.succeed, retry=Retry(max=1))
    _leave_started(bench, job, left)
    StartedJobRegistry(bench.queue.name, connection=bench.connection).cleanup()
    agree(bench, "abandoned", "abandoned")
    assert bench.lines("rq.job")[0]["job_id"] == job.id
    assert bench.value("rq_job_retries_total", queue="orders", job=f"{JOBS}.succeed") == 1
    assert FailedJobRegistry(bench.queue.name, connection=bench.connection).get_job_ids() == [job.id]


def _leave_started(bench: RqBench, *jobs: Any) -> None:
    """Leave the jobs as a worker that is killed leaves them."""
    bench.connection.delete(bench.queue.key)
    registry = StartedJobRegistry(bench.queue.name, connection=bench.connection)
    for job in jobs:
        job.set_status("started")
        member = f"{job.id}:1" if RETURNED_RETRIES else job.id
        bench.connection.zadd(registry.key, {member: time.time() - 10})


def test_all_results_are_rqs_own(bench: RqBench) -> None:
    """RQ's registries have the jobs as without this library."""
    good, bad = bench.queue.enqueue(rq_jobs.succeed, 7), bench.queue.enqueue(rq_jobs.fail)
    bench.queue.enqueue_in(timedelta(hours=1), rq_jobs.succeed)
    bench.work()
    assert FinishedJobRegistry(queue=bench.queue).get_job_ids() == [good.id]
    assert FailedJobRegistry(queue=bench.queue).get_job_ids() == [bad.id]
    assert bench.queue.scheduled_job_registry.count == 1
    assert good.return_value() == 7
    assert "no luck" in (bad.latest_result().exc_string or "")
