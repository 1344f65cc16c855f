"""A work horse that runs several jobs: its lifetime, and the separation of its jobs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from importlib import metadata
from typing import Any

import pytest
import redis
from rq import Worker
from rq.utils import utcformat

from glasshouse_observability.rq import ReusingWorker, uninstrument_rq
from glasshouse_observability.versions import UnsupportedVersion
from library_support import rq_jobs
from library_support.rq_bench import RqBench
from library_support.waiting import wait_until

IS_3 = int(metadata.version("rq").split(".")[0]) >= 3
needs_3 = pytest.mark.skipif(not IS_3, reason="ReusingWorker needs RQ 3")


@pytest.fixture
def worker(bench: RqBench) -> ReusingWorker:
    return ReusingWorker([bench.queue], connection=bench.connection, jobs_per_work_horse=3)


def work(worker: Worker) -> None:
    worker.work(burst=True, logging_level="WARNING")


def pids(bench: RqBench) -> list[int]:
    """Return the process of each job that slept, in their order."""
    return [int(pid) for pid in bench.connection.lrange("pids", 0, -1)]  # type: ignore[union-attr]


def before_each_job(worker: ReusingWorker, act: Callable[[], None]) -> None:
    """Call ``act`` when a job is taken, while the work horse of the last job waits."""
    execute = worker.execute_job

    def acted(*args: Any) -> None:
        act()
        execute(*args)

    worker.execute_job = acted  # type: ignore[method-assign]


def alive(pid: int) -> bool:
    """Return whether the process is running; a zombie is not."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(IS_3, reason="RQ 3 is supported")
def test_an_older_rq_is_refused(bench: RqBench) -> None:
    """The error names the version that is needed."""
    with pytest.raises(UnsupportedVersion, match=r"3\.0"):
        ReusingWorker([bench.queue], connection=bench.connection)


@needs_3
def test_it_runs_so_many_jobs_and_another_the_next(bench: RqBench, worker: ReusingWorker) -> None:
    """Each work horse runs three jobs; the worker leaves none behind, although the last had a job left."""
    for _ in range(8):
        bench.queue.enqueue(rq_jobs.sleep, 0)
    work(worker)
    found = pids(bench)
    assert [found.count(pid) for pid in dict.fromkeys(found)] == [3, 3, 2]
    assert bench.outcomes() == {"finished": 8}
    assert not [pid for pid in found if alive(pid)]


@needs_3
def test_each_job_has_its_own_ids_counts_and_attributes(bench: RqBench, worker: ReusingWorker) -> None:
    """Each job in a work horse has its own trace, request, outcome, counts and attributes."""
    traces, jobs = [], []
    for number in range(3):
        with bench.request(f"request-{number}"):
            jobs.append(bench.queue.enqueue(rq_jobs.ids))
            traces.append(bench.trace_id)
    bench.queue.enqueue(rq_jobs.count, 2)
    bench.queue.enqueue(rq_jobs.note_odd_values, True)
    bench.queue.enqueue(rq_jobs.count, 3)
    work(worker)
    found = [job.return_value() for job in jobs]
    assert [(ids["request"], ids["trace"]) for ids in found] == list(
        zip(("request-0", "request-1", "request-2"), traces, strict=True)
    )
    assert bench.outcomes() == {"finished": 5, "failed": 1}
    assert bench.value("things_total") == 6
    noted = [span for span in bench.spans(" process") if "good" in (span.attributes or {})]
    assert [span.status.status_code.name for span in noted] == ["ERROR"]


@needs_3
def test_one_that_dies_in_a_later_job(bench: RqBench, worker: ReusingWorker) -> None:
    """Earlier counts are added once, the job has crashed, and a new work horse follows."""
    bench.queue.enqueue(rq_jobs.count, 5)
    bench.queue.enqueue(rq_jobs.die)
    bench.queue.enqueue(rq_jobs.count, 1)
    work(worker)
    assert bench.outcomes() == {"finished": 2, "crashed": 1}
    assert bench.value("things_total") == 6


@needs_3
def test_one_that_dies_while_it_waits_costs_no_job(bench: RqBench, worker: ReusingWorker) -> None:
    """If a work horse dies while it waits, the next job runs in a new one."""

    def kill() -> None:
        for pid in pids(bench):
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    before_each_job(worker, kill)
    for _ in range(2):
        bench.queue.enqueue(rq_jobs.sleep, 0)
    work(worker)
    assert bench.outcomes() == {"finished": 2}
    assert len(set(pids(bench))) == 2


@needs_3
def test_another_is_forked_when_the_epoch_changes(bench: RqBench, worker: ReusingWorker) -> None:
    """A new value of ``epoch`` affects the next job, although the last work horse had jobs left."""
    epochs = [0, 0, 1]
    worker.epoch = lambda: epochs[len(pids(bench))]
    for _ in range(3):
        bench.queue.enqueue(rq_jobs.sleep, 0)
    work(worker)
    first, second, third = pids(bench)
    assert first == second != third


@needs_3
def test_it_works_without_instrumentation(bench: RqBench, worker: ReusingWorker) -> None:
    """The worker does not depend on ``instrument_rq``."""
    uninstrument_rq()
    for _ in range(4):
        bench.queue.enqueue(rq_jobs.sleep, 0)
    work(worker)
    assert bench.queue.finished_job_registry.count == 4
    assert len(set(pids(bench))) == 2


@needs_3
def test_it_outlives_no_worker(bench: RqBench, worker: ReusingWorker) -> None:
    """A work horse exits when its worker is killed, because no process would ever stop it."""
    bench.queue.enqueue(rq_jobs.sleep, 0)
    pid_of_worker = os.fork()
    if pid_of_worker == 0:
        worker.work(logging_level="WARNING")
        os._exit(0)
    wait_until("the job to report its process", lambda: pids(bench))
    (pid,) = pids(bench)
    wait_until("the job to be done", lambda: bench.queue.finished_job_registry.count == 1)
    assert alive(pid)
    os.kill(pid_of_worker, signal.SIGKILL)
    os.waitpid(pid_of_worker, 0)
    wait_until("the work horse to exit", lambda: not alive(pid))


@needs_3
def test_a_heartbeat_is_one_round_trip(bench: RqBench, worker: ReusingWorker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat is one round trip and writes RQ's fields: its time, and how long the worker may be silent."""
    worker.register_birth()
    bench.connection.sadd(worker.executions_key, "one")
    with monkeypatch.context() as alone:
        alone.setattr(redis.Redis, "execute_command", lambda *command, **_: pytest.fail(f"alone: {command}"))
        worker.heartbeat(77)
    assert 70 < bench.connection.ttl(worker.key) <= 77
    assert bench.connection.hget(worker.key, "last_heartbeat") == utcformat(worker.last_heartbeat).encode()
    worker.register_death()
