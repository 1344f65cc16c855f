"""All uses of prometheus_client beyond its public interface.

prometheus_client has no public way to iterate over the metrics of a registry, to read or reset the numbers of a series,
to choose where values are stored, or to act when a series is created or collected. Each use is one function or method
here, and each has a test in ``observability/tests/unit/test_prometheus_internals.py`` that compares it with the result
of ``CollectorRegistry.collect``. No other module of this package uses a name of prometheus_client that begins with an
underscore.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any
from weakref import WeakSet

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Summary, metrics, values
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.registry import Collector
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

from glasshouse_observability.locks import free, new_lock

_PLAIN_LOCK = type(threading.Lock())
_ADDITIVE_TYPES = frozenset({"counter", "histogram", "summary"})


_value_lock = new_lock()
"""The lock of all values: it is held for two instructions at a time, and after a fork one lock is to be reset, not
thousands."""


class _Value(values.MutexValue):
    """A value in memory that a signal handler or a finaliser may change while the same thread changes it."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[no-untyped-call]
        self._lock = _value_lock


def make_values_reentrant() -> None:
    """Let the values of metrics created from now on use a re-entrant lock, unless they are stored in files."""
    if values.ValueClass is values.MutexValue:
        values.ValueClass = _Value


def keep_values_in_memory() -> None:
    """Store the values of metrics created from now on in memory, even if ``PROMETHEUS_MULTIPROC_DIR`` is set.

    prometheus_client decides by that variable alone when it is imported.
    """
    values.ValueClass = _Value


def keep_values_in_files(identify: Callable[[], int]) -> None:
    """Store the values of metrics created from now on in files of ``PROMETHEUS_MULTIPROC_DIR``.

    ``identify`` returns the number in the names of this process's files; it is called again after each fork.
    """
    kind: Any = values.MultiProcessValue(identify)  # type: ignore[no-untyped-call]
    # All values of the class share one lock, which only the class's methods can reach.
    closure = dict(zip(kind.inc.__code__.co_freevars, kind.inc.__closure__, strict=True))
    closure["lock"].cell_contents = _value_lock
    values.ValueClass = kind


def make_reentrant(collector: Collector) -> None:
    """Replace the lock around the series of a metric by one that is re-entrant, and free in the child of a fork."""
    if isinstance(collector, MetricWrapperBase) and type(getattr(collector, "_lock", None)) is _PLAIN_LOCK:
        collector._lock = new_lock()


_registries: WeakSet[CollectorRegistry] = WeakSet()


def free_after_fork(registry: CollectorRegistry) -> None:
    """In every child of a later fork, release the locks of the registry and of its metrics.

    Another thread may hold one of them at the time of the fork, and does not exist in the child.
    """
    _registries.add(registry)


def _free_registries() -> None:
    for registry in _registries:
        free(registry._lock)
        for metric in list(registry._collector_to_names):
            if isinstance(metric, MetricWrapperBase):
                _free_metric(metric)


def _free_metric(metric: MetricWrapperBase) -> None:
    if hasattr(metric, "_lock"):
        free(metric._lock)
    for _, series in series_of(metric):
        for number in vars(series).values():
            for value in number if type(number) is list else (number,):
                if isinstance(value, values.MutexValue) and value._lock is not _value_lock:
                    free(value._lock)
        if series is not metric and hasattr(series, "_lock"):
            free(series._lock)


os.register_at_fork(after_in_child=_free_registries)


def collectors_of(registry: CollectorRegistry) -> list[Collector]:
    """Return the registry's collectors in the order of their registration."""
    return list(registry._collector_to_names)


def names_of(registry: CollectorRegistry) -> dict[str, Collector]:
    """Return the registry's collectors by the names of the samples that they declare."""
    return dict(registry._names_to_collectors)


def has_function(collector: Collector) -> bool:
    """Return whether the collector is a gauge that calls a function of the application at a scrape."""
    if not isinstance(collector, Gauge):
        return False
    return any("_child_samples" in vars(series) for _, series in series_of(collector))


def creates_created_series() -> bool:
    """Return whether metrics created from now on have a series ``_created``."""
    return bool(metrics._use_created)


def is_shared(gauge: Gauge) -> bool:
    """Return whether other processes read this series from a file, so that every change must be written immediately.

    If not, ``set_function`` can compute it at a scrape.
    """
    return bool(gauge._value._multiprocess)


def name_of(metric: MetricWrapperBase) -> str:
    """Return the name under which the metric was registered, without the suffix ``_total`` of a counter."""
    return str(metric._name)


def label_names(metric: MetricWrapperBase) -> tuple[str, ...]:
    """Return the names of the metric's labels, in order."""
    return tuple(metric._labelnames)


