"""Faults end to end: the shop's admin switches them on, their signals appear, and they end automatically."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.e2e.conftest import Stack
from tests.e2e.switch import PATH, Switch
from tests.waiting import wait_until

PRODUCTS = "/api/v1/products"


@pytest.fixture(autouse=True)
def _all_off_afterwards(switch: Switch) -> Iterator[None]:
    yield
    for name in switch.those_on():
        switch.off(name)


def spans_of(stack: Stack, trace_id: str, **tags: str) -> list[dict[str, str]]:
    """Return the tags of the trace's spans that have the given tags. Names are written with ``_`` for ``.``."""
    wanted = {name.replace("_", "."): value for name, value in tags.items()}
    found = [{tag["key"]: str(tag["value"]) for tag in span["tags"]} for span in stack.trace(trace_id)["spans"]]
    return [one for one in found if wanted.items() <= one.items()]


def process(stack: Stack, name: str) -> psutil.Process:
    return psutil.Process(stack.status()[name]["pid"])


def test_switching_is_logged_counted_and_shown(stack: Stack, switch: Switch) -> None:
    """A switch is logged with its user and end time, counted, and shown by the gauge that annotates dashboards."""

    def count(action: str) -> float:
        return stack.number(f'sum(faults_switched_total{{fault="cache-off", action="{action}"}})') or 0.0

    wait_until("Prometheus to have no switched fault", lambda: stack.query("faults_switched_total"), 30)
    before = count("on"), count("expired")
    switch.on("cache-off", seconds=8)
    gauge = 'max(fault_active{fault="cache-off"})'
    wait_until("the fault to be shown", lambda: stack.number(gauge) == 1, 20)
    wait_until("the switch to be counted", lambda: count("on") == before[0] + 1, 20)
    wait_until("its end to be counted", lambda: count("expired") == before[1] + 1, 20)
    wait_until("the fault to disappear", lambda: stack.number(gauge) == 0, 20)
    query = '{service_name="api"} | fault="cache-off"'
    events = wait_until("both lines", lambda: len(found := stack.log_lines(query)) >= 2 and found, 20)
    assert {line["event"] for line in events} == {"fault.on", "fault.expired"}
    assert all(line["by"].startswith("acc_") and line["until"].endswith("Z") for line in events)


def test_only_administrators_may_switch(stack: Stack) -> None:
    """Guests and customers cannot switch faults."""
    customer = {"email": f"faults-{time.time_ns()}@example.com", "password": "correct horse battery"}
    assert stack.api("POST", "/api/v1/auth/register", json=customer).status_code == 201
    token = stack.api("POST", "/api/v1/auth/login", json=customer).json()["access_token"]
    for headers, status in (({}, 401), ({"Authorization": f"Bearer {token}"}, 403)):
        assert stack.api("PUT", f"{PATH}/api-errors", json={}, headers=headers).status_code == status
        assert stack.api("GET", PATH, headers=headers).status_code == status


def test_a_slow_payment_shows_the_missing_index(stack: Stack, switch: Switch) -> None:
    """A slow order's trace and log show the cause: a collection scan and the number of documents read."""
    switch.on("payment-slow", milliseconds=3000, seconds=300)

    def slow() -> Any:
        placed = stack.place_order()
        began = time.monotonic()
        order = stack.final_order(placed.json()["id"], 40)
        return placed if order["status"] == "confirmed" and time.monotonic() - began > 1.5 else None

    placed = wait_until("an order that takes seconds", slow, 90)
    trace_id = placed.headers["X-Trace-ID"]
    spans = wait_until("the scan", lambda: spans_of(stack, trace_id, mongodb_plan="COLLSCAN"), 20)
    assert int(spans[0]["mongodb.docs_examined"]) > 100_000
    assert spans_of(stack, trace_id, fault_injected="payment-slow")
    query = f'{{service_name="payments"}} | event="mongo.slow_query" | trace_id="{trace_id}"'
    lines = wait_until("the line", lambda: stack.log_lines(query), 20)
    assert {line["plan"] for line in lines} == {"COLLSCAN"}
    switch.off("payment-slow")

    def quick() -> bool:
        order = stack.place_order()
        began = time.monotonic()
        stack.final_order(order.json()["id"], 40)
        return time.monotonic() - began < 1.0

    wait_until("orders to be quick again", quick, 60)


