"""Read the lines of a query once each, in chronological order, in parts that fit into memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import orjson

from log_gateway.errors import LimitExceeded
from log_gateway.logql.ast import LogQuery
from log_gateway.source import Entry
from log_gateway.store.client import Deadline, StoreClient
from log_gateway.store.filters import translate
from log_gateway.store.names import STREAM_ID
from log_gateway.store.rows import entries_of, nanoseconds

Row = tuple[Entry, bytes]
Span = tuple[int, int]

# If at most this many rows match, as in every search by an id, the first request is enough.
FIRST_ROWS = 1_000
# Rows of one part, about 20 MB as JSON.
PART_ROWS = 20_000
_PARTS = 1_000
# The store computes its buckets as 64-bit floats. A thousandth of this range is still exact.
_LATEST = 4 * 10**18


class Reader:
    """Reads the rows of one query in one direction."""

    def __init__(self, client: StoreClient, deadline: Deadline, most: int) -> None:
        self._client, self._deadline, self._left, self._most = client, deadline, most, most

    def entries(
        self, query: LogQuery, start: int, end: int, direction: Literal["forward", "backward"]
    ) -> Iterator[Entry]:
        """Yield the lines as ``source.Source.entries`` specifies. Raises ``LimitExceeded`` after too many lines."""
        start, end = max(start, 0), min(end, _LATEST)
        if start >= end:
            return
        wanted = f"{translate(query).text} | delete {STREAM_ID}"
        newest = self._rows(wanted, start, end, limit=str(FIRST_ROWS + 1))
        is_backward = direction == "backward"
        if len(newest) <= FIRST_ROWS:
            yield from _each_once(newest, is_backward)
            return
        # Other rows with the same time as the oldest of the newest rows may have been cut off.
        border = newest[0][0].timestamp + 1
        if is_backward:
            yield from _each_once([row for row in newest if row[0].timestamp >= border], is_backward)
            end = border
        for part in self._parts(wanted, start, end, is_backward):
            yield from _each_once(self._rows(wanted, *part), is_backward)

    def _parts(self, wanted: str, start: int, end: int, is_backward: bool) -> Iterator[Span]:
        """Split a time range into parts of about ``PART_ROWS`` rows. Rows of the same nanosecond stay together."""
        size = max(-(-(end - start) // _PARTS), 1)
        counts = self._counts(wanted, start, end, size)
        spans: list[tuple[Span, int]] = []
        for index in sorted(counts):
            begin, count = start + index * size, counts[index]
            span = (begin, min(begin + size, end))
            if spans and spans[-1][1] + count <= PART_ROWS:
                spans[-1] = ((spans[-1][0][0], span[1]), spans[-1][1] + count)
            else:
                spans.append((span, count))
        for span, count in reversed(spans) if is_backward else spans:
            if count > 2 * PART_ROWS and span[1] - span[0] > 1:
                yield from self._parts(wanted, *span, is_backward)
            else:
                yield span

    def _counts(self, wanted: str, start: int, end: int, size: int) -> dict[int, int]:
        offset = -(start % size)
        query = f"{wanted.rpartition(' | ')[0]} | stats by (_time:{size}ns offset {offset}ns) count() n"
        counts: dict[int, int] = {}
        for entry_time, count in _counted(self._client.rows(query, start, end, self._deadline)):
            counts[(entry_time - start) // size] = count
        return counts

    def _rows(self, wanted: str, start: int, end: int, **more: str) -> list[Row]:
        """Return rows sorted by time, oldest first."""
        rows = list(entries_of(self._client.rows(wanted, start, end, self._deadline, **more)))
        self._left -= len(rows)
        if self._left < 0:
            raise LimitExceeded(
                f"the query reads more than {self._most:,} lines: narrow its time range, selector or line filters"
            )
        rows.sort(key=_time)
        return rows


def _time(row: Row) -> tuple[int, bytes]:
    # Also sort by the line, so that rows with equal times have the same order in every response.
    return row[0].timestamp, row[1]


def _each_once(rows: list[Row], is_backward: bool) -> Iterator[Entry]:
    """Yield each row once, because a killed Collector may have sent a batch twice. Equal rows are adjacent."""
    previous = b""
    for entry, raw in reversed(rows) if is_backward else rows:
        if raw != previous:
            yield entry
        previous = raw


def _counted(lines: Iterator[bytes]) -> Iterator[tuple[int, int]]:
    for line in lines:
        row = orjson.loads(line)
        yield nanoseconds(row["_time"]), int(row["n"])
