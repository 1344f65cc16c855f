"""Alerts in the form in which the pages show them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from console.inbox.webhook import web_link
from console.servers.alertmanager import ActiveAlert

_ORDER = {"page": 0, "ticket": 1}


def firing(alerts: Iterable[ActiveAlert]) -> list[dict[str, Any]]:
    """Return the alerts that notify people, pages first. Internal alerts (severity ``none``) are omitted."""
    shown = [entry(alert) for alert in alerts if alert.labels.get("severity") != "none"]
    return sorted(shown, key=lambda alert: (alert["rank"], alert["since"]))


def entry(alert: ActiveAlert) -> dict[str, Any]:
    """Return one alert; its links are validated, because annotations contain label values."""
    said = alert.annotations
    severity = alert.labels.get("severity", "")
    return {
        "name": alert.name,
        "severity": severity,
        "rank": _ORDER.get(severity, 2),
        "state": alert.state,
        "since": alert.starts_at,
        "summary": said.get("summary", alert.summary),
        "impact": said.get("impact", ""),
        "value": said.get("value", ""),
        "threshold": said.get("threshold", ""),
        "service": alert.labels.get("service", ""),
        "labels": dict(alert.labels),
        "runbook": web_link(said.get("runbook_url", "")),
        "dashboard": web_link(said.get("dashboard_url", "")),
        "metric_query": said.get("metric_query", ""),
        "log_query": said.get("log_query", ""),
        "fingerprint": alert.fingerprint,
        "silenced_by": list(alert.silenced_by),
        "inhibited": bool(alert.inhibited_by),
        "receivers": list(alert.receivers),
    }
