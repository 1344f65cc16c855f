"""Run the queries of dashboard panels on one of three servers. Results are limited to the size that can be drawn."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from console.boards.question import MAX_LINES, Query
from console.servers.directory import Directory
from console.servers.jaeger import Jaeger
from console.servers.loki import Loki
from console.servers.prometheus import Prometheus, series_of
from console.story.export import plain
from console.story.tree import trace_part
from console.times import rfc3339

MAX_SERIES = 200


class Asker:
    """Runs queries. Raises ``ServerError``."""

    def __init__(self, servers: Directory) -> None:
        self._prometheus, self._loki = servers.prometheus, servers.loki
        self._jaeger = Jaeger(servers.jaeger)

    def run(self, query: Query) -> dict[str, Any]:
        """Return ``series``, ``lines``, ``values``, ``exemplars`` or ``trace``, depending on the kind."""
        if query.source == "jaeger":
            return self._trace(query)
        if query.source == "loki":
            return self._of_loki(query)
        metrics = Prometheus(self._prometheus)
        if query.kind == "range":
            return _bounded(metrics.range(query.expr, query.start, query.end, query.step))
        if query.kind == "labels":
            return {"values": metrics.label_values(query.label, query.expr, query.start, query.end)[:MAX_LINES]}
        if query.kind == "exemplars":
            return self._exemplars(metrics, query)
        asked = {"query": query.expr, "time": query.end, "timeout": "4s"}
        return _bounded(self._prometheus.get("/api/v1/query", asked, _vector))

    def _exemplars(self, metrics: Prometheus, query: Query) -> dict[str, Any]:
        found = metrics.exemplars(query.expr, *_times(query))[-MAX_LINES:]
        kept = [{"trace_id": one.trace_id, "value": one.value, "at": one.at} for one in found if one.trace_id]
        return {"exemplars": kept}

    def _of_loki(self, query: Query) -> dict[str, Any]:
        start, end = _times(query)
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


def _times(query: Query) -> tuple[datetime, datetime]:
    return datetime.fromtimestamp(query.start, UTC), datetime.fromtimestamp(query.end, UTC)


def lines_for_page(loki: Loki, expr: str, start: datetime, end: datetime, limit: int) -> list[dict[str, Any]]:
    """Return log lines, newest first. Times are text, because JavaScript's numbers cannot represent nanoseconds."""
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
