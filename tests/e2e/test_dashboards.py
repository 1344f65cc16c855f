"""Every query of every dashboard returns data after some traffic and some failures."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import dashboard_queries as queries
from tests.dashboard_queries import Value
from tests.e2e.conftest import Stack
from tests.e2e.switch import Switch
from tests.e2e.telemetry_queries import Refused, has_answer
from tests.waiting import wait_until

DASHBOARDS = queries.load()
PROVISIONING = Path(__file__).parents[2] / "grafana" / "provisioning" / "datasources" / "glasshouse.yaml"
SOURCES = {source["uid"]: source["jsonData"] for source in yaml.safe_load(PROVISIONING.read_text())["datasources"]}
DECLINED = {"items": [{"product_id": "alpaca-throw", "quantity": 100}]}
"""An amount that the payment service declines."""


@dataclass(frozen=True)
class Past:
    """The traffic and failures that precede the queries."""

    request_id: str
    trace_id: str


@pytest.fixture(scope="module")
def past(stack: Stack, switch: Switch) -> Past:
    """Create valid and invalid orders, several kinds of requests, a database outage and some faults."""
    order = stack.place_order()
    stack.final_order(order.json()["id"])
    for _ in range(10):
        stack.final_order(stack.place_order().json()["id"])
        stack.api("GET", "/api/v1/products")
        stack.api("GET", "/api/v1/products/brass-desk-lamp")
    stack.final_order(stack.api("POST", "/api/v1/orders", json=DECLINED).json()["id"])
    stack.launcher("stop", "mongo")
    wait_until("the API to report that its database is unavailable", lambda: stack.place_order().status_code == 503, 30)
    for _ in range(10):
        stack.place_order()
    stack.launcher("start", "mongo")
    wait_until("the API to accept orders again", lambda: stack.place_order().status_code == 202, 60)
    stack.final_order(stack.place_order().json()["id"], 60)
    faults(stack, switch)
    ids = Past(order.headers["X-Request-ID"], order.headers["X-Trace-ID"])
    wait_until("the trace in Jaeger", lambda: stack.trace(ids.trace_id)["spans"], 30)
    return ids


def faults(stack: Stack, switch: Switch) -> None:
    """Create states that only a fault causes: labels with too many values, lost spans, and burning budgets."""
    switch.on("label-explosion", per_second=200, seconds=60)
    switch.on("api-errors", percent=100, route="/api/v1/products", seconds=60)
    wait_until("the fault to take effect", lambda: stack.api("GET", "/api/v1/products").status_code == 500, 10)
    for _ in range(60):
        stack.api("GET", "/api/v1/products")
    switch.off("api-errors")
    lost = 'sum(telemetry_spans_exported_total{outcome="lost"})'
    before = stack.number(lost) or 0.0
    switch.on("telemetry-outage", instance="collector", seconds=180)
    try:
        # A Collector that is still stopping also has the state "stopped" and accepts spans.
        wait_until("the Collector to exit", lambda: stack.status()["collector"]["pid"] is None, 30)
        # Sampled because of its caller's decision: the budget for traces of orders may be used up.
        traceparent = f"00-{uuid.uuid4().hex}-b7ad6b7169203331-01"
        wait_until("an accepted order", lambda: stack.place_order(traceparent=traceparent).status_code == 202, 30)
        wait_until("lost spans", lambda: (stack.number(lost) or 0.0) > before, 60)
    finally:
        switch.off("telemetry-outage")
    wait_until("the Collector to be available again", lambda: stack.status()["collector"]["state"] == "running", 60)


def opened(uid: str, past: Past) -> dict[str, Value]:
    """Return the dashboard's variables with their initial values and with text boxes filled in."""
    values = queries.variables(DASHBOARDS[uid])
    typed = {"request_id": past.request_id, "trace_id": past.trace_id}
    return {name: typed.get(name, value) for name, value in values.items()}


@pytest.mark.parametrize("uid", sorted(DASHBOARDS))
def test_every_query_finds_something(stack: Stack, past: Past, uid: str) -> None:
    """Every query returns data with the variables' first values, also in panels that require a failure."""
    values = opened(uid, past)
    left = list(queries.of_panels(DASHBOARDS[uid]))

    def none_left() -> bool:
        left[:] = [query for query in left if not has_answer(stack, query, values)]
        missing = {f"{query.panel}: {query.expression}" for query in left}
        assert not missing, "\n".join(sorted(missing))
        return True

    # A budget must burn for three minutes before Alertmanager notifies.
    wait_until(f"an answer to every query of {uid}", none_left, 240)


