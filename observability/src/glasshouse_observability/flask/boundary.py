"""The boundary of an HTTP request: its ids, its sampling decision, its log line and its observation.

It is the outermost WSGI layer, so that every outcome is counted and logged exactly once, with the time until the last
byte is handed to the server. A request that is not sampled does not enter OpenTelemetry's instrumentation; if it fails
or is slow, its span is created here at its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

from opentelemetry import context as otel_context

from glasshouse_observability import context
from glasshouse_observability.flask.lines import RequestLines
from glasshouse_observability.flask.metrics import RequestMetrics
from glasshouse_observability.flask.spans import SAMPLED_KEY, UNMATCHED, LateSpans, SampledSpan, record_failure
from glasshouse_observability.traces.sampling import Sampler
from glasshouse_observability.traces.unsampled import UnsampledSpan, is_unsampled

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

ROUTE_KEY = "observability.route"
"""Where a framework may store the route template of a request in its environment; Flask does so after a failure."""
WAITED_KEY = "observability.waited_seconds"
"""Where a server may store the seconds that the request has waited for a thread, which are part of its duration."""
PROBES = frozenset({"/healthz", "/readyz"})
"""Paths that are polled every few seconds: counted, logged only when they fail, and never traced."""


class RequestBoundary:
    """WSGI middleware around ``plain``, the application, and ``traced``, the application with its instrumentation."""

    def __init__(
        self,
        plain: WSGIApplication,
        traced: WSGIApplication,
        metrics: RequestMetrics,
        sampler: Sampler,
        late: LateSpans,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.plain, self.traced = plain, traced
        self.metrics, self.sampler, self.late, self.clock = metrics, sampler, late, clock
        self.lines = RequestLines(metrics.is_known)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        exchange = _Exchange(self, environ, start_response)
        try:
            exchange.body = exchange.app(environ, exchange.start)
        except BaseException as error:
            exchange.fail(error)
            raise
        return exchange


class _Exchange:
    """One request in progress, and the body of its response, whose ``close`` ends the request."""

    __slots__ = (
        "_boundary",
        "_environ",
        "_finished",
        "_is_probe",
        "_notes",
        "_request_id",
        "_route",
        "_span",
        "_start_response",
        "_started",
        "_status",
        "_token",
        "app",
        "body",
    )

    def __init__(self, boundary: RequestBoundary, environ: WSGIEnvironment, start_response: StartResponse) -> None:
        self._boundary, self._environ, self._start_response = boundary, environ, start_response
        self._finished, self._status, self._route = False, 0, UNMATCHED
        self.body: Iterable[bytes] = ()
        self._started = boundary.clock() - environ.get(WAITED_KEY, 0.0)
        request_id = context.accept_request_id(environ.get("HTTP_X_REQUEST_ID"))
        environ["HTTP_X_REQUEST_ID"] = self._request_id = request_id
        context.request_id.set(request_id)
        self._notes: dict[str, str | int | float] = {}
        context.notes.set(self._notes)
        self._is_probe = is_probe = environ.get("PATH_INFO") in PROBES
        unsampled = (
            boundary.sampler.never()
            if is_probe
            else boundary.sampler.request(
                environ["REQUEST_METHOD"], environ.get("HTTP_TRACEPARENT"), environ.get("HTTP_TRACESTATE")
            )
        )
        is_unsampled.set(unsampled is not None)
        span: UnsampledSpan | SampledSpan
        if unsampled is None:
            span = environ[SAMPLED_KEY] = SampledSpan()
            self.app = boundary.traced
        else:
            span = unsampled
            self.app = boundary.plain
        self._span = span
        # A separate context, because the body of the previous request in this thread may not have been closed.
        self._token = span.attach()
        boundary.metrics.begin(id(self))

    def start(self, status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        """Implement ``start_response``: record status and route, and add the request's ids to the headers."""
        self._status = int(status[:3])
        # Werkzeug's request is in the environment until Flask's context ends, so no hook is needed for each request.
        rule = getattr(self._environ.get("werkzeug.request"), "url_rule", None)
        if rule is not None:
            self._route = rule.rule
        headers.append(("X-Request-ID", self._request_id))
        span = self._span
        if type(span) is SampledSpan:
            span.note_ids()
        if span.trace_id and not self._is_probe:
            headers.append(("X-Trace-ID", span.trace_id))
        return self._start_response(status, headers, exc_info)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.body)

    def close(self) -> None:
        """End the request, even if the inner body fails to close."""
        try:
            if close := getattr(self.body, "close", None):
                close()
        finally:
            self._finish()

    def fail(self, error: BaseException) -> None:
        """End a request whose application has raised ``error`` without a response."""
        self._status = 500
        if isinstance(self._span, UnsampledSpan):
            record_failure(self._environ, self._span, error)
        self._finish()

    def _finish(self) -> None:
        """Count and log the request, and end or create its span if it needs one; only the first call takes effect."""
        if self._finished:
            return
        self._finished = True
        boundary, environ, status, span = self._boundary, self._environ, self._status, self._span
        duration = boundary.clock() - self._started
        route = environ.get(ROUTE_KEY) or self._route
        reason, traced = None, False
        if isinstance(span, SampledSpan):
            traced = bool(span.trace_id)
        elif (status >= 500 or duration > boundary.late.shortest) and route not in PROBES:
            reason = boundary.late.reason(route, status, duration)
            traced = reason is not None
        metrics, what = boundary.metrics, (environ["REQUEST_METHOD"], route, status)
        metrics.end(id(self))
        series = metrics.known.get(what) or metrics.series(*what)
        if traced:
            series.observe(duration, {"trace_id": span.trace_id, "span_id": span.span_id})
        else:
            series.observe(duration)
        if route not in PROBES or status >= 400:
            boundary.lines.write(what, duration, self._request_id, span, traced, reason, self._notes)
        otel_context.detach(self._token)
        if reason is not None and isinstance(span, UnsampledSpan):
            boundary.late.make(span, reason, environ, route, status, duration)
        is_unsampled.set(False)
        context.request_id.set(None)
