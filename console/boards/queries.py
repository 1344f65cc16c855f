"""The questions of a dashboard's panels: one of a few kinds, to one of three servers, within bounds."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from console.servers.directory import Directory
from console.servers.jaeger import Jaeger
from console.servers.loki import Loki
from console.servers.prometheus import Prometheus, series_of
from console.story.export import plain
from console.story.tree import trace_part
from console.times import rfc3339

MAX_QUERIES = 60
MAX_POINTS = 2_000
MAX_SERIES = 200
MAX_LINES = 500
MAX_SPAN_SECONDS = 45 * 24 * 3600
_LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

Text = Annotated[str, Field(max_length=8_000)]


class Query(BaseModel):
    """One question; times in s since the epoch."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Annotated[str, Field(max_length=60)]
    source: Literal["prometheus", "loki", "jaeger"]
    kind: Literal["range", "instant", "logs", "labels", "exemplars", "trace"]
    expr: Text = ""
    label: Annotated[str, Field(max_length=100)] = ""
    start: Annotated[float, Field(ge=0, le=4e9)]
    end: Annotated[float, Field(ge=0, le=4e9)]
    step: Annotated[float, Field(gt=0, le=86_400)] = 15.0
    limit: Annotated[int, Field(ge=1, le=MAX_LINES)] = 100

    @model_validator(mode="after")
    def _is_bounded(self) -> Query:
        span = self.end - self.start
        if not 0 <= span <= MAX_SPAN_SECONDS:
            raise ValueError("end must be after start, at most 45 days")
        if span / self.step > MAX_POINTS:
            raise ValueError(f"at most {MAX_POINTS} points: make the step longer")
        return self


class Batch(BaseModel):
    """What a page asks in one request."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    queries: Annotated[list[Query], Field(min_length=1, max_length=MAX_QUERIES)]


class Asker:
    """Runs one query; raises ``ServerError``."""

    def __init__(self, servers: Directory) -> None:
        self._prometheus, self._loki = servers.prometheus, servers.loki
        self._jaeger = Jaeger(servers.jaeger)

    def run(self, query: Query) -> dict[str, Any]:
        """Return ``series``, ``lines``, ``values``, ``exemplars`` or ``trace``, as the kind asks for."""
        if query.source == "jaeger" or query.kind == "trace":
            return self._trace(query)
        if query.source == "loki":
            return self._of_loki(query)
        metrics = Prometheus(self._prometheus)
        if query.kind == "range":
            return _bounded(metrics.range(query.expr, query.start, query.end, query.step))
        if query.kind == "instant":
            asked = {"query": query.expr, "time": query.end, "timeout": "4s"}
            return _bounded(self._prometheus.get("/api/v1/query", asked, _vector))
        if query.kind == "labels" and _LABEL.fullmatch(query.label):
            return {"values": metrics.label_values(query.label, query.expr, query.start, query.end)[:MAX_LINES]}
        if query.kind == "exemplars":
            start, end = (datetime.fromtimestamp(at, UTC) for at in (query.start, query.end))
            found = metrics.exemplars(query.expr, start, end)[-MAX_LINES:]
            return {
                "exemplars": [
                    {"trace_id": one.trace_id, "value": one.value, "at": one.at} for one in found if one.trace_id
                ]
            }
        return {"series": []}

    def _of_loki(self, query: Query) -> dict[str, Any]:
        start, end = (datetime.fromtimestamp(at, UTC) for at in (query.start, query.end))
        if query.kind == "logs":
            return {"lines": lines_for_page(Loki(self._loki), query.expr, start, end, query.limit)}
        path = "/loki/api/v1/query_range" if query.kind == "range" else "/loki/api/v1/query"
        asked: dict[str, Any] = {"query": query.expr, "limit": query.limit}
        if query.kind == "range":
            asked |= {"start": rfc3339(start), "end": rfc3339(end), "step": query.step}
        else:
            asked |= {"time": rfc3339(end)}
        return _bounded(self._loki.get(path, asked, _vector))

    def _trace(self, query: Query) -> dict[str, Any]:
        if not re.fullmatch(r"[0-9a-f]{32}", query.expr):
            return {"trace": None}
        part = trace_part(query.expr, self._jaeger.trace(query.expr), (), frozenset())
        return {"trace": plain(part) if part else None}


def lines_for_page(loki: Loki, expr: str, start: datetime, end: datetime, limit: int) -> list[dict[str, Any]]:
    """Return log lines, newest first; times as text, since JavaScript's numbers do not hold nanoseconds."""
    return [
        {
            "ns": str(line.at_ns),
            "message": line.message,
            "service": line.service,
            "level": line.level,
            "fields": dict(line.fields),
        }
        for line in loki.newest(expr, start, end, limit)
    ]


def _vector(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    data = answer["data"]
    if data["resultType"] == "scalar":
        data = {"result": [{"metric": {}, "value": data["result"]}]}
    return series_of({"data": data})


def _bounded(series: list[dict[str, Any]]) -> dict[str, Any]:
    return {"series": series[:MAX_SERIES], "left_out": max(0, len(series) - MAX_SERIES)}
