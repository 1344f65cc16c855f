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

from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, SpanLimits, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, ALWAYS_ON, ParentBased, Sampler
from prometheus_client import CollectorRegistry, Counter

from glasshouse_observability.exceptions import described
from glasshouse_observability.locks import new_lock
from glasshouse_observability.redaction import DEFAULT_POLICY, RedactionPolicy
from glasshouse_observability.settings import TelemetrySettings
from glasshouse_observability.settings.otel import UNLIMITED, SpanSettings
from glasshouse_observability.traces.cleaning import Cleaner
from glasshouse_observability.traces.exporters import new_exporter
from glasshouse_observability.traces.safe_spans import SafeTracerProvider

_log = logging.getLogger(__name__)

COMPLAIN_EVERY_SECONDS = 60.0
MOST_KEPT = 8192
"""How many spans of one job a work horse keeps for its parent."""


def use_stable_conventions() -> None:
    """Select OpenTelemetry's stable HTTP and database names in the instrumentations; call before instrumenting."""
    os.environ.setdefault("OTEL_SEMCONV_STABILITY_OPT_IN", "http,database")


def resource_of(settings: TelemetrySettings) -> Resource:
    """Return the identity of the process as OpenTelemetry's resource attributes."""
    identity = {
        "service.name": settings.service,
        "service.namespace": settings.namespace,
        "service.version": settings.version,
        "service.instance.id": settings.instance,
        "deployment.environment.name": settings.environment,
    }
    return Resource.create({**settings.resource, **{name: value for name, value in identity.items() if value}})


class CountingExporter(SpanExporter):
    """Clean the spans that an exporter sends, count those sent and lost, and log losses at most once a minute."""

    def __init__(
        self,
        exporter: SpanExporter,
        registry: CollectorRegistry,
        clock: Callable[[], float] = time.monotonic,
        queue: int = 8192,
        policy: RedactionPolicy = DEFAULT_POLICY,
    ) -> None:
        """``queue`` is the number of spans that may wait: in an outage each error leaves one."""
        self._exporter, self._queue = exporter, queue
        self._clock = clock
        self._complained = -COMPLAIN_EVERY_SECONDS
        counter = Counter(
            "telemetry_spans_exported_total",
            "Spans exported to the OTLP receiver",
            ["outcome"],
            registry=registry,
        )
        self._sent, self._lost = counter.labels("sent"), counter.labels("lost")
        repaired = Counter(
            "telemetry_spans_repaired_total",
            "Exported spans in which a value was replaced, because OTLP cannot encode it or it could not be read",
            registry=registry,
        )
        self._cleaner = Cleaner(policy, repaired.inc)
        self._waiting, self._lock = 0, new_lock()

    def admit(self) -> bool:
        """Return whether one more span may be queued for export; if not, it is counted as lost."""
        with self._lock:
            if self._waiting < self._queue:
                self._waiting += 1
                return True
        self._lost.inc()
        self._complain(f"{self._queue} are already queued")
        return False

    def lose(self) -> None:
        """Count a span that cannot be exported, because a forked process has no exporter."""
        self._lost.inc()
        self._complain("a process that the application has forked does not export")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch; a failure is returned, never raised."""
        with self._lock:
            self._waiting -= len(spans)
        fit = [cleaned for span in spans if (cleaned := self._cleaned(span)) is not None]
        result, reason = SpanExportResult.FAILURE, "the receiver does not respond or rejects them"
        try:
            result = self._exporter.export(fit)
        except Exception as error:  # noqa: BLE001  (telemetry never breaks work)
            reason = described(error)
            # One span that cannot be encoded fails the whole batch.
            if encodable := [span for span in fit if _is_encodable(span)]:
                result, fit = self._again(encodable), encodable
        sent = len(fit) if result is SpanExportResult.SUCCESS else 0
        if sent:
            self._sent.inc(sent)
        if sent < len(spans):
            self._lost.inc(len(spans) - sent)
            self._complain(reason)
        return result

    def _cleaned(self, span: ReadableSpan) -> ReadableSpan | None:
        try:
            return self._cleaner.clean(span)
        except Exception:  # noqa: BLE001  (a span of other code may have any parts; it is counted as lost)
            return None

    def _again(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            return self._exporter.export(spans)
        except Exception:  # noqa: BLE001  (the first failure is reported)
            return SpanExportResult.FAILURE

    def _complain(self, reason: str) -> None:
        if self._clock() - self._complained >= COMPLAIN_EVERY_SECONDS:
            self._complained = self._clock()
            _log.warning("spans are being lost: %s", reason, extra={"event": "telemetry.spans_lost"})

    def shutdown(self) -> None:
        """Close the exporter's connection and stop its retries."""
        self._exporter.shutdown()


