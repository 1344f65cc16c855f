"""Convert lines to samples, the first half of a range aggregation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from log_gateway.evaluation.label_filters import condition_step
from log_gateway.evaluation.pipeline import compile_pipeline
from log_gateway.evaluation.state import ERROR, PRESERVE_ERROR, State
from log_gateway.logql.ast import Grouping, RangeAggregation
from log_gateway.source import Entry, Labels
from log_gateway.values.units import go_duration, go_float, size_in_bytes

_CONVERSIONS: dict[str, Callable[[str], float]] = {
    "": go_float,
    "duration": go_duration,
    "duration_seconds": go_duration,
    "bytes": size_in_bytes,
}

Samples = tuple[list[int], list[float]]
"""Timestamps in ascending order, and the value at each timestamp."""

Value = Callable[[State], float | None]


def _unwrapped(leaf: RangeAggregation) -> Value:
    """Return the label's number, 0 and an error if it is not a number, or None if it is absent or a filter drops it."""
    unwrap = leaf.unwrap
    assert unwrap is not None
    label, convert = unwrap.label, _CONVERSIONS[unwrap.conversion]
    filters = [condition_step(stage.condition) for stage in unwrap.filters]

    def value(state: State) -> float | None:
        text = state.labels.get(label)
        if not text:
            return None
        try:
            number = convert(text)
        except ValueError as error:
            number = 0.0
            state.fail("SampleExtractionErr", str(error))
        return number if all(keeps(state) for keeps in filters) else None

    return value


def _line_size(state: State) -> float:
    line = state.line
    return len(line) if line.isascii() else len(line.encode("utf-8", "surrogatepass"))


def _one(state: State) -> float:
    return 1.0


def _value(leaf: RangeAggregation) -> Value:
    if leaf.unwrap is not None:
        return _unwrapped(leaf)
    return _line_size if leaf.function in ("bytes_rate", "bytes_over_time") else _one


def grouped(grouping: Grouping) -> Callable[[Mapping[str, str]], Labels]:
    """Return the labels that a grouping keeps, sorted."""
    if grouping.without:
        removed = frozenset(grouping.labels)
        return lambda labels: tuple(sorted(item for item in labels.items() if item[0] not in removed))
    kept = sorted(set(grouping.labels))
    return lambda labels: tuple([(name, labels[name]) for name in kept if name in labels])


def _key(leaf: RangeAggregation) -> Callable[[Mapping[str, str]], Labels]:
    unwrapped = (leaf.unwrap.label,) if leaf.unwrap is not None else ()
    if leaf.grouping is None:
        return grouped(Grouping(unwrapped, without=True))
    if leaf.grouping.without:
        return grouped(Grouping((*leaf.grouping.labels, *unwrapped), without=True))
    return grouped(leaf.grouping)


def samples_of(leaf: RangeAggregation, entries: Iterable[Entry]) -> dict[Labels, Samples]:
    """Return the samples of each series. Lines that carry an error form separate series with the label __error__."""
    process, value_of, key_of = compile_pipeline(leaf.query.stages), _value(leaf), _key(leaf)
    every_label = grouped(Grouping((), without=True))
    series: dict[Labels, Samples] = {}
    find = series.get
    for entry in entries:
        state = process(entry)
        if state is None:
            continue
        value = value_of(state)
        if value is None:
            continue
        labels = state.labels
        broken = ERROR in labels and labels.get(PRESERVE_ERROR) != "true"
        key = every_label(labels) if broken else key_of(labels)
        samples = find(key)
        if samples is None:
            samples = series[key] = ([], [])
        samples[0].append(state.timestamp)
        samples[1].append(value)
    return series
