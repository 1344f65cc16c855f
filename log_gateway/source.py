"""The interface between evaluation and the store. ``store/`` implements it, and tests use a fake."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from log_gateway.logql.ast import LogQuery, RangeAggregation

Labels = tuple[tuple[str, str], ...]
"""A set of labels sorted by name: the key of a stream or a series."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A stored line. ``stream`` holds index labels, ``metadata`` structured metadata, both with LogQL's names."""

    timestamp: int
    line: str
    stream: Mapping[str, str]
    metadata: Mapping[str, str] = field(default_factory=dict)


class Source(Protocol):
    """A source of lines. Methods raise ``log_gateway.errors`` if a limit is exceeded or the store is unavailable."""

    def entries(
        self, query: LogQuery, start: int, end: int, direction: Literal["forward", "backward"]
    ) -> Iterator[Entry]:
        """Return lines with ``start <= timestamp < end`` in nanoseconds, each once, in chronological order.

        The lines match the selector. The store may already have applied stages of the query, so lines that the pipeline
        would drop may be missing. The caller must still apply every stage.
        """

    def aggregate(self, leaf: RangeAggregation, times: Sequence[int]) -> Mapping[Labels, list[float | None]] | None:
        """Return the leaf's value at each time (the grid, before the offset is applied), computed by the store.

        None if the store cannot compute it exactly; the caller then evaluates ``entries``. A leaf without a grouping is
        never computed: if a query sums rates, evaluation moves the grouping to the leaf. A series has no value (None)
        where its window has no line.
        """
