"""The internal port."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter

from observability.metrics import MetricsServer


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("hits_total", "Hits", registry=registry).inc(3, {"trace_id": "ab"})
    return registry


def test_metrics_are_served_in_the_format_that_is_asked_for(registry: CollectorRegistry) -> None:
    """OpenMetrics carries exemplars, the classic text does not."""
    server = MetricsServer(registry, "127.0.0.1", 0)
    try:
        url = f"http://127.0.0.1:{server.port}/metrics"
        request = urllib.request.Request(url, headers={"Accept": "application/openmetrics-text; version=1.0.0"})
        with urllib.request.urlopen(request) as answer:
            assert b'hits_total 3.0 # {trace_id="ab"}' in answer.read()
        with urllib.request.urlopen(url) as answer:
            assert b"trace_id" not in answer.read()
    finally:
        server.close()


def test_a_port_that_stays_taken_is_an_error(registry: CollectorRegistry) -> None:
    """After its patience the server says so; the port is not shared."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            MetricsServer(registry, "127.0.0.1", other.getsockname()[1], patience=0.2)


def test_a_closed_server_frees_its_port(registry: CollectorRegistry) -> None:
    """A successor can listen at once."""
    first = MetricsServer(registry, "127.0.0.1", 0)
    port = first.port
    first.close()
    second = MetricsServer(registry, "127.0.0.1", port, patience=0)
    second.close()
