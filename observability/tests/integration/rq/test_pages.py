"""The examples of docs/library/rq are correct: each file of a page is written, and run with a real Redis."""

from __future__ import annotations

import importlib.util
import re
import urllib.request
from pathlib import Path

import pytest
import redis

from library_support.ports import free_port
from library_support.rq_commands import Command, python, rq_command
from library_support.waiting import wait_until

PAGES = Path(__file__).parents[4] / "docs" / "library" / "rq"
OBSERVED = "glasshouse_observability.rq.ObservedWorker"
_FILE = re.compile(r"^```python\n# ([\w./]+\.py)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(autouse=True)
def _empty(rq_redis: str) -> None:
    with redis.Redis.from_url(rq_redis) as client:
        client.flushdb()


def write(page: str, folder: Path) -> None:
    """Write the files of a page."""
    files = _FILE.findall((PAGES / page).read_text())
    assert files
    for name, content in files:
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)


def traced_job(worker: Command, message: str) -> dict[str, object]:
    """Return the line of the only job, which has the trace of a line of the job's code."""
    (line,) = worker.lines("rq.job")
    assert line["outcome"] == "finished"
    assert [one["trace_id"] for one in worker.lines() if one["message"] == message] == [line["trace_id"]]
    return line


def test_rq_worker(rq_redis: str, tmp_path: Path) -> None:
    """Both ways to start ``rq worker``, with a separate producer."""
    write("rq-worker.md", tmp_path)
    for arguments in (["-w", OBSERVED, "-u", rq_redis, "default"], ["-c", "worker_settings"]):
        with python(tmp_path, "producer.py", REDIS_URL=rq_redis) as producer:
            assert producer.wait() == 0, producer.err()
        with rq_command(
            tmp_path, "worker", "--burst", *arguments, REDIS_URL=rq_redis, OTEL_SERVICE_NAME="letters-worker"
        ) as worker:
            assert worker.wait() == 0, worker.err()
        assert traced_job(worker, "letter sent")["service"] == "letters-worker"


def test_a_script(rq_redis: str, tmp_path: Path) -> None:
    """All jobs of one run of the producing script are in one trace."""
    write("script.md", tmp_path)
    with python(tmp_path, "enqueue.py", "a.png", "b.png", REDIS_URL=rq_redis) as producer:
        assert producer.wait() == 0, producer.err()
    with python(tmp_path, "work.py", REDIS_URL=rq_redis, OBSERVABILITY_METRICS_PORT="0") as worker:
        wait_until("two jobs to finish", lambda: len(worker.lines("rq.job")) == 2)
        worker.stop()
        worker.wait()
    assert len({line["trace_id"] for line in worker.lines("rq.job")}) == 1


def test_fastapi(rq_redis: str, tmp_path: Path) -> None:
    """A job of a request has its trace and its request id."""
    for package in ("fastapi", "uvicorn", "opentelemetry.instrumentation.fastapi"):
        pytest.importorskip(package)
    write("fastapi.md", tmp_path)
    port = free_port()
    with python(
        tmp_path,
        *("-m", "uvicorn", "request_ids:app", "--port", str(port)),
        REDIS_URL=rq_redis,
        OBSERVABILITY_METRICS_PORT="0",
    ) as server:

        def post() -> str:
            request = urllib.request.Request(
                f"http://127.0.0.1:{port}/letters/ann", method="POST", headers={"x-request-id": "request-1"}
            )
            with urllib.request.urlopen(request, timeout=5) as answer:
                return str(answer.headers["x-request-id"])

        assert wait_until("the server", post) == "request-1"
        server.stop()
        server.wait()
    with rq_command(tmp_path, "worker", "--burst", "-w", OBSERVED, "-u", rq_redis) as worker:
        assert worker.wait() == 0, worker.err()
    assert traced_job(worker, "letter sent")["request_id"] == "request-1"


def test_django_rq(rq_redis: str, tmp_path: Path) -> None:
    """``manage.py rqworker`` with the worker class of the settings, and ``delay`` in another command."""
    # It cannot be imported before Django is configured.
    if importlib.util.find_spec("django_rq") is None:
        pytest.skip("could not import 'django_rq'")
    write("django-rq.md", tmp_path)
    django = ("-m", "django")
    env = {"REDIS_URL": rq_redis, "DJANGO_SETTINGS_MODULE": "shop_settings", "OBSERVABILITY_METRICS_PORT": "0"}
    code = "from letters.tasks import send_letter; send_letter.delay('ann')"
    with python(tmp_path, *django, "shell", "-c", code, **env) as producer:
        assert producer.wait() == 0, producer.err()
    with python(
        tmp_path, *django, "rqworker", "default", "--burst", **env, OTEL_SERVICE_NAME="letters-worker"
    ) as worker:
        assert worker.wait() == 0, worker.err()
    assert traced_job(worker, "letter sent")["service"] == "letters-worker"
