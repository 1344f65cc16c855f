"""Prometheus' query interface: samples at a single time, and exemplars."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.servers.http import JsonServer
from console.times import rfc3339


@dataclass(frozen=True, slots=True)
class Sample:
    """One series' value at a single time."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation that was stored as the exemplar of its bucket: ``at`` in s since the epoch."""

    series: Mapping[str, str]
    labels: Mapping[str, str]
    value: float
    at: float

    @property
    def trace_id(self) -> str:
        """The trace of the observed request; empty if the exemplar has none."""
        return self.labels.get("trace_id", "")


class Prometheus:
    """Reads metrics."""

    def __init__(self, server: JsonServer) -> None:
        self._server = server

    def query(self, expression: str) -> list[Sample]:
        """Return an instant vector, evaluated now."""
        return self._server.get("/api/v1/query", {"query": expression}, samples_of)

    def range(self, expression: str, start: float, end: float, step: float) -> list[dict[str, Any]]:
        """Return a matrix: for each series its ``labels`` and ``values`` ([time, value or None], s since the epoch)."""
        asked = {"query": expression, "start": start, "end": end, "step": step, "timeout": "4s"}
        return self._server.get("/api/v1/query_range", asked, series_of)

    def label_values(self, label: str, selector: str, start: float, end: float) -> list[str]:
        """Return the values of a label in the selected series (all series if there is no selector)."""
        asked: dict[str, Any] = {"start": start, "end": end}
        if selector:
            asked["match[]"] = selector
        path = f"/api/v1/label/{label}/values"
        return self._server.get(path, asked, lambda answer: [str(value) for value in answer["data"]])

    def exemplars(self, selector: str, start: datetime, end: datetime) -> list[Exemplar]:
        """Return the exemplars of the selected series between two times, oldest first."""
        asked = {"query": selector, "start": rfc3339(start), "end": rfc3339(end)}
        return self._server.get("/api/v1/query_exemplars", asked, exemplars_of)


def samples_of(answer: Mapping[str, Any]) -> list[Sample]:
    """Return the samples of an instant vector."""
    return [Sample(series["metric"], float(series["value"][1])) for series in answer["data"]["result"]]


def series_of(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the series of a matrix or of an instant vector; NaN and Inf become None for JSON."""
    return [
        {"labels": series["metric"], "values": [_point(*pair) for pair in series.get("values") or [series["value"]]]}
        for series in answer["data"]["result"]
    ]


def _point(at: float, text: str) -> list[float | None]:
    value = float(text)
    return [at, value if math.isfinite(value) else None]


def exemplars_of(answer: Mapping[str, Any]) -> list[Exemplar]:
    """Return the exemplars of Prometheus' response in one list, oldest first."""
    found = [
        Exemplar(series["seriesLabels"], one["labels"], float(one["value"]), float(one["timestamp"]))
        for series in answer["data"] or ()
        for one in series["exemplars"]
    ]
    return sorted(found, key=lambda exemplar: exemplar.at)
