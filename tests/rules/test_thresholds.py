"""Alerts compare exactly with the numbers of alerts/thresholds.yaml."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from tests.rules.alerts import rules
from tests.rules.files import ALERTS

THRESHOLDS: dict[str, dict[str, Any]] = yaml.safe_load((ALERTS / "thresholds.yaml").read_text())
WINDOWS: dict[str, Any] = yaml.safe_load((ALERTS / "windows.yaml").read_text())
# `> 0.05`, `>= 3`, `== 0`; the value may be a product (`> 14.4 * 0.001`). Strings, ranges and names also contain
# digits.
_NOISE = re.compile(r'"[^"]*"|\[[^]]*\]|(?<![\d.])[a-zA-Z_:][\w:]*')
_COMPARED = re.compile(r"(?:>=|<=|==|!=|>|<)\s*(?:bool\s+)?(-?[\d.]+(?:e-?\d+)?)")

# States, not measurements: up or down, on or off, ever or never; and the uptimes of Prometheus before which alerts
# wait.
STATES = {
    "CollectorDown", "LogStoreDown", "JaegerDown", "AlertmanagerDown", "ConsoleDown", "TelemetryTargetDown",
    "FrontDoorDown", "ApiDown", "MongoDown", "RedisDown", "PaymentsDown", "WorkerDown", "ReplicaDown",
    "FaultActive", "Watchdog",
    "IncidentOpen", "IncidentRecent", "SloUnmeasured", "PrometheusRuleFailing",
}  # fmt: skip


def compared(expr: str) -> list[float]:
    """Return the numbers on the right of an expression's comparisons."""
    return [float(number) for number in _COMPARED.findall(_NOISE.sub("x", expr))]


def declared(name: str) -> set[float]:
    """Return an alert's numbers in thresholds.yaml."""
    return {float(entry["value"]) for key, entry in THRESHOLDS.items() if key.split(".")[0] == name}


MEASURED = [rule for rule in rules() if rule["alert"] not in STATES and rule["labels"].get("layer") != "budget"]
LIMITED = [rule for rule in MEASURED if ", limit " in rule["annotations"]["summary"]]
BURNS = [rule for rule in rules() if rule["labels"].get("layer") == "budget"]


@pytest.mark.parametrize("rule", MEASURED, ids=lambda rule: rule["alert"])
def test_the_rule_compares_with_the_declared_numbers(rule: dict[str, Any]) -> None:
    """Rules use exactly the declared numbers, except 0, 1 and 2 in guards."""
    name = rule["alert"]
    numbers = set(compared(rule["expr"]))
    assert declared(name), f"{name} has no entry in thresholds.yaml"
    assert declared(name) <= numbers
    assert numbers - declared(name) <= {0.0, 1.0, 2.0}


@pytest.mark.parametrize("rule", MEASURED, ids=lambda rule: rule["alert"])
def test_people_read_the_same_sentence(rule: dict[str, Any]) -> None:
    """The annotation `threshold` is the declared sentence, which contains the number in some form."""
    assert rule["annotations"]["threshold"] == THRESHOLDS[rule["alert"]]["sentence"]


@pytest.mark.parametrize("rule", LIMITED, ids=lambda rule: rule["alert"])
def test_the_limit_in_the_summary_is_that_of_the_threshold(rule: dict[str, Any]) -> None:
    """The limit that a summary states, with its unit, also occurs in the annotation `threshold`."""
    stated = rule["annotations"]["summary"].rpartition(", limit ")[2]
    assert re.search(rf"(?<![\d.]){re.escape(stated)}(?![\d.%])", rule["annotations"]["threshold"])


@pytest.mark.parametrize("rule", BURNS, ids=lambda rule: f"{rule['alert']}-{rule['labels']['tier']}")
def test_a_budget_is_held_to_the_numbers_of_its_tier(rule: dict[str, Any]) -> None:
    """Budget alerts compare both windows with the tier's factor, and require the minimum number of errors."""
    factor, errors = (THRESHOLDS[key]["value"] for key in (f"Burn.{rule['labels']['tier']}", "Burn.errors"))
    assert compared(rule["expr"]) == [factor, factor, errors]


def test_factors_are_those_of_the_windows() -> None:
    """thresholds.yaml agrees with windows.yaml, whose values it repeats."""
    known = {key.partition(".")[2]: entry["value"] for key, entry in THRESHOLDS.items() if key.startswith("Burn.")}
    least = {tier["errors"] - 0.5 for tier in WINDOWS["tiers"].values()}
    assert known == {name: tier["factor"] for name, tier in WINDOWS["tiers"].items()} | {"errors": least.pop()}
    assert least == set()
    for name, tier in WINDOWS["tiers"].items():
        sentence = THRESHOLDS[f"Burn.{name}"]["sentence"]
        assert f"over {tier['long']} and over {tier['short']}" in sentence
        assert tier["factor"] == 1 or sentence.startswith(f"{tier['factor']:g} times")


def test_every_entry_belongs_to_an_alert() -> None:
    """Every declared number is used by a rule."""
    names = {rule["alert"] for rule in rules()} | {"Burn"}
    assert sorted({key.split(".")[0] for key in THRESHOLDS} - names) == []


def test_what_is_a_state_has_no_threshold() -> None:
    """Every declared state is an existing alert."""
    assert sorted(name for name in STATES if declared(name)) == []
    assert sorted(STATES - {rule["alert"] for rule in rules()}) == []


def test_numbers_are_found_in_expressions() -> None:
    """Compared numbers include powers and negative numbers, but not digits of ranges, labels and names."""
    assert compared('rate(a5_b{c=">7"}[5m]) > 14.4 * 0.001 and d == -1 or e:f:rate1m <= 2.5e-3') == [14.4, -1.0, 0.0025]
