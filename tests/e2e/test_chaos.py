"""No order is lost while processes are killed. `make chaos` does the same with more orders and longer outages."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from rich.console import Console

from lab.chaos.report import Progress, show
from lab.chaos.run import ChaosRun, carry_out
from lab.clients.running_stack import RunningStack, family_of
from tests.e2e.conftest import ROOT, Stack
from tests.waiting import wait_until

SMALL = ChaosRun(
    orders=150,
    rate=25.0,
    kills=("api-1", "redis", "worker-1", "payments"),
    hold=(1.0, 3.0),
    promise_seconds=60.0,
    end_seconds=120.0,
)


@pytest.fixture
def instance(stack: Stack) -> RunningStack:
    """The instance of the test run as drills use it."""
    return RunningStack(stack.state_dir, stack.env)


def test_while_everything_dies_in_turn_no_order_is_lost(instance: RunningStack) -> None:
    """Every accepted order reaches a final state, and charges, stock and e-mails match the confirmed orders exactly."""
    console = Console(file=sys.stdout, width=120, highlight=False)
    outcome = carry_out(instance, SMALL, Progress(console))
    show(outcome.figures, outcome.violations, console)
    assert outcome.violations == []
    assert {kill.name for kill in outcome.kills} == set(SMALL.kills)
    assert outcome.figures.promised == outcome.figures.orders == SMALL.orders


class Paused:
    """Processes that are stopped by SIGSTOP until ``go_on``."""

    def __init__(self) -> None:
        self._held: list[psutil.Process] = []

    def hold(self, pid: int) -> None:
        self._held = family_of(pid)
        for process in self._held:
            process.suspend()

    def go_on(self) -> None:
        for process in self._held:
            process.resume()
        self._held = []


@pytest.fixture
def paused() -> Iterator[Paused]:
    """Yield a ``Paused`` and resume its processes at the end in any case."""
    paused = Paused()
    yield paused
    paused.go_on()


def an_order_in_mid_job(stack: Stack, paused: Paused) -> tuple[dict[str, Any], str]:
    """Return an order whose worker waits for the stopped payment service, and the order's trace id."""
    wait_until("the shop to work", lambda: works(stack), 60)
    paused.hold(stack.status()["payments"]["pid"])
    answer = stack.place_order()
    assert answer.status_code == 202, answer.text
    order = answer.json()
    wait_until(
        "the worker to be in the middle of the job",
        lambda: stack.api("GET", f"/api/v1/orders/{order['id']}").json()["status"] == "reserved",
    )
    return order, answer.headers["X-Trace-ID"]


def works(stack: Stack) -> bool:
    answer = stack.place_order()
    return answer.status_code == 202 and stack.final_order(answer.json()["id"])["status"] == "confirmed"


def test_a_worker_killed_in_mid_job_is_replaced(stack: Stack, instance: RunningStack, paused: Paused) -> None:
    """If a worker and its work horse are killed during the charge, another worker finishes the job within 60 s."""
    order, _ = an_order_in_mid_job(stack, paused)
    assert instance.kill("worker-1") is not None
    paused.go_on()
    final = stack.final_order(order["id"], seconds=60)
    assert [step["status"] for step in final["history"]] == ["pending", "reserved", "paid", "confirmed"]


def test_a_worker_that_is_stopped_finishes_its_job_first(stack: Stack, paused: Paused) -> None:
    """After SIGTERM a worker finishes its job and sends its spans, then exits long before supervisord would kill it."""
    order, trace_id = an_order_in_mid_job(stack, paused)
    pid = stack.status()["worker-1"]["pid"]
    command = [sys.executable, "-m", "stack", "stop", "worker-1"]
    stopping = subprocess.Popen(command, cwd=ROOT, env=stack.env, stdout=subprocess.PIPE, text=True)
    try:
        wait_until("supervision to stop it", lambda: stack.status()["worker-1"]["state"] != "running", 20)
        assert psutil.pid_exists(pid)
        paused.go_on()
        said, _ = stopping.communicate(timeout=30)
        assert (stopping.returncode, said.strip()) == (0, "worker-1 stopped")
        assert stack.api("GET", f"/api/v1/orders/{order['id']}").json()["status"] == "confirmed"
        assert wait_until("the span of the job in Jaeger", lambda: "orders process" in str(stack.trace(trace_id)), 30)
    finally:
        stopping.kill()
        assert stack.launcher("start", "worker-1").returncode == 0
    assert exit_of(stack, pid) == 0


def exit_of(stack: Stack, pid: int) -> int:
    """Return supervisord's log line about the exit, which has status 0 if the process exited without being killed."""
    log = (stack.state_dir / "logs" / "supervisord.log").read_text()
    ended = [line for line in log.splitlines() if "stopped: worker-1" in line]
    assert ended, log[-2000:]
    return 0 if "exit status 0" in ended[-1] else -1


def test_the_sweeper_stops_well(stack: Stack) -> None:
    """After SIGTERM the sweeper exits with status 0 and has sent its telemetry."""
    pid = stack.status()["sweeper"]["pid"]
    os.kill(pid, signal.SIGTERM)
    wait_until("supervision to start another", lambda: stack.status()["sweeper"]["pid"] not in (None, pid), 20)
    log = (stack.state_dir / "logs" / "supervisord.log").read_text()
    ended = [line for line in log.splitlines() if "exited: sweeper" in line]
    assert "exit status 0" in ended[-1], ended
