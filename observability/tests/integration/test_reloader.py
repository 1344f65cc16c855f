"""``/metrics`` under Flask's reloader: the process that serves the requests has the port, also after a reload."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from library_support.ports import free_ports
from library_support.waiting import wait_until

APPLICATION = """
import os
from flask import Flask
from prometheus_client import Counter
from glasshouse_observability import Telemetry

telemetry = Telemetry.start("web")
hits = Counter("hits_total", "", registry=telemetry.registry)
app = Flask(__name__)


@app.get("/")
def index():
    hits.inc()
    return str(os.getpid())


if __name__ == "__main__":
    app.run(port=int(os.environ["PORT"]), debug=True)
"""


def get(port: int, path: str) -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return str(answer.read().decode())


def count(port: int) -> float:
    found = re.search(r"^hits_total ([0-9.]+)$", get(port, "/metrics"), re.MULTILINE)
    assert found, "no hits_total"
    return float(found[1])


@pytest.mark.parametrize("command", [("-m", "flask", "--app", "web", "run", "--debug"), ("web.py",)])
def test_the_metrics_are_those_of_the_process_that_serves(command: tuple[str, ...], tmp_path: Path) -> None:
    """``flask run --debug`` and ``app.run(debug=True)``: the counts are right, before and after a reload.

    rycus86/prometheus_flask_exporter#4, #135; prometheus/client_python#98.
    """
    port, metrics_port = free_ports(2)
    file, log = tmp_path / "web.py", tmp_path / "log"
    file.write_text(APPLICATION)
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "PORT": str(port),
        "FLASK_RUN_PORT": str(port),
        "OBSERVABILITY_METRICS_PORT": str(metrics_port),
    }
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *command], cwd=tmp_path, env=env, stdout=output, stderr=output, start_new_session=True
        )
    try:
        first = wait_until("the application", lambda: get(port, "/"))
        before = wait_until("the counts of the serving process", lambda: count(metrics_port))
        get(port, "/")
        assert count(metrics_port) == before + 1
        file.write_text(f"{APPLICATION}\n# changed\n")
        later = time.time() + 5
        os.utime(file, (later, later))
        wait_until("the reload", lambda: get(port, "/") != first)
        before = wait_until("the metrics of the new process", lambda: count(metrics_port))
        get(port, "/")
        assert count(metrics_port) == before + 1
    finally:
        os.killpg(process.pid, 15)
        process.wait(20)
