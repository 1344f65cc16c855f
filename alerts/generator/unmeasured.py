"""The alert on objectives without a measurement: a budget that no event can spend looks like one that is kept."""

from __future__ import annotations

from collections.abc import Sequence

from alerts.generator.recording import Objective, Rule

NAME = "SloUnmeasured"
# Longer than the telemetry servers may be built for before they join.
PATIENCE = "1h"


def unmeasured(objectives: Sequence[Objective]) -> Rule:
    """Fires where there is an objective and no series of its events: a metric renamed, a target gone."""
    base = objectives[0].windows.base
    return {
        "alert": NAME,
        "expr": f"slo:objective:ratio\nunless on (slo, service) slo:sli_events:rate{base}",
        "for": PATIENCE,
        "labels": {"severity": "ticket", "service": "{{ $labels.service }}", "layer": "cause"},
        "annotations": {
            "summary": "Nothing is known of the objective {{ $labels.slo }}: its metrics are missing",
            "value": "no series",
            "threshold": f"no series of its events for {PATIENCE}",
            "impact": "Its budget may be spent without a notification.",
            "runbook_url": f"/runbooks/{NAME}",
            "dashboard_url": "/dashboards/glasshouse-slo",
            "log_query": '{service_name=~".+", level=~"WARNING|ERROR"}',
            "metric_query": f"slo:sli_events:rate{base}",
        },
    }
