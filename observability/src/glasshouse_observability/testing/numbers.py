"""The numbers of a registry since a moment."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry

from glasshouse_observability.metrics.collection import Collecting

_CURRENT = frozenset({"gauge", "info", "stateset", "unknown"})
Key = tuple[str, tuple[tuple[str, str], ...]]


class Numbers:
    """The samples of one registry: increases of counters, histograms and summaries, and current values of gauges."""

    def __init__(self, registry: CollectorRegistry) -> None:
        """Begin now."""
        self._collecting = Collecting(registry, None)
        self._last: tuple[dict[Key, float], set[str]] | None = None
        self.begin()

    def begin(self) -> None:
        """Begin again."""
        self._before, _ = self._read()

    def end(self) -> None:
        """Keep the samples as they are now: later observations do not belong to the block."""
        self._last = self._read()

    def names(self) -> set[str]:
        """Return the names of all samples."""
        return {name for name, _ in self._now()[0]} | {name for name, _ in self._before}

    def value(self, name: str, labels: Mapping[str, str]) -> float | None:
        """Return the sum of the series with these labels; ``None`` if no sample has this name."""
        now, current = self._now()
        if name not in self.names():
            return None
        wanted = labels.items()
        total = 0.0
        for key, value in now.items():
            if key[0] == name and wanted <= set(key[1]):
                total += value if name in current else value - self._before.get(key, 0.0)
        return total

    def _now(self) -> tuple[dict[Key, float], set[str]]:
        return self._last if self._last is not None else self._read()

    def _read(self) -> tuple[dict[Key, float], set[str]]:
        """Return the samples, and the names of those that state a current value."""
        values: dict[Key, float] = {}
        current = set()
        for metric in self._collecting.metrics():
            for sample in metric.samples:
                values[sample.name, tuple(sorted(sample.labels.items()))] = sample.value
                if metric.type in _CURRENT:
                    current.add(sample.name)
        return values, current
