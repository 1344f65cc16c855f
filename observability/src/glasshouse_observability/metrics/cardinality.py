"""A limit on the number of values of a label, so that a growing label does not overload Prometheus.

::

    visits = telemetry.guard.limit(Counter("visits_total", "Visits", ["campaign"], registry=…), "campaign")
    visits.labels(campaign).inc()          # the first 100 campaigns by name, all others as "other"

Observations under ``other`` are counted in ``telemetry_label_overflow_total{metric, label}``.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.metrics import MetricWrapperBase

from glasshouse_observability.locks import new_lock
from glasshouse_observability.metrics import label_files, multiprocess
from glasshouse_observability.metrics.prometheus_internals import label_names, label_values, name_of, replace_labels
from glasshouse_observability.safe import safe_text

M = TypeVar("M", bound=MetricWrapperBase)
OTHER = "other"

# It is taken only for a value that is new or beyond the limit.
_lock = new_lock()


class BoundedValues(dict[str, str]):
    """Map each value to itself, or to ``other`` beyond the limit."""

    def __init__(self, most: int, overflow: Any, file: Path | None = None) -> None:
        """Admit ``most`` values besides those known in advance; each use of any other value calls ``overflow.inc()``.

        Processes that use the same ``file`` share the limit.
        """
        super().__init__({OTHER: OTHER})
        self._most = self._room = most
        self._overflow, self._file = overflow, file
        self._is_admitting = False

    def know(self, value: str) -> None:
        """Admit ``value`` without counting it towards the limit: it was known in advance."""
        self[value] = value

    def __missing__(self, value: str) -> str:
        if not _is_unicode(value):
            return self[safe_text(value)]
        with _lock:
            if value in self:
                return self[value]
            # A signal handler or finaliser that interrupts the admission of another value must not wait for the file
            # that this thread has locked.
            if self._room > 0 and not self._is_admitting and self._admitted(value):
                self[value] = value
                return value
        # Rejected values are not remembered, because their number has no limit either.
        self._overflow.inc()
        return OTHER

    def _admitted(self, value: str) -> bool:
        if self._file is None:
            self._room -= 1
            return True
        self._is_admitting = True
        try:
            admitted, self._room = label_files.admit(self._file, value, self._room, known=self)
        finally:
            self._is_admitting = False
        return admitted

    def allow(self, most: int) -> None:
        """Replace the limit; values that have been admitted stay."""
        self._room += most - self._most
        self._most = most


class LabelGuard:
    """Limit the label values of the metrics in one registry."""

    def __init__(self, registry: CollectorRegistry, most: int = 100) -> None:
        """Admit ``most`` values per label, unless ``limit`` is called with another number."""
        self._most = most
        self._overflow = Counter(
            "telemetry_label_overflow_total",
            "Observations counted under 'other' because the label has reached its limit of values",
            ["metric", "label"],
            registry=registry,
        )
        self._tables: WeakKeyDictionary[MetricWrapperBase, dict[int, BoundedValues]] = WeakKeyDictionary()

    def limit(self, metric: M, *labels: str, most: int | None = None) -> M:
        """Return the same metric, whose ``labels`` from now on admit ``most`` new values and map others to ``other``.

        A value that is not a text is converted to one, and characters that UTF-8 cannot encode are replaced. Values
        that the metric has already, because they were declared in advance, do not count towards the limit. Another call
        for the same label changes its limit. Reports of a work horse are limited too, in its parent.

        Raises:
            ValueError: the metric has no such label.
        """
        names = list(label_names(metric))
        if missing := [label for label in labels if label not in names]:
            raise ValueError(f"{name_of(metric)} has no label {missing[0]}; it has {', '.join(names) or 'none'}")
        is_new = metric not in self._tables
        tables = self._tables.setdefault(metric, {})
        allowed = self._most if most is None else most
        for index in map(names.index, labels):
            if index in tables:
                tables[index].allow(allowed)
            else:
                tables[index] = self._table(metric, index, allowed)
        if is_new:
            replace_labels(metric, _bounded(metric.labels, names, tables))
        return metric

    def _table(self, metric: MetricWrapperBase, index: int, most: int) -> BoundedValues:
        label = label_names(metric)[index]
        name = f"{name_of(metric)}_total" if isinstance(metric, Counter) else name_of(metric)
        file = label_files.of_process(name, label) if multiprocess.is_joined() else None
        table = BoundedValues(most, self._overflow.labels(name, label), file)
        for known in label_values(metric):
            table.know(known[index])
        return table


def _bounded(unbounded: Callable[..., Any], names: list[str], tables: dict[int, BoundedValues]) -> Callable[..., Any]:
    """Return the method ``labels`` of a metric whose values at the indices of ``tables`` are limited."""

    def bounded(*values: Any, **named: Any) -> Any:
        if named and not values and named.keys() == set(names):
            values = tuple(named[name] for name in names)
        elif named or len(values) != len(names):
            return unbounded(*values, **named)  # which reports the error
        return unbounded(
            *[
                tables[index][value if type(value) is str else safe_text(value)] if index in tables else value
                for index, value in enumerate(values)
            ]
        )

    return bounded


def _is_unicode(value: str) -> bool:
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
