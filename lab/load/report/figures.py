"""The run's figures for programs (``report.json``)."""

from __future__ import annotations

from typing import Any

from lab.load.report.lines import disagreements
from lab.load.run.runner import Result
from lab.load.tally import Histogram, Outcome, Tally
from lab.load.verify.agreement import QUANTILES


def figures(result: Result, at: str, machine: dict[str, Any]) -> dict[str, Any]:
    """Return the figures, with durations in seconds. ``agreement`` contains Prometheus' figures."""
    tally, agreement = result.tally, result.agreement
    return {
        "at": at,
        "machine": machine,
        "profile": result.profile.as_json(),
        "ended": result.ended,
        "seconds": result.seconds,
        "users": max((moment.users for moment in result.moments), default=0),
        "requests": tally.count(),
        "requests_per_second": round(tally.count() / max(result.seconds, 1e-3), 2),
        "errors": tally.errors.total(),
        "errors_by": [
            {"by": by, "status": status, "requests": count} for (by, status), count in tally.errors.most_common()
        ],
        **_quantiles(tally.durations),
        "orders": dict(result.orders),
        "generator_late": _quantiles(result.lag),
        "agreement": {
            "agrees": not disagreements(result),
            "differences": disagreements(result),
            "answered_by_api": agreement.sent,
            "counted_by_prometheus": agreement.counted,
            "quantiles": [
                {
                    "quantile": one.q,
                    "here": _round(one.sent),
                    "prometheus": _round(one.counted),
                    "bucket": [bound if bound != float("inf") else "+Inf" for bound in one.bucket or ()],
                    "agrees": one.agrees,
                }
                for one in agreement.quantiles
            ],
        },
        "broken": {"step": result.broken.step, "users": result.broken.users, "what": result.broken.what}
        if result.broken
        else None,
        "outcomes": [_outcome(outcome, tally) for outcome in sorted(tally.outcomes)],
        "course": [
            {
                "at": moment.at,
                "users": moment.users,
                "requests_per_second": round(moment.rate, 2),
                "errors": moment.tally.errors.total(),
                **_quantiles(moment.tally.durations),
                "cores": dict(moment.cores),
                "machine": moment.machine,
            }
            for moment in result.moments
        ],
    }


def _outcome(outcome: Outcome, tally: Tally) -> dict[str, Any]:
    histogram = tally.outcomes[outcome]
    return {**outcome._asdict(), "requests": histogram.total, **_quantiles(histogram)}


def _quantiles(histogram: Histogram) -> dict[str, float | None]:
    return {f"p{q * 100:g}": _round(histogram.quantile(q)) for q in QUANTILES}


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 5)
