"""Operations between a table and a number, or between two tables whose series are matched by labels."""

from __future__ import annotations

from collections.abc import Callable

from log_gateway.errors import QueryError
from log_gateway.evaluation.samples import grouped
from log_gateway.evaluation.table import Cells, Row, Table
from log_gateway.logql.arithmetic import ARITHMETIC, COMPARISONS
from log_gateway.logql.ast import BinaryOperation, Grouping, VectorMatching
from log_gateway.source import Labels

Calculation = Callable[[float, float], float | None]
Groups = dict[Labels, list[Row]]


def calculation(node: BinaryOperation, keep_right: bool = False) -> Calculation:
    """Return the result for two values. A comparison without bool returns the vector's value or None."""
    if node.operator in ARITHMETIC:
        return ARITHMETIC[node.operator]
    compare = COMPARISONS[node.operator]
    if node.bool_modifier:
        return lambda left, right: 1.0 if compare(left, right) else 0.0
    if keep_right:
        return lambda left, right: right if compare(left, right) else None
    return lambda left, right: left if compare(left, right) else None


def with_number(node: BinaryOperation, table: Table, number: float, number_is_left: bool) -> Table:
    """Apply the operation between each value and the number. The labels are kept."""
    calculate = calculation(node, keep_right=number_is_left)
    rows = []
    for row in table:
        cells: Cells = [
            None if cell is None else calculate(number, cell) if number_is_left else calculate(cell, number)
            for cell in row.cells
        ]
        rows.append(Row(row.labels, cells))
    return rows


def _grouped(table: Table, matching: VectorMatching) -> Groups:
    signature = grouped(Grouping(matching.labels, without=not matching.on))
    groups: Groups = {}
    for row in table:
        groups.setdefault(signature(dict(row.labels)), []).append(row)
    return groups


def _presence(rows: list[Row], steps: int) -> list[bool]:
    """Return for each time whether any row has a value."""
    return [any(row.cells[time] is not None for row in rows) for time in range(steps)]


def combine_sets(node: BinaryOperation, left: Table, right: Table) -> Table:
    """Apply ``and``, ``or`` or ``unless``, which select series at each time. Values never change."""
    if node.operator == "or":
        kept = _restricted(right, _grouped(left, node.matching), node.matching, wanted=False)
        return _merged(left, kept)
    return _restricted(left, _grouped(right, node.matching), node.matching, wanted=node.operator == "and")


def _restricted(table: Table, others: Groups, matching: VectorMatching, wanted: bool) -> Table:
    """Keep cells only at times when the other side has (or lacks) a series with the same labels."""
    rows = []
    for signature, group in _grouped(table, matching).items():
        present = _presence(others.get(signature, []), len(group[0].cells))
        for row in group:
            cells = [cell if there is wanted else None for cell, there in zip(row.cells, present, strict=True)]
            rows.append(Row(row.labels, cells))
    return rows


def _merged(left: Table, right: Table) -> Table:
    """Return the union. A series that is in both at different times becomes one series."""
    rows = list(left)
    known = {row.labels: index for index, row in enumerate(left)}
    for row in right:
        index = known.get(row.labels)
        if index is None:
            rows.append(row)
            continue
        cells = [
            first if first is not None else second for first, second in zip(rows[index].cells, row.cells, strict=True)
        ]
        rows[index] = Row(row.labels, cells)
    return rows


def between(node: BinaryOperation, left: Table, right: Table) -> Table:
    """Apply arithmetic or a comparison between series whose compared labels are equal.

    QueryError if several series of the "one" side match, or if results would have the same labels.
    """
    matching = node.matching
    calculate = calculation(node)
    many, one = (right, left) if matching.group == "right" else (left, right)
    singles, result = _grouped(one, matching), _Result(matching)
    steps = len(one[0].cells) if one else 0
    multiples = _grouped(many, matching)
    for signature, group in singles.items():
        for time in range(steps):
            partners = [row for row in group if row.cells[time] is not None]
            if len(partners) > 1:
                side = "left" if matching.group == "right" else "right"
                raise QueryError(
                    f"found duplicate series on the {side} hand-side for the match group {dict(signature)}; "
                    "many-to-many matching not allowed: matching labels must be unique on one side"
                )
            if not partners:
                continue
            other = partners[0].cells[time]
            for row in multiples.get(signature, ()):
                value = row.cells[time]
                if value is None or other is None:
                    continue
                answer = calculate(other, value) if matching.group == "right" else calculate(value, other)
                if answer is not None:
                    result.add(row, partners[0], time, answer)
    return result.table()


class _Result:
    """Collects the results of ``between`` by their labels."""

    def __init__(self, matching: VectorMatching) -> None:
        self._matching = matching
        self._leave = grouped(Grouping(matching.labels, without=not matching.on))
        self._labels: dict[tuple[Labels, Labels], Labels] = {}
        self._cells: dict[Labels, Cells] = {}

    def add(self, many: Row, one: Row, time: int, value: float) -> None:
        pair = many.labels, one.labels
        labels = self._labels.get(pair)
        if labels is None:
            labels = self._labels[pair] = self._result_labels(many, one)
        cells = self._cells.setdefault(labels, [None] * len(many.cells))
        if cells[time] is not None:
            raise QueryError(
                "multiple matches for labels: grouping labels must ensure unique matches"
                if self._matching.group
                else "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            )
        cells[time] = value

    def _result_labels(self, many: Row, one: Row) -> Labels:
        labels = dict(many.labels)
        if not self._matching.group:
            return self._leave(labels)
        other = dict(one.labels)
        for name in self._matching.include:
            if other.get(name):
                labels[name] = other[name]
            else:
                labels.pop(name, None)
        return tuple(sorted(labels.items()))

    def table(self) -> Table:
        return [Row(labels, cells) for labels, cells in self._cells.items()]
