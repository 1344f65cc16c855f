"""A real gunicorn with a small WSGI application that counts its requests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType

from library_support.ports import free_ports
from library_support.waiting import wait_until

APPLICATION = """
import os, time
from prometheus_client import Counter
from glasshouse_observability import Telemetry

telemetry = Telemetry.start("web")
requests = Counter("requests_total", "", registry=telemetry.registry)


def app(environ, start_response):
    requests.inc()
    folder, path = os.environ["STATE"], environ["PATH_INFO"]
    if path == "/long":
        open(f"{folder}/began", "w").close()
        while not os.path.exists(f"{folder}/finish"):
            time.sleep(0.01)
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [f"{os.getpid()}".encode()]
"""
CONFIGURATION = """
from glasshouse_observability.gunicorn import child_exit, json_logs, post_fork, pre_fork, when_ready

logconfig_dict = json_logs("web")
accesslog = None
graceful_timeout = 60
"""


class Gunicorn:
    """One master and its workers; as a context manager, they are ended."""

    def __init__(
        self,
        folder: Path,
        *options: str,
        configuration: str = CONFIGURATION,
        application: str = APPLICATION,
        **env: str,
    ) -> None:
        self.folder = folder
        self.port, self.metrics_port = free_ports(2)
        (folder / "app.py").write_text(application)
        (folder / "gunicorn.conf.py").write_text(configuration)
        self.log = folder / "log"
        own = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
            "STATE": str(folder),
            # gunicorn 25 has a control socket in the home directory.
            "HOME": str(folder),
            "OBSERVABILITY_METRICS_PORT": str(self.metrics_port),
            # What the tests expect to be logged is logged as soon as it happens.
            "PYTHONUNBUFFERED": "1",
        }
        # Not ``-m gunicorn``: USR2 repeats the command line with gunicorn's own folder as the first of ``sys.path``.
        start = "import sys; from gunicorn.app.wsgiapp import run; sys.exit(run())"
        (folder / "start.py").write_text(start)
        command = [sys.executable, str(folder / "start.py"), "app:app", "-b", f"127.0.0.1:{self.port}", *options]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, env={**own, **env}, stdout=log, stderr=log)

    def __enter__(self) -> Gunicorn:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace_back: TracebackType | None
    ) -> None:
        (self.folder / "finish").touch()
        for pid in {self.process.pid, *self.masters()}:
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError:
                continue
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def signal(self, number: int) -> None:
        """Send a signal to the master."""
        os.kill(self.process.pid, number)

    def masters(self) -> list[int]:
        """Return the masters that have logged their start."""
        found = re.findall(r"Listening at: \S+ \((\d+)\)", self.text())
        return [int(pid) for pid in found]

    def ask(self, path: str = "/", seconds: float = 10) -> int:
        """Return the process id of the worker that has answered."""
        return int(_get(self.port, path, seconds))

    def first(self) -> int:
        """Return the process id of the worker that answers, as soon as one does."""
        return wait_until("a worker to answer", self.ask)

    def count(self) -> float:
        """Return the number of requests that ``/metrics`` shows."""
        found = re.search(r"^requests_total ([0-9.]+)$", _get(self.metrics_port, "/metrics").decode(), re.MULTILINE)
        assert found, "no requests_total"
        return float(found[1])

    def text(self) -> str:
        """Return the log."""
        return self.log.read_text()


def _get(port: int, path: str, seconds: float = 10) -> bytes:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=seconds) as answer:
        body: bytes = answer.read()
        return body
