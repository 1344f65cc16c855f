"""Instrumentation of a Flask application with one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from flask import Flask, got_request_exception, request
from opentelemetry import trace
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.metrics import NoOpMeterProvider

from glasshouse_observability.flask.boundary import ROUTE_KEY, RequestBoundary
from glasshouse_observability.flask.metrics import RequestMetrics
from glasshouse_observability.flask.spans import SAMPLED_KEY, LateSpans, SampledSpan, record_failure, span_name
from glasshouse_observability.telemetry import Telemetry
from glasshouse_observability.traces.unsampled import is_unsampled

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment
    from opentelemetry.trace import Span


def instrument_flask(app: Flask, telemetry: Telemetry) -> RequestMetrics:
    """Give every request its ids, one log line and one observation, and a span if it is sampled, slow or failed.

    Call it after all routes of ``app`` are registered, because their series start at zero. It returns the metrics,
    which have the decorators of prometheus-flask-exporter (``counter``, ``histogram`` …).
    """
    metrics = RequestMetrics(telemetry.registry)
    metrics.init_app(app)
    # There are as many templates as routes, and all are known by now; other code that sets a route must not set paths.
    telemetry.guard.limit(metrics.duration, "http_route")
    plain = app.wsgi_app
    FlaskInstrumentor().instrument_app(  # type: ignore[no-untyped-call]
        app,
        request_hook=_leave_raw_paths_out,
        tracer_provider=telemetry.provider,
        # Request metrics are recorded with Prometheus, with route templates and exemplars; a second set would only add
        # cost.
        meter_provider=NoOpMeterProvider(),
        # Requests that are not traced do not reach the instrumentation.
        excluded_urls="",
        enable_commenter=False,
    )
    _skip_for_unsampled(app)
    got_request_exception.connect(_note_failure, app)
    late = LateSpans(app, telemetry, telemetry.sampler)
    boundary = RequestBoundary(plain, app.wsgi_app, metrics, telemetry.sampler, late)
    app.wsgi_app = boundary  # type: ignore[method-assign]
    return metrics


def _skip_for_unsampled(app: Flask) -> None:
    """Run the two hooks that the instrumentation has just added for sampled requests only.

    The hook that begins the span becomes the first of all, so that a request that a later hook rejects has a span too.
    """
    before, teardown = app.before_request_funcs[None], app.teardown_request_funcs[None]
    begin: Callable[[], None] = before.pop()  # type: ignore[assignment]
    end: Callable[[BaseException | None], Any] = teardown.pop()

    def begin_if_sampled() -> None:
        if not is_unsampled.get():
            begin()

    def end_if_sampled(error: BaseException | None) -> None:
        if not is_unsampled.get():
            end(error)

    before.insert(0, begin_if_sampled)
    teardown.append(end_if_sampled)


def _leave_raw_paths_out(span: Span, environ: WSGIEnvironment) -> None:
    # The instrumentation uses the path as the name if no route matches, which creates as many names as there are paths.
    if request.url_rule is None:
        span.update_name(span_name(environ, None))


def _note_failure(_: Flask, exception: BaseException, **__: Any) -> None:
    if request.url_rule is not None:
        request.environ[ROUTE_KEY] = request.url_rule.rule
    sampled: SampledSpan | None = request.environ.get(SAMPLED_KEY)
    if sampled is None:
        record_failure(request.environ, trace.get_current_span(), exception)
    else:
        # The instrumentation records the exception itself; an application that raises never calls ``start``.
        sampled.note_ids()
