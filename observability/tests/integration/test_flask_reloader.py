"""``flask run --debug``: two processes import the application, and the one that serves requests serves /metrics."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from library_support.ports import free_ports
from library_support.waiting import wait_until

APPLICATION = """
import os
from flask import Flask
from glasshouse_observability import Telemetry, instrument_flask

app = Flask("letters")
app.add_url_rule("/pid", "pid", lambda: str(os.getpid()))
telemetry = Telemetry.start("letters")
instrument_flask(app, telemetry)
if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]), debug=True)
"""


def read(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=2) as answer:
        text: bytes = answer.read()
    return text.decode()


@pytest.mark.parametrize("how", ["command", "script"])
def test_the_process_that_serves_requests_serves_metrics(tmp_path: Path, how: str) -> None:
    """The count of a request is in /metrics, also after the reloader has started the process again."""
    port, metrics_port = free_ports(2)
    file = tmp_path / "letters.py"
    file.write_text(APPLICATION)
    command = ["-m", "flask", "--app", "letters", "run", "--debug", "--port", str(port)]
    env = {**os.environ, "OBSERVABILITY_METRICS_PORT": str(metrics_port), "PORT": str(port)}
    process = subprocess.Popen(
        [sys.executable, *(command if how == "command" else ["letters.py"])],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    counted = re.compile(r'http_server_request_duration_seconds_count\{[^}]*"200"[^}]*"/pid"[^}]*\} [1-9]')
    try:
        first = wait_until("the application", lambda: read(port, "/pid"))
        wait_until("its count in /metrics", lambda: counted.search(read(metrics_port, "/metrics")))
        file.write_text(APPLICATION + "# changed\n")
        wait_until("a new process", lambda: read(port, "/pid") != first)
        read(port, "/pid")
        wait_until("its count in /metrics", lambda: counted.search(read(metrics_port, "/metrics")))
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
