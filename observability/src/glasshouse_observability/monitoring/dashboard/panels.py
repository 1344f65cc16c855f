"""Panels, with their common appearance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

SOURCE = {"type": "prometheus", "uid": "${datasource}"}

SECONDS, REQUESTS, OPERATIONS, RATIO, BYTES, COUNT = "s", "reqps", "ops", "percentunit", "bytes", "short"
BURN = "suffix:×"
"""A multiple of the rate that uses up the error budget exactly."""


@dataclass(frozen=True)
class Query:
    """One PromQL query of a panel, over the dashboard's time range."""

    expr: str
    legend: str
    exemplar: bool = False


@dataclass(frozen=True)
class Panel:
    """A panel and its width in the 24 columns. ``limit`` draws a line, with red above it."""

    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    width: int = 8
    kind: str = "timeseries"
    limit: float | None = None
    low_is_bad: bool = False
    stacked: bool = False
    maximum: float | None = None

    def model(self, number: int, x: int, y: int, height: int) -> dict[str, Any]:
        """Return the panel as Grafana saves it, at a position of the grid."""
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": SOURCE,
            "gridPos": {"h": height, "w": self.width, "x": x, "y": y},
            "targets": [self._target(query, "ABCDEFGH"[index]) for index, query in enumerate(self.queries)],
            "options": _OPTIONS[self.kind],
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
        }

    def _target(self, query: Query, name: str) -> dict[str, Any]:
        return {
            "refId": name,
            "datasource": SOURCE,
            "editorMode": "code",
            "expr": query.expr,
            "legendFormat": query.legend,
            "range": True,
            "instant": False,
            "exemplar": query.exemplar,
        }

    def _defaults(self) -> dict[str, Any]:
        defaults: dict[str, Any] = {"unit": self.unit, "thresholds": {"mode": "absolute", "steps": self._steps()}}
        if self.kind == "timeseries":
            defaults |= {"min": 0, "color": {"mode": "palette-classic"}, "custom": self._custom()}
        else:
            defaults["color"] = {"mode": "thresholds"}
        if self.maximum is not None:
            defaults["max"] = self.maximum
        return defaults

    def _custom(self) -> dict[str, Any]:
        return {
            "drawStyle": "line",
            "lineWidth": 1,
            "fillOpacity": 30 if self.stacked else 8,
            "showPoints": "never",
            "stacking": {"mode": "normal" if self.stacked else "none", "group": "A"},
            "thresholdsStyle": {"mode": "off" if self.limit is None else "dashed"},
        }

    def _steps(self) -> list[dict[str, Any]]:
        if self.limit is None:
            return [{"color": "text", "value": None}]
        below, above = ("red", "green") if self.low_is_bad else ("green", "red")
        return [{"color": below, "value": None}, {"color": above, "value": self.limit}]


_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "colorMode": "value",
        "graphMode": "area",
        "textMode": "auto",
    },
}


@dataclass(frozen=True)
class Row:
    """A heading and the panels below it."""

    title: str
    panels: Sequence[Panel]
