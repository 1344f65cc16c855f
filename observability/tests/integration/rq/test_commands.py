"""Workers as people start them: RQ's commands and plain scripts, in separate processes."""

from __future__ import annotations

import signal
import subprocess
import urllib.request
from importlib import metadata
from pathlib import Path

import pytest
import redis
from rq import Queue, Retry

from library_support.ports import free_ports
from library_support.rq_commands import python, rq_command
from library_support.waiting import wait_until

OBSERVED = "glasshouse_observability.rq.ObservedWorker"
VERSION = tuple(int(part) for part in metadata.version("rq").split(".")[:2])
TASKS = """
import logging, os, signal, time
from rq import get_current_job
log = logging.getLogger("tasks")
def greet(name, *rest): log.info("greeted"); return name
def fail(*rest): raise ValueError("no luck")
def last(): get_current_job().connection.set("started", os.getpid()); time.sleep(20)
"""


@pytest.fixture
def queue(rq_redis: str, tmp_path: Path) -> Queue:
    (tmp_path / "tasks.py").write_text(TASKS)
    connection = redis.Redis.from_url(rq_redis)
    connection.flushdb()
    return Queue(connection=connection)


def scraped(port: int) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        return str(answer.read().decode())


def test_rq_worker(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """``rq worker -w``: only JSON on standard output, each line once, without the jobs' arguments (rq/rq#1177)."""
    queue.enqueue("tasks.greet", "PLANTED")
    queue.enqueue("tasks.fail", "PLANTED")
    queue.enqueue("tasks.greet", retry=Retry(max=1))
    with rq_command(tmp_path, "worker", "-w", OBSERVED, "--burst", "-u", rq_redis, "default") as worker:
        assert worker.wait() == 0
    lines = worker.lines("rq.job")
    assert [line["outcome"] for line in lines] == ["finished", "failed", "retried", "failed"]
    assert {line["service"] for line in lines} == {"rq-worker"}
    assert len(worker.lines("rq.job_failed")) == 3
    greeted = [line for line in worker.lines() if line["message"] == "greeted"]
    assert [line["trace_id"] for line in greeted] == [lines[0]["trace_id"]]
    assert "PLANTED" not in worker.out() + worker.err()


def test_tasks_that_import_the_web_application(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """A job may import a module that starts its own telemetry (miguelgrinberg/microblog)."""
    (tmp_path / "web.py").write_text(
        "from glasshouse_observability import Telemetry, instrument_redis, instrument_rq\n"
        "telemetry = Telemetry.start('web')\n"
        "instrument_rq(telemetry)\ninstrument_redis(telemetry)\n"
    )
    (tmp_path / "exports.py").write_text("import web\ndef export(): return 1\n")
    for _ in range(2):
        queue.enqueue("exports.export")
    (port,) = free_ports(1)
    with rq_command(
        tmp_path, "worker", "-w", OBSERVED, "--burst", "-u", rq_redis, "default", OBSERVABILITY_METRICS_PORT=str(port)
    ) as worker:
        assert worker.wait() == 0
    assert [line["outcome"] for line in worker.lines("rq.job")] == ["finished", "finished"]
    assert [line["message"] for line in worker.lines() if line["level"] != "INFO"] == []


def test_a_script_whose_tasks_import_the_web_application(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """In a worker that a script starts, the telemetry of the web application is the worker's too."""
    (tmp_path / "web.py").write_text(
        "from glasshouse_observability import Telemetry, instrument_redis, instrument_rq\n"
        "telemetry = Telemetry.start('web')\n"
        "instrument_rq(telemetry)\ninstrument_redis(telemetry)\n"
    )
    (tmp_path / "exports.py").write_text("import web\ndef export(): return web.telemetry.settings.service\n")
    (tmp_path / "worker.py").write_text(
        "import sys, redis\nfrom rq import Worker\nfrom glasshouse_observability import Telemetry, instrument_rq\n"
        "instrument_rq(Telemetry.start('script'))\n"
        "Worker(['default'], connection=redis.Redis.from_url(sys.argv[1])).work(burst=True)\n"
    )
    job = queue.enqueue("exports.export")
    with python(tmp_path, "worker.py", rq_redis) as worker:
        assert worker.wait() == 0
    assert [line["outcome"] for line in worker.lines("rq.job")] == ["finished"]
    assert job.return_value() == "script"


def test_rq_worker_with_other_arguments(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """The usual options work, and the settings of the library are read from the environment."""
    queue.enqueue("tasks.greet", "x")
    options = ["--with-scheduler", "--max-jobs", "1", "--logging_level", "WARNING", "--name", "w-1"]
    with rq_command(
        tmp_path, "worker", "-w", OBSERVED, *options, "-u", rq_redis, OTEL_SERVICE_NAME="my.worker"
    ) as worker:
        assert worker.wait() == 0
    assert [(line["outcome"], line["service"]) for line in worker.lines("rq.job")] == [("finished", "my.worker")]


def test_a_settings_module(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """``instrument_rq`` in the module of ``rq worker -c`` observes RQ's own worker class; it is printed once too."""
    (tmp_path / "worker_settings.py").write_text(
        "from glasshouse_observability import Telemetry, instrument_rq\n"
        "instrument_rq(Telemetry.start('from-settings'))\n"
        f"REDIS_URL = {rq_redis!r}\n"
    )
    queue.enqueue("tasks.greet", "PLANTED")
    with rq_command(tmp_path, "worker", "-c", "worker_settings", "--burst") as worker:
        assert worker.wait() == 0
    assert [(line["outcome"], line["service"]) for line in worker.lines("rq.job")] == [("finished", "from-settings")]
    assert "PLANTED" not in worker.out() + worker.err()


def test_a_wrong_setting_ends_the_worker(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """The error names the setting."""
    with rq_command(
        tmp_path, "worker", "-w", OBSERVED, "--burst", "-u", rq_redis, OBSERVABILITY_METRICS_PORT="many"
    ) as worker:
        assert worker.wait() != 0
    assert "OBSERVABILITY_METRICS_PORT" in worker.out() + worker.err()


def test_a_warm_and_a_cold_shutdown(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """The first signal lets the job end; a second ends the worker at once: the job is interrupted, and reported."""
    queue.enqueue("tasks.last")
    with rq_command(tmp_path, "worker", "-w", OBSERVED, "-u", rq_redis) as worker:
        wait_until("the job to start", lambda: queue.connection.get("started"))
        worker.stop()
        wait_until("the warm shutdown", lambda: queue.connection.keys("rq:worker:*"))
        with pytest.raises(subprocess.TimeoutExpired):
            worker.wait(1.5)
        worker.stop(signal.SIGINT)
        worker.wait()
    assert [(line["outcome"], line["level"]) for line in worker.lines("rq.job")] == [("interrupted", "WARNING")]


def test_the_workers_of_a_pool(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """Each worker of ``rq worker-pool`` serves its own metrics, on the next free port; all jobs are in one of them."""
    port, *_ = free_ports(1)
    for _ in range(4):
        queue.enqueue("tasks.greet", "x")
    environment = {"OBSERVABILITY_METRICS_PORT": str(port), "RQ_WORKER_CLASS": OBSERVED}
    with rq_command(tmp_path, "worker-pool", "-n", "2", "-u", rq_redis, "default", **environment) as pool:
        wait_until("all jobs to be counted", lambda: _counted(port) == 4)
        pool.stop()
        pool.wait()
    assert pool.out().count('"event":"rq.job"') == 4


def _counted(first: int) -> int:
    """Return the number of jobs that all workers count; another process may have some of the ports."""
    jobs = 0
    for port in range(first, first + 6):
        try:
            exposition = scraped(port)
        except OSError:
            continue
        for line in exposition.splitlines():
            if line.startswith('rq_job_duration_seconds_count{job="tasks.greet"'):
                jobs += int(float(line.split()[-1]))
    return jobs


def test_a_pool_that_the_telemetrys_process_forks(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """RQ's own worker class in a pool: each worker exports its spans, and serves its metrics on its own port."""
    port, *_ = free_ports(1)
    queue.enqueue("tasks.greet", "x")
    (tmp_path / "pool.py").write_text(
        "import multiprocessing, sys, redis\n"
        "from opentelemetry.sdk.trace.export import ConsoleSpanExporter\n"
        "from rq.worker_pool import WorkerPool\n"
        "from glasshouse_observability import Telemetry, instrument_rq\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.set_start_method(sys.argv[2])\n"
        "    instrument_rq(Telemetry.start('pool', exporter=ConsoleSpanExporter(out=sys.stderr)))\n"
        "    WorkerPool(['default'], connection=redis.Redis.from_url(sys.argv[1]), num_workers=1).start(burst=True)\n"
    )
    with python(tmp_path, "pool.py", rq_redis, "fork", OBSERVABILITY_METRICS_PORT=str(port)) as pool:
        assert pool.wait() == 0
    assert pool.out().count('"event":"rq.job"') == 1
    assert '"name": "default process"' in pool.err()


@pytest.mark.skipif(VERSION >= (2, 7), reason="RQ forks explicitly since 2.7")
def test_a_pool_of_new_interpreters_is_refused(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """The error names the worker class that can be used instead."""
    (tmp_path / "pool.py").write_text(
        "import multiprocessing, sys, redis\n"
        "from rq.worker_pool import WorkerPool\n"
        "from glasshouse_observability import Telemetry, instrument_rq\n"
        "if __name__ == '__main__':\n"
        "    multiprocessing.set_start_method('spawn')\n"
        "    instrument_rq(Telemetry.start('pool'))\n"
        "    WorkerPool(['default'], connection=redis.Redis.from_url(sys.argv[1]), num_workers=1).start(burst=True)\n"
    )
    with python(tmp_path, "pool.py", rq_redis) as pool:
        assert pool.wait() != 0
    assert "glasshouse_observability.rq.ObservedWorker" in pool.out() + pool.err()


@pytest.mark.skipif(VERSION < (2, 2), reason="SpawnWorker exists since RQ 2.2")
def test_a_spawn_worker_is_refused(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """``SpawnWorker`` runs jobs where nothing observes them: it is refused at its start, and leaves the job."""
    (tmp_path / "spawn.py").write_text(
        "import sys, redis\n"
        "from rq.worker import SpawnWorker\n"
        "from glasshouse_observability import Telemetry, instrument_rq\n"
        "instrument_rq(Telemetry.start('spawn'))\n"
        "SpawnWorker(['default'], connection=redis.Redis.from_url(sys.argv[1])).work(burst=True)\n"
    )
    queue.enqueue("tasks.greet", "x")
    with python(tmp_path, "spawn.py", rq_redis) as worker:
        assert worker.wait() != 0
    assert "UnsupportedWorker" in worker.out() + worker.err()
    assert queue.count == 1


def test_a_worker_needs_no_other_framework(queue: Queue, rq_redis: str, tmp_path: Path) -> None:
    """Neither Flask nor any package of OpenTelemetry's instrumentations of libraries is imported."""
    (tmp_path / "blocked.py").write_text(
        "import sys\n"
        "blocked = ('flask', 'werkzeug', 'pymongo', 'gunicorn', *(\n"
        "    f'opentelemetry.instrumentation.{name}' for name in ('flask', 'redis', 'pymongo', 'requests', 'wsgi')))\n"
        "class Blocker:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in blocked:\n"
        "            raise ImportError(f'{name} is blocked')\n"
        "sys.meta_path.insert(0, Blocker())\n"
        "sys.argv[0] = 'rq'\n"
        "from rq.cli import main\n"
        "main()\n"
    )
    queue.enqueue("tasks.greet", "x")
    with python(tmp_path, "blocked.py", "worker", "-w", OBSERVED, "--burst", "-u", rq_redis) as worker:
        assert worker.wait() == 0, worker.err()
    assert [line["outcome"] for line in worker.lines("rq.job")] == ["finished"]