def _is_encodable(span: ReadableSpan) -> bool:
    # Imported only when a batch has failed.
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans

    try:
        encode_spans([span]).SerializeToString()
    except Exception:  # noqa: BLE001  (its spans are counted as lost)
        return False
    return True


class ForkAwareProcessor(SpanProcessor):
    """Batch spans in the process that created it; collect them in ``kept`` in a forked process.

    An RQ work horse exits through ``os._exit`` after one or several jobs: it would need a separate connection, wait for
    an unavailable receiver, or lose its spans. Its parent exports them instead (``rq.fork_report``).
    """

    def __init__(self, batch: SpanProcessor, admit: Callable[[], bool], lose: Callable[[], object]) -> None:
        """``admit`` returns for each span to be exported whether ``batch`` has room for it.

        ``lose`` is called for each span of a forked process beyond ``MOST_KEPT``, which no process collects.
        """
        self._batch, self._admit, self._lose = batch, admit, lose
        self._owner = os.getpid()
        self.kept: list[ReadableSpan] = []

    def adopt(self) -> None:
        """In a fork that continues as a separate process, such as a worker of a pool: export spans from here on."""
        self._owner = os.getpid()
        self.kept.clear()

    def on_end(self, span: ReadableSpan) -> None:
        """Add a finished span."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        if os.getpid() != self._owner:
            if len(self.kept) < MOST_KEPT:
                self.kept.append(span)
            else:
                self._lose()
        elif self._admit():
            self._batch.on_end(span)

    def shutdown(self) -> None:
        """Export the remaining spans and stop."""
        self._batch.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Export the queued spans now."""
        return self._batch.force_flush(timeout_millis)


def new_provider(
    settings: TelemetrySettings, registry: CollectorRegistry, exporter: SpanExporter | None = None
) -> tuple[TracerProvider, ForkAwareProcessor | None]:
    """Return a provider whose spans go to ``exporter``, by default that of the settings.

    Without an exporter, spans are created (so logs have ids) but not exported.
    """
    sampler: Sampler = ParentBased(ALWAYS_ON) if settings.parent_based else ALWAYS_ON
    if not settings.tracing:
        sampler = ALWAYS_OFF
    provider = SafeTracerProvider(
        sampler=sampler, resource=resource_of(settings), shutdown_on_exit=False, span_limits=_limits(settings.span)
    )
    exporter = exporter or new_exporter(settings)
    if exporter is None:
        return provider, None
    counting = CountingExporter(exporter, registry, queue=settings.span.queue, policy=settings.redaction)
    batch = BatchSpanProcessor(
        counting,
        max_queue_size=settings.span.queue,
        max_export_batch_size=min(settings.span.batch, settings.span.queue),
        schedule_delay_millis=settings.span.delay_ms,
        # The SDK does not use it, but fails if its variable is not a number.
        export_timeout_millis=30_000,
    )
    processor = ForkAwareProcessor(batch, counting.admit, counting.lose)
    provider.add_span_processor(processor)
    return provider, processor


def _limits(span: SpanSettings) -> SpanLimits:
    """Return the limits, all given, so that the SDK reads no variable: it fails for wrong values."""
    length = SpanLimits.UNSET if span.value_length == UNLIMITED else span.value_length
    return SpanLimits(
        max_attributes=span.attributes,
        max_events=span.events,
        max_links=span.links,
        max_span_attributes=span.attributes,
        max_event_attributes=span.event_attributes,
        max_link_attributes=span.link_attributes,
        max_attribute_length=length,
        max_span_attribute_length=length,
    )


def shut_down_within(provider: TracerProvider, seconds: float) -> bool:
    """Flush and stop ``provider``; return ``False`` if that takes longer than ``seconds`` and is abandoned.

    The SDK's exporters do not observe its time limits (they retry when the receiver does not respond), so this function
    enforces one.
    """
    thread = threading.Thread(target=provider.shutdown, name="telemetry-shutdown", daemon=True)
    try:
        thread.start()
    except RuntimeError:
        # Python 3.12.0 and 3.12.1 start no thread while the interpreter shuts down, so the limit cannot be enforced.
        provider.shutdown()
        return True
    thread.join(seconds)
    return not thread.is_alive()
