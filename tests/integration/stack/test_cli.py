"""The command line reports errors to users in one sentence, with an exit code and without a traceback."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from stack.paths import ROOT
from tests.waiting import wait_until


def stack(*arguments: str, state: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m stack`."""
    environ = {**os.environ, "GLASSHOUSE_STATE_DIR": str(state), "GLASSHOUSE_PORT_OFFSET": "", **variables}
    command = [sys.executable, "-m", "stack", *arguments]
    return subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.parametrize(
    ("arguments", "variables", "says"),
    [
        (("up",), {"GLASSHOUSE_PORT_OFFSET": "99999"}, "GLASSHOUSE_PORT_OFFSET is '99999': it must be"),
        (("up",), {"TRAFFIC": "some"}, "TRAFFIC is 'some': it must be"),
        (("up",), {"GLASSHOUSE_STATE_DIR": "/dev/null/state"}, "cannot be written"),
        (("logs",), {}, "there are no logs"),
        (("logs", "--level", "loud"), {}, "LEVEL is 'loud': it must be"),
        (("restart", "api-1"), {}, "supervisord is not running"),
        (("restart", "api-9"), {}, "there is no component api-9"),
    ],
)
def test_errors_are_one_sentence(
    tmp_path: Path, arguments: tuple[str, ...], variables: dict[str, str], says: str
) -> None:
    """Each error is one sentence, with an exit code other than 0 and no traceback."""
    done = stack(*arguments, state=tmp_path / "state", **variables)
    assert done.returncode != 0
    assert len(done.stderr.strip().splitlines()) == 1
    assert done.stderr.startswith("glasshouse: ")
    assert says in done.stderr


def test_status_of_nothing(tmp_path: Path) -> None:
    """Without an instance everything is absent, the exit code shows that, and no directory is created."""
    state = tmp_path / "state"
    done = stack("status", "--json", state=state, GLASSHOUSE_PORT_OFFSET="7")
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    assert (answer["port_offset"], answer["state_dir"]) == (7, str(state))
    assert answer["components"]["redis"] == {
        "state": "absent",
        "pid": None,
        "port": 6386,
        "url": "redis://127.0.0.1:6386/0",
        "log": str(state / "logs" / "redis.log"),
        "uptime_seconds": None,
        "memory_bytes": None,
        "joining": "",
    }
    assert not state.exists()


def test_down_with_purge_deletes_only_what_is_ours(tmp_path: Path) -> None:
    """A state directory that points to a user's own folder is not emptied."""
    state = tmp_path / "state"
    (state / "data" / "redis").mkdir(parents=True)
    (state / "thesis.txt").touch()
    assert stack("down", "--purge", state=state).returncode == 0
    assert [path.name for path in state.iterdir()] == ["thesis.txt"]


def test_logs_are_followed_until_interrupted(tmp_path: Path) -> None:
    """Lines are shown unchanged, also from a file created later; Ctrl-C ends the command without a traceback."""
    folder = tmp_path / "state" / "logs" / "json"
    folder.mkdir(parents=True)
    (folder / "api-1.log").write_text('{"level":"INFO","message":"before"}\n')
    out = tmp_path / "out"
    with out.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "stack", "logs"],
            cwd=ROOT,
            env={**os.environ, "GLASSHOUSE_STATE_DIR": str(tmp_path / "state")},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until("the line of the past", lambda: "before" in out.read_text())
            (folder / "worker-1.log").write_text('{"level":"INFO","message":"and after"}\n')
            wait_until("the line of the new file", lambda: "and after" in out.read_text())
        finally:
            process.send_signal(signal.SIGINT)
            code = process.wait(timeout=10)
    assert code == 0
    assert "Traceback" not in out.read_text()
