"""Every rule has a test, and every alert has a runbook and a panel."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import dashboard_queries as queries
from tests.rules.alerts import rules
from tests.rules.files import ALERTS
from tests.rules.runbooks import metrics
from tests.rules.slo_cases import KNOWN
from tests.rules.test_slo_records import OTHERS, PER_WINDOW, WINDOWS

DASHBOARDS = queries.load()
FILES = sorted((ALERTS / "rules").glob("*.yml"))
SLO_SERIES = {f"{kind}{window}" for kind in (*PER_WINDOW, "slo:burn_rate:ratio") for window in WINDOWS} | set(OTHERS)
"""The series that test_slo_records.py computes by hand for each objective."""


def recorded() -> dict[str, list[tuple[Path, str]]]:
    """Return every recorded series with the files and expressions that record it."""
    found: dict[str, list[tuple[Path, str]]] = {}
    for file in FILES:
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                if "record" in rule:
                    found.setdefault(rule["record"], []).append((file, rule["expr"]))
    return found


RECORDED = recorded()


@cache
def asked_in_tests() -> set[str]:
    """Return every series whose value a unit test states."""
    files = [yaml.safe_load(file.read_text()) for file in sorted((ALERTS / "tests").glob("*.yml"))]
    tests = [test for file in files for test in file["tests"]]
    return set().union(*(metrics(case["expr"]) for test in tests for case in test.get("promql_expr_test", [])))


@cache
def sources(expr: str) -> set[str]:
    """Return the series that an expression reads, directly or through recorded ones."""
    seen: set[str] = set()
    waiting = metrics(expr)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            for _, inner in RECORDED.get(name, []):
                waiting |= metrics(inner)
    return seen


# test_prometheus.py and test_slo_alerts.py ensure that tests expect every alert to fire and not to fire.
READ_BY_TESTED_ALERTS = set().union(*(sources(rule["expr"]) for rule in rules()))
AGE = "process_start_time_seconds"
"""Alerts use these series for the uptime of Prometheus, and dashboards for deployment marks, not as their subject."""
NO_PANEL = {"CertificateExpiring": "no server here uses TLS, so a panel would always be empty"}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_recorded_series_is_tested(name: str) -> None:
    """A unit test states the series' value, or an alert with unit tests reads it."""
    assert name in asked_in_tests() | SLO_SERIES | READ_BY_TESTED_ALERTS


@pytest.mark.parametrize("name", sorted({rule["alert"] for rule in rules()}))
def test_an_alert_has_a_runbook_and_a_panel(name: str) -> None:
    """The dashboard that an alert links to exists, and one of its panels shows a series that the alert reads."""
    assert (ALERTS / "runbooks" / f"{name}.md").is_file()
    for rule in (rule for rule in rules() if rule["alert"] == name and name not in NO_PANEL):
        uid = rule["annotations"]["dashboard_url"].removeprefix("/dashboards/")
        assert uid in DASHBOARDS, f"{uid} is no dashboard"
        assert drawn(uid) & read_by(rule), f"no panel of {uid} shows any of {sorted(read_by(rule))}"


def read_by(rule: dict[str, Any]) -> set[str]:
    """Return the series that the alert is about; alerts of severity none are about alerts or a state."""
    return sources(rule["expr"]) - {AGE} | ({"ALERTS"} if rule["labels"]["severity"] == "none" else set())


@cache
def drawn(uid: str) -> set[str]:
    """Return the series that a dashboard's panels show, directly or through recorded ones."""
    asked = [query.expression for query in queries.of_panels(DASHBOARDS[uid]) if query.source == "prometheus"]
    return set().union(*(sources(re.sub(r"\$\w+|\$\{[^}]*\}", "x", expression)) for expression in asked)) - {AGE}


def test_every_objective_is_in_the_cases() -> None:
    """The cases cover every objective, so the coverage of SLO_SERIES applies to all of them."""
    specs = yaml.safe_load_all((ALERTS / "slos.yaml").read_text())
    assert {slo["name"] for spec in specs for slo in spec["slos"]} == {known.slo for known in KNOWN}
