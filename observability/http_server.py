"""The boundary of one HTTP request: its ids, its one log line, its one observation.

It is the outermost WSGI layer, so that whatever happens inside is counted and logged exactly once, with the time
until the last byte was handed over.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from observability import context
from observability.http_metrics import RequestMetrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_log = logging.getLogger("http.request")

ROUTE_KEY = "observability.route"
"""Where the framework's hook leaves the route template of the request, in the WSGI environment."""
WAITED_KEY = "observability.waited_seconds"
"""Where a server may leave how many seconds the request has waited for a thread: they are part of its duration."""
SPAN_KEY = "opentelemetry-flask.span_key"
"""Where the Flask instrumentation leaves the request's span (its own name for it; a test holds us to it)."""
UNMATCHED = "(unmatched)"
"""The route of a request that no rule matches: raw paths never become label values."""

_QUIET_ROUTES = frozenset({"/healthz", "/readyz"})


class RequestBoundary:
    """WSGI middleware; see the module."""

    def __init__(
        self, app: WSGIApplication, metrics: RequestMetrics, clock: Callable[[], float] = time.perf_counter
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._clock = clock

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        exchange = _Exchange(environ, self._metrics, self._clock)
        try:
            body = self._app(environ, exchange.starter(start_response))
        except BaseException:
            exchange.status = 500
            exchange.finish()
            raise
        return _Body(body, exchange)


class _Exchange:
    """One request on its way through: what is needed for its log line and its observation."""

    def __init__(self, environ: WSGIEnvironment, metrics: RequestMetrics, clock: Callable[[], float]) -> None:
        self.environ = environ
        self.status = 0
        self._metrics = metrics
        self._clock = clock
        self._started = clock() - environ.get(WAITED_KEY, 0.0)
        self._finished = False
        self.request_id = context.accept_request_id(environ.get("HTTP_X_REQUEST_ID"))
        environ["HTTP_X_REQUEST_ID"] = self.request_id
        context.request_id.set(self.request_id)
        self._notes = context.begin_notes()
        metrics.active.inc()

    def starter(self, start_response: StartResponse) -> StartResponse:
        """A ``start_response`` that notes the status and tells the client the request's ids."""

        def start(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
            self.status = int(status[:3])
            headers.append(("X-Request-ID", self.request_id))
            if trace_id := self._trace_ids()[0]:
                headers.append(("X-Trace-ID", trace_id))
            return start_response(status, headers, exc_info)

        return start

    def _trace_ids(self) -> tuple[str, str, bool]:
        span: trace.Span | None = self.environ.get(SPAN_KEY)
        if span is None:
            return "", "", False
        ids = span.get_span_context()
        return format(ids.trace_id, "032x"), format(ids.span_id, "016x"), ids.trace_flags.sampled

    def finish(self) -> None:
        """Count and log the request; only the first call does anything."""
        if self._finished:
            return
        self._finished = True
        duration = self._clock() - self._started
        environ = self.environ
        method, route = environ["REQUEST_METHOD"], environ.get(ROUTE_KEY, UNMATCHED)
        trace_id, span_id, sampled = self._trace_ids()
        self._metrics.active.dec()
        self._metrics.observe(method, route, self.status, duration, trace_id if sampled else None, span_id)
        if route not in _QUIET_ROUTES or self.status >= 400:
            fields: dict[str, Any] = {
                "event": "http.request",
                "http_request_method": method,
                "http_route": route,
                "http_response_status_code": self.status,
                "duration_seconds": round(duration, 6),
                "request_id": self.request_id,
            }
            fields.update(self._notes)
            if trace_id:
                fields["trace_id"], fields["span_id"] = trace_id, span_id
            level = logging.ERROR if self.status >= 500 else logging.INFO
            _log.log(level, "%s %s %d", method, route, self.status, extra=fields)
        context.request_id.set(None)


class _Body:
    """The response's body; its ``close`` is the end of the request."""

    def __init__(self, body: Iterable[bytes], exchange: _Exchange) -> None:
        self._body = body
        self._exchange = exchange

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._body)

    def close(self) -> None:
        """End the request, even if the inner body fails to close."""
        try:
            if close := getattr(self._body, "close", None):
                close()
        finally:
            self._exchange.finish()
