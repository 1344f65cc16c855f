"""Burn-rate alerts: each tier fires just above its limit and not below, and silence, restarts and gaps are no alert."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from glasshouse_observability.monitoring import yaml_text
from glasshouse_observability.monitoring.rules.file import groups, text
from library_support.alert_cases import BAD, GOOD, HTTP, JOB, MAIL, WEB, WHOLE, WORKER, Case
from library_support.promtool import check_cases

MANY = 100_000
"""Events per minute: enough for percentages with three digits."""
PENDING = {"page-fast": 2, "page-slow": 5, "ticket-fast": 15, "ticket-slow": 60}
"""Minutes for which the condition must hold."""
SLOWEST_FIRST = ("ticket-slow", "ticket-fast", "page-slow", "page-fast")


@dataclass(frozen=True)
class Known:
    """A hand-written objective: its alert, its limits in percent, and the series of good, bad and all events."""

    slo: str
    alert: str
    limits: tuple[float, float, float, float]
    """The percentages of bad events above which the tiers fire, slowest first."""
    good: tuple[str, ...]
    bad: str = ""
    both: str = ""
    always: str = ""


KNOWN = [
    Known(
        "availability", "AvailabilityBudgetBurn", (0.1, 0.3, 0.6, 1.44),
        good=(f"{HTTP}_count{{{WEB}, {GOOD}}}",), bad=f"{HTTP}_count{{{WEB}, {BAD}}}",
    ),
    Known(
        "latency", "LatencyBudgetBurn", (1, 3, 6, 14.4),
        good=(f'{HTTP}_bucket{{{WEB}, {GOOD}, le="0.5"}}',), both=f"{HTTP}_count{{{WEB}, {GOOD}}}",
    ),
    Known(
        "jobs", "JobBudgetBurn", (1, 3, 6, 14.4),
        good=(f'{JOB}_count{{{WORKER}, {MAIL}, outcome="finished"}}',),
        bad=f'{JOB}_count{{{WORKER}, {MAIL}, outcome="crashed"}}',
        always=f"rq_queue_scrape_errors_total{{{WORKER}}}",
    ),
]  # fmt: skip
each_objective = pytest.mark.parametrize("known", KNOWN, ids=lambda known: known.slo)
Phase = tuple[int, int, int] | str
"""A number of minutes with good and bad events each, ``reset`` for counters that begin at 0, ``gap`` for no samples."""


def series(known: Known, phases: Sequence[Phase], *, errors: bool = True) -> list[dict[str, str]]:
    found = [{"series": name, "values": values(phases, 1, 0)} for name in known.good]
    if known.bad and errors:
        found.append({"series": known.bad, "values": values(phases, 0, 1)})
    if known.both:
        found.append({"series": known.both, "values": values(phases, 1, 1)})
    if known.always:
        found.append({"series": known.always, "values": "0x600"})
    return found


def values(phases: Sequence[Phase], goods: int, bads: int) -> str:
    parts, total = ["0"], 0
    for phase in phases:
        if phase == "reset":
            total = 0
        elif phase == "gap":
            parts.append("_x3")
        elif not isinstance(phase, str):
            minutes, good, bad = phase
            each = goods * good + bads * bad
            parts.append(f"{total + each}+{each}x{minutes - 1}")
            total += each * minutes
    return " ".join(parts)


def at(percent: float, minutes: int) -> Phase:
    bad = round(MANY * percent / 100)
    return minutes, MANY - bad, bad


def fires(known: Known, when: str, *tiers: str) -> dict[str, Any]:
    return {
        "expr": f'count by (tier) (ALERTS{{alertname="{known.alert}", alertstate="firing"}})',
        "eval_time": when,
        "exp_samples": [{"labels": f'{{tier="{tier}"}}', "value": 1} for tier in tiers],
    }


def run(folder: Path, known: Known, *cases: tuple[str, list[dict[str, str]], list[dict[str, Any]]], every: str) -> None:
    """Run cases on the rules of one objective; evaluating all rules for hours takes long."""
    own = [group for group in groups(WHOLE) if f"slo-{known.slo}" in group["name"]]
    tests = [
        {"name": name, "interval": "1m", "input_series": given, "promql_expr_test": expected}
        for name, given, expected in cases
    ]
    check_cases(folder, yaml_text.dump({"groups": own}), *tests, every=every)


@each_objective
def test_each_tier_fires_just_above_its_limit_and_not_just_below(tmp_path: Path, known: Known) -> None:
    """A tier fires 2 % above its limit after its time, with slower tiers but no faster one, and not 2 % below."""
    cases = []
    for index, tier in enumerate(SLOWEST_FIRST):
        slower, limit, waits = SLOWEST_FIRST[:index], known.limits[index], PENDING[tier]
        due = [name for name in (*slower, tier) if PENDING[name] < waits]
        above, below = series(known, [at(limit * 1.02, 75)]), series(known, [at(limit * 0.98, 75)])
        cases += [
            (f"{tier}: above", above, [fires(known, f"{waits}m", *due), fires(known, "70m", *slower, tier)]),
            (f"{tier}: below", below, [fires(known, "70m", *slower)]),
        ]
    run(tmp_path, known, *cases, every="1m")


@each_objective
def test_pages_end_when_their_short_window_is_clean(tmp_path: Path, known: Known) -> None:
    """After 20 bad minutes, the fast page ends after 5 minutes and the slow one after 30, plus the 5 they keep."""
    given = series(known, [at(0, 60), at(95, 20), at(0, 60)])
    expected = [
        fires(known, "60m"),
        fires(known, "74m", "page-fast", "page-slow"),
        fires(known, "95m", "page-slow", "ticket-fast"),
        fires(known, "118m", "ticket-fast"),
    ]
    run(tmp_path, known, ("20 bad minutes", given, expected), every="1m")


@each_objective
def test_silence_restarts_gaps_and_missing_series_are_no_alert(tmp_path: Path, known: Known) -> None:
    """Silence, restarts, gaps and missing series cause no alert and no NaN: without events there is no ratio."""
    ratio = f'slo:sli_error:ratio_rate%s{{slo="{known.slo}"}}'
    one, zero = [{"labels": "{}", "value": 1}], [{"labels": "{}", "value": 0}]
    never = {"expr": f'ALERTS{{alertname="{known.alert}"}}', "exp_samples": []}
    run(
        tmp_path,
        known,
        (
            "silence",
            series(known, [at(0, 20), (60, 0, 0)]),
            [
                {"expr": f"count({ratio % '5m'})", "eval_time": "15m", "exp_samples": one},
                {"expr": f"count({ratio % '5m'})", "eval_time": "40m", "exp_samples": []},
                {"expr": f"sum({ratio % '30d'})", "eval_time": "80m", "exp_samples": zero},
                {**never, "eval_time": "80m"},
            ],
        ),
        (
            "the counters restart at zero, after a gap",
            series(known, [at(0, 20), "gap", "reset", at(0, 20), "reset", at(0, 20)]),
            [{**never, "eval_time": f"{minute}m"} for minute in (22, 25, 45, 60)],
        ),
        (
            "no bad event ever, so no series of them",
            series(known, [at(0, 40)], errors=False),
            [{"expr": f"sum({ratio % '5m'})", "eval_time": "30m", "exp_samples": zero}, {**never, "eval_time": "40m"}],
        ),
        (
            "no series at all",
            [{"series": "up", "values": "1x160"}],
            [{"expr": f"count({ratio % '5m'})", "eval_time": "30m", "exp_samples": []}, {**never, "eval_time": "30m"}],
        ),
        every="1m",
    )


@each_objective
def test_few_failures_in_a_quiet_time_are_no_alert(tmp_path: Path, known: Known) -> None:
    """Nine bad of nine events do not fire; twelve of twelve do."""
    nine, twelve = (series(known, [(5, 0, 0), (bad, 0, 1), (30, 0, 0)]) for bad in (9, 12))
    run(
        tmp_path,
        known,
        ("nine", nine, [fires(known, f"{minute}m") for minute in (10, 14, 20, 25, 40)]),
        ("twelve", twelve, [fires(known, "22m", "page-fast", "page-slow")]),
        every="30s",
    )


def test_a_busy_hour_weighs_more_than_a_quiet_one(tmp_path: Path) -> None:
    """Errors and events are summed before the division: 60 quiet minutes that fail are 1 % of a busy hour's events."""
    known = KNOWN[0]
    given = series(known, [(60, 0, 10), (60, 990, 0), (10, 0, 0)])
    ratio = f'slo:sli_error:ratio_rate6h{{slo="{known.slo}"}}'
    expected = [
        {
            "expr": f"count({ratio} > 0.0099 < 0.0101)",
            "eval_time": "2h10m",
            "exp_samples": [{"labels": "{}", "value": 1}],
        }
    ]
    run(tmp_path, known, ("weights", given, expected), every="1m")


def test_a_latency_without_its_bucket_is_unknown_and_not_met(tmp_path: Path) -> None:
    """If the histogram has no such bucket, there is no ratio; MetricsAbsent reports the cause."""
    known = replace(KNOWN[1], good=())
    none = {"expr": 'slo:sli_error:ratio_rate5m{slo="latency"}', "eval_time": "30m", "exp_samples": []}
    run(tmp_path, known, ("no bucket", series(known, [at(0, 40)]), [none]), every="1m")


def test_a_healthy_service_with_objectives_is_silent(tmp_path: Path) -> None:
    """The whole rule file, objectives included, fires nothing for a healthy service."""
    case = Case("a healthy service", {}, "60m", service=WHOLE).test()
    check_cases(tmp_path, text(WHOLE, "test"), case, every="1m")
