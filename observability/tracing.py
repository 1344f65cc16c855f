"""Traces: one tracer provider a process, spans in batches to an OTLP/HTTP receiver, never in the way of the work.

A receiver that is down costs nothing but its spans: they are counted, logged once a minute, and dropped.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Sequence

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_ON, ParentBased, Sampler
from prometheus_client import CollectorRegistry, Counter

from observability.settings import TelemetrySettings

_log = logging.getLogger(__name__)

EXPORT_TIMEOUT_SECONDS = 2.0
EXPORT_DELAY_SECONDS = 1.0
COMPLAIN_EVERY_SECONDS = 60.0
QUEUE_SPANS = 8192
"""How many spans may wait: an outage makes each of its errors leave one, at the pace of all traffic."""


def use_stable_conventions() -> None:
    """Ask the instrumentations for OpenTelemetry's stable HTTP and database names; call before instrumenting."""
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")


def resource_of(settings: TelemetrySettings) -> Resource:
    """What made a span, in OpenTelemetry's resource attributes."""
    return Resource.create(
        {
            "service.name": settings.service,
            "service.namespace": settings.namespace,
            "service.version": settings.version,
            "service.instance.id": settings.instance,
            "deployment.environment.name": settings.environment,
        }
    )


class CountingExporter(SpanExporter):
    """Counts what an exporter sends and fails to send, and complains in the log at most once a minute."""

    def __init__(
        self, exporter: SpanExporter, registry: CollectorRegistry, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._exporter = exporter
        self._clock = clock
        self._complained = -COMPLAIN_EVERY_SECONDS
        counter = Counter(
            "telemetry_spans_exported_total",
            "Spans handed to the OTLP receiver",
            ["outcome"],
            registry=registry,
        )
        self._sent, self._lost = counter.labels("sent"), counter.labels("lost")
        self._waiting, self._lock = 0, threading.Lock()

    def admit(self) -> bool:
        """Whether one more span may wait to be exported; one that may not is counted as lost."""
        with self._lock:
            if self._waiting < QUEUE_SPANS:
                self._waiting += 1
                return True
        self._lost.inc()
        self._complain(f"{QUEUE_SPANS} are waiting already")
        return False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch; a failure is an answer, never an exception."""
        with self._lock:
            self._waiting -= len(spans)
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001  (telemetry never breaks work)
            result, reason = SpanExportResult.FAILURE, repr(error)
        else:
            reason = "the receiver does not answer or refuses"
        if result is SpanExportResult.SUCCESS:
            self._sent.inc(len(spans))
            return result
        self._lost.inc(len(spans))
        self._complain(reason)
        return result

    def _complain(self, reason: str) -> None:
        if self._clock() - self._complained >= COMPLAIN_EVERY_SECONDS:
            self._complained = self._clock()
            _log.warning("spans are being lost: %s", reason, extra={"event": "telemetry.spans_lost"})

    def shutdown(self) -> None:
        """Close the exporter's connection and end its retries."""
        self._exporter.shutdown()


class ForkAwareProcessor(SpanProcessor):
    """Batches spans in the process that made it; keeps them in ``kept`` in a process forked from that one.

    An RQ work horse leaves through ``os._exit`` after a job or some: it would pay a connection of its own, wait for a
    dead receiver, or lose its spans. Its parent takes them over (``observability.fork_report``).
    """

    def __init__(self, batch: SpanProcessor, admit: Callable[[], bool]) -> None:
        """``admit`` says for each span that is to be sent whether ``batch`` has room for it."""
        self._batch, self._admit = batch, admit
        self._owner = os.getpid()
        self.kept: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Take a finished span."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        if os.getpid() != self._owner:
            self.kept.append(span)
        elif self._admit():
            self._batch.on_end(span)

    def shutdown(self) -> None:
        """Send what is left and stop."""
        self._batch.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send what is left now."""
        return self._batch.force_flush(timeout_millis)


def new_provider(
    settings: TelemetrySettings,
    registry: CollectorRegistry,
    exporter: SpanExporter | None = None,
    sampler: Sampler | None = None,
) -> tuple[TracerProvider, ForkAwareProcessor | None]:
    """A tracer provider whose spans go to ``exporter``, by default OTLP/HTTP at ``settings.otlp_endpoint``.

    Without endpoint and exporter spans are made (ids in logs work) but leave the process nowhere.
    """
    provider = TracerProvider(
        sampler=sampler or ParentBased(ALWAYS_ON), resource=resource_of(settings), shutdown_on_exit=False
    )
    if exporter is None:
        if not settings.otlp_endpoint:
            return provider, None
        exporter = OTLPSpanExporter(f"{settings.otlp_endpoint}/v1/traces", timeout=EXPORT_TIMEOUT_SECONDS)
    counting = CountingExporter(exporter, registry)
    batch = BatchSpanProcessor(
        counting,
        max_queue_size=QUEUE_SPANS,
        schedule_delay_millis=EXPORT_DELAY_SECONDS * 1000,
    )
    processor = ForkAwareProcessor(batch, counting.admit)
    provider.add_span_processor(processor)
    return provider, processor


def shut_down_within(provider: TracerProvider, seconds: float) -> bool:
    """Flush and stop ``provider``; ``False`` if that took longer than ``seconds`` and was left behind.

    The SDK's own time limits are not kept by its exporters (a dead receiver is retried), so the bound is ours.
    """
    thread = threading.Thread(target=provider.shutdown, name="telemetry-shutdown", daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()
