"""One alert in Prometheus's format."""

from __future__ import annotations

from typing import Any

from glasshouse_observability.monitoring.service import Service

Rule = dict[str, Any]

PAGE, TICKET = "page", "ticket"


def alert(
    service: Service,
    name: str,
    expr: str,
    *,
    severity: str,
    for_: str,
    summary: str,
    first_step: str,
    keep: str = "5m",
    **labels: str,
) -> Rule:
    """Return an alert. ``summary`` states the value and its limit, ``first_step`` what to look at first.

    ``keep`` bridges gaps of the metrics, so that an alert does not resolve because a scrape failed.
    """
    return {
        "alert": name,
        "expr": expr,
        "for": for_,
        "keep_firing_for": keep,
        "labels": {"service": service.name, "severity": severity, **labels},
        "annotations": {
            "summary": f"{service.name}: {summary}",
            "description": first_step,
            "runbook_url": service.runbook(name),
        },
    }
