"""The registry of a process, with the metrics of the process itself."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Gauge, GCCollector, PlatformCollector, ProcessCollector

from glasshouse_observability.metrics import multiprocess, prometheus_internals
from glasshouse_observability.settings import TelemetrySettings


def new_registry(settings: TelemetrySettings) -> CollectorRegistry:
    """Return a new registry with the process, garbage-collector and platform metrics and ``service_info``.

    If several processes share their metrics, it has only ``service_info``, because the memory of one process is not
    that of the replica.
    """
    registry = CollectorRegistry()
    if not multiprocess.is_joined():
        # Otherwise any process with the variable in its environment, such as an RQ worker and its forks, would write
        # files.
        prometheus_internals.keep_values_in_memory()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        PlatformCollector(registry=registry)
    Gauge(
        "service_info",
        "Name, version and environment of the service; the value is always 1",
        ["service_name", "service_version", "deployment_environment_name"],
        registry=registry,
        multiprocess_mode="livemax",
    ).labels(settings.service, settings.version, settings.environment).set(1)
    return registry
