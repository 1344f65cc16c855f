"""All telemetry of the running stack is declared in the schema. This module runs after most others."""

from __future__ import annotations

import json
import time
from typing import Any

import requests
from prometheus_client.openmetrics import parser

from deploy.telemetry_docs.metrics import declared
from deploy.telemetry_docs.page import schema
from tests.e2e.conftest import Stack
from tests.waiting import wait_until

OURS = {"api", "worker", "sweeper", "payments", "console", "log-gateway"}
LIBRARIES = ("process_", "python_")
"""Prefixes of the metrics that prometheus_client adds."""


def placed(stack: Stack) -> str:
    """Place an order and return its trace id."""
    answer = stack.place_order(traceparent=f"00-{time.time_ns():032x}-{time.time_ns():016x}-01")
    stack.final_order(answer.json()["id"])
    return answer.headers["X-Trace-ID"]


def test_metrics_of_our_processes_are_declared(stack: Stack) -> None:
    """Each metric family at each `/metrics` has the declared name, type and labels."""
    known = {metric.name: metric for metric in declared()}
    targets = [
        target
        for target in stack.get("prometheus", "/api/v1/targets")["data"]["activeTargets"]
        if target["labels"]["job"] in OURS
    ]
    assert {target["labels"]["job"] for target in targets} == OURS
    seen = set()
    for target in targets:
        accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
        text = requests.get(target["scrapeUrl"], headers=accept, timeout=10).text
        for family in parser.text_string_to_metric_families(text):
            name = f"{family.name}_total" if family.type == "counter" else family.name
            if name.startswith(LIBRARIES):
                continue
            seen.add(name)
            assert name in known, f"{name} of {target['labels']['instance']} is not declared"
            assert family.type == known[name].type, name
            labels = {label for sample in family.samples for label in sample.labels} - {"le"}
            assert labels <= set(known[name].labels), name
    assert len(seen) > 40


def test_log_lines_are_declared(stack: Stack) -> None:
    """The schema declares each event and field of the log files."""
    placed(stack)
    known = schema()
    files = sorted((stack.state_dir / "logs" / "json").glob("*.log*"))
    lines: list[dict[str, Any]] = []
    for file in files:
        lines += [json.loads(line) for line in file.read_text(errors="replace").splitlines() if line.startswith("{")]
    assert len(lines) > 30
    events = {line["event"] for line in lines if "event" in line}
    assert {"http.request", "rq.job", "order.confirmed", "nginx.access"} <= events
    assert events - set(known["events"]) == set()
    fields = {(field, line.get("event")) for line in lines for field in line if field not in known["fields"]}
    assert fields == set()


def test_span_attributes_are_declared(stack: Stack) -> None:
    """The schema declares each attribute of spans, span events and resources."""
    known = set(schema()["attributes"])
    trace_id = placed(stack)
    wait_until("the worker's spans in Jaeger", lambda: len(stack.trace(trace_id).get("spans", [])) > 10, 30)
    undeclared = set()
    for service in ("api", "worker", "payments", "console"):
        found = stack.get("jaeger", "/api/traces", service=service, limit=100, lookback="2h")["data"]
        for trace in found:
            tagged = [*trace["spans"], *trace["processes"].values()]
            tagged += [{"tags": log["fields"]} for span in trace["spans"] for log in span["logs"]]
            undeclared |= {tag["key"] for one in tagged for tag in one["tags"]} - known
    # Added by Jaeger's API: kind, status and scope of a span, and the name of an event.
    assert undeclared - {"span.kind", "error", "otel.status_code", "otel.status_description", "event"} == {
        "otel.scope.name",
        "otel.scope.version",
    }
