"""Alerts on the telemetry itself. All are tickets, because the users of the application are not affected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from glasshouse_observability.monitoring import promql
from glasshouse_observability.monitoring.rules.alert import TICKET, Rule, alert
from glasshouse_observability.monitoring.service import Service

WINDOW = "15m"


@dataclass(frozen=True)
class _Loss:
    """A counter that must not increase."""

    alert: str
    metric: str
    matcher: str
    by: str
    what: str
    first_step: str


_LOSSES = (
    _Loss(
        "SpansLost",
        "telemetry_spans_exported_total",
        'outcome="lost"',
        "instance",
        "spans of {{ $labels.instance }} were lost",
        "Check that the OTLP receiver accepts spans; the log event telemetry.spans_lost has the reason.",
    ),
    _Loss(
        "LogLinesLost",
        "telemetry_log_lines_total",
        'outcome="lost"',
        "instance",
        "log lines of {{ $labels.instance }} were lost",
        "Check the free space of the log file's file system, and whether the reader of standard output keeps up.",
    ),
    _Loss(
        "LabelsOverflowing",
        "telemetry_label_overflow_total",
        "",
        "metric, label",
        "observations of {{ $labels.metric }} were counted under other values of {{ $labels.label }}",
        "Find out which values the label takes; use a value of a limited set, such as a kind instead of an id.",
    ),
    _Loss(
        "TelemetryErrors",
        "telemetry_errors_total",
        "",
        "where",
        "errors of the telemetry occurred in {{ $labels.where }}",
        "Read the log event telemetry.error, which has the traceback; the application itself was not affected.",
    ),
)


def rules(service: Service) -> Iterator[Rule]:
    """Yield the alerts, for each role."""
    for role, selector in service.roles():
        for loss in _LOSSES:
            yield alert(
                service,
                loss.alert,
                f"{promql.increased(selector.of(loss.metric, loss.matcher), selector.of('up'), WINDOW, loss.by)} > 0",
                severity=TICKET,
                for_="0s",
                role=role,
                summary=f'{{{{ $value | printf "%.0f" }}}} {loss.what} in {WINDOW}, limit 0',
                first_step=loss.first_step,
            )
