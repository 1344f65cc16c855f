"""``python -m lab.trickle`` as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[4]


def trickle(**settings: str) -> subprocess.Popen[str]:
    """Start the process."""
    environ = {**os.environ, "OTEL_EXPORTER_OTLP_ENDPOINT": "", "OBSERVABILITY_METRICS_PORT": "0", **settings}
    command = [sys.executable, "-m", "lab.trickle"]
    return subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_sigterm_ends_it_cleanly() -> None:
    """The process logs JSON and ends with status 0 soon after SIGTERM, even if the API is unreachable."""
    with trickle(API_URL="http://127.0.0.1:1") as process:
        assert process.stdout is not None
        started = json.loads(process.stdout.readline())
        process.terminate()
        rest, errors = process.communicate(timeout=20)
    assert (started["event"], started["service"]) == ("traffic.started", "traffic")
    assert json.loads(rest.splitlines()[-1])["event"] == "traffic.stopped"
    assert (process.returncode, errors) == (0, "")


def test_a_wrong_setting_ends_it_with_78() -> None:
    """An invalid setting ends the process with one line and status 78, so that supervision does not restart it."""
    with trickle(TRAFFIC_PACE="fast") as process:
        line, errors = process.communicate(timeout=20)
    assert (process.returncode, errors) == (78, "")
    assert json.loads(line)["message"] == "TRAFFIC_PACE is 'fast': it must be a decimal number from 0.1 to 20"
