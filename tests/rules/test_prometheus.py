"""Prometheus' configuration, the alert rules, and the required fields of every alert."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules import alerts
from tests.rules.files import ALERTS, CONFIG, Check

RULE_FILES = sorted((ALERTS / "rules").glob("*.yml"))
UNIT_TESTS = sorted((ALERTS / "tests").glob("*.yml"))


def test_configuration_is_valid(check: Check, tmp_path: Path) -> None:
    """promtool accepts the configuration in a folder with rules and targets, as in both runtimes."""
    (tmp_path / "prometheus.yml").symlink_to(CONFIG / "prometheus" / "prometheus.yml")
    (tmp_path / "rules").symlink_to(ALERTS / "rules")
    for folder in ("targets", "alertmanagers"):
        (tmp_path / folder).mkdir()
    (tmp_path / "targets" / "api.json").write_text('[{"targets": ["h:1"], "labels": {"job": "api", "instance": "a"}}]')
    said = check("promtool", "check", "config", tmp_path / "prometheus.yml")
    assert f"{len(RULE_FILES)} rule files found" in said


def test_rules_are_valid(check: Check) -> None:
    """promtool accepts every rule file."""
    assert RULE_FILES
    check("promtool", "check", "rules", *RULE_FILES)


@pytest.mark.parametrize("file", UNIT_TESTS, ids=lambda file: file.stem)
def test_rules_fire_when_they_should(check: Check, file: Path) -> None:
    """The rules' unit tests pass: above and below the threshold, no data, missing series, recovery."""
    check("promtool", "test", "rules", file)


@pytest.mark.parametrize("alert", alerts.rules(), ids=lambda alert: alert["alert"])
def test_alert_says_what_to_do(alert: dict[str, Any]) -> None:
    """Every alert has a severity, a service, a summary, an impact and a runbook that exists under the alert's name."""
    assert alert["labels"]["severity"] in {"page", "ticket", "none"}
    assert alert["labels"]["service"]
    assert alert["annotations"]["summary"]
    assert alert["annotations"]["impact"]
    assert alert["annotations"]["runbook_url"] == f"/runbooks/{alert['alert']}"
    runbook = ALERTS / "runbooks" / f"{alert['alert']}.md"
    assert runbook.read_text().startswith(f"# {alert['alert']}\n")


def expectations() -> list[tuple[str, bool]]:
    """Return the unit tests' expectations: an alert's name, and whether it fires (True) or does not (False)."""
    tests = [test for file in UNIT_TESTS for test in yaml.safe_load(file.read_text())["tests"]]
    whole = [
        (case["alertname"], bool(case["exp_alerts"])) for test in tests for case in test.get("alert_rule_test", [])
    ]
    counted = [
        (name, bool(case["exp_samples"]))
        for test in tests
        for case in test.get("promql_expr_test", [])
        # The tests of incidents.yml are about alerts without a `for`, which are never pending.
        if "ALERTS{" in case["expr"] and 'alertstate="pending"' not in case["expr"]
        for name in re.findall(r'alertname="(\w+)"', case["expr"])
    ]
    return whole + counted


# test_slo_alerts.py tests all budget alerts tier by tier.
ASKED = sorted({alert["alert"] for alert in alerts.rules() if alert["labels"].get("layer") != "budget"} - {"Watchdog"})


@pytest.mark.parametrize("name", ASKED)
def test_alert_is_unit_tested(name: str) -> None:
    """Every alert except the watchdog is expected to fire in one unit test and not to fire in another."""
    assert {fires for alert, fires in expectations() if alert == name} == {True, False}
