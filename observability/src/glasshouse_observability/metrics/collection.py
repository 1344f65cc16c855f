"""The metrics of a registry at one scrape: a collector that fails or hangs costs only its own metrics.

``CollectorRegistry.collect`` calls one collector after the other, so one that raises loses all metrics, and one that
hangs, such as a query of a server that does not respond, delays all of them for as long. Here collectors of the
application run in threads, at most one each, and a scrape waits for them for a limited time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator
from typing import Any

from opentelemetry.instrumentation.utils import suppress_instrumentation
from prometheus_client import CollectorRegistry, GCCollector, Metric, PlatformCollector, ProcessCollector
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from glasshouse_observability.locks import new_lock
from glasshouse_observability.metrics.prometheus_internals import collectors_of, has_function, names_of
from glasshouse_observability.swallowed import SwallowedErrors

LONGEST_SECONDS = 5.0
"""How long a scrape waits for the application's collectors; Prometheus' own limit is 10 s by default."""
_OWN = (ProcessCollector, GCCollector, PlatformCollector, MultiProcessCollector)


class _Run:
    """One call of a collector in a thread."""

    def __init__(self, collector: Collector) -> None:
        self.began = time.monotonic()
        self.metrics: list[Any] = []
        self.error: BaseException | None = None
        self._collector = collector
        self._thread = threading.Thread(target=self._collect, name="metrics-collector", daemon=True)
        self._thread.start()

    def _collect(self) -> None:
        try:
            # A query of a server is no work of the application: without a parent, each would be a separate trace.
            with suppress_instrumentation():
                self.metrics.extend(self._collector.collect())
        except BaseException as error:  # noqa: BLE001  (the code of an application; the scrape counts it)
            self.error = error

    def is_running(self) -> bool:
        return self._thread.is_alive()

    def wait(self, until: float) -> bool:
        """Return whether it has ended by the time ``until``."""
        self._thread.join(max(0.0, until - time.monotonic()))
        return not self._thread.is_alive()


class Collecting:
    """Collects the metrics of one registry, for all scrapes."""

    def __init__(self, registry: CollectorRegistry, errors: SwallowedErrors | None) -> None:
        self._registry, self._errors = registry, errors
        self._runs: dict[int, _Run] = {}
        self._lock = new_lock()

    def metrics(self, names: Collection[str] = (), seconds: float = LONGEST_SECONDS) -> Iterator[Metric]:
        """Yield all metrics, or the samples with these names; waits up to ``seconds`` for the application's collectors.

        Errors are counted in ``telemetry_errors_total``.
        """
        until = time.monotonic() + seconds
        chosen = self._chosen(names)
        running = {id(each): self._run(each) for each in chosen if _may_block(each)}
        if (target := self._target()) is not None:
            yield from _only([target], names)
        for collector in chosen:
            if (run := running.get(id(collector))) is not None:
                found = self._result(collector, run, until)
            else:
                found = self._direct(collector)
            yield from _only(found, names)

    def _chosen(self, names: Collection[str]) -> list[Collector]:
        present = collectors_of(self._registry)
        if not names:
            return present
        named = names_of(self._registry)
        wanted = {id(named[name]) for name in names if name in named}
        # A collector that does not declare its names may have any.
        declared = {id(each) for each in named.values()}
        return [each for each in present if id(each) in wanted or id(each) not in declared]

    def _target(self) -> Metric | None:
        labels = self._registry.get_target_info()
        if not labels:
            return None
        metric = Metric("target", "Target metadata", "info")
        metric.add_sample("target_info", labels, 1)
        return metric

    def _run(self, collector: Collector) -> _Run:
        """Start the collector, or return the call that another scrape has started and that has not ended."""
        with self._lock:
            run = self._runs.get(id(collector))
            if run is None or not run.is_running():
                run = self._runs[id(collector)] = _Run(collector)
            return run

    def _result(self, collector: Collector, run: _Run, until: float) -> list[Metric]:
        if not run.wait(min(until, run.began + LONGEST_SECONDS)):
            self._count(TimeoutError(f"{collector!r} has not returned for {time.monotonic() - run.began:.0f} s"))
            return []
        if run.error is not None:
            self._count(run.error)
        return self._checked(run.metrics)

    def _direct(self, collector: Collector) -> list[Metric]:
        found: list[Any] = []
        try:
            found.extend(collector.collect())
        except Exception as error:  # noqa: BLE001  (a metric that cannot be read must not hide the others)
            self._count(error)
        return self._checked(found)

    def _checked(self, found: list[Any]) -> list[Metric]:
        metrics = [each for each in found if isinstance(each, Metric)]
        if len(metrics) < len(found):
            self._count(TypeError("a collector has returned an object that is not a Metric"))
        return metrics

    def _count(self, error: BaseException) -> None:
        if self._errors is not None:
            self._errors.count("metrics.collect", error)


def _may_block(collector: Collector) -> bool:
    """Return whether a collector runs code of an application, which may wait for something."""
    if isinstance(collector, MetricWrapperBase):
        return has_function(collector)
    return not isinstance(collector, _OWN)


def _only(found: list[Metric], names: Collection[str]) -> Iterator[Metric]:
    if not names:
        yield from found
        return
    for metric in found:
        samples = [sample for sample in metric.samples if sample[0] in names]
        if samples:
            some = Metric(metric.name, metric.documentation, metric.type, metric.unit)
            some.samples = samples
            yield some
