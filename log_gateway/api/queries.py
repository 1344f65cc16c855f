"""The endpoints ``query`` and ``query_range``."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Literal

from flask import Blueprint, request
from werkzeug.wrappers import Response

from log_gateway.api import answers, arguments
from log_gateway.api.asking import Asking
from log_gateway.errors import QueryError
from log_gateway.evaluation.categories import run_categorized
from log_gateway.evaluation.limits import Limits
from log_gateway.evaluation.log_query import run_log_query
from log_gateway.evaluation.metric_query import evaluate_instant, evaluate_range
from log_gateway.logql.ast import Expression, LogQuery
from log_gateway.logql.parser import parse
from log_gateway.store.client import Deadline

DEFAULT_LIMIT = 100


def blueprint(asking: Asking, now: Callable[[], int] = time.time_ns) -> Blueprint:
    """Return the routes under ``/loki/api/v1``."""
    routes = Blueprint("queries", __name__)
    limits = asking.limits
    bounds = Limits(series=limits.series, steps=limits.points + 1)

    def log_query(query: LogQuery, start: int, end: int, deadline: Deadline) -> dict[str, Any]:
        direction: Literal["forward", "backward"] = "forward" if arguments.is_forward(request.values) else "backward"
        limit = arguments.limit_of(request.values, DEFAULT_LIMIT, limits.lines)
        source = asking.source(deadline)
        if answers.CATEGORIZE in request.headers.get("X-Loki-Response-Encoding-Flags", ""):
            return answers.categorized(run_categorized(query, start, end, limit, direction, source))
        return answers.streams(run_log_query(query, start, end, limit, direction, source))

    def query_range(expression: Expression, deadline: Deadline) -> dict[str, Any]:
        start, end = arguments.span_of(request.values, now())
        if isinstance(expression, LogQuery):
            return log_query(expression, start, end, deadline)
        step = arguments.step_of(request.values, start, end, limits.points)
        return answers.matrix(evaluate_range(expression, start, end, step, asking.source(deadline), bounds))

    def query(expression: Expression, deadline: Deadline) -> dict[str, Any]:
        at = arguments.time_of(request.values["time"], "time") if request.values.get("time") else now()
        if isinstance(expression, LogQuery):
            # Loki 3 rejects this as well: a log query requires a range.
            raise QueryError(
                "log queries are not supported as an instant query type, please change your query to a range query type"
            )
        return answers.vector_or_scalar(evaluate_instant(expression, at, asking.source(deadline), bounds))

    @routes.route("/query_range", methods=["GET", "POST"])
    def _query_range() -> Response:
        return asking.answer("query_range", lambda deadline: answers.success(query_range(_parsed(), deadline)))

    @routes.route("/query", methods=["GET", "POST"])
    def _query() -> Response:
        return asking.answer("query", lambda deadline: answers.success(query(_parsed(), deadline)))

    return routes


def _parsed() -> Expression:
    text = request.values.get("query", "")
    if not text:
        raise QueryError("the parameter query is missing: give a LogQL query")
    return parse(text)
