"""Sliding windows return the same values as windows that are computed separately."""

import math
import statistics

from hypothesis import given, settings
from hypothesis import strategies as st

from log_gateway.evaluation.range_functions import computed, quantile
from log_gateway.logql.ast import LogQuery, RangeAggregation, Selector, Unwrap

SAMPLES = st.lists(st.tuples(st.integers(0, 60), st.integers(-100, 100)), min_size=1, max_size=60).map(sorted)
GRID = st.tuples(st.integers(0, 60), st.integers(1, 20), st.integers(1, 15))


def by_hand(function: str, window: list[float], range_ns: int, parameter: float) -> float:
    match function:
        case "count_over_time":
            return len(window)
        case "rate":
            return sum(window) / (range_ns / 1e9)
        case "sum_over_time":
            return sum(window)
        case "avg_over_time":
            return statistics.fmean(window)
        case "min_over_time":
            return min(window)
        case "max_over_time":
            return max(window)
        case "first_over_time":
            return window[0]
        case "last_over_time":
            return window[-1]
        case "stdvar_over_time":
            return statistics.pvariance(window)
        case "stddev_over_time":
            return statistics.pstdev(window)
        case _:
            return quantile(parameter, sorted(window))


FUNCTIONS = [
    *("count_over_time", "rate", "sum_over_time", "avg_over_time", "min_over_time", "max_over_time"),
    *("first_over_time", "last_over_time", "stdvar_over_time", "stddev_over_time", "quantile_over_time"),
]


@settings(deadline=None)
@given(SAMPLES, GRID, st.integers(1, 30), st.sampled_from(FUNCTIONS), st.floats(0, 1))
def test_every_function_over_every_grid(
    samples: list[tuple[int, int]], grid: tuple[int, int, int], range_ns: int, function: str, parameter: float
) -> None:
    """Every function returns the same value over windows that overlap, touch or leave gaps.

    Some samples have equal times or are on a boundary.
    """
    start, step, count = grid
    times = range(start, start + step * count, step)
    leaf = RangeAggregation(function, LogQuery(Selector(())), range_ns, unwrap=Unwrap("v"), parameter=parameter)
    timestamps, values = [time for time, _ in samples], [float(value) for _, value in samples]
    found = dict(computed(leaf, timestamps, values, times))
    expected = {}
    for index, time in enumerate(times):
        window = [value for at, value in zip(timestamps, values, strict=True) if time - range_ns < at <= time]
        if window:
            expected[index] = by_hand(function, window, range_ns, parameter)
    assert found.keys() == expected.keys()
    for index, value in found.items():
        assert math.isclose(value, expected[index], rel_tol=1e-9, abs_tol=1e-6)


def test_sums_do_not_drift() -> None:
    """A large value that has left the window does not affect later sums."""
    leaf = RangeAggregation("sum_over_time", LogQuery(Selector(())), 2, unwrap=Unwrap("v"))
    values = [1e17, 0.5, 0.25, 0.125, 0.0625]
    found = dict(computed(leaf, [1, 2, 3, 4, 5], values, range(1, 6)))
    assert found == {0: 1e17, 1: 1e17, 2: 0.75, 3: 0.375, 4: 0.1875}


def test_not_a_number_is_smallest() -> None:
    """NaN sorts before every number, as in Go; max and min ignore it if there is another value."""
    values = [2.0, math.nan, 1.0]
    leaf = RangeAggregation("quantile_over_time", LogQuery(Selector(())), 9, unwrap=Unwrap("v"), parameter=1)
    assert dict(computed(leaf, [1, 2, 3], values, [3])) == {0: 2.0}
    leaf = RangeAggregation("max_over_time", LogQuery(Selector(())), 9, unwrap=Unwrap("v"))
    assert dict(computed(leaf, [1, 2, 3], values, [3])) == {0: 2.0}
