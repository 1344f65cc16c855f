"""Rules and dashboard against a real Prometheus that scrapes a real application; the tests run in this order."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest
import requests

from glasshouse_observability.monitoring.dashboard import page
from glasshouse_observability.monitoring.rules.file import groups
from library_support.alert_cases import WHOLE
from library_support.waiting import wait_until

from .conftest import Running

MODEL = json.loads(page.text(WHOLE))
QUERIES = [
    pytest.param(target["expr"], id=f"{panel['title']}-{target['refId']}")
    for panel in MODEL["panels"]
    for target in panel.get("targets", [])
]


def chosen(expr: str) -> str:
    """Return the query as Grafana sends it with all jobs and instances selected."""
    return expr.replace("$__rate_interval", "1m").replace("$job", "(web|worker)").replace("$instance", ".+")


def test_prometheus_loads_and_evaluates_every_rule(running: Running) -> None:
    """No rule has an error when it is evaluated on the application's own series."""

    def evaluated() -> list[dict[str, Any]]:
        rules = [rule for group in running.prometheus.get("rules")["groups"] for rule in group["rules"]]
        return rules if all(rule["health"] != "unknown" for rule in rules) else []

    rules = wait_until("every rule to be evaluated", evaluated)
    assert [rule for rule in rules if rule["health"] != "ok"] == []
    assert len(rules) == sum(len(group["rules"]) for group in groups(WHOLE))


@pytest.mark.parametrize("expr", QUERIES)
def test_every_panel_shows_data(running: Running, expr: str) -> None:
    """Each query of the dashboard returns at least one number from the running application."""

    def numbers() -> list[float]:
        return [
            float(series["value"][1])
            for series in running.prometheus.query(chosen(expr))
            if series["value"][1] not in ("NaN", "+Inf")
        ]

    if not numbers():
        running.use(2)
    assert wait_until(f"data of {expr}", numbers)


@pytest.mark.parametrize("name", ["job", "instance"])
def test_the_variables_offer_the_processes(running: Running, name: str) -> None:
    """The variables list the jobs and instances of the application."""
    variable = next(one for one in MODEL["templating"]["list"] if one["name"] == name)
    (expr,) = re.findall(r"^query_result\((.*)\)$", variable["query"]["query"])
    found = {series["metric"][name] for series in running.prometheus.query(chosen(expr))}
    assert len(found) == 2
    if name == "job":
        assert found == {"web", "worker"}


@pytest.mark.parametrize("annotation", MODEL["annotations"]["list"], ids=lambda annotation: annotation["name"])
def test_the_annotations_can_be_evaluated(running: Running, annotation: dict[str, Any]) -> None:
    """Prometheus evaluates the queries of the annotations; the deployment of the first version is one."""
    found = running.prometheus.get(
        "query_range", query=annotation["expr"], start=f"{time.time() - 600}", end=f"{time.time()}", step="5"
    )["result"]
    if annotation["name"] == "Deployments":
        assert [series["metric"] for series in found] == [{"service_name": "shop", "service_version": "0.0.0"}]


def test_durations_have_exemplars_with_trace_ids(running: Running) -> None:
    """The exemplars of the panel of durations lead to traces."""
    (panel,) = [panel for panel in MODEL["panels"] if panel["title"] == "Duration"]
    expr = chosen(next(target["expr"] for target in panel["targets"] if target["exemplar"]))

    def trace_ids() -> set[str]:
        now = time.time()
        found = running.prometheus.get("query_exemplars", query=expr, start=f"{now - 300}", end=f"{now}")
        return {one["labels"]["trace_id"] for series in found for one in series["exemplars"]}

    assert all(len(trace_id) == 32 for trace_id in wait_until("exemplars", trace_ids))


def test_a_healthy_application_has_no_alert(running: Running) -> None:
    """Traffic that succeeds causes no alert, neither pending nor firing."""
    running.use(5)
    wait_until("no alert to be pending", lambda: running.prometheus.get("alerts")["alerts"] == [] or None, 30)


def test_errors_page(running: Running) -> None:
    """Requests that fail cause the alert on the error ratio and use up the budget, and nothing else fires."""
    for _ in range(30):
        assert requests.get(f"{running.url}/broken", timeout=10).status_code == 500
    expected = {("HttpErrorRatioHigh", "page"), ("AvailabilityBudgetBurn", "page")}
    wait_until("exactly these alerts to fire", lambda: running.prometheus.firing() == expected or None, 60)
    (alert,) = [
        one for one in running.prometheus.get("alerts")["alerts"] if one["labels"]["alertname"] == "HttpErrorRatioHigh"
    ]
    assert re.fullmatch(
        r"shop: [\d.]+% of the requests fail with a 5xx status, limit 5%", alert["annotations"]["summary"]
    )


def test_failed_jobs_are_a_ticket(running: Running) -> None:
    """Jobs that fail in a real RQ worker cause the ticket on jobs."""
    expr = 'rq_job_duration_seconds_count{job="worker", outcome="failed"}'

    def fail(times: int) -> None:
        for _ in range(times):
            assert requests.post(f"{running.url}/mails/broken", timeout=10).status_code == 200

    fail(1)
    (series,) = wait_until("the first failure to be scraped", lambda: running.prometheus.query(expr), 60)
    assert series["metric"]["exported_job"] == "library_support.monitored.send"
    # This Prometheus is new, so it cannot distinguish the first failures from old ones.
    fail(12)
    wait_until("the alert to fire", lambda: ("JobsFailing", "ticket") in running.prometheus.firing() or None, 60)


def test_a_dead_worker_pages(running: Running) -> None:
    """A worker that is killed is down for Prometheus."""
    running.worker.kill()
    running.worker.wait()
    firing = 'ALERTS{alertname="ServiceDown", alertstate="firing"}'

    def roles() -> list[str]:
        return [series["metric"]["role"] for series in running.prometheus.query(firing)]

    wait_until("the alert on the worker alone to fire", lambda: roles() == ["worker"] or None, 60)
