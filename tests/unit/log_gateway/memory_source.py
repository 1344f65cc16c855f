"""An in-memory log store: it filters by the selector only, so that the evaluation must apply every stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from log_gateway.evaluation.label_filters import value_test
from log_gateway.evaluation.log_query import run_log_query
from log_gateway.evaluation.metric_query import evaluate_instant, evaluate_range
from log_gateway.evaluation.results import ScalarResult
from log_gateway.logql.ast import LogQuery, RangeAggregation
from log_gateway.logql.parser import parse
from log_gateway.source import Entry, Labels

SECOND = 10**9


class MemorySource:
    """A store that serves entries and records the requested time ranges."""

    def __init__(self, entries: Sequence[Entry]) -> None:
        self._entries = sorted(entries, key=lambda entry: entry.timestamp)
        self.asked: list[tuple[int, int]] = []

    def entries(
        self, query: LogQuery, start: int, end: int, direction: Literal["forward", "backward"]
    ) -> Iterator[Entry]:
        self.asked.append((start, end))
        tests = [(matcher.name, value_test(matcher)) for matcher in query.selector.matchers]
        found = [
            entry
            for entry in self._entries
            if start <= entry.timestamp < end and all(test(entry.stream.get(name, "")) for name, test in tests)
        ]
        return iter(found if direction == "forward" else found[::-1])

    def aggregate(self, leaf: RangeAggregation, times: Sequence[int]) -> Mapping[Labels, list[float | None]] | None:
        return None


def lines_of(*lines: str, metadata: Mapping[str, str] | None = None, **stream: str) -> MemorySource:
    """Return a source with one line per second, from second 1."""
    labels = stream or {"app": "a"}
    return MemorySource([Entry(second * SECOND, line, labels, metadata or {}) for second, line in enumerate(lines, 1)])


def log(query: str, source: MemorySource, limit: int = 100) -> list[tuple[str, dict[str, str]]]:
    """Return the lines and labels that a log query finds, oldest first."""
    tree = parse(query)
    assert isinstance(tree, LogQuery)
    streams = run_log_query(tree, 0, 10**6 * SECOND, limit, "forward", source)
    found = [(time, line, dict(stream.labels)) for stream in streams for time, line in stream.entries]
    return [(line, labels) for _, line, labels in sorted(found, key=lambda item: item[0])]


def texts(query: str, source: MemorySource) -> list[str]:
    """Return the lines that a log query finds."""
    return [line for line, _ in log(query, source)]


def labels(query: str, line: str, **stream: str) -> dict[str, str]:
    """Return the labels that a pipeline gives to one line."""
    ((_, found),) = log(query, lines_of(line, **stream))
    return found


def instant(query: str, source: MemorySource, second: float) -> dict[Labels, float]:
    """Return the vector of a metric query."""
    tree = parse(query)
    assert not isinstance(tree, LogQuery)
    result = evaluate_instant(tree, int(second * SECOND), source)
    assert not isinstance(result, ScalarResult)
    return {sample.labels: sample.value for sample in result.samples}


def matrix(query: str, source: MemorySource, start: int, end: int, step: int) -> dict[Labels, dict[int, float]]:
    """Return the matrix of a metric query, by labels and second."""
    tree = parse(query)
    assert not isinstance(tree, LogQuery)
    series = evaluate_range(tree, start * SECOND, end * SECOND, step * SECOND, source)
    return {one.labels: {time // SECOND: value for time, value in one.points} for one in series}
