"""RED metrics of an HTTP server, based on prometheus-flask-exporter.

The exporter's default metrics group by raw path, have no exemplars and are observed before the response is sent. So the
exporter provides the registry and its decorators, and this subclass has one histogram under OpenTelemetry's names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from prometheus_client import Counter, Gauge
from prometheus_flask_exporter import PrometheusMetrics

from glasshouse_observability.flask.attributes import KNOWN_METHODS, OTHER_METHOD
from glasshouse_observability.metrics.buckets import LATENCY_BUCKETS
from glasshouse_observability.metrics.deferred import DeferredHistogram
from glasshouse_observability.metrics.prometheus_internals import is_shared
from glasshouse_observability.telemetry import Telemetry


class RequestMetrics(PrometheusMetrics):  # type: ignore[misc]  # the exporter is not typed
    """``http_server_request_duration_seconds`` by method, route template and status, with exemplars.

    There is one for each ``Telemetry``; all instrumented applications share it.
    """

    def __init__(self, telemetry: Telemetry) -> None:
        """Register the metrics."""
        super().__init__(app=None, path=None, export_defaults=False, registry=telemetry.registry, group_by="url_rule")
        self.known: dict[tuple[str, str, int], DeferredHistogram] = {}
        self.duration = DeferredHistogram(
            "http_server_request_duration_seconds",
            "Duration of HTTP requests until the last byte is handed to the server",
            ["http_request_method", "http_route", "http_response_status_code"],
            buckets=LATENCY_BUCKETS,
            registry=telemetry.registry,
        )
        # Routes that are declared as rules have no limit; other code that sets a route must not set paths.
        self._declared = self.duration.labels
        telemetry.guard.limit(self.duration, "http_route")
        self._broken = Counter(
            "http_server_broken_responses_total",
            "HTTP requests with a status below 500 that an exception ended, such as a stream that broke off",
            ["http_request_method", "http_route", "error_type"],
            registry=telemetry.registry,
        )
        telemetry.guard.limit(self._broken, "http_route", "error_type")
        active = Gauge(
            "http_server_active_requests",
            "HTTP requests in progress",
            registry=telemetry.registry,
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

    def declare(self, methods: Iterable[str], route: str, success_status: int) -> None:
        """Create the series of a route's success and failure at zero."""
        for method in methods:
            for status in (success_status, 500, 503):
                self._declared(method if method in KNOWN_METHODS else OTHER_METHOD, route, str(status))

    def series(self, method: str, route: str, status: int, is_declared: bool) -> DeferredHistogram:
        """Return the series of such requests; ``known`` caches those of declared routes."""
        labels = method, route, str(status)
        if not is_declared:
            limited: DeferredHistogram = self.duration.labels(*labels)
            return limited
        # Values that clients invent, or that the guard may map to "other", are not cached: their number has no limit.
        series = self.known[method, route, status] = self._declared(*labels)
        return series

    def is_known(self, method: str, route: str, status: int) -> bool:
        """Return whether requests with these labels, of a declared route, were observed; their number is bounded."""
        return (method, route, status) in self.known

    def count_broken(self, method: str, route: str, error_type: str) -> None:
        """Count a request with an exception that its status does not show."""
        self._broken.labels(method, route, error_type).inc()
