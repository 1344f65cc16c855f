"""What dies is mended, what telemetry is down is not missed, and what is broken is told."""

from __future__ import annotations

import os
import signal
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
def test_a_killed_process_is_mended(stack: Stack, name: str) -> None:
    """``kill -9`` of any one: supervision starts it again."""
    pid = wait_until(f"{name} to run", lambda: running(stack, name), 30)
    os.kill(pid, signal.SIGKILL)
    wait_until(f"{name} to run again", lambda: running(stack, name) not in (None, pid), 40)


def test_after_all_that_orders_work(stack: Stack) -> None:
    """Nothing is left half-broken by the kills."""
    wait_until("the api to be ready", lambda: stack.api("GET", "/readyz").status_code == 200, 40)
    wait_until("an order to be confirmed", lambda: orders_work(stack), 60)


def test_without_any_telemetry_server_the_shop_works(stack: Stack, request_id: str) -> None:
    """Orders go through, replicas start, and the lines written meanwhile are in the log store afterwards."""
    servers = ("collector", *stack.log_store, "jaeger", "prometheus", "alertmanager")
    for server in servers:
        assert stack.launcher("stop", server).returncode == 0
    try:
        for replica in ("api-1", "api-2", "worker-1"):
            assert stack.launcher("restart", replica).returncode == 0
        answer = wait_until("an order to be taken", lambda: accepted(stack, request_id), 30)
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
    """Seconds since it started, as it says itself: what it has stored may be of the process before."""
    started = stack.get("prometheus", "/api/v1/status/runtimeinfo")["data"]["startTime"]
    return (datetime.now(UTC) - datetime.fromisoformat(started)).total_seconds()


def test_a_broken_api_is_told_by_webhook_and_by_mail(stack: Stack) -> None:
    """MongoDB stops: orders fail, the alert reaches the inbox both ways; it is back: the all-clear does too."""
    wait_until("Prometheus to scrape the api", lambda: len(stack.query('up{job="api"} == 1')) == 2, 60)
    # In its first minute what is down may be on its way up, and the symptom would be told in the cause's place.
    wait_until("Prometheus to be past its first minute", lambda: prometheus_age(stack) > 65, 120)
    newest = max((item["id"] for item in stack.get("console", "/api/inbox", limit=1)["items"]), default=0)

    def came(kind: str) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = stack.get("console", "/api/inbox", kind=kind, since=newest, limit=1000)["items"]
        return [item for item in items if "MongoDown" in str(item)]

    def told(status: str) -> bool:
        return any(item["status"] == status for item in came("alert"))

    def mailed(word: str) -> bool:
        return any(item["subject"].startswith(word) for item in came("email"))

    def failing() -> bool:
        stack.place_order()
        return told("firing")

    assert stack.launcher("stop", "mongo").returncode == 0
    try:
        assert stack.place_order().status_code == 503
        wait_until("the alert in the inbox", failing, 120)
        wait_until("the alert's mail in the inbox", lambda: mailed("PAGE"), 30)
    finally:
        assert stack.launcher("start", "mongo").returncode == 0
    wait_until("orders to work again", lambda: orders_work(stack), 60)
    wait_until("the all-clear in the inbox", lambda: told("resolved"), 150)
    wait_until("the all-clear's mail", lambda: mailed("OVER"), 30)
