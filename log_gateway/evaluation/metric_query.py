"""Run metric queries: ``evaluate_range`` over a grid of times, ``evaluate_instant`` at a single time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from log_gateway.errors import LimitExceeded, QueryError
from log_gateway.evaluation.aggregations import aggregate
from log_gateway.evaluation.label_replace import replace_labels
from log_gateway.evaluation.leaf import evaluate_leaf
from log_gateway.evaluation.limits import Limits
from log_gateway.evaluation.operations import between, combine_sets, with_number
from log_gateway.evaluation.results import Sample, ScalarResult, Series, VectorResult
from log_gateway.evaluation.table import Cells, Row, Table
from log_gateway.logql import ast
from log_gateway.logql.arithmetic import SET_OPERATORS
from log_gateway.source import Source

_ADDITIVE = frozenset({"rate", "count_over_time", "bytes_rate", "bytes_over_time", "sum_over_time"})
_DEFAULT = Limits()


def evaluate_range(
    expression: ast.MetricExpression, start: int, end: int, step: int, source: Source, limits: Limits = _DEFAULT
) -> list[Series]:
    """Return a matrix at start, start + step, … up to end (nanoseconds), sorted by labels."""
    if step <= 0 or end < start:
        raise QueryError("step must be greater than 0, and end not before start")
    steps = (end - start) // step + 1
    if steps > limits.steps:
        raise LimitExceeded(f"the query has {steps} steps, more than {limits.steps}: increase the step")
    times = range(start, end + 1, step)
    table = _Evaluation(times, source, limits).table(expression)
    series = [
        Series(row.labels, [(time, cell) for time, cell in zip(times, row.cells, strict=True) if cell is not None])
        for row in table
    ]
    series = sorted((one for one in series if one.points), key=lambda one: one.labels)
    _refuse_duplicates([one.labels for one in series])
    limits.check_result(series)
    return series


def evaluate_instant(
    expression: ast.MetricExpression, time: int, source: Source, limits: Limits = _DEFAULT
) -> VectorResult | ScalarResult:
    """Return the value at a time (nanoseconds). Samples are sorted by labels, or after sort and topk by value."""
    if isinstance(expression, ast.Number):
        return ScalarResult(time, expression.value)
    table = _Evaluation((time,), source, limits).table(expression)
    samples = [Sample(row.labels, cell) for row in table if (cell := row.cells[0]) is not None]
    if not (isinstance(expression, ast.VectorAggregation) and _orders(expression)):
        samples.sort(key=lambda sample: sample.labels)
    _refuse_duplicates([sample.labels for sample in samples])
    limits.check_result(samples)
    return VectorResult(time, samples)


def _orders(node: ast.VectorAggregation) -> bool:
    return node.parameter is not None or node.function in ("sort", "sort_desc")


def _refuse_duplicates(labels: list[tuple[tuple[str, str], ...]]) -> None:
    if len(set(labels)) < len(labels):
        raise QueryError("the result has series with the same labels: label_replace must give them distinct labels")


class _Evaluation:
    """The evaluation of one query at its times. Identical leaves are evaluated once."""

    def __init__(self, times: Sequence[int], source: Source, limits: Limits) -> None:
        self._times, self._source, self._limits = times, source, limits
        self._leaves: dict[ast.RangeAggregation, Table] = {}

    def table(self, node: ast.MetricExpression) -> Table:
        match node:
            case ast.RangeAggregation():
                return self._leaf(node)
            case ast.VectorAggregation():
                return aggregate(node, self.table(_grouped_early(node)))
            case ast.BinaryOperation():
                return self._operation(node)
            case ast.LabelReplace():
                return replace_labels(node, self.table(node.inner))
            case ast.Number(value) | ast.Vector(value):
                cells: Cells = [value] * len(self._times)
                return [Row((), cells)]

    def _leaf(self, leaf: ast.RangeAggregation) -> Table:
        table = self._leaves.get(leaf)
        if table is None:
            table = self._leaves[leaf] = evaluate_leaf(leaf, self._times, self._source, self._limits)
        return table

    def _operation(self, node: ast.BinaryOperation) -> Table:
        if isinstance(node.left, ast.Number):
            return with_number(node, self.table(node.right), node.left.value, number_is_left=True)
        if isinstance(node.right, ast.Number):
            return with_number(node, self.table(node.left), node.right.value, number_is_left=False)
        left, right = self.table(node.left), self.table(node.right)
        return combine_sets(node, left, right) if node.operator in SET_OPERATORS else between(node, left, right)


def _grouped_early(node: ast.VectorAggregation) -> ast.MetricExpression:
    """Return the inner expression. If only sums of it are needed, its series are summed while lines are counted.

    A rate has all labels of its lines, including request ids: without this, each line would be a series.
    """
    leaf = node.inner
    if (
        node.function == "sum"
        and isinstance(leaf, ast.RangeAggregation)
        and leaf.function in _ADDITIVE
        and not (leaf.unwrap is not None and node.grouping is not None and leaf.unwrap.label in node.grouping.labels)
    ):
        return replace(leaf, grouping=node.grouping or ast.Grouping(()))
    return leaf
