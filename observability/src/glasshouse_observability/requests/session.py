"""Outgoing HTTP with ``requests``: a span, the W3C context and the request id on each call, and its duration."""

from __future__ import annotations

import time
from typing import Any

import requests
from opentelemetry import propagate, trace
from opentelemetry.instrumentation.requests import RequestsInstrumentor
from opentelemetry.metrics import NoOpMeterProvider
from prometheus_client import Histogram

from glasshouse_observability import context
from glasshouse_observability.metrics.buckets import LATENCY_BUCKETS
from glasshouse_observability.telemetry import Telemetry


class ObservedSession(requests.Session):
    """A ``requests`` session whose calls are observed and carry ``X-Request-ID``."""

    def __init__(self, duration: Histogram) -> None:
        super().__init__()
        self._duration = duration

    def declare(self, url: str, method: str, *statuses: int) -> None:
        """Create the series of a call known in advance, with the value zero; status 0 means "no response"."""
        for status in statuses:
            self._duration.labels(_address(url), method, str(status))

    def send(self, request: requests.PreparedRequest, **options: Any) -> requests.Response:
        """Send a request and observe its duration; a request without a response has the status ``0``."""
        if (request_id := context.request_id.get()) is not None:
            request.headers.setdefault("X-Request-ID", request_id)
        ids = trace.get_current_span().get_span_context()
        if ids.is_valid and not ids.trace_flags.sampled:
            # Under a span that is not sampled, the instrumentation does not inject the context.
            propagate.inject(request.headers)
        address = _address(request.url or "")
        started, status = time.perf_counter(), 0
        try:
            response = super().send(request, **options)
            status = response.status_code
            return response
        finally:
            elapsed = time.perf_counter() - started
            self._duration.labels(address, request.method or "", str(status)).observe(elapsed)


def _address(url: str) -> str:
    return url.split("/")[2].rsplit("@")[-1]


def instrument_http_client(telemetry: Telemetry) -> ObservedSession:
    """Trace every ``requests`` call of the process; return a session that also measures its calls."""
    RequestsInstrumentor().instrument(tracer_provider=telemetry.provider, meter_provider=NoOpMeterProvider())
    duration = Histogram(
        "http_client_request_duration_seconds",
        "Duration of outgoing HTTP requests",
        ["server_address", "http_request_method", "http_response_status_code"],
        buckets=LATENCY_BUCKETS,
        registry=telemetry.registry,
    )
    # The number of addresses is unlimited if the application follows links that customers provide.
    return ObservedSession(telemetry.guard.limit(duration, "server_address"))
