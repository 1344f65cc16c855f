"""The recorded series of each objective have the values that were computed by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.files import ALERTS, Check
from tests.rules.slo_cases import KNOWN, MANY, Known, at, series

WINDOWS = {
    "5m": 300, "30m": 1800, "1h": 3600, "2h": 7200, "6h": 21_600, "1d": 86_400, "3d": 259_200, "30d": 2_592_000,
}  # fmt: skip
OTHERS = (
    "slo:objective:ratio", "slo:current_burn_rate:ratio", "slo:period_error_budget_remaining:ratio",
    "slo:error_budget_exhaustion:seconds",
)  # fmt: skip
PER_WINDOW = ("slo:sli_events:rate", "slo:sli_errors:rate", "slo:sli_error:ratio_rate")
FIRST = KNOWN[0]
LABELS = f'{{slo="{FIRST.slo}", service="{FIRST.service}", team="shop", scope="shop"}}'


def groups(known: Known) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((ALERTS / "rules" / f"slo-{known.service}.yml").read_text())["groups"]
    return [group for group in found if known.slo in group["name"]]


def records(known: Known) -> list[dict[str, Any]]:
    return [rule for group in groups(known) for rule in group["rules"] if "record" in rule]


def promtool(check: Check, folder: Path, rules: list[dict[str, Any]], every: str, test: dict[str, Any]) -> None:
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "these", "rules": rules}]}))
    content = {"rule_files": ["rules.yml"], "evaluation_interval": every, "tests": [{"interval": every, **test}]}
    (folder / "cases.yml").write_text(yaml.safe_dump(content))
    check("promtool", "test", "rules", folder / "cases.yml")


def is_true(expr: str, when: str) -> dict[str, Any]:
    """Return a test that the comparison finds one series at this time."""
    return {"expr": f"count({expr})", "eval_time": when, "exp_samples": [{"labels": "{}", "value": 1}]}


def about(name: str, known: Known, value: float, when: str, apart: float = 1e-6) -> dict[str, Any]:
    """Return a test that the series exists once and is within a fraction of ``value``."""
    at_once = f'{name}{{slo="{known.slo}", service="{known.service}"}}'
    return is_true(f"abs({at_once} - {value!r}) <= {abs(value) * apart!r}", when)


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.slo)
def test_every_series_of_an_objective_has_its_value(check: Check, tmp_path: Path, known: Known) -> None:
    """After twenty minutes with 1 % bad events, each window's ratio is 1 %, including longer windows."""
    allowed = (100 - known.objective) / 100
    asked = [about(f"slo:sli_error:ratio_rate{window}", known, 0.01, "20m") for window in WINDOWS]
    asked += [
        about(f"slo:burn_rate:ratio{window}", known, 0.01 / allowed, "20m") for window in WINDOWS if window != "30d"
    ]
    asked += [
        about("slo:sli_events:rate5m", known, MANY / 60, "20m"),
        about("slo:sli_errors:rate5m", known, MANY / 6000, "20m"),
        # Longer windows cover only the 20 minutes with data, of which the first five are partial.
        *(
            about(f"slo:sli_events:rate{window}", known, 20 * MANY / WINDOWS[window], "20m", 0.05)
            for window in ("30m", "1h")
        ),
        about("slo:objective:ratio", known, known.objective / 100, "20m"),
        about("slo:current_burn_rate:ratio", known, 0.01 / allowed, "20m"),
        about(
            "slo:period_error_budget_remaining:ratio",
            known,
            1 - 0.01 / allowed,
            "20m",
            1e-3 if allowed == 0.01 else 1e-6,
        ),
    ]
    rules = [rule for group in groups(known) for rule in group["rules"]]
    promtool(check, tmp_path, rules, "1m", {"input_series": series(known, [at(1, 25)]), "promql_expr_test": asked})


@pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.slo)
def test_series_are_these_and_no_others(known: Known) -> None:
    """These tests cover every recorded series."""
    wanted = {f"{kind}{window}" for kind in PER_WINDOW for window in WINDOWS}
    wanted |= {f"slo:burn_rate:ratio{window}" for window in WINDOWS if window != "30d"} | set(OTHERS)
    names = [rule["record"] for rule in records(known)]
    assert sorted(names) == sorted(wanted)


