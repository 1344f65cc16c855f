"""The injector of drills restores everything that it broke, even after it was killed."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from lab.clients.errors import RunFailed
from lab.clients.running_stack import RunningStack
from lab.drills.inject.injector import InstanceInjector
from lab.drills.spec.model import Fault
from tests.e2e.conftest import ROOT, Stack
from tests.waiting import wait_until

# A runner that stops a component and is killed before it can start it again.
DYING = """
import os, signal, sys
from pathlib import Path
from lab.drills.inject.injector import InstanceInjector
from lab.drills.spec.model import Fault
from lab.clients.running_stack import RunningStack
InstanceInjector(RunningStack.at(Path(sys.argv[1]))).begin(Fault(stop=("sweeper",)), 300)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_runner_has_stopped_is_started(stack: Stack) -> None:
    """After a drill's runner is killed, its guard starts the stopped component again."""
    before = stack.status()["sweeper"]["pid"]
    command = [sys.executable, "-c", DYING, str(stack.state_dir)]
    runner = subprocess.run(command, cwd=ROOT, env=stack.env, timeout=60)
    assert runner.returncode == -signal.SIGKILL

    def started() -> bool:
        row = stack.status()["sweeper"]
        return row["state"] == "running" and row["pid"] not in (None, before)

    wait_until("the guard to start the sweeper", started, 60)


def test_a_switch_is_switched_and_switched_back(stack: Stack) -> None:
    """A fault is switched on with its parameters and off again. A fault that does not exist is rejected."""
    breaker = InstanceInjector(RunningStack(stack.state_dir, stack.env))
    with pytest.raises(RunFailed, match="no fault sharks"):
        breaker.begin(Fault(switch="sharks"), 60)
    breaker.begin(Fault(switch="api-errors", parameters={"percent": 100, "route": "/api/v1/products"}), 60)
    try:
        wait_until("the list to fail", lambda: stack.api("GET", "/api/v1/products").status_code == 500)
        assert stack.api("GET", "/api/v1/products/brass-desk-lamp").status_code == 200
    finally:
        breaker.clear()
    wait_until("the list to work", lambda: stack.api("GET", "/api/v1/products").status_code == 200)
