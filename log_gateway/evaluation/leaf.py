"""Evaluate range aggregations at the times of a query, in the store if possible, otherwise from its lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from log_gateway.errors import QueryError
from log_gateway.evaluation.limits import Limits
from log_gateway.evaluation.range_functions import computed
from log_gateway.evaluation.samples import samples_of
from log_gateway.evaluation.state import ERROR, PRESERVE_ERROR
from log_gateway.evaluation.table import Cells, Row, Table
from log_gateway.logql.ast import Grouping, RangeAggregation, Selector
from log_gateway.source import Labels, Source


def evaluate_leaf(leaf: RangeAggregation, times: Sequence[int], source: Source, limits: Limits) -> Table:
    """Return one row per series. QueryError if a line in a window carries an error that no stage filtered out."""
    aggregated = source.aggregate(leaf, times)
    if aggregated is not None:
        limits.check_cells(len(aggregated), len(times))
        return [Row(labels, list(cells)) for labels, cells in aggregated.items()]
    if leaf.function == "absent_over_time":
        # What matters is whether there are lines, not how many series they form.
        leaf = replace(leaf, grouping=Grouping(()))
    moved = [time - leaf.offset_ns for time in times]
    # (t - range, t] of whole nanoseconds is [t - range + 1, t + 1).
    start, end = max(0, moved[0] - leaf.range_ns + 1), moved[-1] + 1
    entries = source.entries(leaf.query, start, end, "forward") if start < end else iter(())
    series = samples_of(leaf, entries)
    limits.check_cells(len(series), len(times))
    table = []
    for labels, (timestamps, values) in series.items():
        cells: Cells = [None] * len(times)
        found = False
        for index, value in computed(leaf, timestamps, values, moved):
            cells[index] = value
            found = True
        if found:
            _refuse_errors(labels)
            table.append(Row(labels, cells))
    return _absence(leaf.query.selector, table, len(times)) if leaf.function == "absent_over_time" else table


def _refuse_errors(labels: Labels) -> None:
    names = dict(labels)
    error = names.get(ERROR)
    if error is None or names.get(PRESERVE_ERROR) == "true":
        return
    shown = ", ".join(f'{name}="{value}"' for name, value in labels)
    raise QueryError(
        f"pipeline error: '{error}' for series: '{{{shown}}}'. Use a label filter to intentionally skip this error, "
        f'like | __error__!="{error}". To skip all errors match the empty one: | __error__="". '
        'After unwrap it is possible too: | unwrap latency | __error__=""'
    )


def _absence(selector: Selector, present: Table, steps: int) -> Table:
    """Return 1 at each time without any line. The labels are those that the selector compares with "="."""
    cells: Cells = [None if any(row.cells[index] is not None for row in present) else 1.0 for index in range(steps)]
    if all(cell is None for cell in cells):
        return []
    fixed: dict[str, str] = {}
    ambiguous: set[str] = set()
    for matcher in selector.matchers:
        if matcher.operator == "=" and matcher.name not in fixed and matcher.name not in ambiguous:
            fixed[matcher.name] = matcher.value
        else:
            ambiguous.add(matcher.name)
    labels = {name: value for name, value in fixed.items() if name not in ambiguous and value}
    return [Row(tuple(sorted(labels.items())), cells)]
