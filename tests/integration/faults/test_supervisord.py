"""The fault agent's client, tested with a real supervisord."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from faults.agent.supervisord import Supervisor, SupervisorSilent
from tests.waiting import wait_until

CONFIG = """
[supervisord]
nodaemon=true
logfile=/dev/null
logfile_maxbytes=0
pidfile={folder}/pid
[unix_http_server]
file={folder}/sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
[program:slow]
command=/bin/sh -c 'trap "sleep 2; exit 0" TERM; while :; do sleep 0.1; done'
startsecs=0
"""


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    """supervisord with one component, which takes two seconds to stop."""
    config = tmp_path / "supervisord.conf"
    config.write_text(CONFIG.format(folder=tmp_path))
    process = subprocess.Popen([sys.executable, "-m", "supervisor.supervisord", "-c", str(config)])
    found = Supervisor(str(tmp_path / "sock"))
    try:
        wait_until("the component to run", lambda: found.pid("slow"), 60)
        yield found
    finally:
        process.terminate()
        process.wait(20)


def test_a_component_that_is_being_stopped_is_started_afterwards(supervisor: Supervisor) -> None:
    """Starting a component while it stops raises an error, so that the caller retries; supervisord would ignore it."""
    before = supervisor.pid("slow")
    supervisor.stop("slow")
    with pytest.raises(SupervisorSilent, match="still stopping"):
        supervisor.start("slow")

    def started() -> bool:
        supervisor.start("slow")
        return supervisor.pid("slow") not in (0, before)

    wait_until("the component to run again", started, 60)


def test_a_component_that_runs_stays(supervisor: Supervisor) -> None:
    """Starting a running component succeeds and changes nothing."""
    before = supervisor.pid("slow")
    supervisor.start("slow")
    assert supervisor.pid("slow") == before
