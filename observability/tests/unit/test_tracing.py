"""Spans that cannot be delivered, and processes that must end."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from prometheus_client import CollectorRegistry

from glasshouse_observability import Telemetry, TelemetrySettings
from glasshouse_observability.traces import provider as tracing
from glasshouse_observability.traces.provider import CountingExporter, shut_down_within


class Dead(SpanExporter):
    """An exporter that fails, by its result or by an exception."""

    def __init__(self, raises: bool = False) -> None:
        self.raises = raises

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        if self.raises:
            raise OSError("no route")
        return SpanExportResult.FAILURE


@pytest.mark.parametrize("raises", [False, True])
def test_lost_spans_are_counted_and_logged_once_a_minute(raises: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Lost spans are counted and logged at most once a minute."""
    registry, now = CollectorRegistry(), [0.0]
    exporter = CountingExporter(Dead(raises), registry, lambda: now[0])
    spans = [ReadableSpan("a"), ReadableSpan("b")]
    with caplog.at_level(logging.WARNING):
        for now[0] in (0.0, 1.0, 59.0, 61.0):
            assert exporter.export(spans) is SpanExportResult.FAILURE
    assert registry.get_sample_value("telemetry_spans_exported_total", {"outcome": "lost"}) == 8
    assert len(caplog.records) == 2


def test_what_the_queue_does_not_take_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans that do not fit into the queue are counted, and spans are accepted again when there is room.

    The SDK drops them without a report.
    """
    monkeypatch.setattr(tracing, "QUEUE_SPANS", 3)
    blocked, entered = threading.Event(), threading.Event()

    class Slow(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            entered.set()
            blocked.wait()
            return SpanExportResult.SUCCESS

    registry = CollectorRegistry()
    exporter = CountingExporter(Slow(), registry)
    assert [exporter.admit() for _ in range(5)] == [True] * 3 + [False] * 2
    sending = threading.Thread(target=exporter.export, args=([ReadableSpan("a")],))
    sending.start()
    entered.wait()
    assert exporter.admit()
    blocked.set()
    sending.join()
    outcomes = {"sent": 1, "lost": 2}
    name = "telemetry_spans_exported_total"
    assert {one: registry.get_sample_value(name, {"outcome": one}) for one in outcomes} == outcomes


def test_shutdown_is_bounded() -> None:
    """Shutdown is bounded, even if an exporter never returns."""
    forever = threading.Event()

    class Stuck(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            forever.wait()
            return SpanExportResult.SUCCESS

    telemetry = Telemetry(TelemetrySettings(service="api", instance="api-1"), exporter=Stuck())
    telemetry.tracer("t").start_span("last").end()
    try:
        assert not shut_down_within(telemetry.provider, 0.2)
    finally:
        forever.set()


def test_the_resource_names_the_service_by_opentelemetrys_attributes() -> None:
    """The resource has OpenTelemetry's attributes for name, namespace, version, instance and environment."""
    settings = TelemetrySettings("api", "api-1", version="1.2.3", environment="test")
    attributes = tracing.resource_of(settings).attributes
    assert attributes["service.name"] == "api"
    assert attributes["service.version"] == "1.2.3"
    assert attributes["service.instance.id"] == "api-1"
    assert attributes["deployment.environment.name"] == "test"
