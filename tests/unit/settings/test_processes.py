"""Each service, started as a process with invalid settings, prints one line and exits with a status.

The line contains no traceback and no secret.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.unit.settings.samples import PLANTED

ROOT = Path(__file__).parents[3]
MONGO = {"MONGO_URL": f"http://user:{PLANTED}@127.0.0.1/?password={PLANTED}"}


@dataclass(frozen=True)
class Start:
    """A command with invalid settings.

    ``name`` is the prefix of its lines, or the name of its service if it logs JSON.
    """

    name: str
    command: tuple[str, ...]
    wrong: dict[str, str]
    status: int = 78
    is_json: bool = True
    right: dict[str, str] = field(default_factory=dict)


def _web(name: str, package: str, **wrong: str) -> Start:
    command = ("-m", "gunicorn", "-c", f"{package}/gunicorn.conf.py", f"{package}.wsgi:app")
    return Start(name, command, {"THREADS": "2.7", **wrong})


STARTS = [
    _web("api", "app", JWT_SECRET=PLANTED, **MONGO),
    _web("payments", "payments", **MONGO),
    _web("log-gateway", "log_gateway", VICTORIALOGS_URL=f"http://user:{PLANTED}@127.0.0.1:x"),
    Start("worker", ("-m", "workers"), {"MONGO_POOL": "2.7", **MONGO}),
    Start("sweeper", ("-m", "workers.sweeper"), {"SWEEP_SECONDS": "nan", **MONGO}),
    Start("console", ("-m", "console"), {"PORT": "http", "LOKI_URL": f"http://{PLANTED}@"}),
    Start("traffic", ("-m", "lab.trickle"), {"TRAFFIC_PACE": "fast", "API_URL": f"redis://:{PLANTED}@127.0.0.1"}),
    Start("fault-agent", ("-m", "faults.agent"), {"FAULTS_FILE": "a\nb", "FAULT_AGENT_RECORD": "~no-such-user/x"}),
    Start(
        "target-discovery",
        ("-m", "deploy.compose.target_discovery"),
        {"LOG_DIR": "/nowhere", "OBSERVABILITY_LOG_LEVEL": "loud"},
    ),
    Start(
        "mongo-lag",
        ("-m", "deploy.compose.mongo.lag"),
        {"MONGO_MONITOR_PASSWORD": f"{PLANTED}\n{PLANTED}", "OBSERVABILITY_METRICS_PORT": "-1"},
    ),
    Start(
        "mongo-join",
        ("-m", "deploy.compose.mongo.join"),
        {"MONGO_ROOT_PASSWORD": f"{PLANTED}\x01"},
        is_json=False,
    ),
    Start(
        "faults",
        ("-m", "faults", "list"),
        {"ADMIN_PASSWORD_FILE": PLANTED, "API_URL": f"{PLANTED}:8000"},
        is_json=False,
    ),
    Start("follow", ("-m", "console.follow"), {"API_URL": f"http://a:{PLANTED}@b:c"}, is_json=False),
    Start(
        "glasshouse",
        ("-m", "stack", "status"),
        {"GLASSHOUSE_PORT_OFFSET": "99999", "LOKI_URL": f"http://user:{PLANTED}@127.0.0.1"},
        status=2,
        is_json=False,
    ),
    Start("drills", ("-m", "lab.drills", "list"), {"GLASSHOUSE_STATE_DIR": 'a"b'}, status=2, is_json=False),
    Start(
        "load",
        ("-m", "lab.load", "smoke", "--python", sys.executable),
        {"API_URL": f"http://user:{PLANTED}@shop.example:80", "PROMETHEUS_URL": "http://127.0.0.1:0"},
        is_json=False,
    ),
    Start(
        "bench",
        ("-m", "lab.bench.verify_counts"),
        {"API_URL": f"http://{PLANTED}@127.0.0.1:http", "LOKI_URL": "logs"},
        is_json=False,
        right={"PROMETHEUS_URL": "http://127.0.0.1:1", "JAEGER_URL": "http://127.0.0.1:1"},
    ),
]


@pytest.mark.parametrize("start", STARTS, ids=lambda start: start.name)
def test_wrong_settings_end_the_start_with_one_line(start: Start) -> None:
    """Invalid settings end the start with one line that lists all of them, on one stream only."""
    shell = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    env = {**shell, "PYTHONPATH": str(ROOT), **start.right, **start.wrong}
    done = subprocess.run(
        [sys.executable, *start.command], cwd=ROOT, env=env, capture_output=True, timeout=120, check=False
    )
    out, err = done.stdout.decode(), done.stderr.decode()
    assert PLANTED not in out + err
    assert "Traceback" not in out + err
    line, nothing = (out, err) if start.is_json else (err, out)
    assert nothing == ""
    assert line.count("\n") == 1
    if start.is_json:
        record = json.loads(line)
        assert (record["service"], record["level"]) == (start.name, "CRITICAL")
        assert record["event"] == "settings.wrong"
        assert set(record["settings"]) >= set(start.wrong)
        message = record["message"]
    else:
        assert line.startswith(f"{start.name}: ")
        message = line.removeprefix(f"{start.name}: ")
    for name in start.wrong:
        assert f"{name} is " in message
    assert message.count(": it must be ") >= len(start.wrong)
    assert done.returncode == start.status


def test_bytes_that_are_not_utf_8_are_named() -> None:
    """A value with bytes that are not UTF-8, which an environment may contain, is reported."""
    env = {**os.environ, "TRAFFIC_PACE": "1"}
    raw = {name.encode(): value.encode() for name, value in env.items()} | {b"OBSERVABILITY_VERSION": b"1.\xff"}
    done = subprocess.run(
        [sys.executable, "-m", "lab.trickle"], cwd=ROOT, env=raw, capture_output=True, timeout=120, check=False
    )
    said = json.loads(done.stdout)["message"]
    assert said.startswith(r"OBSERVABILITY_VERSION is '1.\udcff': it must be text")
    assert said.endswith("in UTF-8 and without control characters")
    assert done.returncode == 78


def test_the_line_is_in_the_log_file_too(tmp_path: Path) -> None:
    """The line is also in the log file that the collector reads, next to the other logs."""
    file = tmp_path / "traffic.log"
    env = {**os.environ, "TRAFFIC_PACE": "fast", "OBSERVABILITY_LOG_FILE": str(file)}
    done = subprocess.run(
        [sys.executable, "-m", "lab.trickle"], cwd=ROOT, env=env, capture_output=True, timeout=120, check=False
    )
    assert file.read_bytes() == done.stdout
    assert json.loads(done.stdout)["settings"] == ["TRAFFIC_PACE"]


def test_a_misspelled_setting_is_a_warning_and_no_error() -> None:
    """A misspelled setting is a warning before the command's own output, and not an error."""
    env = {**os.environ, "GLASSHOUSE_PORT_OFSET": "1000", "GLASSHOUSE_STATE_DIR": "/tmp/no-such-instance"}
    command = [sys.executable, "-m", "stack", "status"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)
    assert (
        "GLASSHOUSE_PORT_OFSET is not a setting and has no effect: did you mean GLASSHOUSE_PORT_OFFSET?" in done.stderr
    )
    assert done.returncode == 1
