"""Range aggregations: windows, values computed by hand, labels of the series, and errors."""

import math

import pytest

from log_gateway.errors import QueryError
from log_gateway.source import Entry
from tests.unit.log_gateway.memory_source import SECOND, MemorySource, instant, lines_of, matrix

A = (("app", "a"),)
VALUES = lines_of("v=4", "v=1", "v=3", "v=2", "v=10")


@pytest.mark.parametrize(
    ("query", "value"),
    [
        ("count_over_time({app='a'} [10s])", 5),
        ("rate({app='a'} [10s])", 0.5),
        ("bytes_over_time({app='a'} [10s])", 16),
        ("bytes_rate({app='a'} [10s])", 1.6),
        ("sum_over_time({app='a'} | logfmt | unwrap v [10s])", 20),
        ("rate({app='a'} | logfmt | unwrap v [10s])", 2),
        ("avg_over_time({app='a'} | logfmt | unwrap v [10s])", 4),
        ("min_over_time({app='a'} | logfmt | unwrap v [10s])", 1),
        ("max_over_time({app='a'} | logfmt | unwrap v [10s])", 10),
        ("first_over_time({app='a'} | logfmt | unwrap v [10s])", 4),
        ("last_over_time({app='a'} | logfmt | unwrap v [10s])", 10),
        # The mean is 4; the squared distances are 0, 9, 1, 4, 36.
        ("stdvar_over_time({app='a'} | logfmt | unwrap v [10s])", 10),
        ("stddev_over_time({app='a'} | logfmt | unwrap v [10s])", math.sqrt(10)),
        # The sorted values are 1, 2, 3, 4, 10; the ranks are 2 and 0.9 * 4 = 3.6.
        ("quantile_over_time(0.5, {app='a'} | logfmt | unwrap v [10s])", 3),
        ("quantile_over_time(0.9, {app='a'} | logfmt | unwrap v [10s])", 4 * 0.4 + 10 * 0.6),
        ("quantile_over_time(0, {app='a'} | logfmt | unwrap v [10s])", 1),
        ("quantile_over_time(1, {app='a'} | logfmt | unwrap v [10s])", 10),
        ("quantile_over_time(1.5, {app='a'} | logfmt | unwrap v [10s])", math.inf),
    ],
)
def test_values(query: str, value: float) -> None:
    """Each function returns the value computed by hand, over the lines of seconds 1 to 5 at second 10."""
    assert instant(query.replace("'", '"'), VALUES, 10) == {A: pytest.approx(value)}


def test_bytes_are_those_of_the_line_after_the_pipeline() -> None:
    """Bytes are counted in UTF-8, after line_format."""
    source = lines_of("é😀")
    assert instant('bytes_over_time({app="a"}[5s])', source, 2) == {A: 6}
    assert instant('bytes_over_time({app="a"} | line_format "[{{__line__}}]" [5s])', source, 2) == {A: 8}


def test_a_counter_that_starts_again() -> None:
    """A counter that resets, 5, 8, 2, 3, increases by 3, 2 and 1, extrapolated as in Loki."""
    source = lines_of("v=5", "v=8", "v=2", "v=3")
    value = instant('rate_counter({app="a"} | logfmt | unwrap v [30s])', source, 4)[A]
    # The three seconds between the samples are in microseconds, the 30 seconds of the window in seconds.
    assert value == pytest.approx(6 / 30 * (1 + 30 / 3e6), rel=1e-12)
    assert instant('rate_counter({app="a"} | logfmt | unwrap v [1s])', source, 4) == {A: 0}


@pytest.mark.parametrize(
    ("second", "count"),
    [(0.999, None), (1, 1), (1.5, 1), (2, 2), (3, 2), (5, 2), (6, 1), (6.999999999, 1), (7, None)],
)
def test_the_window_is_open_at_its_beginning_and_closed_at_its_end(second: float, count: int | None) -> None:
    """The window is open at its beginning and closed at its end.

    A line exactly at t counts, and a line exactly at t - range does not.
    """
    found = instant('count_over_time({app="a"}[2s])', VALUES, second)
    assert found == ({} if count is None else {A: count})


def test_the_store_is_asked_for_exactly_the_window() -> None:
    """The window (t - range - offset, t - offset] is requested as start <= timestamp < end."""
    source = lines_of("x")
    matrix('count_over_time({app="a"}[10s] offset 5s)', source, 100, 120, 10)
    assert source.asked == [(85 * SECOND + 1, 115 * SECOND + 1)]


def test_a_grid_that_the_step_does_not_divide() -> None:
    """A grid that the step does not divide ends before the end, and a step longer than the range skips lines."""
    assert matrix('count_over_time({app="a"}[2s])', VALUES, 1, 6, 2) == {A: {1: 1, 3: 2, 5: 2}}
    assert matrix('sum_over_time({app="a"} | logfmt | unwrap v [1s])', VALUES, 1, 6, 3) == {A: {1: 4, 4: 2}}
    assert matrix('count_over_time({app="a"}[2s])', VALUES, 100, 110, 2) == {}
    assert matrix('count_over_time({app="a"}[100w])', VALUES, 5, 5, 1) == {A: {5: 5}}


