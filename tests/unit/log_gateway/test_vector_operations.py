"""Aggregations over series, operations between series, and label_replace."""

import math

import pytest

from log_gateway.errors import LimitExceeded, QueryError
from log_gateway.evaluation.limits import Limits
from log_gateway.evaluation.metric_query import evaluate_instant, evaluate_range
from log_gateway.evaluation.results import Sample, ScalarResult, VectorResult
from log_gateway.logql.ast import LogQuery
from log_gateway.logql.parser import parse
from log_gateway.source import Entry, Labels
from tests.unit.log_gateway.memory_source import SECOND, MemorySource, instant, matrix

# Number of lines per series in the window of 10 s at second 10: a/x 1, a/y 2, b/x 3, b/y 4.
COUNTS = {("a", "x"): 1, ("a", "y"): 2, ("b", "x"): 3, ("b", "y"): 4}
SOURCE = MemorySource(
    [
        Entry((second + 1) * SECOND, "line", {"app": app, "pod": pod})
        for (app, pod), count in COUNTS.items()
        for second in range(count)
    ]
)
COUNT = 'count_over_time({app=~".+"}[10s])'


def named(**labels: str) -> Labels:
    return tuple(sorted(labels.items()))


def asked(query: str) -> dict[Labels, float]:
    return instant(query.replace("COUNT", COUNT), SOURCE, 10)


def ordered(query: str) -> list[Sample]:
    tree = parse(query.replace("COUNT", COUNT))
    assert not isinstance(tree, LogQuery)
    result = evaluate_instant(tree, 10 * SECOND, SOURCE)
    assert isinstance(result, VectorResult)
    return result.samples


EVERY = {named(app=app, pod=pod): float(count) for (app, pod), count in COUNTS.items()}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sum(COUNT)", {(): 10}),
        ("sum by (app) (COUNT)", {named(app="a"): 3, named(app="b"): 7}),
        ("sum without (app) (COUNT)", {named(pod="x"): 4, named(pod="y"): 6}),
        ("sum without () (COUNT)", EVERY),
        ("sum by (nothing) (COUNT)", {(): 10}),
        ("sum by (app, nothing) (COUNT)", {named(app="a"): 3, named(app="b"): 7}),
        ("avg by (app) (COUNT)", {named(app="a"): 1.5, named(app="b"): 3.5}),
        ("min by (app) (COUNT)", {named(app="a"): 1, named(app="b"): 3}),
        ("max by (app) (COUNT)", {named(app="a"): 2, named(app="b"): 4}),
        ("count by (app) (COUNT)", {named(app="a"): 2, named(app="b"): 2}),
        ("stdvar(COUNT)", {(): 1.25}),
        ("stddev(COUNT)", {(): math.sqrt(1.25)}),
        ("topk(1, COUNT)", {named(app="b", pod="y"): 4}),
        ("topk by (app) (1, COUNT)", {named(app="a", pod="y"): 2, named(app="b", pod="y"): 4}),
        ("bottomk(1, COUNT) without (pod)", {named(app="a", pod="x"): 1, named(app="b", pod="x"): 3}),
        ("topk(10, COUNT)", EVERY),
        ("max(sum by (app) (COUNT))", {(): 7}),
        ('sum(count_over_time({app="none"}[10s]))', {}),
    ],
)
def test_aggregations(query: str, expected: dict[Labels, float]) -> None:
    """Groups keep the named labels with `by`, and all other labels with `without`."""
    assert asked(query) == pytest.approx(expected)


def test_the_order_of_an_instant_vector() -> None:
    """`sort`, `sort_desc`, `topk` and `bottomk` order an instant vector by value, and all else is ordered by labels."""
    assert [sample.value for sample in ordered("sort(COUNT)")] == [1, 2, 3, 4]
    assert [sample.value for sample in ordered("sort_desc(COUNT)")] == [4, 3, 2, 1]
    assert [sample.value for sample in ordered("topk(2, COUNT)")] == [4, 3]
    assert [sample.value for sample in ordered("bottomk(3, COUNT)")] == [1, 2, 3]
    assert [sample.labels for sample in ordered("COUNT")] == sorted(EVERY)


