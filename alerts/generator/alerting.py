"""The alerts of an objective, one per tier."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from alerts.generator.durations import seconds
from alerts.generator.recording import Objective, Rule
from alerts.generator.windows import Tier

RUNBOOKS = "/runbooks"


def alerts(objective: Objective) -> Iterator[Rule]:
    """Yield one rule for each tier whose severity the spec does not disable."""
    for name, tier in objective.windows.tiers.items():
        particular = objective.slo.alerting.of(tier.severity)
        if particular.disable:
            continue
        alerting = objective.slo.alerting
        yield {
            "alert": alerting.name,
            "expr": _expression(objective, tier),
            "for": tier.for_,
            "keep_firing_for": tier.keep_firing_for,
            "labels": {
                **objective.labels,
                "severity": tier.severity,
                **alerting.labels,
                **particular.labels,
                "tier": name,
            },
            "annotations": {**_annotations(objective, tier), **alerting.annotations, **particular.annotations},
        }


def _expression(objective: Objective, tier: Tier) -> str:
    limit = f"{tier.factor:g} * {objective.slo.budget:f}"
    # Half an event less, because a rate is extrapolated from the samples in its window.
    fewest = tier.errors - 0.5
    return (
        f"{objective.series(f'slo:sli_error:ratio_rate{tier.long}')} > {limit}\n"
        f"and on () {objective.series(f'slo:sli_error:ratio_rate{tier.short}')} > {limit}\n"
        f"and on () {objective.series(f'slo:sli_errors:rate{tier.long}')} * {seconds(tier.long)} > {fewest:g}"
    )


def _annotations(objective: Objective, tier: Tier) -> dict[str, str]:
    slo, limit = objective.slo, Decimal(str(tier.factor)) * objective.slo.budget
    return {
        "summary": f"{{{{ $value | humanizePercentage }}}} of the events of {slo.name} are bad,"
        f" limit {slo.budget * 100:f}%",
        "value": f"{{{{ $value | humanizePercentage }}}} of {tier.long}",
        "threshold": f"above {(limit * 100).normalize():f}% over {tier.long} and over {tier.short} ({tier.factor:g}"
        f" times the allowed ratio), with at least {tier.errors} errors",
        "impact": slo.description or f"The objective of {slo.objective}% will be missed.",
        "runbook_url": f"{RUNBOOKS}/{slo.alerting.name}",
    }
