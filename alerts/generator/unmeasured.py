"""The alert on objectives that are not measured. Without events, an error budget appears unused."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.generator.recording import Objective, Rule

NAME = "SloUnmeasured"
# Longer than building the telemetry servers takes on the first start.
PATIENCE = "1h"


def unmeasured(objectives: Sequence[Objective]) -> Rule:
    """Return the alert on objectives without a series of events, for example after a metric was renamed."""
    base = objectives[0].windows.base
    return {
        "alert": NAME,
        "expr": f"slo:objective:ratio\nunless on (slo, service) slo:sli_events:rate{base}",
        "for": PATIENCE,
        "labels": {"severity": "ticket", "service": "{{ $labels.service }}", "layer": "cause"},
        "annotations": {
            "summary": "The objective {{ $labels.slo }} is not measured: its metrics are missing",
            "value": "no series",
            "threshold": f"no series of its events for {PATIENCE}",
            "impact": "Customers may be affected without a notification: the error budget cannot be calculated.",
            "runbook_url": f"/runbooks/{NAME}",
            "dashboard_url": "/dashboards/glasshouse-slo",
            "log_query": '{service_name=~".+", level=~"WARNING|ERROR"}',
            "metric_query": f"slo:sli_events:rate{base}",
        },
    }
