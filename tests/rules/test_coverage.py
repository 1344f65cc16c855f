"""No rule without a test, no alert without a runbook and a panel."""

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
"""What test_slo_records.py computes by hand for each objective."""


def recorded() -> dict[str, list[tuple[Path, str]]]:
    """Every recorded series with the files and expressions that record it."""
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
    """Every series whose value a unit test states."""
    files = [yaml.safe_load(file.read_text()) for file in sorted((ALERTS / "tests").glob("*.yml"))]
    tests = [test for file in files for test in file["tests"]]
    return set().union(*(metrics(case["expr"]) for test in tests for case in test.get("promql_expr_test", [])))


@cache
def sources(expr: str) -> set[str]:
    """The series that an expression reads, directly or through recorded ones."""
    seen: set[str] = set()
    waiting = metrics(expr)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            for _, inner in RECORDED.get(name, []):
                waiting |= metrics(inner)
    return seen


# Every alert is expected to fire and to be silent in tests: test_prometheus.py and test_slo_alerts.py see to that.
READ_BY_TESTED_ALERTS = set().union(*(sources(rule["expr"]) for rule in rules()))
AGE = "process_start_time_seconds"
"""By it alerts know how old Prometheus is, and deploys are marked: neither is what they are about."""
NO_PANEL = {"CertificateExpiring": "there is no TLS here: a panel would be empty for ever"}


@pytest.mark.parametrize("name", sorted(RECORDED))
def test_a_recorded_series_is_tested(name: str) -> None:
    """A unit test states its value, or an alert reads it whose unit tests say when it fires and when not."""
    assert name in asked_in_tests() | SLO_SERIES | READ_BY_TESTED_ALERTS


@pytest.mark.parametrize("name", sorted({rule["alert"] for rule in rules()}))
def test_an_alert_has_a_runbook_and_a_panel(name: str) -> None:
    """The dashboard that it links to exists, and a panel of it shows a series that the alert reads."""
    assert (ALERTS / "runbooks" / f"{name}.md").is_file()
    for rule in (rule for rule in rules() if rule["alert"] == name and name not in NO_PANEL):
        uid = rule["annotations"]["dashboard_url"].removeprefix("/dashboards/")
        assert uid in DASHBOARDS, f"{uid} is no dashboard"
        assert drawn(uid) & read_by(rule), f"no panel of {uid} shows any of {sorted(read_by(rule))}"


def read_by(rule: dict[str, Any]) -> set[str]:
    """The series that the alert is about; alerts of severity none are about alerts, or are their own state."""
    return sources(rule["expr"]) - {AGE} | ({"ALERTS"} if rule["labels"]["severity"] == "none" else set())


@cache
def drawn(uid: str) -> set[str]:
    """The series that the panels of a dashboard show, directly or through recorded ones."""
    asked = [query.expression for query in queries.of_panels(DASHBOARDS[uid]) if query.source == "prometheus"]
    return set().union(*(sources(re.sub(r"\$\w+|\$\{[^}]*\}", "x", expression)) for expression in asked)) - {AGE}


def test_every_objective_is_in_the_cases() -> None:
    """So what is said of SLO_SERIES is said of all of them."""
    specs = yaml.safe_load_all((ALERTS / "slos.yaml").read_text())
    assert {slo["name"] for spec in specs for slo in spec["slos"]} == {known.slo for known in KNOWN}
