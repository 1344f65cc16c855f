"""Metrics with deferred observations return the same numbers to every reader at every time."""

from __future__ import annotations

import random
import threading

import pytest
from flask import Flask
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, Counter, Histogram, values
from prometheus_client.openmetrics.exposition import generate_latest

from glasshouse_observability import Telemetry, TelemetrySettings
from glasshouse_observability.flask.metrics import RequestMetrics
from glasshouse_observability.metrics import multiprocess
from glasshouse_observability.metrics.deferred import MOST_WAITING, DeferredHistogram
from glasshouse_observability.rq.fork_report import add_increases, collect_increases

BUCKETS = (0.1, 0.5, 1.0)


def exposed(kind: type[Histogram], seconds: list[float]) -> bytes:
    registry = CollectorRegistry()
    metric = kind("took_seconds", "Time", ["route"], buckets=BUCKETS, registry=registry)
    for one in seconds:
        metric.labels("/").observe(one)
    return generate_latest(registry)


def without_birth(text: bytes) -> list[bytes]:
    return [line for line in text.splitlines() if b"_created" not in line]


def test_a_histogram_exposes_the_same_as_prometheus_clients() -> None:
    """A deferred histogram exposes the same text as prometheus_client's.

    Values are on a bound, below and above all bounds, negative, and more than may wait.
    """
    # Sums of eighths are exact in any order.
    chosen = [0.1, 0.5, 0.0, -1.0, 1.0, 7.0] + [random.randrange(16) / 8 for _ in range(3 * MOST_WAITING)]
    ours, theirs = (without_birth(exposed(kind, chosen)) for kind in (DeferredHistogram, Histogram))
    total = [line.startswith(b"took_seconds_sum") for line in ours].index(True)
    assert float(ours.pop(total).split()[-1]) == pytest.approx(float(theirs.pop(total).split()[-1]))
    assert ours == theirs


def test_no_thread_loses_or_repeats_an_observation() -> None:
    """No observation is lost or repeated while eight threads observe and another one reads.

    Each read returns at least the previous number.
    """
    registry = CollectorRegistry()
    metric = DeferredHistogram("took_seconds", "Time", buckets=BUCKETS, registry=registry)
    most, each = 8, 5000
    threads = [threading.Thread(target=lambda: [metric.observe(0.25) for _ in range(each)]) for _ in range(most)]
    for thread in threads:
        thread.start()
    seen = [0.0]
    while any(thread.is_alive() for thread in threads):
        seen.append(registry.get_sample_value("took_seconds_count") or 0.0)
    for thread in threads:
        thread.join()
    assert seen == sorted(seen)
    assert registry.get_sample_value("took_seconds_count") == most * each
    assert registry.get_sample_value("took_seconds_sum") == most * each * 0.25


def test_what_has_an_exemplar_does_not_wait() -> None:
    """An observation with an exemplar is not deferred, so that the exemplar has the right time."""
    registry = CollectorRegistry()
    metric = DeferredHistogram("took_seconds", "Time", buckets=BUCKETS, registry=registry)
    metric.observe(0.2, {"trace_id": "abc"})
    assert b'trace_id="abc"' in generate_latest(registry)


def test_what_a_fork_takes_home_includes_what_waits() -> None:
    """The report of a fork includes its deferred observations, once, even if nothing has read them."""
    registry, home = CollectorRegistry(), CollectorRegistry()
    for one in (registry, home):
        DeferredHistogram("took_seconds", "Time", ["route"], buckets=BUCKETS, registry=one)
        Counter("lines_total", "Lines", registry=one)
    for metric in set(registry._names_to_collectors.values()):
        if isinstance(metric, Histogram):
            metric.labels("/").observe(0.25)
        elif isinstance(metric, Counter):
            metric.inc(2)
    increases = collect_increases(registry)
    assert collect_increases(registry) == []
    add_increases(home, increases)
    assert home.get_sample_value("took_seconds_bucket", {"route": "/", "le": "0.5"}) == 1
    assert home.get_sample_value("lines_total") == 2


def test_a_series_that_needs_labels_says_so() -> None:
    """Observing a metric that needs labels raises ``ValueError``, as in prometheus_client."""
    parent = DeferredHistogram("took_seconds", "Time", ["route"], registry=CollectorRegistry())
    with pytest.raises(ValueError, match="missing label"):
        parent.observe(1.0)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> CollectorRegistry:
    """Return a registry that reads this process's values from its files, as another process does."""
    folder = multiprocess.SharedFolder(str(tmp_path_factory.mktemp("metrics")))
    monkeypatch.setenv(multiprocess.SETTING, folder.path)
    # First: it makes this process keep values in memory.
    registry, _ = folder.registry()
    monkeypatch.setattr(values, "ValueClass", values.MultiProcessValue(lambda: 1))  # type: ignore[no-untyped-call]
    return registry


def test_where_others_read_the_values_nothing_waits(shared: CollectorRegistry) -> None:
    """Values that other processes read from files are not deferred, because another process serves the metrics."""
    own = CollectorRegistry()
    DeferredHistogram("took_seconds", "Time", buckets=BUCKETS, registry=own).observe(0.25)
    assert shared.get_sample_value("took_seconds_count") == 1


def test_requests_under_way_are_counted_there_as_they_come_and_go(shared: CollectorRegistry) -> None:
    """Active requests are written to the file at each change, because other processes cannot query this one."""
    settings = TelemetrySettings(service="api", instance="api-1")
    # Without a registry as an argument, values are kept in memory.
    telemetry = Telemetry(settings, registry=CollectorRegistry(), exporter=InMemorySpanExporter())
    metrics, seen = RequestMetrics(telemetry), []
    metrics.init_app(Flask("test"))
    for change, number in ((metrics.begin, 1), (metrics.begin, 2), (metrics.end, 1)):
        change(number)
        seen.append(shared.get_sample_value("http_server_active_requests"))
    assert seen == [1, 2, 1]
