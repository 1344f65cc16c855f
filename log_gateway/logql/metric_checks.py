"""Loki's rules for aggregations that the grammar cannot express. Errors have the position of the function."""

from __future__ import annotations

from lark import Token

from log_gateway.errors import QueryError
from log_gateway.logql import ast

_WITHOUT_UNWRAP = {"rate", "count_over_time", "bytes_rate", "bytes_over_time", "absent_over_time"}
_LINES_ONLY = {"count_over_time", "bytes_rate", "bytes_over_time"}
_GROUPED = {"avg_over_time", "min_over_time", "max_over_time", "first_over_time", "last_over_time"} | {
    "stddev_over_time",
    "stdvar_over_time",
    "quantile_over_time",
}
_COUNTED = {"topk", "bottomk", "approx_topk"}
_NEVER_GROUPED = {"sort", "sort_desc", "approx_topk"}


def check_range_aggregation(node: ast.RangeAggregation, position: int) -> None:
    """Check that the function supports the given unwrap, grouping and parameter."""
    name = node.function
    if node.grouping is not None and name not in _GROUPED:
        raise QueryError(f"grouping is not allowed for {name}: put the grouping on sum(…) around it", position)
    if node.unwrap is None and name not in _WITHOUT_UNWRAP:
        raise QueryError(f"invalid aggregation {name} without unwrap", position)
    if node.unwrap is not None and name in _LINES_ONLY:
        raise QueryError(f"invalid aggregation {name} with unwrap", position)
    if (node.parameter is None) == (name == "quantile_over_time"):
        needed = "a parameter is required for" if node.parameter is None else "no parameter is supported for"
        raise QueryError(f"{needed} {name}", position)


def check_vector_aggregation(
    name: str, parameter: Token | None, grouping: ast.Grouping | None, position: int
) -> int | None:
    """Return the count parameter of topk and similar functions. Other functions have no parameter."""
    if grouping is not None and name in _NEVER_GROUPED:
        raise QueryError(f"grouping is not allowed for {name}", position)
    if name not in _COUNTED:
        if parameter is not None:
            raise QueryError(f"no parameter is supported for {name}", position)
        return None
    if parameter is None:
        raise QueryError(f"a parameter is required for {name}: {name}(10, …)", position)
    if not parameter.isdecimal() or len(parameter) > 9 or int(parameter) == 0:
        raise QueryError(f"the parameter of {name} must be an integer greater than 0", parameter.start_pos)
    return int(parameter)


def needs_vector(inner: ast.MetricExpression, name: str, position: int) -> None:
    """Check that the operand is not a number, which has no series to aggregate."""
    if isinstance(inner, ast.Number):
        raise QueryError(f"{name} needs a vector, not a number: write vector({inner.value:g})", position)
