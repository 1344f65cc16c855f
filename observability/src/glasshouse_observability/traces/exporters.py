"""The exporters of spans that the settings select."""

from __future__ import annotations

from collections.abc import Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import ConsoleSpanExporter, SpanExporter, SpanExportResult

from glasshouse_observability.settings import TelemetrySettings


def new_exporter(settings: TelemetrySettings) -> SpanExporter | None:
    """Return the exporter of the settings; ``None`` if spans are not exported."""
    if not settings.tracing or "none" in settings.span.exporters:
        return None
    exporters: list[SpanExporter] = []
    if "otlp" in settings.span.exporters and (url := traces_url(settings)):
        exporters.append(_otlp(settings, url))
    if "console" in settings.span.exporters:
        exporters.append(ConsoleSpanExporter())
    return exporters[0] if len(exporters) == 1 else Several(exporters) if exporters else None


def traces_url(settings: TelemetrySettings) -> str:
    """Return the URL that receives spans; "" if no receiver is set."""
    if settings.otlp.traces_endpoint:
        return settings.otlp.traces_endpoint
    return f"{settings.otlp_endpoint}/v1/traces" if settings.otlp_endpoint else ""


def _otlp(settings: TelemetrySettings, url: str) -> SpanExporter:
    # Imported only if it is used: it imports requests.
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

    otlp = settings.otlp
    return OTLPSpanExporter(
        url,
        certificate_file=otlp.certificate or None,
        client_key_file=otlp.client_key or None,
        client_certificate_file=otlp.client_certificate or None,
        headers=dict(otlp.headers),
        timeout=otlp.timeout,
        compression=Compression(otlp.compression),
    )


class Several(SpanExporter):
    """Export each batch to several exporters; it counts as sent if all of them have accepted it."""

    def __init__(self, exporters: Sequence[SpanExporter]) -> None:
        self._exporters = exporters

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Export a batch."""
        results = [exporter.export(spans) for exporter in self._exporters]
        return SpanExportResult.FAILURE if SpanExportResult.FAILURE in results else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        """Close all of them."""
        for exporter in self._exporters:
            exporter.shutdown()
