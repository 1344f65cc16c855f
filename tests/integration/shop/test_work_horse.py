"""A work horse that runs several jobs: its lifetime, and the separation of its jobs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from typing import Any

import psutil
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from rq.job import JobStatus
from rq.utils import utcformat

from glasshouse_observability import Telemetry
from tests.integration.conftest import Server
from tests.integration.shop.worker_bench import Bench
from tests.waiting import wait_until
from workers.order_job import OrderJob


@pytest.fixture
def bench(redis_server: tuple[str, Server], telemetry: Telemetry, exporter: InMemorySpanExporter) -> Iterator[Bench]:
    bench = Bench(redis_server[0], telemetry, exporter, jobs_per_work_horse=3)
    bench.connection.flushdb()
    yield bench
    bench.close()


def before_each_job(bench: Bench, act: Callable[[], None]) -> None:
    """Call ``act`` when a job is taken, while the work horse of the last job waits."""
    execute = bench.worker.execute_job

    def acted(*args: Any) -> None:
        act()
        execute(*args)

    bench.worker.execute_job = acted  # type: ignore[method-assign]


def alive(pid: int) -> bool:
    """Return whether the process is running; a zombie is not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def test_it_does_so_many_jobs_and_another_the_next(bench: Bench) -> None:
    """Each work horse runs three jobs; the worker leaves none behind, although the last had a job left."""
    for _ in range(8):
        bench.enqueue("report_pid")
    bench.work()
    pids = bench.pids()
    assert [pids.count(pid) for pid in dict.fromkeys(pids)] == [3, 3, 2]
    assert bench.jobs("report_pid", "finished") == 8
    assert not [pid for pid in pids if alive(pid)]


def test_each_job_has_its_own_trace_and_request(bench: Bench, exporter: InMemorySpanExporter) -> None:
    """Each job in a work horse has its own trace and request id, sampled or not."""
    first = bench.enqueue("count_and_trace", 2, request="first")
    bench.enqueue_unsampled("count_and_trace", 3)
    third = bench.enqueue("count_and_trace", 5, request="third")
    bench.work()
    assert [job.return_value() for job in (first, third)] == ["first", "third"]
    assert bench.telemetry.registry.get_sample_value("things_total") == 10
    bench.telemetry.provider.force_flush()
    traces: dict[int, list[str]] = {}
    for span in exporter.get_finished_spans():
        assert span.context is not None
        traces.setdefault(span.context.trace_id, []).append(span.name)
    expected = ["inner", "orders process", "orders publish", "placing"]
    assert [sorted(names) for names in traces.values()] == [expected, expected]


def test_one_that_dies_in_a_later_job_is_not_heard_with_an_earlier_report(bench: Bench) -> None:
    """If a work horse dies in a later job, earlier counts are added once, the job is crashed, and a new one follows."""
    for function, args in (("count_and_trace", (5,)), ("die", ()), ("count_and_trace", (1,))):
        bench.enqueue(function, *args)
    bench.work()
    assert (bench.jobs("count_and_trace", "finished"), bench.jobs("die", "crashed")) == (2, 1)
    assert bench.telemetry.registry.get_sample_value("things_total") == 6


def test_one_that_dies_while_it_waits_costs_no_job(bench: Bench) -> None:
    """If a work horse dies while it waits, the next job runs in a new one."""

    def kill() -> None:
        for pid in bench.pids():
            os.kill(pid, signal.SIGKILL)
            os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)

    before_each_job(bench, kill)
    for _ in range(2):
        bench.enqueue("report_pid")
    bench.work()
    assert bench.jobs("report_pid", "finished") == 2
    assert len(set(bench.pids())) == 2


def test_another_is_forked_when_what_it_was_born_with_has_changed(bench: Bench) -> None:
    """A fault that is switched on affects the next job, although the last work horse had jobs left."""
    born = [0, 0, 1]
    bench.worker.epoch = lambda: born[len(bench.pids())]
    for _ in range(3):
        bench.enqueue("report_pid")
    bench.work()
    first, second, third = bench.pids()
    assert first == second != third


def test_it_outlives_no_worker(bench: Bench) -> None:
    """A work horse exits when its worker is killed, because no process would ever stop it."""
    bench.enqueue("report_pid")
    worker = os.fork()
    if worker == 0:
        bench.worker.work(logging_level=None)
        os._exit(0)
    wait_until("the job to report its process", bench.pids)
    (pid,) = bench.pids()
    wait_until("the job to be done", lambda: bench.queue.finished_job_registry.count == 1)
    assert alive(pid)
    os.kill(worker, signal.SIGKILL)
    os.waitpid(worker, 0)
    wait_until("the work horse to exit", lambda: not alive(pid))


def test_a_job_over_its_time_fails_and_the_work_horse_goes_on(bench: Bench) -> None:
    """Each job has its own time limit; the worker's periodic alarm loses no message of the work horse."""
    bench.worker.job_monitoring_interval = 1
    bench.enqueue("report_pid", 1.5)
    bench.enqueue("report_pid", 5, job_timeout=1)
    bench.enqueue("report_pid")
    bench.work()
    assert (bench.jobs("report_pid", "finished"), bench.jobs("report_pid", "failed")) == (2, 1)
    assert len(set(bench.pids())) == 1


def test_a_heartbeat_is_one_round_trip(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """A heartbeat is one round trip and writes RQ's fields: its time, and how long the worker may be silent."""
    worker = bench.worker
    worker.register_birth()
    worker.set_state("idle")
    bench.connection.sadd(worker.executions_key, "one")
    with monkeypatch.context() as alone:
        alone.setattr(bench.connection, "execute_command", lambda *command, **_: pytest.fail(f"alone: {command}"))
        worker.heartbeat(77)
    assert 70 < bench.connection.ttl(worker.key) <= 77
    assert 70 < bench.connection.ttl(worker.executions_key) <= 77
    assert bench.connection.hget(worker.key, "last_heartbeat") == utcformat(worker.last_heartbeat).encode()
    worker.register_death()


def test_an_order_job_that_has_succeeded_leaves_nothing_in_redis(bench: Bench) -> None:
    """A successful job is deleted without queries about what to delete; a failed job is kept for diagnosis."""
    bench.worker.job_class = OrderJob
    asked = []
    for jobs in (1, 1, 5):
        before = commands(bench, "zrange")
        for _ in range(jobs):
            bench.enqueue("count_and_trace", 1, result_ttl=0)
        bench.work()
        asked.append(commands(bench, "zrange") - before)
    assert asked[1] == asked[2], "only commands at a worker's start: the first sends one more than the others"
    assert bench.jobs("count_and_trace", "finished") == 7
    left = {key.decode() for key in bench.connection.scan_iter()}
    assert not [key for key in left if "job" in key or "execution" in key or "wip" in key], left
    failing = bench.enqueue("fail", result_ttl=0)
    bench.work()
    assert failing.get_status() is JobStatus.FAILED


def commands(bench: Bench, name: str) -> int:
    """Return how often Redis received this command."""
    stats: dict[str, dict[str, int]] = bench.connection.info("commandstats")  # type: ignore[assignment]
    return stats.get(f"cmdstat_{name}", {"calls": 0})["calls"]
