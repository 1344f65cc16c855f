"""RED metrics of an HTTP server, based on prometheus-flask-exporter.

The exporter's default metrics group by raw path, have no exemplars and are observed before the response is sent. So the
exporter provides the registry and its decorators, and this subclass replaces the default metrics with one histogram
under OpenTelemetry's names.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Flask
from prometheus_client import CollectorRegistry, Gauge
from prometheus_flask_exporter import PrometheusMetrics

from glasshouse_observability.flask.spans import KNOWN_METHODS
from glasshouse_observability.metrics.buckets import LATENCY_BUCKETS
from glasshouse_observability.metrics.deferred import DeferredHistogram
from glasshouse_observability.metrics.prometheus_internals import is_shared


class RequestMetrics(PrometheusMetrics):  # type: ignore[misc]  # the exporter is not typed
    """``http_server_request_duration_seconds`` by method, route template and status, with exemplars."""

    def __init__(self, registry: CollectorRegistry, buckets: tuple[float, ...] = LATENCY_BUCKETS) -> None:
        self.known: dict[tuple[str, str, int], DeferredHistogram] = {}
        self._routes: set[str] = set()
        super().__init__(app=None, path=None, registry=registry, buckets=buckets, group_by="url_rule")

    def export_defaults(self, *_: Any, app: Flask | None = None, **__: Any) -> None:
        """Register the histogram and the gauge; the series of every known route start at zero."""
        self.duration = DeferredHistogram(
            "http_server_request_duration_seconds",
            "Duration of HTTP requests until the last byte is handed to the server",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=self.buckets,
            registry=self.registry,
        )
        active = Gauge(
            "http_server_active_requests",
            "HTTP requests in progress",
            registry=self.registry,
            multiprocess_mode="livesum",
        )
        self.begin: Callable[[int], object]
        self.end: Callable[[int], object]
        if is_shared(active):
            self.begin, self.end = (lambda _: active.inc()), (lambda _: active.dec())
        else:
            under_way: set[int] = set()
            # Adding to and discarding from a set are atomic operations of the interpreter, so no lock is needed.
            self.begin, self.end = under_way.add, under_way.discard
            active.set_function(lambda: len(under_way))
        if app is not None:
            self.initialise(app)

    def initialise(self, app: Flask) -> None:
        """Create the series of each route's success and failure, so that the first error is an increase from zero.

        A view declares its success status with the attribute ``success_status`` (default 200).
        """
        for rule in app.url_map.iter_rules():
            self._routes.add(rule.rule)
            view = app.view_functions[rule.endpoint]
            success = getattr(view, "success_status", 200)
            for method in (rule.methods or set()) - {"OPTIONS", "HEAD"}:
                for status in (success, 500, 503):
                    self.duration.labels(method, rule.rule, str(status))

    def series(self, method: str, route: str, status: int) -> DeferredHistogram:
        """Return the function that observes such requests; ``known`` caches those of declared routes."""
        known = method if method in KNOWN_METHODS else "_OTHER"
        series = self.duration.labels(known, route, str(status))
        if known == method and route in self._routes:
            # Values that clients invent, or that the guard may map to "other", are not cached: their number has no
            # limit.
            self.known[method, route, status] = series
        return series

    def is_known(self, method: str, route: str, status: int) -> bool:
        """Return whether requests with these labels, of a declared route, were observed; their number is bounded."""
        return (method, route, status) in self.known
