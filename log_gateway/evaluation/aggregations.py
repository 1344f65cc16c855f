"""Aggregations over series: sum, avg, topk and so on, separately for each time."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from heapq import nlargest, nsmallest

from log_gateway.evaluation.samples import grouped
from log_gateway.evaluation.table import Cells, Row, Table
from log_gateway.logql.ast import Grouping, VectorAggregation
from log_gateway.source import Labels


def _average(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _variance(values: Sequence[float]) -> float:
    # Welford's method, as in Loki.
    mean = squares = 0.0
    for count, value in enumerate(values, 1):
        distance = value - mean
        mean += distance / count
        squares += distance * (value - mean)
    return squares / len(values)


def _least(values: Sequence[float]) -> float:
    return min((value for value in values if value == value), default=math.nan)


def _greatest(values: Sequence[float]) -> float:
    return max((value for value in values if value == value), default=math.nan)


_REDUCTIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": lambda values: sum(values, 0.0),
    "avg": _average,
    "min": _least,
    "max": _greatest,
    "count": lambda values: float(len(values)),
    "stdvar": _variance,
    "stddev": lambda values: math.sqrt(_variance(values)),
}


def _groups(table: Table, grouping: Grouping | None) -> dict[Labels, list[Row]]:
    key = grouped(grouping or Grouping(()))
    groups: dict[Labels, list[Row]] = {}
    for row in table:
        groups.setdefault(key(dict(row.labels)), []).append(row)
    return groups


def _reduced(rows: list[Row], reduce: Callable[[Sequence[float]], float]) -> Cells:
    if len(rows) == 1:
        return [None if cell is None else reduce((cell,)) for cell in rows[0].cells]
    columns = (
        [cell for cell in column if cell is not None] for column in zip(*(row.cells for row in rows), strict=True)
    )
    return [reduce(values) if values else None for values in columns]


def _ascending(item: tuple[float, int]) -> tuple[bool, float, int]:
    value, index = item
    return (True, 0.0, index) if value != value else (False, value, index)


def _descending(item: tuple[float, int]) -> tuple[bool, float, int]:
    value, index = item
    return (False, 0.0, -index) if value != value else (True, value, -index)


def _selected(rows: list[Row], count: int, largest: bool) -> Table:
    """Return the rows ordered by their values at the last time, keeping only cells among the first ``count``."""
    selected: list[Cells] = [[None] * len(row.cells) for row in rows]
    order: list[int] = []
    for time in range(len(rows[0].cells)):
        present = [(cell, index) for index, row in enumerate(rows) if (cell := row.cells[time]) is not None]
        chosen = nlargest(count, present, _descending) if largest else nsmallest(count, present, _ascending)
        for value, index in chosen:
            selected[index][time] = value
        order = [index for _, index in chosen]
    others = set(range(len(rows))).difference(order)
    return [
        Row(rows[index].labels, selected[index])
        for index in [*order, *sorted(others)]
        if any(cell is not None for cell in selected[index])
    ]


def aggregate(node: VectorAggregation, table: Table) -> Table:
    """Aggregate a table. The order of the rows only matters for sort and topk in an instant query."""
    if node.function in ("sort", "sort_desc"):
        ordering = _descending if node.function == "sort_desc" else _ascending
        indexed = [(row.cells[-1] if row.cells[-1] is not None else math.nan, index) for index, row in enumerate(table)]
        indexed.sort(key=ordering, reverse=node.function == "sort_desc")
        return [table[index] for _, index in indexed]
    groups = _groups(table, node.grouping)
    if node.parameter is not None:
        largest = node.function != "bottomk"
        # By label, because the order in which the store returns its groups changes from query to query.
        return [row for _, rows in sorted(groups.items()) for row in _selected(rows, node.parameter, largest)]
    reduce = _REDUCTIONS[node.function]
    return [Row(labels, _reduced(rows, reduce)) for labels, rows in groups.items()]
