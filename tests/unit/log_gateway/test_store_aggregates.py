"""Aggregations that the store can compute fetch no lines."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from log_gateway.evaluation.aggregations import aggregate
from log_gateway.evaluation.leaf import evaluate_leaf
from log_gateway.evaluation.limits import Limits
from log_gateway.evaluation.metric_query import evaluate_range
from log_gateway.logql.ast import Grouping, LogQuery, RangeAggregation, VectorAggregation
from log_gateway.logql.parser import parse
from log_gateway.source import Entry, Labels
from tests.unit.log_gateway.memory_source import SECOND, MemorySource, matrix


class CountingStore:
    """A store that answers every aggregation with one series of threes, and has no lines."""

    def __init__(self) -> None:
        self.leaves: list[tuple[RangeAggregation, list[int]]] = []

    def entries(
        self, query: LogQuery, start: int, end: int, direction: Literal["forward", "backward"]
    ) -> Iterator[Entry]:
        raise AssertionError("lines must not be fetched")

    def aggregate(self, leaf: RangeAggregation, times: Sequence[int]) -> Mapping[Labels, list[float | None]]:
        self.leaves.append((leaf, list(times)))
        return {(("app", "a"),): [None, 3.0]}


def test_the_store_is_asked_first() -> None:
    """The store gets the times of the grid, before the offset is applied."""
    store = CountingStore()
    tree = parse('count_over_time({app="a"}[5s] offset 1m) * 2')
    assert not isinstance(tree, LogQuery)
    (series,) = evaluate_range(tree, 10, 20, 10, store)
    assert series.points == [(20, 6.0)]
    assert [times for _, times in store.leaves] == [[10, 20]]


def test_a_sum_reaches_the_store_as_a_grouping() -> None:
    """A sum is sent to the store as a grouping, so that it does not return a series for each request ID.

    Other aggregations need every series.
    """
    store = CountingStore()
    for query in ("sum by (app) (rate({app=~`.+`}[5s]))", "sum(rate({app=~`.+`}[5s]))", "max(rate({app=~`.+`}[5s]))"):
        tree = parse(query)
        assert not isinstance(tree, LogQuery)
        evaluate_range(tree, 10, 20, 10, store)
    assert [leaf.grouping for leaf, _ in store.leaves] == [Grouping(("app",)), Grouping(()), None]


LINES = st.lists(
    st.tuples(st.integers(0, 20), st.sampled_from("ab"), st.sampled_from("xyz"), st.integers(0, 9)), max_size=30
)
GROUPINGS = st.sampled_from(
    ["", " by (app)", " by (app, n)", " without (app)", " without ()", " by (v)", " without (v)"]
)
LEAVES = st.sampled_from(
    [
        'rate({app=~".+"} [7s])',
        'bytes_over_time({app=~".+"} [7s])',
        'count_over_time({app=~".+"} | logfmt [7s])',
        'sum_over_time({app=~".+"} | logfmt | unwrap v [7s])',
    ]
)


@settings(deadline=None)
@given(LINES, GROUPINGS, LEAVES)
def test_early_grouping_changes_nothing(lines: list[tuple[int, str, str, int]], grouping: str, leaf: str) -> None:
    """Summing while lines are counted gives the same result as summing the series."""
    source = MemorySource([Entry(at * SECOND, f"v={v} n={n}", {"app": app}, {"id": str(v)}) for at, app, n, v in lines])
    tree = parse(f"sum{grouping} ({leaf})")
    assert isinstance(tree, VectorAggregation)
    assert isinstance(tree.inner, RangeAggregation)
    times = range(0, 21 * SECOND, 3 * SECOND)
    table = aggregate(tree, evaluate_leaf(tree.inner, times, source, Limits()))
    expected = {
        row.labels: {
            time // SECOND: round(cell, 9) for time, cell in zip(times, row.cells, strict=True) if cell is not None
        }
        for row in table
    }
    found = matrix(f"sum{grouping} ({leaf})", source, 0, 20, 3)
    assert {name: {at: round(value, 9) for at, value in points.items()} for name, points in found.items()} == expected
