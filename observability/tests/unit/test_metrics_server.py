"""The internal port for metrics."""

from __future__ import annotations

import os
import socket
import threading
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from glasshouse_observability.metrics import server as server_module
from glasshouse_observability.metrics.server import MetricsServer
from library_support.waiting import wait_until


@pytest.fixture
def registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    Counter("hits_total", "Hits", registry=registry).inc(3, {"trace_id": "ab"})
    return registry


def test_metrics_are_served_in_the_format_that_is_asked_for(registry: CollectorRegistry) -> None:
    """OpenMetrics contains exemplars, and the classic text does not."""
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


def get(server: MetricsServer) -> bytes:
    """Return the body of one scrape."""
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=10) as answer:
        body: bytes = answer.read()
        return body


class Slow(Collector):
    """A collector that calls ``ask``, which may wait, like a query to a slow server."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.ask: Callable[[], object] = lambda: None
        registry.register(self)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        """Call ``ask`` and return a metric."""
        self.ask()
        return [GaugeMetricFamily("asked", "Asked", 1)]


def test_scrapes_do_not_wait_for_each_other(registry: CollectorRegistry) -> None:
    """Eight scrapes that query a server without an answer wait for its timeout at the same time."""
    slow, together = Slow(registry), threading.Barrier(8)
    server = MetricsServer(registry, "127.0.0.1", 0)
    slow.ask = lambda: together.wait(10)
    try:
        with ThreadPoolExecutor(8) as pool:
            assert all(b"asked 1.0" in body for body in pool.map(lambda _: get(server), range(8)))
    finally:
        server.close()


def test_a_fork_waits_for_a_scrape(registry: CollectorRegistry) -> None:
    """A fork waits for a running scrape.

    Otherwise the child would inherit the scrape's locks without a thread that releases them.
    """
    slow, asked = Slow(registry), threading.Event()
    answered: list[bool] = []

    def ask() -> None:
        asked.set()
        wait_until("a fork to wait", lambda: server_module._fork_lock._entrance.locked())
        answered.append(True)

    slow.ask = ask
    server = MetricsServer(registry, "127.0.0.1", 0)
    try:
        with ThreadPoolExecutor(1) as pool:
            scrape = pool.submit(get, server)
            assert asked.wait(10)
            child = os.fork()
            if child == 0:
                os._exit(0 if answered else 1)
            assert os.waitpid(child, 0)[1] == 0
            assert b"asked 1.0" in scrape.result(10)
    finally:
        server.close()


def test_a_port_that_stays_taken_is_an_error(registry: CollectorRegistry) -> None:
    """A port that stays in use raises an error after the server's time limit; the port is not shared."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            MetricsServer(registry, "127.0.0.1", other.getsockname()[1], patience=0.2)


def test_a_closed_server_frees_its_port(registry: CollectorRegistry) -> None:
    """A closed server frees its port at once for a successor."""
    first = MetricsServer(registry, "127.0.0.1", 0)
    port = first.port
    first.close()
    second = MetricsServer(registry, "127.0.0.1", port, patience=0)
    second.close()
