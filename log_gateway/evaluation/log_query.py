"""Run log queries: group lines of the store into streams."""

from __future__ import annotations

from itertools import islice
from typing import Literal

from log_gateway.evaluation.pipeline import compile_pipeline
from log_gateway.evaluation.results import Stream
from log_gateway.logql.ast import LogQuery
from log_gateway.source import Labels, Source


def run_log_query(
    query: LogQuery, start: int, end: int, limit: int, direction: Literal["forward", "backward"], source: Source
) -> list[Stream]:
    """Return up to ``limit`` lines with ``start <= timestamp < end`` (ns), oldest or newest first, grouped by labels.

    The limit counts the lines of all streams after the pipeline. Streams are ordered by their first line.
    """
    if limit <= 0 or start >= end:
        return []
    process = compile_pipeline(query.stages)
    states = (process(entry) for entry in source.entries(query, start, end, direction))
    streams: dict[Labels, list[tuple[int, str]]] = {}
    for state in islice((state for state in states if state is not None), limit):
        streams.setdefault(tuple(sorted(state.labels.items())), []).append((state.timestamp, state.line))
    return [Stream(labels, entries) for labels, entries in streams.items()]
