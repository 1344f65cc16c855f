"""The signals of a process about the databases that it uses, for tests to read."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry

from glasshouse_observability import Telemetry, TelemetrySettings
from glasshouse_observability.database import DatabaseMetrics


class Signals:
    """A process's telemetry, with the spans that it recorded."""

    def __init__(self) -> None:
        self.exporter, self.registry = InMemorySpanExporter(), CollectorRegistry()
        self.telemetry = Telemetry(TelemetrySettings(service="test", instance="test-1"), exporter=self.exporter)
        self.metrics = DatabaseMetrics(self.registry)

    def counted(self) -> dict[tuple[str, str], int]:
        """Return the number of operations by name and error."""
        (family,) = [one for one in self.registry.collect() if one.name == "db_client_operation_duration_seconds"]
        return {
            (sample.labels["db_operation_name"], sample.labels["error_type"]): int(sample.value)
            for sample in family.samples
            if sample.name == "db_client_operation_duration_seconds_count" and sample.value
        }

    def spans(self) -> list[Any]:
        """Return the spans that have ended since the last call."""
        self.telemetry.provider.force_flush()
        found = list(self.exporter.get_finished_spans())
        self.exporter.clear()
        return found
