"""The registry of a process, with the metrics of the process itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from weakref import WeakSet

from prometheus_client import CollectorRegistry, Gauge, GCCollector, PlatformCollector, ProcessCollector
from prometheus_client.registry import Collector

from glasshouse_observability.locks import new_lock
from glasshouse_observability.metrics import multiprocess, prometheus_internals
from glasshouse_observability.settings import TelemetrySettings


class RegistryInUse(RuntimeError):
    """Another ``Telemetry`` has its metrics in the registry."""


_in_use: WeakSet[CollectorRegistry] = WeakSet()


class OwnRegistry(CollectorRegistry):
    """A registry whose metrics may be used in signal handlers and finalisers, at any moment."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = new_lock()

    def register(self, collector: Collector) -> None:
        """Add a collector to the registry."""
        super().register(collector)
        prometheus_internals.make_reentrant(collector)


def new_registry() -> CollectorRegistry:
    """Return a new registry with the metrics of the process, the garbage collector and the platform.

    If several processes share their metrics, it is empty, because the memory of one process is not that of the replica.
    """
    registry = OwnRegistry()
    if not multiprocess.is_joined():
        # Otherwise any process with the variable in its environment, such as an RQ worker and its forks, would write
        # files.
        prometheus_internals.keep_values_in_memory()
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        PlatformCollector(registry=registry)
    return registry


class Registered:
    """The collectors that one ``Telemetry`` has added to a registry, which may contain others."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Reserve ``registry``.

        Raises:
            RegistryInUse: another ``Telemetry``, which was not stopped, has reserved it.
        """
        if registry in _in_use:
            raise RegistryInUse(
                "this registry has the metrics of another Telemetry: stop that one first, share it, or pass a new "
                "CollectorRegistry"
            )
        _in_use.add(registry)
        prometheus_internals.free_after_fork(registry)
        self._registry = registry
        self._collectors: dict[int, Collector] = {}

    @contextmanager
    def adding(self) -> Iterator[None]:
        """Collectors that are registered within the block belong to the ``Telemetry``; blocks may be nested."""
        before = set(map(id, prometheus_internals.collectors_of(self._registry)))
        try:
            yield
        finally:
            for collector in prometheus_internals.collectors_of(self._registry):
                if id(collector) not in before:
                    prometheus_internals.make_reentrant(collector)
                    self._collectors[id(collector)] = collector

    def remove(self) -> None:
        """Remove the collectors, and release the registry."""
        present = set(map(id, prometheus_internals.collectors_of(self._registry)))
        for key, collector in self._collectors.items():
            if key in present:
                self._registry.unregister(collector)
        self._collectors.clear()
        _in_use.discard(self._registry)


def declare_service(settings: TelemetrySettings, registry: CollectorRegistry) -> None:
    """Add ``service_info`` to the registry."""
    Gauge(
        "service_info",
        "Name, version and environment of the service; the value is always 1",
        ["service_name", "service_version", "deployment_environment_name"],
        registry=registry,
        multiprocess_mode="livemax",
    ).labels(settings.service, settings.version, settings.environment).set(1)