def test_topk_is_chosen_at_each_time() -> None:
    """A series has points only at the times at which it is among the top ones."""
    # In windows of 2 s, b/x has lines in seconds 1 to 3, and b/y in 1 to 4. The earlier series wins a tie.
    found = matrix('topk(1, count_over_time({app="b"}[1s]))', SOURCE, 3, 4, 1)
    assert found == {named(app="b", pod="x"): {3: 1}, named(app="b", pod="y"): {4: 1}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sum(COUNT) + 1", {(): 11}),
        ("1 - sum(COUNT)", {(): -9}),
        ("sum(COUNT) * 2 ^ 3", {(): 80}),
        ("sum(COUNT) % 4", {(): 2}),
        ("sum(COUNT) > 10", {}),
        ("sum(COUNT) >= 10", {(): 10}),
        ("9 < sum(COUNT)", {(): 10}),
        ("sum(COUNT) > bool 10", {(): 0}),
        ("10 == bool sum(COUNT)", {(): 1}),
        ("COUNT > 2", {labels: value for labels, value in EVERY.items() if value > 2}),
        ("COUNT != 1", {labels: value for labels, value in EVERY.items() if value != 1}),
        ("sum by (app) (COUNT) / sum by (app) (COUNT)", {named(app="a"): 1, named(app="b"): 1}),
        ("sum by (app) (COUNT) / on () group_left sum(COUNT)", {named(app="a"): 0.3, named(app="b"): 0.7}),
        (
            "COUNT / on (app) group_left sum by (app) (COUNT)",
            {labels: v / (3 if ("app", "a") in labels else 7) for labels, v in EVERY.items()},
        ),
        (
            "sum by (app) (COUNT) - on (app) group_right COUNT",
            {labels: (3 if ("app", "a") in labels else 7) - v for labels, v in EVERY.items()},
        ),
        ("sum by (app) (COUNT) > on (app) sum by (app) (COUNT) - 1", {named(app="a"): 3, named(app="b"): 7}),
        (
            "max by (app, pod) (COUNT) > ignoring (pod) group_left avg by (app) (COUNT)",
            {named(app="a", pod="y"): 2, named(app="b", pod="y"): 4},
        ),
        ("sum(COUNT) + on (app) sum by (app) (COUNT)", {}),
        (
            "COUNT and on (pod) topk(1, COUNT)",
            {labels: value for labels, value in EVERY.items() if ("pod", "y") in labels},
        ),
        (
            "COUNT unless on (pod) topk(1, COUNT)",
            {labels: value for labels, value in EVERY.items() if ("pod", "x") in labels},
        ),
        ("sum by (app) (COUNT) > 5 or vector(0)", {named(app="b"): 7, (): 0}),
        ("sum(COUNT) > 50 or vector(0)", {(): 0}),
        ("sum(COUNT) or vector(0)", {(): 10}),
        ("vector(3)", {(): 3}),
        ("vector(-1.5) * vector(2)", {(): -3}),
    ],
)
def test_operations(query: str, expected: dict[Labels, float]) -> None:
    """Operations work with numbers and between series with equal labels."""
    assert asked(query) == pytest.approx(expected)


def test_group_left_takes_labels_over() -> None:
    """The labels named by group_left are copied from the side with one series."""
    query = 'sum by (pod) (COUNT) * on () group_left (app) max by (app) (count_over_time({app="a"}[10s]))'
    assert asked(query) == {named(app="a", pod="x"): 8, named(app="a", pod="y"): 12}


