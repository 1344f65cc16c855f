"""Run log queries whose labels are grouped by their origin, as Grafana requests.

A stream then has its index labels only. Structured metadata and parsed labels are attached to each line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from log_gateway.evaluation.pipeline import compile_pipeline
from log_gateway.evaluation.state import State
from log_gateway.logql.ast import LogQuery
from log_gateway.source import Labels, Source


@dataclass(frozen=True, slots=True)
class CategorizedLine:
    """One line. ``parsed`` holds the labels that are neither stream labels nor unchanged metadata."""

    timestamp: int
    line: str
    metadata: Mapping[str, str]
    parsed: Mapping[str, str]


def run_categorized(
    query: LogQuery, start: int, end: int, limit: int, direction: Literal["forward", "backward"], source: Source
) -> list[tuple[Labels, list[CategorizedLine]]]:
    """Return the lines of ``log_query.run_log_query``, grouped by stream labels."""
    process = compile_pipeline(query.stages)
    states = (process(entry) for entry in source.entries(query, start, end, direction))
    streams: dict[Labels, list[CategorizedLine]] = {}
    for state in islice((state for state in states if state is not None), limit):
        stream, line = _categorized(state)
        streams.setdefault(tuple(sorted(stream.items())), []).append(line)
    return list(streams.items())


def _categorized(state: State) -> tuple[dict[str, str], CategorizedLine]:
    stream, metadata, parsed = {}, {}, {}
    for name, value in sorted(state.labels.items()):
        if state.stream.get(name) == value:
            stream[name] = value
        elif state.metadata.get(name) == value:
            metadata[name] = value
        else:
            parsed[name] = value
    return stream, CategorizedLine(state.timestamp, state.line, metadata, parsed)
