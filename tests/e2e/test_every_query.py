"""The real servers accept every query of every runbook and alert, and every metric in them exists."""

from __future__ import annotations

import json
import time
from contextlib import suppress
from typing import Any

import pytest
import requests

from tests.e2e.conftest import Stack
from tests.rules import alerts, runbooks
from tests.rules.runbooks import Query, jaeger, metrics
from tests.waiting import wait_until

# Metrics that a healthy native instance without traffic does not have, each with the reason.
ABSENT = {
    "probe_ssl_earliest_cert_expiry": "exists only if TLS is served and the blackbox exporter probes it",
    "otelcol_exporter_send_failed_spans": "the Collector exports it only after the first failure",
    "otelcol_exporter_send_failed_log_records": "the Collector exports it only after the first failure",
    "otelcol_exporter_enqueue_failed_spans": "the Collector exports it only after the first failure",
}
# Recorded metrics are defined by their rules. Many have no value while there is no problem.
RECORDED = alerts.recorded()
SECONDS = {"s": 1, "m": 60, "h": 3600}
QUERIES = [*runbooks.queries(), *alerts.queries()]
PER_LANGUAGE = {
    language: [query for query in QUERIES if query.language == language] for language in ("promql", "logql", "jaeger")
}


@pytest.fixture(scope="module")
def known(stack: Stack) -> set[str]:
    """Return the names of all metrics in Prometheus after one order has passed through all services."""
    order = stack.place_order().json()["id"]
    stack.final_order(order)
    stack.api("GET", "/api/v1/products")
    wanted = {name for query in PER_LANGUAGE["promql"] for name in metrics(query.text)} - ABSENT.keys() - RECORDED
    names: set[str] = set()

    def all_scraped() -> bool:
        names.update(stack.get("prometheus", "/api/v1/label/__name__/values")["data"])
        return wanted <= names

    with suppress(AssertionError):  # Each query's test reports the metrics that it lacks.
        wait_until("every metric of runbooks and alerts in Prometheus", all_scraped, 60)
    return names


@pytest.mark.parametrize("query", PER_LANGUAGE["promql"], ids=str)
def test_prometheus_takes_it(stack: Stack, known: set[str], query: Query) -> None:
    """Prometheus accepts the query and has every metric in it except for the declared ones."""
    answer = requests.get(f"{stack.url('prometheus')}/api/v1/query", params={"query": query.text}, timeout=10)
    assert answer.status_code == 200, answer.text
    assert metrics(query.text) - known - ABSENT.keys() - RECORDED == set()


@pytest.mark.parametrize("query", PER_LANGUAGE["logql"], ids=str)
def test_the_log_store_takes_it(stack: Stack, query: Query) -> None:
    """The log store responds with lines, or with a series if the query counts lines."""
    asked = {"query": query.text, "since": "1h", "limit": "10"}
    answer = requests.get(f"{stack.url(stack.log_api)}/loki/api/v1/query_range", params=asked, timeout=20)
    assert answer.status_code == 200, answer.text
    counts = "(" in query.text.partition("{")[0]
    assert answer.json()["data"]["resultType"] == ("matrix" if counts else "streams")


@pytest.mark.parametrize("query", PER_LANGUAGE["jaeger"], ids=str)
def test_jaeger_takes_it(stack: Stack, known: set[str], query: Query) -> None:
    """Jaeger has the service and accepts the search."""
    asked: dict[str, Any] = jaeger(query.text)
    services = wait_until("services in Jaeger", lambda: stack.get("jaeger", "/api/services")["data"])
    assert asked["service"] in services
    lookback = asked.pop("lookback")
    end = int(time.time())
    asked |= {"start": (end - int(lookback[:-1]) * SECONDS[lookback[-1]]) * 1_000_000, "end": end * 1_000_000}
    answer = requests.get(f"{stack.url('jaeger')}/api/traces", params={**asked, "limit": "5"}, timeout=10)
    assert answer.status_code == 200, answer.text
    assert not answer.json().get("errors"), json.dumps(answer.json()["errors"])


def test_a_wrong_query_is_noticed(stack: Stack, known: set[str]) -> None:
    """A mistyped metric and an invalid expression are detected."""
    assert metrics("rate(http_server_request_duration_second_count[5m])") - known - ABSENT.keys()
    for server, path, query in (
        ("prometheus", "/api/v1/query", "sum(rate("),
        (Stack.log_api, "/loki/api/v1/query_range", '{service_name="api"} | status >'),
    ):
        assert requests.get(f"{stack.url(server)}{path}", params={"query": query}, timeout=10).status_code == 400


def test_exceptions_are_still_needed() -> None:
    """Every exception is for a metric that a runbook or an alert queries."""
    asked = {name for query in PER_LANGUAGE["promql"] for name in metrics(query.text)}
    assert sorted(ABSENT.keys() - asked) == []
