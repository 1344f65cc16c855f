"""Limits on what a metric query may compute and return."""

from __future__ import annotations

from collections.abc import Sized
from dataclasses import dataclass

from log_gateway.errors import LimitExceeded


@dataclass(frozen=True)
class Limits:
    """``series``: in the result. ``steps``: in a range query. ``cells``: series × steps in intermediate results."""

    series: int = 500
    steps: int = 11_000
    cells: int = 5_000_000

    def check_result(self, series: Sized) -> None:
        """Raise LimitExceeded if the result has more series than allowed."""
        if len(series) > self.series:
            raise LimitExceeded(
                f"maximum number of series ({self.series}) reached for a single query; consider reducing query "
                "cardinality by adding more specific stream selectors, reducing the time range, or aggregating "
                "results with functions like sum, count or topk"
            )

    def check_cells(self, series: int, steps: int) -> None:
        """Raise LimitExceeded if a part of the query has too many series for that many steps."""
        if series * steps > self.cells:
            raise LimitExceeded(
                f"a part of the query has {series} series at {steps} times, more than {self.cells} values: "
                "aggregate with by(…), or increase the step"
            )
