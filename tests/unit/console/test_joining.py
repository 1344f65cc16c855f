"""The messages of the console and `make follow` about servers that are still being built."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import requests

from console.servers.errors import Unreachable
from console.servers.http import JsonServer, Reply
from console.servers.joining import Joining

NOW = 1000.0


def note(folder: Path, pid: int) -> Path:
    """Write the launcher's note in the format of `stack/joining.py`."""
    file = folder / "joining.json"
    components = {
        "jaeger": {"url": "http://127.0.0.1:16686", "state": "waiting", "since": 910.0, "until": 1150.0},
        "collector": {"url": "http://127.0.0.1:4318", "state": "building", "since": 910.0, "until": 1060.0},
    }
    file.write_text(json.dumps({"pid": pid, "components": components}))
    return file


def ended_pid() -> int:
    """Return the PID of a process that has ended."""
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    return pid


def refused(*_: object, **__: object) -> Reply:
    """Fail like a transport to a server that does not exist."""
    raise requests.ConnectionError("Connection refused")


def test_the_first_to_be_expected_is_said_first(tmp_path: Path) -> None:
    """Missing servers are listed by expected time, with state, time missing and estimated time left."""
    assert Joining(note(tmp_path, os.getpid()), lambda: NOW).sentences() == [
        "collector is being built: missing for 1 min 30 s, about 1 min 0 s more",
        "jaeger is waiting to be built: missing for 1 min 30 s, about 2 min 30 s more",
    ]


def test_a_server_that_is_built_is_not_said_to_be_down(tmp_path: Path) -> None:
    """A server that is being built, recognised by its address, is not reported as down, and any other server is."""
    joining = Joining(note(tmp_path, os.getpid()), lambda: NOW)
    with pytest.raises(Unreachable, match=r"^Jaeger is waiting to be built: .* 1 min 30 s, about 2 min 30 s more$"):
        JsonServer("Jaeger", "http://127.0.0.1:16686", refused, joining=joining).ask("/")
    with pytest.raises(Unreachable, match=r"Prometheus does not respond .* see `make status`"):
        JsonServer("Prometheus", "http://127.0.0.1:9090", refused, joining=joining).ask("/")


def test_an_estimate_that_has_passed_is_not_said(tmp_path: Path) -> None:
    """An estimate that has passed is not shown, because a slower machine takes longer."""
    late = Joining(note(tmp_path, os.getpid()), lambda: 1200.0)
    assert late.component("collector").endswith("missing for 4 min 50 s, should finish at any moment")


def test_the_note_of_a_killed_up_is_void(tmp_path: Path) -> None:
    """The note of a killed `up` has no effect, because nothing is being built.

    The same applies without a file or a launcher.
    """
    file = note(tmp_path, ended_pid())
    for joining in (Joining(file), Joining(tmp_path / "none"), Joining()):
        assert joining.sentences() == []
        assert joining.component("jaeger") == ""
    file.write_text('{"half')
    assert Joining(file).sentences() == []