@pytest.mark.parametrize("window", ["2h", "6h", "1d", "3d", "30d"])
def test_a_window_is_as_long_as_its_name(check: Check, tmp_path: Path, window: str) -> None:
    """Bad events are in the period's ratio until its end and not after; an hour of errors has its fraction."""
    length = WINDOWS[window]
    step = max(60, length // 720)
    bad = 10
    seconds = length - 2 * step
    wanted = (f"slo:sli_errors:rate{window}", f"slo:sli_events:rate{window}", f"slo:sli_error:ratio_rate{window}")
    rules = [rule for rule in records(FIRST) if rule["record"] in wanted]
    given = [
        {"series": f"slo:sli_events:rate5m{LABELS}", "values": f"10x{2 * length // step}"},
        {"series": f"slo:sli_errors:rate5m{LABELS}", "values": f"1x{bad - 1} 0x{2 * length // step}"},
    ]
    ratio = f"slo:sli_error:ratio_rate{window}"
    test = {
        "input_series": given,
        "promql_expr_test": [
            is_true(f"{ratio} > 0.09", f"{(bad - 1) * step}s"),
            # Ten bad steps among all steps.
            about(ratio, FIRST, bad / (seconds // step + 1) / 10, f"{seconds // step * step}s", 0.02),
            is_true(f"{ratio} > 0", f"{length + (bad - 2) * step}s"),
            is_true(f"{ratio} == 0", f"{length + (bad + 1) * step}s"),
        ],
    }
    promtool(check, tmp_path, rules, f"{step}s", test)


def test_the_period_weighs_by_traffic(check: Check, tmp_path: Path) -> None:
    """A day with 1,000 good events per second and a night with 1 per second, half bad, give 0.05 %, not 25 %."""
    hours = 24 * 4
    day_and_night = {
        "slo:sli_events:rate5m": f"{'1000x11 1x11 ' * (hours // 24)}",
        "slo:sli_errors:rate5m": f"{'0x11 0.5x11 ' * (hours // 24)}",
    }
    rules = [rule for rule in records(FIRST) if "30d" in rule["record"] or rule["record"] in OTHERS[2:]]
    # The last hour's burn rate, from which the time to exhaustion is computed: half of the allowed rate.
    given = [{"series": f"{name}{LABELS}", "values": values.strip()} for name, values in day_and_night.items()]
    given.append({"series": f"slo:burn_rate:ratio1h{LABELS}", "values": f"0.5x{hours}"})
    ratio = 0.5 / 1001
    test = {
        "input_series": given,
        "promql_expr_test": [
            about("slo:sli_error:ratio_rate30d", FIRST, ratio, "95h"),
            about("slo:period_error_budget_remaining:ratio", FIRST, 1 - ratio / 0.001, "95h"),
            about("slo:error_budget_exhaustion:seconds", FIRST, (1 - ratio / 0.001) * 2_592_000 / 0.5, "95h"),
        ],
    }
    promtool(check, tmp_path, rules, "1h", test)


def test_a_spent_budget_is_gone_now_and_one_that_does_not_burn_never(check: Check, tmp_path: Path) -> None:
    """An exhausted budget has 0 seconds left, not fewer, and no series exists without bad events."""
    given = [
        {"series": f"slo:sli_events:rate5m{LABELS}", "values": "100x60"},
        {"series": f"slo:sli_errors:rate5m{LABELS}", "values": "1x60"},
        {"series": f"slo:burn_rate:ratio1h{LABELS}", "values": "10x29 0x30"},
    ]
    exhaustion = f"slo:error_budget_exhaustion:seconds{LABELS}"
    rules = [rule for rule in records(FIRST) if "30d" in rule["record"] or rule["record"] in OTHERS[2:]]
    test = {
        "input_series": given,
        "promql_expr_test": [
            about("slo:period_error_budget_remaining:ratio", FIRST, -9.0, "20m"),
            is_true(f"{exhaustion} == 0", "20m"),
            {"expr": exhaustion, "eval_time": "45m", "exp_samples": []},
        ],
    }
    promtool(check, tmp_path, rules, "1m", test)
