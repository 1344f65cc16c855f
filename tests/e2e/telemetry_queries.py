"""Send the queries of dashboards to the real servers."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from typing import Any

import requests

from tests import dashboard_queries as queries
from tests.dashboard_queries import Query, Span, Value
from tests.e2e.conftest import Stack

LOOK_BACK = 900.0


class Refused(AssertionError):
    """A server rejected a query."""


def the_last_minutes() -> Span:
    """Return the time range of a newly opened dashboard."""
    now = time.time()
    return Span(now - LOOK_BACK, now, step=15)


def has_answer(stack: Stack, query: Query, values: Mapping[str, Value]) -> bool:
    """Return whether a dashboard's query finds data to draw: a number that is not NaN, a line or a span."""
    span = the_last_minutes()
    expression = queries.fill(query.expression, values, span)
    if query.source == "jaeger":
        return bool(expression) and bool(_asked(stack, "jaeger", f"/api/traces/{expression}", {})["data"])
    base = "/api/v1" if query.source == "prometheus" else "/loki/api/v1"
    if query.instant:
        answer = _asked(stack, query.source, f"{base}/query", {"query": expression, "time": span.end})
    else:
        asked = {"query": expression, "start": span.start, "end": span.end, "step": span.step}
        answer = _asked(stack, query.source, f"{base}/query_range", asked)
    return any(_is_something(row, query.form) for row in answer["data"]["result"])


def _is_something(row: Mapping[str, Any], form: str) -> bool:
    points = row["values"] if "values" in row else [row["value"]]
    return bool(points) and (form == "logs" or any(not math.isnan(float(number)) for _, number in points))


def _asked(stack: Stack, server: str, path: str, question: dict[str, Any]) -> dict[str, Any]:
    component = stack.log_api if server == "loki" else server
    answer = requests.get(f"{stack.url(component)}{path}", params=question, timeout=15)
    if answer.status_code == 400:
        raise Refused(f"{server} refuses {question}: {answer.text}")
    answer.raise_for_status()
    found: dict[str, Any] = answer.json()
    return found
