"""The alerts in the rules, their queries, and the inhibitions between them in Alertmanager."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import yaml

from tests.rules.files import ALERTS
from tests.rules.runbooks import Query

ASKED = {"metric_query": "promql", "log_query": "logql", "trace_query": "jaeger"}
"""The annotations that are queries, and their language."""
# The labels of a running instance, which Alertmanager would fill in.
_FILLED = {"job": "api", "instance": "api-1", "service": "api", "slo": "api-availability", "exporter": "otlp_http/logs"}
_LABEL = re.compile(r"\{\{ \$labels\.(\w+) \}\}")
_MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
CONFIG: dict[str, Any] = yaml.safe_load((ALERTS / "alertmanager.yml").read_text())


@cache
def every_rule() -> list[dict[str, Any]]:
    """Return every recording and alerting rule of alerts/rules/; read once, because parsing takes a second."""
    files = sorted((ALERTS / "rules").glob("*.yml"))
    groups = [group for file in files for group in yaml.safe_load(file.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def rules() -> list[dict[str, Any]]:
    """Return every alerting rule."""
    return [rule for rule in every_rule() if "alert" in rule]


def recorded() -> set[str]:
    """Return the names of the series that rules record."""
    return {rule["record"] for rule in every_rule() if "record" in rule}


def queries() -> list[Query]:
    """Return the expressions of every alert and its suggested queries, without duplicates between rules of one name."""
    found: dict[tuple[str, str], Query] = {}
    for rule in rules():
        asked = [("promql", rule["expr"])]
        asked += [(kind, rule["annotations"][name]) for name, kind in ASKED.items() if name in rule["annotations"]]
        for language, text in asked:
            filled = _LABEL.sub(lambda match: _FILLED[match[1]], text)
            name = f"alert-{rule['alert']}"
            found.setdefault((name, filled), Query(name, len(found), language, filled))
    return list(found.values())


def labels(rule: dict[str, Any]) -> dict[str, str]:
    """Return the labels that an alert's rule sets."""
    return {"alertname": rule["alert"], **{name: str(value) for name, value in rule["labels"].items()}}


def matches(matchers: list[str], alert: dict[str, str]) -> bool:
    """Return whether an alert's labels satisfy Alertmanager's matchers. A missing label counts as empty."""
    parsed = [found for matcher in matchers for found in _MATCHER.findall(matcher)]
    assert len(parsed) == len(matchers), matchers
    return all(_fits(operator, alert.get(name, ""), value) for name, operator, value in parsed)


def _fits(operator: str, has: str, value: str) -> bool:
    equal = re.fullmatch(value, has) is not None if operator.endswith("~") else has == value
    return equal is not operator.startswith("!")


def mutes(source: dict[str, str], target: dict[str, str]) -> bool:
    """Return whether a rule inhibits `target` by `source`. As in Alertmanager, an alert on both sides mutes none."""
    return source != target and any(_by(rule, source, target) for rule in CONFIG["inhibit_rules"])


def _by(rule: dict[str, Any], source: dict[str, str], target: dict[str, str]) -> bool:
    ours, theirs = rule["source_matchers"], rule["target_matchers"]
    if not matches(ours, source) or not matches(theirs, target):
        return False
    if matches(theirs, source) and matches(ours, target):
        return False
    return all(source.get(name, "") == target.get(name, "") for name in rule["equal"])