@pytest.mark.parametrize("uid", sorted(DASHBOARDS))
def test_one_choice_is_as_good_as_all(stack: Stack, past: Past, uid: str) -> None:
    """Every query is accepted with two selected values per variable, which become an escaped `(a|b)`."""
    values = opened(uid, past)
    for known in DASHBOARDS[uid]["templating"]["list"]:
        if known.get("multi"):
            values[known["name"]] = choices(stack, known, values)[:2]
    for query in [*queries.of_panels(DASHBOARDS[uid]), *queries.of_annotations(DASHBOARDS[uid])]:
        try:
            has_answer(stack, query, values)
        except Refused as wrong:
            pytest.fail(f"{query.panel}: {wrong}")


def choices(stack: Stack, variable: dict[str, Any], values: dict[str, Value]) -> list[str]:
    """Return the values that Grafana offers: those of the label in the matching series."""
    metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()  # type: ignore[union-attr]
    span = queries.Span(0, 1)
    answer = stack.get("prometheus", f"/api/v1/label/{label}/values", **{"match[]": queries.fill(metric, values, span)})
    found: list[str] = answer["data"]
    assert found, f"the variable {variable['name']} offers nothing"
    return found


def test_exemplar_leads_to_its_trace(stack: Stack, past: Past) -> None:
    """Metric → trace: the exemplar label that the data source configures contains the id of a trace in Jaeger."""
    (destination,) = SOURCES["prometheus"]["exemplarTraceIdDestinations"]
    assert destination["datasourceUid"] == "jaeger"
    span = 'http_server_request_duration_seconds_bucket{http_route="/api/v1/orders"}'

    def followed() -> bool:
        found = stack.get("prometheus", "/api/v1/query_exemplars", query=span, start=0, end=4e9)["data"]
        ids = [exemplar["labels"][destination["name"]] for series in found for exemplar in series["exemplars"]]
        return bool(stack.trace(ids[-1])["spans"])

    wait_until("an exemplar whose trace is in Jaeger", followed, 30)


def test_span_leads_to_its_log_lines(stack: Stack, past: Past) -> None:
    """Trace → logs: the query of `tracesToLogsV2` with the span's trace id finds the lines of all services."""
    template = SOURCES["jaeger"]["tracesToLogsV2"]["query"]
    logql = template.replace("$${__trace.traceId}", past.trace_id)
    assert "$" not in logql

    def services() -> bool:
        return {"api", "worker"} <= {line["service_name"] for line in stack.log_lines(logql)}

    wait_until("log lines of API and worker", services, 30)


def test_span_leads_to_its_metrics(stack: Stack, past: Past) -> None:
    """Trace → metrics: each query of `tracesToMetrics` returns values for the service of each process in the trace."""
    leads = SOURCES["jaeger"]["tracesToMetrics"]
    processes = stack.trace(past.trace_id)["processes"].values()
    services = {process["serviceName"] for process in processes}
    assert {"api", "worker", "payments"} <= services
    (tag,) = leads["tags"]
    assert tag["key"] == "service.name"
    for service in services:
        for lead in leads["queries"]:
            promql = lead["query"].replace("$$__tags", f'{tag["value"]}="{service}"').replace("[1m]", "[15m]")
            assert "$" not in promql
            wait_until(f"{lead['name']} of {service}", lambda promql=promql: stack.query(promql), 30)


def test_log_line_leads_to_its_trace_and_its_request(stack: Stack, past: Past) -> None:
    """Log → trace: the label that the derived field matches contains the id of a trace in Jaeger or of the request."""
    fields = {field["name"]: field for field in SOURCES["loki"]["derivedFields"]}
    assert {field["matcherType"] for field in fields.values()} == {"label"}
    logql = f'{{service_name="worker"}} | request_id="{past.request_id}"'
    line = wait_until("the worker's line of the request", lambda: stack.log_lines(logql), 30)[0]
    trace_id = fields["trace"]["url"].replace("$${__value.raw}", line[fields["trace"]["matcherRegex"]])
    assert trace_id == past.trace_id
    assert stack.trace(trace_id)["spans"]
    url = fields["request"]["url"].replace("$${__value.raw}", line[fields["request"]["matcherRegex"]])
    assert url == f"/d/glasshouse-request?var-request_id={past.request_id}"