def label_values(metric: MetricWrapperBase) -> list[tuple[str, ...]]:
    """Return the label values of each series of the metric."""
    return [tuple(series) for series in list(metric._metrics)]


def additive_metrics(registry: CollectorRegistry) -> Iterator[MetricWrapperBase]:
    """Return the registry's counters, histograms and summaries, whose numbers may be added up across processes."""
    for metric in set(registry._names_to_collectors.values()):
        # isinstance() would use typing.Protocol here, which takes longer than the rest of this loop.
        if getattr(metric, "_type", None) in _ADDITIVE_TYPES:
            yield metric  # type: ignore[misc]


def series_of(metric: MetricWrapperBase) -> Iterator[tuple[tuple[str, ...], MetricWrapperBase]]:
    """Yield each series of the metric with its label values; a metric without labels is itself its only series."""
    if metric._labelnames:
        yield from ((tuple(labels), series) for labels, series in list(metric._metrics.items()))
    else:
        yield (), metric


def numbers_of(series: Any) -> list[Any]:
    """Return the objects that hold the numbers of one additive series, in a fixed order; each has ``inc`` and ``set``.

    For a histogram: the sum, then the count of each bucket. For a summary: sum and count. For a counter: its value.
    """
    if series._type == "histogram":
        return [series._sum, *series._buckets]
    if series._type == "summary":
        return [series._sum, series._count]
    return [series._value]


def incrementer(counter: Counter) -> Callable[[], object]:
    """Return a function that increments one series by 1: ``counter.inc`` without checks, at a quarter of the cost."""
    return partial(counter._value.inc, 1)


def read_unlocked(number: Any) -> float:
    """Return the value of one of ``numbers_of`` without its lock, for a process whose only thread writes it."""
    value: float = number._value
    return value


def replace_labels(metric: MetricWrapperBase, labels: Callable[..., Any]) -> None:
    """Replace ``metric.labels`` with ``labels``."""
    metric.labels = labels  # type: ignore[method-assign]


class HookedHistogram(Histogram):
    """A histogram with hooks that run when a series is created and before it is collected."""

    def on_created(self, shared: bool) -> None:
        """Handle the creation of a series; ``shared`` means that other processes read it from a file."""

    def before_collect(self) -> None:
        """Prepare the series to be read."""

    def _metric_init(self) -> None:
        super()._metric_init()
        self.on_created(bool(self._sum._multiprocess))

    def _child_samples(self) -> Iterable[Sample]:
        self.before_collect()
        return super()._child_samples()

    def upper_bounds(self) -> list[float]:
        """Return the upper bounds of the buckets in seconds, ascending; the last is infinite."""
        return self._upper_bounds

    def add(self, total: float, counts: Mapping[int, int]) -> None:
        """Add observations with the sum ``total``; ``counts`` is the number of observations for each bucket index."""
        self._sum.inc(total)
        for bucket, count in counts.items():
            self._buckets[bucket].inc(count)


def openmetrics_request(encoder: Callable[..., bytes]) -> tuple[str, str] | None:
    """Return OpenMetrics version and escaping of ``encoder``, from ``choose_encoder``; ``None`` for other formats."""
    if isinstance(encoder, partial) and encoder.func is generate_latest:
        return encoder.keywords["version"], encoder.keywords["escaping"]
    return None


def number_text(value: float) -> str:
    """Return ``value`` as it appears in a sample."""
    return str(floatToGoString(value))  # type: ignore[no-untyped-call]


Definition = tuple[str, str, str, tuple[str, ...], tuple[float, ...], bool]
"""A metric's type, name, help, label names, upper bounds of buckets in seconds, and whether its labels are limited."""


def definition_of(metric: MetricWrapperBase) -> Definition:
    """Return what is needed to create the same metric in another process."""
    bounds = tuple(getattr(metric, "_upper_bounds", None) or getattr(metric, "_kwargs", {}).get("buckets", ()))
    limited = "labels" in vars(metric)
    return str(metric._type), name_of(metric), metric._documentation, tuple(metric._labelnames), bounds, limited


def create_metric(definition: Definition, registry: CollectorRegistry) -> MetricWrapperBase:
    """Create the metric in ``registry``.

    Raises:
        ValueError: the registry has a metric of this name.
    """
    kind, name, documentation, labels, bounds, _ = definition
    if kind == "histogram":
        return Histogram(name, documentation, labels, registry=registry, buckets=bounds or Histogram.DEFAULT_BUCKETS)
    return (Counter if kind == "counter" else Summary)(name, documentation, labels, registry=registry)


def metric_named(registry: CollectorRegistry, name: str) -> Collector | None:
    """Return the collector that is registered under ``name``, as ``name_of`` returns it."""
    return registry._names_to_collectors.get(name)
