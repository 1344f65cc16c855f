"""Killed containers are restarted by their restart policy."""

from __future__ import annotations

import os
import signal

import pytest

from tests.compose.composed import Composed
from tests.compose.run import run
from tests.e2e.test_outages import orders_work, running
from tests.waiting import wait_until

WAVES = {
    "servers": (
        "alertmanager",
        "collector",
        "grafana",
        "jaeger",
        "loki",
        "mongo",
        "prometheus",
        "redis",
        "target-discovery",
    ),
    "services": ("api-1", "api-2", "console", "nginx", "payments", "sweeper", "worker-1"),
}
"""Groups of services that are killed before waiting for their health: dependencies first, then dependents."""


def kill(pid: int) -> None:
    """Kill the main process from outside, because Docker does not restart a container after `docker kill`."""
    if os.geteuid() == 0:
        os.kill(pid, signal.SIGKILL)
    else:
        assert run("sudo", "-n", "kill", "-9", str(pid)).returncode == 0, "killing a container's process requires root"


@pytest.mark.parametrize("wave", WAVES)
def test_killed_containers_are_started_again(stack: Composed, wave: str) -> None:
    """Every service restarts after its main process is killed with SIGKILL, and all become healthy.

    Each is killed only when the previous one runs again. Killing many at the same moment would test Docker instead.
    """
    for name in WAVES[wave]:
        pid = wait_until(f"{name} to run", lambda name=name: running(stack, name), 30)
        kill(pid)
        wait_until(f"{name} to run again", lambda name=name, pid=pid: running(stack, name) not in (None, pid), 60)

    def unhealthy() -> list[str]:
        health = {stack.name_of(row): row["Health"] for row in stack.containers()}
        return [name for name in WAVES[wave] if health[name] != "healthy"]

    wait_until("all of them to be healthy", lambda: unhealthy() == [], 180)


def test_every_container_that_stays_is_killed(stack: Composed) -> None:
    """The groups contain all permanent services except the exporters and `ready`, on which no service depends."""
    names = {name for name in stack.status() if not name.endswith("-exporter")} - {"ready"}
    assert {name for wave in WAVES.values() for name in wave} == names


def test_after_all_that_orders_work(stack: Composed) -> None:
    """Orders work after all services were killed."""
    wait_until("the api to be ready", lambda: stack.api("GET", "/readyz").status_code == 200, 60)
    wait_until("an order to be confirmed", lambda: orders_work(stack), 60)


def test_no_line_is_lost_when_the_collector_is_killed(stack: Composed) -> None:
    """Orders placed before, during and after the Collector's outage each have their line in Loki."""
    sent = []

    def place() -> None:
        answer = stack.place_order()
        assert answer.status_code == 202, answer.text
        sent.append(answer.headers["X-Request-ID"])

    for _ in range(20):
        place()
    pid = wait_until("the collector to run", lambda: running(stack, "collector"), 30)
    kill(pid)
    for _ in range(20):
        place()
    wait_until("the collector to run again", lambda: running(stack, "collector") not in (None, pid), 40)
    for _ in range(20):
        place()

    def found() -> list[str]:
        lines = stack.log_lines('{service_name="api"} | event="order.accepted"')
        return [line["request_id"] for line in lines if line["request_id"] in sent]

    wait_until("the lines of 60 orders in Loki", lambda: len(set(found())) == 60, 60)
    # When the Collector is killed, the stored offset may lag behind: a line may arrive twice, but must arrive.
    assert len(set(found())) == 60
