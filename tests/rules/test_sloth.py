"""Our rules compared with Sloth's rules for the same objectives, on the same recorded series.

They are equal where Sloth is right: steady traffic and restarts. Where it is not, the tests state both results.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.files import ALERTS, Check
from tests.rules.slo_cases import KNOWN, RESET, Phase, Series, at, case, series

THEIRS = Path(__file__).parent / "sloth" / "rules.yml"
FIRST = KNOWN[0]
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d", "30d")
ONE = [{"labels": "{}", "value": 1}]


def side_by_side(check: Check, folder: Path, *cases: dict[str, Any], every: str = "1m") -> None:
    """Evaluate both sets of rules with promtool."""
    ours = [str(file) for file in sorted((ALERTS / "rules").glob("slo-*.yml"))]
    content = {"rule_files": [*ours, str(THEIRS)], "evaluation_interval": every, "tests": list(cases)}
    (folder / "cases.yml").write_text(yaml.safe_dump(content))
    check("promtool", "test", "rules", folder / "cases.yml")


def our(name: str) -> str:
    return f'{name}{{slo="{FIRST.slo}"}}'


def their(name: str) -> str:
    return f'{name}{{sloth_slo="{FIRST.slo}"}}'


def holds(expr: str, when: str) -> dict[str, Any]:
    return {"expr": f"count({expr})", "eval_time": when, "exp_samples": ONE}


def nothing(expr: str, when: str) -> dict[str, Any]:
    return {"expr": expr, "eval_time": when, "exp_samples": []}


def apart(name: str, when: str, share: float) -> dict[str, Any]:
    """Return a test that both have the series for every objective, with a difference below a fraction of it."""
    theirs = f'label_replace({name}{{sloth_slo!=""}}, "slo", "$1", "sloth_slo", "(.+)")'
    ours = f'{name}{{slo!=""}}'
    return {
        "expr": f"count(abs({theirs} - on (slo) {ours}) <= on (slo) {share} * abs({ours}))",
        "eval_time": when,
        "exp_samples": [{"labels": "{}", "value": len(KNOWN)}],
    }


def everything(phases: list[Phase]) -> list[Series]:
    """Return the series of all objectives; objectives that count the same requests share series."""
    found = {one["series"]: one for known in KNOWN for one in series(known, phases)}
    return list(found.values())


@pytest.mark.parametrize("restart", [False, True], ids=["steady", "with a restart"])
def test_on_steady_traffic_both_say_the_same(check: Check, tmp_path: Path, restart: bool) -> None:
    """Every window of every objective, the period, its budget and the time left are within 1 % of Sloth's values."""
    phases: list[Phase] = [at(2, 25), RESET, at(2, 25)] if restart else [at(2, 50)]
    asked = [apart(f"slo:sli_error:ratio_rate{window}", "50m", 0.01) for window in WINDOWS]
    asked += [
        apart("slo:objective:ratio", "50m", 1e-9),
        apart("slo:current_burn_rate:ratio", "50m", 0.01),
        apart("slo:period_error_budget_remaining:ratio", "50m", 0.02),
    ]
    side_by_side(check, tmp_path, case("2 % are bad", everything(phases), *asked))


def test_on_steady_traffic_both_notify_the_same_people(check: Check, tmp_path: Path) -> None:
    """The same alerts page and create tickets, after ours have waited for symptoms to notify first."""
    firing = 'group by (alertname, severity) (ALERTS{alertstate="firing", alertname=~".+Burn", %s})'
    theirs, ours = firing % 'sloth_severity!=""', firing % 'tier!=""'
    # 2 % is above all limits of 99.9 and 99.95 %, above the ticket limit of 99.5 % and the slow ticket limit of 99 %.
    asked = [
        nothing(f"({theirs} unless {ours}) or ({ours} unless {theirs})", "75m"),
        {"expr": f"count({ours})", "eval_time": "75m", "exp_samples": [{"labels": "{}", "value": 10}]},
    ]
    side_by_side(check, tmp_path, case("2 % are bad", everything([at(2, 80)]), *asked))


