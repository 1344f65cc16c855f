"""The intermediate form of metric queries: series with one cell for each time."""

from __future__ import annotations

from dataclasses import dataclass

from log_gateway.source import Labels

Cells = list[float | None]


@dataclass(frozen=True, slots=True)
class Row:
    """A series; None where it has no value."""

    labels: Labels
    cells: Cells


Table = list[Row]
"""For an instant query, the order of the rows is the order of the result."""
