"""Count lines in the store: ``sum by (…) (rate({…} [range]))`` without reading a line.

The windows (t - range, t] of all times are composed of equal buckets, which VictoriaLogs counts in one pass. A line
that was stored twice because its Collector was killed after sending it is counted once. For this, the store also counts
distinct pairs of time and stream. If there are fewer of these than rows, rows are counted as distinct by all their
fields.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd

import orjson

from log_gateway.logql.ast import RangeAggregation
from log_gateway.source import Labels
from log_gateway.store.client import Deadline, StoreClient
from log_gateway.store.filters import MARKED_LINE, Filter, translate
from log_gateway.store.names import MESSAGE, STREAM_ID, TIME, fields_of, quoted
from log_gateway.store.numbers import unmarked
from log_gateway.store.rows import nanoseconds

COUNTED = frozenset(("count_over_time", "rate", "bytes_over_time", "bytes_rate"))
MOST_BUCKETS = 20_000
MOST_GROUPS = 200_000
# The store computes buckets as 64-bit floats, which are exact for whole nanoseconds up to this value.
LARGEST_BUCKET = 2**52
MOST_FIELDS = 1_000

Buckets = dict[Labels, dict[int, int]]
"""For each group, the bucket's number and its lines or bytes."""


@dataclass(frozen=True)
class _Grid:
    """Buckets of ``size`` ns. The first begins just after ``start``. Each window spans ``width`` buckets."""

    start: int
    end: int
    size: int
    width: int

    @property
    def pipe(self) -> str:
        """The time bucket of ``stats by``: (start, start + size], which in whole nanoseconds is [start + 1, …]."""
        return f"{TIME}:{self.size}ns offset {-((self.start + 1) % self.size)}ns"

    def number(self, time: str) -> int:
        """Return the number of a bucket from its time in the store's format."""
        return (nanoseconds(time) - self.start - 1) // self.size


class Counter:
    """Evaluates counting leaves of a metric query in the store."""

    def __init__(self, client: StoreClient, deadline: Deadline) -> None:
        self._client, self._deadline = client, deadline

    def aggregate(self, leaf: RangeAggregation, times: Sequence[int]) -> Mapping[Labels, list[float | None]] | None:
        """Return the leaf's series by its grouping at each time, or None if the store cannot compute them exactly."""
        grouping = leaf.grouping
        if leaf.function not in COUNTED or leaf.unwrap or grouping is None or grouping.without or not times:
            return None
        condition = translate(leaf.query)
        fields = {label: fields_of(label) for label in grouping.labels}
        grid = _grid(leaf, times)
        if not condition.exact or grid is None or not all(fields.values()):
            return None
        buckets = self._buckets(condition, grid, fields, "bytes" in leaf.function)
        if buckets is None:
            return None
        per = leaf.range_ns / 1e9 if leaf.function in ("rate", "bytes_rate") else 1.0
        ends = [(time - leaf.offset_ns - grid.start) // grid.size for time in times]
        return {labels: _windows(counts, ends, grid.width, per) for labels, counts in buckets.items()}

    def _buckets(
        self, condition: Filter, grid: _Grid, fields: Mapping[str, Sequence[str]], is_bytes: bool
    ) -> Buckets | None:
        by = [grid.pipe, *(quoted(name) for names in fields.values() for name in names)]
        asked = [f"count() rows, count_uniq_hash({TIME}, {STREAM_ID}) distinct"]
        if is_bytes:
            asked.append(f"sum_len({MESSAGE}) bytes")
        guards = (*condition.guards, MARKED_LINE) if is_bytes else condition.guards
        asked += [f"count() if ({guard}) guard{number}" for number, guard in enumerate(guards)]
        found = list(self._stats(condition, grid, by, asked))
        if any(row[f"guard{number}"] != "0" for row in found for number in range(len(guards))):
            return None
        value = "bytes" if is_bytes else "rows"
        if any(row["rows"] != row["distinct"] for row in found):
            rows = list(self._stats(condition, grid, by, [f"count() rows, {self._distinct(condition, grid)} distinct"]))
            if is_bytes and any(row["rows"] != row["distinct"] for row in rows):
                return None
            if not is_bytes:
                found, value = rows, "distinct"
        return _grouped(found, grid, fields, value)

    def _stats(
        self, condition: Filter, grid: _Grid, by: Iterable[str], asked: Iterable[str]
    ) -> Iterable[dict[str, str]]:
        query = f"{condition.text} | stats by ({', '.join(by)}) {', '.join(asked)} | limit {MOST_GROUPS + 1}"
        rows = self._client.rows(query, grid.start + 1, grid.end + 1, self._deadline)
        return (orjson.loads(row) for row in rows)

    def _distinct(self, condition: Filter, grid: _Grid) -> str:
        """Return the function that counts rows that differ in any field."""
        query = f"{condition.text} | field_names | fields name | limit {MOST_FIELDS}"
        rows = self._client.rows(query, grid.start + 1, grid.end + 1, self._deadline)
        names = sorted({str(orjson.loads(row)["name"]) for row in rows} | {TIME, STREAM_ID, MESSAGE})
        return f"count_uniq_hash({', '.join(quoted(name) for name in names)})"


def _grid(leaf: RangeAggregation, times: Sequence[int]) -> _Grid | None:
    steps = {later - earlier for earlier, later in pairwise(times)}
    size = gcd(leaf.range_ns, *steps)
    start, end = times[0] - leaf.offset_ns - leaf.range_ns, times[-1] - leaf.offset_ns
    if size > LARGEST_BUCKET or (end - start) // size > MOST_BUCKETS:
        return None
    return _Grid(start, end, size, leaf.range_ns // size)


def _grouped(
    rows: Iterable[dict[str, str]], grid: _Grid, fields: Mapping[str, Sequence[str]], value: str
) -> Buckets | None:
    buckets: Buckets = {}
    count = 0
    for row in rows:
        count += 1
        labels = []
        for label, names in fields.items():
            if found := next((row[name] for name in names if row.get(name)), ""):
                labels.append((label, unmarked(found)))
        counts = buckets.setdefault(tuple(sorted(labels)), {})
        number = grid.number(row[TIME])
        counts[number] = counts.get(number, 0) + int(row[value])
    return buckets if count <= MOST_GROUPS else None


def _windows(counts: Mapping[int, int], ends: Sequence[int], width: int, per: float) -> list[float | None]:
    """Return the sum of each window (``width`` buckets that end before bucket ``end``), or None without a line."""
    numbers = sorted(counts)
    values: list[float | None] = []
    total, first, last, lines = 0, 0, 0, 0
    for end in ends:
        while last < len(numbers) and numbers[last] < end:
            total, last, lines = total + counts[numbers[last]], last + 1, lines + 1
        while first < last and numbers[first] < end - width:
            total, first, lines = total - counts[numbers[first]], first + 1, lines - 1
        values.append(total / per if lines else None)
    return values
