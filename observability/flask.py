"""One call makes a Flask application observable."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask, got_request_exception, request
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.metrics import NoOpMeterProvider

from observability.http_late import LateRequests
from observability.http_metrics import RequestMetrics
from observability.http_server import ROUTE_KEY, RequestBoundary
from observability.telemetry import Telemetry
from observability.unsampled import UnsampledSpan, is_unsampled

_MOST_HOOKS = 256
"""More than an application has. Bounded, as ``after_this_request`` may bring a new function with each request."""


def instrument_flask(app: Flask, telemetry: Telemetry) -> RequestMetrics:
    """Give every request of ``app`` its ids, one log line, one observation, and one span if it is sampled or matters.

    Call it once all routes are registered: their series start at zero. Returns the metrics, whose decorators
    (``counter``, ``histogram`` …) are prometheus-flask-exporter's.
    """
    metrics = RequestMetrics(telemetry.registry)
    metrics.init_app(app)
    # Templates are as many as the routes, all known by now; whatever else notes a route must not note paths.
    telemetry.guard.bound(metrics.duration, "http_route")
    plain = app.wsgi_app
    FlaskInstrumentor().instrument_app(  # type: ignore[no-untyped-call]
        app,
        tracer_provider=telemetry.provider,
        # Request metrics are Prometheus' own, with route templates and exemplars; a second set would only cost.
        meter_provider=NoOpMeterProvider(),
        # What is not to be traced does not get there.
        excluded_urls="",
        enable_commenter=False,
    )
    _keep_out_the_unsampled(app)
    _ask_once_what_is_async(app)
    got_request_exception.connect(_note_failure, app)
    late = LateRequests(app, telemetry, telemetry.sampler)
    boundary = RequestBoundary(plain, app.wsgi_app, metrics, telemetry.sampler, late)
    app.wsgi_app = boundary  # type: ignore[method-assign]
    return metrics


def _keep_out_the_unsampled(app: Flask) -> None:
    """Have the instrumentation's hooks run for requests that are traced only.

    First of all hooks, the one that begins the span: a request that a later hook refuses has a span too.
    """
    before, teardown = app.before_request_funcs[None], app.teardown_request_funcs[None]
    begin: Callable[[], None] = before.pop()  # type: ignore[assignment]
    end: Callable[[BaseException | None], Any] = teardown.pop()

    def begin_if_traced() -> None:
        if not is_unsampled.get():
            begin()

    def end_if_traced(error: BaseException | None) -> None:
        if not is_unsampled.get():
            end(error)

    before.insert(0, begin_if_traced)
    teardown.append(end_if_traced)


def _ask_once_what_is_async(app: Flask) -> None:
    """Remember of views and hooks that they are no coroutines: Flask looks before each call, ten times a request."""
    wrap = app.ensure_sync
    plain: set[Callable[..., Any]] = set()

    def ensure_sync(called: Callable[..., Any]) -> Callable[..., Any]:
        try:
            if called in plain:
                return called
        except TypeError:
            # Not hashable, as an object may be that is called: there is nothing to remember it by.
            return wrap(called)
        wrapped = wrap(called)
        if wrapped is called and len(plain) < _MOST_HOOKS:
            plain.add(called)
        return wrapped

    app.ensure_sync = ensure_sync  # type: ignore[method-assign, assignment]


def _note_failure(_: Flask, exception: BaseException, **__: Any) -> None:
    if request.url_rule is not None:
        request.environ[ROUTE_KEY] = request.url_rule.rule
    # The instrumentation does so for its own spans.
    span = trace.get_current_span()
    if isinstance(span, UnsampledSpan):
        span.record_exception(exception)