def test_an_offset_moves_the_window() -> None:
    """An offset moves the window back, and a negative offset moves it forward."""
    assert matrix('sum_over_time({app="a"} | logfmt | unwrap v [1s] offset 2s)', VALUES, 3, 5, 1) == {
        A: {3: 4, 4: 1, 5: 3}
    }
    assert matrix('sum_over_time({app="a"} | logfmt | unwrap v [1s] offset -2s)', VALUES, 1, 3, 1) == {
        A: {1: 3, 2: 2, 3: 10}
    }


def test_without_grouping_every_label_stays_but_the_unwrapped_one() -> None:
    """Without grouping all labels except the unwrapped one stay, including metadata and parsed labels."""
    entry = Entry(SECOND, "v=1 w=2", {"app": "a"}, {"id": "7"})
    source = MemorySource([entry])
    assert instant('count_over_time({app="a"} | logfmt [5s])', source, 2) == {
        (*A, ("id", "7"), ("v", "1"), ("w", "2")): 1
    }
    assert instant('max_over_time({app="a"} | logfmt | unwrap v [5s])', source, 2) == {(*A, ("id", "7"), ("w", "2")): 1}
    assert instant('max_over_time({app="a"} | logfmt | unwrap v [5s]) by (w)', source, 2) == {(("w", "2"),): 1}
    assert instant('max_over_time({app="a"} | logfmt | unwrap v [5s]) by (none)', source, 2) == {(): 1}
    assert instant('max_over_time({app="a"} | logfmt | unwrap v [5s]) without (id, w)', source, 2) == {A: 1}


@pytest.mark.parametrize(
    ("conversion", "text", "value"),
    [
        ("duration(v)", "1m30s", 90),
        ("duration_seconds(v)", "250ms", 0.25),
        ("duration(v)", "-2s", -2),
        ("bytes(v)", "2KiB", 2048),
        ("bytes(v)", "5MB", 5_000_000),
        ("v", "-1.5e3", -1500),
        ("v", "Inf", math.inf),
    ],
)
def test_conversions(conversion: str, text: str, value: float) -> None:
    """Conversions turn durations into seconds and sizes into bytes."""
    found = instant(f'sum_over_time({{app="a"}} | logfmt | unwrap {conversion} [5s])', lines_of(f"v={text}"), 2)
    assert found == {A: value}


def test_lines_without_the_label_have_no_sample() -> None:
    """A line whose label is absent or empty has no sample and is not an error."""
    source = lines_of("v=1", "w=1", 'v=""')
    assert instant('sum_over_time({app="a"} | logfmt --keep-empty | drop w | unwrap v [5s])', source, 4) == {A: 1}


def test_an_error_that_is_left_stops_the_query() -> None:
    """An error in a window stops the query unless a filter on __error__ before or after `unwrap` removes it."""
    source = lines_of("v=1", "v=x", "v=3")
    leaf = 'sum_over_time({app="a"} | logfmt | unwrap v%s [%ds])'
    with pytest.raises(QueryError, match="pipeline error: 'SampleExtractionErr'"):
        instant(leaf % ("", 5), source, 3)
    with pytest.raises(QueryError, match="pipeline error"):
        instant("sum(" + leaf % ("", 5) + ")", source, 3)
    assert instant("sum(" + leaf % (' | __error__=""', 5) + ")", source, 3) == {(): 4}
    assert instant(leaf % ("", 1), source, 3) == {A: 3}
    with pytest.raises(QueryError, match="JSONParserErr"):
        instant('count_over_time({app="a"} | json [5s])', lines_of("plain"), 2)
    assert instant('count_over_time({app="a"} | json | __error__="" [5s])', lines_of("plain"), 2) == {}
    assert instant(
        'sum(count_over_time({app="a"} | json | drop __error__, __error_details__ [5s]))', lines_of("x"), 2
    ) == {(): 1}


def test_absence() -> None:
    """`absent_over_time` is 1 at each time without a line, with the labels that the selector fixes."""
    assert matrix('absent_over_time({app="a", x="", b=~"c|"}[2s])', VALUES, 4, 8, 1) == {A: {7: 1, 8: 1}}
    assert instant('absent_over_time({app="z", job="y", app!="q", n=~"m"}[2s])', VALUES, 4) == {(("job", "y"),): 1}
    assert instant('absent_over_time({app="a"} |= "v=10" [2s])', VALUES, 4) == {A: 1}
    assert instant('absent_over_time({app="a"}[2s])', VALUES, 5) == {}


def test_absence_does_not_depend_on_the_number_of_series() -> None:
    """`absent_over_time` groups its lines, so that lines with different IDs do not exceed the limit of series."""
    entries = [Entry(second * SECOND, "x", {"app": "a"}, {"id": str(second)}) for second in range(1, 1001)]
    found = matrix('absent_over_time({app="a"}[1s])', MemorySource(entries), 1, 8001, 1)
    assert found == {A: dict.fromkeys(range(1001, 8002), 1)}


def test_empty_label_values_are_labels() -> None:
    """A series with an empty label differs from the series without that label."""
    source = lines_of("x=", "y=1")
    assert instant('count_over_time({app="a"} | logfmt --keep-empty | drop y [5s])', source, 3) == {
        A: 1,
        (*A, ("x", "")): 1,
    }


def test_equal_leaves_are_fetched_once() -> None:
    """Equal leaves of a query are fetched with one request to the store."""
    source = lines_of("x", "y")
    query = 'sum(count_over_time({app="a"}[5s])) / sum(count_over_time({app="a"}[5s]))'
    assert instant(query, source, 3) == {(): 1}
    assert len(source.asked) == 1
