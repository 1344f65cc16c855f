"""Each tier of each objective fires above its limit and not below, resolves in time, and ignores too few events."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.rules.alerts import rules
from tests.rules.files import ALERTS, Check
from tests.rules.slo_cases import KNOWN, PENDING, RESET, Known, at, case, fires, series

FASTEST_LAST = ("ticket-slow", "ticket-fast", "page-slow", "page-fast")
each_objective = pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.slo)


def run(check: Check, folder: Path, known: Known, *cases: dict[str, Any], every: str = "1m") -> None:
    """Run promtool with the cases on the committed rules of one objective, because all rules would take long."""
    groups = yaml.safe_load((ALERTS / "rules" / f"slo-{known.service}.yml").read_text())["groups"]
    own = [group for group in groups if known.slo in group["name"]]
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": own}))
    content = {"rule_files": ["rules.yml"], "evaluation_interval": every, "tests": list(cases)}
    (folder / "cases.yml").write_text(yaml.safe_dump(content))
    check("promtool", "test", "rules", folder / "cases.yml")


def slower_than(tier: str, known: Known) -> list[str]:
    return [name for name in FASTEST_LAST[: FASTEST_LAST.index(tier)] if name in known.limits]


@each_objective
def test_each_tier_fires_just_above_its_limit_and_not_just_below(check: Check, tmp_path: Path, known: Known) -> None:
    """A tier fires 2 % above its limit after its time, with slower tiers but no faster one, and not 2 % below."""
    cases = []
    for tier, limit in known.limits.items():
        slower = slower_than(tier, known)
        waits = int(PENDING[tier].removesuffix("m"))
        above = series(known, [at(limit * 1.02, 75)])
        below = series(known, [at(limit * 0.98, 75)])
        due = [name for name in (*slower, tier) if int(PENDING[name].removesuffix("m")) < waits]
        cases += [
            case(f"{tier}: above", above, fires(known, f"{waits}m", *due), fires(known, "70m", *slower, tier)),
            case(f"{tier}: below", below, fires(known, "70m", *slower)),
        ]
    run(check, tmp_path, known, *cases)


@each_objective
def test_pages_are_over_when_their_short_window_is_clean(check: Check, tmp_path: Path, known: Known) -> None:
    """After ten bad minutes, the fast page resolves 5 minutes later and the slow one 30 minutes later."""
    given = series(known, [at(0, 60), at(95, 10), at(0, 45)])
    run(
        check,
        tmp_path,
        known,
        case(
            "ten bad minutes",
            given,
            fires(known, "60m"),
            fires(known, "70m", "page-fast", "page-slow"),
            fires(known, "74m", "page-fast", "page-slow", "ticket-fast"),
            fires(known, "77m", "page-slow", "ticket-fast"),
            fires(known, "95m", "page-slow", "ticket-fast"),
            fires(known, "102m", "ticket-fast"),
        ),
    )


@each_objective
def test_tickets_are_over_when_their_short_window_is_clean(check: Check, tmp_path: Path, known: Known) -> None:
    """After ten bad minutes, the fast ticket resolves two hours later and the slow one six hours later."""
    given = series(known, [at(0, 60), at(95, 10), at(0, 385)])
    run(
        check,
        tmp_path,
        known,
        case(
            "ten bad minutes",
            given,
            fires(known, "3h", "ticket-fast", "ticket-slow"),
            fires(known, "3h30m", "ticket-slow"),
            fires(known, "7h", "ticket-slow"),
            fires(known, "7h30m"),
        ),
    )


@each_objective
def test_silence_restarts_gaps_and_missing_series_are_no_alert(check: Check, tmp_path: Path, known: Known) -> None:
    """Silence, restarts, gaps and missing series cause no alert and no NaN: without events there is no ratio."""
    selector = f'{{slo="{known.slo}"}}'
    ratio = f"count(slo:sli_error:ratio_rate5m{selector})"
    nothing: list[Any] = []
    one = [{"labels": "{}", "value": 1}]
    silence = series(known, [at(0, 20), (40, 0, 0)])
    restarts = series(known, [at(0, 20), RESET, at(0, 20), RESET, at(0, 20)])
    clean = series(known, [at(0, 40)], errors=False)
    never = {"expr": f'ALERTS{{alertname="{known.alert}"}}', "exp_samples": nothing}
    run(
        check,
        tmp_path,
        known,
        case(
            "silence",
            silence,
            {"expr": ratio, "eval_time": "15m", "exp_samples": one},
            {"expr": ratio, "eval_time": "30m", "exp_samples": nothing},
            {"expr": f"slo:sli_error:ratio_rate30d{selector} == 0", "eval_time": "60m", "exp_samples": zero(known)},
            {**never, "eval_time": "60m"},
        ),
        case("the counters restart at zero", restarts, {**never, "eval_time": "25m"}, {**never, "eval_time": "59m"}),
        case(
            "no bad event ever, so no series of them",
            clean,
            {"expr": f"slo:sli_error:ratio_rate5m{selector}", "eval_time": "30m", "exp_samples": zero(known, "5m")},
            {**never, "eval_time": "40m"},
        ),
        case(
            "no series at all",
            [{"series": "up", "values": "1x160"}],
            {
                "expr": f'count({{__name__=~"slo:sli.+", slo="{known.slo}"}})',
                "eval_time": "30m",
                "exp_samples": nothing,
            },
            {**never, "eval_time": "30m"},
        ),
    )


def zero(known: Known, window: str = "30d") -> list[dict[str, Any]]:
    scope, team = ("telemetry", "platform") if known.service == "telemetry" else ("shop", "shop")
    labels = f'{{slo="{known.slo}", service="{known.service}", team="{team}", scope="{scope}"}}'
    return [{"labels": f"slo:sli_error:ratio_rate{window}{labels}", "value": 0}]


@each_objective
def test_few_failures_in_a_quiet_time_are_no_alert(check: Check, tmp_path: Path, known: Known) -> None:
    """Nine bad of nine events do not fire; twelve of twelve do."""
    nine, twelve = (series(known, [(1, 0, 0), (failures, 0, 1), (20, 0, 0)]) for failures in (9, 12))
    run(
        check,
        tmp_path,
        known,
        case("nine", nine, *(fires(known, f"{minute}m") for minute in (8, 13, 24))),
        case("twelve", twelve, fires(known, "24m", "page-slow", "ticket-fast")),
        every="15s",
    )


def test_every_tier_of_every_objective_is_known() -> None:
    """The rules contain exactly the objectives and tiers of these cases."""
    wanted = {(known.alert, tier) for known in KNOWN for tier in known.limits}
    assert {
        (rule["alert"], rule["labels"]["tier"]) for rule in rules() if rule["labels"].get("layer") == "budget"
    } == wanted