@pytest.mark.parametrize("query", ["sum(COUNT) / 0", "0 / vector(0)", "sum(COUNT) % 0", "sum(COUNT) / vector(0)"])
def test_a_division_by_zero_is_not_a_number(query: str) -> None:
    """A division by zero returns NaN, as in Loki."""
    assert all(math.isnan(value) for value in asked(query).values())
    assert len(asked(query)) == 1


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("sum by (app) (COUNT) / on () COUNT", "many-to-many"),
        ("COUNT / on (app) sum by (app) (COUNT)", "many-to-one matching must be explicit"),
        ("COUNT * on () group_left COUNT", "many-to-many"),
        ("sum by (app) (COUNT) * on () group_left (app) vector(1)", "unique matches"),
    ],
)
def test_ambiguous_matches_are_refused(query: str, message: str) -> None:
    """An ambiguous match is refused with the reason."""
    with pytest.raises(QueryError, match=message):
        asked(query)


def test_operations_time_by_time() -> None:
    """A result has points where both sides have them; `or` fills times at which the left side has none."""
    rate = 'sum(count_over_time({app="b", pod="%s"}[1s]))'
    assert matrix(f"{rate % 'x'} + {rate % 'y'}", SOURCE, 1, 6, 1) == {(): {1: 2, 2: 2, 3: 2}}
    assert matrix(f"{rate % 'x'} or vector(0)", SOURCE, 2, 5, 1) == {(): {2: 1, 3: 1, 4: 0, 5: 0}}
    assert matrix(f"{rate % 'y'} unless {rate % 'x'}", SOURCE, 1, 6, 1) == {(): {4: 1}}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ('"kind", "$1-$1", "app", "(.)"', {named(app="a", kind="a-a"): 3, named(app="b", kind="b-b"): 7}),
        ('"app", "z", "app", "a"', {named(app="z"): 3, named(app="b"): 7}),
        ('"kind", "${letter}", "app", "(?P<letter>b)"', {named(app="a"): 3, named(app="b", kind="b"): 7}),
        ('"kind", "new", "nothing", ""', {named(app="a", kind="new"): 3, named(app="b", kind="new"): 7}),
        ('"app", "", "app", "b"', {named(app="a"): 3, (): 7}),
        ('"kind", "x", "app", "A"', {named(app="a"): 3, named(app="b"): 7}),
    ],
)
def test_label_replace(arguments: str, expected: dict[Labels, float]) -> None:
    """The regular expression matches the whole value, and an empty result removes the label."""
    assert asked(f"label_replace(sum by (app) (COUNT), {arguments})") == expected


def test_series_that_become_equal() -> None:
    """Series that become equal can be summed, but not returned."""
    replaced = 'label_replace(sum by (app) (COUNT), "app", "same", "app", ".*")'
    assert asked(f"sum by (app) ({replaced})") == {named(app="same"): 10}
    with pytest.raises(QueryError, match="same labels"):
        asked(replaced)


def test_numbers_alone() -> None:
    """A number alone is a scalar in an instant query and a series without labels in a range query."""
    tree = parse("1 + 1")
    assert not isinstance(tree, LogQuery)
    assert evaluate_instant(tree, 5, SOURCE) == ScalarResult(5, 2)
    assert matrix("2 * 3", SOURCE, 1, 5, 2) == {(): {1: 6, 3: 6, 5: 6}}


def test_limits() -> None:
    """The limits on series of the result, on steps and on intermediate values are enforced."""
    tree = parse(COUNT)
    assert not isinstance(tree, LogQuery)
    with pytest.raises(LimitExceeded, match="maximum number of series"):
        evaluate_instant(tree, 10 * SECOND, SOURCE, Limits(series=3))
    assert evaluate_instant(tree, 10 * SECOND, SOURCE, Limits(series=4))
    with pytest.raises(LimitExceeded, match="steps"):
        evaluate_range(tree, 0, 10 * SECOND, 1, SOURCE)
    with pytest.raises(LimitExceeded, match="increase the step"):
        evaluate_range(tree, 0, 10 * SECOND, SECOND, SOURCE, Limits(cells=10))
    with pytest.raises(QueryError, match="step"):
        evaluate_range(tree, 0, 10, 0, SOURCE)
