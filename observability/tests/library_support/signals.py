"""The signals of a process about the databases that it uses, for tests to read."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client import CollectorRegistry, generate_latest

from glasshouse_observability import Telemetry, TelemetrySettings


class Signals:
    """A process's telemetry, with the spans that it recorded."""

    def __init__(self) -> None:
        self.exporter, self.registry = InMemorySpanExporter(), CollectorRegistry()
        settings = TelemetrySettings(service="test", instance="test-1")
        self.telemetry = Telemetry(settings, registry=self.registry, exporter=self.exporter)

    def counted(self) -> dict[tuple[str, str], int]:
        """Return the number of operations by name and error."""
        (family,) = [one for one in self.registry.collect() if one.name == "db_client_operation_duration_seconds"]
        return {
            (sample.labels["db_operation_name"], sample.labels["error_type"]): int(sample.value)
            for sample in family.samples
            if sample.name == "db_client_operation_duration_seconds_count" and sample.value
        }

    def exposed(self) -> str:
        """Return everything that a scrape returns."""
        return generate_latest(self.registry).decode()

    def swallowed(self) -> float:
        """Return the number of errors of the telemetry itself."""
        metrics = [one for one in self.registry.collect() if one.name == "telemetry_errors"]
        return sum(sample.value for one in metrics for sample in one.samples if sample.name.endswith("_total"))

    def spans(self) -> list[Any]:
        """Return the spans that have ended since the last call."""
        self.telemetry.provider.force_flush()
        found = list(self.exporter.get_finished_spans())
        self.exporter.clear()
        return found
