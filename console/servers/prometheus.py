"""Prometheus' query interface: samples of one moment, and exemplars."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from console.servers.http import JsonServer
from console.times import rfc3339


@dataclass(frozen=True, slots=True)
class Sample:
    """One series' value at one moment."""

    labels: Mapping[str, str]
    value: float


@dataclass(frozen=True, slots=True)
class Exemplar:
    """One observation that was kept as an example of its bucket: ``at`` in s since the epoch."""

    series: Mapping[str, str]
    labels: Mapping[str, str]
    value: float
    at: float

    @property
    def trace_id(self) -> str:
        """The trace of the observed request; empty if it carries none."""
        return self.labels.get("trace_id", "")


class Prometheus:
    """Reads metrics."""

    def __init__(self, server: JsonServer) -> None:
        self._server = server

    def query(self, expression: str) -> list[Sample]:
        """Return an instant vector, evaluated now."""
        return self._server.get("/api/v1/query", {"query": expression}, samples_of)

    def exemplars(self, selector: str, start: datetime, end: datetime) -> list[Exemplar]:
        """Return the exemplars of the selected series between two moments, oldest first."""
        asked = {"query": selector, "start": rfc3339(start), "end": rfc3339(end)}
        return self._server.get("/api/v1/query_exemplars", asked, exemplars_of)


def samples_of(answer: Mapping[str, Any]) -> list[Sample]:
    """Return the samples of an instant vector."""
    return [Sample(series["metric"], float(series["value"][1])) for series in answer["data"]["result"]]


def exemplars_of(answer: Mapping[str, Any]) -> list[Exemplar]:
    """Return the exemplars of Prometheus' answer in one list, oldest first."""
    found = [
        Exemplar(series["seriesLabels"], one["labels"], float(one["value"]), float(one["timestamp"]))
        for series in answer["data"] or ()
        for one in series["exemplars"]
    ]
    return sorted(found, key=lambda exemplar: exemplar.at)