def test_a_share_of_requests_fails(stack: Stack, switch: Switch) -> None:
    """The configured share of the route's requests fails and is marked in trace and log. Health checks do not fail."""
    switch.on("api-errors", percent=40, route=PRODUCTS)
    wait_until("a first error", lambda: stack.api("GET", PRODUCTS).status_code == 500)
    answers = [stack.api("GET", PRODUCTS) for _ in range(100)]
    failed = [answer for answer in answers if answer.status_code == 500]
    # Five standard deviations on each side.
    assert 15 <= len(failed) <= 65
    assert {stack.api("GET", f"{PRODUCTS}/brass-desk-lamp").status_code for _ in range(20)} == {200}
    for replica in ("api-1", "api-2"):
        for path in ("/healthz", "/readyz"):
            stack.get(replica, path)
    trace_id = failed[0].headers["X-Trace-ID"]
    wait_until("the mark on the span", lambda: spans_of(stack, trace_id, fault_injected="api-errors"), 20)
    query = f'{{service_name="api"}} | fault_injected="api-errors" | trace_id="{trace_id}"'
    lines = wait_until("the mark on the line", lambda: stack.log_lines(query), 20)
    assert [line["http_response_status_code"] for line in lines] == ["500"]


def test_a_worker_that_dies_loses_no_order(stack: Stack, switch: Switch) -> None:
    """If a worker is killed between charge and confirmation, the retried order is confirmed and charged only once."""
    switch.on("worker-crash", percent=100, seconds=30)
    crashes = '{service_name="worker"} | fault_injected="worker-crash"'

    def crashed() -> str | None:
        order: str = stack.place_order().json()["id"]
        wait_until("the order to be charged", lambda: charges(order), 20)
        return order if any(line["order_id"] == order for line in stack.log_lines(crashes)) else None

    def charges(order: str) -> list[dict[str, str]]:
        return stack.log_lines(f'{{service_name="payments"}} | event="payment.approved" | order_id="{order}"')

    order = wait_until("a work horse to die with an order", crashed, 40)
    states = [step["status"] for step in stack.final_order(order, 75)["history"]]
    assert states == ["pending", "reserved", "paid", "confirmed"]
    lines = wait_until("both charges", lambda: len(found := charges(order)) == 2 and found, 20)
    assert len({line["charge_id"] for line in lines}) == 1
    assert sorted(line["repeated"] for line in lines) == ["false", "true"]


@pytest.mark.parametrize(("fault", "server"), [("redis-pause", "redis"), ("mongo-pause", "mongo")])
def test_a_paused_server_goes_on_by_itself(stack: Stack, switch: Switch, fault: str, server: str) -> None:
    """A paused server resumes automatically after the given time, and no accepted order is lost."""
    paused = process(stack, server)
    # Longer than the shop's timeout for a command that MongoDB has received, so that waiting is not enough.
    switch.on(fault, seconds=6 if server == "redis" else 12)
    wait_until(f"{server} to stop responding", lambda: paused.status() == psutil.STATUS_STOPPED, 10)
    answer = stack.place_order()
    assert answer.status_code == (202 if server == "redis" else 503)
    wait_until(f"{server} to resume", lambda: paused.status() != psutil.STATUS_STOPPED, 20)
    if server == "redis":
        assert stack.final_order(answer.json()["id"], 30)["status"] == "confirmed"
    wait_until("orders to be accepted", lambda: stack.place_order().status_code == 202, 20)
    for action in ("injected", "cleared"):
        query = f'{{service_name="fault-agent"}} | event="fault_agent.{action}" | fault="{fault}"'
        wait_until(f"the log line for {action}", lambda query=query: stack.log_lines(query), 20)


def test_what_the_fault_agent_did_is_undone_after_its_death(stack: Stack, switch: Switch) -> None:
    """If the fault agent is killed while Redis is paused, the next agent reads the record and resumes Redis in time."""
    redis = process(stack, "redis")
    switch.on("redis-pause", seconds=8)
    wait_until("redis to stop responding", lambda: redis.status() == psutil.STATUS_STOPPED, 10)
    process(stack, "fault-agent").kill()
    wait_until("redis to resume", lambda: redis.status() != psutil.STATUS_STOPPED, 30)


def test_labels_that_explode_are_lumped_together(stack: Stack, switch: Switch) -> None:
    """Each replica exports a hundred campaigns by name and all others as one, and the guard counts these."""
    switch.on("label-explosion", per_second=200, seconds=60)
    overflow = 'min(telemetry_label_overflow_total{metric="shop_campaign_visits_total", label="campaign"}) > 0'
    wait_until("the guard to count", lambda: stack.query(overflow), 40)
    series = stack.query("count by (instance) (shop_campaign_visits_total)")
    assert {row["metric"]["instance"]: row["value"][1] for row in series} == {"api-1": "101", "api-2": "101"}


def test_make_fault_and_make_fault_clear(stack: Stack) -> None:
    """The commands of the Makefile switch a fault on and off. A wrong parameter's error lists the allowed ones."""
    on = stack.launcher("exec", "faults", "on", "log-flood", "--seconds", "60", "--per-second", "1")
    assert on.stdout.startswith("log-flood is on until"), on.stderr
    assert stack.launcher("exec", "faults", "off").stdout == "log-flood is off.\n"
    wrong = stack.launcher("exec", "faults", "on", "log-flood", "--percent", "5")
    assert (wrong.returncode, "takes seconds and per_second" in wrong.stderr) == (1, True)
    assert Path(stack.state_dir, "faults", "flags.json").exists()
