"""The intermediate result of metric queries: series with one cell for each time."""

from __future__ import annotations

from dataclasses import dataclass

from log_gateway.source import Labels

Cells = list[float | None]


@dataclass(frozen=True, slots=True)
class Row:
    """A series with None where it has no value."""

    labels: Labels
    cells: Cells


Table = list[Row]
"""Rows of an intermediate result. In an instant query their order is the order of the result."""
