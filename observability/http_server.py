"""The boundary of one HTTP request: its ids, the decision to trace it, its one log line, its one observation.

It is the outermost WSGI layer, so that whatever happens inside is counted and logged exactly once, with the time
until the last byte was handed over. A request that is not sampled never enters OpenTelemetry's instrumentation; if it
fails or is slow, its span is made here, when it is over.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context
from opentelemetry.context import Context
from opentelemetry.trace import Span

from observability import context
from observability.http_late import LateRequests
from observability.http_line import RequestLines
from observability.http_metrics import RequestMetrics
from observability.sampling import Sampler
from observability.unsampled import UnsampledSpan, is_unsampled

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROUTE_KEY = "observability.route"
"""Where a framework may leave the route template of a request, in its environment; Werkzeug's need not be told."""
WAITED_KEY = "observability.waited_seconds"
"""Where a server may leave how many seconds the request has waited for a thread: they are part of its duration."""
SPAN_KEY = "opentelemetry-flask.span_key"
"""Where the Flask instrumentation leaves the request's span (its own name for it; a test holds us to it)."""
UNMATCHED = "(unmatched)"
"""The route of a request that no rule matches: raw paths never become label values."""

PROBES = frozenset({"/healthz", "/readyz"})
"""Asked every few seconds by machines: counted, but logged only when they fail, and never traced."""


class RequestBoundary:
    """WSGI middleware around ``plain``, the application, and ``traced``, the same with its instrumentation."""

    def __init__(
        self,
        plain: WSGIApplication,
        traced: WSGIApplication,
        metrics: RequestMetrics,
        sampler: Sampler,
        late: LateRequests,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.plain, self.traced = plain, traced
        self.metrics, self.sampler, self.late, self.clock = metrics, sampler, late, clock
        self.lines = RequestLines(metrics.is_known)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        exchange = _Exchange(self, environ, start_response)
        try:
            exchange.body = exchange.app(environ, exchange.start)
        except BaseException:
            exchange.status = 500
            exchange.finish()
            raise
        return exchange


class _Exchange:
    """One request on its way through, and its response's body, whose ``close`` is the end of the request."""

    # Of the class: what most requests never change is not set anew for each.
    _finished = False
    status = 0
    route = UNMATCHED
    body: Iterable[bytes] = ()

    def __init__(self, boundary: RequestBoundary, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        self._boundary, self.environ, self._start_response = boundary, environ, start_response
        self._started = boundary.clock() - environ.get(WAITED_KEY, 0.0)
        request_id = context.accept_request_id(environ.get("HTTP_X_REQUEST_ID"))
        environ["HTTP_X_REQUEST_ID"] = self.request_id = request_id
        context.request_id.set(request_id)
        self._notes = context.begin_notes()
        self._is_probe = is_probe = environ.get("PATH_INFO") in PROBES
        unsampled: UnsampledSpan | None
        if is_probe:
            unsampled = boundary.sampler.never()
        else:
            unsampled = boundary.sampler.request(
                environ["REQUEST_METHOD"], environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE")
            )
        self._unsampled = unsampled
        is_unsampled.set(unsampled is not None)
        if unsampled is None:
            # Nothing of a request before it in this thread, whose body nobody may have closed.
            self._token = otel_context.attach(Context())
            self.app = boundary.traced
        else:
            self._token = unsampled.attach()
            self.app = boundary.plain
        boundary.metrics.begin(id(self))

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        """WSGI's ``start_response``: notes status and route, and tells the client the request's ids."""
        self.status = int(status[:3])
        # Werkzeug's request is in the environment until Flask's context ends: no hook needs to run for each request.
        rule = getattr(self.environ.get("werkzeug.request"), "url_rule", None)
        self.route = rule.rule if rule is not None else UNMATCHED
        headers.append(("X-Request-ID", self.request_id))
        trace_id = self._unsampled.trace_id if self._unsampled is not None else self._ids()[0]
        if trace_id and not self._is_probe:
            headers.append(("X-Trace-ID", trace_id))
        return self._start_response(status, headers, exc_info)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.body)

    def close(self) -> None:
        """End the request, even if the inner body fails to close."""
        try:
            if close := getattr(self.body, "close", None):
                close()
        finally:
            self.finish()

    def _ids(self) -> tuple[str, str]:
        span: Span | None = self.environ.get(SPAN_KEY)
        if span is None:
            return "", ""
        ids = span.get_span_context()
        return format(ids.trace_id, "032x"), format(ids.span_id, "016x")

    def finish(self) -> None:
        """Count and log the request, and make its span if it needs one yet; only the first call does anything."""
        if self._finished:
            return
        self._finished = True
        boundary, environ, status, unsampled = self._boundary, self.environ, self.status, self._unsampled
        duration = boundary.clock() - self._started
        method, route = environ["REQUEST_METHOD"], environ.get(ROUTE_KEY) or self.route
        reason = None
        if unsampled is None:
            trace_id, span_id = self._ids()
            traced = bool(trace_id)
        else:
            trace_id, span_id = unsampled.trace_id, unsampled.span_id
            if (status >= 500 or duration > boundary.late.shortest) and route not in PROBES:
                reason = boundary.late.reason(route, status, duration)
            traced = reason is not None
        metrics, what = boundary.metrics, (method, route, status)
        metrics.end(id(self))
        series = metrics.known.get(what) or metrics.series(*what)
        if traced:
            series.observe(duration, {"trace_id": trace_id, "span_id": span_id})
        else:
            series.observe(duration)
        if route not in PROBES or status >= 400:
            ids = self.request_id, trace_id, span_id
            boundary.lines.write(what, duration, ids, traced, reason, self._notes)
        otel_context.detach(self._token)
        if unsampled is not None and reason is not None:
            boundary.late.make(unsampled, reason, environ, route, status, duration)
        is_unsampled.set(False)
        context.request_id.set(None)
