"""The state of the queues, read from Redis at each scrape."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import redis
from rq import Queue, SimpleWorker

from glasshouse_observability.rq import declare_jobs, watch_queues
from glasshouse_observability.rq.jobs import OUTCOMES
from library_support import rq_jobs
from library_support.ports import free_port
from library_support.rq_bench import RqBench
from library_support.servers import Server, program
from library_support.waiting import wait_until


def test_the_depth_and_the_age_of_the_oldest_job(bench: RqBench) -> None:
    """The number of jobs by state and the age of the oldest are read when Prometheus scrapes."""
    watch_queues(bench.telemetry, [bench.queue])
    assert bench.value("rq_queue_oldest_job_age_seconds", queue="orders") == 0
    first = bench.queue.enqueue(rq_jobs.fail)
    bench.queue.enqueue(rq_jobs.succeed)
    bench.queue.enqueue_in(timedelta(hours=1), rq_jobs.succeed)
    bench.queue.enqueue(rq_jobs.succeed, depends_on=first)
    counts = {
        state: bench.value("rq_queue_jobs", queue="orders", state=state)
        for state in ("queued", "started", "scheduled", "deferred", "failed")
    }
    assert counts == {"queued": 2, "started": 0, "scheduled": 1, "deferred": 1, "failed": 0}
    age = bench.value("rq_queue_oldest_job_age_seconds", queue="orders")
    assert age is not None
    assert 0 < age < 60
    bench.work()
    assert bench.value("rq_queue_jobs", queue="orders", state="failed") == 1


def test_a_worker_exports_its_queues(bench: RqBench) -> None:
    """Without any call the queues of a worker are exported, once, over a connection with a time limit."""
    for _ in range(2):
        bench.work(SimpleWorker)
    assert bench.value("rq_queue_jobs", queue="orders", state="queued") == 0
    (queue,) = bench.telemetry.part(_parts()).queues._queues.values()
    assert queue.connection.connection_pool.connection_kwargs["socket_timeout"] == 0.5
    assert bench.spans("GET") == []


def _parts() -> type:
    from glasshouse_observability.rq.parts import RqParts

    return RqParts


def test_the_wait_for_a_worker_is_measured(bench: RqBench) -> None:
    """Each execution observes how long its job was in the queue."""
    for _ in range(3):
        bench.queue.enqueue(rq_jobs.succeed)
    bench.work()
    labels = {"queue": "orders", "job": "library_support.rq_jobs.succeed"}
    assert bench.value("rq_job_wait_seconds_count", **labels) == 3
    assert 0 < (bench.value("rq_job_wait_seconds_sum", **labels) or 0) < 60


def test_jobs_known_in_advance_begin_at_zero(bench: RqBench) -> None:
    """The first crash is an increase of an existing series."""
    declare_jobs(bench.telemetry, "orders", "tasks.send")
    values = [
        bench.value("rq_job_duration_seconds_count", queue="orders", job="tasks.send", outcome=outcome)
        for outcome in OUTCOMES
    ]
    assert values == [0] * len(OUTCOMES)


def test_the_number_of_names_is_limited(bench: RqBench) -> None:
    """Functions beyond the limit of label values are counted as ``other``."""
    limit = bench.telemetry.settings.label_values
    for number in range(limit + 5):
        bench.queue.enqueue(f"tasks.f{number}")
    assert bench.value("rq_jobs_enqueued_total", queue="orders", job="other") == 5


def test_a_redis_that_is_down(bench: RqBench, tmp_path: Path) -> None:
    """The gauges are absent, not zero, and a counter increases."""
    port = free_port()
    command = [
        program("redis-server"),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(tmp_path),
    ]
    server = Server(command, tmp_path / "redis.log")
    with redis.Redis(port=port, socket_connect_timeout=1) as connection:
        wait_until("redis-server to respond", connection.ping)
        watch_queues(bench.telemetry, [Queue("down", connection=connection)])
        assert bench.value("rq_queue_jobs", queue="down", state="queued") == 0
        server.kill()
        assert bench.value("rq_queue_jobs", queue="down", state="queued") is None
        assert bench.value("rq_queue_oldest_job_age_seconds", queue="down") is None
        assert (bench.value("rq_queue_scrape_errors_total") or 0) > 0


@pytest.mark.parametrize("name", ["a b", "ü", "x" * 300])
def test_any_name_of_a_queue(bench: RqBench, name: str) -> None:
    """The name of a queue may be any text."""
    queue = Queue(name, connection=bench.connection)
    queue.enqueue(rq_jobs.succeed)
    SimpleWorker([queue], connection=bench.connection).work(burst=True)
    assert bench.outcomes() == {"finished": 1}
    assert bench.value("rq_queue_jobs", queue=name, state="queued") == 0
