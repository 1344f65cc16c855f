"""The dashboard: its variables, annotations and layout."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Sequence
from typing import Any

from glasshouse_observability.monitoring.dashboard import http_rows, process_rows
from glasshouse_observability.monitoring.dashboard.panels import SOURCE, Row
from glasshouse_observability.monitoring.promql import quoted
from glasshouse_observability.monitoring.service import Service

COLUMNS, HEIGHT = 24, 8
SCHEMA_VERSION = 39
"""Grafana 11's version of the model; newer ones migrate it when they load it."""


def rows(service: Service) -> Iterator[Row]:
    """Yield the rows of the parts that the service uses."""
    if service.has("http"):
        yield http_rows.requests(service)
    if service.has("slo") and (service.has("http") or service.has("jobs")):
        yield http_rows.objectives(service)
    if service.has("jobs"):
        yield process_rows.jobs_row(service)
    if service.has("databases"):
        yield process_rows.databases(service)
    if service.has("http-client"):
        yield http_rows.outgoing(service)
    yield process_rows.processes(service)


def model(service: Service) -> dict[str, Any]:
    """Return the dashboard as Grafana saves it."""
    return {
        "uid": _uid(service.name),
        "title": f"{service.name} (glasshouse-observability)",
        "description": "Requests, objectives, jobs, databases, outgoing requests, and the telemetry of the processes.",
        "tags": ["glasshouse-observability"],
        "schemaVersion": SCHEMA_VERSION,
        "editable": True,
        "graphTooltip": 1,
        "timezone": "browser",
        "time": {"from": "now-1h", "to": "now"},
        "refresh": "30s",
        "templating": {"list": _variables(service)},
        "annotations": {"list": [_alerts(service), _versions(service)]},
        "panels": list(_placed(list(rows(service)))),
    }


def text(service: Service) -> str:
    """Return the dashboard as JSON."""
    return json.dumps(model(service), indent=2, ensure_ascii=False) + "\n"


def _uid(name: str) -> str:
    """Return an identifier of at most 40 characters that depends on the name only: an import replaces the last one."""
    readable = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:22]
    return f"service-{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _placed(found: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Lay out rows and panels from left to right and from top to bottom, and number them."""
    number, y = 0, 0
    for row in found:
        number += 1
        position = {"h": 1, "w": COLUMNS, "x": 0, "y": y}
        yield {
            "id": number,
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "panels": [],
            "gridPos": position,
        }
        x, y = 0, y + 1
        for panel in row.panels:
            if x + panel.width > COLUMNS:
                x, y = 0, y + HEIGHT
            number += 1
            yield panel.model(number, x, y, HEIGHT)
            x += panel.width
        y += HEIGHT


def _variables(service: Service) -> list[dict[str, Any]]:
    ups = [selector.of("up") for selector in service.processes()]
    chosen = [selector.of("up", 'job=~"$job"') for selector in service.processes()]
    return [
        {
            "name": "datasource",
            "label": "Data source",
            "type": "datasource",
            "query": "prometheus",
            "current": {},
            "hide": 0,
            "refresh": 1,
            "regex": "",
            "multi": False,
            "includeAll": False,
        },
        _choice("job", "Job", "Jobs of the scrape configuration.", ups),
        _choice("instance", "Instance", "Processes of the selected jobs.", chosen),
    ]


def _choice(name: str, label: str, description: str, ups: Sequence[str]) -> dict[str, Any]:
    """Return a variable that selects any number of a label's values, by default all that its query finds."""
    query = f"query_result({' or '.join(f'group by ({name}) ({up})' for up in ups)})"
    return {
        "name": name,
        "label": label,
        "description": description,
        "type": "query",
        "datasource": SOURCE,
        "query": {"query": query, "refId": name},
        "definition": query,
        "regex": f'/{name}="([^"]+)"/',
        "refresh": 2,
        "sort": 1,
        "multi": True,
        "includeAll": True,
        "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
        "hide": 0,
    }


def _alerts(service: Service) -> dict[str, Any]:
    firing = f'max by (alertname, severity) (ALERTS{{service={quoted(service.name)}, alertstate="firing"}})'
    return _annotation("Alerts", "red", firing, "{{alertname}}", "{{severity}}")


def _versions(service: Service) -> dict[str, Any]:
    """Return the annotation of a version that was not there a minute before: a deployment."""
    info = service.processes()[0].of("service_info")
    by = "group by (service_name, service_version)"
    new = f"{by} ({info}) unless {by} ({info} offset 1m)"
    return _annotation("Deployments", "blue", new, "{{service_name}}", "version {{service_version}}")


def _annotation(name: str, color: str, expr: str, title: str, text: str) -> dict[str, Any]:
    return {
        "name": name,
        "datasource": SOURCE,
        "enable": True,
        "hide": False,
        "iconColor": color,
        "expr": expr,
        "titleFormat": title,
        "textFormat": text,
        "step": "30s",
    }
