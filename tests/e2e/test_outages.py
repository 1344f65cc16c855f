"""Dead processes are restarted, telemetry outages do not affect the shop, and failures are reported."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.e2e.conftest import EVERYTHING, Stack
from tests.waiting import wait_until


def running(stack: Stack, name: str) -> int | None:
    row = stack.status()[name]
    return row["pid"] if row["state"] == "running" else None


def orders_work(stack: Stack) -> bool:
    answer = stack.place_order()
    return answer.status_code == 202 and stack.final_order(answer.json()["id"])["status"] == "confirmed"


@pytest.mark.parametrize("name", sorted(EVERYTHING))
def test_a_killed_process_is_restarted(stack: Stack, name: str) -> None:
    """supervisord restarts any process that is killed with SIGKILL."""
    pid = wait_until(f"{name} to run", lambda: running(stack, name), 30)
    os.kill(pid, signal.SIGKILL)
    wait_until(f"{name} to run again", lambda: running(stack, name) not in (None, pid), 40)


def test_after_all_that_orders_work(stack: Stack) -> None:
    """Orders work after all processes were killed."""
    wait_until("the api to be ready", lambda: stack.api("GET", "/readyz").status_code == 200, 40)
    wait_until("an order to be confirmed", lambda: orders_work(stack), 60)


def test_without_any_telemetry_server_the_shop_works(stack: Stack, request_id: str) -> None:
    """Without telemetry servers orders work, replicas start, and the lines reach the log store afterwards."""
    servers = ("collector", *stack.log_store, "jaeger", "prometheus", "alertmanager")
    for server in servers:
        assert stack.launcher("stop", server).returncode == 0
    try:
        for replica in ("api-1", "api-2", "worker-1"):
            assert stack.launcher("restart", replica).returncode == 0
        answer = wait_until("an order to be accepted", lambda: accepted(stack, request_id), 30)
        assert stack.final_order(answer["id"])["status"] == "confirmed"
    finally:
        for server in servers:
            assert stack.launcher("start", server).returncode == 0
    query = f'{{service_name="api"}} | request_id="{request_id}" | event="order.accepted"'
    wait_until("the line written in the outage", lambda: len(stack.log_lines(query)) == 1, 60)


def accepted(stack: Stack, request_id: str) -> dict[str, Any] | None:
    answer = stack.place_order(X_Request_ID=request_id)
    body: dict[str, Any] = answer.json()
    return body if answer.status_code == 202 else None


def prometheus_age(stack: Stack) -> float:
    """Return the process's own uptime in seconds, because stored samples may be from the previous process."""
    started = stack.get("prometheus", "/api/v1/status/runtimeinfo")["data"]["startTime"]
    return (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds()


@dataclass(frozen=True)
class Outage:
    """The messages in the inbox about MongoDB's outage."""

    stack: Stack
    newest: int
    """The id of the last item before the outage."""

    def notified(self, status: str) -> bool:
        return any(item["status"] == status for item in self._items("alert"))

    def mailed(self, word: str) -> bool:
        return any(item["subject"].startswith(word) for item in self._items("email"))

    def _items(self, kind: str) -> list[dict[str, Any]]:
        asked = {"kind": kind, "since": self.newest, "limit": 1000}
        items: list[dict[str, Any]] = self.stack.get("console", "/api/inbox", **asked)["items"]
        return [item for item in items if "MongoDown" in str(item)]


# Session scope, because the tests of the start and the end are not run in a row (tests/order.py).
@pytest.fixture(scope="session")
def outage(stack: Stack) -> Outage:
    """Stop MongoDB until the alert is notified, then start it again."""
    wait_until("Prometheus to scrape the api", lambda: len(stack.query('up{job="api"} == 1')) == 2, 60)
    # In the first minute a component that is down may still be starting, so the symptom would be notified instead.
    wait_until("Prometheus to be past its first minute", lambda: prometheus_age(stack) > 65, 120)
    # An open incident mutes other pages until three minutes after its end.
    wait_until("no incident to be open", lambda: not stack.query('ALERTS{alertname="IncidentOpen", tier=""}'), 300)
    newest = max((item["id"] for item in stack.get("console", "/api/inbox", limit=1)["items"]), default=0)
    outage = Outage(stack, newest)

    def failing() -> bool:
        stack.place_order()
        return outage.notified("firing")

    assert stack.launcher("stop", "mongo").returncode == 0
    try:
        assert stack.place_order().status_code == 503
        wait_until("the alert in the inbox", failing, 120)
        wait_until("the alert's mail in the inbox", lambda: outage.mailed("PAGE"), 30)
    finally:
        assert stack.launcher("start", "mongo").returncode == 0
    wait_until("orders to work again", lambda: orders_work(stack), 60)
    return outage


def test_an_outage_is_notified_by_webhook_and_by_mail(outage: Outage) -> None:
    """If MongoDB stops, orders fail and the alert reaches the inbox by webhook and e-mail."""
    assert outage.notified("firing")
    assert outage.mailed("PAGE")


def test_recovery_is_notified_by_webhook_and_by_mail(outage: Outage) -> None:
    """When MongoDB runs again, the resolved notification reaches the inbox by webhook and e-mail."""
    wait_until("the resolved notification in the inbox", lambda: outage.notified("resolved"), 150)
    wait_until("the e-mail of the resolved notification", lambda: outage.mailed("RESOLVED"), 30)
