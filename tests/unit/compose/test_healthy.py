"""The image's health check."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from deploy.compose import healthy


class Server(BaseHTTPRequestHandler):
    """A server that returns 503 for /readyz and 200 for all other paths."""

    def do_GET(self) -> None:
        self.send_response(503 if self.path == "/readyz" else 200)
        self.end_headers()
        self.wfile.write(b"mongo is down")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def port() -> Iterator[int]:
    server = HTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_not_ready_is_not_healthy(port: int) -> None:
    """A process that is not ready is unhealthy, and the reason is printed for `docker inspect`."""
    assert healthy.trouble({"PORT": str(port)}) == "/readyz returned 503: mongo is down"


def test_a_process_without_a_port_is_asked_for_its_metrics(port: int) -> None:
    """A process without a port is healthy if its metrics return 200."""
    assert healthy.trouble({"OBSERVABILITY_METRICS_PORT": str(port)}) == ""


def test_no_server_there_is_not_healthy(port: int) -> None:
    """A process whose port refuses connections is unhealthy."""
    assert "did not respond" in healthy.trouble({"OBSERVABILITY_METRICS_PORT": "1"})


def test_a_file_must_have_been_touched_lately(tmp_path: Path) -> None:
    """A health file that is missing or was not touched recently is reported."""
    alive = tmp_path / ".alive"
    env = {"HEALTH_FILE": str(alive)}
    assert "No such file" in healthy.trouble(env)
    alive.touch()
    assert healthy.trouble(env) == ""
    os.utime(alive, (time.time() - 60,) * 2)
    assert "60 s ago" in healthy.trouble(env)
