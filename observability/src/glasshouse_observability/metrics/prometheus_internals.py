"""All uses of prometheus_client beyond its public interface.

prometheus_client has no public way to iterate over the metrics of a registry, to read or reset the numbers of a series,
to choose where values are stored, or to act when a series is created or collected. Each use is one function or method
here, and each has a test in ``observability/tests/unit/test_prometheus_internals.py`` that compares it with the result
of ``CollectorRegistry.collect``. No other module of this package uses a name of prometheus_client that begins with an
underscore.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.samples import Sample
from prometheus_client.utils import floatToGoString

_ADDITIVE_TYPES = frozenset({"counter", "histogram", "summary"})


def keep_values_in_memory() -> None:
    """Store the values of metrics created from now on in memory, even if ``PROMETHEUS_MULTIPROC_DIR`` is set.

    prometheus_client decides by that variable alone when it is imported.
    """
    values.ValueClass = values.MutexValue


def keep_values_in_files(identify: Callable[[], int]) -> None:
    """Store the values of metrics created from now on in files of ``PROMETHEUS_MULTIPROC_DIR``.

    ``identify`` returns the number in the names of this process's files; it is called again after each fork.
    """
    values.ValueClass = values.MultiProcessValue(identify)  # type: ignore[no-untyped-call]


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
