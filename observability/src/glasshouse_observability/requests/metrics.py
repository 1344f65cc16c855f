"""The duration of outgoing HTTP requests."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import Histogram

from glasshouse_observability.metrics.buckets import LATENCY_BUCKETS
from glasshouse_observability.requests.attributes import host_and_port, known_method
from glasshouse_observability.telemetry import Telemetry

MOST_KEPT = 1000
NO_RESPONSE = 0
"""The status of a request without a response."""


class ClientMetrics:
    """One histogram for all sessions. Create it with ``telemetry.part(ClientMetrics)``."""

    def __init__(self, telemetry: Telemetry) -> None:
        duration = Histogram(
            "http_client_request_duration_seconds",
            "Duration of outgoing HTTP requests",
            ["server_address", "http_request_method", "http_response_status_code"],
            buckets=LATENCY_BUCKETS,
            registry=telemetry.registry,
        )
        # The number of addresses is unlimited if the application follows links that customers provide.
        self._duration = telemetry.guard.limit(duration, "server_address")
        self._observers: dict[tuple[str, str, int], Callable[[float], None]] = {}

    def declare(self, url: str, method: str, *statuses: int) -> None:
        """Create the series of a call known in advance, with the value zero; status 0 means "no response"."""
        for status in statuses:
            self._duration.labels(host_and_port(url), known_method(method), str(status))

    def observe(self, address: str, method: str, status: int, seconds: float) -> None:
        """Add one request."""
        observe = self._observers.get((address, method, status))
        if observe is None:
            observe = self._duration.labels(address, method, str(status)).observe
            if len(self._observers) < MOST_KEPT:
                # ``labels`` takes longer than the observation.
                self._observers[address, method, status] = observe
        observe(seconds)
