"""The concurrency limit, deadline, metrics and error responses that all endpoints of the read API share."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from flask import request
from werkzeug.wrappers import Request, Response

from log_gateway.api.gate import Gate
from log_gateway.errors import Busy, GatewayError, LimitExceeded, QueryError, QueryTimeout, StoreUnavailable
from log_gateway.metrics import GatewayMetrics
from log_gateway.settings import Limits
from log_gateway.store.client import Deadline, StoreClient
from log_gateway.store.source import StoreSource

_OUTCOMES: dict[type[GatewayError], str] = {
    QueryError: "bad_request",
    LimitExceeded: "limit",
    QueryTimeout: "timeout",
    Busy: "busy",
    StoreUnavailable: "unavailable",
}

_log = logging.getLogger("log_gateway.queries")


class Asking:
    """Runs queries within the limits."""

    def __init__(self, client: StoreClient, limits: Limits, metrics: GatewayMetrics) -> None:
        self.client, self.limits, self._metrics = client, limits, metrics
        self._gate = Gate(limits.concurrent, limits.waiting, metrics.in_flight)

    def source(self, deadline: Deadline) -> StoreSource:
        """Return the source of lines for one query."""
        return StoreSource(self.client, deadline, self.limits.scanned)

    def answer(self, endpoint: str, run: Callable[[Deadline], Response]) -> Response:
        """Return the result of ``run``. Its errors become plain text with a status, as in Loki."""
        began, outcome = time.monotonic(), "error"
        try:
            deadline = Deadline(self.limits.seconds)
            with self._gate.turn(deadline):
                answer = run(deadline)
            outcome = "ok"
            return answer
        except GatewayError as error:
            outcome = _OUTCOMES.get(type(error), "error")
            if error.status >= 500:
                _log.warning("a query failed: %s", error, extra={"event": "log_gateway.query_failed"})
            return refusal(error, request)
        finally:
            self._metrics.queries.labels(endpoint, outcome).inc()
            self._metrics.seconds.labels(endpoint).observe(time.monotonic() - began)


def refusal(error: GatewayError, asked: Request) -> Response:
    """Return an error in Loki's wording. A syntax error includes its line and column."""
    text = str(error)
    if isinstance(error, QueryError) and error.position is not None:
        before = asked.values.get("query", "")[: error.position]
        column = error.position - before.rfind("\n")
        text = f"parse error at line {before.count(chr(10)) + 1}, col {column}: {text}"
    headers = {"Retry-After": "2"} if error.status in (429, 503) else {}
    return Response(f"{text}\n", error.status, headers, content_type="text/plain; charset=utf-8")
