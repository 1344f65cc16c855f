"""The boundary of an HTTP request: the outermost WSGI layer of an instrumented application.

Every outcome is counted and logged there exactly once. A request that is not sampled does not enter OpenTelemetry's
instrumentation; if it fails or is slow, its span is created at its end.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextvars import copy_context
from typing import TYPE_CHECKING

from flask import Flask
from opentelemetry.trace import Tracer
from werkzeug.wsgi import ClosingIterator

from glasshouse_observability.flask.attributes import KNOWN_METHODS, known_method
from glasshouse_observability.flask.callers import Callers
from glasshouse_observability.flask.exchange import HANDED_OVER, Exchange, current
from glasshouse_observability.flask.excluded import ExcludedUrls
from glasshouse_observability.flask.keys import EXCHANGE_KEY, ROUTE_KEY
from glasshouse_observability.flask.lines import RequestLines
from glasshouse_observability.flask.metrics import RequestMetrics
from glasshouse_observability.flask.routes import Routes
from glasshouse_observability.flask.spans import Outcome, SampledSpan, make_late
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.sampling import Late
from glasshouse_observability.traces.unsampled import UnsampledSpan

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


class RequestBoundary:
    """WSGI middleware around ``plain``, the application, and ``traced``, the application with its instrumentation."""

    def __init__(
        self,
        app: Flask,
        telemetry: Telemetry,
        metrics: RequestMetrics,
        excluded: ExcludedUrls,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        self.plain: WSGIApplication = app.wsgi_app
        self.traced: WSGIApplication = app.wsgi_app
        self.tracer: Tracer
        self.telemetry, self.metrics, self.sampler, self.clock = telemetry, metrics, telemetry.sampler, clock
        self.callers = Callers(telemetry.propagator)
        self.excluded = None if excluded.is_empty else excluded
        self.routes = Routes(app, metrics, telemetry.sampler)
        self.lines = RequestLines(metrics.is_known)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if EXCHANGE_KEY in environ and current(environ) is not None:
            # Another instrumented application has begun this request and passes it on, for example to a mounted one.
            return self.plain(environ, start_response)
        exchange = Exchange(self, environ, start_response)
        # A separate context: what a request binds is never seen by the next one in this thread, even if its response
        # is not closed, and a request within a request leaves the outer one's ids unchanged. It is the same context
        # for the body, whichever thread reads and closes it.
        run = exchange.run = copy_context().run
        try:
            app = run(exchange.begin)
        except Exception:  # noqa: BLE001  (telemetry never breaks a request)
            environ.pop(EXCHANGE_KEY, None)
            self.telemetry.swallowed("flask.begin")
            return self.plain(environ, start_response)
        try:
            exchange.body = body = run(app, environ, exchange.start)
        except BaseException as error:
            run(exchange.fail, error)
            raise
        # What Flask returns, unless it hands a file to the server.
        if type(body) is not ClosingIterator:
            wrapper = environ.get("wsgi.file_wrapper")
            if isinstance(wrapper, type) and isinstance(body, wrapper):
                return exchange.watched(body)
        return exchange

    def report(self, exchange: Exchange) -> None:
        """Count and log a request that has ended, and end or create its span if it needs one."""
        environ, span, failure = exchange.environ, exchange.span, exchange.failure
        seconds = self.clock() - exchange.started
        status = exchange.status or _unanswered(exchange)
        route: str = environ.get(ROUTE_KEY) or exchange.route
        method = environ.get("REQUEST_METHOD")
        if method not in KNOWN_METHODS:
            method = known_method(environ)
        what = (method, route, status)
        failed = status >= 500 or failure is not None
        reason, outcome = None, None
        if type(span) is SampledSpan:
            traced = span.is_exported
            outcome = Outcome(method, route, status, seconds, failure)
        else:
            traced = False
            if failed or seconds > self.routes.shortest:
                outcome = Outcome(method, route, status, seconds, failure)
                if not exchange.is_excluded:
                    reason = self.routes.reason(exchange.template, failed, seconds)
                    traced = reason is not None
        try:
            self.metrics.end(id(exchange))
            series = self.metrics.known.get(what)
            if series is None:
                series = self.routes.series(what, exchange.template)
            series.observe(seconds, {"trace_id": span.trace_id, "span_id": span.span_id} if traced else None)
            if failure is not None and status < 500:
                self.metrics.count_broken(method, route, failure.kind)
        except Exception:  # noqa: BLE001  (telemetry never breaks a request; the line and the span still follow)
            self.telemetry.swallowed("flask.metrics")
        if not exchange.is_excluded or failed or status >= 400:
            try:
                self.lines.write(exchange, what, seconds, traced, reason, outcome)
            except Exception:  # noqa: BLE001
                self.telemetry.swallowed("flask.line")
        if outcome is not None and traced:
            try:
                self._export(exchange, outcome, reason)
            except Exception:  # noqa: BLE001
                self.telemetry.swallowed("flask.span")

    def _export(self, exchange: Exchange, outcome: Outcome, reason: Late | None) -> None:
        span = exchange.span
        if type(span) is SampledSpan:
            span.finish(exchange.environ, outcome)
        elif reason is not None and type(span) is UnsampledSpan:
            make_late(self.telemetry, span, reason, exchange.environ, outcome)


class RemovedBoundary(RequestBoundary):
    """A boundary after ``uninstrument_flask``, inside of middleware that still refers to it."""

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request without telemetry."""
        return self.plain(environ, start_response)


def _unanswered(exchange: Exchange) -> int:
    """Return the status of a request for which the application has never called ``start_response``."""
    upgrade = exchange.environ.get("HTTP_UPGRADE", "")
    # Otherwise the server answers 500, as PEP 3333 requires the call.
    return HANDED_OVER if upgrade.lower() == "websocket" and exchange.failure is None else 500
