"""Spans that cannot be delivered, and processes that must end."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
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


def test_what_the_queue_does_not_take_is_counted() -> None:
    """Spans that do not fit into the queue are counted, and spans are accepted again when there is room.

    The SDK drops them without a report.
    """
    blocked, entered = threading.Event(), threading.Event()

    class Slow(SpanExporter):
        def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
            entered.set()
            blocked.wait()
            return SpanExportResult.SUCCESS

    registry = CollectorRegistry()
    exporter = CountingExporter(Slow(), registry, queue=3)
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


def test_spans_are_exported_at_exit_without_a_new_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans arrive also if the interpreter starts no thread while it shuts down, as Python 3.12.1 does."""
    exporter = InMemorySpanExporter()
    telemetry = Telemetry(TelemetrySettings(service="api", instance="api-1"), exporter=exporter)
    telemetry.tracer("test").start_span("last").end()

    def refuse(_: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert shut_down_within(telemetry.provider, 5.0)
    assert [span.name for span in exporter.get_finished_spans()] == ["last"]


def test_the_resource_names_the_service_by_opentelemetrys_attributes() -> None:
    """The resource has OpenTelemetry's attributes for name, namespace, version, instance and environment."""
    settings = TelemetrySettings("api", "api-1", version="1.2.3", environment="test")
    attributes = tracing.resource_of(settings).attributes
    assert attributes["service.name"] == "api"
    assert attributes["service.version"] == "1.2.3"
    assert attributes["service.instance.id"] == "api-1"
    assert attributes["deployment.environment.name"] == "test"


def test_a_forked_process_keeps_a_bounded_number_of_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fork whose spans are not collected does not fill its memory; what it drops is counted as lost."""
    monkeypatch.setattr(tracing, "MOST_KEPT", 3)
    telemetry = Telemetry(TelemetrySettings(service="api", instance="api-1"), exporter=Dead())
    child = os.fork()
    if child == 0:
        assert telemetry.spans is not None
        for _ in range(5):
            telemetry.tracer("t").start_span("x").end()
        lost = telemetry.registry.get_sample_value("telemetry_spans_exported_total", {"outcome": "lost"})
        os._exit(0 if (len(telemetry.spans.kept), lost) == (3, 2) else 1)
    assert os.waitpid(child, 0)[1] == 0
    telemetry.stop()
