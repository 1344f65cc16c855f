"""Implement ``log_gateway.source.Source`` with VictoriaLogs for one query."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from log_gateway.logql.ast import LogQuery, RangeAggregation
from log_gateway.source import Entry, Labels
from log_gateway.store.client import Deadline, StoreClient
from log_gateway.store.counting import Counter
from log_gateway.store.reading import Reader


class StoreSource:
    """Reads and counts lines under one deadline. The line limit applies to all reads of one query together."""

    def __init__(self, client: StoreClient, deadline: Deadline, most_lines: int) -> None:
        self._reader = Reader(client, deadline, most_lines)
        self._counter = Counter(client, deadline)

    def entries(
        self, query: LogQuery, start: int, end: int, direction: Literal["forward", "backward"]
    ) -> Iterator[Entry]:
        """Yield the lines as ``log_gateway.source.Source`` specifies."""
        return self._reader.entries(query, start, end, direction)

    def aggregate(self, leaf: RangeAggregation, times: Sequence[int]) -> Mapping[Labels, list[float | None]] | None:
        """Count in the store as ``log_gateway.source.Source`` specifies."""
        return self._counter.aggregate(leaf, times)
