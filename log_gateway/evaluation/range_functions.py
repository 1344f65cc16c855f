"""Compute range functions over windows of samples, with the same results as Loki."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from log_gateway.evaluation.windows import SlidingFold, SortedWindow, Window, windows
from log_gateway.logql.ast import RangeAggregation

Values = Sequence[float]
Computed = Iterator[tuple[int, float]]
"""The index of a time, and the value at that time."""

# Count, mean and sum of squared deviations: these suffice to combine the variances of parts (Chan et al.).
_Moments = tuple[float, float, float]


def _combine_moments(left: _Moments, right: _Moments) -> _Moments:
    count = left[0] + right[0]
    distance = right[1] - left[1]
    mean = left[1] + distance * right[0] / count
    return count, mean, left[2] + right[2] + distance * distance * left[0] * right[0] / count


def _larger(left: float, right: float) -> float:
    return right if right > left or left != left else left


def _smaller(left: float, right: float) -> float:
    return right if right < left or left != left else left


def _add(left: float, right: float) -> float:
    return left + right


def _folded(values: Values, found: Iterator[Window], combine: Callable[[float, float], float]) -> Computed:
    folds = SlidingFold(values, combine)
    return ((index, folds.fold(low, high)) for index, low, high in found)


def _averages(values: Values, found: Iterator[Window]) -> Computed:
    sums = SlidingFold(values, _add)
    return ((index, sums.fold(low, high) / (high - low)) for index, low, high in found)


def _variances(values: Values, found: Iterator[Window]) -> Computed:
    moments = SlidingFold([(1.0, value, 0.0) for value in values], _combine_moments)
    for index, low, high in found:
        count, _, squares = moments.fold(low, high)
        yield index, squares / count


def quantile(position: float, ordered: Values) -> float:
    """Return the quantile of sorted values, interpolated between neighbours. It is infinite outside 0 to 1."""
    if position < 0:
        return -math.inf
    if position > 1:
        return math.inf
    rank = position * (len(ordered) - 1)
    lower = math.floor(rank)
    upper = min(len(ordered) - 1, lower + 1)
    weight = rank - lower
    return ordered[lower] * (1 - weight) + ordered[upper] * weight


def _quantiles(values: Values, found: Iterator[Window], position: float) -> Computed:
    if any(value != value for value in values):
        # NaN is unordered; Go sorts it first.
        return (
            (index, quantile(position, sorted(values[low:high], key=lambda value: (value == value, value))))
            for index, low, high in found
        )
    ordered = SortedWindow(values)
    return ((index, quantile(position, ordered.move(low, high))) for index, low, high in found)


def counter_rate(timestamps: Sequence[int], values: Values, range_ns: int) -> float:
    """Return the increase per second of a counter that may reset to 0.

    Loki extrapolates to the window's beginning, but measures that distance in seconds and the distance between samples
    in microseconds, so the extrapolation is tiny. This implementation reproduces its results.
    """
    if len(values) < 2:
        return 0.0
    increase = values[-1] - values[0]
    for before, after in pairwise(values):
        if after < before:
            increase += before
    between = (timestamps[-1] - timestamps[0]) / 1000
    if between == 0:
        return math.nan
    seconds = range_ns / 1e9
    to_start = float(range_ns // 10**6) / 1000
    if increase > 0 and values[0] >= 0:
        to_start = min(to_start, between * (values[0] / increase))
    average = between / (len(values) - 1)
    extrapolated = between + (to_start if to_start < average * 1.1 else average / 2)
    return increase * (extrapolated / between) / seconds


def computed(leaf: RangeAggregation, timestamps: Sequence[int], values: Values, times: Sequence[int]) -> Computed:
    """Yield the value of the function at each time (by index) whose window has samples."""
    found = windows(timestamps, times, leaf.range_ns)
    seconds = leaf.range_ns / 1e9
    match leaf.function:
        case "count_over_time":
            return ((index, float(high - low)) for index, low, high in found)
        case "rate" if leaf.unwrap is None:
            return ((index, (high - low) / seconds) for index, low, high in found)
        case "rate" | "bytes_rate":
            return ((index, total / seconds) for index, total in _folded(values, found, _add))
        case "rate_counter":
            return (
                (index, counter_rate(timestamps[low:high], values[low:high], leaf.range_ns))
                for index, low, high in found
            )
        case "bytes_over_time" | "sum_over_time":
            return _folded(values, found, _add)
        case "absent_over_time":
            return ((index, 1.0) for index, _, _ in found)
        case _:
            return _statistics(leaf, values, found)


def _statistics(leaf: RangeAggregation, values: Values, found: Iterator[Window]) -> Computed:
    match leaf.function:
        case "avg_over_time":
            return _averages(values, found)
        case "min_over_time":
            return _folded(values, found, _smaller)
        case "max_over_time":
            return _folded(values, found, _larger)
        case "first_over_time":
            return ((index, values[low]) for index, low, _ in found)
        case "last_over_time":
            return ((index, values[high - 1]) for index, _, high in found)
        case "stdvar_over_time":
            return _variances(values, found)
        case "stddev_over_time":
            return ((index, math.sqrt(variance)) for index, variance in _variances(values, found))
        case "quantile_over_time" if leaf.parameter is not None:
            return _quantiles(values, found, leaf.parameter)
        case _:
            raise TypeError(f"unknown range function: {leaf.function}")
