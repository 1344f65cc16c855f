"""List the contents of the store: labels, their values, streams and their volume."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import orjson

from log_gateway.logql.ast import LogQuery, Selector
from log_gateway.source import Labels
from log_gateway.store.client import Deadline, StoreClient
from log_gateway.store.filters import EVERYTHING, stream_filter
from log_gateway.store.names import MESSAGE, STREAM, stream_labels


class StreamDirectory:
    """Lists the streams of a time range. As in Loki, only index labels are included."""

    def __init__(self, client: StoreClient, deadline: Deadline) -> None:
        self._client, self._deadline = client, deadline

    def streams(self, selectors: Iterable[Selector], start: int, end: int) -> list[Labels]:
        """Return the sorted label sets of streams that any selector matches, or of all streams without selectors."""
        found = set()
        for text in [_text(selector) for selector in selectors] or [EVERYTHING]:
            asked = {"query": text, "start": str(start), "end": str(end)}
            answer = self._client.json("/select/logsql/streams", asked, self._deadline)
            found |= {tuple(sorted(stream_labels(one["value"]).items())) for one in answer["values"]}
        return sorted(found)

    def volumes(self, query: LogQuery, start: int, end: int) -> dict[Labels, tuple[int, int]]:
        """Return the bytes and lines of each stream. Lines that were stored twice count twice here."""
        pipe = f"{_text(query.selector)} | stats by ({STREAM}) sum_len({MESSAGE}) bytes, count() lines"
        volumes: dict[Labels, tuple[int, int]] = {}
        for row in self._client.rows(pipe, start, end, self._deadline):
            counted = orjson.loads(row)
            labels = tuple(sorted(stream_labels(counted.get(STREAM, "")).items()))
            size, lines = volumes.get(labels, (0, 0))
            volumes[labels] = (size + int(counted["bytes"]), lines + int(counted["lines"]))
        return volumes


def names_of(streams: Iterable[Labels]) -> list[str]:
    """Return the names of all labels, sorted."""
    return sorted({name for stream in streams for name, _ in stream})


def values_of(streams: Iterable[Labels], name: str) -> list[str]:
    """Return the values of one label, sorted."""
    return sorted({value for stream in streams for key, value in stream if key == name})


def summed(volumes: Mapping[Labels, tuple[int, int]], names: Sequence[str], by: str) -> dict[Labels, int]:
    """Return bytes by the named labels (all labels if none are named), or with ``by="labels"`` by label name."""
    sums: dict[Labels, int] = {}
    for labels, (size, _) in volumes.items():
        kept = [(name, value) for name, value in labels if not names or name in names]
        for key in [((name, ""),) for name, _ in kept] if by == "labels" else [tuple(kept)]:
            if key:
                sums[key] = sums.get(key, 0) + size
    return sums


def _text(selector: Selector) -> str:
    return " ".join(stream_filter(matcher) for matcher in selector.matchers)