def test_after_silence_theirs_is_nan_for_the_rest_of_the_period(check: Check, tmp_path: Path) -> None:
    """For ten minutes without events (0/0), ours has no ratio, and the correct ratio of the period afterwards."""
    given = series(FIRST, [at(1, 20), (20, 0, 0), at(1, 20)])
    period = "slo:sli_error:ratio_rate30d"
    asked = [
        holds(f"{their('slo:sli_error:ratio_rate5m')} != {their('slo:sli_error:ratio_rate5m')}", "30m"),
        nothing(our("slo:sli_error:ratio_rate5m"), "30m"),
        holds(f"{their(period)} != {their(period)}", "60m"),
        holds(f"abs({our(period)} - 0.01) < 0.0001", "60m"),
    ]
    side_by_side(check, tmp_path, case("silence", given, *asked))


def test_without_an_error_series_theirs_is_empty(check: Check, tmp_path: Path) -> None:
    """Without any error ever, Sloth's ratio and budget are empty; ours show no errors and the full budget."""
    given = series(FIRST, [at(0, 20)], errors=False)
    left = "slo:period_error_budget_remaining:ratio"
    asked = [
        nothing(f'{{__name__=~"slo:sli_error:ratio_rate.+|{left}", sloth_slo="{FIRST.slo}"}}', "15m"),
        *(holds(f"{our(f'slo:sli_error:ratio_rate{window}')} == 0", "15m") for window in WINDOWS),
        holds(f"{our(left)} == 1", "15m"),
    ]
    side_by_side(check, tmp_path, case("no error series", given, *asked))


def test_theirs_weighs_a_quiet_time_like_a_busy_one(check: Check, tmp_path: Path) -> None:
    """Half an hour of 100,000 good events per minute and half an hour of 10 with 5 failed give 0.005 %, not 25 %."""
    given = series(FIRST, [(30, 100_000, 0), (30, 5, 5)])
    period = "slo:sli_error:ratio_rate30d"
    truth = 30 * 5 / (30 * 100_000 + 30 * 10)
    asked = [
        holds(f"{their(period)} > 0.2", "60m"),
        holds(f"abs({our(period)} - {truth}) < 0.1 * {truth}", "60m"),
        holds(f"{our('slo:period_error_budget_remaining:ratio')} > 0.9", "60m"),
    ]
    side_by_side(check, tmp_path, case("uneven", given, *asked))


def test_theirs_pages_for_one_failure_in_a_quiet_hour(check: Check, tmp_path: Path) -> None:
    """One failure of five requests in ten minutes fires Sloth's page; ours requires ten failures."""
    given = series(FIRST, [(2, 0, 0), (3, 1, 0), (1, 0, 1), (1, 1, 0), (8, 0, 0)])
    pages = 'ALERTS{alertname="ApiAvailabilityBurn", severity="page", %s}'
    asked = [
        holds(pages % 'sloth_severity="page"', "8m"),
        *(nothing(pages % 'tier!=""', f"{minute}m") for minute in range(2, 15)),
    ]
    side_by_side(check, tmp_path, case("one failure", given, *asked), every="15s")


def test_theirs_are_of_the_same_objectives() -> None:
    """The committed output of Sloth is for the current queries; regenerate it if this fails (sloth/README.md)."""
    expressions = [rule["expr"] for group in yaml.safe_load(THEIRS.read_text())["groups"] for rule in group["rules"]]
    known = {_squeezed(expression) for expression in expressions}
    for spec in yaml.safe_load_all((ALERTS / "slos.yaml").read_text()):
        for slo in spec["slos"]:
            events = slo["sli"]["events"]
            for window in ("5m", "3d"):
                queries = (events[name].replace("{{.window}}", window) for name in ("error_query", "total_query"))
                error, total = (_squeezed(query) for query in queries)
                assert f"({error})/({total})" in known, slo["name"]


def _squeezed(expression: str) -> str:
    return re.sub(r"\s+", "", expression)
