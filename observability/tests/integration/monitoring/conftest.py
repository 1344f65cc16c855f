"""Fixture: an instrumented application and its worker under load, with Prometheus and the rules that were written."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import redis
import requests

import glasshouse_observability
import library_support
from glasshouse_observability.monitoring.rules import file
from library_support.alert_cases import WHOLE
from library_support.ports import free_port, free_ports
from library_support.prometheus import Prometheus, hurried
from library_support.servers import Server, program
from library_support.waiting import wait_until


class Receiver(BaseHTTPRequestHandler):
    """Accepts spans by OTLP/HTTP, and answers every GET."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        return


@dataclass
class Running:
    """The application, its worker and Prometheus."""

    url: str
    web: subprocess.Popen[bytes]
    worker: subprocess.Popen[bytes]
    prometheus: Prometheus

    def use(self, times: int = 20) -> None:
        """Send requests of every kind that succeed."""
        for number in range(times):
            assert requests.get(f"{self.url}/things/{number}", timeout=10).status_code == 200
            assert requests.get(f"{self.url}/called", timeout=10).status_code == 200
            assert requests.post(f"{self.url}/mails/{number}", timeout=10).status_code == 200


@pytest.fixture(scope="module")
def receiver() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def module_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server for all tests of a module."""
    folder, port = tmp_path_factory.mktemp("redis"), free_port()
    server = Server(
        [program("redis-server"), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)],
        folder / "redis.log",
    )
    url = f"redis://127.0.0.1:{port}/0"
    with redis.Redis.from_url(url) as client:
        wait_until("redis-server to respond", client.ping)
    yield url
    server.kill()


@pytest.fixture(scope="module")
def running(
    tmp_path_factory: pytest.TempPathFactory, mongo_url: str, module_redis: str, receiver: str
) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("monitored")
    http, web_metrics, worker_metrics = free_ports(3)
    paths = [str(Path(package.__path__[0]).parent) for package in (library_support, glasshouse_observability)]
    environment = {
        **os.environ, "PYTHONPATH": os.pathsep.join(paths), "MONGO_URL": mongo_url, "REDIS_URL": module_redis,
        "CALLED_URL": receiver, "OTEL_EXPORTER_OTLP_ENDPOINT": receiver, "OBSERVABILITY_TRACES_PER_SECOND": "100",
    }  # fmt: skip
    for proxy in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        environment.pop(proxy, None)
    gunicorn = ["gunicorn", "--bind", f"127.0.0.1:{http}", "--threads", "4", "library_support.monitored:create_app()"]
    with (folder / "application.log").open("wb") as log:
        web, worker = (
            subprocess.Popen(
                [sys.executable, "-m", *command],
                env={**environment, "OBSERVABILITY_METRICS_PORT": str(port)},
                stdout=log,
                stderr=log,
            )
            for command, port in ((gunicorn, web_metrics), (["library_support.monitored"], worker_metrics))
        )
    prometheus = Prometheus(folder, hurried(file.text(WHOLE, "test")), web_metrics, worker_metrics)
    started = Running(f"http://127.0.0.1:{http}", web, worker, prometheus)
    try:
        wait_until("the application to answer", lambda: requests.get(f"{started.url}/things/0", timeout=5).ok, 60)
        wait_until("both targets to be scraped", lambda: len(prometheus.query("up == 1")) == 2, 60)
        started.use()
        yield started
    finally:
        prometheus.stop()
        for process in (web, worker):
            process.send_signal(signal.SIGTERM)
            process.wait(20)
