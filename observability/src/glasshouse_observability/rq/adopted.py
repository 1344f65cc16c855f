"""Metrics that only work horses have registered, because only they have imported the module that creates them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

from glasshouse_observability.locks import new_lock
from glasshouse_observability.metrics.cardinality import LabelGuard
from glasshouse_observability.metrics.prometheus_internals import (
    Definition,
    additive_metrics,
    create_metric,
    metric_named,
    name_of,
)
from glasshouse_observability.rq import fork_report


class AdoptedMetrics(Collector):
    """The sums of the metrics that work horses have reported, and their parent does not have.

    They are in a separate registry. In the parent's registry their names would be taken, so the next work horse, a
    copy of the parent, could not import the module that creates them.
    """

    def __init__(self, registry: CollectorRegistry, guard: LabelGuard) -> None:
        self._parents, self._guard = registry, guard
        self._own = CollectorRegistry()
        self._lock = new_lock()
        registry.register(self)

    def describe(self) -> Iterable[Metric]:
        """Return nothing, so that no name is taken."""
        return []

    def collect(self) -> Iterable[Metric]:
        """Return the metrics, except those that the parent has registered meanwhile: those are added there."""
        with self._lock:
            self._move()
            return list(self._own.collect())

    def add(
        self, increases: Sequence[fork_report.Increase], created: Sequence[Definition]
    ) -> list[fork_report.Increase]:
        """Add increases of metrics that the parent does not have; return those that cannot be added."""
        with self._lock:
            for definition in created:
                if metric_named(self._own, definition[1]) is None:
                    metric = create_metric(definition, self._own)
                    if definition[5]:
                        self._guard.limit(metric, *definition[3])
            unknown, different = fork_report.add_increases(self._own, increases)
        return unknown + different

    def _move(self) -> None:
        for metric in list(additive_metrics(self._own)):
            if metric_named(self._parents, name_of(metric)) is not None:
                self._own.unregister(metric)
                alone = CollectorRegistry()
                alone.register(metric)
                fork_report.add_increases(self._parents, fork_report.collect_increases(alone))
