"""The endpoints ``labels``, ``label/<name>/values``, ``series``, ``index/volume`` and ``index/stats``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from flask import Blueprint, request
from werkzeug.wrappers import Response

from log_gateway.api import answers, arguments
from log_gateway.api.asking import Asking
from log_gateway.errors import QueryError
from log_gateway.logql.ast import LogQuery, Selector
from log_gateway.logql.parser import parse
from log_gateway.store.client import Deadline
from log_gateway.store.directory import StreamDirectory, names_of, summed, values_of

# Loki searches the last six hours if no start is given.
LOOK_BACK = 6 * arguments.HOUR
MOST_VOLUMES = 100


def blueprint(asking: Asking, now: Callable[[], int] = time.time_ns) -> Blueprint:
    """Return the routes under ``/loki/api/v1``."""
    routes = Blueprint("directory", __name__)

    def streams(deadline: Deadline, texts: list[str]) -> Any:
        start, end = arguments.span_of(request.values, now(), LOOK_BACK)
        return StreamDirectory(asking.client, deadline).streams(map(_selector, texts), start, max(end, start + 1))

    def optional() -> list[str]:
        return [text for text in request.values.getlist("query") if text.strip() not in ("", "{}")]

    @routes.route("/labels", methods=["GET", "POST"])
    @routes.route("/label", methods=["GET", "POST"])
    def _labels() -> Response:
        return asking.answer("labels", lambda left: answers.success(names_of(streams(left, optional()))))

    @routes.route("/label/<name>/values", methods=["GET", "POST"])
    def _values(name: str) -> Response:
        return asking.answer("label_values", lambda left: answers.success(values_of(streams(left, optional()), name)))

    @routes.route("/series", methods=["GET", "POST"])
    def _series() -> Response:
        def run(deadline: Deadline) -> Response:
            texts = request.values.getlist("match[]") or request.values.getlist("match")
            if not texts:
                raise QueryError("the parameter match[] is missing: give at least one stream selector")
            wanted = [] if any(text.strip() == "{}" for text in texts) else texts
            return answers.success([dict(labels) for labels in streams(deadline, wanted)])

        return asking.answer("series", run)

    @routes.route("/index/volume", methods=["GET", "POST"])
    def _volume() -> Response:
        def run(deadline: Deadline) -> Response:
            start, end = arguments.span_of(request.values, now())
            limit = arguments.limit_of(request.values, MOST_VOLUMES, asking.limits.lines)
            query = LogQuery(_selector(request.values.get("query", "")))
            names, by = _grouping(query.selector)
            found = summed(
                StreamDirectory(asking.client, deadline).volumes(query, start, max(end, start + 1)), names, by
            )
            largest = sorted(found.items(), key=lambda item: (-item[1], item[0]))[:limit]
            return answers.success(answers.vector([(labels, float(size)) for labels, size in largest], end))

        return asking.answer("volume", run)

    @routes.route("/index/stats", methods=["GET", "POST"])
    def _stats() -> Response:
        def run(deadline: Deadline) -> Response:
            start, end = arguments.span_of(request.values, now())
            query = LogQuery(_selector(request.values.get("query", "")))
            found = StreamDirectory(asking.client, deadline).volumes(query, start, max(end, start + 1))
            sizes, lines = [one[0] for one in found.values()], [one[1] for one in found.values()]
            # Loki's format: the counts are at the top level, without "data". VictoriaLogs has no chunks.
            return Response(
                answers.dumped({"streams": len(found), "chunks": 0, "bytes": sum(sizes), "entries": sum(lines)}),
                mimetype="application/json",
            )

        return asking.answer("stats", run)

    return routes


def _grouping(selector: Selector) -> tuple[list[str], str]:
    """Return ``aggregateBy`` and the labels by which volumes are summed, by default the selector's labels."""
    by = request.values.get("aggregateBy") or "series"
    if by not in ("series", "labels"):
        raise QueryError(f"aggregateBy={by[:50]!r} is not series or labels")
    names = [name for name in request.values.get("targetLabels", "").split(",") if name]
    return names or ([] if by == "labels" else [one.name for one in selector.matchers]), by


def _selector(text: str) -> Selector:
    """Return the selector of a query. A pipeline is rejected, because these endpoints select whole streams."""
    expression = parse(text) if text else None
    if not isinstance(expression, LogQuery) or expression.stages:
        raise QueryError(f'a stream selector is required here, such as {{service_name="api"}}, not {text[:100]!r}')
    return expression.selector
