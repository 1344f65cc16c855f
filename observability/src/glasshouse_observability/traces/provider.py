"""Tracing: one tracer provider per process, which exports spans in batches to an OTLP/HTTP receiver.

Export never delays the work. If the receiver is down, only its spans are affected: they are counted, logged once a
minute, and dropped.
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

from glasshouse_observability.settings import TelemetrySettings

_log = logging.getLogger(__name__)

EXPORT_TIMEOUT_SECONDS = 2.0
EXPORT_DELAY_SECONDS = 1.0
COMPLAIN_EVERY_SECONDS = 60.0
QUEUE_SPANS = 8192
"""How many spans may be queued: in an outage each error leaves one, at the rate of all traffic."""


def use_stable_conventions() -> None:
    """Select OpenTelemetry's stable HTTP and database names in the instrumentations; call before instrumenting."""
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")


def resource_of(settings: TelemetrySettings) -> Resource:
    """Return the identity of the process as OpenTelemetry's resource attributes."""
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
    """Count the spans that an exporter sends and fails to send, and log failures at most once a minute."""

    def __init__(
        self, exporter: SpanExporter, registry: CollectorRegistry, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._exporter = exporter
        self._clock = clock
        self._complained = -COMPLAIN_EVERY_SECONDS
        counter = Counter(
            "telemetry_spans_exported_total",
            "Spans exported to the OTLP receiver",
            ["outcome"],
            registry=registry,
        )
        self._sent, self._lost = counter.labels("sent"), counter.labels("lost")
        self._waiting, self._lock = 0, threading.Lock()

    def admit(self) -> bool:
        """Return whether one more span may be queued for export; if not, it is counted as lost."""
        with self._lock:
            if self._waiting < QUEUE_SPANS:
                self._waiting += 1
                return True
        self._lost.inc()
        self._complain(f"{QUEUE_SPANS} are already queued")
        return False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch; a failure is returned, never raised."""
        with self._lock:
            self._waiting -= len(spans)
        try:
            result = self._exporter.export(spans)
        except Exception as error:  # noqa: BLE001  (telemetry never breaks work)
            result, reason = SpanExportResult.FAILURE, repr(error)
        else:
            reason = "the receiver does not respond or rejects them"
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
        """Close the exporter's connection and stop its retries."""
        self._exporter.shutdown()


class ForkAwareProcessor(SpanProcessor):
    """Batch spans in the process that created it; collect them in ``kept`` in a forked process.

    An RQ work horse exits through ``os._exit`` after one or several jobs: it would need a separate connection, wait for
    an unavailable receiver, or lose its spans. Its parent exports them instead (``rq.fork_report``).
    """

    def __init__(self, batch: SpanProcessor, admit: Callable[[], bool]) -> None:
        """``admit`` returns for each span to be exported whether ``batch`` has room for it."""
        self._batch, self._admit = batch, admit
        self._owner = os.getpid()
        self.kept: list[ReadableSpan] = []

    def on_end(self, span: ReadableSpan) -> None:
        """Add a finished span."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        if os.getpid() != self._owner:
            self.kept.append(span)
        elif self._admit():
            self._batch.on_end(span)

    def shutdown(self) -> None:
        """Export the remaining spans and stop."""
        self._batch.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export the queued spans now."""
        return self._batch.force_flush(timeout_millis)


def new_provider(
    settings: TelemetrySettings,
    registry: CollectorRegistry,
    exporter: SpanExporter | None = None,
    sampler: Sampler | None = None,
) -> tuple[TracerProvider, ForkAwareProcessor | None]:
    """Return a provider whose spans go to ``exporter``, by default OTLP/HTTP at ``settings.otlp_endpoint``.

    Without endpoint and exporter, spans are created (so logs have ids) but not exported.
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
    """Flush and stop ``provider``; return ``False`` if that takes longer than ``seconds`` and is abandoned.

    The SDK's exporters do not observe its time limits (they retry when the receiver does not respond), so this function
    enforces one.
    """
    thread = threading.Thread(target=provider.shutdown, name="telemetry-shutdown", daemon=True)
    thread.start()
    thread.join(seconds)
    return not thread.is_alive()
