"""One call makes a Flask application observable."""

from __future__ import annotations

from flask import Flask, request
from opentelemetry.instrumentation.flask import FlaskInstrumentor
from opentelemetry.metrics import NoOpMeterProvider

from observability.http_metrics import RequestMetrics
from observability.http_server import ROUTE_KEY, RequestBoundary
from observability.telemetry import Telemetry


def instrument_flask(app: Flask, telemetry: Telemetry) -> RequestMetrics:
    """Give every request of ``app`` its ids, one span, one log line and one observation.

    Call it once all routes are registered: their series start at zero. Returns the metrics, whose decorators
    (``counter``, ``histogram`` …) are prometheus-flask-exporter's.
    """
    metrics = RequestMetrics(telemetry.registry)
    metrics.init_app(app)
    # Templates are as many as the routes, all known by now; whatever else notes a route must not note paths.
    telemetry.guard.bound(metrics.duration, "http_route")

    def note_route() -> None:
        if request.url_rule is not None:
            request.environ[ROUTE_KEY] = request.url_rule.rule

    FlaskInstrumentor().instrument_app(  # type: ignore[no-untyped-call]
        app,
        tracer_provider=telemetry.provider,
        # Request metrics are Prometheus' own, with route templates and exemplars; a second set would only cost.
        meter_provider=NoOpMeterProvider(),
        # Probes are asked every few seconds by machines; their spans would bury the traces people look for.
        excluded_urls="^https?://[^/]+/(healthz|readyz)$",
        enable_commenter=False,
    )
    # First of all hooks, the span's (which is now the last) and the route's: a request that another hook refuses, or
    # dies in, has both.
    hooks = app.before_request_funcs.setdefault(None, [])
    hooks[:0] = [hooks.pop(), note_route]
    app.wsgi_app = RequestBoundary(app.wsgi_app, metrics)  # type: ignore[method-assign]
    return metrics
