"""``app.gunicorn_worker`` and ``app.gunicorn_logger``, tested with a real gunicorn."""

from __future__ import annotations

import inspect
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from gunicorn.glogging import Logger

from app.gunicorn_logger import NoAccessLog
from tests.ports import free_port
from tests.waiting import wait_until

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A gunicorn server with our worker and a test application."""
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "2"]
    command += ["--worker-class", "app.gunicorn_worker.ProblemWorker", "--logger-class"]
    command += ["app.gunicorn_logger.NoAccessLog", "--access-logfile", "-"]
    command += ["tests.integration.app.echo_queue:application"]
    log = tmp_path_factory.mktemp("gunicorn") / "log"
    with log.open("wb") as output, subprocess.Popen(command, cwd=ROOT, stdout=output, stderr=output) as process:
        wait_until("gunicorn to respond", lambda: requests.get(f"http://127.0.0.1:{port}/", timeout=2).ok)
        yield port
        process.terminate()
        process.wait(20)
    assert b"GET / " not in log.read_bytes(), "an access log was written"


def test_the_application_learns_how_long_a_request_waited(port: int) -> None:
    """The application receives the waiting time in seconds from the worker's clock; a client's header is replaced."""
    answer = requests.get(f"http://127.0.0.1:{port}/", headers={"X-Queue-Seconds": "99"}, timeout=5)
    assert 0 <= float(answer.text.split()[0]) < 5


def test_what_gunicorn_refuses_is_a_problem(port: int) -> None:
    """A header with a control character is answered with a problem document and does not reach the application."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"Content-Type: application/problem+json" in answer
    assert b"urn:glasshouse:problem:malformed-request" in answer
    assert b"<html>" not in answer


def test_the_method_that_is_emptied_is_gunicorns() -> None:
    """The overridden method exists in gunicorn; otherwise gunicorn would format an access log line per request."""
    assert inspect.signature(NoAccessLog.access).parameters.keys() == inspect.signature(Logger.access).parameters.keys()
